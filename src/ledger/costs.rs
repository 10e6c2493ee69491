//! What requests to providers add up to, for `foretype stats --cost`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};
use serde::Serialize;

use super::money::{Limit, MicroUsd, Options, to_usd};
use super::requests::{self, Standing};
use super::store::{Store, day};
use super::{UnixMs, calendar, prices};

/// All of it; what `foretype stats --cost --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Costs {
    pub file: PathBuf,
    /// Days (UTC) counted back from today, which is one of them.
    pub n_days: u32,
    /// ISO 4217; of all amounts.
    pub currency: &'static str,
    /// Of the built-in table of prices: year and month.
    pub prices_dated: &'static str,
    pub all: Expense,
    /// By date, such as `2026-11-26`.
    pub days: BTreeMap<String, Expense>,
    pub providers: BTreeMap<String, Expense>,
    pub models: BTreeMap<String, Expense>,
    /// By the protocol's identifier; empty for what is of no known language.
    pub languages: BTreeMap<String, Expense>,
    /// By the folder's name; empty for what is of none.
    pub workspaces: BTreeMap<String, Expense>,
    /// Requests by how they ended: `done`, `cancelled`, or why they failed. `open` are under way, or of a server that
    /// ended before they did.
    pub endings: BTreeMap<String, u64>,
    pub budgets: Vec<BudgetState>,
    /// What was handed over to agents; in no sum above.
    pub agents: AgentCosts,
}

/// Requests of agents, and what they took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AgentCosts {
    pub all: Expense,
    pub days: BTreeMap<String, Expense>,
    pub agents: BTreeMap<String, Expense>,
    /// Empty for what was handed over without one.
    pub skills: BTreeMap<String, Expense>,
    pub workspaces: BTreeMap<String, Expense>,
    pub models: BTreeMap<String, Expense>,
}

/// Requests, and what they took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Expense {
    pub requests: u64,
    pub input_tokens: u64,
    /// Of these, from the provider's cache.
    pub cached_input_tokens: u64,
    pub output_tokens: u64,
    /// Of requests whose price is known; absent where none is.
    pub cost: Option<f64>,
    /// Requests that have ended and whose price is not known.
    pub unpriced: u64,
    /// Requests whose tokens we have counted; the others' providers have.
    pub counted_by_us: u64,
}

/// One limit of the settings, in the period of today.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BudgetState {
    /// Empty for all together.
    pub provider: String,
    /// `day` or `month`, in UTC.
    pub period: &'static str,
    pub amount: f64,
    pub spent: f64,
    /// Set aside for requests under way.
    pub reserved: f64,
}

/// `None` without a file.
pub fn read(path: &Path, n_days: u32, options: &Options, now: UnixMs) -> anyhow::Result<Option<Costs>> {
    let Some(store) = Store::existing(path)? else { return Ok(None) };
    let (connection, first) = (&store.connection, day(now) - i64::from(n_days) + 1);
    let standings = options.all_limits().map(|limit| {
        let standing = requests::standing(connection, &limit, now)?;
        Ok(BudgetState::of(&limit, standing))
    });
    let remote = |by| expenses::<String>(connection, "remote_tally", by, first);
    let agents = |by| expenses::<String>(connection, "agent_request", by, first);
    Ok(Some(Costs {
        n_days,
        currency: "USD",
        prices_dated: prices::TABLE_DATE,
        all: remote("''")?.into_values().next().unwrap_or_default(),
        days: by_date(connection, "remote_tally", first)?,
        providers: remote("provider_name")?,
        models: remote("request_model")?,
        languages: remote("language")?,
        workspaces: remote("workspace")?,
        agents: AgentCosts {
            all: agents("''")?.into_values().next().unwrap_or_default(),
            days: by_date(connection, "agent_request", first)?,
            agents: agents("agent_name")?,
            skills: agents("skill")?,
            workspaces: agents("workspace")?,
            models: agents("request_model")?,
        },
        endings: endings(connection, first)?,
        budgets: standings.collect::<rusqlite::Result<_>>()?,
        file: store.path,
    }))
}

fn by_date(connection: &Connection, of: &'static str, first: i64) -> rusqlite::Result<BTreeMap<String, Expense>> {
    let by_day: BTreeMap<i64, Expense> = expenses(connection, of, "day", first)?;
    Ok(by_day.into_iter().map(|(day, expense)| (calendar::date(day), expense)).collect())
}

/// `of` and `by` are a table and a column of ours, never what somebody else wrote.
fn expenses<K: Ord + rusqlite::types::FromSql>(
    connection: &Connection,
    of: &'static str,
    by: &'static str,
    first: i64,
) -> rusqlite::Result<BTreeMap<K, Expense>> {
    let sql = format!(
        "SELECT {by}, sum(n), sum(input_tokens), sum(cache_read_input_tokens), sum(output_tokens), sum(cost_micro_usd),
            sum(n_unpriced), sum(n) FILTER (WHERE ended = 'open'),
            sum(n) FILTER (WHERE ended != 'open' AND counted != 'provider')
         FROM {of} WHERE day >= ?1 GROUP BY 1"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([first], |row| Ok((row.get(0)?, Expense::read(row)?)))?;
    rows.collect()
}

fn endings(connection: &Connection, first: i64) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut statement = connection.prepare("SELECT ended, sum(n) FROM remote_tally WHERE day >= ?1 GROUP BY ended")?;
    let rows = statement.query_map([first], |row| Ok((row.get(0)?, count(row, 1)?)))?;
    rows.collect()
}

/// A sum of counts.
pub fn count(row: &Row, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(column)?.unwrap_or_default().max(0) as u64)
}

impl Costs {
    /// No request was made in these days.
    pub fn is_empty(&self) -> bool {
        self.all == Expense::default() && self.agents.all == Expense::default()
    }
}

impl Expense {
    /// From the columns after the first.
    fn read(row: &Row) -> rusqlite::Result<Expense> {
        let (requests, unpriced, open) = (count(row, 1)?, count(row, 6)?, count(row, 7)?);
        let cost: MicroUsd = row.get(5)?;
        Ok(Expense {
            requests,
            input_tokens: count(row, 2)?,
            cached_input_tokens: count(row, 3)?,
            output_tokens: count(row, 4)?,
            cost: (requests > unpriced + open).then(|| to_usd(cost)),
            unpriced,
            counted_by_us: count(row, 8)?,
        })
    }
}

impl BudgetState {
    fn of(limit: &Limit, Standing { spent, reserved }: Standing) -> BudgetState {
        BudgetState {
            provider: limit.provider.to_string(),
            period: limit.period.name(),
            amount: to_usd(limit.amount),
            spent: to_usd(spent),
            reserved: to_usd(reserved),
        }
    }
}
