//! What happened, on this machine alone: suggestions shown and what became of them, latencies, totals, money spent.
//!
//! Counts and features, never text: names are `&'static str` or the last part of a folder's path, the rest is numbers,
//! so a document's text has no way in. One SQLite file for all servers of a user, written in batches on a thread of
//! its own: [`Ledger::record`] never waits, and what cannot be written is lost, never a suggestion. The same thread
//! lets `restraint` learn, in the transaction that writes the outcome, so that every server learns from all. Read
//! `ledger/schema.rs` for what is kept, `ledger/report.rs` for what is made of it. Money does not go through that
//! thread: whether a request may be sent must be known before, see `ledger/till.rs`. Must not know the server.

pub mod agents;
mod calendar;
mod costs;
mod histogram;
mod metrics;
pub mod money;
mod names;
pub mod otlp;
pub mod prices;
mod report;
mod requests;
mod schema;
mod store;
mod till;
mod writer;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use etcetera::BaseStrategy;
use parking_lot::Mutex;

use crate::predictor::outcome::Ended;
use crate::predictor::restraint::{Features, Restraint};
use writer::{Message, Writer};

pub use costs::{AgentCosts, BudgetState, Costs, Expense};
pub use histogram::MAX_ERROR as LATENCY_ERROR;
pub use report::{Latency, Learned, Report, Tally};
pub use requests::FREED_AFTER_MS;
pub use schema::KEPT_DAYS;
pub use till::Till;

/// The environment variable that names another file; empty, it switches the ledger off.
pub const FILE_VARIABLE: &str = "FORETYPE_LEDGER";

/// Names of [`Totals`] that `stats` explains; any other is kept and shown as it is.
pub mod totals {
    pub const REQUESTS: &str = "requests";
    /// Requests that ended without an answer, because a newer one came.
    pub const SUPERSEDED: &str = "superseded";
    /// Decoded by a model for questions that were ended before they were answered.
    pub const WASTED_TOKENS: &str = "wasted_tokens";
    /// Seconds that models worked for such questions.
    pub const WASTED_SECONDS: &str = "wasted_seconds";
}

/// Records that may wait. Nobody types so fast that the writer falls back further, unless the file is locked.
const MAX_WAITING: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub enabled: bool,
}

/// A handle; clones share it. The file is opened, and all is written, on the ledger's thread.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    /// Absent when it is off, or the thread could not start.
    records: Option<SyncSender<Message>>,
    restraint: Arc<Mutex<Restraint>>,
    n_lost: Arc<AtomicU64>,
}

/// Names this server among those that write into the file; with a request's number it names a suggestion, and later
/// what that cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Session(i64);

/// Milliseconds since 1970, UTC.
pub type UnixMs = i64;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A request was answered with a suggestion, after this time.
    Answered {
        source: &'static str,
        latency: Duration,
    },
    /// A suggestion that was not on the screen before.
    Shown(Shown),
    /// What became of it.
    Ended {
        request: u64,
        ended: Ended,
    },
    /// How much of it is there [`crate::predictor::outcome::KEPT_AFTER`] the accept, 0 to 1.
    Kept {
        request: u64,
        share: f32,
    },
    Totals(Totals),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Unique within the process.
    pub request: u64,
    pub workspace: Option<WorkspaceName>,
    /// The protocol's identifier.
    pub language: Option<&'static str>,
    /// The way on which it came: `cache`, `adopted`, or the engine.
    pub source: &'static str,
    /// Who made it.
    pub engine: &'static str,
    pub features: Features,
    /// The chance of acceptance, as estimated.
    pub estimate: f32,
}

/// The last part of a workspace's folder, and no more of its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceName(Arc<str>);

/// Counters to be added to the day's; see [`totals`] for names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals(pub BTreeMap<&'static str, f64>);

