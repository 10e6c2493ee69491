//! The life of one request: gate, cache, engine, suggestion, cache; and its trace.
//!
//! [`Predictor::quick`] takes microseconds and runs where the request arrives; [`Predictor::full`] runs an engine and
//! belongs on a worker thread. Both return an [`Answer`] with the [`Trace`] that `why` shows. Must not know the wire.

mod trace;

use std::ops::Range;
use std::sync::Arc;

use crate::cache;
use crate::document::{DocumentId, Snapshot};
use crate::engine::{Cancel, Engine};
use crate::suggestion::{self, Suggestion};

pub use trace::{Step, Trace};

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub enabled: bool,
    /// Language identifiers that get no suggestions.
    pub disabled_languages: Vec<String>,
    /// Suggest inside comments.
    pub in_comments: bool,
    /// Suggest inside string literals.
    pub in_strings: bool,
    /// Most lines of one suggestion.
    pub max_lines: usize,
    /// Larger documents get none.
    pub max_document_bytes: usize,
    pub cache: cache::Options,
}

pub struct Request {
    pub document: Snapshot,
    /// Bytes.
    pub offset: usize,
    /// The other open documents; those that are not cleared are left out by the predictor.
    pub others: Vec<Snapshot>,
    pub trigger: Trigger,
    /// The item selected in the editor's menu: the suggestion must extend it.
    pub selected: Option<Selected>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// By hand: the gates of taste (comments, strings, word to the right) are open, more candidates are wanted.
    Invoked,
    Automatic,
}

/// The menu's text, and what it would replace (bytes, on the cursor's line).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    pub replaced: Range<usize>,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub outcome: Outcome,
    pub trace: Arc<Trace>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Best first, never empty.
    Suggest {
        suggestions: Vec<Suggestion>,
        source: &'static str,
    },
    /// Nothing to show, and why: a sentence for the user.
    Nothing(String),
    Cancelled,
}

/// What [`Predictor::quick`] found.
pub enum Quick {
    Answered(Answer),
    /// An engine has to be asked: hand this to [`Predictor::full`].
    Open(Trace),
}

pub struct Predictor {}

impl Predictor {
    pub fn new(_options: Options, _refining: suggestion::Options, _engines: Vec<Arc<dyn Engine>>) -> Predictor {
        todo!()
    }

    /// Gate and cache. Microseconds; no I/O, no engine.
    pub fn quick(&self, _request: &Request) -> Quick {
        todo!()
    }

    /// Engines and post-processing. Milliseconds or more; returns soon after `cancel`.
    pub fn full(&self, _request: &Request, _trace: Trace, _cancel: &Cancel) -> Answer {
        todo!()
    }

    /// Both in turn, for callers without a deadline.
    pub fn answer(&self, request: &Request, cancel: &Cancel) -> Answer {
        match self.quick(request) {
            Quick::Answered(answer) => answer,
            Quick::Open(trace) => self.full(request, trace, cancel),
        }
    }

    /// The user accepted a suggestion of this request (see [`Trace::id`]).
    pub fn accepted(&self, _trace_id: u64) {
        todo!()
    }

    /// Drops what is known of a closed document.
    pub fn forget(&self, _document: &DocumentId) {
        todo!()
    }

    /// The last 200 traces, oldest first.
    pub fn traces(&self) -> Vec<Arc<Trace>> {
        todo!()
    }
}
