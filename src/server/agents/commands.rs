//! `foretype.agent.*`: the same in every editor. Each takes one object, or, for those about one hand-off, its id alone;
//! without an id it is the newest of this window for which the command makes sense. None waits for an agent.

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;

use super::{Refused, apply, blocking, brief, chosen, next_agent, refused, shows, terms};
use crate::agent::{Desk, HandOff};
use crate::server::state::State;

/// Hands over. Arguments: `agent`, `instruction`, `skill` (name, body, folder), `uri`, `range`, `diagnostics`, `budget_usd`;
/// answers the row of the new hand-off.
pub const START: &str = "foretype.agent.start";
/// Answers all rows, newest first. Argument: `all`, with the hidden ones.
pub const LIST: &str = "foretype.agent.list";
/// Opens the log.
pub const LOG: &str = "foretype.agent.log";
/// Answers a question. Arguments: `id`, `question` (its number), `allow`.
pub const PERMIT: &str = "foretype.agent.permit";
/// Ends the agent; what it has made stays.
pub const CANCEL: &str = "foretype.agent.cancel";
/// Hands the same task to the next agent of the list, or to `agent`, from the same snapshot.
pub const PASS: &str = "foretype.agent.pass";
/// Opens what it has made, as a document; answers a row for each file.
pub const REVIEW: &str = "foretype.agent.review";
/// Merges it onto what the user has now. Arguments: `id`; `files`, or `hunks` by file, for a part of it.
pub const APPLY: &str = "foretype.agent.apply";
/// Forgets what it has made.
pub const DISCARD: &str = "foretype.agent.discard";
/// Takes it out of the list; `hide: false` puts it back.
pub const HIDE: &str = "foretype.agent.hide";

pub const COMMANDS: [&str; 10] = [START, LIST, LOG, PERMIT, CANCEL, PASS, REVIEW, APPLY, DISCARD, HIDE];

/// About one hand-off.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct About {
    id: Option<String>,
    question: Option<u64>,
    allow: bool,
    hide: Option<bool>,
    agent: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Which {
    all: bool,
}

pub async fn handle(state: &State, command: &str, argument: Option<Value>) -> Result<Value> {
    run(state, command, argument.unwrap_or_default()).await.map_err(refused)
}

async fn run(state: &State, command: &str, argument: Value) -> std::result::Result<Value, Refused> {
    let desk = state.agents.desk(state)?.clone();
    match command {
        START => {
            let wanted: brief::Wanted = read(START, argument)?;
            let mut agent = chosen(state, wanted.agent.as_deref())?;
            agent.budget.tighten(wanted.budget_usd);
            let task = brief::task(state, wanted).await?;
            let terms = terms(state, agent)?;
            let begun = blocking(move || desk.start(brief::with_unsaved(task), terms)).await?;
            Ok(row(&begun))
        }
        LIST => {
            let which: Which = read(LIST, argument)?;
            let all = blocking(move || Ok(desk.list())).await?;
            Ok(all.iter().filter(|hand_off| which.all || hand_off.is_visible).map(row).collect())
        }
        LOG => {
            let id = one(state, &desk, about(LOG, argument)?.id, |_| true).await?;
            let uri = lsp::Uri::from_file_path(desk.store().log(&id)).map_err(|()| "the log has no address")?;
            let answer = json!({"id": id, "uri": uri});
            open(state, uri).await;
            Ok(answer)
        }
        PERMIT => {
            let About { id, question, allow, .. } = about(PERMIT, argument)?;
            let id = one(state, &desk, id, |hand_off| hand_off.question.is_some()).await?;
            blocking(move || {
                let asked = desk.read(&id)?.question;
                let number = asked.map(|asked| asked.number);
                let number = question.or(number).ok_or_else(|| anyhow::anyhow!("`{id}` asks nothing"))?;
                desk.permit(&id, number, allow)
            })
            .await?;
            Ok(Value::Null)
        }
        CANCEL => {
            let id = one(state, &desk, about(CANCEL, argument)?.id, |hand_off| hand_off.state.is_running()).await?;
            blocking(move || desk.cancel(&id)).await?;
            Ok(Value::Null)
        }
        PASS => {
            let About { id, agent, .. } = about(PASS, argument)?;
            let id = one(state, &desk, id, |hand_off| hand_off.state.is_running()).await?;
            pass_on(state, &id, agent).await
        }
        REVIEW => {
            let id = one(state, &desk, about(REVIEW, argument)?.id, HandOff::has_made).await?;
            apply::review(state, &desk, id).await
        }
        APPLY => {
            let wish: apply::Wish = match argument {
                Value::String(id) => apply::Wish { id: Some(id), ..apply::Wish::default() },
                argument => read(APPLY, argument)?,
            };
            let id = one(state, &desk, wish.id.clone(), HandOff::has_made).await?;
            apply::apply(state, &desk, id, wish).await
        }
        DISCARD => {
            let id = one(state, &desk, about(DISCARD, argument)?.id, |hand_off| hand_off.state.is_reviewable()).await?;
            Ok(row(&blocking(move || desk.discard(&id)).await?))
        }
        HIDE => {
            let About { id, hide, .. } = about(HIDE, argument)?;
            let id = one(state, &desk, id, |hand_off| !hand_off.state.is_running()).await?;
            blocking(move || desk.hide(&id, hide.unwrap_or(true))).await?;
            Ok(Value::Null)
        }
        unknown => Err(format!("no command `{unknown}`; there are {}", COMMANDS.join(", "))),
    }
}

