//! Asks engines, and puts what they say into the cache: raw text in, offers with their chances out.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Options;
use super::flight::{Flight, Purpose};
use super::power::Power;
use super::reveal::is_word;
use super::trace::{Shown, Step};
use crate::cache::{Cache, Offer};
use crate::document::DocumentId;
use crate::engine::{Ask, Cancel, Candidate, Engine, Failure, Finish, Spent};
use crate::suggestion::{self, Around, Odds, Suggestion};

/// Candidates asked of an engine: enough to cycle through when asked by hand, and a second and third chance for
/// post-processing when not.
pub const N_CANDIDATES: usize = 3;
pub const N_CANDIDATES_INVOKED: usize = 5;

/// The windows around the cursor that post-processing sees, in bytes.
const PREFIX_WINDOW: usize = 8 << 10;
const SUFFIX_WINDOW: usize = 4 << 10;

/// The engines and what they have said.
pub struct Core {
    pub options: Options,
    refining: suggestion::Options,
    engines: Vec<Arc<dyn Engine>>,
    pub cache: Mutex<Cache>,
    /// Whether a model had something to say when it was asked last.
    has_answered: AtomicBool,
    power: Power,
    n_flights_ended: AtomicU64,
    n_ahead_ended: AtomicU64,
    pub on_waste: OnceLock<OnWaste>,
    pub on_news: OnceLock<OnNews>,
}

/// Told of a document for which there is something new in the cache.
pub type OnNews = Box<dyn Fn(&DocumentId) + Send + Sync>;

/// Told what came of a question to the models that was ended before it was answered.
pub type OnWaste = Box<dyn Fn(Waste) + Send + Sync>;

/// Work that nobody has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waste {
    /// Decoded.
    pub n_tokens: u64,
    pub took: Duration,
}

/// A part of a candidate.
struct Ripe<'a> {
    text: &'a str,
    /// More of its first line comes.
    is_open: bool,
}

impl Ripe<'_> {
    /// What will not change any more: all of it once it is whole; before, its whole lines, or the whole words of its
    /// first line where they are judged one by one.
    fn of(candidate: &Candidate) -> Option<Ripe<'_>> {
        let text = candidate.text.as_str();
        if !candidate.is_growing {
            return Some(Ripe { text, is_open: false });
        }
        let lines = whole_lines(text).map(|text| Ripe { text, is_open: false });
        let words = || whole_words(text).filter(|_| !candidate.pieces.is_empty());
        lines.or_else(|| words().map(|text| Ripe { text, is_open: true }))
    }
}

/// How one engine was asked.
#[derive(Default)]
pub struct Report {
    pub steps: Vec<Step>,
    pub context: Vec<Shown>,
    /// Why nothing came of it.
    pub reason: Option<String>,
}

impl Core {
    pub fn new(options: Options, refining: suggestion::Options, engines: Vec<Arc<dyn Engine>>) -> Core {
        let cache = Mutex::new(Cache::new(options.cache.clone()));
        let (has_answered, power, n_flights_ended, n_ahead_ended, on_waste, on_news) = Default::default();
        Core {
            options,
            refining,
            engines,
            cache,
            has_answered,
            power,
            n_flights_ended,
            n_ahead_ended,
            on_waste,
            on_news,
        }
    }

    pub fn instant_engines(&self) -> impl Iterator<Item = &Arc<dyn Engine>> {
        self.engines.iter().filter(|engine| engine.is_instant())
    }

    pub fn models(&self) -> impl Iterator<Item = &Arc<dyn Engine>> {
        self.engines.iter().filter(|engine| !engine.is_instant())
    }

    pub fn has_models(&self) -> bool {
        self.models().next().is_some()
    }

    pub fn is_model(&self, name: &str) -> bool {
        !self.instant_engines().any(|engine| engine.name() == name)
    }

