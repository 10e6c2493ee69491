//! Who pays: what a request to a provider may cost, and what it has cost. `ledger` keeps it; engines only ask.

use std::time::Duration;

use super::{Cause, Failure};

/// Shared by all engines that cost something, and, through a file, by all servers of one user.
pub trait Purse: Send + Sync {
    /// Sets aside what the request can cost at most; [`Cause::Budget`] when that is more than is left. Takes
    /// milliseconds at most.
    fn reserve(&self, planned: &Planned) -> Result<Receipt, Failure>;

    /// What it was in the end, in place of what was set aside. Called once for each receipt, whatever happened.
    fn settle(&self, receipt: Receipt, used: Used);
}

/// A request that is about to be sent. Tokens by our own count where the provider has not counted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The endpoint's name in the settings.
    pub provider: String,
    pub model: String,
    /// The protocol's identifier.
    pub language: Option<&'static str>,
    pub n_prompt: u64,
    /// Most tokens of the answer.
    pub n_answer: u64,
}

/// Names a reservation.
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt(pub i64);

/// What a request took, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub n_prompt: u64,
    /// Of the prompt, read from the provider's cache: cheaper.
    pub n_cached: u64,
    pub n_said: u64,
    /// Whether the provider has said so, or we have counted.
    pub counted: Counted,
    pub ended: Ended,
    pub latency: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// As the provider's answer says.
    ByProvider,
    /// Estimated here: the answer was cut short, or says nothing of it.
    ByUs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// Superseded, or no longer needed.
    Cancelled,
    Failed(Cause),
}
