//! Which model answers: an engine made of other engines, in the user's order.
//!
//! A question goes to the first route that is well. The next is asked when it fails, or has said nothing for longer than nine
//! of ten times ([`race`]); what fails again and again is not asked until a probe has found it well ([`breaker`], [`board`]).
//! The user is told once ([`notice`]). Models of this machine alone are asked one after the other on the caller's
//! thread, as they would be without a router. Must not know the predictor: to it, this is one engine.

mod board;
pub mod breaker;
pub mod notice;
pub mod pace;
mod race;
mod said;
pub mod status;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Ask, Cancel, Candidate, Engine, Failure, Finish, Spent};
use board::{Board, End};
use race::Race;
use said::{Spoken, WhyNot};

pub use notice::{Change, Severity, State};
pub use status::{Counts, Health, RouteStatus, Status};

/// Whether a question may go to an engine, or why not: one sentence, for the user.
pub type MayAnswer = Arc<dyn Fn(&Ask) -> Result<(), String> + Send + Sync>;

/// One engine, and how it is asked.
#[derive(Clone)]
pub struct Route {
    pub engine: Arc<dyn Engine>,
    /// The endpoint's name, for the user.
    pub label: Arc<str>,
    /// Silence for so long, before the first words or between two, is a failure. Without effect where all routes are local.
    pub deadline: Duration,
    /// Its questions leave the machine, or cost money: it has a breaker and is probed.
    pub is_remote: bool,
    /// Asked for each question to a remote route before anything is sent; all may, where absent.
    pub may_answer: Option<MayAnswer>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether what nobody waits for yet is asked of remote routes: it costs money.
    pub asks_remote_ahead: bool,
}

pub struct Router {
    board: Arc<Board>,
    options: Options,
}

/// The engines of a session, as the predictor takes them.
#[derive(Clone)]
pub struct Lineup {
    pub engines: Vec<Arc<dyn Engine>>,
    /// The models one by one, in their order.
    pub routes: Arc<[Route]>,
    instant: Vec<&'static str>,
    models: Models,
}

#[derive(Clone)]
enum Models {
    Routed(Arc<Router>),
    /// Of this machine, or there is none.
    One(Option<Route>),
}

/// A local model that hangs is given up after this, where another could answer. Loading takes seconds.
const LOCAL_DEADLINE: Duration = Duration::from_secs(30);

impl Route {
    /// An engine of this process.
    pub fn local(engine: Arc<dyn Engine>) -> Route {
        let label = engine.name().into();
        Route { engine, label, deadline: LOCAL_DEADLINE, is_remote: false, may_answer: None }
    }
}

impl Lineup {
    /// Puts the models behind a router, unless there is only one and it is local. `notice` is called on any thread, at every
    /// change of a remote route's health; it must not wait.
    pub fn new(routes: Vec<Route>, options: Options, notice: impl Fn(Change) + Send + Sync + 'static) -> Lineup {
        let (instant, mut models): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.engine.is_instant());
        let mut engines: Vec<Arc<dyn Engine>> = instant.into_iter().map(|route| route.engine).collect();
        let instant = engines.iter().map(|engine| engine.name()).collect();
        let routes = models.clone().into();
        let models = if models.len() > 1 || models.iter().any(|route| route.is_remote) {
            let router = Arc::new(Router::new(models, options, notice));
            engines.push(router.clone());
            Models::Routed(router)
        } else {
            engines.extend(models.first().map(|route| route.engine.clone()));
            Models::One(models.pop())
        };
        Lineup { engines, routes, instant, models }
    }

    /// At any time. May look at the disk.
    pub fn status(&self) -> Status {
        let models = match &self.models {
            Models::Routed(router) => router.status(),
            Models::One(route) => route.iter().map(RouteStatus::new).collect(),
        };
        Status::new(self.instant.clone(), models)
    }
}

impl Router {
    /// `notice` as in [`Lineup::new`].
    pub fn new(routes: Vec<Route>, options: Options, notice: impl Fn(Change) + Send + Sync + 'static) -> Router {
        Router { board: Arc::new(Board::new(routes, Box::new(notice))), options }
    }

