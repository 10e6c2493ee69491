//! Judges whether documents may be used, and parses them, on two threads of its own.
//!
//! The newest snapshot of a document wins: it replaces one that waits and stops the parse of an older one. One thread
//! judges and hands on to the other, which parses, so that a request never waits for a parse.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use crate::document::{Clearance, DocumentId, Documents, Snapshot};
use crate::privacy::{Denied, Kept, Level, Privacy};
use crate::syntax::Tree;

/// Larger documents are neither judged nor parsed; they stay pending, and pending documents are not used.
const MAX_BYTES: usize = 8 << 20;

/// How long a request may wait for the verdict on its document. Judging takes milliseconds, once for each file; only a
/// machine that does nothing else gets here.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a document that was judged before waits after an edit: the request that comes with the keystroke goes
/// first, as judging and parsing keep the few cores busy that a laptop has.
const DELAY: Duration = Duration::from_millis(20);

pub struct Analysis {
    to_judge: Arc<Queue>,
    rules: Arc<Mutex<Option<Rules>>>,
    documents: Arc<Mutex<Documents>>,
    /// Counts the verdicts; whoever waits for one looks again at every count.
    verdicts: watch::Receiver<u64>,
}

/// Snapshots that wait for a thread, the newest of each document, from the time on when it is due.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    snapshots: HashMap<DocumentId, (Instant, Snapshot)>,
    /// Nothing is given out.
    held: bool,
    closed: bool,
}

/// What a document is judged by.
#[derive(Clone)]
struct Rules {
    privacy: Arc<Privacy>,
    folders: Vec<PathBuf>,
}

impl Analysis {
    pub fn start(documents: Arc<Mutex<Documents>>) -> Analysis {
        let (to_judge, to_parse) = (Arc::<Queue>::default(), Arc::<Queue>::default());
        to_judge.waiting.lock().held = true;
        let rules = Arc::<Mutex<Option<Rules>>>::default();
        let (count, verdicts) = watch::channel(0);
        let judge = Judge {
            queue: to_judge.clone(),
            judged: to_parse.clone(),
            rules: rules.clone(),
            documents: documents.clone(),
            count,
        };
        let parser = Parser { queue: to_parse, documents: documents.clone() };
        // Without the threads every document stays pending, or has no tree: the server denies rather than leaks.
        let _ = std::thread::Builder::new().name("judge".to_string()).spawn(move || judge.run());
        let _ = std::thread::Builder::new().name("parser".to_string()).spawn(move || parser.run());
        Analysis { to_judge, rules, documents, verdicts }
    }

    /// Nothing is judged before the first rules are set.
    pub fn set_rules(&self, privacy: Arc<Privacy>, folders: Vec<PathBuf>) {
        *self.rules.lock() = Some(Rules { privacy, folders });
        self.to_judge.release();
    }

    /// Takes a snapshot to be judged and parsed. Returns at once.
    pub fn submit(&self, snapshot: Snapshot) {
        if snapshot.text.len() <= MAX_BYTES {
            let delay = if snapshot.clearance == Clearance::Pending { Duration::ZERO } else { DELAY };
            self.to_judge.put(snapshot, delay);
        }
    }

    /// The rules have changed: old verdicts do not count.
    pub fn judge_all_anew(&self) {
        for mut snapshot in self.documents.lock().snapshots() {
            snapshot.clearance = Clearance::Pending;
            self.submit(snapshot);
        }
    }

    /// The verdict on a text that is no open document. Reads the disk, for ignore files.
    pub fn judge(&self, snapshot: &Snapshot) -> Clearance {
        let rules = self.rules.lock().clone();
        rules.map_or(Clearance::Pending, |rules| judge(snapshot, &rules))
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
        self.to_judge.close();
    }
}

