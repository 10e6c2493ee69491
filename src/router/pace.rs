//! How soon a route says its first words, lately.

use std::collections::VecDeque;
use std::time::Duration;

/// Questions that are remembered, and how many of them tell something.
const N_SAMPLES: usize = 32;
const MIN_SAMPLES: usize = 5;

/// What is waited before another route is asked, too: before there is anything to go by, and the bounds after.
const FIRST_PATIENCE: Duration = Duration::from_millis(400);
const MIN_PATIENCE: Duration = Duration::from_millis(50);
const MAX_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Oldest first.
    samples: VecDeque<Duration>,
}

impl Pace {
    /// First words came after `took`, or had not come then.
    pub fn add(&mut self, took: Duration) {
        if self.samples.len() == N_SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(took);
    }

    /// So long or less in nine of ten cases. `None` before there are 5.
    pub fn p90(&self) -> Option<Duration> {
        if self.samples.len() < MIN_SAMPLES {
            return None;
        }
        let mut sorted: Vec<Duration> = self.samples.iter().copied().collect();
        sorted.sort_unstable();
        Some(sorted[(sorted.len() * 9).div_ceil(10) - 1])
    }

    /// After so long without a word another route is asked, too.
    pub fn patience(&self) -> Duration {
        self.p90().map_or(FIRST_PATIENCE, |p90| p90.clamp(MIN_PATIENCE, MAX_PATIENCE))
    }
}
