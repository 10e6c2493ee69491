//! Text over a rope: byte offsets inside, wire positions at the edge.
//!
//! Line breaks are exactly the protocol's three: LF, CR and CRLF. Everything here is total: an offset or position
//! past the end is clamped, one inside a character is rounded down, so no caller can make it panic. Must not know
//! documents, syntax or the wire. Read [`Text`] first.

use std::borrow::Cow;
use std::ops::Range;

use ropey::Rope;

/// An immutable-by-sharing text: `clone` is O(1), an edit O(log n). All offsets are in bytes.
#[derive(Clone, Default)]
pub struct Text {
    rope: Rope,
}

/// The unit of [`Position::character`], as negotiated with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

/// A place as the protocol says it: zero-based line, and zero-based character in some [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub character: u32,
}

impl Text {
    pub fn new(text: &str) -> Text {
        Text { rope: Rope::from_str(text) }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.rope.len_bytes()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of lines, at least 1; a final line break opens an empty last line.
    pub fn n_lines(&self) -> usize {
        todo!()
    }

    /// The line that holds `offset` (clamped).
    pub fn line_of(&self, _offset: usize) -> usize {
        todo!()
    }

    /// Bytes of a line without its line break; the last line's when `line` is past the end.
    pub fn line_range(&self, _line: usize) -> Range<usize> {
        todo!()
    }

    /// The text in `range`, clamped and rounded down to character boundaries. Borrowed when one chunk holds it.
    pub fn slice(&self, _range: Range<usize>) -> Cow<'_, str> {
        todo!()
    }

    /// The chunk that holds `offset` and the offset at which it starts; empty at the end. For streaming readers.
    pub fn chunk_at(&self, _offset: usize) -> (&str, usize) {
        todo!()
    }

    /// The largest character boundary that is at most `offset`.
    pub fn floor_char_boundary(&self, _offset: usize) -> usize {
        todo!()
    }

    /// The byte offset of a wire position. Past the line's end means its end (before the break), past the last line
    /// the text's end, inside a character its start.
    pub fn offset(&self, _position: Position, _encoding: Encoding) -> usize {
        todo!()
    }

    /// The wire position of a byte offset (clamped, rounded down).
    pub fn position(&self, _offset: usize, _encoding: Encoding) -> Position {
        todo!()
    }

    /// Replaces `range` (clamped, rounded down) by `with`; returns the range that was really replaced.
    pub fn replace(&mut self, _range: Range<usize>, _with: &str) -> Range<usize> {
        todo!()
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rope.chunks().try_for_each(|chunk| f.write_str(chunk))
    }
}
