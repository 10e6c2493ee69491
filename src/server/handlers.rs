//! One file a request or notification. Each handler's code before its first await runs in message order.

mod code_action;
mod completion;
mod did_change;
mod did_change_configuration;
mod did_change_watched_files;
mod did_change_workspace_folders;
mod did_close;
mod did_focus;
mod did_open;
mod did_show_completion;
mod document;
pub mod execute_command;
mod initialize;
mod initialized;
mod inlay_hint;
pub mod inline_completion;
mod models;
mod stats;
mod why;
mod work_done_progress_cancel;

use tower_lsp::gen_lsp_types::{InitializeParams, InitializeResult, InitializedParams};
use tower_lsp::jsonrpc::Result;
use tower_lsp::{LanguageServer, LspServiceBuilder};

use super::frames;
use super::state::State;

impl LanguageServer for State {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        Ok(initialize::handle(self, params))
    }

    async fn initialized(&self, _: InitializedParams) {
        initialized::handle(self).await;
    }

    async fn shutdown(&self) -> Result<()> {
        self.lifecycle.shut_down();
        Ok(())
    }
}

/// Registers what we serve beside the lifecycle.
pub fn register(service: LspServiceBuilder<State>) -> LspServiceBuilder<State> {
    service
        .custom_method(frames::MALFORMED, frames::answer)
        .custom_method("textDocument/didOpen", did_open::handle)
        .custom_method("textDocument/didChange", did_change::handle)
        .custom_method("textDocument/didClose", did_close::handle)
        .custom_method("textDocument/didSave", did_save)
        .custom_method("textDocument/didShowCompletion", did_show_completion::handle)
        .custom_method("textDocument/didFocus", did_focus::handle)
        .custom_method("textDocument/didPartiallyAcceptCompletion", did_show_completion::handle_partial_accept)
        .custom_method("textDocument/inlineCompletion", inline_completion::handle)
        .custom_method("textDocument/completion", completion::handle)
        .custom_method("textDocument/inlayHint", inlay_hint::handle)
        .custom_method("textDocument/codeAction", code_action::handle)
        .custom_method("window/workDoneProgress/cancel", work_done_progress_cancel::handle)
        .custom_method("workspace/executeCommand", execute_command::handle)
        .custom_method("workspace/didChangeConfiguration", did_change_configuration::handle)
        .custom_method("workspace/didChangeWatchedFiles", did_change_watched_files::handle)
        .custom_method("workspace/didChangeWorkspaceFolders", did_change_workspace_folders::handle)
}

/// Some clients send it unasked; an unknown method would be answered with an error in their log.
async fn did_save(_: &State, _: serde_json::Value) {}
