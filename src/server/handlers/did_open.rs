//! `textDocument/didOpen`

use tower_lsp::gen_lsp_types::DidOpenTextDocumentParams;

use crate::server::convert;
use crate::server::skills;
use crate::server::state::State;
use crate::syntax::Language;

pub async fn handle(state: &State, params: DidOpenTextDocumentParams) {
    let item = params.text_document;
    let path = convert::path(&item.uri);
    let by_id = Language::from_id(item.language_id.as_str());
    let language = by_id.or_else(|| Language::from_path(path.as_deref()?));
    let id = convert::document_id(&item.uri);
    let snapshot = state.documents.lock().open(id, path, language, item.version, &item.text);
    state.stir();
    state.record_opened(&snapshot);
    skills::flaws::look(state, &snapshot);
    state.analysis.submit(snapshot);
}
