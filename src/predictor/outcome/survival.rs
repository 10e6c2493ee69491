//! Whether an accepted text is still there: where it was put, moved along with the edits, or found again by its lines.
//!
//! Nothing is done per edit. The text at the accept and the text later share a beginning and an end; what stands in
//! either is untouched, wherever it moved. Only what lies between is searched for, line by line, near its place.

use std::ops::Range;
use std::time::Duration;

use crate::document::{DocumentId, Snapshot};
use crate::text::Text;

/// A line is looked for this many lines up and down from its place: a function moved, not a chance likeness.
const NEAR_LINES: usize = 200;

/// The text left of an accepted piece that is looked for together with it, in bytes: `);` alone is everywhere.
const LEAD: usize = 24;

/// An accepted text and its place.
pub struct Planted {
    pub request: u64,
    pub document: DocumentId,
    pub at: Duration,
    /// The newest text.
    pub current: Text,
    /// The text right after the accept, and the accepted bytes of it.
    text: Text,
    place: Range<usize>,
}

impl Planted {
    pub fn new(request: u64, document: &Snapshot, place: Range<usize>, at: Duration) -> Planted {
        let (id, text) = (document.id.clone(), document.text.clone());
        Planted { request, document: id, at, current: text.clone(), text, place }
    }

    /// The share of its characters, blanks aside, that is still there: 0 to 1.
    pub fn share(&self) -> f32 {
        let shared = common_prefix(&self.text, &self.current);
        let room = self.text.len().min(self.current.len()) - shared;
        let end = self.text.len() - common_suffix(&self.text, &self.current, room);
        let mut haystack = None;
        let (mut n_chars, mut n_kept) = (0, 0);
        for piece in self.pieces() {
            n_chars += weight(&self.text.slice(piece.clone()));
            let untouched = [piece.start..piece.end.min(shared), piece.start.max(end)..piece.end];
            let is_whole = untouched.contains(&piece);
            if is_whole || self.is_found(&piece, haystack.get_or_insert_with(|| self.nearby())) {
                n_kept += weight(&self.text.slice(piece));
            } else {
                let parts = untouched.into_iter().filter(|part| part.start < part.end);
                n_kept += parts.map(|part| weight(&self.text.slice(part))).sum::<usize>();
            }
        }
        if n_chars == 0 { 1.0 } else { n_kept as f32 / n_chars as f32 }
    }

    /// The accepted text line by line, without line breaks.
    fn pieces(&self) -> impl Iterator<Item = Range<usize>> {
        let lines = self.text.line_of(self.place.start)..=self.text.line_of(self.place.end);
        lines.map(|line| {
            let line = self.text.line_range(line);
            line.start.max(self.place.start)..line.end.min(self.place.end).max(self.place.start)
        })
    }

    fn is_found(&self, piece: &Range<usize>, haystack: &str) -> bool {
        let line = self.text.line_range(self.text.line_of(piece.start));
        let lead = piece.start.saturating_sub(LEAD).max(line.start);
        let wanted = self.text.slice(lead..piece.end);
        let wanted = wanted.trim();
        !wanted.is_empty() && haystack.contains(wanted)
    }

    fn nearby(&self) -> String {
        let line = self.text.line_of(self.place.start);
        let first = line.saturating_sub(NEAR_LINES).min(self.current.n_lines() - 1);
        let last = (line + NEAR_LINES).min(self.current.n_lines() - 1);
        self.current.slice(self.current.line_range(first).start..self.current.line_range(last).end).into_owned()
    }
}

/// Characters that are no blanks: those are often put in anew by a formatter.
fn weight(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn common_prefix(a: &Text, b: &Text) -> usize {
    let mut n = 0;
    loop {
        let (left, right) = (rest(a, n), rest(b, n));
        let shared = left.iter().zip(right).take_while(|(a, b)| a == b).count();
        n += shared;
        if shared == 0 || shared < left.len().min(right.len()) {
            return a.floor_char_boundary(n);
        }
    }
}

/// What follows `n` in its chunk; empty at the end.
fn rest(text: &Text, n: usize) -> &[u8] {
    let (chunk, start) = text.chunk_at(n);
    chunk.as_bytes().get(n - start..).unwrap_or_default()
}

/// At most `room` bytes.
fn common_suffix(a: &Text, b: &Text, room: usize) -> usize {
    let mut n = 0;
    while n < room {
        let (left, right) = (head(a, a.len() - n), head(b, b.len() - n));
        let shared = left.iter().rev().zip(right.iter().rev()).take_while(|(a, b)| a == b).count();
        n += shared;
        if shared < left.len().min(right.len()) {
            break;
        }
    }
    n.min(room)
}

/// What precedes `end` in the chunk that holds the byte before it; `end` is not 0.
fn head(text: &Text, end: usize) -> &[u8] {
    let (chunk, start) = text.chunk_at(end - 1);
    chunk.as_bytes().get(..end - start).unwrap_or_default()
}
