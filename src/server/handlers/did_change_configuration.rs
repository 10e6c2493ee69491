//! `workspace/didChangeConfiguration`: the settings come with the message, or are asked for.

use serde_json::Value;
use tower_lsp::gen_lsp_types::DidChangeConfigurationParams;

use crate::server::client;
use crate::server::state::State;

pub async fn handle(state: &State, params: DidChangeConfigurationParams) {
    let mut settings = ours(params.settings);
    if settings.is_none() && state.abilities().configuration {
        settings = client::configuration(&state.client).await;
    }
    state.change_settings(settings);
}

/// Clients send our section alone, or all sections.
fn ours(mut settings: Value) -> Option<Value> {
    match settings.get_mut("foretype") {
        Some(section) => Some(section.take()),
        None => Some(settings),
    }
    .filter(|settings| settings.as_object().is_some_and(|keys| !keys.is_empty()))
}
