//! The life of one request: gate, cache, engine, suggestion, cache; and its trace.
//!
//! [`Predictor::quick`] takes microseconds and runs where the request arrives; [`Predictor::full`] runs an engine and
//! belongs on a worker thread. Both return an [`Answer`] with the [`Trace`] that `why` shows. What an engine says
//! reaches the caller only through the cache, so that every answer has passed the same check against the text. Must
//! not know the wire.

mod gate;
pub mod outcome;
pub mod restraint;
mod trace;

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::cache::{self, Cache, Hit, Via};
use crate::document::{Clearance, DocumentId, Snapshot};
use crate::engine::{Ask, Cancel, Candidate, Engine, Finish};
use crate::suggestion::{self, Around, Suggestion};

pub use trace::{Shown, Step, Trace};

/// How many traces are kept for `why`.
const MAX_TRACES: usize = 200;

/// Candidates asked of an engine: enough to cycle through when asked by hand, and a second and third chance for
/// post-processing when not.
const N_CANDIDATES: usize = 3;
const N_CANDIDATES_INVOKED: usize = 5;

/// The windows around the cursor that post-processing sees, in bytes.
const PREFIX_WINDOW: usize = 8 << 10;
const SUFFIX_WINDOW: usize = 4 << 10;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub enabled: bool,
    /// Language identifiers that get no suggestions.
    pub disabled_languages: Vec<String>,
    /// Suggest inside comments.
    pub in_comments: bool,
    /// Suggest inside string literals.
    pub in_strings: bool,
    /// Most lines of one suggestion.
    pub max_lines: usize,
    /// Larger documents get none.
    pub max_document_bytes: usize,
    pub cache: cache::Options,
}

pub struct Request {
    pub document: Snapshot,
    /// Bytes.
    pub offset: usize,
    /// The other open documents; those that are not cleared are left out by the predictor.
    pub others: Vec<Snapshot>,
    pub trigger: Trigger,
    /// The item selected in the editor's menu: the suggestion must extend it.
    pub selected: Option<Selected>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// By hand: the gates of taste (comments, strings, text to the right) are open, more candidates are wanted.
    Invoked,
    Automatic,
}

/// The menu's text, and what it would replace (bytes, on the cursor's line, up to the cursor or beyond it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    pub replaced: Range<usize>,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub outcome: Outcome,
    pub trace: Arc<Trace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Best first, never empty. Where the request has a [`Selected`], they continue its text.
    Suggest {
        suggestions: Vec<Suggestion>,
        source: &'static str,
    },
    /// Nothing to show, and why: a sentence for the user.
    Nothing(String),
    Cancelled,
}

/// What [`Predictor::quick`] found.
pub enum Quick {
    Answered(Answer),
    /// An engine has to be asked: hand this to [`Predictor::full`].
    Open(Trace),
}

pub struct Predictor {
    options: Options,
    refining: suggestion::Options,
    engines: Vec<Arc<dyn Engine>>,
    cache: Mutex<Cache>,
    n_requests: AtomicU64,
    traces: Mutex<VecDeque<Arc<Trace>>>,
}

impl Predictor {
    /// The engines are asked in their order until one has something to show.
    pub fn new(options: Options, refining: suggestion::Options, engines: Vec<Arc<dyn Engine>>) -> Predictor {
        let cache = Mutex::new(Cache::new(options.cache.clone()));
        Predictor { options, refining, engines, cache, n_requests: AtomicU64::new(0), traces: Mutex::default() }
    }

    /// Gate and cache. Microseconds; no I/O, no engine.
    pub fn quick(&self, request: &Request) -> Quick {
        let mut trace = self.open_trace(request);
        let (document, offset) = as_if_selected(request);

        let started = Instant::now();
        let verdict = gate::judge(&self.options, &document, offset, request.trigger);
        trace.step("gate", verdict.as_ref().err().map_or("open", String::as_str), started.elapsed());
        if let Err(reason) = verdict {
            return Quick::Answered(self.close_trace(trace, Outcome::Nothing(reason)));
        }

        let started = Instant::now();
        let hit = self.cache.lock().lookup(&document.id, &document.text, offset);
        trace.step("cache", describe(&hit), started.elapsed());
        match hit {
            Some(Hit { suggestions, .. }) => {
                Quick::Answered(self.close_trace(trace, Outcome::Suggest { suggestions, source: "cache" }))
            }
            None => Quick::Open(trace),
        }
    }

