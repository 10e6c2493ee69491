//! `window/workDoneProgress/cancel`: the user stops what a bar shows.

use tower_lsp::gen_lsp_types::{ProgressToken, WorkDoneProgressCancelParams};

use crate::server::offer;
use crate::server::state::State;

pub async fn handle(state: &State, params: WorkDoneProgressCancelParams) {
    if params.token == ProgressToken::String(offer::TOKEN.to_string()) {
        state.offering.stop();
    }
}
