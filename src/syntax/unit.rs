//! Where a continuation should end so that the ghost text is a whole line, statement or block.

use super::language::Language;
use super::lexis::{Lexis, PLAIN, Scanner};

/// Where a suggestion should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The statement that the first line begins: it goes on while brackets are open or the next line continues it.
    Statement,
    /// The first line that is not blank.
    Line,
    /// The statement and the block that it opens, up to the end of that block.
    Block,
}

/// A statement that is longer than this is shown by its first line.
const MAX_STATEMENT_LINES: usize = 12;

/// A block that is longer than this is shown by its first statement.
const MAX_BLOCK_LINES: usize = 60;

/// At the end of a line: the statement goes on.
const JOINING_ENDS: &[&str] = &["=", "=>", "->", "&&", "||", "|>", "\\"];

/// At the start of a deeper line: it continues the statement above.
const JOINING_STARTS: &[&str] = &[".", "?.", "->", "&&", "||", "|>", "+ ", "- ", "? ", ": "];

/// How many bytes of `continuation` make the first whole `unit` when it is typed behind `prefix` (the text before the
/// cursor, a window of some lines). Works on brackets, indentation and the language's statement form, so that it also
/// serves where no grammar is known. Always ends at a character boundary, at the latest at `continuation.len()`.
///
/// Brackets that the cursor's line left open count, so that a call is shown with its closing parenthesis; a closer of
/// what was opened further above is never reached, unless it stands on the first line.
pub fn unit_len(language: Option<Language>, prefix: &str, continuation: &str, unit: Unit) -> usize {
    let cursor_line = prefix.rsplit(['\n', '\r']).next().unwrap_or_default();
    let statement = |opens_block| Statement::new(language, cursor_line, continuation, opens_block);
    let len = match unit {
        Unit::Line => None,
        Unit::Statement => statement(Body::Excluded).len(continuation),
        Unit::Block => {
            statement(Body::Included).len(continuation).or_else(|| statement(Body::Excluded).len(continuation))
        }
    };
    len.or_else(|| lines(continuation).next().map(|line| line.end)).unwrap_or(continuation.len())
}

/// Whether a block that is told by its indentation belongs to the statement that opens it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Included,
    Excluded,
}

/// The statement that a continuation begins, told from the lines behind it.
struct Statement {
    lexis: &'static Lexis,
    scanner: Scanner,
    body: Body,
    /// Blanks before its first word.
    indent: usize,
}

/// A line that is not blank, and where it ends in the continuation.
struct Line<'a> {
    text: &'a str,
    end: usize,
}

impl Statement {
    fn new(language: Option<Language>, cursor_line: &str, continuation: &str, body: Body) -> Statement {
        let lexis = language.map_or(&PLAIN, Language::lexis);
        let mut scanner = Scanner::new(lexis);
        scanner.scan(cursor_line);
        if body == Body::Excluded {
            scanner.enter_brace();
        }
        Statement { lexis, scanner, body, indent: first_indent(cursor_line, continuation) }
    }

    /// Bytes up to the statement's end; `None` when it has none within the continuation and the limits.
    fn len(mut self, continuation: &str) -> Option<usize> {
        let max_lines = if self.body == Body::Included { MAX_BLOCK_LINES } else { MAX_STATEMENT_LINES };
        let mut lines = lines(continuation).peekable();
        let mut balanced_end = None;
        for n in 0..max_lines {
            let line = lines.next()?;
            if continuation[..line.end].len() > line.text.len() {
                self.scanner.end_line();
            }
            let scanned = self.scanner.scan(line.text);
            if scanned.n_unmatched > 0 && n > 0 {
                return balanced_end;
            }
            if self.scanner.is_balanced() {
                balanced_end = Some(line.end);
                let code = &line.text[..scanned.code_end];
                if !lines.peek().is_some_and(|next| self.goes_on(code, next.text)) {
                    return balanced_end;
                }
            }
        }
        None
    }

    /// Whether the statement goes on in `next` although the line with this `code` leaves nothing open.
    fn goes_on(&self, code: &str, next: &str) -> bool {
        let next_indent = indent(next).unwrap_or(0);
        let next = next.trim_start();
        let is_deeper = next_indent > self.indent;
        if ends_with_any(code, JOINING_ENDS) || is_deeper && starts_with_any(next, JOINING_STARTS) {
            return true;
        }
        if self.body == Body::Excluded || next_indent < self.indent {
            return false;
        }
        let opens_below = next.starts_with('{') && code.ends_with(|c: char| c == ')' || c.is_alphanumeric());
        is_deeper
            || opens_below
            || starts_with_word(next, self.lexis.middles)
            || starts_with_word(next, self.lexis.closers)
    }
}

/// The lines that are not blank.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let pieces = text.split(['\n', '\r']).scan(0, |start, piece| {
        let end = *start + piece.len();
        *start = end + 1;
        Some(Line { text: piece, end })
    });
    pieces.filter(|line| !line.text.trim().is_empty())
}

/// Blanks before the first word; `None` for a blank line.
fn indent(line: &str) -> Option<usize> {
    line.find(|c: char| !c.is_whitespace())
}

/// The indentation of the statement: that of the cursor's line, or of the first line below when that one is shallower.
fn first_indent(cursor_line: &str, continuation: &str) -> usize {
    let first_piece = continuation.split(['\n', '\r']).next().unwrap_or_default();
    let below = lines(continuation).next().filter(|_| first_piece.trim().is_empty());
    let indents = [indent(&format!("{cursor_line}{first_piece}")), below.and_then(|line| indent(line.text))];
    indents.into_iter().flatten().min().unwrap_or(0)
}

fn ends_with_any(text: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| text.ends_with(end))
}

fn starts_with_any(text: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| text.starts_with(start)) && !text.starts_with("..")
}

fn starts_with_word(text: &str, words: &[&str]) -> bool {
    words.iter().filter_map(|word| text.strip_prefix(word).map(|rest| (word, rest))).any(|(word, rest)| {
        let is_cut = |c: char| c.is_alphanumeric() || c == '_';
        !(word.ends_with(is_cut) && rest.starts_with(is_cut))
    })
}
