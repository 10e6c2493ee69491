//! The remote engine: a provider, or a server of the team's own, asked over HTTP.
//!
//! A question is one request; its answer is read as it streams, and ended as soon as it is long enough or nobody wants it
//! any more. What went wrong is a [`Failure`] with its cause: what is done about it is the router's business. Read
//! `protocol.rs` for what is sent, `wire.rs` for how. Only text that `privacy` lets leave the machine gets here; the prompt
//! is looked through once more for secrets.

mod conversation;
mod endpoint;
mod events;
mod failure;
mod key;
pub mod keyring;
mod pace;
mod protocol;
mod question;
mod wire;
mod words;

use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lru::LruCache;
use parking_lot::Mutex;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

use super::calibration::judged;
use super::held::{Context, Held, MAX_HELD};
use super::purse::{Counted, Ended, Planned, Purse, Used};
use super::stop::Place;
use super::{Ask, Cancel, Candidate, Cause, Cost, Engine, Failure, Finish, Spent, Wish};
use crate::context::{self, Gathered, Piece};
use crate::document::DocumentId;
use crate::privacy::{clear_cursor, clear_piece};
use crate::prompt::{Anchor, Budget, Healing, Layout};
use key::Key;
use protocol::Usage;
use question::{Question, n_tokens};
use wire::{Next, Wire};

pub use endpoint::{Endpoint, is_loopback};
pub use events::{Events, Shape};
pub use key::checked as checked_key;
pub use pace::Pace;
pub use protocol::{Chunk, Protocol};
pub use wire::Net;
pub use words::aligned;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Whether anything is sent to endpoints at all.
    pub enabled: bool,
    /// In the order in which they are asked.
    pub endpoints: Vec<Endpoint>,
    /// US dollars that all of them together may cost.
    pub per_day_usd: Option<f64>,
    pub per_month_usd: Option<f64>,
    /// How long the editor waits after a key before it asks.
    pub client_waits: Duration,
}

/// Where a prompt's context is taken from.
pub type Contexts = Arc<dyn Fn(&context::Place) -> Gathered + Send + Sync>;

pub struct Remote {
    endpoint: Endpoint,
    key: Key,
    wire: Wire,
    layout: Layout,
    contexts: Contexts,
    purse: Option<Arc<dyn Purse>>,
    /// Random, for [`Question::affinity`].
    session: u64,
    held: Mutex<LruCache<DocumentId, Held>>,
    pace: Mutex<Pace>,
    n_evaluated: AtomicU64,
    n_decoded: AtomicU64,
}

/// How soon a cancelled question is given up.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Where a provider does not say how sure its model is: about half of the first lines of larger models are right.
const UNTOLD: f32 = 0.45;

/// The bytes of the text after the cursor that tell where an answer ends.
const AFTER_WINDOW: usize = 1 << 10;

