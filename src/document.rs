//! Open documents: text, version, syntax tree, clearance and edit history; cheap snapshots.
//!
//! Changed only by the synchronous part of the open, change and close notifications, in message order. Everyone else
//! holds a [`Snapshot`]. Reads no clock: times are passed in. Must not know workspaces or engines.

mod cursor;
mod history;
mod recent;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::privacy::{Denied, Kept, Level};
use crate::syntax::{Language, Tree};
use crate::text::{Encoding, Position, Text};

use recent::{Applied, Recent};

pub use cursor::Cursor;
pub use history::{Edit, EditKind, History};

/// The name of a document, the client's URI verbatim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Where it was changed lately, the newest last, at most [`MAX_EDITED`].
    pub edited: Arc<[Edited]>,
}

/// A place that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Bytes of the text as it is now.
    pub range: Range<usize>,
    /// The last time: time since the server started.
    pub at: Duration,
}

/// Whether `privacy` lets the document be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clearance {
    /// Not yet judged.
    Pending,
    /// For all engines.
    Cleared,
    /// For engines on this machine alone.
    Local(Kept),
    Denied(Denied),
}

/// What a change notification says, in the client's terms.
#[derive(Clone)]
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
    /// The change carries a version that is not newer than the document's, and is none that was left out in between.
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
    cursor: Option<Cursor>,
    recent: Recent,
    /// Of this version there was another text before: no tree of it is taken.
    reordered: Option<i32>,
}

/// Places of changes that are kept.
pub const MAX_EDITED: usize = 8;
/// Bytes between two changes that are one.
const NEAR: usize = 80;
/// Of what was deleted, so much is looked at to tell a line from a word.
const CURSOR_BYTES: usize = 4 << 10;

impl Documents {
    /// Opens (or reopens) a document; it starts with [`Clearance::Pending`] and no tree.
    pub fn open(
        &mut self,
        id: DocumentId,
        path: Option<Arc<Path>>,
        language: Option<Language>,
        version: i32,
        text: &str,
    ) -> Snapshot {
        let text = Text::new(text);
        let clearance = Clearance::Pending;
        let edited = Arc::default();
        let snapshot = Snapshot { id: id.clone(), path, language, version, text, tree: None, clearance, edited };
        let (history, cursor, recent, reordered) = Default::default();
        self.open.insert(id, Document { snapshot: snapshot.clone(), history, cursor, recent, reordered });
        snapshot
    }

    /// Applies the changes of one notification in sequence, moves the tree along, records the history.
    pub fn change(
        &mut self,
        id: &DocumentId,
        version: i32,
        changes: Vec<Change>,
        encoding: Encoding,
        at: Duration,
    ) -> Result<Snapshot, Desync> {
        let document = self.open.get_mut(id).ok_or(Desync::NotOpen)?;
        let have = document.snapshot.version;
        let mut later = Vec::new();
        if version <= have {
            later = document.recent.take_later(version, at).ok_or(Desync::OldVersion { have, got: version })?;
            document.rewind(&later);
        }
        document.apply_all(version, changes, encoding, at);
        for Applied { version, changes, .. } in later {
            document.apply_all(version, changes, encoding, at);
        }
        Ok(document.snapshot.clone())
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

    /// Where the last change has left the cursor; `None` before the first.
    pub fn cursor(&self, id: &DocumentId) -> Option<Cursor> {
        self.open.get(id)?.cursor
    }

    /// Takes over a tree parsed from `version`, unless the document has moved on or is closed. A client that switches the
    /// language reopens the document at the same version, so the language must agree too. Gives back what is not needed
    /// any more, the tree before (`Ok`) or this one (`Err`), to be freed outside of locks: that may take milliseconds.
    pub fn set_tree(&mut self, id: &DocumentId, version: i32, tree: Tree) -> Result<Option<Tree>, Tree> {
        let is_wanted = self.open.get(id).is_some_and(|document| document.reordered != Some(version));
        match self.open.get_mut(id).map(|document| &mut document.snapshot) {
            Some(snapshot)
                if is_wanted && snapshot.version == version && snapshot.language == Some(tree.language()) =>
            {
                Ok(snapshot.tree.replace(tree))
            }
            _ => Err(tree),
        }
    }

    /// Takes over a verdict, unless the document is closed.
    pub fn set_clearance(&mut self, id: &DocumentId, clearance: Clearance) {
        if let Some(document) = self.open.get_mut(id) {
            document.snapshot.clearance = clearance;
        }
    }
}

impl Snapshot {
    /// Whether engines on this machine may use it.
    pub fn is_cleared(&self) -> bool {
        matches!(self.clearance, Clearance::Cleared | Clearance::Local(_))
    }

