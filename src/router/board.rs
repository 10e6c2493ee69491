//! How all routes do: breakers, paces and counts behind one lock, and the thread that probes what is down.
//!
//! The lock is held for lines. The thread starts with the first outage and ends with the last, or with the router; while
//! nobody asks anything it sleeps.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Route;
use super::breaker::Breaker;
use super::notice::{Change, State, Teller};
use super::pace::Pace;
use super::status::{Counts, Health, RouteStatus};
use crate::engine::{Cancel, Failure};

/// After so long without a question nobody is helped by a probe.
const IDLE: Duration = Duration::from_secs(60);

pub struct Board {
    pub routes: Vec<Route>,
    sheet: Mutex<Sheet>,
    /// Rings at a question while something is down, and at the end.
    bell: Condvar,
    /// Held while the user is told, so that changes are told in their order.
    notice: Mutex<Box<dyn Fn(Change) + Send + Sync>>,
    /// Of probes.
    stop: Cancel,
}

struct Sheet {
    lines: Vec<Line>,
    untold: VecDeque<Change>,
    last_question: Instant,
    is_probing: bool,
    is_over: bool,
}

/// One route.
#[derive(Default)]
struct Line {
    breaker: Breaker,
    teller: Teller,
    pace: Pace,
    counts: Counts,
}

/// How a question to a route ended.
pub enum End {
    /// With words.
    Answered,
    /// It had nothing to say.
    Silent,
    Failed(Failure),
    /// It was stopped, having said nothing for so long, which is longer than usual.
    Overdue(Duration),
    /// It was stopped, for whatever reason.
    Cancelled,
}

impl Board {
    pub fn new(routes: Vec<Route>, notice: Box<dyn Fn(Change) + Send + Sync>) -> Board {
        let sheet = Sheet {
            lines: routes.iter().map(|_| Line::default()).collect(),
            untold: VecDeque::new(),
            last_question: Instant::now(),
            is_probing: false,
            is_over: false,
        };
        Board {
            routes,
            sheet: Mutex::new(sheet),
            bell: Condvar::new(),
            notice: Mutex::new(notice),
            stop: Cancel::default(),
        }
    }

    /// A question has come. Why each route is not to be asked now, if it is not.
    pub fn question(self: &Arc<Board>) -> Vec<Option<Failure>> {
        let mut sheet = self.sheet.lock();
        sheet.last_question = Instant::now();
        self.see_to_probes(&mut sheet);
        sheet.lines.iter().map(Line::outage).collect()
    }

    /// As [`Board::question`], of one route, as it is now.
    pub fn outage(&self, route: usize) -> Option<Failure> {
        self.sheet.lock().lines[route].outage()
    }

    /// A route is asked. After so long without a word another should be, too.
    pub fn begin(&self, route: usize) -> Duration {
        let line = &mut self.sheet.lock().lines[route];
        line.counts.n_asked += 1;
        line.pace.patience()
    }

    /// They came after `took`, or had not come then.
    pub fn first_words(&self, route: usize, took: Duration) {
        self.sheet.lock().lines[route].pace.add(took);
    }

    pub fn hedged(&self, route: usize) {
        self.sheet.lock().lines[route].counts.n_hedged += 1;
    }

    pub fn won(&self, route: usize) {
        self.sheet.lock().lines[route].counts.n_won += 1;
    }

    /// Called once for each [`Board::begin`].
    pub fn end(self: &Arc<Board>, route: usize, end: End) {
        let now = Instant::now();
        let mut sheet = self.sheet.lock();
        let Line { breaker, counts, .. } = &mut sheet.lines[route];
        match &end {
            End::Answered => counts.n_answered += 1,
            End::Failed(_) => counts.n_failed += 1,
            End::Silent | End::Overdue(_) | End::Cancelled => {}
        }
        // An engine of this process sees to itself, and behind it there is nobody.
        if self.routes[route].is_remote {
            match &end {
                End::Answered | End::Silent => breaker.answered(),
                End::Failed(failure) => breaker.failed(failure, now, chance()),
                End::Overdue(took) => breaker.overdue(&format!("it said nothing within {} ms", took.as_millis()), now),
                End::Cancelled => {}
            }
            self.note(&mut sheet, route, matches!(end, End::Answered | End::Silent), now);
            self.see_to_probes(&mut sheet);
        }
        drop(sheet);
        self.tell();
    }

    /// What is asked first now.
    pub fn answers(&self) -> Option<Arc<str>> {
        self.first_closed(&self.sheet.lock())
    }

