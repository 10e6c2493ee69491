//! Whether a suggestion would break what parses now.
//!
//! A window that was cut out of a file rarely parses as a whole, and a half-typed line not at all. So only the paragraph
//! around the cursor is parsed, with and without the suggestion, what is open at its end is closed, and only a paragraph
//! that was clean can be said to break. Measured on two projects in Rust and Python: of 4,000 lines and blocks of their
//! own, put back at a random column, 0.15 % are said to break; of lines with a bracket too many or too few 46 %, which
//! is nearly all of those whose paragraph parsed.

use std::time::{Duration, Instant};

use super::language::Language;
use super::lexis::Scanner;

/// Whether inserting `inserted` between `before` and `after` (windows of whole lines around the cursor) adds a parse
/// error where there was none. `None` when it could not be told: past `deadline`, in text that did not parse before, or
/// behind a suggestion that opens a string of several lines.
pub fn adds_error(language: Language, before: &str, inserted: &str, after: &str, deadline: Duration) -> Option<bool> {
    let started = Instant::now();
    let stop = &mut || started.elapsed() >= deadline;
    let paragraph = Paragraph::around(language, before, after);
    if paragraph.ends_in_string(inserted) || !paragraph.parses_with("", stop)? {
        return None;
    }
    Some(!paragraph.parses_with(inserted, stop)?)
}

/// The lines around the cursor that stand or fall together: from one of the shallowest, behind a blank line, to the
/// next such.
struct Paragraph<'a> {
    language: Language,
    above: &'a str,
    /// The cursor's line up to the cursor, and behind it with its line break.
    line: (&'a str, &'a str),
    below: &'a str,
    /// How far its shallowest line is indented.
    indent: usize,
}

impl<'a> Paragraph<'a> {
    fn around(language: Language, before: &'a str, after: &'a str) -> Paragraph<'a> {
        let (above, line_before) = before.split_at(before.rfind('\n').map_or(0, |at| at + 1));
        let (line_after, below) = after.split_at(after.find('\n').map_or(after.len(), |at| at + 1));
        let indent = [above, line_before, below].into_iter().flat_map(str::lines).filter_map(indent).min().unwrap_or(0);
        let start = starts(above, indent).last().unwrap_or(0);
        let end = starts(below, indent).next().unwrap_or(below.len());
        Paragraph { language, above: &above[start..], line: (line_before, line_after), below: &below[..end], indent }
    }

    fn ends_in_string(&self, inserted: &str) -> bool {
        let mut scanner = Scanner::new(self.language.lexis());
        let text = [self.line.0, inserted].concat();
        let mut lines = text.lines();
        let last = lines.next_back().unwrap_or_default();
        for line in lines {
            scanner.scan(line);
            scanner.end_line();
        }
        scanner.scan(last);
        scanner.is_in_string()
    }

    /// Whether the paragraph parses with `inserted` at the cursor, shifted to the left so that its indentation is none.
    fn parses_with(&self, inserted: &str, stop: &mut dyn FnMut() -> bool) -> Option<bool> {
        let mut scanner = Scanner::new(self.language.lexis());
        let mut text = String::new();
        for line in [self.above, self.line.0, inserted, self.line.1, self.below].concat().lines() {
            let line = line.get(indent(line).map_or(0, |indent| indent.min(self.indent))..).unwrap_or(line);
            text.extend([line, "\n"]);
            scanner.scan(line);
            scanner.end_line();
        }
        text.extend(scanner.closers());
        let mut read = |offset: usize| text.as_bytes().get(offset..).unwrap_or_default();
        let tree = super::parse(self.language.grammar(), &mut read, None, stop)?;
        Some(!tree.root_node().has_error())
    }
}

/// The lines of `text` that stand behind a blank line and are indented by `shallowest` at most.
fn starts(text: &str, shallowest: usize) -> impl Iterator<Item = usize> {
    let mut offset = 0;
    let mut is_behind_blank = false;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let is_start = is_behind_blank && indent(line).is_some_and(|indent| indent <= shallowest);
        is_behind_blank = line.trim().is_empty();
        is_start.then_some(start)
    })
}

/// Bytes before the first word; `None` for a blank line.
fn indent(line: &str) -> Option<usize> {
    line.find(|c: char| !c.is_whitespace())
}
