//! The open file: records in, one transaction a batch, and what was learned from them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::schema::{self, KEPT_DAYS, Opened, Patience};
use super::{Event, Session, Shown, UnixMs, agents, histogram, names, requests};
use crate::predictor::outcome::Ended;
use crate::predictor::restraint::{self, Features, Maker, Restraint};

pub const MS_A_DAY: i64 = 86_400_000;

pub struct Store {
    pub connection: Connection,
    pub path: PathBuf,
}

/// What was learned, and from outcomes since when.
struct Learning {
    restraint: Restraint,
    since: UnixMs,
    has_changed: bool,
}

/// Days since 1970, UTC.
pub fn day(at: UnixMs) -> i64 {
    at.div_euclid(MS_A_DAY)
}

impl Store {
    /// Makes the file where there is none. With it comes a sentence for the user, if something was odd.
    pub fn open(path: &Path, now: UnixMs) -> anyhow::Result<(Store, Option<String>)> {
        let Opened { connection, path, notice } = schema::open(path, now, Patience::OWN_THREAD)?;
        Ok((Store { connection, path }, notice))
    }

    /// `None` without a file.
    pub fn existing(path: &Path) -> anyhow::Result<Option<Store>> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Store::open(path, super::unix_ms())?.0))
    }

    /// Writes all or nothing; returns what has been learned by then.
    pub fn write(&mut self, session: Session, batch: &[(UnixMs, Event)]) -> rusqlite::Result<Restraint> {
        // Immediate: what is read to learn from must not change before it is written.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut learning = Learning::read(&transaction)?;
        for (at, event) in batch {
            insert(&transaction, session, *at, event, &mut learning)?;
        }
        learning.write(&transaction)?;
        transaction.commit()?;
        Ok(learning.restraint)
    }

    /// Replaces the suggestions and requests of days long past by their sums.
    pub fn fold(&mut self, now: UnixMs) -> rusqlite::Result<()> {
        let first_kept = day(now) - KEPT_DAYS;
        let is_old = "SELECT EXISTS (SELECT 1 FROM suggestion WHERE day < ?1)
            OR EXISTS (SELECT 1 FROM remote_request WHERE day < ?1)
            OR EXISTS (SELECT 1 FROM agent_request WHERE day < ?1 AND handoff != '')";
        if !self.connection.query_row(is_old, [first_kept], |row| row.get::<_, bool>(0))? {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO daily SELECT day, workspace, language, source, engine, sum(n_shown), sum(n_accepted),
                sum(n_partial), sum(n_typed_through), sum(n_rejected), sum(n_ignored), sum(n_unseen), sum(chars_saved),
                sum(n_looked_for), sum(n_kept), sum(share_kept)
             FROM single WHERE day < ?1 GROUP BY day, workspace, language, source, engine",
            [first_kept],
        )?;
        transaction.execute("DELETE FROM suggestion WHERE day < ?1", [first_kept])?;
        requests::fold(&transaction, first_kept)?;
        agents::fold(&transaction, first_kept)?;
        transaction.commit()
    }

    pub fn restraint(&mut self) -> rusqlite::Result<Restraint> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let learning = Learning::read(&transaction)?;
        learning.write(&transaction)?;
        transaction.commit()?;
        Ok(learning.restraint)
    }

    /// Begins anew, with what happens from `now` on.
    pub fn reset_learning(&mut self, now: UnixMs) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Learning { restraint: Restraint::default(), since: now, has_changed: true }.write(&transaction)?;
        transaction.commit()
    }
}

fn insert(
    transaction: &Transaction,
    session: Session,
    at: UnixMs,
    event: &Event,
    learning: &mut Learning,
) -> rusqlite::Result<()> {
    match event {
        Event::Answered { source, latency } => {
            let bucket = histogram::bucket(latency.as_micros() as u64);
            let sql = "INSERT INTO latency VALUES (?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET n = n + 1";
            transaction.execute(sql, params![day(at), source, bucket])?;
        }
        Event::Shown(shown) => insert_shown(transaction, session, at, shown)?,
        Event::Ended { request, ended } => {
            if let Some(features) = insert_ended(transaction, session, at, *request, ended)? {
                learning.learn(&features, ended);
            }
        }
        Event::Kept { request, share } => {
            let sql = "UPDATE suggestion SET kept = ?3 WHERE session = ?1 AND request = ?2";
            transaction.execute(sql, params![session.0, *request as i64, finite(*share)])?;
        }
        Event::Totals(totals) => {
            let sql = "INSERT INTO total VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n";
            for (name, n) in totals.0.iter().filter(|(_, n)| n.is_finite()) {
                transaction.execute(sql, params![day(at), name, n])?;
            }
        }
    }
    Ok(())
}

