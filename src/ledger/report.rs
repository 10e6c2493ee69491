//! What the records of some days add up to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};
use serde::Serialize;

use super::UnixMs;
use super::histogram::percentile_ms;
use super::store::{Store, day};

/// All of it; what `foretype stats --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub file: PathBuf,
    /// Days counted back from today, which is one of them.
    pub n_days: u32,
    pub all: Tally,
    /// By the protocol's identifier; empty for what is of no known language.
    pub languages: BTreeMap<String, Tally>,
    pub sources: BTreeMap<String, Tally>,
    pub engines: BTreeMap<String, Tally>,
    /// From the request to the answer, by source.
    pub latencies: BTreeMap<String, Latency>,
    pub totals: BTreeMap<String, f64>,
    pub learned: Learned,
}

/// Suggestions, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    pub shown: u64,
    /// Whole, by a command or at once.
    pub accepted: u64,
    /// In part, by a command or at once.
    pub partially_accepted: u64,
    /// To the end, by hand.
    pub typed_through: u64,
    pub rejected: u64,
    pub ignored: u64,
    /// Gone before they could be read.
    pub unseen: u64,
    /// Accepted and not typed.
    pub chars_saved: u64,
    /// Accepted ones that were looked for 30 seconds later, and how many were there.
    pub looked_for: u64,
    pub kept: u64,
    /// The mean share of their text that was there; absent where none was looked for.
    pub kept_share: Option<f64>,
    /// Accepted, whole or in part, of those that could be read; absent where there were none.
    pub acceptance: Option<f64>,
}

/// Milliseconds, each within [`super::LATENCY_ERROR`] of the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latency {
    pub n: u64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

/// What restraint knows of this user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learned {
    pub outcomes: u64,
    /// What multiplies the odds of acceptance, and by how much; the strongest first.
    pub odds: Vec<(String, f32)>,
}

pub fn read(path: &Path, n_days: u32, now: UnixMs) -> anyhow::Result<Option<Report>> {
    let Some(mut store) = Store::existing(path)? else { return Ok(None) };
    let first = day(now) - i64::from(n_days) + 1;
    let restraint = store.restraint()?;
    let odds = restraint.learned().into_iter().map(|(what, by)| (what.to_string(), by)).collect();
    let connection = &store.connection;
    Ok(Some(Report {
        n_days,
        all: tallies(connection, "''", first)?.into_values().next().unwrap_or_default(),
        languages: tallies(connection, "language", first)?,
        sources: tallies(connection, "source", first)?,
        engines: tallies(connection, "engine", first)?,
        latencies: latencies(connection, first)?,
        totals: totals(connection, first)?,
        learned: Learned { outcomes: restraint.n_outcomes(), odds },
        file: store.path,
    }))
}

/// `by` is a column of ours, never what somebody else wrote.
fn tallies(connection: &Connection, by: &'static str, first: i64) -> rusqlite::Result<BTreeMap<String, Tally>> {
    let sql = format!(
        "SELECT {by}, sum(n_shown), sum(n_accepted), sum(n_partial), sum(n_typed_through), sum(n_rejected),
            sum(n_ignored), sum(n_unseen), sum(chars_saved), sum(n_looked_for), sum(n_kept), sum(share_kept)
         FROM tally WHERE day >= ?1 GROUP BY 1"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([first], |row| Ok((row.get(0)?, Tally::read(row)?)))?;
    rows.collect()
}

fn latencies(connection: &Connection, first: i64) -> rusqlite::Result<BTreeMap<String, Latency>> {
    let sql = "SELECT source, bucket, sum(n) FROM latency WHERE day >= ?1 GROUP BY source, bucket ORDER BY bucket";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([first])?;
    let mut counts: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        counts.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
    }
    Ok(counts.into_iter().filter_map(|(source, counts)| Some((source, Latency::of(&counts)?))).collect())
}

fn totals(connection: &Connection, first: i64) -> rusqlite::Result<BTreeMap<String, f64>> {
    let mut statement = connection.prepare("SELECT name, sum(n) FROM total WHERE day >= ?1 GROUP BY name")?;
    let rows = statement.query_map([first], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

impl Report {
    /// Nothing happened in these days.
    pub fn is_empty(&self) -> bool {
        self.all == Tally::default() && self.latencies.is_empty() && self.totals.is_empty()
    }
}

impl Tally {
    /// From the columns after the first.
    fn read(row: &Row) -> rusqlite::Result<Tally> {
        let count = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.max(0) as u64);
        let mut tally = Tally {
            shown: count(1)?,
            accepted: count(2)?,
            partially_accepted: count(3)?,
            typed_through: count(4)?,
            rejected: count(5)?,
            ignored: count(6)?,
            unseen: count(7)?,
            chars_saved: count(8)?,
            looked_for: count(9)?,
            kept: count(10)?,
            ..Tally::default()
        };
        let share = |part: f64, whole: u64| (whole > 0).then(|| part / whole as f64);
        tally.kept_share = share(row.get(11)?, tally.looked_for);
        tally.acceptance = share((tally.accepted + tally.partially_accepted) as f64, tally.read_by_user());
        Ok(tally)
    }

    /// Those whose end is known and that could be read.
    pub fn read_by_user(&self) -> u64 {
        self.accepted + self.partially_accepted + self.typed_through + self.rejected + self.ignored
    }
}

impl Latency {
    fn of(counts: &[(i64, i64)]) -> Option<Latency> {
        Some(Latency {
            n: counts.iter().map(|(_, n)| *n as u64).sum(),
            p50_ms: percentile_ms(counts, 0.50)?,
            p95_ms: percentile_ms(counts, 0.95)?,
            p99_ms: percentile_ms(counts, 0.99)?,
        })
    }
}
