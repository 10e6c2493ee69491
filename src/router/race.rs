//! One question to several routes: the first in order is asked, the next when that one fails or says nothing for longer than
//! usual, and the first to have words wins.
//!
//! Each route works on a thread of its own, with its own copy of the question (a snapshot is a few pointers): so a loser that
//! does not stop holds nobody up. This thread listens, forwards the winner's words, and keeps the time.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::board::{Board, End};
use super::said::{Spoken, WhyNot};
use crate::engine::{Ask, Cancel, Candidate, Cause, Engine, Failure, Finish, Question};

/// How often cancels and times are looked at. Words are heard at once.
const TICK: Duration = Duration::from_millis(2);

/// A whole answer has so many of its route's deadlines: one that drips is none.
const MAX_DEADLINES: u32 = 5;

pub struct Race<'a> {
    board: &'a Arc<Board>,
    question: Arc<Question>,
    /// Who may still be asked, in order; a route's number is its place in the order.
    waiting: VecDeque<usize>,
    runs: Vec<Run>,
    /// Whose words are forwarded: a place in `runs`.
    leader: Option<usize>,
    why_not: WhyNot,
    said: Sender<Said>,
    inbox: Receiver<Said>,
}

/// An [`Ask`] that can be sent.
/// A route at work.
struct Run {
    route: usize,
    cancel: Cancel,
    begun: Instant,
    /// When it said something last.
    heard: Instant,
    /// How long it may be silent before another is asked, too.
    patience: Duration,
    /// Not forwarded yet.
    candidates: VecDeque<Candidate>,
    spoken: Spoken,
    finish: Option<Finish>,
    /// Its end is noted, and nothing more is wanted of it.
    is_over: bool,
}

/// What a run says.
struct Said {
    run: usize,
    what: What,
}

enum What {
    Candidate(Candidate),
    Finish(Finish),
}

