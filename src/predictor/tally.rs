//! What a session's requests came to, in counts.

use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub n_requests: u64,
    /// Answered with something to show, by where it came from.
    pub n_cache: u64,
    pub n_instant: u64,
    pub n_adopted: u64,
    pub n_model: u64,
    /// Answered with nothing.
    pub n_nothing: u64,
    /// Superseded before there was an answer.
    pub n_cancelled: u64,
    /// Questions to the models that somebody waited for.
    pub n_flights: u64,
    /// Of these, ended before they were done.
    pub n_flights_ended: u64,
    /// Questions to the models ahead of any request, those of them that were ended, and those that served one.
    pub n_ahead: u64,
    pub n_ahead_ended: u64,
    /// Tokens of all models.
    pub n_evaluated: u64,
    pub n_decoded: u64,
}
