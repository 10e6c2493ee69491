//! Where hand-offs are begun and attended to: one desk a process, one thread for all agents, begun with the first.
//!
//! The snapshot is taken and compared on threads that may wait; the agents' own thread never does. A desk that goes
//! ends what runs at once; what was made by then is in the store and is found by whoever looks next.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OnceCell, oneshot};

use super::journal::Journal;
use super::meter::{Account, Meter, Tab};
use super::permissions::Policy;
use super::process::Launch;
use super::session::{self, Ended, Order, Setup};
use super::store::{self, Lock, Store, Wish};
use super::usage::{Source, Usage};
use super::worktree::Snapshot;
use super::{Agent, HandOff, Options, State, Task, unix_ms};
use crate::ledger::agents::{Book, Entry, Outcome};
use crate::ledger::money;
use crate::privacy::Privacy;

/// A handle; clones share it.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

/// What has changed, told at most four times a second for each hand-off but for changes of its state.
pub type News = HandOff;

/// All that a start needs beside the task.
#[derive(Clone)]
pub struct Terms {
    pub agent: Agent,
    pub options: Options,
    /// Prices of the user's own.
    pub money: money::Options,
    /// What must not be in the copy.
    pub privacy: Arc<Privacy>,
}

struct Shared {
    store: Store,
    /// Where costs are written down.
    ledger: Option<PathBuf>,
    news: Box<dyn Fn(News) + Send + Sync>,
    begun: Mutex<HashMap<String, Begun>>,
    office: Mutex<Option<Office>>,
    book: Mutex<Option<Arc<Book>>>,
    meter: OnceCell<Meter>,
}

/// A hand-off of this process.
struct Begun {
    hand_off: HandOff,
    orders: UnboundedSender<Order>,
    task: Arc<Task>,
}

