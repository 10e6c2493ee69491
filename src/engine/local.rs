//! The local engine: a code model in this process, on its own threads.
//!
//! The model lives on one thread, is loaded there at the first question, and is dropped when nobody has asked for a
//! while; a question is a message to it. Of the files here, `model.rs` is the transformer and `kernel.rs` what makes it
//! fast, `tensors.rs` the same for GPUs and other CPUs; `decode.rs` gets text out of either, `loaded.rs` ties a question to
//! it. Only this module knows tensors.

pub mod activations;
pub mod attention;
pub mod backend;
mod conversation;
pub mod decode;
pub mod draft;
pub mod evaluator;
pub mod gguf;
pub mod kernel;
pub mod kv;
pub mod loaded;
pub mod matrix;
pub mod model;
pub mod sampler;
pub mod tensors;
pub mod threads;
pub mod tokenizer;
pub mod vector;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use parking_lot::Mutex;

use super::calibration::judged;
use super::{Ask, Cancel, Candidate, Cost, Engine, Failure, Finish, Question, Spent, Wish};
use crate::context::{self, Gathered};
use crate::weights::Store;
use decode::{Effort, Said};
use evaluator::Stopped;
use loaded::{Answer, Help, Loaded};
use sampler::Sampling;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub enabled: bool,
    /// A model's name or a GGUF file's path; empty for the best that is there and fast enough.
    pub model: String,
    pub n_threads: usize,
    /// Room in the KV cache.
    pub context_tokens: usize,
    /// The model leaves memory when nobody has asked for so many seconds.
    pub unload_after_s: usize,
    /// Whether a question waits for the model to be loaded, or is answered with silence meanwhile.
    pub waits: bool,
    /// After this no further line of a block is waited for.
    pub lines_within: Duration,
    /// Whether the next tokens are guessed, or decoded one by one.
    pub drafts: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            enabled: true,
            model: String::new(),
            n_threads: threads::usual(),
            context_tokens: 4096,
            unload_after_s: 600,
            waits: false,
            lines_within: Duration::from_millis(500),
            drafts: true,
        }
    }
}

/// Texts that may come at a place, best first: where drafts are taken from.
pub type Continuations = Arc<dyn Fn(&Ask, &Cancel) -> Vec<String> + Send + Sync>;

/// Where a prompt's context is taken from.
pub type Contexts = Arc<dyn Fn(&context::Place) -> Gathered + Send + Sync>;

pub struct Local {
    options: Options,
    state: Arc<Mutex<State>>,
    spent: Arc<Mutex<Spent>>,
    jobs: Sender<Job>,
}

/// What the model's thread is at.
#[derive(Clone, Debug)]
enum State {
    Unloaded,
    Loading,
    /// With the model of that name.
    Ready(String),
    /// And why: a sentence; and when.
    Failed(String, Instant),
}

enum Job {
    Load,
    Answer(Box<Posed>),
    Do(Box<Told>),
}

/// A [`Wish`] of its own.
struct Told {
    instruction: String,
    text: String,
    likely: String,
    fence: String,
    language: Option<&'static str>,
    max_tokens: usize,
    cancel: Cancel,
    reply: Sender<Result<String, Finish>>,
}

/// A question, and whom to answer.
struct Posed {
    question: Question,
    cancel: Cancel,
    reply: Sender<Reply>,
}

/// What the model's thread says to a question, one after the other.
enum Reply {
    /// The first answer as far as it is made.
    Growing(String, Vec<(usize, f32)>),
    Whole(Answer),
    End(Finish),
}

/// An answer of a line should come within this: the largest model that keeps it is taken. At half a second a line, the 1.5B
/// has the right text in time for 22 % of the keys, where the 0.5B has it for 38 % at 0.2 s (`benches/replay.md`).
const WANTED_PER_LINE: Duration = Duration::from_millis(300);

