//! `workspace/didChangeWatchedFiles`

use tower_lsp::gen_lsp_types::DidChangeWatchedFilesParams;

use crate::server::state::State;

pub async fn handle(state: &State, params: DidChangeWatchedFilesParams) {
    let paths = params.changes.iter().filter_map(|change| change.uri.to_file_path().ok()).collect();
    state.files_changed(paths);
}
