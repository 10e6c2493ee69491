//! The `Engine` trait: ask in, candidates out, stoppable at any candidate.
//!
//! An engine makes raw text; it does not decide what is shown. Failure and silence are values with a cause. Must not
//! know the cache, the predictor or the wire.

pub mod calibration;
mod held;
pub mod instant;
pub mod local;
pub mod purse;
pub mod remote;
pub mod scripted;
pub mod stop;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::context::Considered;
use crate::document::Snapshot;

pub trait Engine: Send + Sync {
    /// Stable, lower case: shown by `why` and chosen by `--engine`.
    fn name(&self) -> &'static str;

    /// Whether it answers within milliseconds: such an engine is asked at every key, before all others.
    fn is_instant(&self) -> bool {
        false
    }

    /// Answers `ask` on the calling thread. Emits candidates, best first, and looks at `cancel` at every step of its
    /// work; stops when `emit` breaks. The first may be emitted again and again while it grows.
    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish;

    /// What computes its answers now, as the user calls it; `Err` says why nothing does. May look at the disk.
    fn model(&self) -> Result<String, String> {
        Ok(self.name().to_string())
    }

    /// Does what a person says in words, on the calling thread; the answer as it is said. An engine that only fills in
    /// is silent.
    fn told(&self, _wish: &Wish, _cancel: &Cancel) -> Result<String, Finish> {
        Err(Finish::Silent("it only fills in".to_string()))
    }

    /// What all questions took so far, those that were cancelled too.
    fn spent(&self) -> Spent {
        Spent::default()
    }

    /// It may be asked soon: begins what takes long, and returns at once.
    fn prepare(&self) {}

    /// After a failure: would it answer again? Asked on a thread of its own, never for a key, and of nobody's text. Takes
    /// seconds at most.
    fn probe(&self, _cancel: &Cancel) -> Result<(), Failure> {
        Ok(())
    }
}

/// One question: what comes at `offset` of `document`?
pub struct Ask<'a> {
    pub document: &'a Snapshot,
    /// Bytes.
    pub offset: usize,
    /// The other open and cleared documents.
    pub others: &'a [Snapshot],
    /// Most lines wanted of one candidate.
    pub max_lines: usize,
    /// Most candidates wanted: 1, or more when the user asked by hand.
    pub n_candidates: usize,
    /// Nobody waits for it: work that would be in the way of the next real question is not worth it.
    pub is_ahead: bool,
    /// What an engine was saying here when the user typed something else and took it back; mostly nothing. A guess that
    /// is cheap to verify.
    pub said_before: &'a str,
}

/// What a person wants of a model, in words.
pub struct Wish<'a> {
    pub instruction: &'a str,
    /// What it is about.
    pub text: &'a str,
    /// What much of the answer may look like: a guess that is cheap to verify.
    pub likely: &'a str,
    /// The answer stands between two of these, each on a line; it holds none itself.
    pub fence: &'a str,
    /// The protocol's identifier.
    pub language: Option<&'static str>,
    /// Most of the answer.
    pub max_tokens: usize,
}

/// More candidates than this are wanted only by hand.
pub const MAX_UNASKED: usize = 3;

impl<'a> Ask<'a> {
    /// One line at `offset`, somebody waits, nothing else is open.
    pub fn at(document: &'a Snapshot, offset: usize) -> Ask<'a> {
        Ask { document, offset, others: &[], max_lines: 1, n_candidates: 1, is_ahead: false, said_before: "" }
    }

    pub fn is_by_hand(&self) -> bool {
        self.n_candidates > MAX_UNASKED
    }
}

/// An [`Ask`] of its own, to be taken to another thread.
#[derive(Clone)]
pub struct Question {
    document: Snapshot,
    offset: usize,
    others: Vec<Snapshot>,
    max_lines: usize,
    n_candidates: usize,
    is_ahead: bool,
    said_before: String,
}

impl Question {
    pub fn ask(&self) -> Ask<'_> {
        let Question { ref document, offset, ref others, max_lines, n_candidates, is_ahead, ref said_before } = *self;
        Ask { document, offset, others, max_lines, n_candidates, is_ahead, said_before }
    }
}

impl From<&Ask<'_>> for Question {
    fn from(ask: &Ask) -> Question {
        let Ask { document, offset, others, max_lines, n_candidates, is_ahead, said_before } = *ask;
        let (document, others, said_before) = (document.clone(), others.to_vec(), said_before.to_string());
        Question { document, offset, others, max_lines, n_candidates, is_ahead, said_before }
    }
}

