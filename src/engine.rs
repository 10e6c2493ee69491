//! The `Engine` trait: ask in, candidates out, stoppable at any candidate.
//!
//! An engine makes raw text; it does not decide what is shown. Failure and silence are values with a cause. Must not
//! know the cache, the predictor or the wire.

pub mod instant;
pub mod local;
pub mod scripted;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

    /// What all questions took so far, those that were cancelled too.
    fn spent(&self) -> Spent {
        Spent::default()
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
}

/// Raw text for the cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    pub text: String,
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
    /// It could not work, and why.
    Failed(String),
}

/// A flag that tells running work to stop. Clones share it.
#[derive(Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
