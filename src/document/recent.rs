//! The last changes, so that one that comes behind its successor still finds its place. Helix 25.01 sends each change from
//! a task of its own: of two keys typed fast the second may be here first.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Change, Snapshot};

/// A change that comes later than this behind its successor is no mistake in the order.
const WITHIN: Duration = Duration::from_secs(1);

/// Bounds on what is kept.
const MAX_CHANGES: usize = 16;
const MAX_BYTES: usize = 4 << 10;

/// Oldest first.
#[derive(Default)]
pub struct Recent(VecDeque<Applied>);

/// One notification.
pub struct Applied {
    pub version: i32,
    /// The document without it.
    pub before: Snapshot,
    pub changes: Vec<Change>,
    pub at: Duration,
}

impl Recent {
    /// What is large was not typed fast.
    pub fn keeps(changes: &[Change]) -> bool {
        changes.iter().map(Change::n_bytes).sum::<usize>() <= MAX_BYTES
    }

    /// `None` for one that is not kept: then there is no way back behind it.
    pub fn add(&mut self, applied: Option<Applied>) {
        let Some(applied) = applied else { return self.0.clear() };
        let is_old = |earlier: &Applied| applied.at.saturating_sub(earlier.at) > WITHIN;
        while self.0.front().is_some_and(is_old) || self.0.len() == MAX_CHANGES {
            self.0.pop_front();
        }
        self.0.push_back(applied);
    }

    /// Takes out all that belongs behind a change of this `version`, which has not been here yet.
    pub fn take_later(&mut self, version: i32, at: Duration) -> Option<Vec<Applied>> {
        let first = self.0.iter().position(|applied| applied.version >= version)?;
        let Applied { version: next, before, at: then, .. } = &self.0[first];
        let is_missing = *next > version && before.version < version && at.saturating_sub(*then) <= WITHIN;
        is_missing.then(|| self.0.drain(first..).collect())
    }
}