/// Raw text for the cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    pub text: String,
    /// Whose words they are, where an engine has asked others; empty for its own.
    pub engine: &'static str,
    /// The engine's estimate that the first line is exactly what the user would type, 0 to 1.
    pub confidence: f32,
    /// Where it knows more: the text's pieces by their ends in bytes, each with the natural logarithm of its chance.
    pub pieces: Vec<(usize, f32)>,
    /// More of it comes.
    pub is_growing: bool,
    /// Where it came from, for `why`: one line, no file content.
    pub provenance: String,
    /// What else of the project the engine looked at, or left out.
    pub context: Arc<[Considered]>,
    pub cost: Cost,
}

/// What a candidate took, in a model's tokens; zeros where none was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Of the prompt.
    pub n_prompt: usize,
    /// Of these, evaluated for an earlier question.
    pub n_reused: usize,
    /// Evaluated before the first of the answer was known.
    pub n_before_first: usize,
    /// Of the answer.
    pub n_said: usize,
}

/// Work of an engine since it was made, in a model's tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of prompts, and guesses with them.
    pub n_evaluated: u64,
    /// Of answers.
    pub n_decoded: u64,
}

/// How an engine ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Finish {
    Done,
    /// It has nothing good to say, and why.
    Silent(String),
    Cancelled,
    /// It could not work.
    Failed(Failure),
}

/// Why an engine could not work. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub cause: Cause,
    pub message: String,
    /// The provider's own word on when to come again.
    pub retry_after: Option<Duration>,
}

/// What kind of failure: what is done about it depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Of this process or machine: a model that does not load, a thread that has ended.
    Here,
    /// Nobody listens, or the network is down.
    Unreachable,
    /// The host's name is not known.
    Dns,
    /// The connection cannot be made safe.
    Tls,
    /// 401 and 403, and a key that is not there.
    Unauthorised,
    /// 402, and what says that the account is used up.
    Quota,
    /// The user's own budget is spent.
    Budget,
    /// 404: no such model or path.
    Gone,
    /// 429.
    Limited,
    /// 5xx.
    Server,
    /// Nothing came for too long, before the first piece or between two.
    Stalled,
    /// An answer that is none.
    Malformed,
    /// The connection ended inside an answer.
    CutOff,
    /// Any other status, such as a redirect to another host.
    Refused,
}

impl Cause {
    /// Stable: kept in the ledger, and part of what `foretype.status` answers.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Here => "here",
            Cause::Unreachable => "unreachable",
            Cause::Dns => "dns",
            Cause::Tls => "tls",
            Cause::Unauthorised => "unauthorised",
            Cause::Quota => "quota",
            Cause::Budget => "budget",
            Cause::Gone => "gone",
            Cause::Limited => "limited",
            Cause::Server => "server",
            Cause::Stalled => "stalled",
            Cause::Malformed => "malformed",
            Cause::CutOff => "cut_off",
            Cause::Refused => "refused",
        }
    }
}

impl Failure {
    pub fn new(cause: Cause, message: impl Into<String>) -> Failure {
        Failure { cause, message: message.into(), retry_after: None }
    }

    /// Of this process or machine.
    pub fn here(message: impl Into<String>) -> Failure {
        Failure::new(Cause::Here, message)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// A flag that tells running work to stop. Clones share it.
#[derive(Clone)]
pub struct Cancel {
    /// The furthest that was said, of [`SUPERSEDED`] and [`CANCELLED`].
    said: Arc<AtomicU8>,
    /// What is obeyed, and all beyond it.
    obeys: u8,
}

const SUPERSEDED: u8 = 1;
const CANCELLED: u8 = 2;

impl Cancel {
    /// Nobody wants what comes of it.
    pub fn cancel(&self) {
        self.said.fetch_max(CANCELLED, Ordering::Relaxed);
    }

    /// Another question takes the place of this one: what that needs, too, may be finished.
    pub fn supersede(&self) {
        self.said.fetch_max(SUPERSEDED, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.said.load(Ordering::Relaxed) >= self.obeys
    }

    /// Whether it was stopped for another question only.
    pub fn is_superseded(&self) -> bool {
        self.said.load(Ordering::Relaxed) == SUPERSEDED
    }

    /// The same, for work that the next question needs, too.
    pub fn of_shared_work(&self) -> Cancel {
        Cancel { obeys: CANCELLED, ..self.clone() }
    }
}

impl Default for Cancel {
    fn default() -> Cancel {
        Cancel { said: Arc::default(), obeys: SUPERSEDED }
    }
}
