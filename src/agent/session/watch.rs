//! The clock: what others want, what is late, and whether anything is heard at all.

use std::time::{Duration, Instant};

use super::{Ended, Phase, Session};
use crate::agent::State;
use crate::agent::acp::Status;
use crate::agent::meter::Tab;
use crate::agent::permissions::{By, Kind};

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
        let (state, reason) = match (&self.hand_off.question, self.stalled()) {
            (Some(_), _) => (State::Waiting, String::new()),
            (None, Some(reason)) => (State::Stalled, reason),
            (None, None) if self.phase == Phase::Prompt => (State::Working, String::new()),
            (None, None) => (State::Starting, String::new()),
        };
        if self.hand_off.state != state {
            if state == State::Stalled {
                self.journal.entry(&format!("stalled: {reason}"));
            }
            (self.hand_off.state, self.hand_off.reason) = (state, reason);
            self.is_state_changed = true;
        }
    }

    /// Why it counts as stalled.
    pub fn stalled(&self) -> Option<String> {
        let tab = self.setup.tab.as_deref();
        if let Some(trouble) = tab.and_then(Tab::trouble) {
            return Some(trouble);
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
                format!("a command runs for {minutes} minutes and says nothing")
            }
            (None, Some(1..)) => format!("its model has said nothing for {s} s"),
            (None, Some(0)) => format!("it asks nothing of its model and says nothing for {s} s"),
            (None, None) => format!("nothing was heard of it for {s} s; its provider may be down"),
        })
    }
}
