//! What the session's suggestions come to: from the handlers to `Outcomes`, and from there to the ledger.
//!
//! Everything here takes microseconds but the look for an accepted text after 30 seconds, which compares two texts once
//! (well under a millisecond for a source file). Documents' texts end here: the ledger gets numbers and names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::document::{DocumentId, Snapshot};
use crate::ledger::{Event, Ledger, Shown, Totals, WorkspaceName, totals};
use crate::predictor::outcome::{self, End, Offered, Outcome, Outcomes, Showing, Surface};
use crate::predictor::restraint::{Estimate, Features, Maker, Recent};
use crate::predictor::{Made, Showable, Waste};
use crate::suggestion::Suggestion;
use crate::syntax::Place;

/// At the end of the session the last records have so long to be written.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A handle; clones share it.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Watching>>);

struct Watching {
    started: Instant,
    /// Where records may be kept.
    file: Option<PathBuf>,
    ledger: Ledger,
    is_on: bool,
    outcomes: Outcomes,
    recent: Recent,
    workspace: Option<WorkspaceName>,
    /// Of the predictor: each counts its requests from 1.
    generation: u64,
    has_timer: bool,
}

/// What was answered to a request, and how.
pub struct Answered<'a> {
    pub trace_id: u64,
    pub document: &'a Snapshot,
    /// Bytes.
    pub offset: usize,
    pub suggestions: &'a [Suggestion],
    pub surface: Surface,
    pub made: Made,
    pub latency: Duration,
}

impl Recorder {
    /// Keeps nothing before [`Recorder::set_up`].
    pub fn new(file: Option<PathBuf>) -> Recorder {
        Recorder(Arc::new(Mutex::new(Watching {
            started: Instant::now(),
            file,
            ledger: Ledger::off(),
            is_on: false,
            outcomes: Outcomes::default(),
            recent: Recent::default(),
            workspace: None,
            generation: 0,
            has_timer: false,
        })))
    }

    /// Follows the settings; the predictor is a new one. `notice` is told what the user should know of the file.
    pub fn set_up(&self, is_on: bool, workspace: Option<&Path>, notice: impl Fn(String) + Send + 'static) {
        let mut watching = self.0.lock();
        watching.generation += 1;
        watching.workspace = workspace.and_then(WorkspaceName::of);
        if is_on != watching.is_on {
            watching.is_on = is_on;
            watching.ledger = match &watching.file {
                Some(file) if is_on => Ledger::open(file, notice),
                _ => Ledger::off(),
            };
        }
    }

    pub fn ledger(&self) -> Ledger {
        self.0.lock().ledger.clone()
    }

    /// The file of records, where they are kept.
    pub fn file(&self) -> Option<PathBuf> {
        let watching = self.0.lock();
        watching.file.clone().filter(|_| watching.is_on)
    }

    /// Where records may be kept, whether they are or not.
    pub fn place(&self) -> Option<PathBuf> {
        self.0.lock().file.clone()
    }

    pub fn count(&self, name: &'static str) {
        self.ledger().record(Event::Totals(Totals::one(name)));
    }

    /// A question to the models was ended before it was answered.
    pub fn wasted(&self, waste: Waste) {
        let seconds = waste.took.as_secs_f64();
        let totals = [(totals::WASTED_TOKENS, waste.n_tokens as f64), (totals::WASTED_SECONDS, seconds)];
        self.ledger().record(Event::Totals(Totals(totals.into())));
    }

    /// The chance that a suggestion is taken.
    pub fn judge(&self, showable: &Showable) -> Estimate {
        let watching = self.0.lock();
        watching.ledger.restraint().estimate(&watching.features(showable))
    }

    /// A request was answered with suggestions. `current` is its document as it is by now.
    pub fn answered(&self, answered: &Answered, current: Option<&Snapshot>) {
        let Answered { trace_id, document, offset, suggestions, surface, made, latency } = *answered;
        let Some(suggestion) = suggestions.first() else { return };
        let Made { source, engine, chance } = made;
        let showable = Showable { document, offset, text: &suggestion.text, engine, chance };
        let features = self.0.lock().features(&showable);
        let estimate = self.judge(&showable);
        let language = document.language.map(crate::syntax::Language::id);
        self.update(|watching, now| {
            watching.ledger.record(Event::Answered { source, latency });
            let request = watching.number(trace_id);
            let offered = Offered { request, document, offset, suggestions, surface };
            let (showing, mut events) = watching.outcomes.shown(&offered, now);
            if showing == Showing::New {
                let workspace = watching.workspace.clone();
                let estimate = estimate.chance;
                let shown = Shown { request, workspace, language, source, engine, features, estimate };
                watching.ledger.record(Event::Shown(shown));
            }
            // The answer was long in coming: what was typed since belongs to it.
            if let Some(current) = current.filter(|current| current.version != document.version) {
                events.extend(watching.outcomes.changed(current, now));
            }
            events
        });
    }

