//! The tokens of a language as far as brackets, strings and comments go, and a scanner of lines that knows them.
//!
//! Serves where there is no tree: cutting a continuation ([`super::unit`]), lines that do not parse, unknown languages.
//! An approximation: regular expressions, heredocs and interpolations are not understood.

/// What the scanner knows of a language.
pub(super) struct Lexis {
    /// What opens a comment to the end of the line; the first one is the language's usual one.
    pub line_comments: &'static [&'static str],
    pub block_comment: Option<(&'static str, &'static str)>,
    /// Longer quotes before shorter ones.
    pub quotes: &'static [Quote],
    /// Whether indentation alone delimits blocks.
    pub indented: bool,
    /// Words that carry a statement on behind the end of a block, such as `else`.
    pub middles: &'static [&'static str],
    /// Words that end a block, such as `end`.
    pub closers: &'static [&'static str],
}

pub(super) enum Quote {
    /// A string that ends on its line.
    Line(&'static str),
    /// A string that may have several lines.
    Long(&'static str),
    /// `'`, but only around one character or escape; otherwise it is a lifetime, a label or a prime.
    Char,
}

use Quote::{Char, Line, Long};

const C_MIDDLES: &[&str] = &["else", "catch", "finally"];

/// Serves unknown languages.
pub(super) const PLAIN: Lexis = Lexis {
    line_comments: &[],
    block_comment: None,
    quotes: &[Line("\"")],
    indented: false,
    middles: &["else"],
    closers: &["end"],
};

pub(super) const C: Lexis = Lexis {
    line_comments: &["//"],
    block_comment: Some(("/*", "*/")),
    quotes: &[Long("\"\"\""), Line("\""), Char],
    middles: C_MIDDLES,
    closers: &[],
    ..PLAIN
};
pub(super) const GO: Lexis = Lexis { quotes: &[Line("\""), Long("`"), Char], ..C };
pub(super) const JS: Lexis = Lexis { quotes: &[Line("\""), Line("'"), Long("`")], ..C };
pub(super) const PHP: Lexis = Lexis { line_comments: &["//", "#"], quotes: &[Long("\""), Long("'")], ..C };
pub(super) const ZIG: Lexis = Lexis { block_comment: None, quotes: &[Line("\""), Char], ..C };
pub(super) const CSS: Lexis = Lexis { line_comments: &[], quotes: &[Line("\""), Line("'")], middles: &[], ..C };
pub(super) const JSON: Lexis = Lexis { quotes: &[Line("\"")], middles: &[], ..C };

const HASH: Lexis = Lexis { line_comments: &["#"], ..PLAIN };
pub(super) const PYTHON: Lexis = Lexis {
    quotes: &[Long("\"\"\""), Long("'''"), Line("\""), Line("'")],
    indented: true,
    middles: &["elif", "else", "except", "finally"],
    closers: &[],
    ..HASH
};
pub(super) const RUBY: Lexis =
    Lexis { quotes: &[Line("\""), Line("'")], middles: &["else", "elsif", "when", "in", "rescue", "ensure"], ..HASH };
pub(super) const SHELL: Lexis =
    Lexis { quotes: &[Long("\""), Long("'")], middles: &["else", "elif"], closers: &["fi", "done", "esac"], ..HASH };
pub(super) const TOML: Lexis = Lexis { indented: false, middles: &[], ..PYTHON };
pub(super) const YAML: Lexis =
    Lexis { quotes: &[Line("\""), Line("'")], indented: true, middles: &[], closers: &[], ..HASH };

pub(super) const LUA: Lexis = Lexis {
    line_comments: &["--"],
    block_comment: Some(("--[[", "]]")),
    quotes: &[Line("\""), Line("'")],
    middles: &["else", "elseif"],
    closers: &["end", "until"],
    ..PLAIN
};
pub(super) const HTML: Lexis =
    Lexis { block_comment: Some(("<!--", "-->")), quotes: &[], middles: &[], closers: &["</"], ..PLAIN };
pub(super) const MARKDOWN: Lexis = Lexis { block_comment: None, closers: &["```"], ..HTML };

#[cfg(feature = "more-languages")]
mod more {
    use super::{Char, HASH, LUA, Lexis, Line, Long, PLAIN};

    pub(in super::super) const ELIXIR: Lexis =
        Lexis { quotes: &[Long("\"\"\""), Line("\"")], middles: &["else", "rescue", "catch", "after"], ..HASH };
    pub(in super::super) const HASKELL: Lexis = Lexis {
        block_comment: Some(("{-", "-}")),
        quotes: &[Line("\""), Char],
        indented: true,
        middles: &["where"],
        closers: &[],
        ..LUA
    };
    pub(in super::super) const OCAML: Lexis =
        Lexis { block_comment: Some(("(*", "*)")), quotes: &[Long("\""), Char], middles: &["and", "with"], ..PLAIN };
    pub(in super::super) const SQL: Lexis =
        Lexis { block_comment: Some(("/*", "*/")), quotes: &[Long("'"), Line("\"")], ..LUA };
}
#[cfg(feature = "more-languages")]
pub(super) use more::*;

/// Reads text line by line, keeping what is open.
pub(super) struct Scanner {
    lexis: &'static Lexis,
    within: Within,
    /// The open brackets, outermost first.
    open: Vec<u8>,
}

/// What kind of token the scanner stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    Code,
    LineComment,
    BlockComment,
    Line(&'static str),
    Long(&'static str),
}

/// What [`Scanner::scan`] saw.
#[derive(Default)]
pub(super) struct Scanned {
    /// How many closing brackets had no opening one.
    pub n_unmatched: usize,
    /// Where the last code ends, comments and blanks left out: bytes of the scanned text.
    pub code_end: usize,
}

impl Scanner {
    pub fn new(lexis: &'static Lexis) -> Scanner {
        Scanner { lexis, within: Within::Code, open: Vec::new() }
    }

    pub fn within(&self) -> Within {
        self.within
    }

    /// Forgets the last open `{` and the brackets around it: what stands in it is scanned as if by itself.
    pub fn enter_brace(&mut self) {
        let inner = self.open.iter().rposition(|open| *open == b'{').map_or(0, |at| at + 1);
        self.open.drain(..inner);
    }

    pub fn is_in_string(&self) -> bool {
        matches!(self.within, Within::Line(_) | Within::Long(_))
    }

    /// What would close the open brackets, innermost first.
    pub fn closers(&self) -> impl Iterator<Item = char> {
        self.open.iter().rev().map(|open| match open {
            b'(' => ')',
            b'[' => ']',
            _ => '}',
        })
    }

    /// Nothing is open that a later line would have to close.
    pub fn is_balanced(&self) -> bool {
        self.open.is_empty() && !matches!(self.within, Within::BlockComment | Within::Long(_))
    }

    /// Goes over a line break.
    pub fn end_line(&mut self) {
        if matches!(self.within, Within::LineComment | Within::Line(_)) {
            self.within = Within::Code;
        }
    }

    /// Reads a line, or a part of one, without its line break.
    pub fn scan(&mut self, line: &str) -> Scanned {
        let mut scanned = Scanned::default();
        let mut at = 0;
        while let Some(first) = line[at..].chars().next() {
            let was = self.within;
            at += self.token(line, at, first, &mut scanned);
            if !was.is_comment() && !self.within.is_comment() && !first.is_whitespace() {
                scanned.code_end = at;
            }
        }
        scanned
    }

    /// Reads one token, or one character of a longer one, and returns its length in bytes.
    fn token(&mut self, line: &str, at: usize, first: char, scanned: &mut Scanned) -> usize {
        let rest = &line[at..];
        match self.within {
            Within::Code => self.code(line, at, first, scanned),
            Within::LineComment => rest.len(),
            Within::BlockComment => self.until(self.lexis.block_comment.map_or("", |(_, close)| close), rest, first),
            Within::Line(_) | Within::Long(_) if first == '\\' => {
                1 + rest[1..].chars().next().map_or(0, char::len_utf8)
            }
            Within::Line(quote) | Within::Long(quote) => self.until(quote, rest, first),
        }
    }

    fn until(&mut self, closer: &str, rest: &str, first: char) -> usize {
        if !rest.starts_with(closer) {
            return first.len_utf8();
        }
        self.within = Within::Code;
        closer.len()
    }

    fn code(&mut self, line: &str, at: usize, first: char, scanned: &mut Scanned) -> usize {
        let rest = &line[at..];
        if let Some((open, _)) = self.lexis.block_comment.filter(|(open, _)| rest.starts_with(open)) {
            self.within = Within::BlockComment;
            return open.len();
        }
        if self.lexis.line_comments.iter().any(|open| rest.starts_with(open) && may_open(open, &line[..at])) {
            self.within = Within::LineComment;
            return rest.len();
        }
        for quote in self.lexis.quotes {
            let (open, within) = match quote {
                Char => match char_literal_len(rest) {
                    Some(len) => return len,
                    None => continue,
                },
                Line(open) => (open, Within::Line(open)),
                Long(open) => (open, Within::Long(open)),
            };
            if rest.starts_with(open) {
                self.within = within;
                return open.len();
            }
        }
        match first {
            '(' | '[' | '{' => self.open.push(first as u8),
            ')' | ']' | '}' if self.open.pop().is_none() => scanned.n_unmatched += 1,
            _ => {}
        }
        first.len_utf8()
    }
}

impl Within {
    fn is_comment(self) -> bool {
        matches!(self, Within::LineComment | Within::BlockComment)
    }
}

/// `#` opens a comment only at the start of a word: `$#`, `a#b` and `${x#y}` are something else.
fn may_open(comment: &str, before: &str) -> bool {
    comment != "#" || before.chars().next_back().is_none_or(char::is_whitespace)
}

/// The length of a character literal at the start of `rest`, such as `'a'`, `'\n'` or `'\u{1f600}'`.
fn char_literal_len(rest: &str) -> Option<usize> {
    const LONGEST_ESCAPE: usize = 12;
    let inner = rest.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first != '\\' {
        return inner[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2);
    }
    let escaped = inner[1..].chars().next()?.len_utf8();
    let close = inner[1 + escaped..].find('\'').filter(|close| *close <= LONGEST_ESCAPE)?;
    Some(1 + 1 + escaped + close + 1)
}
