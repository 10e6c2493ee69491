//! `initialized`: now the client takes messages, so the index may be built, files watched, and a model offered.

use crate::server::state::State;
use crate::server::{agents, client};

pub async fn handle(state: &State) {
    state.begin_indexing();
    let abilities = state.abilities();
    if abilities.configuration
        && let Some(settings) = client::configuration(&state.client).await
    {
        state.change_settings(Some(settings));
    }
    if !(abilities.watches_files && client::register_file_watching(&state.client).await) {
        state.watch_files();
    }
    if let Some(services) = state.services() {
        state.offering.make(&state.client, abilities, &services.settings);
    }
    agents::offer_unfinished(state).await;
}