    /// Engines and post-processing. Milliseconds or more; returns soon after `cancel`.
    pub fn full(&self, request: &Request, mut trace: Trace, cancel: &Cancel) -> Answer {
        let (document, offset) = as_if_selected(request);
        let others = cleared_others(request);
        let n_candidates = match request.trigger {
            Trigger::Invoked => N_CANDIDATES_INVOKED,
            Trigger::Automatic => N_CANDIDATES,
        };
        let max_lines = self.options.max_lines;
        let ask = Ask { document: &document, offset, others: &others, max_lines, n_candidates };

        let mut reasons = Vec::new();
        for engine in &self.engines {
            match self.ask_engine(engine.as_ref(), &ask, cancel, &mut trace) {
                Ok(suggestions) => {
                    self.cache.lock().insert(&document.id, &document.text, offset, suggestions);
                    let hit = self.cache.lock().lookup(&document.id, &document.text, offset);
                    trace.step("cache", describe(&hit), Default::default());
                    if let Some(Hit { suggestions, .. }) = hit {
                        let source = engine.name();
                        return self.close_trace(trace, Outcome::Suggest { suggestions, source });
                    }
                    reasons.push(format!("{}: what it said does not fit the text", engine.name()));
                }
                Err(Unanswered::Cancelled) => return self.close_trace(trace, Outcome::Cancelled),
                Err(Unanswered::Because(why)) => reasons.push(format!("{}: {why}", engine.name())),
            }
        }
        if reasons.is_empty() {
            reasons.push("no engine is configured".to_string());
        }
        self.close_trace(trace, Outcome::Nothing(reasons.join("; ")))
    }

    /// Both in turn, for callers without a deadline.
    pub fn answer(&self, request: &Request, cancel: &Cancel) -> Answer {
        match self.quick(request) {
            Quick::Answered(answer) => answer,
            Quick::Open(trace) => self.full(request, trace, cancel),
        }
    }

    /// The user accepted a suggestion of this request (see [`Trace::id`]).
    pub fn accepted(&self, trace_id: u64) {
        let mut traces = self.traces.lock();
        if let Some(trace) = traces.iter_mut().find(|trace| trace.id == trace_id) {
            Arc::make_mut(trace).accepted = true;
        }
    }

    /// Drops what is known of a closed document.
    pub fn forget(&self, document: &DocumentId) {
        self.cache.lock().forget(document);
    }

    /// The last 200 traces, oldest first.
    pub fn traces(&self) -> Vec<Arc<Trace>> {
        self.traces.lock().iter().cloned().collect()
    }

    /// Asks one engine and refines what it says; the suggestions are best first, without repeats, never empty.
    fn ask_engine(
        &self,
        engine: &dyn Engine,
        ask: &Ask,
        cancel: &Cancel,
        trace: &mut Trace,
    ) -> Result<Vec<Suggestion>, Unanswered> {
        let started = Instant::now();
        let mut candidates = Vec::new();
        let finish = generate(engine, ask, cancel, &mut candidates);
        trace.step(engine.name(), describe_engine(&finish, &candidates), started.elapsed());
        if let Some(best) = candidates.first() {
            trace.context = best.context.iter().rev().map(Shown::from).collect();
        }
        match finish {
            Finish::Cancelled => return Err(Unanswered::Cancelled),
            Finish::Silent(why) | Finish::Failed(why) if candidates.is_empty() => return Err(Unanswered::Because(why)),
            _ => {}
        }

        let started = Instant::now();
        let is_by_hand = ask.n_candidates == N_CANDIDATES_INVOKED;
        let bar = if is_by_hand { 0.0 } else { engine.min_confidence() };
        let (suggestions, rejections) = self.refine(ask, &candidates, bar);
        let mut verdict = format!("kept {} of {}", suggestions.len(), candidates.len());
        if !rejections.is_empty() {
            verdict = format!("{verdict}; rejected: {}", rejections.join("; "));
        }
        trace.step("suggestion", verdict, started.elapsed());
        match (suggestions.is_empty(), rejections.into_iter().next()) {
            (false, _) => Ok(suggestions),
            (true, Some(why)) => Err(Unanswered::Because(why)),
            (true, None) => Err(Unanswered::Because("it had nothing to say".to_string())),
        }
    }

