//! `workspace/didChangeWorkspaceFolders`

use std::path::PathBuf;

use tower_lsp::gen_lsp_types::{DidChangeWorkspaceFoldersParams, WorkspaceFolder};

use crate::server::state::State;

pub async fn handle(state: &State, params: DidChangeWorkspaceFoldersParams) {
    let paths = |folders: &[WorkspaceFolder]| -> Vec<PathBuf> {
        folders.iter().filter_map(|folder| folder.uri.to_file_path().ok()).collect()
    };
    state.change_folders(&paths(&params.event.removed), paths(&params.event.added));
}
