//! Whether a route is asked: a circuit breaker (Nygard, *Release It!*, 2007). Closed while it answers, open after a failure
//! that will come again, half open while a probe runs.
//!
//! Pure: time and chance are passed in. It never decides to probe by itself; it says when one is due.

use std::time::{Duration, Instant};

use crate::engine::{Cause, Failure};

/// A failure that may be chance opens the breaker when it comes so often in a row.
pub const STRIKES: u32 = 2;

/// Between probes: the first, and the longest by who must act.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY_PASSING: Duration = Duration::from_secs(5);
const MAX_DELAY_MENDED: Duration = Duration::from_secs(30);

/// A delay is shortened by up to this part, so that many editors do not knock at once.
const JITTER: f64 = 0.25;

/// A provider that names a later time is not believed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    state: State,
    /// Failures in a row.
    n_strikes: u32,
    /// Until the next probe. Only an answer to a real question sets it back: a provider may greet and not serve.
    delay: Duration,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Closed,
    Open { outage: Outage, next_probe: Instant },
    HalfOpen(Outage),
}

/// Why a route is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    pub cause: Cause,
    /// For the user.
    pub message: String,
    pub since: Instant,
    /// It was only slower than usual: a probe will tell.
    pub is_suspected: bool,
}

/// How a probe's failure, or a question's, is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// It would fail again.
    AtOnce,
    /// It may have been chance.
    Strike,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker { state: State::Closed, n_strikes: 0, delay: FIRST_DELAY }
    }
}

impl Breaker {
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Absent while closed.
    pub fn outage(&self) -> Option<&Outage> {
        match &self.state {
            State::Closed => None,
            State::Open { outage, .. } | State::HalfOpen(outage) => Some(outage),
        }
    }

    /// Absent while closed, and while a probe runs.
    pub fn next_probe(&self) -> Option<Instant> {
        match self.state {
            State::Open { next_probe, .. } => Some(next_probe),
            State::Closed | State::HalfOpen(_) => None,
        }
    }

    /// A question was answered, if only by silence: there is no better sign of life.
    pub fn answered(&mut self) {
        *self = Breaker::default();
    }

    /// A question failed. One that was begun before the breaker opened tells nothing new.
    /// `jitter` is from [0, 1).
    pub fn failed(&mut self, failure: &Failure, now: Instant, jitter: f64) {
        self.n_strikes += 1;
        if self.is_closed() && (weight(failure.cause) == Weight::AtOnce || self.n_strikes >= STRIKES) {
            self.open(failure, now, now, jitter);
        }
    }

    /// A question had no word of an answer for longer than usual, and nobody waits any more. When that comes again, a
    /// probe is due at once.
    pub fn overdue(&mut self, message: &str, now: Instant) {
        self.n_strikes += 1;
        if self.is_closed() && self.n_strikes >= STRIKES {
            let outage = Outage { cause: Cause::Stalled, message: message.into(), since: now, is_suspected: true };
            self.state = State::Open { outage, next_probe: now };
        }
    }

    /// Half open until [`Breaker::probed`]; without effect unless open.
    pub fn begin_probe(&mut self) {
        if let State::Open { outage, .. } = &self.state {
            self.state = State::HalfOpen(outage.clone());
        }
    }

    /// A probe's result. After a success the next question is a trial: its failure opens the breaker again.
    pub fn probed(&mut self, result: &Result<(), Failure>, now: Instant, jitter: f64) {
        let State::HalfOpen(outage) = &self.state else { return };
        match result {
            Ok(()) => {
                self.state = State::Closed;
                self.n_strikes = STRIKES - 1;
            }
            Err(failure) => {
                let since = outage.since;
                self.open(failure, since, now, jitter);
            }
        }
    }

    fn open(&mut self, failure: &Failure, since: Instant, now: Instant, jitter: f64) {
        let Failure { cause, message, retry_after } = failure;
        let longest = if must_be_mended(*cause) { MAX_DELAY_MENDED } else { MAX_DELAY_PASSING };
        let delay = self.delay.min(longest);
        self.delay = (2 * delay).min(MAX_DELAY_MENDED);
        let jittered = delay.mul_f64(1.0 - JITTER * jitter.clamp(0.0, 1.0));
        let wait = match retry_after.filter(|_| *cause == Cause::Limited) {
            Some(told) => told.min(MAX_RETRY_AFTER),
            None => jittered,
        };
        let outage = Outage { cause: *cause, message: message.clone(), since, is_suspected: false };
        self.state = State::Open { outage, next_probe: now + wait };
    }
}

/// Whether it lasts until somebody does something.
pub fn must_be_mended(cause: Cause) -> bool {
    match cause {
        Cause::Tls | Cause::Unauthorised | Cause::Quota | Cause::Budget | Cause::Gone | Cause::Refused => true,
        Cause::Here
        | Cause::Unreachable
        | Cause::Dns
        | Cause::Limited
        | Cause::Server
        | Cause::Stalled
        | Cause::Malformed
        | Cause::CutOff => false,
    }
}

fn weight(cause: Cause) -> Weight {
    match cause {
        Cause::Unreachable
        | Cause::Dns
        | Cause::Tls
        | Cause::Unauthorised
        | Cause::Quota
        | Cause::Budget
        | Cause::Gone
        | Cause::Limited => Weight::AtOnce,
        Cause::Here | Cause::Server | Cause::Stalled | Cause::Malformed | Cause::CutOff | Cause::Refused => {
            Weight::Strike
        }
    }
}
