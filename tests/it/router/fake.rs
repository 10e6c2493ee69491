//! Engines that fail as they are told to, and a router over them.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::{Ask, Cancel, Candidate, Cause, Engine, Failure, Finish, Spent};
use foretype::router::{Change, Options, Route, Router};
use foretype::text::Text;
use parking_lot::Mutex;

/// What an engine does with a question.
#[derive(Clone, Debug)]
pub enum Act {
    /// Says a line.
    Say,
    /// Says it after so many milliseconds.
    SayAfter(u64),
    Silent,
    Fail(Cause),
    /// Says this as a growing text, and then: fails, or stalls.
    Grow(&'static str, Box<Act>),
    /// Says nothing until it is stopped.
    Stall,
    /// Says nothing for so many milliseconds, and does not let itself be stopped.
    Deaf(u64),
    Panic,
}

pub struct Fake {
    name: &'static str,
    act: Mutex<Act>,
    /// What a probe says; by default, that it is well.
    probe: Mutex<Result<(), Failure>>,
    pub n_asked: AtomicUsize,
    pub n_probes: AtomicUsize,
    pub n_stopped: AtomicUsize,
    pub n_prepared: AtomicUsize,
    pub thread: Mutex<Option<ThreadId>>,
}

impl Fake {
    pub fn new(name: &'static str, act: Act) -> Arc<Fake> {
        let (n_asked, n_probes, n_stopped, n_prepared, thread) = Default::default();
        let (act, probe) = (Mutex::new(act), Mutex::new(Ok(())));
        Arc::new(Fake { name, act, probe, n_asked, n_probes, n_stopped, n_prepared, thread })
    }

    /// From now on, probes included.
    pub fn turn(&self, act: Act) {
        *self.probe.lock() = match &act {
            Act::Fail(cause) => Err(failure(*cause)),
            Act::Stall => Err(failure(Cause::Stalled)),
            Act::Grow(_, then) => match **then {
                Act::Fail(cause) => Err(failure(cause)),
                _ => Err(failure(Cause::Stalled)),
            },
            _ => Ok(()),
        };
        *self.act.lock() = act;
    }

    pub fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }

    fn stand(&self, cancel: &Cancel, within: Duration) -> Option<Finish> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if cancel.is_cancelled() {
                self.n_stopped.fetch_add(1, Ordering::SeqCst);
                return Some(Finish::Cancelled);
            }
            std::thread::park_timeout(Duration::from_millis(1).min(within));
        }
        None
    }

    fn play(&self, act: &Act, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        match act {
            Act::Say => {
                let text = format!("{}();", self.name);
                let _ = emit(Candidate { text, confidence: 1.0, ..Candidate::default() });
                Finish::Done
            }
            Act::SayAfter(ms) => match self.stand(cancel, Duration::from_millis(*ms)) {
                Some(stopped) => stopped,
                None => self.play(&Act::Say, cancel, emit),
            },
            Act::Silent => Finish::Silent("nothing comes to mind".to_string()),
            Act::Fail(cause) => Finish::Failed(failure(*cause)),
            Act::Grow(text, then) => {
                for end in 1..=text.len() {
                    let text = text[..end].to_string();
                    let _ = emit(Candidate { text, is_growing: true, ..Candidate::default() });
                }
                self.play(then, cancel, emit)
            }
            Act::Stall => self.stand(cancel, Duration::from_secs(60)).unwrap_or(Finish::Done),
            Act::Deaf(ms) => {
                let _ = self.stand(&Cancel::default(), Duration::from_millis(*ms));
                Finish::Done
            }
            Act::Panic => panic!("as it was told to"),
        }
    }
}

pub fn failure(cause: Cause) -> Failure {
    Failure::new(cause, format!("it failed ({cause:?})"))
}

impl Engine for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self) {
        self.n_prepared.fetch_add(1, Ordering::SeqCst);
    }

    fn generate(&self, _: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        self.n_asked.fetch_add(1, Ordering::SeqCst);
        *self.thread.lock() = Some(std::thread::current().id());
        let act = self.act.lock().clone();
        self.play(&act, cancel, emit)
    }

    /// A token a question.
    fn spent(&self) -> Spent {
        Spent { n_evaluated: self.n_asked() as u64, n_decoded: 0 }
    }

    fn probe(&self, _: &Cancel) -> Result<(), Failure> {
        self.n_probes.fetch_add(1, Ordering::SeqCst);
        self.probe.lock().clone()
    }
}

/// A router over engines of these names, and what it told.
pub struct Scene {
    pub router: Router,
    pub changes: Arc<Mutex<Vec<Change>>>,
}

/// What came of a question.
#[derive(Debug)]
pub struct Answer {
    /// Whose each candidate is, and its text.
    pub said: Vec<(&'static str, String)>,
    /// The last candidate's.
    pub provenance: String,
    pub finish: Finish,
    pub took: Duration,
}

pub const DEADLINE: Duration = Duration::from_millis(200);

pub fn remote(engine: &Arc<Fake>) -> Route {
    let (label, engine) = (engine.name.into(), engine.clone());
    Route { engine, label, deadline: DEADLINE, is_remote: true, may_answer: None }
}

pub fn local(engine: &Arc<Fake>) -> Route {
    Route::local(engine.clone())
}

impl Scene {
    pub fn new(routes: Vec<Route>) -> Scene {
        let changes = Arc::<Mutex<Vec<Change>>>::default();
        let seen = changes.clone();
        let router = Router::new(routes, Options::default(), move |change| seen.lock().push(change));
        Scene { router, changes }
    }

    pub fn ask(&self) -> Answer {
        self.ask_with(false, &Cancel::default())
    }

    pub fn ask_with(&self, is_ahead: bool, cancel: &Cancel) -> Answer {
        let document = document();
        let ask = Ask { max_lines: 10, is_ahead, ..Ask::at(&document, 0) };
        let begun = Instant::now();
        let (mut said, mut provenance) = (Vec::new(), String::new());
        let finish = self.router.generate(&ask, cancel, &mut |candidate| {
            provenance = candidate.provenance;
            said.push((candidate.engine, candidate.text));
            if candidate.is_growing { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        Answer { said, provenance, finish, took: begun.elapsed() }
    }

    /// As often as it takes to know the pace.
    pub fn warm_up(&self) {
        for _ in 0..6 {
            self.ask();
        }
    }

    /// What the user was told.
    pub fn told(&self) -> Vec<String> {
        let changes = self.changes.lock();
        changes.iter().filter(|change| change.tell.is_some()).map(Change::to_string).collect()
    }
}

impl Answer {
    /// Whose words the last ones are.
    pub fn by(&self) -> &'static str {
        self.said.last().map_or("nobody", |(engine, _)| engine)
    }
}

pub fn document() -> Snapshot {
    let (id, text, clearance) = (DocumentId("a.txt".into()), Text::new("let "), Clearance::Cleared);
    Snapshot { id, path: None, language: None, version: 0, text, tree: None, clearance, edited: Default::default() }
}

#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "never came: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