fn insert_shown(transaction: &Transaction, session: Session, at: UnixMs, shown: &Shown) -> rusqlite::Result<()> {
    let features = &shown.features;
    // A request's number that comes twice is a mistake of ours; the first record stands.
    let sql =
        "INSERT OR IGNORE INTO suggestion (session, request, at, day, workspace, language, source, engine, chance,
            estimate, n_chars, n_lines, place, at_line_end, in_word, n_rejections, acceptance)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let workspace = shown.workspace.as_ref().map_or("", |name| &name.0);
    let language = shown.language.unwrap_or_default();
    transaction.execute(
        sql,
        params![
            session.0,
            shown.request as i64,
            at,
            day(at),
            workspace,
            language,
            shown.source,
            shown.engine,
            finite(features.chance),
            finite(shown.estimate),
            features.n_chars as i64,
            features.n_lines as i64,
            names::of_place(features.place),
            features.at_line_end,
            features.in_word,
            features.n_rejections,
            features.acceptance.map(finite),
        ],
    )?;
    Ok(())
}

/// SQLite takes what is not a number for nothing, which no such column may hold.
fn finite(number: f32) -> f64 {
    if number.is_finite() { f64::from(number) } else { 0.0 }
}

/// The features of the suggestion that has ended; `None` where it is not known, or had ended before.
fn insert_ended(
    transaction: &Transaction,
    session: Session,
    at: UnixMs,
    request: u64,
    ended: &Ended,
) -> rusqlite::Result<Option<Features>> {
    let sql = "UPDATE suggestion SET ended = ?3, ending = ?4, n_taken = ?5, n_typed = ?6, visible_ms = ?7
        WHERE session = ?1 AND request = ?2 AND ending IS NULL
        RETURNING engine, chance, n_chars, n_lines, place, at_line_end, in_word, n_rejections, acceptance";
    let (n_taken, n_typed) = (ended.n_taken as i64, ended.n_typed as i64);
    let (name, visible_ms) = (names::of_end(ended.end), ended.visible.as_millis() as i64);
    let values = params![session.0, request as i64, at, name, n_taken, n_typed, visible_ms];
    transaction.query_row(sql, values, features).optional()
}

/// From the columns `engine` to `acceptance`.
fn features(row: &Row) -> rusqlite::Result<Features> {
    Ok(Features {
        maker: Maker::of(&row.get::<_, String>(0)?),
        chance: row.get(1)?,
        n_chars: row.get::<_, i64>(2)? as usize,
        n_lines: row.get::<_, i64>(3)? as usize,
        place: names::to_place(&row.get::<_, String>(4)?),
        at_line_end: row.get(5)?,
        in_word: row.get(6)?,
        n_rejections: row.get(7)?,
        acceptance: row.get(8)?,
    })
}

impl Learning {
    /// As it was left; learned anew from the records where it was left by another version.
    fn read(transaction: &Transaction) -> rusqlite::Result<Learning> {
        let columns = |row: &Row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?));
        let left = transaction.query_row("SELECT version, since, state FROM restraint", [], columns).optional()?;
        let Some((version, since, state)) = left else { return Learning::anew(transaction, 0) };
        match Restraint::from_json(&state).filter(|_| version == restraint::VERSION) {
            Some(restraint) => Ok(Learning { restraint, since, has_changed: false }),
            None => Learning::anew(transaction, since),
        }
    }

    fn anew(transaction: &Transaction, since: UnixMs) -> rusqlite::Result<Learning> {
        let mut learning = Learning { restraint: Restraint::default(), since, has_changed: true };
        let mut statement = transaction.prepare(
            "SELECT engine, chance, n_chars, n_lines, place, at_line_end, in_word, n_rejections, acceptance,
                ending, n_taken, n_typed, visible_ms
             FROM suggestion WHERE ended >= ?1 ORDER BY ended, session, request",
        )?;
        let mut rows = statement.query([since])?;
        while let Some(row) = rows.next()? {
            let Some(end) = names::to_end(&row.get::<_, String>(9)?) else { continue };
            let count = |column| Ok::<_, rusqlite::Error>(row.get::<_, i64>(column)?.max(0) as usize);
            let visible = Duration::from_millis(count(12)? as u64);
            learning.learn(&features(row)?, &Ended { end, n_taken: count(10)?, n_typed: count(11)?, visible });
        }
        Ok(learning)
    }

    fn learn(&mut self, features: &Features, ended: &Ended) {
        if let Some(taken) = ended.taken(features.n_chars) {
            self.restraint.learn(features, taken);
            self.has_changed = true;
        }
    }

    fn write(&self, transaction: &Transaction) -> rusqlite::Result<()> {
        if self.has_changed {
            let sql = "INSERT OR REPLACE INTO restraint VALUES (1, ?1, ?2, ?3)";
            transaction.execute(sql, params![restraint::VERSION, self.since, self.restraint.to_json()])?;
        }
        Ok(())
    }
}
