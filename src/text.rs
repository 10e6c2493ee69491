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

    /// Length in Unicode characters.
    pub fn n_chars(&self) -> usize {
        self.rope.len_chars()
    }

    /// The byte offset behind the first `n_chars` characters (clamped).
    pub fn offset_of_char(&self, n_chars: usize) -> usize {
        self.rope.char_to_byte(n_chars.min(self.n_chars()))
    }

    /// Number of lines, at least 1; a final line break opens an empty last line.
    pub fn n_lines(&self) -> usize {
        self.rope.len_lines()
    }

    /// The line that holds `offset` (clamped).
    pub fn line_of(&self, offset: usize) -> usize {
        self.rope.byte_to_line(offset.min(self.len()))
    }

    /// Bytes of a line without its line break; the last line's when `line` is past the end.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let line = line.min(self.n_lines() - 1);
        let start = self.rope.line_to_byte(line);
        // For the last line this is the text's end.
        let next = self.rope.line_to_byte(line + 1);
        start..next - self.break_len(start..next)
    }

    /// The text in `range`, clamped and rounded down to character boundaries. Borrowed when one chunk holds it.
    pub fn slice(&self, range: Range<usize>) -> Cow<'_, str> {
        self.rope.byte_slice(self.clamp(range)).into()
    }

    /// The chunk that holds `offset` and the offset at which it starts; empty at the end. For streaming readers.
    pub fn chunk_at(&self, offset: usize) -> (&str, usize) {
        if offset >= self.len() {
            return ("", self.len());
        }
        let (chunk, start, _, _) = self.rope.chunk_at_byte(offset);
        (chunk, start)
    }

    /// The largest character boundary that is at most `offset`.
    pub fn floor_char_boundary(&self, offset: usize) -> usize {
        self.rope.char_to_byte(self.rope.byte_to_char(offset.min(self.len())))
    }

    /// The byte offset of a wire position. Past the line's end means its end (before the break), past the last line
    /// the text's end, inside a character its start.
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let (line, character) = (position.line as usize, position.character as usize);
        if line >= self.n_lines() {
            return self.len();
        }
        let line = self.line_range(line);
        let start = self.rope.byte_to_char(line.start);
        let offset = match encoding {
            Encoding::Utf8 => self.floor_char_boundary(line.start + character),
            Encoding::Utf16 => {
                let unit = self.rope.char_to_utf16_cu(start) + character;
                self.rope.char_to_byte(self.rope.utf16_cu_to_char(unit.min(self.rope.len_utf16_cu())))
            }
            Encoding::Utf32 => self.rope.char_to_byte((start + character).min(self.rope.len_chars())),
        };
        offset.min(line.end)
    }

    /// The wire position of a byte offset (clamped, rounded down). Between CR and LF means before both.
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let number = self.line_of(offset);
        let line = self.line_range(number);
        let offset = self.floor_char_boundary(offset).min(line.end);
        let (start, end) = (self.rope.byte_to_char(line.start), self.rope.byte_to_char(offset));
        let character = match encoding {
            Encoding::Utf8 => offset - line.start,
            Encoding::Utf16 => self.rope.char_to_utf16_cu(end) - self.rope.char_to_utf16_cu(start),
            Encoding::Utf32 => end - start,
        };
        Position { line: number as u32, character: character as u32 }
    }

    /// Replaces `range` (clamped, rounded down) by `with`; returns the range that was really replaced.
    pub fn replace(&mut self, range: Range<usize>, with: &str) -> Range<usize> {
        let range = self.clamp(range);
        let (start, end) = (self.rope.byte_to_char(range.start), self.rope.byte_to_char(range.end));
        self.rope.remove(start..end);
        self.rope.insert(start, with);
        range
    }

    /// What really changes when `range` (clamped, rounded down) is replaced by `with`: both without what they share at
    /// their starts and ends, cut at character boundaries.
    pub fn trim<'w>(&self, range: Range<usize>, with: &'w str) -> (Range<usize>, &'w str) {
        let range = self.clamp(range);
        let old = self.rope.byte_slice(range.clone());
        let start = with.floor_char_boundary(common_prefix(old.chunks(), with.as_bytes()));
        let (old, new) = (old.byte_slice(start..), &with[start..]);
        let (chunks, ..) = old.chunks_at_byte(old.len_bytes());
        let end = new.ceil_char_boundary(new.len() - common_suffix(chunks.reversed(), new.as_bytes()));
        (range.start + start..range.end - (new.len() - end), &new[..end])
    }

    fn clamp(&self, range: Range<usize>) -> Range<usize> {
        let start = self.floor_char_boundary(range.start);
        start..self.floor_char_boundary(range.end).max(start)
    }

    /// Bytes of the line break at the end of `line`, 0 to 2.
    fn break_len(&self, line: Range<usize>) -> usize {
        let byte_before_end = |n: usize| (line.len() >= n).then(|| self.rope.byte(line.end - n));
        match (byte_before_end(2), byte_before_end(1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (_, Some(b'\n' | b'\r')) => 1,
            _ => 0,
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rope.chunks().try_for_each(|chunk| f.write_str(chunk))
    }
}

/// Bytes that the text of `chunks` shares with `other` at its start.
fn common_prefix<'a>(chunks: impl Iterator<Item = &'a str>, other: &[u8]) -> usize {
    let mut n = 0;
    for chunk in chunks {
        let shared = chunk.bytes().zip(&other[n..]).take_while(|(a, b)| a == *b).count();
        n += shared;
        if shared < chunk.len() {
            break;
        }
    }
    n
}

/// Bytes that the text of `reversed`, its chunks from the last to the first, shares with `other` at its end.
fn common_suffix<'a>(reversed: impl Iterator<Item = &'a str>, other: &[u8]) -> usize {
    let mut n = 0;
    for chunk in reversed {
        let rest = &other[..other.len() - n];
        let shared = chunk.bytes().rev().zip(rest.iter().rev()).take_while(|(a, b)| a == *b).count();
        n += shared;
        if shared < chunk.len() {
            break;
        }
    }
    n
}