    /// Without a model that answers there is nothing to prepare.
    pub fn may_speculate(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    pub fn spent(&self) -> Spent {
        self.engines.iter().map(|engine| engine.spent()).fold(Spent::default(), |sum, one| Spent {
            n_evaluated: sum.n_evaluated + one.n_evaluated,
            n_decoded: sum.n_decoded + one.n_decoded,
        })
    }

    /// Flights that were ended before they were done: somebody's, and those ahead.
    pub fn n_ended(&self) -> (u64, u64) {
        (self.n_flights_ended.load(Ordering::Relaxed), self.n_ahead_ended.load(Ordering::Relaxed))
    }

    /// Asks one engine; what it says is in the cache as soon as a line of it is whole. `on_growth` sees its best candidate
    /// grow.
    pub fn ask(
        &self,
        engine: &dyn Engine,
        ask: &Ask,
        cancel: &Cancel,
        on_growth: &mut dyn FnMut(&Candidate),
    ) -> Report {
        let mut report = Report::default();
        let started = Instant::now();
        let mut candidates = Vec::new();
        // From the first line that is whole on, all is kept once more at the end only.
        let (mut n_ripe, mut has_line) = (0, false);
        let mut emit = |candidate: Candidate| {
            if candidate.is_growing {
                let ripe = Ripe::of(&candidate).filter(|ripe| !has_line && ripe.text.len() > n_ripe);
                if let Some(ripe) = ripe {
                    (n_ripe, has_line) = (ripe.text.len(), !ripe.is_open);
                    self.keep(engine.name(), ask, cancel, std::slice::from_ref(&candidate));
                }
                on_growth(&candidate);
                return ControlFlow::Continue(());
            }
            on_growth(&candidate);
            candidates.push(candidate);
            if candidates.len() < ask.n_candidates { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        // A panic is a failure with a cause, so that the next engine still gets its turn.
        let finish = catch_unwind(AssertUnwindSafe(|| engine.generate(ask, cancel, &mut emit)))
            .unwrap_or_else(|_| Finish::Failed(Failure::here("it panicked; please report this with the log")));
        report.steps.push(Step::new(engine.name(), describe(&finish, &candidates), started.elapsed()));
        if let Some(best) = candidates.first() {
            report.context = best.context.iter().rev().map(Shown::from).collect();
        }
        match finish {
            Finish::Cancelled => return Report { reason: Some("cancelled".to_string()), ..report },
            Finish::Silent(why) | Finish::Failed(Failure { message: why, .. }) if candidates.is_empty() => {
                return Report { reason: Some(why), ..report };
            }
            _ => {}
        }

        let started = Instant::now();
        let (n_kept, rejections) = self.keep(engine.name(), ask, cancel, &candidates);
        let mut verdict = format!("kept {n_kept} of {}", candidates.len());
        if !rejections.is_empty() {
            verdict = format!("{verdict}; rejected: {}", rejections.join("; "));
        }
        report.steps.push(Step::new("suggestion", verdict, started.elapsed()));
        if n_kept == 0 {
            report.reason = rejections.into_iter().next().or(Some("it had nothing to say".to_string()));
        }
        report
    }

    /// The models in their order, until one has something to say. `ring` tells those who wait.
    pub fn fly(&self, flight: &Flight, ring: &dyn Fn()) {
        let (document, others) = (&flight.document, flight.others.as_slice());
        let (max_lines, n_candidates) = (self.options.max_lines, flight.n_candidates);
        let is_ahead = flight.purpose == Purpose::Ahead;
        if is_ahead && !self.options.ahead_on_battery && self.power.is_on_battery() {
            return;
        }
        let (offset, said_before) = (flight.offset, flight.said_before.as_str());
        let ask = Ask { document, offset, others, max_lines, n_candidates, is_ahead, said_before };
        let (started, before) = (Instant::now(), self.spent().n_decoded);
        let mut has_line = false;
        for engine in self.models() {
            let mut grow = |candidate: &Candidate| {
                flight.hear(|heard| heard.text.clone_from(&candidate.text));
                ring();
                if !has_line && whole_lines(&candidate.text).is_some() {
                    has_line = true;
                    self.tell_news(&document.id);
                }
            };
            let report = self.ask(engine.as_ref(), &ask, &flight.cancel, &mut grow);
            if flight.cancel.is_cancelled() {
                let counter = match flight.purpose {
                    Purpose::Asked => &self.n_flights_ended,
                    Purpose::Ahead => &self.n_ahead_ended,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                if let Some(on_waste) = self.on_waste.get() {
                    on_waste(Waste { n_tokens: self.spent().n_decoded - before, took: started.elapsed() });
                }
                return;
            }
            let is_silent = report.reason.is_some();
            if !is_ahead {
                self.has_answered.store(!is_silent, Ordering::Relaxed);
            }
            flight.hear(|heard| {
                heard.steps.extend(report.steps);
                heard.context = report.context;
                heard.reasons.extend(report.reason.map(|why| format!("{}: {why}", engine.name())));
            });
            if !is_silent {
                return self.tell_news(&document.id);
            }
        }
    }

    fn tell_news(&self, document: &DocumentId) {
        if let Some(on_news) = self.on_news.get() {
            on_news(document);
        }
    }

    /// Refines candidates and remembers them. Gives how many were kept, and why the others were not.
    fn keep(&self, source: &'static str, ask: &Ask, cancel: &Cancel, candidates: &[Candidate]) -> (usize, Vec<String>) {
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

        let mut offers: Vec<Offer> = Vec::new();
        let mut rejections = Vec::new();
        for candidate in candidates {
            let Some(ripe) = Ripe::of(candidate) else { continue };
            if ripe.is_open && suggestion::may_become_known(ripe.text, &around) {
                continue;
            }
            match suggestion::refine(ripe.text, &around, &self.refining) {
                Ok(suggestion) if offers.iter().any(|offer| offer.suggestion == suggestion) => {
                    rejections.push("repeated".to_string());
                }
                Ok(suggestion) => {
                    let odds = odds(candidate, &suggestion);
                    let source = if candidate.engine.is_empty() { source } else { candidate.engine };
                    let offer = Offer::new(suggestion, odds, source);
                    offers.push(if ripe.is_open { offer.open() } else { offer });
                }
                Err(rejected) => rejections.push(rejected.to_string()),
            }
        }
        let n_kept = offers.len();
        let mut cache = self.cache.lock();
        // Whoever ends a flight may forget its document next.
        if n_kept > 0 && !cancel.is_cancelled() {
            cache.insert(&ask.document.id, text, ask.offset, offers);
        }
        (n_kept, rejections)
    }
}

/// The chances of what is left of a candidate. Where refining changed its beginning, its pieces are of no use.
fn odds(candidate: &Candidate, suggestion: &Suggestion) -> Odds {
    let (raw, refined) = (candidate.text.as_str(), suggestion.text.as_str());
    let skipped = raw.len() - raw.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let lead = refined.len() - refined.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let n_head = refined[lead..].find('\n').unwrap_or(refined.len() - lead).min(MIN_SAME_BYTES);
    let is_same = raw.as_bytes()[skipped..].starts_with(&refined.as_bytes()[lead..lead + n_head]);
    if candidate.pieces.is_empty() || !is_same {
        let n_line = refined[lead..].find(['\r', '\n']).map_or(refined.len(), |at| lead + at);
        return Odds::of_all(n_line, candidate.confidence);
    }
    let odds = Odds::of_pieces(candidate.pieces.iter().copied());
    // The doubt about blanks that went is a doubt about the rest.
    if skipped >= lead { odds.after(skipped - lead) } else { odds.behind(lead - skipped) }
}

/// So much of a line tells that refining has left its beginning as it was.
const MIN_SAME_BYTES: usize = 16;

/// The lines of a growing text that are whole, if there is one that is not blank.
fn whole_lines(text: &str) -> Option<&str> {
    let whole = &text[..text.rfind('\n')?];
    (!whole.trim().is_empty()).then_some(whole)
}

/// The beginning of a growing text that ends with a word which something follows already.
fn whole_words(text: &str) -> Option<&str> {
    let begun = text.trim_end_matches(is_word);
    let whole = begun.trim_end_matches(|c: char| !is_word(c));
    (!whole.is_empty()).then_some(whole)
}

fn describe(finish: &Finish, candidates: &[Candidate]) -> String {
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