    /// In the order in which they are asked. Cheap, and at any time.
    pub fn status(&self) -> Vec<RouteStatus> {
        self.board.status()
    }

    /// The route that is asked first now.
    pub fn answers(&self) -> Option<String> {
        self.board.answers().map(|label| label.to_string())
    }

    /// The routes that may be asked, in order, and why the others may not.
    fn usable(&self, ask: &Ask) -> (Vec<usize>, WhyNot) {
        let (mut usable, mut why_not) = (Vec::new(), WhyNot::default());
        for (i, outage) in self.board.question().into_iter().enumerate() {
            let route = &self.board.routes[i];
            match (outage, self.may_ask(route, ask)) {
                (Some(failure), _) => why_not.failed(&route.label, failure),
                (None, Err(reason)) => why_not.silent(&route.label, &reason),
                (None, Ok(())) => usable.push(i),
            }
        }
        (usable, why_not)
    }

    fn may_ask(&self, route: &Route, ask: &Ask) -> Result<(), String> {
        if ask.is_ahead && route.is_remote && !self.options.asks_remote_ahead {
            return Err("not asked before somebody waits, for it costs money".to_string());
        }
        route.may_answer.as_ref().map_or(Ok(()), |may_answer| may_answer(ask))
    }

    /// On this thread, without a timer: for engines that see to themselves.
    fn one_by_one(
        &self,
        routes: Vec<usize>,
        mut why_not: WhyNot,
        ask: &Ask,
        cancel: &Cancel,
        emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>,
    ) -> Finish {
        for i in routes {
            let (route, begun, mut spoken) = (&self.board.routes[i], Instant::now(), Spoken::default());
            self.board.begin(i);
            let mut forward = |candidate: Candidate| {
                if !spoken.has_words() {
                    self.board.first_words(i, begun.elapsed());
                }
                spoken.emit(why_not.signed(candidate, route), emit)
            };
            let finish = race::generate(route.engine.as_ref(), ask, cancel, &mut forward);
            let stands = spoken.conclude(&finish, emit);
            if stands {
                self.board.won(i);
            }
            let end = match &finish {
                Finish::Failed(failure) => End::Failed(failure.clone()),
                Finish::Cancelled => End::Cancelled,
                Finish::Done | Finish::Silent(_) => {
                    if stands {
                        End::Answered
                    } else {
                        End::Silent
                    }
                }
            };
            self.board.end(i, end);
            match finish {
                Finish::Cancelled => return Finish::Cancelled,
                finish if stands => return finish,
                Finish::Failed(failure) => why_not.failed(&route.label, failure),
                Finish::Silent(why) => why_not.silent(&route.label, &why),
                Finish::Done => why_not.silent(&route.label, "it had nothing to say"),
            }
        }
        why_not.finish()
    }
}

impl Engine for Router {
    fn name(&self) -> &'static str {
        "router"
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let (routes, why_not) = self.usable(ask);
        let is_remote = |route: &&usize| self.board.routes[**route].is_remote;
        if routes.iter().any(|route| is_remote(&route)) {
            // Whoever stands behind must not begin to load when the first one fails.
            routes
                .iter()
                .filter(|route| !is_remote(route))
                .for_each(|route| self.board.routes[*route].engine.prepare());
            Race::new(&self.board, ask, routes, why_not).run(cancel, emit)
        } else {
            self.one_by_one(routes, why_not, ask, cancel, emit)
        }
    }

    fn spent(&self) -> Spent {
        self.board.routes.iter().map(|route| route.engine.spent()).fold(Spent::default(), |sum, one| Spent {
            n_evaluated: sum.n_evaluated + one.n_evaluated,
            n_decoded: sum.n_decoded + one.n_decoded,
        })
    }

    /// Its own routes are probed by itself.
    fn probe(&self, _cancel: &Cancel) -> Result<(), Failure> {
        Ok(())
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.board.close();
    }
}
