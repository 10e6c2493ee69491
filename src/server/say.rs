//! Answers for people, in a line: for editors that show what a server says, and have no window of ours.

use std::fmt::Write;

use super::client;
use super::state::State;
use crate::predictor::Tally;
use crate::router::Health;

/// Switches suggestions off, or on again, for this session. Answers whether they are on.
pub async fn toggle(state: &State) -> bool {
    let is_on = state.toggle();
    let said = if is_on { "foretype: on" } else { "foretype: off; `foretype.toggle` switches it on again" };
    client::show_info(&state.client, said.to_string()).await;
    if state.shows_hints() {
        client::refresh_hints(&state.client, state.abilities());
    }
    is_on
}

/// Why there was, or was not, a suggestion just now.
pub async fn why(state: &State) {
    let services = state.services();
    let last = services.and_then(|services| services.predictor.traces().pop());
    let said = match last {
        _ if state.is_paused() => "foretype: off; `foretype.toggle` switches it on again".to_string(),
        Some(trace) => format!("foretype: line {}, column {}: {}", trace.line, trace.column, trace.outcome),
        None => "foretype: nothing was asked yet; type something".to_string(),
    };
    client::show_info(&state.client, said).await;
}

/// What is asked, how it does, and what came of it in this session.
pub async fn status(state: &State) {
    let said = state.services().map_or("foretype: not ready".to_string(), |services| {
        let mut said = String::from(if state.is_paused() { "foretype: off" } else { "foretype: on" });
        let status = services.lineup.status();
        let mut names: Vec<String> = status.instant.iter().map(ToString::to_string).collect();
        names.extend(status.models.iter().map(|model| match &model.health {
            Health::Healthy => model.label.clone(),
            Health::Down { message, .. } => format!("{} (down: {message})", model.label),
        }));
        let Tally { n_requests, n_cache, n_instant, n_adopted, n_model, .. } = services.predictor.tally();
        let n_shown = n_cache + n_instant + n_adopted + n_model;
        // Writing to a String cannot fail.
        let _ = write!(said, "; asks {}; {n_shown} of {n_requests} requests got a suggestion", names.join(", "));
        said
    });
    client::show_info(&state.client, said).await;
}
