//! The clock: what others want, what is late, and whether anything is heard at all.

use std::time::{Duration, Instant};

use super::{Ended, Phase, Session};
use crate::agent::acp::Status;
use crate::agent::meter::Tab;
use crate::agent::permissions::{By, Kind};
use crate::agent::{State, Trouble};

/// A running command may be silent for so many times longer.
const COMMAND_FACTOR: u32 = 6;

impl Session {
    pub fn tick(&mut self) -> Option<Ended> {
        for order in (self.setup.inbox)() {
            if let Some(ended) = self.order(order) {
                return Some(ended);
            }
        }
        let now = Instant::now();
        if let Some((ended, until)) = &self.ending {
            return (now >= *until).then(|| ended.clone());
        }
        if let Some(late) = self.questions.front().filter(|asked| asked.until.is_some_and(|until| now >= until)) {
            let number = late.number;
            self.answer_question(number, false, By::Time);
        }
        if self.setup.tab.is_none()
            && let Some(why) = self.hand_off.budget.exceeded(&self.hand_off.usage)
        {
            return self.end(Ended { state: State::OverBudget, reason: why });
        }
        let limit = self.hand_off.budget.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        if let Some(limit) = limit.filter(|limit| self.started.elapsed() >= *limit) {
            let reason = format!("its {} minutes are over", limit.as_secs() / 60);
            return self.end(Ended { state: State::OverBudget, reason });
        }
        self.take_usage();
        self.settle();
        if self.is_changed {
            self.publish();
        }
        None
    }

    /// Sets the state by what is known.
    pub fn settle(&mut self) {
        let stalled = if self.hand_off.question.is_some() { None } else { self.stalled() };
        let state = match () {
            () if self.hand_off.question.is_some() => State::Waiting,
            () if stalled.is_some() => State::Stalled,
            () if self.phase == Phase::Prompt => State::Working,
            () => State::Starting,
        };
        let (reason, trouble) = stalled.unwrap_or_default();
        // Silence may get a better reason.
        if self.hand_off.state != state || self.hand_off.reason != reason {
            if state == State::Stalled {
                self.journal.entry(&format!("stalled: {reason}"));
            }
            (self.hand_off.state, self.hand_off.reason, self.hand_off.trouble) = (state, reason, trouble);
            self.is_state_changed = true;
        }
    }

    /// Why it counts as stalled.
    fn stalled(&self) -> Option<(String, Option<Trouble>)> {
        let tab = self.setup.tab.as_deref();
        if let Some(trouble) = tab.and_then(Tab::trouble) {
            return Some((trouble, Some(Trouble::Provider)));
        }
        let heard = tab.map_or(self.heard, |tab| self.heard.max(tab.heard()));
        let running =
            self.tools.values().find(|tool| tool.status == Status::Running && tool.wish.kind == Kind::Execute);
        let factor = if running.is_some() { COMMAND_FACTOR } else { 1 };
        let silent = heard.elapsed();
        if silent < self.setup.stalled_after * factor {
            return None;
        }
        let s = self.setup.stalled_after.as_secs();
        Some(match (running, tab.map(Tab::n_in_flight)) {
            (Some(tool), _) => {
                let minutes = tool.since.elapsed().as_secs() / 60;
                (format!("a command runs for {minutes} minutes and says nothing"), None)
            }
            (None, Some(1..)) => (format!("its model has said nothing for {s} s"), None),
            (None, Some(0)) => (format!("it asks nothing of its model and says nothing for {s} s"), None),
            (None, None) => {
                (format!("nothing was heard of it for {s} s; its provider may be down"), Some(Trouble::Provider))
            }
        })
    }
}
