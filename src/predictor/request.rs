//! What is asked of the predictor, and what it answers.

use std::ops::Range;
use std::sync::Arc;

use super::restraint::Estimate;
use super::trace::Trace;
use crate::document::Snapshot;
use crate::suggestion::Suggestion;

pub struct Request {
    pub document: Snapshot,
    /// Bytes.
    pub offset: usize,
    /// The other open documents; those that are not cleared are left out by the predictor.
    pub others: Vec<Snapshot>,
    pub trigger: Trigger,
    /// The item selected in the editor's menu: the suggestion must extend it.
    pub selected: Option<Selected>,
    /// Whether the answer may be the first words of a line whose rest is being said: for who asks again when there is
    /// more.
    pub takes_beginnings: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// By hand: the gates of taste (comments, strings, text to the right) are open, more candidates are wanted.
    Invoked,
    Automatic,
}

/// The menu's text, and what it would replace (bytes, on the cursor's line, up to the cursor or beyond it).
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

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Best first, never empty. Where the request has a [`Selected`], they continue its text.
    Suggest {
        suggestions: Vec<Suggestion>,
        /// The first.
        made: Made,
    },
    /// Nothing to show, and why: a sentence for the user.
    Nothing(String),
    Cancelled,
}

/// How a suggestion came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Made {
    /// Where it was found: `cache`, `adopted`, or an engine's name.
    pub source: &'static str,
    /// The engine whose words they are.
    pub engine: &'static str,
    /// That its first line is right, by the engine, 0 to 1.
    pub chance: f32,
}

/// What may be shown, to whoever knows the user.
#[derive(Clone, Copy)]
pub struct Showable<'a> {
    pub document: &'a Snapshot,
    /// Bytes.
    pub offset: usize,
    pub text: &'a str,
    pub engine: &'static str,
    /// As [`Made::chance`].
    pub chance: f32,
}

/// Says how likely the user takes a suggestion.
pub type Judge = Arc<dyn Fn(&Showable) -> Estimate + Send + Sync>;

/// What [`Predictor::quick`] found.
pub enum Quick {
    Answered(Answer),
    /// An engine has to be asked: hand this to [`Predictor::full`].
    Open(Trace),
}
