//! What happened to one request, step by step. Holds no file content.

use std::time::Duration;

use serde::Serialize;

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

impl Trace {
    pub fn new(id: u64, document: &DocumentId, line: usize, column: usize) -> Trace {
        Trace {
            id,
            document: document.0.to_string(),
            line,
            column,
            steps: Vec::new(),
            outcome: String::new(),
            accepted: false,
            total_us: 0,
        }
    }

    pub fn step(&mut self, stage: &'static str, verdict: impl Into<String>, took: Duration) {
        let took_us = took.as_micros() as u64;
        self.total_us += took_us;
        self.steps.push(Step { stage, verdict: verdict.into(), took_us });
    }
}
