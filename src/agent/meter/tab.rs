//! The account of one hand-off: what it has asked, what that cost, and whether it may ask more.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::reading::Counts;
use crate::agent::unix_ms;
use crate::agent::usage::{Budget, Source, Usage};
use crate::ledger::agents::{Book, Entry, Outcome};
use crate::ledger::money::{MicroUsd, usd};
use crate::ledger::prices::Price;

/// What a model costs, by its name.
type PriceOf = Box<dyn Fn(&str) -> Option<Price> + Send + Sync>;

/// How an account is kept.
pub struct Account {
    /// Whose costs they are; numbers of requests are filled in.
    pub entry: Entry,
    pub budget: Budget,
    pub price: PriceOf,
    /// Of all agents together, in a day.
    pub per_day: Option<MicroUsd>,
    pub book: Option<Arc<Book>>,
}

pub struct Tab {
    account: Account,
    state: Mutex<State>,
    news: Notify,
}

struct State {
    n_requests: u64,
    input: u64,
    cached: u64,
    output: u64,
    spent: MicroUsd,
    /// A request was made whose price is not known.
    is_unpriced: bool,
    n_in_flight: usize,
    /// Of requests under way, by our estimate.
    reserved: MicroUsd,
    reserved_tokens: u64,
    /// Of those that have ended: what a byte of prompt has come to.
    n_bytes: u64,
    heard: Instant,
    /// Why its provider does not serve it now.
    trouble: Option<String>,
    unauthorised: Option<String>,
    over_budget: Option<String>,
}

/// A request under way. Dropped, it was broken off by the agent.
pub struct Ticket {
    tab: Arc<Tab>,
    number: u64,
    model: String,
    price: Option<Price>,
    n_bytes: u64,
    reserved: MicroUsd,
    reserved_tokens: u64,
    counts: Option<Counts>,
    n_heard: u64,
    status: u16,
    started: Instant,
    is_settled: bool,
}

/// Bytes of a token, where nothing better is known.
const TOKEN_BYTES: u64 = 4;

impl Tab {
    pub fn new(account: Account) -> Arc<Tab> {
        let state = State {
            n_requests: 0,
            input: 0,
            cached: 0,
            output: 0,
            spent: 0,
            is_unpriced: false,
            n_in_flight: 0,
            reserved: 0,
            reserved_tokens: 0,
            n_bytes: 0,
            heard: Instant::now(),
            trouble: None,
            unauthorised: None,
            over_budget: None,
        };
        Arc::new(Tab { account, state: Mutex::new(state), news: Notify::new() })
    }

    /// Up to now.
    pub fn usage(&self) -> Usage {
        let state = self.state.lock();
        Usage {
            requests: Some(state.n_requests),
            input_tokens: Some(state.input),
            cached_tokens: state.cached,
            output_tokens: Some(state.output),
            cost_micro_usd: (!state.is_unpriced).then_some(state.spent),
            source: Source::Meter,
        }
    }

    /// Until something is worth looking at.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// When its provider last said something.
    pub fn heard(&self) -> Instant {
        self.state.lock().heard
    }

    pub fn n_in_flight(&self) -> usize {
        self.state.lock().n_in_flight
    }

    pub fn trouble(&self) -> Option<String> {
        self.state.lock().trouble.clone()
    }

    pub fn unauthorised(&self) -> Option<String> {
        self.state.lock().unauthorised.clone()
    }

    pub fn over_budget(&self) -> Option<String> {
        self.state.lock().over_budget.clone()
    }

    /// Lets a request pass, or says which limit it would break. What it will come to is estimated from those before it.
    pub async fn admit(self: &Arc<Tab>, model: &str, n_bytes: usize) -> Result<Ticket, String> {
        let price = (self.account.price)(model);
        let today = match (&self.account.book, self.account.per_day) {
            (Some(book), Some(_)) => book.spent_today().await,
            _ => Ok(0),
        };
        let mut state = self.state.lock();
        let n_bytes = n_bytes as u64;
        let tokens = state.per_byte(state.input + state.output, n_bytes).unwrap_or(n_bytes / TOKEN_BYTES);
        let first = || price.map_or(0, |price| price.most(n_bytes / TOKEN_BYTES, 0));
        let cost = state.per_byte(state.spent.max(0) as u64, n_bytes).map_or_else(first, |cost| cost as MicroUsd);
        let refused = state.over_budget.clone().or_else(|| self.limit(&state, price, model, tokens, cost, today));
        if let Some(why) = refused {
            state.over_budget = Some(why.clone());
            drop(state);
            self.news.notify_one();
            return Err(why);
        }
        state.n_requests += 1;
        state.n_in_flight += 1;
        state.reserved += cost;
        state.reserved_tokens += tokens;
        state.heard = Instant::now();
        Ok(Ticket {
            tab: self.clone(),
            number: state.n_requests,
            model: model.to_string(),
            price,
            n_bytes,
            reserved: cost,
            reserved_tokens: tokens,
            counts: None,
            n_heard: 0,
            status: 0,
            started: Instant::now(),
            is_settled: false,
        })
    }

