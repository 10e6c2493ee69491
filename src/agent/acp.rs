//! Version 1 of the Agent Client Protocol, read into events and written from them; nothing else knows its words.
//!
//! The end of a turn is an event like all others. In version 2 it will come as a notification: a second file like this
//! one, and no change elsewhere.

use std::path::{Path, PathBuf};

use agent_client_protocol_schema::v1::{
    ContentBlock, EmbeddedResourceResource, InitializeResponse, NewSessionResponse, PermissionOptionKind, PlanEntry,
    PlanEntryStatus, PromptResponse, RequestPermissionRequest, SessionConfigKind, SessionConfigOptionCategory,
    SessionNotification, SessionUpdate, StopReason, ToolCallContent, ToolCallStatus, ToolCallUpdate, ToolKind,
};
use serde_json::{Value, json};

use super::permissions::{Choice, Kind, Strength};
use super::task::{Block, Part};
use super::wire::Refusal;

/// What an agent says in the middle of its work.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// To the user, a piece at a time.
    Said(String),
    /// To itself.
    Thought(String),
    Did(ToolUpdate),
    Planned(Vec<Step>),
    /// Tokens of its context, and money since the session's begin (amount, currency).
    Used {
        context: (u64, u64),
        cost: Option<(f64, String)>,
    },
    /// What we have no use for.
    Other,
}

/// What is new of a call of a tool; calls are told of again and again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolUpdate {
    pub id: String,
    pub kind: Option<Kind>,
    pub title: Option<String>,
    pub status: Option<Status>,
    pub paths: Vec<PathBuf>,
    /// What it runs.
    pub command: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    Running,
    Done,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub text: String,
    pub is_done: bool,
}

/// What an agent said of itself at the start.
#[derive(Clone, Debug, Default)]
pub struct Abilities {
    /// It takes text of files within the prompt.
    pub embeds: bool,
    /// Ways to log in, by their names.
    pub logins: Vec<String>,
}

/// How to ask for a mode in which it asks before it acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeRequest {
    Mode(String),
    Option { id: String, value: String },
}

pub struct Session {
    pub id: String,
    pub mode: Option<ModeRequest>,
}

/// Why a turn has ended. Not a verdict: agents say `end_turn` after a failure, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    Done,
    Cancelled,
    Limit(&'static str),
    Refused,
}

/// Tokens of a turn, as the agent says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

/// "Authentication required" in the protocol; agents also use the HTTP status.
const AUTH_CODES: [i64; 3] = [-32000, 401, 403];

/// Names of modes in which agents ask, best first, where the settings name none.
const ASKING_MODES: [&str; 4] = ["default", "ask", "read-only", "manual"];

/// `fs` and `terminal` are not offered: agents that use them see old text, and version 2 has none of them.
pub fn initialize() -> Value {
    json!({
        "protocolVersion": 1,
        "clientCapabilities": {"fs": {"readTextFile": false, "writeTextFile": false}, "terminal": false},
        "clientInfo": {"name": "foretype", "title": "foretype", "version": env!("CARGO_PKG_VERSION")},
    })
}

pub fn read_initialize(result: Value) -> Result<Abilities, String> {
    let version = result["protocolVersion"].as_u64().unwrap_or_default();
    let answer: InitializeResponse =
        serde_json::from_value(result).map_err(|error| format!("its first answer cannot be understood: {error}"))?;
    if version != 1 {
        return Err(format!(
            "it speaks version {version} of the protocol, and this program speaks 1; update one of them"
        ));
    }
    let logins = answer.auth_methods.iter().filter_map(|method| {
        let method = serde_json::to_value(method).ok()?;
        Some(method["name"].as_str()?.to_string())
    });
    let embeds = answer.agent_capabilities.prompt_capabilities.embedded_context;
    Ok(Abilities { embeds, logins: logins.collect() })
}

pub fn new_session(folder: &Path) -> Value {
    json!({"cwd": folder, "mcpServers": []})
}

/// `wanted` is the mode of the settings; empty for whichever is known to ask.
pub fn read_session(result: Value, wanted: &str) -> Result<Session, String> {
    let answer: NewSessionResponse =
        serde_json::from_value(result).map_err(|error| format!("its session cannot be understood: {error}"))?;
    let modes: Vec<String> =
        answer.modes.iter().flat_map(|modes| &modes.available_modes).map(|mode| mode.id.0.to_string()).collect();
    let mut mode = pick(&modes, wanted).map(ModeRequest::Mode);
    for option in answer.config_options.iter().flatten() {
        let SessionConfigKind::Select(select) = &option.kind else { continue };
        if mode.is_none() && option.category == Some(SessionConfigOptionCategory::Mode) {
            // Values may stand in groups; their names are all that is wanted.
            let values = values(&serde_json::to_value(&select.options).unwrap_or_default());
            mode = pick(&values, wanted).map(|value| ModeRequest::Option { id: option.id.0.to_string(), value });
        }
    }
    Ok(Session { id: answer.session_id.0.to_string(), mode })
}