    /// Whether its text may be sent to another machine; `Err` holds the sentence for the user. What of it, the scan of
    /// each piece says ([`clear_piece`](crate::privacy::clear_piece)).
    pub fn may_leave(&self) -> Result<(), String> {
        match &self.clearance {
            Clearance::Cleared => Ok(()),
            Clearance::Local(kept) => Err(kept.to_string()),
            Clearance::Pending => Err("the file is still being checked for secrets; ask again".to_string()),
            Clearance::Denied(denied) => Err(denied.to_string()),
        }
    }
}

impl From<Level> for Clearance {
    fn from(level: Level) -> Clearance {
        match level {
            Level::Blocked(denied) => Clearance::Denied(denied),
            Level::Local(kept) => Clearance::Local(kept),
            Level::MayLeave => Clearance::Cleared,
        }
    }
}

/// The places of the last changes after one more. Changes that are near to each other are one.
fn edited(before: &[Edited], replaced: &Range<usize>, n_inserted: usize, at: Duration) -> Arc<[Edited]> {
    let moved = |offset: usize| {
        if offset <= replaced.start { offset } else { offset.max(replaced.end) - replaced.len() + n_inserted }
    };
    let mut new = replaced.start..replaced.start + n_inserted;
    let mut after: Vec<Edited> = Vec::new();
    for Edited { range, at } in before {
        let range = moved(range.start)..moved(range.end);
        if range.start <= new.end + NEAR && new.start <= range.end + NEAR {
            new = new.start.min(range.start)..new.end.max(range.end);
        } else {
            after.push(Edited { range, at: *at });
        }
    }
    after.push(Edited { range: new, at });
    after.drain(..after.len().saturating_sub(MAX_EDITED));
    after.into()
}

impl Change {
    fn n_bytes(&self) -> usize {
        match self {
            Change::Ranged { text, .. } | Change::Whole(text) => text.len(),
        }
    }
}

impl Document {
    /// The changes of one notification.
    fn apply_all(&mut self, version: i32, changes: Vec<Change>, encoding: Encoding, at: Duration) {
        let before = self.snapshot.clone();
        let kept = Recent::keeps(&changes).then(|| changes.clone());
        for change in changes {
            self.apply(change, encoding, at);
        }
        self.snapshot.version = version;
        self.recent.add(kept.map(|changes| Applied { version, before, changes, at }));
    }

    /// Takes the `later` changes back.
    fn rewind(&mut self, later: &[Applied]) {
        let Some(first) = later.first() else { return };
        let clearance = self.snapshot.clearance.clone();
        self.reordered = Some(self.snapshot.version);
        self.snapshot = Snapshot { clearance, tree: None, ..first.before.clone() };
    }

    fn apply(&mut self, change: Change, encoding: Encoding, at: Duration) {
        let text = &self.snapshot.text;
        let (range, with) = match change {
            Change::Whole(with) => (0..text.len(), with),
            Change::Ranged { start, end, text: with } => {
                let (start, end) = (start.min(end), start.max(end));
                (text.offset(start, encoding)..text.offset(end, encoding), with)
            }
        };
        // A client may send a whole line or text where a word changed; the tree and the history see the word.
        let (range, inserted) = text.trim(range, &with);
        if range.is_empty() && inserted.is_empty() {
            return;
        }
        let before = self.snapshot.text.clone();
        self.snapshot.text.replace(range.clone(), inserted);
        if let Some(tree) = &mut self.snapshot.tree {
            tree.edit(&before, &self.snapshot.text, range.clone(), inserted.len());
        }
        let deleted = before.slice(range.start..range.end.min(range.start + CURSOR_BYTES));
        self.cursor = Some(Cursor::after(&range, &deleted, inserted));
        self.snapshot.edited = edited(&self.snapshot.edited, &range, inserted.len(), at);
        self.history.record(at, &before, range, inserted);
    }
}
