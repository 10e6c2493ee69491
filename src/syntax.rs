//! Languages, incremental parsing, and the questions that are asked of a tree.
//!
//! Trees may be one edit behind the text: an old tree is moved along with [`Tree::edit`] and serves until the next
//! parse is done. Parsing never happens on the request path, save for the small windows of [`adds_error`]. Must not
//! know documents or engines. Add a language in `syntax/language.rs`: one line, and a folder under `grammars/`.

pub mod language;
mod lexis;
pub mod outline;
mod parse_error;
mod unit;

use std::ops::{ControlFlow, Range};

use tree_sitter::{InputEdit, ParseOptions, ParseState, Parser, Point, QueryCursor, StreamingIterator};

use crate::text::Text;
use language::{Grammar, Region};
use lexis::{Scanner, Within};

pub use language::Language;
pub use parse_error::adds_error;
pub use unit::{Unit, unit_len};

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
    /// `stop` said so.
    Stopped,
}

/// Larger texts are not parsed: a full parse of 4 MB takes about a second.
pub const MAX_PARSED_BYTES: usize = 4 << 20;

/// How far before the cursor a line comment may have ended in the tree and still reach to the cursor, because the tree
/// is older than what was typed since.
const MAX_UNPARSED_BYTES: usize = 64;

impl Tree {
    /// Parses `text`, reusing what `old`, which went through [`Tree::edit`] for every edit since, shares with it.
    /// Asks `stop` at every progress call of the parser.
    pub fn parse(
        text: &Text,
        language: Language,
        old: Option<&Tree>,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Tree, Unparsed> {
        if text.len() > MAX_PARSED_BYTES {
            return Err(Unparsed::TooLarge);
        }
        let old = old.filter(|old| old.language == language);
        let mut read = |offset: usize| {
            let (chunk, start) = text.chunk_at(offset);
            chunk.as_bytes().get(offset.saturating_sub(start)..).unwrap_or_default()
        };
        let tree = parse(language.grammar(), &mut read, old.map(|old| &old.tree), stop).ok_or(Unparsed::Stopped)?;
        Ok(Tree { language, tree })
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// Moves the tree along with an edit that replaced `replaced` (bytes of the text before) by `inserted` bytes.
    /// `before` and `after` are the texts around the edit.
    pub fn edit(&mut self, before: &Text, after: &Text, replaced: Range<usize>, inserted: usize) {
        let start = advance(Point::new(0, 0), before, 0..replaced.start);
        let new_end = replaced.start + inserted;
        self.tree.edit(&InputEdit {
            start_byte: replaced.start,
            old_end_byte: replaced.end,
            new_end_byte: new_end,
            start_position: start,
            old_end_position: advance(start, before, replaced.clone()),
            new_end_position: advance(start, after, replaced.start..new_end),
        });
    }

    /// Comment, string or code at `offset` of `text`, judged by what a character typed there would belong to.
    /// Microseconds; `text` may be some keystrokes newer than the parse.
    pub fn place(&self, text: &Text, offset: usize) -> Place {
        let line = text.line_range(text.line_of(offset));
        let (mut place, mut in_error) = (None, false);
        let window = offset.saturating_sub(MAX_UNPARSED_BYTES).max(line.start)..offset + 1;
        self.regions(window, |region, range| match region {
            Region::Comment if self.reaches(&range, offset, &line, text) => place = Some(Place::Comment),
            Region::String if is_between(&range, offset) => place = Some(Place::String),
            Region::Code if is_between(&range, offset) => place = Some(Place::Code),
            Region::Error => in_error |= touches(&range, offset),
            _ => {}
        });
        match place {
            // Half-typed strings and comments are often not recognised as such.
            None if in_error => self.place_in_line(&text.slice(line.start..offset)),
            place => place.unwrap_or(Place::Code),
        }
    }

    /// The smallest block (function body, class body, loop body…) around `offset`, if any.
    pub fn enclosing_block(&self, offset: usize) -> Option<Range<usize>> {
        let mut smallest: Option<Range<usize>> = None;
        self.regions(offset.saturating_sub(1)..offset + 1, |region, range| {
            let is_around = match region {
                Region::Block => is_between(&range, offset),
                Region::Body => touches(&range, offset),
                _ => false,
            };
            if is_around && smallest.as_ref().is_none_or(|smallest| range.len() <= smallest.len()) {
                smallest = Some(range);
            }
        });
        smallest
    }

    /// Whether some of the text did not parse.
    pub fn has_error(&self) -> bool {
        self.tree.root_node().has_error()
    }

    /// Whether a comment goes on at `offset`: inside it, or behind a line comment on its line.
    fn reaches(&self, comment: &Range<usize>, offset: usize, line: &Range<usize>, text: &Text) -> bool {
        const LONGEST_OPENER: usize = 4;
        let opens_line_comment = || {
            let start = text.slice(comment.start..(comment.start + LONGEST_OPENER).min(offset));
            self.language.lexis().line_comments.iter().any(|opener| start.starts_with(opener))
        };
        is_between(comment, offset)
            || (line.start <= comment.start && comment.end <= offset && comment.start < offset && opens_line_comment())
    }

    fn place_in_line(&self, before_cursor: &str) -> Place {
        let mut scanner = Scanner::new(self.language.lexis());
        scanner.scan(before_cursor);
        match scanner.within() {
            Within::Code => Place::Code,
            Within::LineComment | Within::BlockComment => Place::Comment,
            Within::Line(_) | Within::Long(_) => Place::String,
        }
    }

    /// Calls `visit` with every region that touches `window`, outer ones before inner ones.
    fn regions(&self, window: Range<usize>, mut visit: impl FnMut(Region, Range<usize>)) {
        let grammar = self.language.grammar();
        let mut cursor = QueryCursor::new();
        cursor.set_byte_range(window);
        let no_text: &[u8] = &[];
        let mut captures = cursor.captures(&grammar.regions, self.tree.root_node(), no_text);
        while let Some((found, at)) = captures.next() {
            let capture = &found.captures()[*at];
            if let Some(region) = grammar.region(capture.index) {
                visit(region, capture.node.byte_range());
            }
        }
    }
}

/// The tree as an S-expression, without positions.
impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.tree.root_node())
    }
}

