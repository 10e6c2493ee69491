//! Where hand-offs are begun and attended to: one desk a process, one thread for all agents, begun with the first.
//!
//! The snapshot is taken and compared on threads that may wait; the agents' own thread never does. A desk that goes
//! ends what runs at once; what was made by then is in the store and is found by whoever looks next.

mod work;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, bail};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{OnceCell, oneshot};

use super::meter::Meter;
use super::review::Review;
use super::session::Order;
use super::store::{self, Store, Wish};
use super::usage::Usage;
use super::worktree::{Capture, Snapshot};
use super::{Agent, HandOff, Options, State, Task, unix_ms};
use crate::ledger::agents::Book;
use crate::ledger::money;
use crate::privacy::Privacy;
use work::Work;

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
        terms.agent.installed().map_err(|why| anyhow!(why))?;
        let (id, lock) = self.0.store.create(&terms.agent.name)?;
        let now = unix_ms();
        let hand_off = HandOff {
            id: id.clone(),
            title: task.title(),
            agent: terms.agent.name.clone(),
            skill: task.skill.as_ref().map(|skill| skill.name.clone()),
            state: State::Starting,
            reason: String::new(),
            trouble: None,
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
            made: None,
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

    /// What it has made, as it was when it ended. Reads the disk.
    pub fn review(&self, id: &str) -> Result<(HandOff, Review)> {
        let mut hand_off = self.read(id)?;
        if hand_off.state.is_running() {
            bail!("`{}` still works; wait for its end, or cancel it", hand_off.id);
        }
        let gone = || anyhow!("what `{}` had made is not there any more: it is {}", hand_off.id, hand_off.state.name());
        let snapshot = hand_off.snapshot.clone().ok_or_else(gone)?;
        let capture = match &hand_off.made {
            Some(tree) => Capture { tree: tree.clone(), changes: snapshot.changes_to(tree)?, left_out: Vec::new() },
            // Its server ended before it could.
            None => {
                let capture = snapshot.capture()?;
                hand_off.made = Some(capture.tree.clone());
                self.settle(hand_off.clone())?;
                capture
            }
        };
        let review = Review::of(&snapshot, &capture)?;
        Ok((hand_off, review))
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
            crate::priority::lower_thread();
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
