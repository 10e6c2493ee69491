//! The user's purse: asks the budgets before a request is sent, and writes down what it has cost.
//!
//! Reservations and costs of all servers of a user are in the ledger's file, each written in one transaction, so that
//! four windows together stay within one budget. A till has a connection of its own and is used by the threads that
//! make requests: where the file is locked it waits [`MAX_WAIT`] and no longer. What cannot be written is kept and
//! written with the next request; while it cannot be, nothing that has a budget is sent. Read `ledger/requests.rs` for
//! the transactions.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::money::{Limit, Options, usd};
use super::requests::{self, Request, Reserved, Standing, Warned};
use super::schema::{self, Opened, Patience};
use super::store::day;
use super::{Session, UnixMs, WorkspaceName, calendar, unix_ms};
use crate::engine::purse::{Planned, Purse, Receipt, Used};
use crate::engine::{Cause, Failure};

/// For another server's transaction, most of which take less than one.
pub const MAX_WAIT: Duration = Duration::from_millis(50);

const PATIENCE: Patience = Patience { busy: MAX_WAIT, n_tries: 3 };

/// Before a file that could not be opened is tried again.
const PAUSE_MS: UnixMs = 1000;

/// Requests that have ended and could not be written; older ones are lost.
const MAX_UNWRITTEN: usize = 64;

pub struct Till {
    state: Mutex<State>,
    notice: Box<dyn Fn(String) + Send + Sync>,
}

struct State {
    path: PathBuf,
    session: Session,
    workspace: String,
    options: Arc<Options>,
    connection: Option<Connection>,
    next_try: UnixMs,
    n_receipts: i64,
    open: HashMap<i64, Request>,
    unwritten: VecDeque<(Request, Used)>,
    n_lost: u64,
    /// For the user, said when the state is free again.
    notices: Vec<String>,
}

impl Till {
    /// Opens the file when the first request is made. `notice` is told what the user should know: that a budget is
    /// nearly or wholly used up, once in its period whatever the number of servers, or that costs cannot be counted.
    pub fn new(path: &Path, options: Options, notice: impl Fn(String) + Send + Sync + 'static) -> Till {
        let state = State {
            path: path.to_path_buf(),
            session: Session::new(),
            workspace: String::new(),
            options: Arc::new(options),
            connection: None,
            next_try: UnixMs::MIN,
            n_receipts: 0,
            open: HashMap::new(),
            unwritten: VecDeque::new(),
            n_lost: 0,
            notices: Vec::new(),
        };
        Till { state: Mutex::new(state), notice: Box::new(notice) }
    }

    /// For requests to come.
    pub fn set_options(&self, options: Options) {
        self.state.lock().options = Arc::new(options);
    }

    /// For requests to come: the folder that they are counted to.
    pub fn set_workspace(&self, workspace: Option<WorkspaceName>) {
        self.state.lock().workspace = workspace.map_or(String::new(), |name| name.0.to_string());
    }

    /// As [`Purse::reserve`], at another time. Besides [`Cause::Budget`] it fails with [`Cause::Here`] where there is a
    /// budget and no file to hold it.
    pub fn reserve_at(&self, planned: &Planned, at: UnixMs) -> Result<Receipt, Failure> {
        self.with_state(|state| state.reserve(planned, at))
    }

    /// As [`Purse::settle`], at another time. The cost counts for the day of the reservation.
    pub fn settle_at(&self, receipt: Receipt, used: Used, at: UnixMs) {
        self.with_state(|state| state.settle(&receipt, used, at));
    }

    /// Requests that have ended and are in no record.
    pub fn n_lost(&self) -> u64 {
        self.state.lock().n_lost
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let result = work(&mut state);
        let notices = std::mem::take(&mut state.notices);
        drop(state);
        notices.into_iter().for_each(&self.notice);
        result
    }
}

impl Purse for Till {
    fn reserve(&self, planned: &Planned) -> Result<Receipt, Failure> {
        self.reserve_at(planned, unix_ms())
    }

    fn settle(&self, receipt: Receipt, used: Used) {
        self.settle_at(receipt, used, unix_ms());
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if !state.unwritten.is_empty() {
            // The last chance, whenever the last try was.
            state.next_try = UnixMs::MIN;
            let _ = state.transact(unix_ms(), |_| Ok(()));
        }
    }
}