/// Whoever asks by hand waits for more than one answer; the others are drawn at this temperature.
const TEMPERATURE: f32 = 0.6;
const MAX_CANDIDATES: usize = 3;
/// No further one is begun after this.
const MORE_WITHIN: Duration = Duration::from_millis(300);

/// A failed load is not tried again before this.
const RETRY_AFTER: Duration = Duration::from_secs(30);

impl Local {
    pub fn new(options: Options, continuations: Continuations, contexts: Contexts) -> Local {
        let state = Arc::new(Mutex::new(State::Unloaded));
        let spent = Arc::<Mutex<Spent>>::default();
        let (jobs, inbox) = channel();
        let options_there = options.clone();
        let host = Host {
            options: options_there,
            continuations,
            contexts,
            state: state.clone(),
            spent: spent.clone(),
            loaded: None,
        };
        // Without the thread every question fails with a reason.
        let _ = std::thread::Builder::new().name("local model".to_string()).spawn(move || host.run(&inbox));
        Local { options, state, spent, jobs }
    }

    /// `None` when the question can be asked; otherwise what to say instead.
    fn unready(&self) -> Option<Finish> {
        let mut state = self.state.lock();
        if let State::Failed(why, at) = &*state {
            if at.elapsed() < RETRY_AFTER {
                return Some(Finish::Failed(Failure::here(why.clone())));
            }
            *state = State::Unloaded;
        }
        if matches!(*state, State::Ready(_)) || self.options.waits {
            return None;
        }
        if matches!(*state, State::Unloaded) {
            if let Err(missing) = locate(&self.options) {
                return Some(Finish::Silent(format!("{missing:#}")));
            }
            *state = State::Loading;
            let _ = self.jobs.send(Job::Load);
        }
        Some(Finish::Silent("the model is being loaded".to_string()))
    }
}

impl Engine for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn model(&self) -> Result<String, String> {
        match &*self.state.lock() {
            State::Ready(name) => return Ok(name.clone()),
            State::Failed(why, _) => return Err(why.clone()),
            State::Unloaded | State::Loading => {}
        }
        let models = locate(&self.options).map_err(|missing| format!("{missing:#}"))?;
        models.into_iter().next().map(|(name, _)| name).ok_or_else(|| "there is no model".to_string())
    }

    fn spent(&self) -> Spent {
        *self.spent.lock()
    }

    /// Waits for the model to be loaded.
    fn told(&self, wish: &Wish, cancel: &Cancel) -> Result<String, Finish> {
        locate(&self.options).map_err(|missing| Finish::Silent(format!("{missing:#}")))?;
        let &Wish { language, max_tokens, .. } = wish;
        let [instruction, text, likely, fence] =
            [wish.instruction, wish.text, wish.likely, wish.fence].map(str::to_string);
        let (reply, answer) = channel();
        let told = Told { instruction, text, likely, fence, language, max_tokens, cancel: cancel.clone(), reply };
        let gone =
            |_| Finish::Failed(Failure::here("the model's thread has ended; restart the server and report this"));
        self.jobs.send(Job::Do(Box::new(told))).map_err(|_| gone(()))?;
        answer.recv().map_err(|_| gone(()))?
    }

    /// Loads the model, and keeps it.
    fn prepare(&self) {
        let is_there = self.unready().is_none();
        // Loads nothing, and counts as a question: it does not leave memory meanwhile.
        let _ = is_there.then(|| self.jobs.send(Job::Load));
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        if let Some(finish) = self.unready() {
            return finish;
        }
        let (reply, answers) = channel();
        let posed = Posed { question: ask.into(), cancel: cancel.clone(), reply };
        let gone = || Finish::Failed(Failure::here("the model's thread has ended; restart the server and report this"));
        if self.jobs.send(Job::Answer(Box::new(posed))).is_err() {
            return gone();
        }
        let mut best = None;
        for reply in answers {
            let candidate = match reply {
                Reply::Growing(text, pieces) => Candidate { is_growing: true, ..judged(text, &pieces) },
                Reply::Whole(answer) if answer.text.trim().is_empty() => {
                    best.get_or_insert(Finish::Silent("the model says that nothing comes here".to_string()));
                    continue;
                }
                Reply::Whole(Answer { text, pieces, effort, context }) => {
                    best = Some(Finish::Done);
                    let (provenance, cost) = (provenance(&effort), Cost::from(&effort));
                    Candidate { provenance, context, cost, ..judged(text, &pieces) }
                }
                Reply::End(finish) => return finish,
            };
            if emit(candidate).is_break() {
                return Finish::Done;
            }
        }
        best.unwrap_or_else(gone)
    }
}

