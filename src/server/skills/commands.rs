//! `foretype.skill.*`: the same in every editor. Each takes one object, or, those about one skill or proposal, its name
//! alone. A run answers at once; what comes of it is shown, and kept until it is applied or forgotten.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};

use super::{Found, find, light};
use crate::agent::merge::Wanted as Hunks;
use crate::agent::plan::{Chosen, conflicts_markdown};
use crate::server::apply::{Outcome, Wanted, apply};
use crate::server::state::State;
use crate::server::{client, convert, handlers};
use crate::skills::trust::Contents;
use crate::skills::{Origin, Skill};

/// Answers the skills and the team. Argument: `uri` of a file, whose project is meant.
pub const LIST: &str = "foretype.skill.list";
/// Runs one. Arguments: `name` (else the user is asked), `uri`, `range`; `agent`, the name of one, or `member` of the team,
/// to hand it over instead; `instruction`, what else is wanted.
pub const RUN: &str = "foretype.skill.run";
/// Trusts the project's skills and team as they are, or, with `revoke`, no more. Answers their files.
pub const TRUST: &str = "foretype.skill.trust";
/// Answers what a light run proposes. Argument: its `id`, else the newest.
pub const SHOW: &str = "foretype.skill.show";
/// Applies it; `hunks`, by their numbers from 1, some of it.
pub const APPLY: &str = "foretype.skill.apply";
pub const DISCARD: &str = "foretype.skill.discard";

pub const COMMANDS: [&str; 6] = [LIST, RUN, TRUST, SHOW, APPLY, DISCARD];

/// More do not fit into a question.
const MAX_PICKED: usize = 12;

const TRUSTED: &str = "Trust them";
const NOT_TRUSTED: &str = "No";

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Argument {
    pub name: Option<String>,
    pub uri: Option<lsp::Uri>,
    pub range: Option<lsp::Range>,
    pub agent: Option<String>,
    pub member: Option<String>,
    pub instruction: Option<String>,
    pub diagnostics: Vec<lsp::Diagnostic>,
    pub id: Option<String>,
    pub hunks: Option<Vec<usize>>,
    pub revoke: bool,
}

type Answer = std::result::Result<Value, String>;

pub async fn handle(state: &State, command: &str, argument: Option<Value>) -> Result<Value> {
    let refused = |message: String| Error { code: ErrorCode::InvalidParams, message: message.into(), data: None };
    let argument = match argument.unwrap_or_default() {
        Value::Null => Argument::default(),
        Value::String(name) => Argument { name: Some(name.clone()), id: Some(name), ..Argument::default() },
        argument => serde_json::from_value(argument).map_err(|error| refused(format!("`{command}`: {error}")))?,
    };
    let answer = match command {
        LIST => list(state, &argument).await,
        RUN => run(state, argument).await,
        TRUST => trust(state, &argument).await,
        SHOW => state.skills.proposal(argument.id.as_deref()).map(|proposal| proposal.answer()),
        APPLY => apply_proposal(state, &argument).await,
        DISCARD => state.skills.proposal(argument.id.as_deref()).map(|proposal| {
            state.skills.forget(&proposal.id);
            Value::Null
        }),
        unknown => Err(format!("no command `{unknown}`; there are {}", COMMANDS.join(", "))),
    };
    answer.map_err(refused)
}

fn path(argument: &Argument) -> Option<PathBuf> {
    argument.uri.as_ref().and_then(convert::path).map(|path| path.to_path_buf())
}

async fn list(state: &State, argument: &Argument) -> Answer {
    let found = find(state, path(argument).as_deref()).await?;
    let usable: Vec<&str> = found.usable().map(|skill| skill.name.as_str()).collect();
    let row = |skill: &Skill| {
        let mut row = json!(skill);
        row["file"] = json!(skill.file());
        row["usable"] = usable.contains(&skill.name.as_str()).into();
        row
    };
    Ok(json!({
        "skills": found.skills.skills.iter().map(row).collect::<Vec<_>>(),
        "team": found.team.members,
        "project": found.standing,
        "notes": found.skills.notes,
    }))
}

async fn run(state: &State, argument: Argument) -> Answer {
    let found = find(state, path(&argument).as_deref()).await?;
    if argument.name.is_none() && argument.member.is_none() {
        let names: Vec<String> = found.usable().map(|skill| skill.name.clone()).take(MAX_PICKED).collect();
        if names.is_empty() {
            return Err("there is no skill to run; `foretype.skill.list` says what was found, and what not".to_string());
        }
        if !state.abilities().message_actions {
            return Err(format!("name a skill; there are {}", names.join(", ")));
        }
        // The answer may take any time.
        let state = state.clone();
        tokio::spawn(async move {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let question = "foretype: which skill?".to_string();
            let Some(name) = client::ask(&state.client, question, &names).await else { return };
            if let Err(problem) = start(&state, &found, Argument { name: Some(name), ..argument }).await {
                client::show_warning(&state.client, format!("foretype: {problem}")).await;
            }
        });
        return Ok(Value::Null);
    }
    start(state, &found, argument).await
}

