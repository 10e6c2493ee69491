//! Languages, incremental parsing, and the questions that are asked of a tree.
//!
//! Trees may be one edit behind the text: an old tree is moved along with [`Tree::edit`] and serves until the next
//! parse is done. Parsing never happens on the request path, save for the small windows of [`adds_error`]. Must not
//! know documents or engines. Add a language in `syntax/language.rs`: one line, and a folder under `grammars/`.

pub mod language;

use std::ops::Range;
use std::time::Duration;

use crate::text::Text;

pub use language::Language;

/// A syntax tree of some text of one language. `clone` is O(1).
#[derive(Clone)]
pub struct Tree {
    language: Language,
    tree: tree_sitter::Tree,
}

/// What kind of text the cursor stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Code,
    Comment,
    String,
}

/// Why a parse gave no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unparsed {
    /// The text is larger than [`MAX_PARSED_BYTES`].
    TooLarge,
    /// The deadline passed or `stop` said so.
    Stopped,
}

/// Larger texts are not parsed: a full parse of 4 MB takes about a second.
pub const MAX_PARSED_BYTES: usize = 4 << 20;

impl Tree {
    /// Parses `text`, reusing what `old` shares with it; asks `stop` at every progress call of the parser.
    pub fn parse(
        _text: &Text,
        _language: Language,
        _old: Option<&Tree>,
        _stop: &mut dyn FnMut() -> bool,
    ) -> Result<Tree, Unparsed> {
        todo!()
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// Moves the tree along with an edit that replaced `replaced` (bytes of the text before) by `inserted` bytes.
    /// `before` and `after` are the texts around the edit.
    pub fn edit(&mut self, _before: &Text, _after: &Text, _replaced: Range<usize>, _inserted: usize) {
        todo!()
    }

    /// Comment, string or code at `offset` of `text`, judged by what a character typed there would belong to.
    pub fn place(&self, _text: &Text, _offset: usize) -> Place {
        todo!()
    }

    /// The smallest block (function body, class body, loop body…) around `offset`, if any.
    pub fn enclosing_block(&self, _offset: usize) -> Option<Range<usize>> {
        todo!()
    }
}

/// Where a suggestion should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Statement,
    Line,
    Block,
}

/// How many bytes of `continuation` make the first whole `unit` when it is typed behind `prefix` (the text before the
/// cursor, a window of some lines). Works on brackets, indentation and the language's statement form, so that it also
/// serves where no grammar is known. Always ends at a character boundary, at the latest at `continuation.len()`.
pub fn unit_len(_language: Option<Language>, _prefix: &str, _continuation: &str, _unit: Unit) -> usize {
    todo!()
}

/// Whether inserting `inserted` between `before` and `after` (windows of whole lines around the cursor) adds a parse
/// error that was not there. `None` when it could not be told within `deadline`, or the language has no grammar.
pub fn adds_error(
    _language: Language,
    _before: &str,
    _inserted: &str,
    _after: &str,
    _deadline: Duration,
) -> Option<bool> {
    todo!()
}
