//! Code actions that hand a selection over; only for a menu that the user has opened.

use tower_lsp::gen_lsp_types as lsp;

use super::commands::START;
use crate::server::skills::actions::{KIND, is_wanted};
use crate::server::state::State;

/// One for each agent of the user's list, with what is reported in the selection. None where the client asks by itself,
/// as for its light bulb, or where nothing is selected and nothing reported.
pub fn of(state: &State, params: &lsp::CodeActionParams) -> Vec<lsp::CodeAction> {
    let Some(services) = state.services() else { return Vec::new() };
    let lsp::CodeActionParams { text_document, range, context, .. } = params;
    let has_something = range.start != range.end || !context.diagnostics.is_empty();
    if !(is_wanted(context) && has_something) {
        return Vec::new();
    }
    let about = if context.diagnostics.is_empty() { "the selection" } else { "what is reported here" };
    let action = |agent: &crate::agent::Agent| {
        let title = format!("Hand over to {}: {about}", agent.name);
        let argument = serde_json::json!({
            "agent": agent.name,
            "uri": text_document.uri,
            "range": range,
            "diagnostics": context.diagnostics,
        });
        lsp::CodeAction {
            title: title.clone(),
            kind: Some(lsp::CodeActionKind::from(KIND)),
            command: Some(lsp::Command {
                title,
                tooltip: None,
                command: START.to_string(),
                arguments: Some(vec![argument]),
            }),
            ..lsp::CodeAction::default()
        }
    };
    services.settings.agents.agents.iter().map(action).collect()
}
