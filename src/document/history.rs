//! What was typed, deleted and pasted, when: the last edits of one document.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::text::Text;

/// Bounds on what one document's history keeps.
const MAX_EDITS: usize = 256;
const MAX_BYTES: usize = 64 << 10;

/// Of one edit's deleted and inserted text no more is kept, in bytes each.
const MAX_EDIT_BYTES: usize = 4 << 10;

/// An insertion of more characters at once was not typed; an editor's bracket pair or a two-character input is.
const MAX_TYPED_CHARS: usize = 4;

/// A pause that ends a run of typing.
const RUN_PAUSE: Duration = Duration::from_secs(2);

/// The last edits, oldest first, bounded in count and bytes. A run of typing or of deleting is one edit.
#[derive(Default)]
pub struct History {
    edits: VecDeque<Edit>,
    n_bytes: usize,
}

/// One edit; its two texts may be cut short, the lengths are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// When it ended: time since the server started.
    pub at: Duration,
    pub kind: EditKind,
    /// The bytes replaced, in the text before the edit.
    pub replaced: Range<usize>,
    pub deleted: String,
    pub inserted: String,
    pub n_inserted: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditKind {
    /// Up to a few characters within a line, or a line break with its indentation.
    Typed,
    Deleted,
    /// A longer insertion at once: a paste, an accepted suggestion, a formatter.
    Pasted,
    /// Text replaced by other text.
    Replaced,
}

impl History {
    /// Oldest first.
    pub fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    /// `replaced` counts in `before`, the text before the edit.
    pub(super) fn record(&mut self, at: Duration, before: &Text, replaced: Range<usize>, inserted: &str) {
        let deleted = before.slice(replaced.start..replaced.end.min(replaced.start + MAX_EDIT_BYTES)).into_owned();
        let n_inserted = inserted.len();
        let kind = kind(&replaced, inserted);
        let inserted = inserted[..inserted.floor_char_boundary(MAX_EDIT_BYTES)].to_string();
        let edit = Edit { at, kind, replaced, deleted, inserted, n_inserted };

        self.n_bytes += edit.n_bytes();
        match self.edits.back_mut() {
            Some(last) if last.continues_with(&edit) => last.append(edit),
            _ => self.edits.push_back(edit),
        }
        while self.edits.len() > MAX_EDITS || self.n_bytes > MAX_BYTES {
            let dropped = self.edits.pop_front().map_or(0, |edit| edit.n_bytes());
            self.n_bytes -= dropped;
        }
    }
}

impl Edit {
    fn n_bytes(&self) -> usize {
        self.deleted.len() + self.inserted.len()
    }

    fn continues_with(&self, next: &Edit) -> bool {
        let whole = self.deleted.len() == self.replaced.len() && self.inserted.len() == self.n_inserted;
        if !whole || self.n_bytes() + next.n_bytes() > MAX_EDIT_BYTES || next.at.saturating_sub(self.at) > RUN_PAUSE {
            return false;
        }
        match (self.kind, next.kind) {
            (EditKind::Typed, EditKind::Typed) => next.replaced.start == self.replaced.start + self.n_inserted,
            (EditKind::Deleted, EditKind::Deleted) => {
                next.replaced.end == self.replaced.start || next.replaced.start == self.replaced.start
            }
            _ => false,
        }
    }

    fn append(&mut self, next: Edit) {
        self.at = next.at;
        self.inserted.push_str(&next.inserted);
        self.n_inserted += next.n_inserted;
        if next.replaced.is_empty() {
            return;
        }
        if next.replaced.end == self.replaced.start {
            self.replaced.start = next.replaced.start;
            self.deleted.insert_str(0, &next.deleted);
        } else {
            self.replaced.end += next.replaced.len();
            self.deleted.push_str(&next.deleted);
        }
    }
}

fn kind(replaced: &Range<usize>, inserted: &str) -> EditKind {
    let is_line_break = inserted.starts_with(['\r', '\n']) && inserted.trim().is_empty();
    match (replaced.is_empty(), inserted.is_empty()) {
        (_, true) => EditKind::Deleted,
        (false, false) => EditKind::Replaced,
        (true, false) if is_line_break || inserted.chars().count() <= MAX_TYPED_CHARS => EditKind::Typed,
        (true, false) => EditKind::Pasted,
    }
}
