//! What agents cost: a request a row as our meter saw it, or what an agent says of itself, which is marked as such.
//!
//! Costs of agents have budgets of their own and do not count for those of completions: a long hand-off must not take
//! the models away from whoever types.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::money::MicroUsd;
use super::schema::{self, Opened, Patience};
use super::store::day;
use super::{UnixMs, unix_ms};

/// One request, or all that an agent says of one hand-off (number 0).
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub hand_off: String,
    /// Within the hand-off; what was written under it before is replaced.
    pub number: u64,
    pub at: UnixMs,
    pub agent: String,
    /// Empty where there was none.
    pub skill: String,
    /// The folder's name.
    pub workspace: String,
    pub model: String,
    pub outcome: Outcome,
    /// The provider has counted.
    pub is_exact: bool,
    pub n_requests: u64,
    pub input: u64,
    pub cached: u64,
    pub output: u64,
    pub latency: Duration,
    /// Absent where the price is not known.
    pub cost: Option<MicroUsd>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    #[default]
    Done,
    Cancelled,
    Failed,
}

/// Writes on a thread of its own, begun with it. Dropped, it waits for what is still to be written.
pub struct Book {
    path: PathBuf,
    entries: Option<Sender<Entry>>,
    /// Costs that are not yet written.
    pending: Arc<AtomicI64>,
    thread: Option<JoinHandle<()>>,
}

impl Book {
    /// Makes the file with the first entry. `notice` is told, once, that something could not be written.
    pub fn open(path: &Path, notice: impl Fn(String) + Send + 'static) -> Book {
        let (entries, inbox) = channel();
        let pending = Arc::<AtomicI64>::default();
        let (to, left) = (path.to_path_buf(), pending.clone());
        let write = move || keep(&to, inbox, &left, notice);
        let thread = std::thread::Builder::new().name("agents' costs".to_string()).spawn(write).ok();
        Book { path: path.to_path_buf(), entries: Some(entries), pending, thread }
    }

    /// Never waits.
    pub fn record(&self, entry: Entry) {
        if let Some(entries) = &self.entries {
            self.pending.fetch_add(entry.cost.unwrap_or_default(), Ordering::Relaxed);
            let _ = entries.send(entry);
        }
    }

    /// By all agents of the user's, today (UTC).
    pub async fn spent_today(&self) -> anyhow::Result<MicroUsd> {
        let path = self.path.clone();
        let pending = self.pending.clone();
        tokio::task::spawn_blocking(move || {
            let Opened { connection, .. } = schema::open(&path, unix_ms(), Patience::OWN_THREAD)?;
            // Before the file: what is written in between counts twice, and not never.
            let pending = pending.load(Ordering::Relaxed);
            let sql = "SELECT coalesce(sum(cost_micro_usd), 0) FROM agent_request WHERE day = ?1";
            let written: MicroUsd = connection.query_row(sql, [day(unix_ms())], |row| row.get(0))?;
            Ok(written + pending)
        })
        .await?
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep(path: &Path, inbox: Receiver<Entry>, pending: &AtomicI64, notice: impl Fn(String)) {
    let mut connection: Option<Connection> = None;
    let mut is_told = false;
    for entry in inbox {
        let done = write(path, &mut connection, &entry);
        pending.fetch_sub(entry.cost.unwrap_or_default(), Ordering::Relaxed);
        if let Err(error) = done
            && !std::mem::replace(&mut is_told, true)
        {
            notice(format!("{}: what agents cost is not counted: {error:#}", path.display()));
        }
    }
}

fn write(path: &Path, kept: &mut Option<Connection>, entry: &Entry) -> anyhow::Result<()> {
    let connection = match kept.take() {
        Some(connection) => connection,
        None => schema::open(path, unix_ms(), Patience::OWN_THREAD)?.connection,
    };
    let counted = match (entry.number, entry.is_exact) {
        (0, _) => "agent",
        (_, true) => "provider",
        (_, false) => "us",
    };
    let ended = match entry.outcome {
        Outcome::Done => "done",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed => "failed",
    };
    connection.execute(
        "INSERT OR REPLACE INTO agent_request VALUES
            (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        params![
            entry.hand_off,
            entry.number as i64,
            entry.at,
            day(entry.at),
            entry.agent,
            entry.skill,
            entry.workspace,
            entry.model,
            ended,
            counted,
            entry.n_requests as i64,
            i64::from(entry.cost.is_none()),
            entry.input as i64,
            entry.cached.min(entry.input) as i64,
            entry.output as i64,
            entry.latency.as_millis() as i64,
            entry.cost.unwrap_or_default(),
        ],
    )?;
    *kept = Some(connection);
    Ok(())
}

/// Replaces the requests of days before that by their sums.
pub fn fold(transaction: &Transaction, first_kept: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO agent_request SELECT '',
            row_number() OVER () + (SELECT coalesce(max(number), 0) FROM agent_request WHERE handoff = ''),
            min(at), day, agent_name, skill, workspace, request_model, ended, counted, sum(n), sum(n_unpriced),
            sum(input_tokens), sum(cache_read_input_tokens), sum(output_tokens), sum(latency_ms), sum(cost_micro_usd)
         FROM agent_request WHERE day < ?1 AND handoff != ''
         GROUP BY day, agent_name, skill, workspace, request_model, ended, counted",
        [first_kept],
    )?;
    transaction.execute("DELETE FROM agent_request WHERE day < ?1 AND handoff != ''", [first_kept])?;
    Ok(())
}
