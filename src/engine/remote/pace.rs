//! How long a question waits before it is sent: whoever types fast would have it thrown away with the next key, and it
//! costs. Pure: times are passed in.

use std::time::{Duration, Instant};

/// What is thought of somebody who has not typed yet.
const USUAL_INTERVAL: Duration = Duration::from_millis(180);

/// Shorter intervals are no typing, longer ones are pauses.
const INTERVALS: std::ops::RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_millis(800);

/// What each new interval and latency weighs in its mean.
const WEIGHT: f64 = 0.2;

/// Of the interval between keys that is waited for, and of the latency that is taken off it: a slow provider is better
/// asked early, as Tabby does.
const OF_INTERVAL: f64 = 0.75;
const OF_LATENCY: f64 = 0.25;

const MOST: Duration = Duration::from_millis(200);

#[derive(Clone, Debug)]
pub struct Pace {
    /// What the editor has waited for already.
    client_waits: Duration,
    last: Option<Instant>,
    interval: f64,
    latency: f64,
}

impl Pace {
    pub fn new(client_waits: Duration) -> Pace {
        Pace { client_waits, last: None, interval: USUAL_INTERVAL.as_secs_f64(), latency: 0.0 }
    }

    /// A question has come: how long it is to wait for the next one to take its place.
    pub fn delay(&mut self, now: Instant) -> Duration {
        let since = self.last.replace(now).map(|last| now.saturating_duration_since(last));
        if let Some(since) = since.filter(|since| INTERVALS.contains(since)) {
            self.interval += WEIGHT * (since.as_secs_f64() - self.interval);
        }
        let wait = OF_INTERVAL * self.interval - OF_LATENCY * self.latency;
        Duration::from_secs_f64(wait.max(0.0)).min(MOST).saturating_sub(self.client_waits)
    }

    /// An answer's first words took so long.
    pub fn answered(&mut self, latency: Duration) {
        self.latency += WEIGHT * (latency.as_secs_f64() - self.latency);
    }
}
