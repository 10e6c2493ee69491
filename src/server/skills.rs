//! Skills as the client sees them: commands, actions on a selection, names in comments, flaws of a `SKILL.md`.
//!
//! Nothing is looked for before somebody asks. A project's skills run only when the user trusts what they contain. Run
//! `light`, a skill is an instruction to our own model about the selection, and its result an edit that waits to be
//! applied; handed to an agent, it is a part of the task (`foretype.agent.start`). Read `commands.rs` for what there is.

pub mod actions;
pub mod commands;
pub mod flaws;
mod light;
pub mod names;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::state::State;
use crate::skills::team::Team;
use crate::skills::trust::{Standing, Trust};
use crate::skills::{Origin, Skill, Skills, project_root};
use light::Proposal;

/// A session's skills.
pub struct Desk {
    /// Where the user's own skills lie.
    home: Option<PathBuf>,
    /// What is trusted; without it no project is.
    trust: Option<Trust>,
    /// What waits to be applied or forgotten; the newest last.
    proposals: Mutex<Proposals>,
}

#[derive(Default)]
struct Proposals {
    n_made: u64,
    kept: VecDeque<Arc<Proposal>>,
}

/// What there is for a file of the user's.
struct Found {
    skills: Skills,
    team: Team,
    /// Of the project; that of one without anything is `Empty`.
    standing: Standing,
}

/// Older proposals are forgotten.
const MAX_PROPOSALS: usize = 8;

impl Desk {
    pub fn new(home: Option<PathBuf>, trust: Option<PathBuf>) -> Desk {
        Desk { home, trust: trust.map(Trust::at), proposals: Mutex::default() }
    }

    /// Reads the disk. What the user has not trusted is listed, and not run.
    fn find(&self, workspace: Option<&Path>) -> Found {
        let mut skills = Skills::find(workspace, self.home.as_deref());
        let standing = workspace.map_or(Ok(Standing::Empty), |workspace| match &self.trust {
            Some(trust) => trust.standing(workspace),
            None => Ok(Standing::Unknown),
        });
        let standing = standing.unwrap_or_else(|problem| {
            skills.notes.push(problem);
            Standing::Unknown
        });
        let team = workspace.map_or(Ok(None), |workspace| Team::load(&project_root(workspace)));
        let team = team.unwrap_or_else(|problem| {
            skills.notes.push(problem);
            None
        });
        Found { skills, team: team.unwrap_or_default(), standing }
    }

    fn keep(&self, make: impl FnOnce(String) -> Proposal) -> Arc<Proposal> {
        let mut proposals = self.proposals.lock();
        proposals.n_made += 1;
        let proposal = Arc::new(make(format!("skill-{}", proposals.n_made)));
        proposals.kept.push_back(proposal.clone());
        while proposals.kept.len() > MAX_PROPOSALS {
            proposals.kept.pop_front();
        }
        proposal
    }

    /// The named one, else the newest. `Err` is a sentence for the user.
    fn proposal(&self, id: Option<&str>) -> Result<Arc<Proposal>, String> {
        let proposals = self.proposals.lock();
        match id {
            Some(id) => {
                let found = proposals.kept.iter().find(|proposal| proposal.id == id).cloned();
                found.ok_or_else(|| format!("there is no proposal `{id}` any more"))
            }
            None => proposals.kept.back().cloned().ok_or_else(|| "no skill has proposed anything".to_string()),
        }
    }

    fn forget(&self, id: &str) {
        self.proposals.lock().kept.retain(|proposal| proposal.id != id);
    }
}

impl Found {
    fn is_trusted(&self) -> bool {
        self.standing == Standing::Trusted
    }

    /// Those that may run now.
    fn usable(&self) -> impl Iterator<Item = &Skill> {
        self.skills.skills.iter().filter(|skill| skill.origin == Origin::User || self.is_trusted())
    }

    /// `Err` is a sentence for the user.
    fn usable_one(&self, name: &str) -> Result<&Skill, String> {
        let skill = self.skills.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.usable().map(|skill| skill.name.as_str()).collect();
            let there =
                if names.is_empty() { "there are none".to_string() } else { format!("there are {}", names.join(", ")) };
            format!("no skill `{name}`; {there}")
        })?;
        if skill.origin == Origin::Project && !self.is_trusted() {
            return Err(self.untrusted());
        }
        Ok(skill)
    }

    fn untrusted(&self) -> String {
        let what = if self.standing == Standing::Changed {
            "have changed since you trusted them"
        } else {
            "are not trusted yet"
        };
        format!("the skills of this project {what}; look at them, then run `foretype.skill.trust`")
    }
}

/// As [`Desk::find`], on a thread that may wait.
async fn find(state: &State, path: Option<&Path>) -> Result<Found, String> {
    let (workspace, state) = (state.folder_of(path), state.clone());
    let work = move || state.skills.find(workspace.as_deref());
    tokio::task::spawn_blocking(work).await.map_err(|_| "the server failed; see its log".to_string())
}