/// The agents' thread.
struct Office {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// `ledger` is the file in which costs are kept, if they are.
    pub fn new(store: Store, ledger: Option<PathBuf>, news: impl Fn(News) + Send + Sync + 'static) -> Desk {
        Desk(Arc::new(Shared {
            store,
            ledger,
            news: Box::new(news),
            begun: Mutex::default(),
            office: Mutex::default(),
            book: Mutex::default(),
            meter: OnceCell::new(),
        }))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Begins it and returns at once; what becomes of it is news.
    pub fn start(&self, task: Task, terms: Terms) -> Result<HandOff> {
        self.begin(Arc::new(task), terms, None)
    }

    /// The same task for another agent, from the snapshot that the first one began with.
    pub fn pass_on(&self, id: &str, terms: Terms) -> Result<HandOff> {
        let (task, first) = {
            let begun = self.0.begun.lock();
            let begun = begun.get(id).ok_or_else(|| {
                anyhow!("`{id}` was not begun in this window; start it anew with `foretype.agent.start`")
            })?;
            (begun.task.clone(), begun.hand_off.snapshot.clone())
        };
        let next = self.begin(task, terms, first)?;
        if self.read(id)?.state.is_running() {
            self.cancel(id)?;
        }
        Ok(next)
    }

    fn begin(&self, task: Arc<Task>, terms: Terms, from: Option<Snapshot>) -> Result<HandOff> {
        let (id, lock) = self.0.store.create(&terms.agent.name)?;
        let now = unix_ms();
        let hand_off = HandOff {
            id: id.clone(),
            title: task.title(),
            agent: terms.agent.name.clone(),
            skill: task.skill.as_ref().map(|skill| skill.name.clone()),
            state: State::Starting,
            reason: String::new(),
            workspace: task.workspace.clone(),
            snapshot: None,
            is_visible: true,
            started: now,
            heard: now,
            ended: None,
            tool: String::new(),
            question: None,
            files: Vec::new(),
            context: None,
            usage: Usage::default(),
            budget: terms.agent.budget,
            decisions: Vec::new(),
            answer: String::new(),
            mark: store::random()?,
        };
        self.0.store.write(&hand_off)?;
        let (orders, inbox) = unbounded_channel();
        let handle = self.0.office()?;
        let begun = Begun { hand_off: hand_off.clone(), orders, task: task.clone() };
        self.0.begun.lock().insert(id, begun);
        let work = Work { hand_off: hand_off.clone(), task, terms, from, lock, shared: Arc::downgrade(&self.0) };
        handle.spawn(work.run(inbox));
        Ok(hand_off)
    }

    /// Those of all windows, newest first.
    pub fn list(&self) -> Vec<HandOff> {
        self.0.store.recover()
    }

    pub fn read(&self, id: &str) -> Result<HandOff> {
        let stored = self.0.store.find(id)?;
        // What runs here is known better than it is written; what is written last is its end.
        let known = self.0.begun.lock().get(&stored.id).map(|begun| begun.hand_off.clone());
        Ok(known.filter(|known| known.state.is_running() && stored.state.is_running()).unwrap_or(stored))
    }

    /// Ends the agent, whichever window it is of.
    pub fn cancel(&self, id: &str) -> Result<()> {
        self.order(id, Order::Cancel, &Wish::Cancel)
    }

    /// Answers a question.
    pub fn permit(&self, id: &str, question: u64, is_allowed: bool) -> Result<()> {
        self.order(id, Order::Permit { question, is_allowed }, &Wish::Permit { question, is_allowed })
    }

    /// Takes it out of the list of what is shown, or puts it back.
    pub fn hide(&self, id: &str, hide: bool) -> Result<()> {
        let hand_off = self.read(id)?;
        if hand_off.state.is_running() {
            return self.order(&hand_off.id, Order::Hide(hide), &Wish::Hide(hide));
        }
        self.settle(HandOff { is_visible: !hide, ..hand_off })
    }

    fn order(&self, id: &str, order: Order, wish: &Wish) -> Result<()> {
        let hand_off = self.read(id)?;
        let id = &hand_off.id;
        if !hand_off.state.is_running() {
            bail!("`{id}` does not run: it is {}", hand_off.state.name());
        }
        match self.0.begun.lock().get(id) {
            Some(begun) => begun.orders.send(order).map_err(|_| anyhow!("`{id}` has just ended")),
            None => self.0.store.ask(id, wish),
        }
    }

    /// Forgets what it made; the user's files are as they were.
    pub fn discard(&self, id: &str) -> Result<HandOff> {
        let mut hand_off = self.read(id)?;
        if hand_off.state.is_running() {
            bail!("`{}` still works; cancel it first", hand_off.id);
        }
        if let Some(snapshot) = hand_off.snapshot.take() {
            snapshot.remove().context("its copy of the project could not be removed")?;
        }
        hand_off.state = State::Discarded;
        hand_off.reason = String::new();
        self.settle(hand_off.clone())?;
        Ok(hand_off)
    }

    /// What it made is in the user's files now. The copy goes.
    pub fn applied(&self, id: &str) -> Result<HandOff> {
        let mut hand_off = self.read(id)?;
        if let Some(snapshot) = hand_off.snapshot.take() {
            // It costs only space.
            let _ = snapshot.remove();
        }
        hand_off.state = State::Applied;
        self.settle(hand_off.clone())?;
        Ok(hand_off)
    }

    /// Writes down what has become of one that does not run.
    fn settle(&self, hand_off: HandOff) -> Result<()> {
        self.0.store.write(&hand_off)?;
        self.0.tell(&hand_off);
        Ok(())
    }

    /// Whether one of this process runs.
    pub fn is_busy(&self) -> bool {
        self.0.begun.lock().values().any(|begun| begun.hand_off.state.is_running())
    }
}

impl Shared {
    fn office(&self) -> Result<Handle> {
        let mut office = self.office.lock();
        if office.is_none() {
            *office = Some(Office::open().context("the agents' thread could not be started")?);
        }
        office.as_ref().map(|office| office.handle.clone()).ok_or_else(|| anyhow!("the agents' thread has ended"))
    }

    fn book(&self) -> Option<Arc<Book>> {
        let file = self.ledger.as_ref()?;
        let notice = |why: String| tracing::warn!("{why}");
        Some(self.book.lock().get_or_insert_with(|| Arc::new(Book::open(file, notice))).clone())
    }

