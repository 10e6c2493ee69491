//! The commands `foretype.models` and `foretype.pull`: which models can be downloaded, and getting one.

use serde_json::Value;
use tower_lsp::gen_lsp_types::ExecuteCommandParams;
use tower_lsp::jsonrpc::{Error, Result};

use crate::server::state::State;

pub async fn list(state: &State) -> Result<Value> {
    let state = state.clone();
    let models = tokio::task::spawn_blocking(move || state.offering.models()).await;
    models.map(Value::Array).map_err(|_| Error::internal_error())
}

/// Answers at once; the bar, or a message, tells how it ends.
pub async fn pull(state: &State, params: &ExecuteCommandParams) -> Result<Value> {
    let name = params.arguments.iter().flatten().next().and_then(Value::as_str);
    let name = name.ok_or_else(|| Error::invalid_params("`foretype.pull` needs a model's name"))?.to_string();
    let state = state.clone();
    let begin = move || state.offering.pull(&name, &state.client, state.abilities());
    let begun = tokio::task::spawn_blocking(begin).await.map_err(|_| Error::internal_error())?;
    begun.map(|()| Value::Null).map_err(Error::invalid_params)
}
