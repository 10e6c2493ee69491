//! How it went lately: rejections in a row, and the share that was taken. Time is passed in.

use std::collections::VecDeque;
use std::time::Duration;

/// What is older is forgotten: a rejection weighs on the minutes after it (Copilot's next edits decay over 10 min).
const LATELY: Duration = Duration::from_secs(600);

/// Outcomes that the share is of, and how many it takes (Copilot's next edits look at the last 10 of 30).
const MAX_OUTCOMES: usize = 30;
const MIN_OUTCOMES: usize = 10;

/// The last outcomes of one session.
#[derive(Default)]
pub struct Recent {
    outcomes: VecDeque<(Duration, bool)>,
}

impl Recent {
    pub fn add(&mut self, is_taken: bool, now: Duration) {
        if self.outcomes.len() == MAX_OUTCOMES {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back((now, is_taken));
    }

    /// Since the last one that was taken, of the last 10 minutes.
    pub fn n_rejections(&self, now: Duration) -> u8 {
        let is_late = |at: Duration| now.saturating_sub(at) <= LATELY;
        let in_a_row = self.outcomes.iter().rev().take_while(|(at, is_taken)| !is_taken && is_late(*at));
        in_a_row.count().min(usize::from(u8::MAX)) as u8
    }

    /// The share that was taken, 0 to 1; `None` while there are fewer than 10 outcomes.
    pub fn acceptance(&self) -> Option<f32> {
        let n = self.outcomes.len();
        let n_taken = self.outcomes.iter().filter(|(_, is_taken)| *is_taken).count();
        (n >= MIN_OUTCOMES).then(|| n_taken as f32 / n as f32)
    }
}