    fn tell(&self, hand_off: &HandOff) {
        if let Some(begun) = self.begun.lock().get_mut(&hand_off.id) {
            begun.hand_off = hand_off.clone();
        }
        (self.news)(hand_off.clone());
    }

    /// For everybody to see.
    fn publish(&self, hand_off: &HandOff) {
        if let Err(error) = self.store.write(hand_off) {
            tracing::warn!("{error:#}");
        }
        self.tell(hand_off);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(mut office) = self.office.get_mut().take() {
            office.close();
        }
    }
}

impl Office {
    fn open() -> std::io::Result<Office> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let _ = runtime.block_on(stopped);
            // With the runtime go the sessions, and with each its agent.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("agents".to_string()).spawn(run)?;
        Ok(Office { handle, stop: Some(stop), thread: Some(thread) })
    }

    fn close(&mut self) {
        self.stop.take();
        let thread = self.thread.take();
        // The last owner may be on that thread itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

/// One hand-off, from its snapshot to its review.
struct Work {
    hand_off: HandOff,
    task: Arc<Task>,
    terms: Terms,
    from: Option<Snapshot>,
    lock: Lock,
    shared: Weak<Shared>,
}

impl Work {
    async fn run(mut self, orders: UnboundedReceiver<Order>) {
        let ended = self
            .attend(orders)
            .await
            .unwrap_or_else(|error| Ended { state: State::Failed, reason: format!("{error:#}") });
        let files = self.changes().await;
        let hand_off = &mut self.hand_off;
        (hand_off.state, hand_off.reason) = (ended.state, ended.reason);
        match files {
            Ok(files) => hand_off.files = files,
            Err(error) => hand_off.reason = format!("{} ({error:#})", hand_off.reason),
        }
        if hand_off.state == State::Review && hand_off.files.is_empty() && hand_off.reason.is_empty() {
            hand_off.reason = "it has changed nothing; its answer is in the log".to_string();
        }
        hand_off.ended = Some(unix_ms());
        let Some(shared) = self.shared.upgrade() else { return };
        shared.publish(hand_off);
        drop(self.lock);
    }

    async fn attend(&mut self, orders: UnboundedReceiver<Order>) -> Result<Ended> {
        let store = self.shared()?.store.clone();
        let folder = store.folder(&self.hand_off.id);
        let Terms { agent, options, .. } = self.terms.clone();
        let mut journal = Journal::open(&folder, agent.secrets()).context("its log cannot be written")?;
        journal.section(&self.hand_off.title, &format!("{} · {}", self.hand_off.agent, self.hand_off.id));
        journal.section("You", &self.task.instruction);
        let snapshot = self.snapshot(folder.join("snapshot")).await?;
        let (worktree, working) = (snapshot.folder.clone(), snapshot.working_folder());
        let blocks = self.task.blocks(&snapshot.root, &worktree, &working);
        self.hand_off.snapshot = Some(snapshot);
        let tab = self.meter().await;
        let environment = agent.environment(tab.as_ref().map(|(_, url)| url.as_str()));
        let tab = tab.map(|(tab, _)| tab);
        journal.section("Agent", "");
        let (shared, id) = (self.shared.clone(), self.hand_off.id.clone());
        let publish = move |hand_off: &HandOff| {
            if let Some(shared) = shared.upgrade() {
                shared.publish(hand_off);
            }
        };
        let wishes = move || store.wishes(&id).into_iter().map(Order::from).collect();
        publish(&self.hand_off);
        let setup = Setup {
            launch: Launch {
                command: PathBuf::from(&agent.command),
                args: agent.args.clone(),
                environment,
                folder: working.clone(),
                mark: self.hand_off.mark.clone(),
            },
            mode: agent.mode,
            login: agent.login,
            blocks,
            worktree,
            folder: working,
            policy: Policy::new(&options.allow, &options.deny),
            ask_for: Duration::from_secs(options.ask_s as u64),
            stalled_after: Duration::from_secs(options.stalled_after_s as u64),
            tab: tab.clone(),
            orders,
            publish: Box::new(publish),
            inbox: Box::new(wishes),
        };
        let (hand_off, mut ended, mut journal) = session::run(setup, self.hand_off.clone(), journal).await;
        self.hand_off = hand_off;
        let trouble = tab.as_ref().and_then(|tab| tab.trouble());
        if let (State::Review, Some(trouble)) = (ended.state, trouble) {
            // Some call that a turn well ended.
            ended = Ended { state: State::Failed, reason: trouble };
        }
        self.close_account(tab.is_some());
        let reason = if ended.reason.is_empty() { String::new() } else { format!(": {}", ended.reason) };
        journal.section("End", &format!("{}{reason}\n\n{}", ended.state.name(), self.hand_off.usage.describe()));
        Ok(ended)
    }

    fn shared(&self) -> Result<Arc<Shared>> {
        self.shared.upgrade().ok_or_else(|| anyhow!("the server ends"))
    }

    async fn snapshot(&self, into: PathBuf) -> Result<Snapshot> {
        let (task, privacy, from) = (self.task.clone(), self.terms.privacy.clone(), self.from.clone());
        let take = move || match from {
            Some(first) => first.again(&into),
            None => Ok(Snapshot::take(&task.workspace, &task.unsaved, &privacy, &into)?),
        };
        Ok(tokio::task::spawn_blocking(take).await??)
    }

    async fn changes(&self) -> Result<Vec<PathBuf>> {
        let Some(snapshot) = self.hand_off.snapshot.clone() else { return Ok(Vec::new()) };
        let captured = tokio::task::spawn_blocking(move || snapshot.capture()).await??;
        Ok(captured.changes.into_iter().map(|change| change.path).collect())
    }

    /// The account, and the address that takes the place of the provider's.
    async fn meter(&self) -> Option<(Arc<Tab>, String)> {
        let Terms { agent, options, money, .. } = self.terms.clone();
        if !agent.can_be_metered() {
            return None;
        }
        let shared = self.shared.upgrade()?;
        let meter = shared.meter.get_or_try_init(Meter::start).await.ok()?;
        let upstream = agent.upstream().ok()?;
        let language = agent.meter;
        let (entry, budget, per_day) = (self.entry(), agent.budget, options.per_day_usd);
        let price = move |model: &str| agent.price().or_else(|| money.price(&agent.name, model));
        let tab = Tab::new(Account {
            entry,
            budget,
            price: Box::new(price),
            per_day: per_day.map(|usd| (usd * 1e6).round() as money::MicroUsd),
            book: shared.book(),
        });
        let url = meter.open(&self.hand_off.id, language, upstream, tab.clone()).ok()?;
        Some((tab, url))
    }

    /// Whose costs they are.
    fn entry(&self) -> Entry {
        let HandOff { id, agent, skill, workspace, .. } = &self.hand_off;
        Entry {
            hand_off: id.clone(),
            number: 0,
            at: unix_ms(),
            agent: agent.clone(),
            skill: skill.clone().unwrap_or_default(),
            workspace: workspace.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            model: String::new(),
            outcome: Outcome::Done,
            is_exact: false,
            n_requests: 0,
            input: 0,
            cached: 0,
            output: 0,
            latency: Duration::ZERO,
            cost: None,
        }
    }

    /// Writes down what it says of itself, where nobody else has counted.
    fn close_account(&self, is_metered: bool) {
        let Some(shared) = self.shared.upgrade() else { return };
        if let Some(meter) = shared.meter.get().filter(|_| is_metered) {
            meter.close(&self.hand_off.id);
        }
        let usage = &self.hand_off.usage;
        if let (Source::Agent, Some(book)) = (usage.source, shared.book()) {
            book.record(Entry {
                // It does not say how many; there was one at least.
                n_requests: 1,
                input: usage.input_tokens.unwrap_or_default(),
                output: usage.output_tokens.unwrap_or_default(),
                cost: usage.cost_micro_usd,
                ..self.entry()
            });
        }
    }
}

impl From<Wish> for Order {
    fn from(wish: Wish) -> Order {
        match wish {
            Wish::Cancel => Order::Cancel,
            Wish::Permit { question, is_allowed } => Order::Permit { question, is_allowed },
            Wish::Hide(hide) => Order::Hide(hide),
        }
    }
}
