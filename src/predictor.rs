//! The life of one request: gate, cache, engines, suggestion, cache; and its trace.
//!
//! [`Predictor::quick`] takes microseconds and runs where the request arrives; [`Predictor::full`] asks engines, waits for
//! them and belongs on a worker thread. Both return an [`Answer`] with the [`Trace`] that `why` shows. Instant engines are
//! asked at every key; the models on a thread of their own ([`flights`]), where a question may outlive its request. All
//! that any engine says goes into the cache with its chance, and only what is sure enough comes out of it
//! ([`reveal`](reveal::reveal)): so every answer has passed the same check against the text. Must not know the wire.

mod asking;
mod flight;
mod flights;
mod gate;
mod launching;
mod options;
pub mod outcome;
pub mod power;
mod request;
pub mod restraint;
mod reveal;
mod tally;
mod trace;
mod watching;
mod without;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::cache::{Hit, Offer, Via};
use crate::document::{DocumentId, Snapshot};
use crate::engine::{Ask, Cancel, Engine};
use crate::suggestion::{self, Suggestion};
use crate::syntax::Place;
use asking::{Core, N_CANDIDATES, N_CANDIDATES_INVOKED};
use flight::{Flight, Purpose};
use flights::Flights;
use restraint::Estimate;
use reveal::Bars;

pub use asking::Waste;
pub use options::Options;
pub use request::{Answer, Judge, Made, Outcome, Quick, Request, Selected, Showable, Trigger};
pub use tally::Tally;
pub use trace::{Row, RowKind, Shown, Step, Trace};
pub use without::Without;

/// How many traces are kept for `why`.
const MAX_TRACES: usize = 200;

/// A line that is whole so soon is worth more than its first words now, which would grow under the user's eyes; later, the
/// next key comes before the line. Half of the keys follow the one before within a tenth of a second (`benches/replay.md`).
const LINE_WITHIN: Duration = Duration::from_millis(60);

pub struct Predictor {
    core: Arc<Core>,
    flights: Flights,
    n_requests: AtomicU64,
    traces: Mutex<VecDeque<Arc<Trace>>>,
    tally: Mutex<Tally>,
    judge: Option<Judge>,
}

impl Predictor {
    /// Of the engines the instant ones are asked first, then the others in their order until one has something to say.
    pub fn new(options: Options, refining: suggestion::Options, engines: Vec<Arc<dyn Engine>>) -> Predictor {
        let core = Arc::new(Core::new(options, refining, engines));
        let pilot = core.clone();
        let flights = Flights::start(move |flight, queue| pilot.fly(flight, &|| queue.ring()));
        Predictor {
            core,
            flights,
            n_requests: AtomicU64::new(0),
            traces: Mutex::default(),
            tally: Mutex::default(),
            judge: None,
        }
    }

    /// Shows what the user is likely to take, not what is likely to be right.
    pub fn judged_by(self, judge: Judge) -> Predictor {
        Predictor { judge: Some(judge), ..self }
    }

    /// Why no suggestion is made anywhere in a document, as a sentence for the user.
    pub fn obstacle(&self, document: &Snapshot) -> Option<String> {
        gate::serves(&self.core.options, document).err()
    }

    /// Gate and cache. Microseconds; no I/O, no engine.
    pub fn quick(&self, request: &Request) -> Quick {
        let mut trace = self.open_trace(request);
        let (document, offset) = as_if_selected(request);

        let started = Instant::now();
        let verdict = gate::judge(&self.core.options, &document, offset, request.trigger);
        trace.step("gate", verdict.as_ref().err().map_or("open", String::as_str), started.elapsed());
        if let Err(reason) = verdict {
            return Quick::Answered(self.close_trace(trace, Outcome::Nothing(reason)));
        }
        if self.core.options.without.cache {
            self.core.cache.lock().forget(&document.id);
            return Quick::Open(trace);
        }

        let started = Instant::now();
        let hit = self.look_up(&document, offset, request.takes_beginnings);
        trace.step("cache", describe(&hit), started.elapsed());
        match self.show(&document, offset, hit, &self.bars()) {
            Some(shown) => {
                if shown.is_open {
                    self.hear_out(&document, offset, || cleared_others(request));
                }
                Quick::Answered(self.answer_with(trace, &document, offset, shown, "cache"))
            }
            None => Quick::Open(trace),
        }
    }

