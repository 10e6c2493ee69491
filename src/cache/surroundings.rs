//! The windows of text around an offset, and the anchors in them at which entries are filed.
//!
//! An entry is filed at an anchor on its line, some way before the cursor, so that the cursor can move either way and
//! still find it. Anchors are counted from the line's first character that is no blank: other indentation moves them
//! along.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::document::DocumentId;
use crate::text::Text;

/// So much text before the anchor's line, and on it before the anchor, must be unchanged. In bytes.
const BEFORE_BYTES: usize = 1024;

/// So much of either goes into the key: enough to tell places apart, for the entry is compared in full.
const KEY_BYTES: usize = 96;

/// So much text after the cursor must be unchanged. In bytes.
pub(super) const AFTER_BYTES: usize = 256;

/// Editors put in closers (and a line for them) right of the cursor; so many bytes are looked at past the window.
pub(super) const MAX_CLOSER_BYTES: usize = 64;

/// On a long line an anchor stands every so many bytes; the cursor can go back 64 to 128 bytes (llama.vim: 128).
const ANCHOR_STEP_BYTES: usize = 64;

/// How far a suggestion can be typed along: bytes and lines from its anchor.
const MAX_TYPED_BYTES: usize = 1024;
const MAX_TYPED_LINES: usize = 32;

/// More blanks at a line's start are taken for its content.
const MAX_INDENT_BYTES: usize = 256;

pub(super) struct Surroundings<'a> {
    text: &'a Text,
    offset: usize,
    /// Ends at `offset`, starts at `before_start`.
    before: Cow<'a, str>,
    before_start: usize,
    /// Starts at `offset`.
    pub after: Cow<'a, str>,
}

/// Where an entry may be filed. Offsets in the text: line start <= content <= at <= cursor.
pub(super) struct Anchor {
    line_start: usize,
    content: usize,
    at: usize,
}

/// A line up to its break, or to the cursor. Offsets in the text: start <= content <= end.
struct Line {
    start: usize,
    /// The first character that is no blank; the cursor counts as one.
    content: usize,
    end: usize,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(text: &'a Text, offset: usize) -> Surroundings<'a> {
        let offset = text.floor_char_boundary(offset);
        let before_start = text.floor_char_boundary(offset.saturating_sub(MAX_TYPED_BYTES + 2 * BEFORE_BYTES));
        let before = text.slice(before_start..offset);
        let after = text.slice(offset..offset + AFTER_BYTES + MAX_CLOSER_BYTES);
        Surroundings { text, offset, before, before_start, after }
    }

    /// The anchor under which an entry for this place is filed: one step back from the last on the cursor's line.
    pub(super) fn anchor_to_insert(&self) -> Anchor {
        let line = self.cursor_line();
        let last = (line.end - line.content) / ANCHOR_STEP_BYTES;
        self.anchor(&line, last.saturating_sub(1))
    }

    /// All anchors under which an entry for this place may have been filed, nearest first.
    pub(super) fn anchors(&self) -> impl Iterator<Item = Anchor> {
        let lines = std::iter::successors(Some(self.cursor_line()), |line| self.line_above(line));
        lines.take(MAX_TYPED_LINES).flat_map(move |line| {
            let farthest = self.offset.saturating_sub(MAX_TYPED_BYTES);
            let first = farthest.saturating_sub(line.content).div_ceil(ANCHOR_STEP_BYTES);
            let last = (line.end - line.content) / ANCHOR_STEP_BYTES;
            (first..=last).rev().map(move |n_steps| self.anchor(&line, n_steps))
        })
    }

    fn anchor(&self, line: &Line, n_steps: usize) -> Anchor {
        let at = self.text.floor_char_boundary(line.content + n_steps * ANCHOR_STEP_BYTES);
        Anchor { line_start: line.start, content: line.content, at }
    }

    fn cursor_line(&self) -> Line {
        let start = self.text.line_range(self.text.line_of(self.offset)).start;
        let head = self.text.slice(start..self.offset.min(start + MAX_INDENT_BYTES));
        Line { start, content: start + n_blanks(&head), end: self.offset }
    }

    /// The line above, as far as the window goes.
    fn line_above(&self, line: &Line) -> Option<Line> {
        let above = self.before.get(..line.start.checked_sub(self.before_start)?)?;
        let above = above.strip_suffix('\n').unwrap_or(above);
        let above = above.strip_suffix('\r').unwrap_or(above);
        let start = match memchr::memrchr2(b'\n', b'\r', above.as_bytes()) {
            Some(at) => at + 1,
            None if self.before_start == 0 && line.start > 0 => 0,
            None => return None,
        };
        let n_blanks = n_blanks(&above[start..above.floor_char_boundary(start + MAX_INDENT_BYTES)]);
        let [start, end] = [start, above.len()].map(|offset| self.before_start + offset);
        Some(Line { start, content: start + n_blanks, end })
    }

    pub(super) fn key(&self, document: &DocumentId, anchor: &Anchor) -> u64 {
        let mut hasher = DefaultHasher::new();
        document.hash(&mut hasher);
        tail(self.head(anchor), KEY_BYTES).hash(&mut hasher);
        tail(self.line_head(anchor), KEY_BYTES).hash(&mut hasher);
        hasher.finish()
    }

    /// The text above the anchor's line; none when the line alone fills the window.
    pub(super) fn head(&self, anchor: &Anchor) -> &str {
        if is_long(anchor) {
            return "";
        }
        tail(self.between(0, anchor.line_start), BEFORE_BYTES)
    }

    /// The anchor's line from its content to the anchor.
    pub(super) fn line_head(&self, anchor: &Anchor) -> &str {
        tail(self.between(anchor.content, anchor.at), BEFORE_BYTES)
    }

    /// The blanks before the content of the anchor's line.
    pub(super) fn indent(&self, anchor: &Anchor) -> &str {
        if is_long(anchor) { "" } else { self.between(anchor.line_start, anchor.content) }
    }

    /// What stands between the anchor and the cursor.
    pub(super) fn typed(&self, anchor: &Anchor) -> &str {
        self.between(anchor.at, self.offset)
    }

    /// The part of a range of the text that lies in the window before the cursor.
    fn between(&self, start: usize, end: usize) -> &str {
        let start = start.saturating_sub(self.before_start);
        let end = end.saturating_sub(self.before_start);
        self.before.get(start..end).unwrap_or_default()
    }
}

fn n_blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn is_long(anchor: &Anchor) -> bool {
    anchor.at - anchor.line_start > BEFORE_BYTES
}

fn tail(text: &str, n_bytes: usize) -> &str {
    &text[text.floor_char_boundary(text.len().saturating_sub(n_bytes))..]
}