impl Remote {
    /// `Err` is a sentence for the user. Nothing is sent before the first question.
    pub fn new(
        endpoint: Endpoint,
        net: Arc<Net>,
        contexts: Contexts,
        purse: Option<Arc<dyn Purse>>,
        client_waits: Duration,
    ) -> Result<Remote, String> {
        endpoint.check()?;
        let wire = Wire::new(&endpoint, net).map_err(|why| format!("the endpoint `{}`: {why}", endpoint.name))?;
        Ok(Remote {
            key: Key::new(endpoint.key()),
            wire,
            layout: Layout { budget: budget(endpoint.prompt_tokens), healing: Healing::Off, ..Layout::default() },
            contexts,
            purse,
            session: RandomState::new().hash_one(&endpoint.name),
            held: Mutex::new(LruCache::new(MAX_HELD)),
            pace: Mutex::new(Pace::new(client_waits)),
            n_evaluated: AtomicU64::new(0),
            n_decoded: AtomicU64::new(0),
            endpoint,
        })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What is asked, with the context of the question before as long as that goes on.
    fn question(&self, ask: &Ask) -> (Question, Arc<Context>) {
        let (text, id) = (&ask.document.text, &ask.document.id);
        // Only looked at under the lock: gathering takes milliseconds.
        let before = self.held.lock().get(id).cloned();
        let (plan, held) = Held::next(before.as_ref(), ask, &self.layout, |anchor| self.context(ask, anchor));
        let context = held.context.clone();
        let right = text.slice(ask.offset..text.line_range(text.line_of(ask.offset)).end);
        let question = Question {
            repository: context.repository.clone(),
            path: context.path.clone(),
            language: ask.document.language.map(|language| language.id()),
            files: context.files.clone(),
            prefix: format!("{}{}{}", plan.anchor.prefix, plan.typed, plan.forced),
            suffix: plan.anchor.suffix.to_string(),
            max_tokens: self.endpoint.max_tokens,
            max_lines: ask.max_lines,
            is_one_line: ask.max_lines <= 1 || !right.trim().is_empty(),
        };
        self.held.lock().put(id.clone(), held);
        (question, context)
    }

    fn context(&self, ask: &Ask, anchor: &Anchor) -> Context {
        let contexts = |place: &context::Place| {
            let mut gathered = (self.contexts)(place);
            if self.endpoint.leaves_machine() {
                gathered.pieces.iter_mut().for_each(keep_secret);
            }
            gathered
        };
        let budget = &self.layout.budget;
        Context::gather(ask, anchor, contexts, budget.context_tokens, budget)
    }

    /// Waits for the next key to take this question's place; false when one has.
    fn is_still_wanted(&self, ask: &Ask, cancel: &Cancel) -> bool {
        let delay = self.pace.lock().delay(Instant::now());
        let until = Instant::now() + if ask.is_by_hand() { Duration::ZERO } else { delay };
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            if cancel.is_cancelled() {
                return false;
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
        !cancel.is_cancelled()
    }

    fn headers(&self, question: &Question) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(key) = self.key.get()? {
            let is_anthropic = self.endpoint.protocol == Protocol::Anthropic;
            let key = key.expose_secret();
            let value = if is_anthropic { key.to_string() } else { format!("Bearer {key}") };
            // It was looked at when it was read.
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                let name = if is_anthropic { HeaderName::from_static("x-api-key") } else { AUTHORIZATION };
                headers.insert(name, value);
            }
        }
        if self.endpoint.protocol == Protocol::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        let affinity = HeaderValue::from_str(&question.affinity(self.session));
        if let (Ok(name), Ok(value)) = (self.endpoint.session_header.parse::<HeaderName>(), affinity) {
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// One request, for which so many tokens of a prompt are set aside. `on_text` gets the answer as it grows and says
    /// when it is enough.
    fn request(
        &self,
        question: &Question,
        n_prompt: u64,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&Said) -> ControlFlow<()>,
    ) -> Result<Said, Ending> {
        let headers = self.headers(question)?;
        let planned = Planned {
            provider: self.endpoint.name.clone(),
            model: self.endpoint.model.clone(),
            language: question.language,
            n_prompt,
            n_answer: self.endpoint.max_tokens as u64,
        };
        let receipt = self.purse.as_ref().map(|purse| purse.reserve(&planned)).transpose()?;
        let started = Instant::now();
        let mut said = Said::default();
        let body = self.endpoint.protocol.body(question, &self.endpoint.model, self.endpoint.family());
        let ended = self.listen(headers, &body, cancel, &mut said, on_text);
        let used = used(&said, question.n_prompt(), &ended, started.elapsed());
        self.n_evaluated.fetch_add(used.n_prompt - used.n_cached, Ordering::Relaxed);
        self.n_decoded.fetch_add(used.n_said, Ordering::Relaxed);
        if let (Some(purse), Some(receipt)) = (&self.purse, receipt) {
            purse.settle(receipt, used);
        }
        ended.map(|()| said)
    }

    fn listen(
        &self,
        headers: HeaderMap,
        body: &serde_json::Value,
        cancel: &Cancel,
        said: &mut Said,
        on_text: &mut dyn FnMut(&Said) -> ControlFlow<()>,
    ) -> Result<(), Ending> {
        let answering = self.wire.send(headers, body);
        loop {
            if cancel.is_cancelled() {
                return Err(Ending::Cancelled);
            }
            match answering.next(LOOK_EVERY) {
                Next::Nothing => {}
                Next::Chunk(chunk) => {
                    let has_words = !chunk.text.is_empty();
                    said.add(chunk);
                    let is_enough = has_words && on_text(said).is_break();
                    if said.is_over() {
                        answering.let_end();
                        return Ok(());
                    }
                    if is_enough {
                        return Ok(());
                    }
                }
                Next::Failed(failure) => return Err(Ending::Failed(failure)),
                Next::End if said.is_finished => return Ok(()),
                Next::End => {
                    let message = format!("{} ended the stream inside an answer", self.wire.host());
                    return Err(Ending::Failed(Failure::new(Cause::CutOff, message)));
                }
            }
        }
    }

    /// Why the question must not go out, if it must not.
    fn kept_here(&self, question: &Question) -> Option<String> {
        if self.endpoint.leaves_machine()
            && let Err(found) = clear_cursor(&question.prefix, &question.suffix)
        {
            return Some(format!("not sent: what looks like a secret ({}) stands near the cursor", found.kind));
        }
        let marker = self.endpoint.family().and_then(|family| question.holds_marker(family));
        marker.map(|marker| format!("the text holds `{marker}`, which the model would take for its own marker"))
    }
}

/// What was said so far.
#[derive(Default)]
struct Said {
    text: String,
    /// Tokens by their ends in bytes, with the natural logarithms of their probabilities, where all are told.
    pieces: Vec<(usize, f32)>,
    usage: Option<Usage>,
    /// As [`Chunk`]'s.
    is_finished: bool,
    is_last: bool,
}

/// How a request ended early.
enum Ending {
    Cancelled,
    Failed(Failure),
}

impl From<Failure> for Ending {
    fn from(failure: Failure) -> Ending {
        Ending::Failed(failure)
    }
}

impl Said {
    fn add(&mut self, chunk: Chunk) {
        let start = self.text.len();
        self.text.push_str(&chunk.text);
        let mut end = start;
        for (n_bytes, ln) in chunk.tokens {
            end += n_bytes;
            self.pieces.push((end, ln));
        }
        self.usage = match (self.usage, chunk.usage) {
            (Some(before), Some(later)) => Some(before.and(later)),
            (before, later) => later.or(before),
        };
        self.is_finished |= chunk.is_finished || chunk.is_last;
        self.is_last |= chunk.is_last;
    }

