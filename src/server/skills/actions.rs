//! Code actions that run a skill on the selection; only for a menu that the user has opened.

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::commands::{RUN, TRUST};
use super::find;
use crate::server::convert;
use crate::server::state::State;
use crate::skills::trust::Standing;

/// Of all our actions on a selection, those that hand it over included.
pub const KIND: &str = "refactor.rewrite.foretype";

/// More would push everybody else's out of the menu; the command asks among all.
const MAX_SHOWN: usize = 8;

/// One a skill, those first that the selection names (`$name`), and one a member of the team. None where the client asks by
/// itself, as for its light bulb, or where nothing is selected.
pub async fn of(state: &State, params: &lsp::CodeActionParams) -> Vec<lsp::CodeAction> {
    let lsp::CodeActionParams { text_document, range, context, .. } = params;
    if !is_wanted(context) || range.start == range.end {
        return Vec::new();
    }
    let Some(document) = state.documents.lock().snapshot(&convert::document_id(&text_document.uri)) else {
        return Vec::new();
    };
    let Ok(found) = find(state, document.path.as_deref()).await else { return Vec::new() };
    let at = |wire| document.text.offset(convert::position(wire), state.encoding());
    let selected = document.text.slice(at(range.start)..at(range.end).max(at(range.start)));
    let is_named = |name: &str| ["$", "/skill:"].iter().any(|sign| selected.contains(&format!("{sign}{name}")));
    let mut skills: Vec<&crate::skills::Skill> = found.usable().collect();
    skills.sort_by_key(|skill| !is_named(&skill.name));
    let mut actions: Vec<lsp::CodeAction> = (skills.iter().take(MAX_SHOWN))
        .map(|skill| {
            let argument = json!({"name": skill.name, "uri": text_document.uri, "range": range});
            action(format!("Skill: {}", skill.name), RUN, argument)
        })
        .collect();
    if found.is_trusted() {
        actions.extend(found.team.members.iter().map(|member| {
            let argument = json!({
                "member": member.name, "uri": text_document.uri, "range": range, "diagnostics": context.diagnostics,
            });
            action(format!("Hand over to {}", member.name), RUN, argument)
        }));
    }
    if matches!(found.standing, Standing::Unknown | Standing::Changed) {
        let title = "Look at the project's skills, to trust them".to_string();
        actions.push(action(title, TRUST, json!({"uri": text_document.uri})));
    }
    actions
}

/// Whether a menu was opened by hand, and may hold actions of this kind.
pub fn is_wanted(context: &lsp::CodeActionContext) -> bool {
    let is_asked = context.trigger_kind == Some(lsp::CodeActionTriggerKind::Invoked);
    let wants = |kind: &lsp::CodeActionKind| {
        let kind = String::from(kind.clone());
        let within =
            |a: &str, b: &str| a == b || b.is_empty() || a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'));
        within(KIND, &kind) || within(&kind, KIND)
    };
    is_asked && context.only.as_ref().is_none_or(|only| only.iter().any(wants))
}

/// Sends a command with one argument.
pub fn action(title: String, command: &str, argument: Value) -> lsp::CodeAction {
    let arguments = Some(vec![argument]);
    let command = lsp::Command { title: title.clone(), tooltip: None, command: command.to_string(), arguments };
    lsp::CodeAction {
        title,
        kind: Some(lsp::CodeActionKind::from(KIND.to_string())),
        command: Some(command),
        ..lsp::CodeAction::default()
    }
}