impl State {
    fn reserve(&mut self, planned: &Planned, at: UnixMs) -> Result<Receipt, Failure> {
        let options = self.options.clone();
        let Planned { provider, model, n_prompt, n_answer, .. } = planned;
        let price = options.price(provider, model);
        if let (None, Some(limit)) = (price, options.limits(provider).next()) {
            return Err(Failure::new(Cause::Budget, without_price(&limit, planned)));
        }
        self.n_receipts += 1;
        let request = Request {
            receipt: self.n_receipts,
            at,
            provider: provider.clone(),
            model: model.clone(),
            language: planned.language.unwrap_or_default(),
            workspace: self.workspace.clone(),
            price,
            reserved: price.map_or(0, |price| price.most(*n_prompt, *n_answer)),
        };
        let session = self.session;
        match self.transact(at, |file| requests::reserve(file, session, &request, options.limits(provider))) {
            Ok(Reserved::Refused { limit, standing, is_news }) => {
                let message = used_up(&limit, standing, &request);
                if is_news {
                    self.notices.push(message.clone());
                }
                return Err(Failure::new(Cause::Budget, message));
            }
            Err(error) if options.limits(provider).next().is_some() => {
                return Err(Failure::here(without_file(&self.path, provider, &error)));
            }
            // Without a budget it may be sent; it is written when it has ended.
            Ok(Reserved::Granted) | Err(_) => {}
        }
        let receipt = Receipt(request.receipt);
        self.open.insert(request.receipt, request);
        Ok(receipt)
    }

    fn settle(&mut self, receipt: &Receipt, used: Used, at: UnixMs) {
        let Some(request) = self.open.remove(&receipt.0) else { return };
        self.unwritten.push_back((request, used));
        let Err(error) = self.transact(at, |_| Ok(())) else { return };
        if self.unwritten.len() > MAX_UNWRITTEN {
            self.unwritten.pop_front();
            self.n_lost += 1;
            // Said once: whoever types must not be told at every key.
            if self.n_lost == 1 {
                let path = self.path.display();
                self.notices.push(format!("{path}: what requests to providers cost is not counted: {error:#}"));
            }
        }
    }

    /// Does the work after all that is still to be written, all or nothing.
    fn transact<T>(&mut self, at: UnixMs, work: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        let options = self.options.clone();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open(at)?,
        };
        let done = self.write_all(&mut connection, &options, work);
        if !done.as_ref().is_err_and(schema::is_broken) {
            self.connection = Some(connection);
        }
        let (result, warned) = done?;
        self.unwritten.clear();
        self.notices.extend(warned.iter().map(nearly_used_up));
        Ok(result)
    }

    fn write_all<'a, T>(
        &self,
        connection: &mut Connection,
        options: &'a Options,
        work: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<(T, Vec<Warned<'a>>)> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut warned = Vec::new();
        for (request, used) in &self.unwritten {
            let limits = options.all_limits().filter(|limit| limit.counts(&request.provider));
            warned.extend(requests::settle(&transaction, self.session, request, used, limits)?);
        }
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok((result, warned))
    }

    fn open(&mut self, at: UnixMs) -> anyhow::Result<Connection> {
        anyhow::ensure!(at >= self.next_try, "it could not be opened");
        self.next_try = at + PAUSE_MS;
        let Opened { connection, notice, .. } = schema::open(&self.path, at, PATIENCE)?;
        let forgotten = notice.map(|notice| format!("{notice}; what was spent until now is not known to budgets"));
        self.notices.extend(forgotten);
        self.next_try = UnixMs::MIN;
        Ok(connection)
    }
}

fn nearly_used_up(warned: &Warned) -> String {
    let Warned { limit, spent } = warned;
    let percent = 100 * i128::from(*spent) / i128::from(limit.amount.max(1));
    format!("{} is used to {percent} %: {} are spent", limit.name(), usd(*spent))
}

fn used_up(limit: &Limit, standing: Standing, request: &Request) -> String {
    let (name, needed) = (limit.name(), usd(request.reserved));
    let Standing { spent, reserved } = standing;
    if spent.saturating_add(request.reserved) <= limit.amount {
        let (spent, reserved) = (usd(spent), usd(reserved));
        return format!(
            "{name} is taken up by requests under way: {spent} are spent, {reserved} are set aside for those"
        );
    }
    let until = calendar::date(limit.period.next_day(day(request.at)));
    format!("{name} is used up until {until} (UTC): {} are spent, and one more request can cost {needed}", usd(spent))
}

fn without_price(limit: &Limit, planned: &Planned) -> String {
    let Planned { provider, model, .. } = planned;
    format!(
        "{} cannot be kept: the price of the model `{model}` of `{provider}` is not known. Set it in US dollars per \
         million tokens (0 where it costs nothing), or remove the budget",
        limit.name()
    )
}

fn without_file(path: &Path, provider: &str, error: &anyhow::Error) -> String {
    format!(
        "`{provider}` has a budget and is not asked: what it costs cannot be counted in {}: {error:#}. Make the file \
         usable, or remove the budget",
        path.display()
    )
}
