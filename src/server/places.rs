//! Where the user is, as far as the protocol tells: where the last change has left the cursor, or the client asked last;
//! and what it was given there.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::document::{Cursor, DocumentId, Snapshot};

/// A handle; clones share it.
#[derive(Clone, Default)]
pub struct Places(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    places: HashMap<DocumentId, Place>,
    /// Where something happened last.
    current: Option<DocumentId>,
}

/// Holds for one version of a document.
struct Place {
    version: i32,
    cursor: Cursor,
    /// Requests for this place that are not answered yet.
    n_waiting: usize,
    /// The text that stands on the screen there, and the trace of its request.
    given: Option<String>,
    trace_id: Option<u64>,
    is_dismissed: bool,
}

/// A request for a place. Dropped when it is over.
pub struct Waiting {
    places: Places,
    document: DocumentId,
    version: i32,
    offset: usize,
}

impl Places {
    pub fn changed(&self, document: &Snapshot, cursor: Cursor) {
        let place = Place::new(document.version, cursor);
        let mut known = self.0.lock();
        known.places.insert(document.id.clone(), place);
        known.current = Some(document.id.clone());
    }

    /// The client asks what comes at `offset`: there is the cursor.
    pub fn asked(&self, document: &Snapshot, offset: usize) -> Waiting {
        let mut known = self.0.lock();
        known.current = Some(document.id.clone());
        let (id, version) = (&document.id, document.version);
        match known.places.get_mut(id).filter(|place| place.is(version, offset)) {
            Some(place) => place.n_waiting += 1,
            None => {
                let cursor = Cursor { offset, is_typing: true };
                known.places.insert(id.clone(), Place { n_waiting: 1, ..Place::new(version, cursor) });
            }
        }
        Waiting { places: self.clone(), document: id.clone(), version, offset }
    }

    /// The cursor of this very text.
    pub fn cursor(&self, document: &Snapshot) -> Option<Cursor> {
        let known = self.0.lock();
        let place = known.places.get(&document.id)?;
        (place.version == document.version).then_some(place.cursor)
    }

    /// The cursor, if nobody waits for an answer there and the user wants one.
    pub fn at_rest(&self, document: &Snapshot) -> Option<Cursor> {
        let known = self.0.lock();
        let place = known.places.get(&document.id)?;
        let is_at_rest = place.version == document.version && place.n_waiting == 0 && !place.is_dismissed;
        is_at_rest.then_some(place.cursor)
    }

    /// Notes what a request was answered with.
    pub fn answered(&self, document: &Snapshot, offset: usize, text: Option<&str>, trace_id: u64) {
        let mut known = self.0.lock();
        let place = known.places.get_mut(&document.id).filter(|place| place.is(document.version, offset));
        if let Some(place) = place {
            (place.given, place.trace_id) = (text.map(str::to_string), Some(trace_id));
        }
    }

    /// Notes that the client is told of a text. False when it has that already.
    pub fn tell(&self, document: &Snapshot, offset: usize, text: &str) -> bool {
        let mut known = self.0.lock();
        let place = known.places.get_mut(&document.id).filter(|place| place.is(document.version, offset));
        let Some(place) = place.filter(|place| place.given.as_deref() != Some(text)) else { return false };
        place.given = Some(text.to_string());
        true
    }

    /// The trace of the request that was answered last for this place.
    pub fn trace_of(&self, document: &Snapshot, offset: usize) -> Option<u64> {
        let known = self.0.lock();
        let place = known.places.get(&document.id).filter(|place| place.is(document.version, offset))?;
        place.trace_id
    }

    /// The user wants nothing here: nothing more is told before the next change.
    pub fn dismissed(&self) {
        let mut known = self.0.lock();
        let Some(current) = known.current.clone() else { return };
        if let Some(place) = known.places.get_mut(&current) {
            place.is_dismissed = true;
        }
    }

    /// The user looks at a document.
    pub fn focused(&self, document: DocumentId) {
        self.0.lock().current = Some(document);
    }

    /// The document in which something happened last.
    pub fn current(&self) -> Option<DocumentId> {
        self.0.lock().current.clone()
    }

    pub fn closed(&self, document: &DocumentId) {
        let mut known = self.0.lock();
        known.places.remove(document);
        known.current.take_if(|current| current == document);
    }
}

impl Place {
    fn new(version: i32, cursor: Cursor) -> Place {
        Place { version, cursor, n_waiting: 0, given: None, trace_id: None, is_dismissed: false }
    }

    fn is(&self, version: i32, offset: usize) -> bool {
        self.version == version && self.cursor.offset == offset
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut known = self.places.0.lock();
        let place = known.places.get_mut(&self.document);
        if let Some(place) = place.filter(|place| place.is(self.version, self.offset)) {
            place.n_waiting = place.n_waiting.saturating_sub(1);
        }
    }
}