fn pick(modes: &[String], wanted: &str) -> Option<String> {
    let wanted: Vec<&str> = if wanted.is_empty() { ASKING_MODES.to_vec() } else { vec![wanted] };
    wanted.into_iter().find(|wanted| modes.iter().any(|mode| mode == wanted)).map(str::to_string)
}

fn values(options: &Value) -> Vec<String> {
    let items = options.as_array().into_iter().flatten();
    items
        .flat_map(|item| item["value"].as_str().map_or_else(|| values(&item["options"]), |v| vec![v.to_string()]))
        .collect()
}

/// Method and parameters.
pub fn set_mode(session: &str, mode: &ModeRequest) -> (&'static str, Value) {
    match mode {
        ModeRequest::Mode(mode) => ("session/set_mode", json!({"sessionId": session, "modeId": mode})),
        ModeRequest::Option { id, value } => {
            ("session/set_config_option", json!({"sessionId": session, "configId": id, "value": value}))
        }
    }
}

pub fn prompt(session: &str, blocks: &[Block], embeds: bool) -> Value {
    let blocks: Vec<Value> = blocks.iter().flat_map(|block| content(block, embeds)).collect();
    json!({"sessionId": session, "prompt": blocks})
}

/// A part of a file as the agent can take it.
fn content(block: &Block, embeds: bool) -> Vec<Value> {
    let text = |text: &str| json!({"type": "text", "text": text});
    match block {
        Block::Text(said) => vec![text(said)],
        Block::Part { part: Part { path, text: shown, what, .. }, uri } if embeds => vec![
            text(what),
            json!({"type": "resource", "resource": {"uri": uri, "text": shown, "mimeType": "text/plain"}}),
        ]
        .into_iter()
        .filter(|block| block["text"] != "" || path.is_empty())
        .collect(),
        Block::Part { part, uri } => {
            let name = part.path.rsplit('/').next().unwrap_or(&part.path);
            let link = json!({"type": "resource_link", "uri": uri, "name": name});
            vec![link, text(&part.fenced())]
        }
    }
}

pub fn cancel(session: &str) -> Value {
    json!({"sessionId": session})
}

/// A `session/update`.
pub fn read_update(params: Value) -> Event {
    let Ok(SessionNotification { update, .. }) = serde_json::from_value(params) else { return Event::Other };
    match update {
        SessionUpdate::AgentMessageChunk(chunk) => Event::Said(words(&chunk.content)),
        SessionUpdate::AgentThoughtChunk(chunk) => Event::Thought(words(&chunk.content)),
        SessionUpdate::ToolCall(call) => Event::Did(ToolUpdate {
            id: call.tool_call_id.0.to_string(),
            kind: Some(kind(call.kind)),
            title: Some(call.title),
            status: Some(status(call.status)),
            paths: paths(&call.content, call.locations.into_iter().map(|at| at.path), call.raw_input.as_ref()),
            command: call.raw_input.as_ref().and_then(command),
        }),
        SessionUpdate::ToolCallUpdate(update) => Event::Did(tool(update)),
        SessionUpdate::Plan(plan) => Event::Planned(plan.entries.iter().map(step).collect()),
        SessionUpdate::UsageUpdate(usage) => {
            Event::Used { context: (usage.used, usage.size), cost: usage.cost.map(|cost| (cost.amount, cost.currency)) }
        }
        _ => Event::Other,
    }
}

fn tool(update: ToolCallUpdate) -> ToolUpdate {
    let fields = update.fields;
    let locations = fields.locations.unwrap_or_default().into_iter().map(|at| at.path);
    ToolUpdate {
        id: update.tool_call_id.0.to_string(),
        kind: fields.kind.map(kind),
        title: fields.title,
        status: fields.status.map(status),
        paths: paths(&fields.content.unwrap_or_default(), locations, fields.raw_input.as_ref()),
        command: fields.raw_input.as_ref().and_then(command),
    }
}

fn step(entry: &PlanEntry) -> Step {
    Step { text: entry.content.clone(), is_done: matches!(entry.status, PlanEntryStatus::Completed) }
}