    /// Whether there is anything more to wait for.
    fn is_over(&self) -> bool {
        self.is_last || self.is_finished && self.usage.is_some()
    }

    /// Whether the pieces tell of all of the text.
    fn is_told(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.last().is_some_and(|(end, _)| *end == self.text.len())
    }
}

fn used(said: &Said, n_asked: u64, ended: &Result<(), Ending>, latency: Duration) -> Used {
    let ended = match ended {
        Ok(()) => Ended::Done,
        Err(Ending::Cancelled) => Ended::Cancelled,
        Err(Ending::Failed(failure)) => Ended::Failed(failure.cause),
    };
    let Usage { n_prompt, n_cached, n_said } = said.usage.unwrap_or_default();
    // What was refused was not read.
    let is_read = !said.text.is_empty() || !matches!(ended, Ended::Failed(_));
    match (n_prompt, said.is_finished) {
        (1.., true) => {
            Used { n_prompt, n_cached: n_cached.min(n_prompt), n_said, counted: Counted::ByProvider, ended, latency }
        }
        _ => {
            let by_us = if is_read { n_asked } else { 0 };
            let n_prompt = if n_prompt > 0 { n_prompt } else { by_us };
            let n_said = n_said.max(n_tokens(said.text.len()));
            Used { n_prompt, n_cached: n_cached.min(n_prompt), n_said, counted: Counted::ByUs, ended, latency }
        }
    }
}

impl Engine for Remote {
    fn name(&self) -> &'static str {
        "remote"
    }

    fn told(&self, wish: &Wish, cancel: &Cancel) -> Result<String, Finish> {
        Remote::told(self, wish, cancel)
    }

