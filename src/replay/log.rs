//! What happened in a replay: when each moment was played, and what was answered.

use std::time::Duration;

use serde_json::{Map, Value};

/// Times count from the start of the replay.
#[derive(Default)]
pub struct Log {
    /// When each moment was written, in their order; shorter than the script when the replay was ended early.
    pub played: Vec<Duration>,
    /// In the order of their arrival.
    pub answers: Vec<Answer>,
    /// The most that a moment was played after its time.
    pub max_late: Duration,
    pub usage: Option<Usage>,
    /// What the server says of itself at the end.
    pub session: Map<String, Value>,
}

/// What came for a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The moment that it was asked at.
    pub moment: usize,
    pub at: Duration,
    /// Asked once more, as the server has said that there is more to show: no answer to the key.
    pub is_again: bool,
    pub given: Given,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Item(Item),
    Nothing,
    /// An error, which is also what a cancelled request comes to.
    Failed,
    /// An item that does not fit the text that it was asked for: why.
    Misfit(String),
}

/// The first item of an answer; bytes of the text that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub start: usize,
    pub end: usize,
    pub text: String,
    /// Who made it: the second argument of its command, where that is a string.
    pub source: String,
}

/// What the server's process took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// From the first moment to the last.
    pub typing_cpu_s: f64,
    /// In [`REST`], after a pause as long after the last moment; absent where that was not watched.
    pub resting_cpu_s: Option<f64>,
    pub peak_bytes: u64,
}

/// How long a server may come to rest after the last key, and how long its rest is watched.
pub const REST: Duration = Duration::from_secs(5);