    /// Engines and post-processing. Milliseconds or more; returns soon after `cancel`.
    pub fn full(&self, request: &Request, mut trace: Trace, cancel: &Cancel) -> Answer {
        let (document, offset) = as_if_selected(request);
        let others = cleared_others(request);
        let (is_by_hand, takes_beginnings) = (request.trigger == Trigger::Invoked, request.takes_beginnings);
        let question = Question { document: &document, offset, others: &others, is_by_hand, takes_beginnings };
        let (max_lines, n_candidates) = (self.core.options.max_lines, question.n_candidates());
        let ask = Ask { others: &others, max_lines, n_candidates, ..Ask::at(&document, offset) };
        let mut reasons = Vec::new();
        // Prose is rarely typed twice: there they are more often wrong than right.
        let is_prose = !is_by_hand && is_comment(&document, offset);
        for engine in self.core.instant_engines().filter(|_| !is_prose) {
            let report = self.core.ask(engine.as_ref(), &ask, cancel, &mut |_| ());
            trace.steps.extend(report.steps);
            reasons.extend(report.reason.map(|why| format!("{}: {why}", engine.name())));
        }
        if cancel.is_cancelled() {
            return self.close_trace(trace, Outcome::Cancelled);
        }
        if !is_by_hand {
            let hit = self.look_up(&document, offset, takes_beginnings);
            let is_judged = hit.as_ref().is_some_and(|hit| hit.offers.iter().any(|offer| self.is_of_model(offer)));
            let unsure = hit.as_ref().and_then(|hit| hit.offers.first()).map(Offer::line_chance);
            if let Some(shown) = self.show(&document, offset, hit, &self.bars()) {
                let source = shown.engine;
                return self.answer_with(trace, &document, offset, shown, source);
            }
            if let Some(chance) = unsure.filter(|_| is_judged) {
                return self.close_trace(trace, Outcome::Nothing(self.too_unsure(chance)));
            }
        }
        if self.core.has_models() {
            self.ask_models(&question, trace, reasons, cancel)
        } else {
            let hit = self.look_up(&document, offset, takes_beginnings);
            self.conclude(&question, trace, hit, reasons, "")
        }
    }

    /// Waits for the flight that agrees with the text, or for one that begins here.
    fn ask_models(&self, question: &Question, mut trace: Trace, mut reasons: Vec<String>, cancel: &Cancel) -> Answer {
        let Question { document, offset, others, is_by_hand, takes_beginnings } = *question;
        let started = Instant::now();
        let bars = self.bars();
        loop {
            let adopted = self.agreeing(document, offset).filter(|_| !is_by_hand);
            let is_adopted = adopted.is_some();
            let flight =
                adopted.unwrap_or_else(|| self.flight_from(document, offset, others.to_vec(), question.n_candidates()));
            flight.join();
            if !is_adopted {
                self.launch(&flight);
            }
            let landed = self.flights.wait(cancel, || {
                let is_over = flight.is_over();
                let takes_beginnings = takes_beginnings && flight.begun.elapsed() >= LINE_WITHIN;
                let hit = self.look_up(document, offset, takes_beginnings);
                let is_sure =
                    !is_by_hand && hit.as_ref().is_some_and(|hit| self.best(document, offset, hit, &bars).is_some());
                let is_lost = flight.agrees(&document.id, &document.text, offset).is_none();
                (is_over || is_sure || is_lost).then_some((hit, is_over || is_sure))
            });
            let is_left_alone = flight.leave();
            let Some((hit, is_answered)) = landed else {
                if is_left_alone {
                    self.flights.end_unless(&document.id, |other| !std::ptr::eq(other, &*flight), Flight::give_up);
                }
                return self.close_trace(trace, Outcome::Cancelled);
            };
            if !is_answered {
                continue;
            }
            let heard = flight.heard();
            if is_adopted {
                let n_ms = flight.begun.elapsed().as_millis();
                let n_bytes = offset.saturating_sub(flight.offset);
                trace.step(
                    "adopted",
                    format!("what was begun {n_ms} ms ago, {n_bytes} bytes before"),
                    started.elapsed(),
                );
            }
            trace.steps.extend(heard.steps);
            trace.context = heard.context;
            trace.waited(started.elapsed());
            reasons.extend(heard.reasons);
            if flight.cancel.is_cancelled() {
                reasons.push("the text has changed since".to_string());
            }
            let source = if is_adopted { "adopted" } else { "" };
            return self.conclude(question, trace, hit, reasons, source);
        }
    }

