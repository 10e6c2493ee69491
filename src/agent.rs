//! Hand-off of a task to an external agent, when asked: it works in a snapshot of the user's tree, is watched, capped
//! and stopped, and what it made is reviewed before any of it reaches a file of the user's.
//!
//! Nothing here runs before [`Desk::start`]. From then on a thread of its own attends to all hand-offs of this process:
//! `session` is the life of one, over `wire` (lines), `acp` (what they mean in the Agent Client Protocol) and `process`
//! (the agent and all its children). `permissions` decides what it may do, `meter` counts what it costs where its
//! provider is asked, `store` keeps each hand-off in a folder so that other windows and the command line see the same,
//! `catalogue` knows the agents. `worktree`, `review`, `merge` and `plan` know nothing of agents. Read `session.rs` first.
//! Must not know the server.

mod acp;
pub mod catalogue;
mod desk;
pub mod hunks;
mod journal;
pub mod merge;
mod meter;
mod permissions;
pub mod plan;
mod process;
pub mod review;
mod session;
mod store;
mod task;
mod usage;
mod wire;
pub mod worktree;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use catalogue::Agent;
pub use desk::{Desk, News, Terms};
pub use permissions::{Decision, Kind, Policy, Question};
pub use process::MARK;
pub use store::{FOLDER_VARIABLE, Store};
pub use task::{Part, Skill, Task};
pub use usage::{Budget, Source, Usage};
use worktree::Snapshot;

/// Milliseconds since 1970, UTC.
pub type UnixMs = i64;

/// What the settings say.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// That the user has chosen, in their order; only these are ever started.
    pub agents: Vec<Agent>,
    /// Kinds of what an agent does that pass without a question, and those that never do.
    pub allow: Vec<String>,
    pub deny: Vec<String>,
    /// A question that is not answered by then is a no, seconds.
    pub ask_s: usize,
    /// Shown as stalled when nothing was heard of it for so long, seconds.
    pub stalled_after_s: usize,
    /// US dollars that all agents together may cost in a day (UTC).
    pub per_day_usd: Option<f64>,
}

/// Where a hand-off stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Starting,
    Working,
    /// For the user's answer to a question.
    Waiting,
    /// Nothing was heard of it for a while, or its provider is down.
    Stalled,
    /// Its work waits to be looked at.
    Review,
    Applied,
    Discarded,
    Failed,
    Cancelled,
    /// Its provider asks for a login, or refuses the key.
    AuthRequired,
    OverBudget,
}

/// What somebody can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Its provider does not serve it, or that seems so: another agent may.
    Provider,
    /// Its server ended before it did, and nobody has told the user.
    Orphaned,
}

/// One hand-off, as everybody may see it: one JSON file in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandOff {
    /// Such as `qwen-3fa81c`.
    pub id: String,
    pub title: String,
    pub agent: String,
    pub skill: Option<String>,
    pub state: State,
    /// Why it stands there, or what to do now; a sentence, empty where the state says all.
    pub reason: String,
    #[serde(default)]
    pub trouble: Option<Trouble>,
    pub workspace: PathBuf,
    /// The copy of the workspace in which the agent works.
    pub snapshot: Option<Snapshot>,
    pub is_visible: bool,
    pub started: UnixMs,
    /// When it was last heard of.
    pub heard: UnixMs,
    pub ended: Option<UnixMs>,
    /// What it does now, such as `edit src/lib.rs`.
    pub tool: String,
    /// What the user is asked.
    pub question: Option<Question>,
    /// Files that it says it has changed; when it has ended, those that it has.
    pub files: Vec<PathBuf>,
    /// Tokens of its context that are used, and there are; as it says.
    pub context: Option<(u64, u64)>,
    pub usage: Usage,
    pub budget: Budget,
    /// Every decision about what it wanted to do.
    pub decisions: Vec<Decision>,
    /// The tree of what it has made, frozen in the snapshot's store.
    pub made: Option<String>,
    /// The agent's last words.
    pub answer: String,
    /// In the environment of the agent and all its children: by it they are found.
    pub mark: String,
}

impl HandOff {
    /// In one line, such as `edit src/lib.rs · 3 files · 12k/200k · $0.02`.
    pub fn line(&self) -> String {
        let doing = match (&self.question, self.state) {
            (Some(question), _) => format!("asks: {}", question.text),
            (None, State::Stalled) => format!("stalled: {}", self.reason),
            (None, State::Working) if self.tool.is_empty() => "thinking".to_string(),
            (None, State::Working) => self.tool.clone(),
            (None, state) => state.name().replace('_', " "),
        };
        let files = Some(self.n_files()).filter(|_| !self.files.is_empty());
        let context = self.context.filter(|(_, size)| *size > 0);
        let context = context.map(|(used, size)| format!("{}/{}", usage::short(used), usage::short(size)));
        let cost = Some(self.usage.cost()).filter(|cost| !cost.is_empty());
        [Some(doing), files, context, cost].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// There is something to review.
    pub fn has_made(&self) -> bool {
        self.state.is_reviewable() && !self.files.is_empty()
    }

    /// In words, such as `3 files`.
    pub fn n_files(&self) -> String {
        match self.files.len() {
            1 => "1 file".to_string(),
            n => format!("{n} files"),
        }
    }
}

impl State {
    /// An agent runs.
    pub fn is_running(self) -> bool {
        matches!(self, State::Starting | State::Working | State::Waiting | State::Stalled)
    }

    /// What it made, if anything, is still there to be looked at.
    pub fn is_reviewable(self) -> bool {
        matches!(self, State::Review | State::Failed | State::Cancelled | State::AuthRequired | State::OverBudget)
    }

    /// As in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::Working => "working",
            State::Waiting => "waiting",
            State::Stalled => "stalled",
            State::Review => "review",
            State::Applied => "applied",
            State::Discarded => "discarded",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::AuthRequired => "auth_required",
            State::OverBudget => "over_budget",
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            agents: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            ask_s: 120,
            stalled_after_s: 10,
            per_day_usd: None,
        }
    }
}

fn unix_ms() -> UnixMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as UnixMs)
}
