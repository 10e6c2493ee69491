//! `textDocument/codeAction`: what we can do, for editors whose users reach it through a menu. Never unasked: no bulb is
//! lit for us.

use serde_json::Value;
use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;

use super::execute_command::{SHOW_STATUS, SHOW_WHY, TOGGLE};
use crate::document::Snapshot;
use crate::server::agents;
use crate::server::convert;
use crate::server::skills;
use crate::server::state::State;

/// The kind of all of them but those that hand over; clients can ask for it alone.
pub const KIND: &str = "source.foretype";

pub async fn handle(state: &State, params: lsp::CodeActionParams) -> Result<Vec<lsp::CodeAction>> {
    let by_others = [agents::actions::of(state, &params).await, skills::actions::of(state, &params).await].concat();
    // With ghost text the editor has better ways to our own.
    if state.abilities().inline_completion || !is_asked(&params.context) {
        return Ok(by_others);
    }
    let toggle = if state.is_paused() { "foretype: switch on" } else { "foretype: switch off" };
    let mut actions: Vec<lsp::CodeAction> = accept(state, &params).into_iter().collect();
    actions.push(command(toggle, TOGGLE));
    actions.push(command("foretype: why was there, or was there not, a suggestion", SHOW_WHY));
    actions.push(command("foretype: status", SHOW_STATUS));
    Ok([actions, by_others].concat())
}

/// By hand, and then for any kind or one that includes ours; or for ours by its name.
fn is_asked(context: &lsp::CodeActionContext) -> bool {
    let is_by_hand = context.trigger_kind == Some(lsp::CodeActionTriggerKind::Invoked);
    match &context.only {
        None => is_by_hand,
        Some(kinds) => kinds.iter().map(kind_name).any(|kind| kind == KIND || is_by_hand && includes_ours(&kind)),
    }
}

fn includes_ours(kind: &str) -> bool {
    kind.is_empty() || KIND.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'))
}

fn kind_name(kind: &lsp::CodeActionKind) -> String {
    let name = serde_json::to_value(kind).ok();
    name.as_ref().and_then(Value::as_str).unwrap_or_default().to_string()
}

/// What is known already: no engine is asked for a menu.
fn accept(state: &State, params: &lsp::CodeActionParams) -> Option<lsp::CodeAction> {
    let services = state.services().filter(|_| !state.is_paused())?;
    let document = state.documents.lock().snapshot(&convert::document_id(&params.text_document.uri))?;
    let offset = offset(state, &document, &params.range);
    let suggestion = services.predictor.peek(&document, offset, state.abilities().suggestion_ready)?;
    let edit = convert::insertion(&document, offset, &suggestion, state.encoding());
    let first_line = suggestion.text.trim_start().lines().next().unwrap_or_default();
    Some(lsp::CodeAction {
        edit: Some(convert::workspace_edit(&document, vec![edit], state.abilities())),
        ..action(&format!("foretype: insert `{first_line}`"))
    })
}

/// Out of insert mode an editor's cursor may stand on the last letter, not behind it: on its line, the place of the last
/// change is meant.
fn offset(state: &State, document: &Snapshot, range: &lsp::Range) -> usize {
    let asked = document.text.offset(convert::position(range.start), state.encoding());
    let changed = state.places.cursor(document).map(|cursor| cursor.offset);
    let is_same_line = |offset: &usize| document.text.line_of(*offset) == document.text.line_of(asked);
    changed.filter(is_same_line).unwrap_or(asked)
}

fn command(title: &str, command: &str) -> lsp::CodeAction {
    let command =
        lsp::Command { title: title.to_string(), tooltip: None, command: command.to_string(), arguments: None };
    lsp::CodeAction { command: Some(command), ..action(title) }
}

fn action(title: &str) -> lsp::CodeAction {
    lsp::CodeAction {
        title: title.to_string(),
        kind: Some(lsp::CodeActionKind::Custom(KIND.into())),
        diagnostics: None,
        is_preferred: None,
        disabled: None,
        edit: None,
        command: None,
        data: None,
        tags: None,
    }
}