fn words(content: &ContentBlock) -> String {
    match content {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::ResourceLink(link) => link.uri.clone(),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => text.text.clone(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// Names under which agents give the path that a tool is about.
const PATH_NAMES: [&str; 8] =
    ["path", "file_path", "filePath", "filepath", "absolute_path", "abs_path", "notebook_path", "directory"];

fn paths(content: &[ToolCallContent], locations: impl Iterator<Item = PathBuf>, input: Option<&Value>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = locations.collect();
    paths.extend(content.iter().filter_map(|content| match content {
        ToolCallContent::Diff(diff) => Some(diff.path.clone()),
        _ => None,
    }));
    let named = |name: &&str| input?[*name].as_str().map(PathBuf::from);
    paths.extend(PATH_NAMES.iter().filter_map(named));
    paths.sort();
    paths.dedup();
    paths
}

fn command(input: &Value) -> Option<String> {
    match &input["command"] {
        Value::String(command) => Some(command.clone()),
        Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

fn kind(kind: ToolKind) -> Kind {
    match kind {
        ToolKind::Read => Kind::Read,
        ToolKind::Edit => Kind::Edit,
        ToolKind::Delete => Kind::Delete,
        ToolKind::Move => Kind::Move,
        ToolKind::Search => Kind::Search,
        ToolKind::Execute => Kind::Execute,
        ToolKind::Think => Kind::Think,
        ToolKind::Fetch => Kind::Fetch,
        _ => Kind::Other,
    }
}

fn status(status: ToolCallStatus) -> Status {
    match status {
        ToolCallStatus::InProgress => Status::Running,
        ToolCallStatus::Completed => Status::Done,
        ToolCallStatus::Failed => Status::Failed,
        _ => Status::Pending,
    }
}

/// A `session/request_permission`: the call that it is about, and what may be answered.
pub fn read_permission(params: Value) -> Result<(ToolUpdate, Vec<Choice>), String> {
    let asked: RequestPermissionRequest = serde_json::from_value(params).map_err(|error| error.to_string())?;
    let choices = asked.options.iter().map(|option| {
        let strength = match option.kind {
            PermissionOptionKind::AllowOnce => Strength::AllowOnce,
            PermissionOptionKind::RejectOnce => Strength::RejectOnce,
            _ => Strength::ForEver,
        };
        Choice { id: option.option_id.0.to_string(), strength }
    });
    Ok((tool(asked.tool_call), choices.collect()))
}

/// `None` is "cancelled".
pub fn permission(choice: Option<&str>) -> Value {
    match choice {
        Some(id) => json!({"outcome": {"outcome": "selected", "optionId": id}}),
        None => json!({"outcome": {"outcome": "cancelled"}}),
    }
}

/// The end of a turn.
pub fn read_end(result: Value) -> Result<(Stop, Option<Tokens>), String> {
    let tokens = tokens(&result["usage"]).or_else(|| quota(&result["_meta"]));
    let answer: PromptResponse =
        serde_json::from_value(result).map_err(|error| format!("the end of its turn cannot be understood: {error}"))?;
    let stop = match answer.stop_reason {
        StopReason::Cancelled => Stop::Cancelled,
        StopReason::Refusal => Stop::Refused,
        StopReason::MaxTokens => Stop::Limit("its most tokens"),
        StopReason::MaxTurnRequests => Stop::Limit("its most requests in one turn"),
        _ => Stop::Done,
    };
    Ok((stop, tokens))
}

/// Not yet in the standard, and sent by four of six.
fn tokens(usage: &Value) -> Option<Tokens> {
    let count = |name: &str| usage[name].as_u64();
    let cached = count("cachedReadTokens").unwrap_or_default() + count("cachedWriteTokens").unwrap_or_default();
    Some(Tokens { input: count("inputTokens")? + cached, output: count("outputTokens")? })
}

/// Where Gemini and Qwen put it.
fn quota(meta: &Value) -> Option<Tokens> {
    let counts = &meta["quota"]["token_count"];
    let gemini = || Some(Tokens { input: counts["input_tokens"].as_u64()?, output: counts["output_tokens"].as_u64()? });
    gemini().or_else(|| tokens(&meta["usage"]))
}

/// Whether an error means that somebody has to log in.
pub fn wants_login(refusal: &Refusal) -> bool {
    let said = refusal.message.to_ascii_lowercase();
    let words =
        ["authentication", "unauthorized", "unauthorised", "api key", "api_key", "not logged in", "login", "401"];
    AUTH_CODES.contains(&refusal.code) || words.iter().any(|word| said.contains(word))
}
