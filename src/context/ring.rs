//! Where the cursor was before, and what was deleted: code that somebody left is often what is wanted at the next place.
//!
//! A place is noted while the cursor is at it, and cut out of its document once the user rests ([`Left::cut`]), as it
//! was when the cursor left. Nothing is kept of a document that is not cleared, nor a part that `privacy` denies.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Kind, Piece, Place, Project};
use crate::document::{Clearance, DocumentId, Edit, Snapshot};

/// What is kept, the oldest first.
#[derive(Default)]
pub struct Ring {
    here: Option<Visit>,
    /// Left since the last rest.
    left: Vec<Visit>,
    chunks: VecDeque<Chunk>,
    /// What was deleted up to then is known.
    seen_until: Duration,
}

/// Where the cursor was since the last rest, as it was there.
pub struct Left {
    visits: Vec<Visit>,
    /// The last rest: time since the server started.
    pub since: Duration,
}

struct Visit {
    /// As it was at the last moment there.
    document: Snapshot,
    offset: usize,
}

/// Some lines of a document, as they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    pub document: DocumentId,
    pub path: Arc<Path>,
    pub text: Arc<str>,
    pub origin: Origin,
    /// Whether its document may be sent to another machine.
    pub may_leave: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The cursor was at this line, counted from 1.
    Left(usize),
    Deleted,
}

/// As many as llama.vim's ring; ours are shorter, for a prompt that is read on a CPU.
const MAX_CHUNKS: usize = 16;
/// Lines above and below the cursor, and most bytes.
const LINES: usize = 10;
const MAX_BYTES: usize = 1000;

/// Lines between two places that are one.
const NEAR: usize = 24;

/// Fewer lines that say something are no place to come back to.
const MIN_LINES: usize = 2;

/// Two chunks that have more of their lines in common are one, as it was and as it is.
const MAX_SHARED: f32 = 0.5;

impl Ring {
    /// The cursor is at `offset` of `document`. Microseconds.
    pub fn visit(&mut self, document: &Snapshot, offset: usize) {
        let visit = Visit { document: document.clone(), offset };
        if let Some(before) = self.here.replace(visit)
            && !self.here.as_ref().is_some_and(|here| here.is_near(&before))
        {
            self.left.push(before);
            self.left.drain(..self.left.len().saturating_sub(MAX_CHUNKS));
        }
    }

    /// The user rests: what was left since the last rest is to be cut, and to come back.
    pub fn take_left(&mut self) -> Left {
        Left { visits: std::mem::take(&mut self.left), since: self.seen_until }
    }

    /// Takes what was cut; all that was deleted before `until` is in it.
    pub fn extend(&mut self, chunks: Vec<Chunk>, until: Duration) {
        self.seen_until = until;
        chunks.into_iter().for_each(|chunk| self.push(chunk));
    }

    fn push(&mut self, chunk: Chunk) {
        self.chunks.retain(|before| shared(&before.text, &chunk.text) <= MAX_SHARED);
        self.chunks.push_back(chunk);
        self.chunks.drain(..self.chunks.len().saturating_sub(MAX_CHUNKS));
    }

    /// What may be used now, the newest first: nothing of a document that is open and not cleared.
    pub fn chunks(&self, open: &[Snapshot]) -> Vec<Chunk> {
        let may_use = |chunk: &&Chunk| open.iter().all(|open| open.id != chunk.document || open.is_cleared());
        self.chunks.iter().rev().filter(may_use).cloned().collect()
    }

    /// The rules have changed: nothing of before counts.
    pub fn clear(&mut self) {
        *self = Ring { seen_until: self.seen_until, ..Ring::default() };
    }
}

impl Left {
    /// Cuts out what was left, and adds what was deleted. `open` are the documents as they are now, `may_read` says
    /// whether a text is free of secrets. A document that is closed is judged as it was last. Milliseconds: not for the
    /// request path.
    pub fn cut(self, open: &[Snapshot], deleted: &[(Snapshot, Edit)], may_read: &dyn Fn(&str) -> bool) -> Vec<Chunk> {
        let now = |document: &Snapshot| open.iter().find(|open| open.id == document.id).unwrap_or(document).clone();
        // A part of a key is not always known for one: the whole text of that moment must be clean.
        let is_denied = |document: &Snapshot| matches!(document.clearance, Clearance::Denied(_));
        let is_clean = |document: &Snapshot| !is_denied(document) && may_read(&document.text.to_string());
        let visits = self.visits.iter().filter(|visit| is_clean(&visit.document));
        let left = visits.map(|visit| (now(&visit.document), visit.lines(), Origin::Left(visit.line() + 1)));
        let mut deleted: Vec<&(Snapshot, Edit)> = deleted.iter().filter(|(_, edit)| edit.was_cleared).collect();
        deleted.sort_by_key(|(_, edit)| edit.at);
        let deleted = deleted.into_iter().map(|(document, edit)| {
            let text = &edit.deleted[..edit.deleted.floor_char_boundary(MAX_BYTES)];
            (document.clone(), text.to_string(), Origin::Deleted)
        });
        let chunk = |(document, text, origin): (Snapshot, String, Origin)| {
            let path = document.path.clone().filter(|_| document.is_cleared())?;
            let is_worth = telling(&text).count() >= MIN_LINES && may_read(&text);
            let (text, may_leave) = (text.trim_matches('\n').trim_end().into(), document.may_leave().is_ok());
            is_worth.then_some(Chunk { document: document.id, path, text, origin, may_leave })
        };
        left.chain(deleted).filter_map(chunk).collect()
    }
}

impl Visit {
    fn line(&self) -> usize {
        self.document.text.line_of(self.offset)
    }

    fn is_near(&self, other: &Visit) -> bool {
        self.document.id == other.document.id && self.line().abs_diff(other.line()) <= NEAR
    }

    fn lines(&self) -> String {
        let (text, line) = (&self.document.text, self.line());
        let start = text.line_range(line.saturating_sub(LINES)).start.max(self.offset.saturating_sub(MAX_BYTES / 2));
        let end = text.line_range((line + LINES).min(text.n_lines().saturating_sub(1))).end;
        let end = end.min(self.offset + MAX_BYTES / 2);
        text.slice(text.floor_char_boundary(start)..text.floor_char_boundary(end)).into_owned()
    }
}

pub fn find(place: &Place, project: &Project, ring: &[Chunk], pieces: &mut Vec<Piece>) {
    let shown = place.shown_text();
    let mut age = 0;
    for Chunk { path, text, origin, .. } in ring {
        if shared(text, &shown) > MAX_SHARED {
            continue;
        }
        age += 1;
        let reason = match origin {
            Origin::Left(line) => format!("the cursor was here lately, line {line}"),
            Origin::Deleted => "deleted lately".to_string(),
        };
        let (kind, path) = (Kind::Ring, project.path_within(path).into());
        pieces.push(Piece { kind, path, text: text.to_string(), score: 1.0 / age as f32, reason });
    }
}

/// How many of the lines of `text` that say something stand in `other`, 0 to 1.
fn shared(text: &str, other: &str) -> f32 {
    let n_shared = telling(text).filter(|line| memchr::memmem::find(other.as_bytes(), line.as_bytes()).is_some());
    n_shared.count() as f32 / telling(text).count().max(1) as f32
}

fn telling(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| line.contains(char::is_alphanumeric))
}
