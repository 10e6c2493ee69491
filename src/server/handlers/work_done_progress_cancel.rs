//! `window/workDoneProgress/cancel`: the user stops what a bar shows.

use tower_lsp::gen_lsp_types::{ProgressToken, WorkDoneProgressCancelParams};

use crate::server::state::State;
use crate::server::{agents, offer};

pub async fn handle(state: &State, params: WorkDoneProgressCancelParams) {
    let ProgressToken::String(token) = params.token else { return };
    if token == offer::TOKEN {
        state.offering.stop();
    } else if let Some(id) = token.strip_prefix(agents::TOKEN) {
        // It may have ended meanwhile.
        let _ = agents::commands::handle(state, agents::commands::CANCEL, Some(id.into())).await;
    }
}
