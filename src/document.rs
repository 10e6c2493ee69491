//! Open documents: text, version, syntax tree, clearance and edit history; cheap snapshots.
//!
//! Changed only by the synchronous part of the open, change and close notifications, in message order. Everyone else
//! holds a [`Snapshot`]. Reads no clock: times are passed in. Must not know workspaces or engines.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::privacy::Denied;
use crate::syntax::{Language, Tree};
use crate::text::{Encoding, Position, Text};

/// The name of a document, the client's URI verbatim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentId(pub Arc<str>);

/// One document at one moment. `clone` is O(1).
#[derive(Clone)]
pub struct Snapshot {
    pub id: DocumentId,
    /// Absent for an untitled document.
    pub path: Option<Arc<Path>>,
    pub language: Option<Language>,
    pub version: i32,
    pub text: Text,
    /// Moved along with every edit; may be one parse behind.
    pub tree: Option<Tree>,
    pub clearance: Clearance,
}

/// Whether `privacy` lets the document be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// Not yet judged.
    Pending,
    Cleared,
    Denied(Denied),
}

/// What a change notification says, in the client's terms.
pub enum Change {
    /// Positions refer to the text after the previous change of the same notification.
    Ranged {
        start: Position,
        end: Position,
        text: String,
    },
    Whole(String),
}

/// Why a change was not applied.
#[derive(Debug, PartialEq, Eq)]
pub enum Desync {
    NotOpen,
    /// The change carries a version that is not newer than the document's.
    OldVersion {
        have: i32,
        got: i32,
    },
}

/// All open documents.
#[derive(Default)]
pub struct Documents {
    open: HashMap<DocumentId, Document>,
}

struct Document {
    snapshot: Snapshot,
    history: History,
}

/// What was typed, deleted and pasted, when: the last edits of one document, bounded in count and bytes.
#[derive(Default)]
pub struct History {}

/// One edit of the history; the two texts may be cut short, the lengths are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Time since the server started.
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

impl Documents {
    /// Opens (or reopens) a document; it starts with [`Clearance::Pending`] and no tree.
    pub fn open(
        &mut self,
        _id: DocumentId,
        _path: Option<Arc<Path>>,
        _language: Option<Language>,
        _version: i32,
        _text: &str,
    ) -> Snapshot {
        todo!()
    }

    /// Applies the changes of one notification in sequence, moves the tree along, records the history.
    pub fn change(
        &mut self,
        _id: &DocumentId,
        _version: i32,
        _changes: Vec<Change>,
        _encoding: Encoding,
        _at: Duration,
    ) -> Result<Snapshot, Desync> {
        todo!()
    }

    pub fn close(&mut self, id: &DocumentId) -> bool {
        self.open.remove(id).is_some()
    }

    pub fn snapshot(&self, id: &DocumentId) -> Option<Snapshot> {
        self.open.get(id).map(|document| document.snapshot.clone())
    }

    /// Snapshots of all open documents, in no particular order.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.open.values().map(|document| document.snapshot.clone()).collect()
    }

    pub fn history(&self, id: &DocumentId) -> Option<&History> {
        self.open.get(id).map(|document| &document.history)
    }

    /// Takes over a tree parsed from `version`, unless the document has moved on or is closed.
    pub fn set_tree(&mut self, _id: &DocumentId, _version: i32, _tree: Tree) -> bool {
        todo!()
    }

    /// Takes over a verdict, unless the document is closed.
    pub fn set_clearance(&mut self, _id: &DocumentId, _clearance: Clearance) {
        todo!()
    }
}

impl History {
    /// Oldest first.
    pub fn edits(&self) -> impl Iterator<Item = &Edit> {
        std::iter::empty()
    }
}