impl<'a> Race<'a> {
    /// Among `routes`, in order.
    pub fn new(board: &'a Arc<Board>, ask: &Ask, routes: Vec<usize>, why_not: WhyNot) -> Race<'a> {
        let question = Arc::new(Question::from(ask));
        let (said, inbox) = channel();
        let (runs, leader) = (Vec::new(), None);
        Race { board, question, waiting: routes.into(), runs, leader, why_not, said, inbox }
    }

    pub fn run(mut self, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        loop {
            if self.leader.is_none_or(|leader| self.runs[leader].is_slow()) && !self.keep_asking() {
                return self.why_not.finish();
            }
            self.listen();
            if cancel.is_cancelled() {
                self.stop_all_but(None, if cancel.is_superseded() { Cancel::supersede } else { Cancel::cancel });
                return Finish::Cancelled;
            }
            self.check_deadlines();
            self.choose_leader();
            if let Some(finish) = self.leader.and_then(|leader| self.forward(leader, emit)) {
                return finish;
            }
            self.see_ends();
        }
    }

    /// Asks the next route if nobody is at work, or the newest is slow. False when nobody is left.
    fn keep_asking(&mut self) -> bool {
        loop {
            let slow = match self.runs.iter().rev().find(|run| !run.is_over) {
                Some(run) if !run.is_slow() => return true,
                newest => newest.map(|run| run.route),
            };
            let Some(route) = self.waiting.pop_front() else { return slow.is_some() };
            // It may have gone down since the question came.
            if let Some(failure) = self.board.outage(route) {
                self.why_not.failed(&self.board.routes[route].label, failure);
                continue;
            }
            if let Some(slow) = slow {
                self.board.hedged(slow);
            }
            self.begin(route);
        }
    }

    fn begin(&mut self, route: usize) {
        let (begun, cancel) = (Instant::now(), Cancel::default());
        let patience = self.board.begin(route);
        let run = self.runs.len();
        self.runs.push(Run {
            route,
            cancel: cancel.clone(),
            begun,
            heard: begun,
            patience,
            candidates: VecDeque::new(),
            spoken: Spoken::default(),
            finish: None,
            is_over: false,
        });
        let (engine, question) = (self.board.routes[route].engine.clone(), self.question.clone());
        let said = self.said.clone();
        let work = move || {
            // Who has stopped listening needs no more.
            let say = |what| match said.send(Said { run, what }) {
                Ok(()) if !cancel.is_cancelled() => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            };
            let mut emit = |candidate| say(What::Candidate(candidate));
            let finish = generate(engine.as_ref(), &question.ask(), &cancel, &mut emit);
            let _ = say(What::Finish(finish));
        };
        if std::thread::Builder::new().name("route".to_string()).spawn(work).is_err() {
            let failure = Failure::here("its thread could not be started; free some memory or raise `ulimit -u`");
            self.runs[run].finish = Some(Finish::Failed(failure));
        }
    }

    /// Waits for the next word, a tick at most, and takes all that have come.
    fn listen(&mut self) {
        let mut next = self.inbox.recv_timeout(TICK).ok();
        while let Some(Said { run, what }) = next {
            self.hear(run, what);
            next = self.inbox.try_recv().ok();
        }
    }

    fn hear(&mut self, run: usize, what: What) {
        let run = &mut self.runs[run];
        run.heard = Instant::now();
        match what {
            _ if run.is_over => {}
            What::Finish(finish) => run.finish = Some(finish),
            What::Candidate(candidate) if candidate.text.trim().is_empty() => {}
            What::Candidate(candidate) => {
                if !run.spoken.has_words() && run.candidates.is_empty() {
                    self.board.first_words(run.route, run.begun.elapsed());
                }
                run.candidates.push_back(candidate);
            }
        }
    }

    fn check_deadlines(&mut self) {
        for run in self.runs.iter_mut().filter(|run| !run.is_over && run.finish.is_none()) {
            let deadline = self.board.routes[run.route].deadline;
            let since = if run.heard == run.begun { "" } else { " after its first words" };
            let message = match () {
                () if run.heard.elapsed() >= deadline => {
                    format!("it said nothing for {} ms{since}", deadline.as_millis())
                }
                () if run.begun.elapsed() >= deadline.saturating_mul(MAX_DEADLINES) => {
                    format!(
                        "its answer took more than {MAX_DEADLINES} times its deadline of {} ms",
                        deadline.as_millis()
                    )
                }
                () => continue,
            };
            run.cancel.cancel();
            run.finish = Some(Finish::Failed(Failure::new(Cause::Stalled, message)));
        }
    }

    /// The first in order of those who have words now, unless one leads already and goes on; the others are stopped.
    fn choose_leader(&mut self) {
        if self.leader.is_some_and(|leader| !self.runs[leader].is_slow()) {
            return;
        }
        let with_words = |(_, run): &(usize, &Run)| !run.is_over && !run.candidates.is_empty();
        let runs = self.runs.iter().enumerate();
        let Some((leader, run)) = runs.filter(with_words).min_by_key(|(_, run)| run.route) else { return };
        self.board.won(run.route);
        self.leader = Some(leader);
        self.stop_all_but(Some(leader), Cancel::cancel);
    }

    /// Hands on what the leader has said. The question's end, if that is it.
    fn forward(&mut self, leader: usize, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Option<Finish> {
        let run = &mut self.runs[leader];
        let route = &self.board.routes[run.route];
        while let Some(candidate) = run.candidates.pop_front() {
            let candidate = self.why_not.signed(candidate, route);
            if run.spoken.emit(candidate, emit).is_break() {
                run.cancel.cancel();
                run.finish = Some(Finish::Done);
            }
        }
        let finish = run.finish.take()?;
        let stands = run.spoken.conclude(&finish, emit);
        self.note_end(leader, &finish);
        if stands {
            return Some(finish);
        }
        // Cut off before a line was whole: the next one answers in its place.
        self.leader = None;
        None
    }

    /// Routes that have ended without a word that counts.
    fn see_ends(&mut self) {
        for i in 0..self.runs.len() {
            let run = &mut self.runs[i];
            if run.candidates.is_empty()
                && !run.is_over
                && let Some(finish) = run.finish.take()
            {
                self.note_end(i, &finish);
            }
        }
    }

    fn note_end(&mut self, run: usize, finish: &Finish) {
        let run = &mut self.runs[run];
        run.is_over = true;
        let label = &self.board.routes[run.route].label;
        let has_words = run.spoken.has_words();
        let end = match finish {
            Finish::Failed(failure) => {
                self.why_not.failed(label, failure.clone());
                End::Failed(failure.clone())
            }
            _ if has_words => End::Answered,
            Finish::Silent(why) => {
                self.why_not.silent(label, why);
                End::Silent
            }
            Finish::Done => {
                self.why_not.silent(label, "it had nothing to say");
                End::Silent
            }
            Finish::Cancelled => {
                self.why_not.silent(label, "it was stopped");
                End::Cancelled
            }
        };
        self.board.end(run.route, end);
    }

    /// Stops who is still at work. Who was to be asked again, should the leader fail, is put back into the queue.
    fn stop_all_but(&mut self, leader: Option<usize>, stop: fn(&Cancel)) {
        for (i, run) in self.runs.iter_mut().enumerate().rev() {
            if run.is_over || Some(i) == leader {
                continue;
            }
            stop(&run.cancel);
            run.is_over = true;
            let end = match run.finish.take() {
                Some(Finish::Failed(failure)) => End::Failed(failure),
                _ if run.is_slow() => End::Overdue(run.heard.elapsed()),
                _ if run.spoken.has_words() || !run.candidates.is_empty() => End::Answered,
                _ => End::Cancelled,
            };
            // Else a route that has become slower would be given up too soon for ever.
            if let End::Overdue(took) = end
                && !run.spoken.has_words()
            {
                self.board.first_words(run.route, took);
            }
            if !matches!(end, End::Failed(_)) {
                self.waiting.push_front(run.route);
            }
            self.board.end(run.route, end);
        }
    }
}

impl Run {
    /// Silent for longer than usual, with no line yet that could be shown.
    fn is_slow(&self) -> bool {
        self.heard.elapsed() >= self.patience && self.candidates.is_empty() && !self.spoken.has_line()
    }
}

/// Asks one engine. A panic is a failure, so that the next route still gets its turn.
pub fn generate(
    engine: &dyn Engine,
    ask: &Ask,
    cancel: &Cancel,
    emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>,
) -> Finish {
    catch_unwind(AssertUnwindSafe(|| engine.generate(ask, cancel, emit)))
        .unwrap_or_else(|_| Finish::Failed(Failure::here("it panicked; please report this with the log")))
}
