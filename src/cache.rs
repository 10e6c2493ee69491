//! What was suggested, and where in the text it still holds.
//!
//! An entry knows the text it was made for, before and after the cursor, and is served only where both still agree:
//! at the same place, typed along, walked back, after an undo, with other indentation. Pure: no clock, no threads.
//! Must not know engines. Start at [`Cache::lookup`].

use crate::document::DocumentId;
use crate::suggestion::Suggestion;
use crate::text::Text;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub max_entries: usize,
    pub max_bytes: usize,
}

pub struct Cache {}

/// How an entry was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Exact,
    /// The user typed this many bytes of it since.
    TypedAlong(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What is left to insert at the asked offset, best first; never empty.
    pub suggestions: Vec<Suggestion>,
    pub via: Via,
}

impl Cache {
    pub fn new(_options: Options) -> Cache {
        todo!()
    }

    /// Remembers `suggestions` (best first, not empty) made for `offset` of `text`.
    pub fn insert(&mut self, _document: &DocumentId, _text: &Text, _offset: usize, _suggestions: Vec<Suggestion>) {
        todo!()
    }

    /// What may be shown at `offset` of `text`, if an entry still agrees with the text on both sides.
    pub fn lookup(&mut self, _document: &DocumentId, _text: &Text, _offset: usize) -> Option<Hit> {
        todo!()
    }

    /// Drops all entries of a closed document.
    pub fn forget(&mut self, _document: &DocumentId) {
        todo!()
    }
}