impl Ledger {
    /// Writes into this file, which need not be there. `notice` is told, once each, what the user should know.
    pub fn open(path: &Path, notice: impl Fn(String) + Send + 'static) -> Ledger {
        let (records, inbox) = sync_channel(MAX_WAITING);
        let (restraint, n_lost) = (Arc::<Mutex<Restraint>>::default(), Arc::<AtomicU64>::default());
        let writer = Writer::new(path, Session::new(), restraint.clone(), n_lost.clone(), Box::new(notice));
        let thread = std::thread::Builder::new().name("ledger".to_string()).spawn(move || writer.run(inbox));
        Ledger(Arc::new(Shared { records: thread.is_ok().then_some(records), restraint, n_lost }))
    }

    /// Keeps nothing and learns nothing.
    pub fn off() -> Ledger {
        Ledger(Arc::new(Shared { records: None, restraint: Arc::default(), n_lost: Arc::default() }))
    }

    /// Never waits: where there is no room, the record is lost.
    pub fn record(&self, event: Event) {
        self.record_at(event, unix_ms());
    }

    /// As [`Ledger::record`], of another time.
    pub fn record_at(&self, event: Event, at: UnixMs) {
        let Some(records) = &self.0.records else { return };
        if records.try_send(Message::Record(at, event)).is_err() {
            self.0.n_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// As learned up to now, by all servers of this user.
    pub fn restraint(&self) -> Restraint {
        self.0.restraint.lock().clone()
    }

    /// Forgets what `restraint` has learned. The records stay.
    pub fn reset_learning(&self) {
        if let Some(records) = &self.0.records {
            let _ = records.try_send(Message::Reset);
        }
    }

    /// Waits until all that was recorded so far is written, or lost; false when that took longer.
    pub fn flush(&self, within: Duration) -> bool {
        let Some(records) = &self.0.records else { return true };
        let (done, is_done) = channel();
        records.try_send(Message::Flush(done)).is_ok() && is_done.recv_timeout(within).is_ok()
    }

    /// Records that could not be written.
    pub fn n_lost(&self) -> u64 {
        self.0.n_lost.load(Ordering::Relaxed)
    }
}

impl Session {
    fn new() -> Session {
        // The hasher's keys are random; no other source of chance is at hand.
        let random = RandomState::new().hash_one(unix_ms());
        Session((random >> 1) as i64)
    }
}

impl WorkspaceName {
    pub fn of(folder: &Path) -> Option<WorkspaceName> {
        Some(WorkspaceName(folder.file_name()?.to_string_lossy().into()))
    }
}

impl Totals {
    pub fn one(name: &'static str) -> Totals {
        Totals(BTreeMap::from([(name, 1.0)]))
    }
}

/// The user's file: `$FORETYPE_LEDGER`, or one in the folder for state (where there is none, for data). `None` when it
/// is switched off, or there is no home.
pub fn usual_file() -> Option<PathBuf> {
    match std::env::var_os(FILE_VARIABLE) {
        Some(path) => (!path.is_empty()).then(|| PathBuf::from(path)),
        None => {
            let folders = etcetera::choose_base_strategy().ok()?;
            let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
            Some(folder.join("foretype").join("ledger.sqlite"))
        }
    }
}

/// What the file says of the last days, today included; `None` without a file.
pub fn report(path: &Path, n_days: u32) -> anyhow::Result<Option<Report>> {
    report::read(path, n_days, unix_ms())
}

/// What the file says of requests to providers in the last days, today included, and of the budgets; `None` without a
/// file.
pub fn costs(path: &Path, n_days: u32, options: &money::Options) -> anyhow::Result<Option<Costs>> {
    costs::read(path, n_days, options, unix_ms())
}

/// Requests to providers as counters in Prometheus' text format, version 0.0.4, since the file was begun and of all
/// servers of the user; families without samples without a file.
pub fn metrics(path: &Path) -> anyhow::Result<String> {
    metrics::text(path)
}

/// Forgets what `restraint` has learned; false without a file. The records stay.
pub fn reset_learning(path: &Path) -> anyhow::Result<bool> {
    let Some(mut store) = store::Store::existing(path)? else { return Ok(false) };
    store.reset_learning(unix_ms())?;
    Ok(true)
}

fn unix_ms() -> UnixMs {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as UnixMs)
}
