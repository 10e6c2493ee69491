//! Requests to providers in the file: reserved, settled, summed, folded. All within a transaction of the caller.

use rusqlite::{Connection, Transaction, params};

use super::money::{Limit, MicroUsd};
use super::prices::Price;
use super::store::day;
use super::{Session, UnixMs, names};
use crate::engine::purse::Used;

/// After this, a reservation that was not settled is of a process that has ended: it counts no more. No request is
/// waited for so long.
pub const FREED_AFTER_MS: UnixMs = 120_000;

/// Of a budget, when the user is warned.
const WARNED_AT_PERCENT: i64 = 80;

/// A request, from its reservation on.
#[derive(Clone, Debug)]
pub struct Request {
    pub receipt: i64,
    pub at: UnixMs,
    pub provider: String,
    pub model: String,
    pub language: &'static str,
    pub workspace: String,
    /// As it was then: settings may change while it runs.
    pub price: Option<Price>,
    pub reserved: MicroUsd,
}

/// Where a budget stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub spent: MicroUsd,
    /// Set aside for requests under way.
    pub reserved: MicroUsd,
}

/// What came of a reservation.
pub enum Reserved<'a> {
    Granted,
    Refused {
        limit: Limit<'a>,
        standing: Standing,
        /// For the first time in this period, and not because of what others have under way.
        is_news: bool,
    },
}

/// A budget of which the user has to be told that it is nearly used up.
pub struct Warned<'a> {
    pub limit: Limit<'a>,
    pub spent: MicroUsd,
}

/// Sets aside what the request can cost, if that is within all limits.
pub fn reserve<'a>(
    transaction: &Transaction,
    session: Session,
    request: &Request,
    limits: impl Iterator<Item = Limit<'a>>,
) -> rusqlite::Result<Reserved<'a>> {
    let today = day(request.at);
    for limit in limits {
        let standing = standing(transaction, &limit, request.at)?;
        let own = standing.spent.saturating_add(request.reserved);
        if own.saturating_add(standing.reserved) > limit.amount {
            let is_news = own > limit.amount && is_first_telling(transaction, &limit, today, 100)?;
            return Ok(Reserved::Refused { limit, standing, is_news });
        }
    }
    let sql =
        "INSERT INTO remote_request (session, receipt, at, day, provider_name, request_model, language, workspace,
            reserved_micro_usd, ended)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'open')";
    let Request { receipt, at, provider, model, language, workspace, reserved, .. } = request;
    transaction.execute(sql, params![session.0, receipt, at, today, provider, model, language, workspace, reserved])?;
    Ok(Reserved::Granted)
}

/// Replaces the reservation, whether it could be written or not, by the cost.
pub fn settle<'a>(
    transaction: &Transaction,
    session: Session,
    request: &Request,
    used: &Used,
    limits: impl Iterator<Item = Limit<'a>>,
) -> rusqlite::Result<Vec<Warned<'a>>> {
    let today = day(request.at);
    let cost = request.price.map(|price| price.cost(used.n_prompt, used.n_cached, used.n_said));
    let sql = "INSERT OR REPLACE INTO remote_request VALUES
        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    transaction.execute(
        sql,
        params![
            session.0,
            request.receipt,
            request.at,
            today,
            request.provider,
            request.model,
            request.language,
            request.workspace,
            request.reserved,
            names::of_ended(used.ended),
            used.n_prompt as i64,
            used.n_cached.min(used.n_prompt) as i64,
            used.n_said as i64,
            names::of_counted(used.counted),
            used.latency.as_millis() as i64,
            cost,
        ],
    )?;
    let Some(cost) = cost.filter(|cost| *cost > 0) else { return Ok(Vec::new()) };
    let sql = "INSERT INTO spent VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET cost_micro_usd = cost_micro_usd + excluded.cost_micro_usd";
    transaction.execute(sql, params![today, request.provider, cost])?;
    warnings(transaction, today, limits)
}

/// Of what has not ended, counts what is not given up.
pub fn standing(connection: &Connection, limit: &Limit, at: UnixMs) -> rusqlite::Result<Standing> {
    let today = day(at);
    // Left to itself, SQLite reads all requests of the period: with a day's 5,000, 11 ms instead of 0.3 (debug).
    let sql = "SELECT coalesce(sum(reserved_micro_usd), 0) FROM remote_request INDEXED BY remote_request_open
        WHERE ended = 'open' AND at > ?1 AND day >= ?2 AND day < ?3 AND (?4 = '' OR provider_name = ?4)";
    let (first_day, next_day) = (limit.period.first_day(today), limit.period.next_day(today));
    let values = params![at - FREED_AFTER_MS, first_day, next_day, limit.provider];
    let reserved = connection.query_row(sql, values, |row| row.get(0))?;
    Ok(Standing { spent: spent(connection, limit, today)?, reserved })
}

/// In the period of that day.
fn spent(connection: &Connection, limit: &Limit, today: i64) -> rusqlite::Result<MicroUsd> {
    let sql = "SELECT coalesce(sum(cost_micro_usd), 0) FROM spent
        WHERE day >= ?1 AND day < ?2 AND (?3 = '' OR provider_name = ?3)";
    let values = params![limit.period.first_day(today), limit.period.next_day(today), limit.provider];
    connection.query_row(sql, values, |row| row.get(0))
}

fn warnings<'a>(
    transaction: &Transaction,
    today: i64,
    limits: impl Iterator<Item = Limit<'a>>,
) -> rusqlite::Result<Vec<Warned<'a>>> {
    let mut warned = Vec::new();
    for limit in limits {
        let spent = spent(transaction, &limit, today)?;
        let percent = 100 * i128::from(spent) / i128::from(limit.amount.max(1));
        if percent >= i128::from(WARNED_AT_PERCENT) && is_first_telling(transaction, &limit, today, WARNED_AT_PERCENT)?
        {
            warned.push(Warned { limit, spent });
        }
    }
    Ok(warned)
}

/// Of all servers of the user: who is told once does not want to hear it from four windows.
fn is_first_telling(transaction: &Transaction, limit: &Limit, today: i64, percent: i64) -> rusqlite::Result<bool> {
    let first_day = limit.period.first_day(today);
    let sql = "INSERT OR IGNORE INTO budget_told VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![limit.provider, limit.period.name(), first_day, limit.amount, percent];
    Ok(transaction.execute(sql, values)? == 1)
}

/// Replaces the requests of days before that by their sums.
pub fn fold(transaction: &Transaction, first_kept: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO remote_daily SELECT day, provider_name, request_model, language, workspace, ended, counted, sum(n),
            sum(n_unpriced), sum(input_tokens), sum(cache_read_input_tokens), sum(output_tokens), sum(latency_ms),
            sum(cost_micro_usd)
         FROM remote_single WHERE day < ?1
         GROUP BY day, provider_name, request_model, language, workspace, ended, counted",
        [first_kept],
    )?;
    transaction.execute("DELETE FROM remote_request WHERE day < ?1", [first_kept])?;
    transaction.execute("DELETE FROM spent WHERE day < ?1", [first_kept])?;
    transaction.execute("DELETE FROM budget_told WHERE first_day < ?1", [first_kept])?;
    Ok(())
}
