//! `textDocument/didFocus`: which document the user looks at, as clients of Copilot's server tell it. A command that names
//! no document means that one.

use serde_json::Value;

use crate::document::DocumentId;
use crate::server::state::State;

/// Parameters: `textDocument` with `uri`; without it nothing is looked at.
pub async fn handle(state: &State, params: Value) {
    if let Some(uri) = params["textDocument"]["uri"].as_str() {
        let id = DocumentId(uri.into());
        if state.documents.lock().snapshot(&id).is_some() {
            state.places.focused(id);
        }
    }
}
