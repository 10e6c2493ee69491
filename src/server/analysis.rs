//! Parses documents and judges whether they may be used, on a thread of its own.
//!
//! The newest snapshot of a document wins: it replaces one that waits and stops the parse of an older one. A document
//! is judged before it is parsed, so that a request never waits for a parse.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use crate::document::{Clearance, DocumentId, Documents, Snapshot};
use crate::privacy::{Denied, Privacy};
use crate::syntax::Tree;

/// Larger documents are neither judged nor parsed; they stay pending, and pending documents are not used.
const MAX_BYTES: usize = 8 << 20;

/// How long a request may wait for the verdict on its document. Judging takes milliseconds, once for each file.
const PATIENCE: Duration = Duration::from_millis(50);

pub struct Analysis {
    queue: Arc<Queue>,
    documents: Arc<Mutex<Documents>>,
    /// Counts the verdicts; whoever waits for one looks again at every count.
    verdicts: watch::Receiver<u64>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    snapshots: HashMap<DocumentId, Snapshot>,
    rules: Option<Rules>,
    closed: bool,
}

/// What a document is judged by.
#[derive(Clone)]
struct Rules {
    privacy: Arc<Privacy>,
    folders: Arc<Vec<PathBuf>>,
}

impl Analysis {
    pub fn start(documents: Arc<Mutex<Documents>>) -> Analysis {
        let queue = Arc::<Queue>::default();
        let (count, verdicts) = watch::channel(0);
        let thread = Thread { queue: queue.clone(), documents: documents.clone(), verdicts: count };
        // Without the thread every document stays pending: the server says so, and denies rather than leaks.
        let _ = std::thread::Builder::new().name("analysis".to_string()).spawn(move || thread.run());
        Analysis { queue, documents, verdicts }
    }

    /// Nothing is judged before the first rules are set.
    pub fn set_rules(&self, privacy: Arc<Privacy>, folders: Vec<PathBuf>) {
        self.queue.waiting.lock().rules = Some(Rules { privacy, folders: Arc::new(folders) });
        self.queue.arrived.notify_one();
    }

    /// Takes a snapshot to be judged and parsed. Returns at once.
    pub fn submit(&self, snapshot: Snapshot) {
        if snapshot.text.len() <= MAX_BYTES {
            self.queue.waiting.lock().snapshots.insert(snapshot.id.clone(), snapshot);
            self.queue.arrived.notify_one();
        }
    }

    /// The rules have changed: old verdicts do not count.
    pub fn judge_all_anew(&self) {
        for mut snapshot in self.documents.lock().snapshots() {
            snapshot.clearance = Clearance::Pending;
            self.submit(snapshot);
        }
    }

    /// Waits a moment for the verdict on a pending document.
    pub async fn verdict(&self, snapshot: &Snapshot) -> Clearance {
        if snapshot.clearance != Clearance::Pending || snapshot.text.len() > MAX_BYTES {
            return snapshot.clearance.clone();
        }
        let mut verdicts = self.verdicts.clone();
        let judged = async {
            loop {
                let clearance = self.documents.lock().snapshot(&snapshot.id).map(|now| now.clearance);
                match clearance {
                    Some(Clearance::Pending) if verdicts.changed().await.is_ok() => {}
                    clearance => return clearance.unwrap_or(Clearance::Pending),
                }
            }
        };
        tokio::time::timeout(PATIENCE, judged).await.unwrap_or(Clearance::Pending)
    }
}

impl Drop for Analysis {
    fn drop(&mut self) {
        self.queue.waiting.lock().closed = true;
        self.queue.arrived.notify_one();
    }
}

struct Thread {
    queue: Arc<Queue>,
    documents: Arc<Mutex<Documents>>,
    verdicts: watch::Sender<u64>,
}

impl Thread {
    fn run(&self) {
        while let Some((snapshot, rules)) = self.next() {
            let clearance = judge(&snapshot, &rules);
            self.documents.lock().set_clearance(&snapshot.id, clearance);
            self.verdicts.send_modify(|count| *count += 1);
            self.parse(snapshot);
        }
    }

    /// Waits for work; `None` at the end of the session.
    fn next(&self) -> Option<(Snapshot, Rules)> {
        let mut waiting = self.queue.waiting.lock();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some(rules) = waiting.rules.clone()
                && let Some(id) = waiting.snapshots.keys().next().cloned()
            {
                return Some((waiting.snapshots.remove(&id)?, rules));
            }
            self.queue.arrived.wait(&mut waiting);
        }
    }

    fn parse(&self, snapshot: Snapshot) {
        let Some(language) = snapshot.language else { return };
        let mut superseded = || {
            let waiting = self.queue.waiting.lock();
            waiting.closed || waiting.snapshots.contains_key(&snapshot.id)
        };
        let parsed = Tree::parse(&snapshot.text, language, snapshot.tree.as_ref(), &mut superseded);
        // Too large: the document goes without a tree. Superseded: the newer snapshot is next.
        if let Ok(tree) = parsed {
            self.documents.lock().set_tree(&snapshot.id, snapshot.version, tree);
        }
    }
}

/// Names and ignore files are judged once, the content at every change: a key may be pasted at any time.
fn judge(snapshot: &Snapshot, rules: &Rules) -> Clearance {
    let by_path = match (&snapshot.clearance, &snapshot.path) {
        (Clearance::Pending, Some(path)) => {
            let root = rules.folders.iter().find(|folder| path.starts_with(folder));
            rules.privacy.path(path).and_then(|()| rules.privacy.ignored(root.map(PathBuf::as_path), path))
        }
        (Clearance::Denied(denied @ (Denied::Pattern { .. } | Denied::Ignored { .. })), _) => Err(denied.clone()),
        _ => Ok(()),
    };
    let judged = by_path.and_then(|()| rules.privacy.content(&snapshot.text.slice(0..snapshot.text.len())));
    match judged {
        Ok(()) => Clearance::Cleared,
        Err(denied) => {
            if snapshot.clearance == Clearance::Pending {
                tracing::info!("no suggestions in {}: {denied}", snapshot.id.0);
            }
            Clearance::Denied(denied)
        }
    }
}