    pub fn changed(&self, document: &Snapshot) {
        self.update(|watching, now| watching.outcomes.changed(document, now));
    }

    pub fn closed(&self, document: &DocumentId) {
        self.update(|watching, now| watching.outcomes.closed(document, now).into_iter().collect());
    }

    pub fn accepted(&self, trace_id: u64) {
        self.update(|watching, now| {
            let request = watching.number(trace_id);
            watching.outcomes.accepted(request, now).into_iter().collect()
        });
    }

    pub fn dismissed(&self, trace_id: u64) {
        self.update(|watching, now| {
            let request = watching.number(trace_id);
            watching.outcomes.dismissed(request, now).into_iter().collect()
        });
    }

    /// The client has put it on the screen only now.
    pub fn seen(&self, trace_id: u64) {
        self.update(|watching, now| {
            let request = watching.number(trace_id);
            watching.outcomes.seen(request, now);
            Vec::new()
        });
    }

    pub fn partially_accepted(&self, trace_id: u64, n_chars: usize) {
        self.update(|watching, _| {
            let request = watching.number(trace_id);
            watching.outcomes.partially(request, n_chars);
            Vec::new()
        });
    }

    /// Waits for a moment until all is written. Blocks.
    pub fn finish(&self) -> bool {
        self.ledger().flush(LAST_WAIT)
    }

    fn update(&self, say: impl FnOnce(&mut Watching, Duration) -> Vec<outcome::Event>) {
        let mut watching = self.0.lock();
        let now = watching.started.elapsed();
        let events = say(&mut watching, now);
        watching.record(events, now);
        if watching.outcomes.due().is_some() && !watching.has_timer {
            watching.has_timer = true;
            tokio::spawn(self.clone().tell_in_time());
        }
    }

    /// Ticks when something is due, until nothing is: at rest there is no timer.
    async fn tell_in_time(self) {
        loop {
            let at = {
                let mut watching = self.0.lock();
                let now = watching.started.elapsed();
                let events = watching.outcomes.tick(now);
                watching.record(events, now);
                let Some(due) = watching.outcomes.due() else {
                    watching.has_timer = false;
                    return;
                };
                watching.started + due
            };
            tokio::time::sleep_until(at.into()).await;
        }
    }
}

impl Watching {
    /// Unique within the process, whatever predictor it was.
    fn number(&self, trace_id: u64) -> u64 {
        (self.generation << 40) | trace_id
    }

    fn features(&self, showable: &Showable) -> Features {
        let Showable { document, offset, text: shown, engine, chance } = *showable;
        let text = &document.text;
        let line = text.line_range(text.line_of(offset));
        let left = text.slice(line.start..offset);
        let right = text.slice(offset..line.end);
        let now = self.started.elapsed();
        Features {
            chance,
            maker: Maker::of(engine),
            n_chars: shown.chars().count(),
            n_lines: shown.lines().count(),
            place: document.tree.as_ref().map_or(Place::Code, |tree| tree.place(text, offset)),
            at_line_end: right.chars().all(|c| c.is_whitespace() || ")]}>\"'`;,:".contains(c)),
            in_word: left.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_'),
            n_rejections: self.recent.n_rejections(now),
            acceptance: self.recent.acceptance(),
        }
    }

    fn record(&mut self, events: Vec<outcome::Event>, now: Duration) {
        for outcome::Event { request, outcome } in events {
            let event = match outcome {
                Outcome::Kept { share } => Event::Kept { request, share },
                Outcome::Ended(ended) => {
                    match ended.end {
                        End::Accepted | End::Partial | End::TypedThrough => self.recent.add(true, now),
                        End::Rejected => self.recent.add(false, now),
                        End::Unseen | End::Ignored => {}
                    }
                    Event::Ended { request, ended }
                }
            };
            self.ledger.record(event);
        }
    }
}
