//! `textDocument/didChange`

use tower_lsp::gen_lsp_types::{DidChangeTextDocumentParams, MessageType};

use crate::document::Desync;
use crate::server::convert;
use crate::server::skills;
use crate::server::state::State;

pub async fn handle(state: &State, params: DidChangeTextDocumentParams) {
    let identifier = params.text_document;
    let id = convert::document_id(&identifier.text_document_identifier.uri);
    let changes: Vec<_> = params.content_changes.into_iter().map(convert::change).collect();
    let recorded = state.tape.is_on().then(|| changes.clone());
    let at = state.started.elapsed();
    let (changed, cursor) = {
        let mut documents = state.documents.lock();
        let changed = documents.change(&id, identifier.version, changes, state.encoding(), at);
        (changed, documents.cursor(&id))
    };
    match changed {
        Ok(snapshot) => {
            if let Some(cursor) = cursor {
                state.places.changed(&snapshot, cursor);
            }
            if let Some(changes) = recorded {
                state.tape.changed(&id, changes, state.encoding());
            }
            // What is being thought of for the old text may be for nothing.
            if let (Some(services), Some(cursor)) = (state.services(), cursor) {
                services.predictor.changed(&snapshot, cursor.offset);
            }
            state.stir();
            state.recorder.changed(&snapshot);
            skills::flaws::look(state, &snapshot);
            state.analysis.submit(snapshot);
        }
        Err(desync) => {
            let name = &id.0;
            let message = match desync {
                Desync::NotOpen => format!("foretype: a change of {name}, which is not open, was left out"),
                Desync::OldVersion { have, got } => format!(
                    "foretype: a change of {name} to version {got} was left out, since version {have} is here already; \
                     reopen the file if suggestions look wrong"
                ),
            };
            state.client.log_message(MessageType::Warning, message).await;
        }
    }
}
