//! When the imitated editors ask, and when they take a question back.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// Asks at every key at once, and cancels what it asked before at every edit
    Vscode,
    /// Asks 200 ms after the last edit, if that was a key; never cancels, and shows the last answer that it got
    Neovim,
    /// Asks at every key at once and cancels nothing; shows no answer older than the one shown
    Plain,
}

/// Neovim 0.12's timer for inline completion.
const NEOVIM_DEBOUNCE: Duration = Duration::from_millis(200);

/// What one client has asked, and is about to ask. Reads no clock.
pub struct Habits {
    client: Client,
    /// The moment that will be asked for, and when.
    due: Option<(Duration, usize)>,
    /// Requests without an answer.
    open: Vec<u64>,
}

impl Habits {
    pub fn new(client: Client) -> Habits {
        Habits { client, due: None, open: Vec::new() }
    }

    /// Moment `i` is played at `now`; returns the requests that this cancels.
    pub fn played(&mut self, i: usize, is_key: bool, now: Duration) -> Vec<u64> {
        let delay = if self.client == Client::Neovim { NEOVIM_DEBOUNCE } else { Duration::ZERO };
        self.due = is_key.then_some((now + delay, i));
        if self.client == Client::Vscode { std::mem::take(&mut self.open) } else { Vec::new() }
    }

    /// The server says that it has more for moment `i`: it is asked again, unless it is asked anyway.
    pub fn told(&mut self, i: usize, now: Duration) {
        if !self.is_waiting() {
            self.due = Some((now, i));
        }
    }

    pub fn due(&self) -> Option<Duration> {
        self.due.map(|(at, _)| at)
    }

    /// The moment to ask for, once it is time.
    pub fn take_due(&mut self, now: Duration) -> Option<usize> {
        self.due.take_if(|(at, _)| *at <= now).map(|(_, moment)| moment)
    }

    pub fn asked(&mut self, id: u64) {
        self.open.push(id);
    }

    pub fn answered(&mut self, id: u64) {
        self.open.retain(|open| *open != id);
    }

    /// Whether an answer is still to come, or a question still to be asked.
    pub fn is_waiting(&self) -> bool {
        self.due.is_some() || !self.open.is_empty()
    }
}
