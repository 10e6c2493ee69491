//! What routes have said of one question: the words that were forwarded, and the reasons of those who had none. Pure.

use std::ops::ControlFlow;

use super::Route;
use crate::engine::{Candidate, Failure, Finish};

/// What was forwarded of one route.
#[derive(Default)]
pub struct Spoken {
    /// The newest, while no candidate is whole.
    growing: Option<Candidate>,
    any_whole: bool,
}

impl Spoken {
    pub fn has_words(&self) -> bool {
        self.any_whole || self.growing.is_some()
    }

    /// Whether there is something to show.
    pub fn has_line(&self) -> bool {
        self.any_whole || self.growing.as_ref().is_some_and(|growing| end_of_lines(&growing.text).is_some())
    }

    pub fn emit(
        &mut self,
        candidate: Candidate,
        emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.any_whole |= !candidate.is_growing;
        self.growing = (!self.any_whole).then(|| candidate.clone());
        emit(candidate)
    }

    /// Whether, with this end, there is an answer. Of a text that broke off, the lines that are whole are one.
    pub fn conclude(&mut self, finish: &Finish, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> bool {
        if !matches!(finish, Finish::Failed(_)) || self.any_whole {
            return self.has_words();
        }
        let Some(lines) = self.growing.take().and_then(whole_lines) else { return false };
        // Nothing comes after it anyway.
        let _ = self.emit(lines, emit);
        true
    }
}

fn whole_lines(mut candidate: Candidate) -> Option<Candidate> {
    let end = end_of_lines(&candidate.text)?;
    candidate.text.truncate(end);
    candidate.pieces.retain(|(end, _)| *end <= candidate.text.len());
    candidate.is_growing = false;
    candidate.provenance.push_str(", as far as it came");
    Some(candidate)
}

/// Where the last line that is whole ends, if there is one that is not blank.
fn end_of_lines(text: &str) -> Option<usize> {
    text.rfind('\n').filter(|end| !text[..*end].trim().is_empty())
}

/// Why routes did not answer.
#[derive(Clone, Default)]
pub struct WhyNot {
    reasons: Vec<String>,
    first_failure: Option<Failure>,
    any_silent: bool,
}

impl WhyNot {
    pub fn failed(&mut self, label: &str, failure: Failure) {
        self.reasons.push(format!("{label}: {failure}"));
        self.first_failure.get_or_insert(failure);
    }

    /// It had nothing to say, or was not asked.
    pub fn silent(&mut self, label: &str, why: &str) {
        self.reasons.push(format!("{label}: {why}"));
        self.any_silent = true;
    }

    /// How a question ends that nobody has answered.
    pub fn finish(self) -> Finish {
        let message = self.reasons.join("; ");
        match self.first_failure {
            Some(first) if !self.any_silent => Finish::Failed(Failure { message, ..first }),
            _ => Finish::Silent(message),
        }
    }

    /// Puts down whose words they are, and why they are not another's.
    pub fn signed(&self, mut candidate: Candidate, route: &Route) -> Candidate {
        if candidate.engine.is_empty() {
            candidate.engine = route.engine.name();
        }
        if route.is_remote && !candidate.is_growing {
            candidate.provenance = format!("{}: {}", route.label, candidate.provenance);
        }
        if !self.reasons.is_empty() && !candidate.is_growing {
            candidate.provenance = format!("{} (not {})", candidate.provenance, self.reasons.join("; not "));
        }
        candidate
    }
}
