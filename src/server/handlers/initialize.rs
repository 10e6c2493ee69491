//! `initialize`: what the client can do, what we can, where the project is.

use std::path::PathBuf;

use tower_lsp::gen_lsp_types as lsp;

use super::code_action;
use super::execute_command::commands;
use crate::server::client::Abilities;
use crate::server::skills;
use crate::server::state::State;
use crate::text::Encoding;

/// Characters after which a client asks for its menu, beside the letters of a word.
const TRIGGER_CHARACTERS: [&str; 8] = [".", ":", "(", "=", ",", "<", "/", "\""];

pub fn handle(state: &State, params: lsp::InitializeParams) -> lsp::InitializeResult {
    let abilities = Abilities::new(&params);
    if let Some(pid) = params.process_id {
        state.lifecycle.watch_parent(pid);
    }
    let folders = folders(&params);
    state.initialize(abilities, folders, params.initialization_options);
    lsp::InitializeResult {
        capabilities: capabilities(abilities, state.has_menu(), state.shows_hints()),
        server_info: Some(lsp::ServerInfo {
            name: "foretype".to_string(),
            version: Some(env!("CARGO_PKG_VERSION").to_string()),
        }),
    }
}

#[expect(deprecated, reason = "older clients give `rootUri` alone")]
fn folders(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    let listed = match &params.workspace_folders_initialize_params.workspace_folders {
        Some(lsp::WorkspaceFolders::WorkspaceFolderList(folders)) => folders.iter().map(|folder| &folder.uri).collect(),
        Some(lsp::WorkspaceFolders::Null) | None => Vec::new(),
    };
    let root = params.root_uri.iter().filter(|_| listed.is_empty());
    let uris = listed.iter().copied().chain(root);
    uris.filter_map(|uri| uri.to_file_path().ok()).collect()
}

/// The menu is for who has no other way to show suggestions.
fn capabilities(abilities: Abilities, has_menu: bool, shows_hints: bool) -> lsp::ServerCapabilities {
    lsp::ServerCapabilities {
        position_encoding: Some(match abilities.encoding {
            Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
            Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
            Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(lsp::TextDocumentSync::Options(lsp::TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(lsp::TextDocumentSyncKind::Incremental),
            ..lsp::TextDocumentSyncOptions::default()
        })),
        inline_completion_provider: Some(lsp::InlineCompletionProvider::Bool(true)),
        completion_provider: has_menu.then(|| lsp::CompletionOptions {
            trigger_characters: Some(TRIGGER_CHARACTERS.map(str::to_string).to_vec()),
            ..lsp::CompletionOptions::default()
        }),
        inlay_hint_provider: shows_hints.then_some(lsp::InlayHintProvider::Bool(true)),
        code_action_provider: Some(lsp::CodeActionProvider::CodeActionOptions(lsp::CodeActionOptions {
            code_action_kinds: Some(action_kinds(abilities)),
            ..lsp::CodeActionOptions::default()
        })),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: commands(),
            ..lsp::ExecuteCommandOptions::default()
        }),
        workspace: Some(lsp::WorkspaceOptions {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(lsp::ChangeNotifications::Bool(true)),
            }),
            ..lsp::WorkspaceOptions::default()
        }),
        ..lsp::ServerCapabilities::default()
    }
}

fn action_kinds(abilities: Abilities) -> Vec<lsp::CodeActionKind> {
    let own = (!abilities.inline_completion).then_some(code_action::KIND);
    own.into_iter().chain([skills::actions::KIND]).map(lsp::CodeActionKind::from).collect()
}