    /// The answer where no engine has anything to add.
    fn conclude(
        &self,
        question: &Question,
        trace: Trace,
        hit: Option<Hit>,
        mut reasons: Vec<String>,
        source: &'static str,
    ) -> Answer {
        let Question { document, offset, is_by_hand, .. } = *question;
        let bars = if is_by_hand { Bars { line: 0.0, part: 0.0 } } else { self.bars() };
        let unsure = hit.as_ref().and_then(|hit| hit.offers.first()).map(Offer::line_chance);
        if let Some(shown) = self.show(document, offset, hit, &bars) {
            let source = if source.is_empty() || !self.core.is_model(shown.engine) { shown.engine } else { source };
            return self.answer_with(trace, document, offset, shown, source);
        }
        reasons.extend(unsure.map(|chance| self.too_unsure(chance)));
        if reasons.is_empty() {
            reasons.push("there is no engine that is asked here".to_string());
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

    /// A request was cancelled: makes who waits for it look up.
    pub fn wake(&self) {
        self.flights.ring();
    }

    /// A request was cancelled and no other has come for its document: ends what nobody waits for.
    pub fn abandon(&self, document: &DocumentId) {
        let is_wanted = |flight: &Flight| flight.purpose == Purpose::Ahead || !flight.abandon();
        self.flights.end_unless(document, is_wanted, Flight::give_up);
    }

    /// The document has a new text, and the cursor is probably at `offset`: ends what no longer agrees with it.
    pub fn changed(&self, document: &Snapshot, offset: usize) {
        let agrees = |flight: &Flight| flight.type_along(&document.id, &document.text, offset);
        // The next question is on its way.
        self.flights.end_unless(&document.id, agrees, |flight| flight.cancel.supersede());
    }

    pub fn tally(&self) -> Tally {
        let spent = self.core.spent();
        let (n_flights_ended, n_ahead_ended) = self.core.n_ended();
        let tally = *self.tally.lock();
        Tally { n_evaluated: spent.n_evaluated, n_decoded: spent.n_decoded, n_flights_ended, n_ahead_ended, ..tally }
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
        self.flights.end_unless(document, |_| false, |flight| flight.cancel.cancel());
        self.core.cache.lock().forget(document);
    }

    /// The last 200 traces, oldest first.
    pub fn traces(&self) -> Vec<Arc<Trace>> {
        self.traces.lock().iter().cloned().collect()
    }

    fn bars(&self) -> Bars {
        let Options { min_chance, min_part_chance, without, .. } = &self.core.options;
        match (without.restraint, without.parts) {
            (true, _) => Bars { line: 0.0, part: f32::INFINITY },
            (false, true) => Bars { line: *min_chance, part: f32::INFINITY },
            (false, false) => Bars { line: *min_chance, part: *min_part_chance },
        }
    }

    /// For the user.
    fn too_unsure(&self, chance: f32) -> String {
        let bar = self.core.options.min_chance;
        format!("the best that is known has a chance of {chance:.2}, under the bar of {bar:.2}")
    }

    fn look_up(&self, document: &Snapshot, offset: usize, takes_beginnings: bool) -> Option<Hit> {
        let mut hit = self.core.cache.lock().lookup(&document.id, &document.text, offset)?;
        hit.offers.retain(|offer| !offer.is_open || takes_beginnings && !self.core.options.without.beginnings);
        (!hit.offers.is_empty()).then_some(hit)
    }

    /// Whether a model was asked about this text: then it would say the same again.
    fn is_of_model(&self, offer: &Offer) -> bool {
        self.core.is_model(offer.source) && !offer.is_open && !matches!(offer.via, Via::WalkedBack(_))
    }

    /// What of a hit is sure enough; the first is what the user sees already, or the surest.
    fn best(&self, document: &Snapshot, offset: usize, hit: &Hit, bars: &Bars) -> Option<Revealed> {
        let mut revealed: Option<Revealed> = None;
        for offer in &hit.offers {
            let estimate = self.estimate(document, offset, offer, bars);
            let bars = estimate.as_ref().map_or(*bars, |estimate| bars.where_odds_are(estimate.odds_factor()));
            let Some(suggestion) = reveal::reveal(offer, &bars) else { continue };
            match &mut revealed {
                None => {
                    // Of what is seen of its first line.
                    let n_seen = suggestion.text.len().min(offer.first_line_len());
                    let (engine, chance) = (offer.source, offer.odds.chance(0..n_seen));
                    let is_open = offer.is_open;
                    revealed = Some(Revealed { suggestions: vec![suggestion], engine, chance, is_open, estimate });
                }
                Some(first) if !first.suggestions.iter().any(|one| one.text.starts_with(&suggestion.text)) => {
                    first.suggestions.push(suggestion);
                }
                Some(_) => {}
            }
        }
        revealed
    }

    /// How likely the user takes an offer that is not on the screen yet. By hand, all are wanted.
    fn estimate(&self, document: &Snapshot, offset: usize, offer: &Offer, bars: &Bars) -> Option<Estimate> {
        let judge = self.judge.as_ref().filter(|_| bars.line > 0.0 && offer.n_shown == 0)?;
        let (text, chance) = (&offer.suggestion.text[..offer.first_line_len()], offer.line_chance());
        Some(judge(&Showable { document, offset, text, engine: offer.source, chance }))
    }

    /// As [`Predictor::best`]; the cache remembers that the user sees it.
    fn show(&self, document: &Snapshot, offset: usize, hit: Option<Hit>, bars: &Bars) -> Option<Revealed> {
        let revealed = self.best(document, offset, &hit?, bars)?;
        self.core.cache.lock().show(&document.id, &document.text, offset, &revealed.suggestions[0]);
        Some(revealed)
    }

    fn answer_with(
        &self,
        mut trace: Trace,
        document: &Snapshot,
        offset: usize,
        revealed: Revealed,
        source: &'static str,
    ) -> Answer {
        // What follows an accept is for when it is known what is accepted.
        if !revealed.is_open {
            self.speculate(document, offset, &revealed.suggestions[0]);
        }
        let Revealed { suggestions, engine, chance, estimate, .. } = revealed;
        if let Some(estimate) = estimate {
            trace.step("restraint", estimate.to_string(), Default::default());
        }
        self.close_trace(trace, Outcome::Suggest { suggestions, made: Made { source, engine, chance } })
    }

    fn count(&self, outcome: &Outcome) {
        let mut tally = self.tally.lock();
        tally.n_requests += 1;
        let counter = match outcome {
            Outcome::Suggest { made: Made { source: "cache", .. }, .. } => &mut tally.n_cache,
            Outcome::Suggest { made: Made { source: "adopted", .. }, .. } => &mut tally.n_adopted,
            Outcome::Suggest { made, .. } if self.core.is_model(made.source) => &mut tally.n_model,
            Outcome::Suggest { .. } => &mut tally.n_instant,
            Outcome::Nothing(_) => &mut tally.n_nothing,
            Outcome::Cancelled => &mut tally.n_cancelled,
        };
        *counter += 1;
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
            Outcome::Suggest { suggestions, made: Made { source, chance, .. } } => {
                format!("{} shown, from {source}, {:.0} % sure", suggestions.len(), 100.0 * chance)
            }
            Outcome::Nothing(reason) => format!("nothing: {reason}"),
            Outcome::Cancelled => "cancelled".to_string(),
        };
        self.count(&outcome);
        let trace = Arc::new(trace);
        let mut traces = self.traces.lock();
        if traces.len() == MAX_TRACES {
            traces.pop_front();
        }
        traces.push_back(trace.clone());
        Answer { outcome, trace }
    }
}

/// A request as the engines get it.
struct Question<'a> {
    /// With the menu's item, if one is selected.
    document: &'a Snapshot,
    /// Bytes.
    offset: usize,
    others: &'a [Snapshot],
    is_by_hand: bool,
    takes_beginnings: bool,
}

