//! `textDocument/codeAction`: what can be done with a selection.

use tower_lsp::gen_lsp_types::{CodeAction, CodeActionParams};
use tower_lsp::jsonrpc::Result;

use crate::server::agents::actions;
use crate::server::state::State;

pub async fn handle(state: &State, params: CodeActionParams) -> Result<Vec<CodeAction>> {
    Ok(actions::of(state, &params))
}