/// What the model's thread holds.
struct Host {
    options: Options,
    continuations: Continuations,
    contexts: Contexts,
    state: Arc<Mutex<State>>,
    spent: Arc<Mutex<Spent>>,
    loaded: Option<Loaded>,
}

impl Host {
    /// Until the engine is dropped.
    fn run(mut self, inbox: &Receiver<Job>) {
        crate::priority::lower_thread();
        loop {
            match inbox.recv_timeout(Duration::from_secs(self.options.unload_after_s as u64)) {
                Ok(Job::Load) => drop(self.load()),
                Ok(Job::Answer(posed)) => self.answer(&posed),
                Ok(Job::Do(told)) => {
                    let done = self.told(&told);
                    // Who has gone does not want it.
                    let _ = told.reply.send(done);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.loaded = None;
                    *self.state.lock() = State::Unloaded;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn load(&mut self) -> Result<&mut Loaded, Finish> {
        if self.loaded.is_none() {
            *self.state.lock() = State::Loading;
            match load(&self.options) {
                Ok((name, loaded)) => {
                    self.loaded = Some(loaded);
                    *self.state.lock() = State::Ready(name);
                }
                Err(error) => {
                    let why = format!("{error:#}");
                    *self.state.lock() = State::Failed(why.clone(), Instant::now());
                    return Err(Finish::Failed(Failure::here(why)));
                }
            }
        }
        self.loaded.as_mut().ok_or(Finish::Cancelled)
    }

    fn told(&mut self, told: &Told) -> Result<String, Finish> {
        let Told { instruction, text, likely, fence, language, max_tokens, cancel, .. } = told;
        if cancel.is_cancelled() {
            return Err(Finish::Cancelled);
        }
        let wish = Wish { instruction, text, likely, fence, language: *language, max_tokens: *max_tokens };
        let loaded = self.load()?;
        let done = loaded.told(&wish, cancel);
        let spent = loaded.decoder().spent;
        *self.spent.lock() = spent;
        done
    }

    /// Texts that may come, best first.
    fn guesses(&self, ask: &Ask, cancel: &Cancel) -> Vec<String> {
        if !self.options.drafts {
            return Vec::new();
        }
        let said_before = Some(ask.said_before.to_string()).filter(|said| !said.is_empty());
        said_before.into_iter().chain((self.continuations)(ask, cancel)).collect()
    }

    fn answer(&mut self, posed: &Posed) {
        let Posed { question, cancel, reply } = posed;
        // The questions that came while it was loaded are old.
        if cancel.is_cancelled() {
            let _ = reply.send(Reply::End(Finish::Cancelled));
            return;
        }
        let ask = question.ask();
        let continuations = self.guesses(&ask, cancel);
        let contexts = self.contexts.clone();
        let help = Help { continuations: &continuations, context: &*contexts };
        let n_answers = if ask.is_by_hand() { MAX_CANDIDATES } else { 1 };
        let started = Instant::now();
        for i in 0..n_answers {
            if i > 0 && started.elapsed() > MORE_WITHIN {
                return;
            }
            let sampling = match i {
                0 => Sampling::Greedy,
                seed => Sampling::Random { temperature: TEMPERATURE, top_p: 0.9, seed: seed as u64 },
            };
            let mut grow = |said: &Said| {
                let tokens = said.pieces.iter().copied().filter(|(end, _)| *end <= said.text.len());
                let _ = reply.send(Reply::Growing(said.text.to_string(), tokens.collect()));
            };
            let mut keep = |_: &Said| ();
            let on_text: &mut dyn FnMut(&Said) = if i == 0 { &mut grow } else { &mut keep };
            let answer = match self.load() {
                Ok(loaded) if ask.is_ahead && loaded.would_move(&ask) => {
                    Err(Finish::Silent("it is too far from what is evaluated".to_string()))
                }
                Ok(loaded) => {
                    let answer = loaded.answer(&ask, sampling, &help, cancel, on_text).map_err(Finish::from);
                    let spent = loaded.decoder().spent;
                    *self.spent.lock() = spent;
                    answer
                }
                Err(finish) => Err(finish),
            };
            let is_last = answer.is_err();
            // Nobody listens any more after enough candidates.
            if reply.send(answer.map_or_else(Reply::End, Reply::Whole)).is_err() || is_last {
                return;
            }
        }
    }
}

impl From<Stopped> for Finish {
    fn from(stopped: Stopped) -> Finish {
        match stopped {
            Stopped::Cancelled => Finish::Cancelled,
            Stopped::Failed(why) => Finish::Failed(Failure::here(why)),
        }
    }
}

impl From<&Effort> for Cost {
    fn from(effort: &Effort) -> Cost {
        let &Effort { n_prompt, n_reused, n_before_first, n_said, .. } = effort;
        Cost { n_prompt, n_reused, n_before_first, n_said }
    }
}

/// Models to try, best first: the chosen one, or all of the table that are there and can fill in.
pub fn locate(options: &Options) -> Result<Vec<(String, PathBuf)>> {
    locate_in(&Store::open()?, options)
}

/// As [`locate`], in any folder of models.
pub fn locate_in(store: &Store, options: &Options) -> Result<Vec<(String, PathBuf)>> {
    if !options.model.is_empty() {
        return Ok(vec![(options.model.clone(), store.find(&options.model)?)]);
    }
    let mut models: Vec<_> =
        crate::weights::table().iter().filter(|model| model.card.is_some_and(|card| card.fim.is_some())).collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.n_bytes));
    let present = models.into_iter().filter_map(|model| Some((model.name.clone(), store.holds(model)?)));
    let present: Vec<_> = present.collect();
    if present.is_empty() {
        let name = &crate::weights::table()[0].name;
        return Err(anyhow!("there is no model; `foretype model pull {name}` gets one"));
    }
    Ok(present)
}

/// The first that is fast enough here, else the last.
fn load(options: &Options) -> Result<(String, Loaded)> {
    let mut models = locate(options)?.into_iter().peekable();
    while let Some((name, path)) = models.next() {
        let mut loaded = Loaded::load(&name, &path, options)?;
        if models.peek().is_none() {
            return Ok((name, loaded));
        }
        let speed = loaded.speed().map_err(|stopped| anyhow!("{name} does not work: {stopped:?}"))?;
        tracing::info!("{name}: {} ms a line", speed.per_line.as_millis());
        if speed.per_line <= WANTED_PER_LINE {
            return Ok((name, loaded));
        }
    }
    Err(anyhow!("there is no model"))
}

/// One line for `why`.
fn provenance(effort: &Effort) -> String {
    let Effort { n_reused, n_before_first, n_said, n_passes, n_guessed, n_right, .. } = effort;
    let mut said =
        format!("{n_said} tokens in {n_passes} passes; {n_reused} reused, {n_before_first} evaluated before the first");
    if *n_guessed > 0 {
        said.push_str(&format!("; {n_right} of {n_guessed} guesses right"));
    }
    said
}
