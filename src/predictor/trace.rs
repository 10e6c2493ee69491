//! What happened to one request, step by step. Holds no file content.

use std::fmt;
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

/// One line of what `why` tells people; the columns are as wide in all rows of a trace.
pub struct Row {
    pub label: String,
    pub took: String,
    pub text: String,
    pub kind: RowKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Step,
    ContextUsed,
    ContextLeftOut,
    Outcome,
}

const OUTCOME: &str = "outcome";

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

    /// The steps, the context and the outcome, in this order.
    pub fn rows(&self) -> Vec<Row> {
        let width = self.steps.iter().map(|step| step.stage.len()).max().unwrap_or_default().max(OUTCOME.len());
        let row = |label: &str, took_us: Option<u64>, text: String, kind| {
            let took = took_us.map(|us| format!("{}.{:03} ms", us / 1000, us % 1000)).unwrap_or_default();
            Row { label: format!("{label:width$}"), took: format!("{took:>9}"), text, kind }
        };
        let steps = self.steps.iter();
        let steps = steps.map(|step| row(step.stage, Some(step.took_us), step.verdict.clone(), RowKind::Step));
        let context = self.context.iter().map(|shown| {
            let kind = if shown.is_used { RowKind::ContextUsed } else { RowKind::ContextLeftOut };
            row("", None, shown.to_string(), kind)
        });
        let outcome = row(OUTCOME, Some(self.total_us), self.outcome.clone(), RowKind::Outcome);
        steps.chain(context).chain([outcome]).collect()
    }

    /// For work that went on beside: what of it the request waited for.
    pub fn waited(&mut self, took: Duration) {
        self.total_us += took.as_micros() as u64;
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        self.rows().iter().try_for_each(|Row { label, took, text, .. }| write!(f, "\n  {label}  {took}  {text}"))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Shown { kind, path, reason, score, n_tokens, is_used } = self;
        let verdict = if *is_used { format!("{n_tokens} tokens") } else { "left out".to_string() };
        write!(f, "{kind} {score:.2}, {verdict}: {path}: {reason}")
    }
}

impl Step {
    pub fn new(stage: &'static str, verdict: impl Into<String>, took: Duration) -> Step {
        Step { stage, verdict: verdict.into(), took_us: took.as_micros() as u64 }
    }
}
