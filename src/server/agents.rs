//! Hand-offs as the client sees them: commands, bars, questions, the log. What becomes of a hand-off is `agent`'s.
//!
//! Nothing is made before the first command: no desk, no thread, no file. Each hand-off then has a task of its own that
//! shows it (`show`); questions are put one at a time, whichever agent asks. Read `commands.rs` for what there is.

pub mod actions;
mod apply;
mod brief;
pub mod commands;
mod show;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tower_lsp::jsonrpc::{Error, ErrorCode};

use super::state::State;
use crate::agent::{Agent, Desk, HandOff, Store, Terms, Trouble};

pub use show::TOKEN;

/// A session's agents.
pub struct Agents {
    /// Where hand-offs are kept; without it there are none.
    folder: Option<PathBuf>,
    desk: OnceLock<Desk>,
}

/// What the user should read: a sentence.
type Refused = String;

impl Agents {
    pub fn new(folder: Option<PathBuf>) -> Agents {
        Agents { folder, desk: OnceLock::new() }
    }

    /// The desk, made when it is first needed.
    fn desk(&self, state: &State) -> Result<&Desk, Refused> {
        let folder = self.folder.clone().ok_or("hand-offs are switched off here; set FORETYPE_AGENTS to a folder")?;
        Ok(self.desk.get_or_init(|| {
            let shows = show::start(state);
            let counts = state.services().is_some_and(|services| {
                // A budget needs the file also where no other records are kept.
                services.settings.ledger.enabled || services.settings.agents.per_day_usd.is_some()
            });
            let ledger = state.recorder.place().filter(|_| counts);
            Desk::new(Store::at(folder), ledger, move |news| drop(shows.send(news)))
        }))
    }

    /// Visible ones of projects that this window shows, newest first. Reads a folder, if there is one.
    fn here(&self, state: &State) -> Vec<HandOff> {
        let Some(folder) = self.folder.as_ref().filter(|folder| folder.is_dir()) else { return Vec::new() };
        let mut all = Store::at(folder.clone()).recover();
        all.retain(|hand_off| hand_off.is_visible && shows(state, &hand_off.workspace));
        all
    }
}

/// Whether a project is this window's: what is not saved in another window's files is not known here.
fn shows(state: &State, project: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let project = real(project);
    let is_open = |path: &Path| real(path).starts_with(&project);
    state.folders().iter().any(|folder| is_open(folder) || project.starts_with(real(folder)))
        || state.documents.lock().snapshots().iter().filter_map(|document| document.path.as_deref()).any(is_open)
}

/// Tells the user of what an earlier session has left.
pub async fn offer_unfinished(state: &State) {
    let left = {
        let state = state.clone();
        move || {
            let waits = |left: &HandOff| {
                left.has_made() || left.trouble == Some(Trouble::Orphaned) && left.state.is_reviewable()
            };
            state.agents.here(&state).into_iter().filter(waits).collect::<Vec<_>>()
        }
    };
    let Ok(left) = tokio::task::spawn_blocking(left).await else { return };
    if let Some(first) = left.first() {
        show::tell_left(state, first, left.len() - 1).await;
    }
}

/// What a start needs beside the task.
fn terms(state: &State, agent: Agent) -> Result<Terms, Refused> {
    let services = state.services().ok_or("the settings are not read yet")?;
    let settings = &services.settings;
    Ok(Terms {
        agent,
        options: settings.agents.clone(),
        money: settings.money.clone(),
        privacy: services.privacy.clone(),
    })
}

/// The agent of this name, else the user's first.
fn chosen(state: &State, name: Option<&str>) -> Result<Agent, Refused> {
    let services = state.services().ok_or("the settings are not read yet")?;
    let agents = &services.settings.agents.agents;
    let names = || agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => {
            let found = agents.iter().find(|agent| agent.name == name).cloned();
            found.ok_or_else(|| format!("no agent `{name}` is in `agents.use`; there are: {}", names()))
        }
        None => agents.first().cloned().ok_or_else(|| {
            "no agent is chosen; name one in your settings, such as `agents.use = [\"claude\"]`".to_string()
        }),
    }
}

/// The one after this in the user's list.
fn next_agent(state: &State, name: &str) -> Option<String> {
    let services = state.services()?;
    let agents = &services.settings.agents.agents;
    let at = agents.iter().position(|agent| agent.name == name)?;
    Some(agents.get(at + 1)?.name.clone())
}

fn refused(message: Refused) -> Error {
    Error { code: ErrorCode::InvalidParams, message: message.into(), data: None }
}

/// Waits on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, Refused> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| "the server failed; see its log".to_string())?;
    done.map_err(|error| format!("{error:#}"))
}