    fn refine(&self, ask: &Ask, candidates: &[Candidate], bar: f32) -> (Vec<Suggestion>, Vec<String>) {
        let text = &ask.document.text;
        let first_line = text.line_of(ask.offset.saturating_sub(PREFIX_WINDOW));
        let window_start = match text.line_range(first_line).start {
            0 => 0,
            start if start + PREFIX_WINDOW >= ask.offset => start,
            // The window opened inside a line: begin at the next one, unless that is the cursor's own.
            _ => text.line_range((first_line + 1).min(text.line_of(ask.offset))).start,
        };
        let prefix = text.slice(window_start..ask.offset);
        let suffix = text.slice(ask.offset..ask.offset + SUFFIX_WINDOW);
        let around = Around { language: ask.document.language, prefix: &prefix, suffix: &suffix };

        let mut suggestions: Vec<Suggestion> = Vec::new();
        let mut rejections = Vec::new();
        for candidate in candidates {
            let chance = candidate.confidence;
            if chance < bar {
                rejections.push(format!("its chance is {chance:.2}, under the bar of {bar:.2}"));
                continue;
            }
            match suggestion::refine(&candidate.text, &around, &self.refining) {
                Ok(suggestion) if suggestions.contains(&suggestion) => rejections.push("repeated".to_string()),
                Ok(suggestion) => suggestions.push(suggestion),
                Err(rejected) => rejections.push(rejected.to_string()),
            }
        }
        (suggestions, rejections)
    }

    fn open_trace(&self, request: &Request) -> Trace {
        let id = self.n_requests.fetch_add(1, Ordering::Relaxed) + 1;
        let text = &request.document.text;
        let line = text.line_of(request.offset);
        let column = request.offset.min(text.len()).saturating_sub(text.line_range(line).start);
        Trace::new(id, &request.document.id, line + 1, column + 1)
    }

    fn close_trace(&self, mut trace: Trace, outcome: Outcome) -> Answer {
        trace.outcome = match &outcome {
            Outcome::Suggest { suggestions, source } => format!("{} shown, from {source}", suggestions.len()),
            Outcome::Nothing(reason) => format!("nothing: {reason}"),
            Outcome::Cancelled => "cancelled".to_string(),
        };
        let trace = Arc::new(trace);
        let mut traces = self.traces.lock();
        if traces.len() == MAX_TRACES {
            traces.pop_front();
        }
        traces.push_back(trace.clone());
        Answer { outcome, trace }
    }
}

enum Unanswered {
    Cancelled,
    Because(String),
}

/// Runs the engine; a panic is a failure with a cause, so that the next engine still gets its turn.
fn generate(engine: &dyn Engine, ask: &Ask, cancel: &Cancel, candidates: &mut Vec<Candidate>) -> Finish {
    let n_wanted = ask.n_candidates;
    let mut emit = |candidate| {
        candidates.push(candidate);
        if candidates.len() < n_wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    catch_unwind(AssertUnwindSafe(|| engine.generate(ask, cancel, &mut emit)))
        .unwrap_or_else(|_| Finish::Failed("it panicked; please report this with the log".to_string()))
}

/// The document and the cursor as they would be if the menu's selected item were accepted.
fn as_if_selected(request: &Request) -> (Snapshot, usize) {
    let mut document = request.document.clone();
    let Some(selected) = &request.selected else {
        let offset = document.text.floor_char_boundary(request.offset);
        return (document, offset);
    };
    let before = document.text.clone();
    let replaced = document.text.replace(selected.replaced.clone(), &selected.text);
    if let Some(tree) = &mut document.tree {
        tree.edit(&before, &document.text, replaced.clone(), selected.text.len());
    }
    (document, replaced.start + selected.text.len())
}

fn cleared_others(request: &Request) -> Vec<Snapshot> {
    let is_other = |other: &&Snapshot| other.id != request.document.id && other.clearance == Clearance::Cleared;
    request.others.iter().filter(is_other).cloned().collect()
}

fn describe(hit: &Option<Hit>) -> String {
    match hit {
        None => "miss".to_string(),
        Some(Hit { via: Via::Exact, suggestions }) => format!("hit: {} made for this place", suggestions.len()),
        Some(Hit { via: Via::TypedAlong(n_bytes), suggestions }) => {
            format!("hit: {} still agree after {n_bytes} bytes", suggestions.len())
        }
        Some(Hit { via: Via::WalkedBack(n_bytes), suggestions }) => {
            format!("hit: {} still agree {n_bytes} bytes before their place", suggestions.len())
        }
    }
}

fn describe_engine(finish: &Finish, candidates: &[Candidate]) -> String {
    match (finish, candidates.first()) {
        (Finish::Cancelled, _) => "cancelled".to_string(),
        (Finish::Failed(why), _) => format!("failed: {why}"),
        (_, Some(best)) => {
            let (n, confidence) = (candidates.len(), best.confidence);
            format!("{n} said, the best at confidence {confidence:.2}: {}", best.provenance)
        }
        (Finish::Silent(why), None) => format!("silent: {why}"),
        (Finish::Done, None) => "silent".to_string(),
    }
}