    pub fn status(&self) -> Vec<RouteStatus> {
        // Without the lock: what they say of their models may come from the disk.
        let rows: Vec<RouteStatus> = self.routes.iter().map(RouteStatus::new).collect();
        let sheet = self.sheet.lock();
        let now = Instant::now();
        let fill = |(row, line): (RouteStatus, &Line)| RouteStatus {
            health: line.health(now),
            first_words_p90_ms: line.pace.p90().map(|p90| p90.as_millis() as u64),
            counts: Some(line.counts),
            ..row
        };
        rows.into_iter().zip(&sheet.lines).map(fill).collect()
    }

    /// Ends the probes; one that runs is stopped, and not waited for.
    pub fn close(&self) {
        self.stop.cancel();
        self.sheet.lock().is_over = true;
        self.bell.notify_all();
    }

    fn first_closed(&self, sheet: &Sheet) -> Option<Arc<str>> {
        let mut routes = self.routes.iter().zip(&sheet.lines);
        routes.find(|(_, line)| line.breaker.is_closed()).map(|(route, _)| route.label.clone())
    }

    /// Whether something has changed that is to be told.
    fn note(&self, sheet: &mut Sheet, route: usize, has_answered: bool, now: Instant) {
        let Line { breaker, teller, .. } = &mut sheet.lines[route];
        let outage = breaker.outage();
        let Some(tell) = teller.observe(outage, has_answered, now) else { return };
        let state = outage.map_or(State::Up, |outage| State::Down(outage.cause, outage.message.clone()));
        let (label, answers) = (self.routes[route].label.clone(), self.first_closed(sheet));
        sheet.untold.push_back(Change { label, state, tell, answers });
    }

    /// Tells what is not told yet. Without the sheet's lock: who is told may ask for the status.
    fn tell(&self) {
        let next = || self.sheet.lock().untold.pop_front();
        if self.sheet.lock().untold.is_empty() {
            return;
        }
        let notice = self.notice.lock();
        while let Some(change) = next() {
            notice(change);
        }
    }

    /// Starts the thread where there is something to probe, or wakes it.
    fn see_to_probes(self: &Arc<Board>, sheet: &mut Sheet) {
        if sheet.lines.iter().all(|line| line.breaker.is_closed()) || sheet.is_over {
            return;
        }
        self.bell.notify_all();
        if !sheet.is_probing {
            let board = self.clone();
            let probe = move || {
                while let Some(route) = board.next_probe() {
                    board.probe(route);
                }
            };
            // If it fails, the next question tries again.
            sheet.is_probing = std::thread::Builder::new().name("probes".to_string()).spawn(probe).is_ok();
        }
    }

    /// Waits until a probe is due, and begins it. `None` when there will be none.
    fn next_probe(&self) -> Option<usize> {
        let mut sheet = self.sheet.lock();
        loop {
            let due = |(route, line): (usize, &Line)| line.breaker.next_probe().map(|due| (due, route));
            let next = sheet.lines.iter().enumerate().filter_map(due).min();
            let (false, Some((due, route))) = (sheet.is_over, next) else {
                sheet.is_probing = false;
                return None;
            };
            if due > Instant::now() {
                self.bell.wait_until(&mut sheet, due);
            } else if sheet.last_question.elapsed() > IDLE {
                self.bell.wait(&mut sheet);
            } else {
                sheet.lines[route].breaker.begin_probe();
                return Some(route);
            }
        }
    }

    fn probe(&self, route: usize) {
        let engine = &self.routes[route].engine;
        let result = catch_unwind(AssertUnwindSafe(|| engine.probe(&self.stop)))
            .unwrap_or_else(|_| Err(Failure::here("its probe panicked; please report this with the log")));
        let now = Instant::now();
        let mut sheet = self.sheet.lock();
        if sheet.is_over {
            return;
        }
        sheet.lines[route].breaker.probed(&result, now, chance());
        self.note(&mut sheet, route, false, now);
        drop(sheet);
        self.tell();
    }
}

impl Line {
    fn outage(&self) -> Option<Failure> {
        self.breaker.outage().map(|outage| Failure::new(outage.cause, outage.message.clone()))
    }

    fn health(&self, now: Instant) -> Health {
        let Some(outage) = self.breaker.outage() else { return Health::Healthy };
        let next_probe = self.breaker.next_probe().map(|at| at.saturating_duration_since(now).as_secs());
        Health::Down {
            cause: outage.cause,
            message: outage.message.clone(),
            since_s: now.saturating_duration_since(outage.since).as_secs(),
            next_probe_s: next_probe,
        }
    }
}

/// From [0, 1). The standard library seeds its hash tables by the system's random numbers.
fn chance() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1u64 << 53) as f64
}