    /// The first limit that a request of so much would break.
    fn limit(
        &self,
        state: &State,
        price: Option<Price>,
        model: &str,
        tokens: u64,
        cost: MicroUsd,
        today: anyhow::Result<MicroUsd>,
    ) -> Option<String> {
        let Account { budget, per_day, .. } = &self.account;
        if let Some(limit) = budget.requests.filter(|limit| state.n_requests >= *limit) {
            return Some(format!("its budget of {limit} requests is used up"));
        }
        let used = state.input + state.output;
        if let Some(limit) = budget.tokens.filter(|limit| used + state.reserved_tokens + tokens > *limit) {
            return Some(format!(
                "its budget of {limit} tokens is used up: {used} were used, and one more request needs about {tokens}"
            ));
        }
        let limits = budget.micro_usd().or(*per_day);
        if let (Some(limit), None) = (limits, price) {
            return Some(format!(
                "the budget of {} cannot be kept: the price of the model `{model}` is not known. Set `input_usd` and \
                 `output_usd` of the agent, or remove the budget",
                usd(limit)
            ));
        }
        let own = state.spent + state.reserved + cost;
        if let Some(limit) = budget.micro_usd().filter(|limit| own > *limit) {
            let (limit, spent, cost) = (usd(limit), usd(state.spent), usd(cost));
            return Some(format!(
                "its budget of {limit} is used up: {spent} are spent, and one more request costs about {cost}"
            ));
        }
        match ((*per_day)?, today) {
            (limit, Ok(today)) if today + state.reserved + cost <= limit => None,
            (limit, Ok(today)) => {
                let (limit, today) = (usd(limit), usd(today));
                Some(format!(
                    "the budget of {limit} a day for all agents is used up until midnight (UTC): {today} are spent"
                ))
            }
            (limit, Err(error)) => {
                let limit = usd(limit);
                Some(format!("the budget of {limit} a day for all agents cannot be kept: {error:#}"))
            }
        }
    }
}

impl State {
    /// At the rate of the requests before it.
    fn per_byte(&self, sum: u64, n_bytes: u64) -> Option<u64> {
        let scaled = u128::from(sum) * u128::from(n_bytes) / u128::from(self.n_bytes.max(1));
        (self.n_bytes > 0 && sum > 0).then_some(scaled as u64)
    }
}

impl Ticket {
    /// The status of the answer.
    pub fn answered(&mut self, status: u16) {
        self.status = status;
        let mut state = self.tab.state.lock();
        state.heard = Instant::now();
        let old = state.trouble.take();
        match status {
            200..300 => {}
            401 | 403 => state.unauthorised = Some(format!("its provider refuses the key ({status})")),
            402 => state.trouble = Some("its provider wants to be paid first (402)".to_string()),
            429 => state.trouble = Some("its provider answers that this is too much (429)".to_string()),
            500.. => state.trouble = Some(format!("its provider is down (it answers {status})")),
            _ => {}
        }
        if old != state.trouble || state.unauthorised.is_some() {
            drop(state);
            self.tab.news.notify_one();
        }
    }

    /// Some of the answer has come, and what it says of itself so far.
    pub fn heard(&mut self, counts: Option<Counts>) {
        self.counts = counts.or(self.counts);
        self.n_heard += 1;
        self.tab.state.lock().heard = Instant::now();
    }

    /// The connection failed.
    pub fn lost(mut self, why: &str) {
        self.tab.state.lock().trouble = Some(why.to_string());
        self.settle(Outcome::Failed);
    }

    pub fn done(mut self) {
        let is_good = (200..300).contains(&self.status);
        self.settle(if is_good { Outcome::Done } else { Outcome::Failed });
    }

    fn settle(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.is_settled, true) {
            return;
        }
        // Who breaks off is charged for what was sent; a failure is free unless it says otherwise.
        let guessed = Counts { input: self.n_bytes / TOKEN_BYTES, ..Counts::default() };
        let is_guess = self.counts.is_none() && (outcome == Outcome::Cancelled || (200..300).contains(&self.status));
        let counts = self.counts.unwrap_or(if is_guess { guessed } else { Counts::default() });
        let cost = self.price.map(|price| cost(&price, &counts));
        let number = {
            let mut state = self.tab.state.lock();
            state.n_in_flight -= 1;
            state.reserved -= self.reserved;
            state.reserved_tokens -= self.reserved_tokens;
            state.input += counts.input;
            state.cached += counts.cached;
            state.output += counts.output;
            state.spent += cost.unwrap_or_default();
            state.is_unpriced |= cost.is_none() && counts != Counts::default();
            if counts != Counts::default() {
                state.n_bytes += self.n_bytes;
            }
            self.number
        };
        let Account { book, entry, .. } = &self.tab.account;
        if let Some(book) = book {
            book.record(Entry {
                at: unix_ms(),
                number,
                model: self.model.clone(),
                n_requests: 1,
                input: counts.input,
                cached: counts.cached,
                output: counts.output,
                is_exact: !is_guess,
                outcome,
                latency: self.started.elapsed(),
                cost: cost.or((counts == Counts::default()).then_some(0)),
                ..entry.clone()
            });
        }
        self.tab.news.notify_one();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle(Outcome::Cancelled);
    }
}

/// Writing to Anthropic's cache costs a quarter more than the input (their price list, October 2026).
fn cost(price: &Price, counts: &Counts) -> MicroUsd {
    let Counts { input, cached, written, output } = *counts;
    price.cost(input + written / 4, cached, output)
}
