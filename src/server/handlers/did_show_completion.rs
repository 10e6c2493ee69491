//! `textDocument/didShowCompletion` and `textDocument/didPartiallyAcceptCompletion`: what clients of Copilot's server
//! tell it, under its names. The item is one of ours; its command holds the number of its request.

use serde_json::Value;

use crate::server::state::State;

/// Parameters: `item`.
pub async fn handle(state: &State, params: Value) {
    if let Some(trace_id) = trace_id(&params) {
        state.recorder.seen(trace_id);
    }
}

/// Parameters: `item`, and `acceptedLength` in UTF-16 units from the beginning of its text.
pub async fn handle_partial_accept(state: &State, params: Value) {
    let (trace_id, n_units) = (trace_id(&params), params["acceptedLength"].as_u64());
    if let (Some(trace_id), Some(n_units)) = (trace_id, n_units) {
        let n_units = n_units as usize;
        // Without its text (our own plugin), units are taken for characters: nearly all are.
        let text = params["item"]["insertText"].as_str();
        state.recorder.partially_accepted(trace_id, text.map_or(n_units, |text| n_chars(text, n_units)));
    }
}

fn trace_id(params: &Value) -> Option<u64> {
    params["item"]["command"]["arguments"][0].as_u64()
}

/// Whole characters among so many UTF-16 units.
fn n_chars(text: &str, n_units: usize) -> usize {
    let ends = text.chars().scan(0, |end, c| {
        *end += c.len_utf16();
        Some(*end)
    });
    ends.take_while(|end| *end <= n_units).count()
}
