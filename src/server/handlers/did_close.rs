//! `textDocument/didClose`

use tower_lsp::gen_lsp_types::DidCloseTextDocumentParams;

use crate::server::convert;
use crate::server::skills;
use crate::server::state::State;

pub async fn handle(state: &State, params: DidCloseTextDocumentParams) {
    let id = convert::document_id(&params.text_document.uri);
    let clearance = {
        let mut documents = state.documents.lock();
        let last = documents.snapshot(&id);
        documents.close(&id);
        last.map(|snapshot| snapshot.clearance)
    };
    state.stir();
    state.tape.closed(&id, clearance);
    state.recorder.closed(&id);
    state.places.closed(&id);
    if let Some(services) = state.services() {
        services.predictor.forget(&id);
    }
    skills::flaws::forget(state, &id, convert::path(&params.text_document.uri).as_deref()).await;
}
