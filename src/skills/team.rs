//! A team's set-up, committed with the project: `.foretype/team.toml` names who does what. It names agents that the user
//! has, and skills; never a program, a key or an address. Nothing of it counts before the user trusts the project.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// From the root of the project.
pub const FOLDER: &str = ".foretype";
pub const FILE: &str = ".foretype/team.toml";

/// Who can be asked, in the team's order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    #[serde(default, rename = "member")]
    pub members: Vec<Member>,
}

/// One thing that is often handed over, under its name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub name: String,
    /// Shown beside the name.
    #[serde(default)]
    pub about: String,
    /// An agent of the user's, by name; the user's first where it is not given, or the user does not have it.
    pub agent: Option<String>,
    pub skill: Option<String>,
    /// What is asked for, before what the user adds.
    #[serde(default)]
    pub instruction: String,
    /// US dollars for one hand-off; the user's own budget holds all the same.
    pub budget_usd: Option<f64>,
}

impl Team {
    /// `None` where there is none. `Err` is a sentence for the user.
    pub fn load(root: &Path) -> Result<Option<Team>, String> {
        let file = root.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}", file.display())),
        };
        Team::parse(&text).map(Some).map_err(|problem| format!("{}: {problem}", file.display()))
    }

    fn parse(text: &str) -> Result<Team, String> {
        let team: Team = toml::from_str(text).map_err(|error| error.to_string().trim_end().replace('\n', " "))?;
        for (i, member) in team.members.iter().enumerate() {
            if member.name.trim().is_empty() {
                return Err(format!("member {} has no name", i + 1));
            }
            if team.members[..i].iter().any(|before| before.name == member.name) {
                return Err(format!("there are two members `{}`", member.name));
            }
            if member.budget_usd.is_some_and(|usd| !usd.is_finite() || usd < 0.0) {
                return Err(format!("the budget of `{}` is no amount of money", member.name));
            }
        }
        Ok(team)
    }

    pub fn get(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}
