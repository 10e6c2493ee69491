//! Code actions that hand a selection over, and those about what was handed over before; only for a menu that the user has
//! opened.

use tower_lsp::gen_lsp_types as lsp;

use super::commands::{APPLY, CANCEL, DISCARD, REVIEW, START};
use crate::agent::HandOff;
use crate::server::skills::actions::{action, is_wanted};
use crate::server::state::State;

/// None where the client asks by itself, as for its light bulb.
pub async fn of(state: &State, params: &lsp::CodeActionParams) -> Vec<lsp::CodeAction> {
    if !is_wanted(&params.context) {
        return Vec::new();
    }
    let mut actions = handing_over(state, params);
    let here = {
        let state = state.clone();
        move || state.agents.here(&state)
    };
    let here = tokio::task::spawn_blocking(here).await.unwrap_or_default();
    let about = |hand_off: &HandOff, what: &str, command| {
        action(format!("{what}: {}", hand_off.title), command, hand_off.id.as_str().into())
    };
    // The newest that can be ended, and the newest that waits; the commands reach all.
    actions
        .extend(here.iter().find(|it| it.state.is_running()).map(|it| about(it, &format!("End {}", it.agent), CANCEL)));
    if let Some(made) = here.iter().find(|it| it.has_made()) {
        let agent = &made.agent;
        actions.push(about(made, &format!("Review what {agent} made"), REVIEW));
        actions.push(about(made, &format!("Apply what {agent} made"), APPLY));
        actions.push(about(made, &format!("Discard what {agent} made"), DISCARD));
    }
    actions
}

/// One for each agent of the user's list, with what is reported in the selection. None where nothing is selected and nothing
/// reported.
fn handing_over(state: &State, params: &lsp::CodeActionParams) -> Vec<lsp::CodeAction> {
    let Some(services) = state.services() else { return Vec::new() };
    let lsp::CodeActionParams { text_document, range, context, .. } = params;
    let has_something = range.start != range.end || !context.diagnostics.is_empty();
    if !has_something {
        return Vec::new();
    }
    let about = if context.diagnostics.is_empty() { "the selection" } else { "what is reported here" };
    let to = |agent: &crate::agent::Agent| {
        let argument = serde_json::json!({
            "agent": agent.name,
            "uri": text_document.uri,
            "range": range,
            "diagnostics": context.diagnostics,
        });
        action(format!("Hand over to {}: {about}", agent.name), START, argument)
    };
    services.settings.agents.agents.iter().map(to).collect()
}