/// The same task for another agent.
pub async fn pass_on(state: &State, id: &str, agent: Option<String>) -> std::result::Result<Value, Refused> {
    let desk = state.agents.desk(state)?.clone();
    let first = desk.read(id).map_err(|error| format!("{error:#}"))?.agent;
    let none = || format!("there is no agent after `{first}` in `agents.use`; name one as `agent`");
    let name = agent.or_else(|| next_agent(state, &first)).ok_or_else(none)?;
    let terms = terms(state, chosen(state, Some(&name))?)?;
    let id = id.to_string();
    Ok(row(&blocking(move || desk.pass_on(&id, terms)).await?))
}

/// Shows a document of ours, where the client can.
pub async fn open(state: &State, uri: lsp::Uri) {
    let params = lsp::ShowDocumentParams { uri, external: None, take_focus: Some(true), selection: None };
    let shown = state.client.show_document(params);
    // Who cannot has the address from the answer.
    let _ = tokio::time::timeout(crate::server::client::PATIENCE, shown).await;
}

fn read<T: Default + serde::de::DeserializeOwned>(command: &str, argument: Value) -> std::result::Result<T, Refused> {
    if argument.is_null() {
        return Ok(T::default());
    }
    serde_json::from_value(argument).map_err(|error| format!("`{command}`: {error}"))
}

fn about(command: &str, argument: Value) -> std::result::Result<About, Refused> {
    match argument {
        Value::String(id) => Ok(About { id: Some(id), ..About::default() }),
        argument => read(command, argument),
    }
}

/// The hand-off that is meant: the named one, or the newest of this window's projects that fits.
async fn one(
    state: &State,
    desk: &Desk,
    id: Option<String>,
    fits: impl Fn(&HandOff) -> bool + Send + 'static,
) -> std::result::Result<String, Refused> {
    let (state, desk) = (state.clone(), desk.clone());
    blocking(move || match id {
        Some(id) => Ok(desk.read(&id)?.id),
        None => {
            let found = desk.list().into_iter().find(|hand_off| shows(&state, &hand_off.workspace) && fits(hand_off));
            let found = found.ok_or_else(|| anyhow::anyhow!("there is no hand-off here for which this makes sense"))?;
            Ok(found.id)
        }
    })
    .await
}

/// What `list` shows of one.
pub fn row(hand_off: &HandOff) -> Value {
    let usage = &hand_off.usage;
    let cost = usage
        .cost_micro_usd
        .map(|cost| json!({"amount": crate::ledger::money::to_usd(cost), "currency": "USD", "source": usage.source}));
    json!({
        "id": hand_off.id,
        "title": hand_off.title,
        "agent": hand_off.agent,
        "skill": hand_off.skill,
        "state": hand_off.state,
        "reason": hand_off.reason,
        "line": hand_off.line(),
        "visible": hand_off.is_visible,
        "started": hand_off.started,
        "heard": hand_off.heard,
        "ended": hand_off.ended,
        "tool": hand_off.tool,
        "question": hand_off.question,
        "files": hand_off.files,
        "context": hand_off.context.map(|(used, size)| json!({"used": used, "size": size})),
        "tokens": {"input": usage.input_tokens, "output": usage.output_tokens, "source": usage.source},
        "requests": usage.requests,
        "cost": cost,
        "budget": hand_off.budget,
        "workspace": hand_off.workspace,
        "worktree": hand_off.snapshot.as_ref().map(|snapshot| &snapshot.folder),
    })
}