/// The one way into the parser; `None` when `stop` said so.
fn parse<'a>(
    grammar: &Grammar,
    read: &mut dyn FnMut(usize) -> &'a [u8],
    old: Option<&tree_sitter::Tree>,
    stop: &mut dyn FnMut() -> bool,
) -> Option<tree_sitter::Tree> {
    if stop() {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&grammar.language).ok()?;
    let mut progress = |_: &ParseState| if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let options = ParseOptions::new().progress_callback(&mut progress);
    parser.parse_with_options(&mut |offset, _| read(offset), old, Some(options))
}

/// Walks over `range` of `text` as the parser counts: rows end at `\n` only, columns are bytes.
fn advance(mut point: Point, text: &Text, range: Range<usize>) -> Point {
    let mut offset = range.start;
    while offset < range.end {
        let (chunk, start) = text.chunk_at(offset);
        let end = (start + chunk.len()).min(range.end);
        let Some(bytes) = chunk.as_bytes().get(offset - start..end - start).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        point.row += memchr::memchr_iter(b'\n', bytes).count();
        point.column = match memchr::memrchr(b'\n', bytes) {
            Some(last) => bytes.len() - last - 1,
            None => point.column + bytes.len(),
        };
        offset = end;
    }
    point
}

fn is_between(range: &Range<usize>, offset: usize) -> bool {
    range.start < offset && offset < range.end
}

fn touches(range: &Range<usize>, offset: usize) -> bool {
    range.start <= offset && offset <= range.end
}
