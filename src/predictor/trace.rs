//! What happened to one request, step by step. Holds no file content.

use std::time::Duration;

use serde::Serialize;

use crate::context::Considered;
use crate::document::DocumentId;

/// One request's way through the hot path.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// Unique within the process, ascending.
    pub id: u64,
    pub document: String,
    /// 1-based, for people.
    pub line: usize,
    /// 1-based, in bytes.
    pub column: usize,
    pub steps: Vec<Step>,
    /// What else of the project a model was shown, or was not.
    pub context: Vec<Shown>,
    pub outcome: String,
    /// Whether the user took a suggestion of this request.
    pub accepted: bool,
    pub total_us: u64,
}

/// One stage and its verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub stage: &'static str,
    pub verdict: String,
    pub took_us: u64,
}

/// A part of some file that was considered for a prompt.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    pub kind: &'static str,
    pub path: String,
    pub reason: String,
    pub score: f32,
    pub n_tokens: usize,
    pub is_used: bool,
}

impl From<&Considered> for Shown {
    fn from(Considered { piece, n_tokens, is_used }: &Considered) -> Shown {
        Shown {
            kind: piece.kind.name(),
            path: piece.path.to_string(),
            reason: piece.reason.clone(),
            score: piece.score,
            n_tokens: *n_tokens,
            is_used: *is_used,
        }
    }
}

impl Trace {
    pub fn new(id: u64, document: &DocumentId, line: usize, column: usize) -> Trace {
        Trace {
            id,
            document: document.0.to_string(),
            line,
            column,
            steps: Vec::new(),
            context: Vec::new(),
            outcome: String::new(),
            accepted: false,
            total_us: 0,
        }
    }

    pub fn step(&mut self, stage: &'static str, verdict: impl Into<String>, took: Duration) {
        let step = Step::new(stage, verdict, took);
        self.total_us += step.took_us;
        self.steps.push(step);
    }

    /// For work that went on beside: what of it the request waited for.
    pub fn waited(&mut self, took: Duration) {
        self.total_us += took.as_micros() as u64;
    }
}

impl Step {
    pub fn new(stage: &'static str, verdict: impl Into<String>, took: Duration) -> Step {
        Step { stage, verdict: verdict.into(), took_us: took.as_micros() as u64 }
    }
}