impl Queue {
    fn put(&self, snapshot: Snapshot, delay: Duration) {
        let mut waiting = self.waiting.lock();
        let due = Instant::now() + delay;
        // Who goes on typing does not put it off.
        let due = waiting.snapshots.get(&snapshot.id).map_or(due, |(earlier, _)| due.min(*earlier));
        waiting.snapshots.insert(snapshot.id.clone(), (due, snapshot));
        self.arrived.notify_one();
    }

    fn release(&self) {
        self.waiting.lock().held = false;
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.waiting.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Waits for work; `None` at the end of the session.
    fn take(&self) -> Option<Snapshot> {
        let mut waiting = self.waiting.lock();
        loop {
            if waiting.closed {
                return None;
            }
            let next = waiting.snapshots.iter().filter(|_| !waiting.held).min_by_key(|(_, (due, _))| *due);
            match next.map(|(id, (due, _))| (id.clone(), *due)) {
                None => self.arrived.wait(&mut waiting),
                Some((_, due)) if due > Instant::now() => drop(self.arrived.wait_until(&mut waiting, due)),
                Some((id, _)) => return waiting.snapshots.remove(&id).map(|(_, snapshot)| snapshot),
            }
        }
    }

    /// Whether work on a document is for nothing.
    fn supersedes(&self, id: &DocumentId) -> bool {
        let waiting = self.waiting.lock();
        waiting.closed || waiting.snapshots.contains_key(id)
    }
}

struct Judge {
    queue: Arc<Queue>,
    judged: Arc<Queue>,
    rules: Arc<Mutex<Option<Rules>>>,
    documents: Arc<Mutex<Documents>>,
    count: watch::Sender<u64>,
}

impl Judge {
    fn run(&self) {
        while let Some(snapshot) = self.queue.take() {
            let Some(rules) = self.rules.lock().clone() else { continue };
            let clearance = judge(&snapshot, &rules);
            self.documents.lock().set_clearance(&snapshot.id, clearance);
            self.count.send_modify(|count| *count += 1);
            self.judged.put(snapshot, Duration::ZERO);
        }
        self.judged.close();
    }
}

struct Parser {
    queue: Arc<Queue>,
    documents: Arc<Mutex<Documents>>,
}

impl Parser {
    fn run(&self) {
        while let Some(snapshot) = self.queue.take() {
            let Some(language) = snapshot.language else { continue };
            let mut superseded = || self.queue.supersedes(&snapshot.id);
            let parsed = Tree::parse(&snapshot.text, language, snapshot.tree.as_ref(), &mut superseded);
            // Too large: the document goes without a tree. Superseded: the newer snapshot is next.
            if let Ok(tree) = parsed {
                let unneeded = self.documents.lock().set_tree(&snapshot.id, snapshot.version, tree);
                drop(unneeded);
            }
        }
    }
}

impl Rules {
    fn level(&self, path: Option<&Path>) -> Level {
        let Some(path) = path else { return Level::Local(Kept::Nameless) };
        let root = self.folders.iter().find(|folder| path.starts_with(folder));
        self.privacy.level(root.map(PathBuf::as_path), path)
    }
}

/// Names and ignore files are judged once, the content at every change: a key may be pasted at any time.
fn judge(snapshot: &Snapshot, rules: &Rules) -> Clearance {
    let by_path = match &snapshot.clearance {
        // What the path allows is not known any more once a secret was found.
        Clearance::Pending | Clearance::Denied(Denied::Secret { .. }) => rules.level(snapshot.path.as_deref()).into(),
        judged => judged.clone(),
    };
    let clearance = match by_path {
        Clearance::Denied(denied) => Clearance::Denied(denied),
        allowed => {
            let content = rules.privacy.content(&snapshot.text.slice(0..snapshot.text.len()));
            content.map_or_else(Clearance::Denied, |()| allowed)
        }
    };
    if let (Clearance::Pending, Clearance::Denied(denied)) = (&snapshot.clearance, &clearance) {
        tracing::info!("no suggestions in {}: {denied}", snapshot.id.0);
    }
    clearance
}
