//! What the user is told of a route: once, when it goes and when it answers again. Pure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::{Outage, must_be_mended};
use crate::engine::Cause;

/// Who goes down again so soon after it was told is not worth a second word.
const FLAPPING: Duration = Duration::from_secs(30);

/// A route's health has changed. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The endpoint's name.
    pub label: Arc<str>,
    pub state: State,
    /// Whether the user should be told, and how loudly; a status that is shown anyway is always renewed.
    pub tell: Option<Severity>,
    /// Who is asked first now.
    pub answers: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Up,
    /// With the sentence for the user.
    Down(Cause, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It passes, or has passed, by itself.
    Info,
    /// Somebody must do something.
    Warning,
}

/// What was told of one route.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    /// What the last [`Change`] said.
    shown: Option<Cause>,
    /// The outage that the user knows of.
    told: Option<Cause>,
    last: Option<(Cause, Instant)>,
}

impl Teller {
    /// Call it after everything that may have changed the route's health. `has_answered`: by an answer to a real question;
    /// a probe's success is no news yet, for the next question may fail.
    /// `None` if nothing has changed; else whether to tell the user.
    pub fn observe(&mut self, outage: Option<&Outage>, has_answered: bool, now: Instant) -> Option<Option<Severity>> {
        let cause = outage.map(|outage| outage.cause);
        let is_change = self.shown != cause;
        self.shown = cause;
        let tell = match outage {
            // Who keeps the budget has told it, once for all windows.
            Some(Outage { cause: Cause::Budget, .. }) => None,
            Some(outage) if !outage.is_suspected => self.tell_down(outage.cause, now),
            Some(_) => None,
            None if has_answered => self.told.take().map(|_| Severity::Info),
            None => None,
        };
        (is_change || tell.is_some()).then_some(tell)
    }

    fn tell_down(&mut self, cause: Cause, now: Instant) -> Option<Severity> {
        let is_worse = |known: Cause| must_be_mended(cause) && known != cause;
        let is_flapping = |(last, at): (Cause, Instant)| now.duration_since(at) < FLAPPING && !is_worse(last);
        let is_known = |told: Cause| told == cause || !must_be_mended(cause) && !must_be_mended(told);
        if self.told.is_some_and(is_known) || self.last.is_some_and(is_flapping) {
            return None;
        }
        self.told = Some(cause);
        self.last = Some((cause, now));
        Some(if must_be_mended(cause) { Severity::Warning } else { Severity::Info })
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let label = &self.label;
        let State::Down(cause, message) = &self.state else { return write!(f, "{label} answers again") };
        let end = if message.ends_with(['.', '?', '!']) { "" } else { "." };
        write!(f, "{label}: {message}{end}")?;
        match &self.answers {
            Some(other) => write!(f, " Until it answers again, {other} does.")?,
            None => write!(f, " No other model is there to answer.")?,
        }
        if must_be_mended(*cause) { Ok(()) } else { write!(f, " It is asked again by itself.") }
    }
}