    fn spent(&self) -> Spent {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Spent { n_evaluated: count(&self.n_evaluated), n_decoded: count(&self.n_decoded) }
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let (question, context) = self.question(ask);
        if let Some(why) = self.kept_here(&question) {
            return Finish::Silent(why);
        }
        if !self.is_still_wanted(ask, cancel) {
            return Finish::Cancelled;
        }
        let text = &ask.document.text;
        let line = text.line_range(text.line_of(ask.offset));
        let (line_before, after) =
            (text.slice(line.start..ask.offset), text.slice(ask.offset..ask.offset + AFTER_WINDOW));
        let place = Place { line_before: &line_before, after: &after, max_lines: ask.max_lines };
        let is_chat = self.endpoint.protocol.is_chat();
        let fitted = |said: &Said, is_whole: bool| {
            let text = if is_chat { aligned(&said.text, &line_before, is_whole)? } else { said.text.clone() };
            let end = place.end(&text);
            let candidate = match end.map_or(text.as_str(), |end| &text[..end]) {
                text if said.is_told() && !is_chat => judged(text.to_string(), &within(&said.pieces, text.len())),
                text => Candidate { text: text.to_string(), confidence: UNTOLD, ..Candidate::default() },
            };
            Some((candidate, end.is_some()))
        };

        let started = Instant::now();
        let mut until_first = None;
        let mut best: Option<Candidate> = None;
        let mut grow = |said: &Said| {
            until_first.get_or_insert_with(|| started.elapsed());
            match fitted(said, false) {
                Some((candidate, true)) => {
                    best = Some(candidate);
                    ControlFlow::Break(())
                }
                Some((candidate, false)) => emit(Candidate { is_growing: true, ..candidate }),
                None => ControlFlow::Continue(()),
            }
        };
        let mut ended = self.request(&question, question.most_prompt(), cancel, &mut grow);
        // A key that was renewed since is worth one more try.
        if let Err(Ending::Failed(Failure { cause: Cause::Unauthorised, .. })) = &ended
            && self.key.forget()
        {
            ended = self.request(&question, question.most_prompt(), cancel, &mut grow);
        }
        let (candidate, finish) = match ended {
            Err(Ending::Cancelled) => return Finish::Cancelled,
            Err(Ending::Failed(failure)) => return Finish::Failed(failure),
            Ok(said) => {
                let usage = said.usage.unwrap_or_default();
                let candidate = best.or_else(|| fitted(&said, true).map(|(candidate, _)| candidate));
                let cost = Cost {
                    n_prompt: usage.n_prompt as usize,
                    n_reused: usage.n_cached as usize,
                    n_before_first: usage.n_prompt.saturating_sub(usage.n_cached) as usize,
                    n_said: usage.n_said as usize,
                };
                (candidate.map(|candidate| Candidate { cost, ..candidate }), Finish::Done)
            }
        };
        let Some(candidate) = candidate.filter(|candidate| !candidate.text.trim().is_empty()) else {
            return Finish::Silent(format!("{} says that nothing comes here", self.endpoint.name));
        };
        if let Some(first) = until_first {
            self.pace.lock().answered(first);
        }
        let first = until_first.map_or(0, |first| first.as_millis());
        let provenance = format!(
            "{}: first words after {first} ms, all after {} ms",
            self.endpoint.name,
            started.elapsed().as_millis()
        );
        let _ = emit(Candidate { provenance, context: context.considered.clone(), ..candidate });
        finish
    }

    fn probe(&self, cancel: &Cancel) -> Result<(), Failure> {
        // Where the budget has no room for a real question, this one is no good, either.
        let usual = 2 * self.endpoint.prompt_tokens as u64;
        match self.request(&Question::probe(), usual, cancel, &mut |_| ControlFlow::Break(())) {
            Ok(_) => Ok(()),
            Err(Ending::Cancelled) => Err(Failure::here("cancelled")),
            Err(Ending::Failed(failure)) => {
                if failure.cause == Cause::Unauthorised {
                    self.key.forget();
                }
                Err(failure)
            }
        }
    }
}

/// A piece that holds what looks like a secret is left out: it loses its text, and `why` says it.
fn keep_secret(piece: &mut Piece) {
    if let Err(found) = clear_piece(&piece.text) {
        let kind = found.kind;
        piece.text.clear();
        piece.reason = format!("{}; not sent: it holds what looks like a secret ({kind})", piece.reason);
    }
}

/// The pieces of the first `n_bytes`.
fn within(pieces: &[(usize, f32)], n_bytes: usize) -> Vec<(usize, f32)> {
    pieces.iter().copied().filter(|(end, _)| *end <= n_bytes).collect()
}

/// Two parts of a prompt for the text before, one each for the text after and for other files.
fn budget(prompt_tokens: usize) -> Budget {
    Budget {
        prefix_tokens: prompt_tokens / 2,
        suffix_tokens: prompt_tokens / 4,
        context_tokens: prompt_tokens / 4,
        ..Budget::default()
    }
}