async fn start(state: &State, found: &Found, argument: Argument) -> Answer {
    if let Some(member) = &argument.member {
        if !found.is_trusted() {
            return Err(found.untrusted());
        }
        let member = found.team.get(member).ok_or_else(|| format!("the team has no member `{member}`"))?;
        let words = [member.instruction.as_str(), argument.instruction.as_deref().unwrap_or_default()];
        let instruction = words.join("\n\n").trim().to_string();
        let skill = member.skill.as_deref().map(|name| found.usable_one(name)).transpose()?;
        let agent = argument.agent.clone().or(member.agent.clone());
        return hand_over(
            state,
            skill,
            agent,
            member.budget_usd,
            Argument { instruction: Some(instruction), ..argument },
        )
        .await;
    }
    let skill = found.usable_one(argument.name.as_deref().unwrap_or_default())?;
    match argument.agent.clone() {
        Some(agent) => hand_over(state, Some(skill), Some(agent), None, argument).await,
        None => light::start(state, skill.clone(), argument).await,
    }
}

/// To an agent: the rest is its own command's.
async fn hand_over(
    state: &State,
    skill: Option<&Skill>,
    agent: Option<String>,
    budget_usd: Option<f64>,
    argument: Argument,
) -> Answer {
    let skill = match skill {
        Some(skill) => Some(json!({"name": skill.name, "body": skill.body()?, "folder": skill.folder})),
        None => None,
    };
    let Argument { instruction, uri, range, diagnostics, .. } = argument;
    let mut start = json!({"diagnostics": diagnostics});
    let given = [
        ("agent", json!(agent)),
        ("instruction", json!(instruction)),
        ("skill", json!(skill)),
        ("uri", json!(uri)),
        ("range", json!(range)),
        ("budget_usd", json!(budget_usd)),
    ];
    for (key, value) in given.into_iter().filter(|(_, value)| !value.is_null()) {
        start[key] = value;
    }
    let params = lsp::ExecuteCommandParams {
        command: "foretype.agent.start".to_string(),
        arguments: Some(vec![start]),
        ..lsp::ExecuteCommandParams::default()
    };
    command(state, params).await.map_err(|error| error.message.to_string())
}

/// Another command of ours; those call this one's.
fn command(
    state: &State,
    params: lsp::ExecuteCommandParams,
) -> Pin<Box<dyn Future<Output = Result<Value>> + Send + '_>> {
    Box::pin(handlers::execute_command::handle(state, params))
}

/// The user sees what there is before it is trusted, wherever the client can ask.
async fn trust(state: &State, argument: &Argument) -> Answer {
    let trust =
        state.skills.trust.clone().ok_or("there is no place to keep what you trust; set XDG_STATE_HOME or HOME")?;
    let workspace = state.folder_of(path(argument).as_deref()).ok_or("open a folder first")?;
    if argument.revoke {
        return Ok(json!({"revoked": trust.revoke(&workspace)?}));
    }
    let found = find(state, path(argument).as_deref()).await?;
    let contents = {
        let workspace = workspace.clone();
        let read = tokio::task::spawn_blocking(move || Contents::of(&workspace));
        read.await.map_err(|_| "the server failed; see its log".to_string())??
    };
    if contents.files.is_empty() {
        return Err(format!("there are no skills and no team in {}", workspace.display()));
    }
    let answer = json!({"folder": workspace, "files": contents.files});
    if !state.abilities().message_actions {
        trust.grant(&workspace, &contents)?;
        return Ok(answer);
    }
    let names: Vec<&str> = (found.skills.skills.iter())
        .filter(|skill| skill.origin == Origin::Project)
        .map(|skill| skill.name.as_str())
        .collect();
    let question = format!(
        "foretype: trust the skills of {} ({}; {} files)? Models and agents that you start will be told what they say.",
        workspace.display(),
        names.join(", "),
        contents.files.len()
    );
    let state = state.clone();
    tokio::spawn(async move {
        let said = client::ask(&state.client, question, &[TRUSTED, NOT_TRUSTED]).await;
        if said.as_deref() == Some(TRUSTED)
            && let Err(problem) = trust.grant(&workspace, &contents)
        {
            client::show_warning(&state.client, format!("foretype: {problem}")).await;
        }
    });
    Ok(answer)
}

async fn apply_proposal(state: &State, argument: &Argument) -> Answer {
    let proposal = state.skills.proposal(argument.id.as_deref())?;
    let chosen = match &argument.hunks {
        None => Chosen::All,
        Some(numbers) => {
            let hunks = numbers.iter().filter_map(|number| number.checked_sub(1)).collect();
            Chosen::Files(BTreeMap::from([(proposal.path.clone(), Hunks::Some(hunks))]))
        }
    };
    bring_in(state, &proposal, chosen).await
}

pub(super) async fn bring_in(state: &State, proposal: &Arc<light::Proposal>, chosen: Chosen) -> Answer {
    let is_all = chosen == Chosen::All;
    let label = format!("foretype: {}", proposal.skill);
    let wanted = Wanted { root: proposal.root.clone(), review: proposal.review.clone(), chosen, label };
    match apply(state, wanted).await {
        Outcome::Applied(files) => {
            if is_all {
                state.skills.forget(&proposal.id);
            }
            Ok(json!({"applied": files}))
        }
        Outcome::Conflicts(conflicts) => {
            let said: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
            Ok(json!({"applied": [], "conflicts": said, "markdown": conflicts_markdown(&conflicts)}))
        }
        Outcome::Failed(problem) => Err(problem),
    }
}