impl Question<'_> {
    fn n_candidates(&self) -> usize {
        if self.is_by_hand { N_CANDIDATES_INVOKED } else { N_CANDIDATES }
    }
}

/// What may be shown, best first, never empty.
struct Revealed {
    suggestions: Vec<Suggestion>,
    /// Whose words the first are.
    engine: &'static str,
    chance: f32,
    /// More of the first one's line is being said, or was when it was ended.
    is_open: bool,
    estimate: Option<Estimate>,
}

/// The document and the cursor as they would be if the menu's selected item were accepted.
fn as_if_selected(request: &Request) -> (Snapshot, usize) {
    match &request.selected {
        None => {
            let document = request.document.clone();
            let offset = document.text.floor_char_boundary(request.offset);
            (document, offset)
        }
        Some(selected) => with_replaced(&request.document, selected.replaced.clone(), &selected.text),
    }
}

/// The document as an edit would leave it, and the offset behind what was put in.
fn with_replaced(document: &Snapshot, range: Range<usize>, text: &str) -> (Snapshot, usize) {
    let mut document = document.clone();
    let before = document.text.clone();
    let replaced = document.text.replace(range, text);
    if let Some(tree) = &mut document.tree {
        tree.edit(&before, &document.text, replaced.clone(), text.len());
    }
    (document, replaced.start + text.len())
}

fn is_comment(document: &Snapshot, offset: usize) -> bool {
    document.tree.as_ref().is_some_and(|tree| tree.place(&document.text, offset) == Place::Comment)
}

fn cleared_others(request: &Request) -> Vec<Snapshot> {
    let is_other = |other: &&Snapshot| other.id != request.document.id && other.is_cleared();
    request.others.iter().filter(is_other).cloned().collect()
}

fn describe(hit: &Option<Hit>) -> String {
    let Some(Hit { offers }) = hit else { return "miss".to_string() };
    let (n, chance) = (offers.len(), offers[0].line_chance());
    match offers[0].via {
        Via::Exact => format!("hit: {n} made for this place, the best {chance:.2} sure"),
        Via::TypedAlong(n_bytes) => format!("hit: {n} still agree after {n_bytes} bytes, the best {chance:.2} sure"),
        Via::WalkedBack(n_bytes) => {
            format!("hit: {n} still agree {n_bytes} bytes before their place, the best {chance:.2} sure")
        }
    }
}
