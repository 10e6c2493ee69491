//! What the client can do, and the messages that we send to it. None of them may hold up the server: each request has
//! a timeout, except a question to the user, which is for a task of its own.

use std::time::Duration;

use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{
    ApplyWorkspaceEditResult, ConfigurationItem, InitializeParams, MessageActionItem, MessageType,
    PositionEncodingKind, Registration, ResourceOperationKind as Operation, WorkspaceEdit,
};

use crate::text::Encoding;

/// A client that has not answered by then never will.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// `vim.lsp.inline_completion` of 0.12.
const NEOVIM_WAITS: Duration = Duration::from_millis(200);

/// What the client said in `initialize`.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    pub encoding: Encoding,
    pub inline_completion: bool,
    pub work_done_progress: bool,
    /// Messages with actions are shown and answered. The protocol lets any client be asked, but those that do not say
    /// that they know the request answer it with an error, if at all.
    pub message_actions: bool,
    pub watches_files: bool,
    pub configuration: bool,
    /// Our own: shows how the models do (`foretype/status`).
    pub status: bool,
    /// Our own: asks again when it is told to (`foretype/suggestionReady`).
    pub suggestion_ready: bool,
    pub inlay_hints: bool,
    pub refreshes_hints: bool,
    /// Edits can name the version of the document that they are for.
    pub versioned_edits: bool,
    /// An edit can make, rename and delete files.
    pub file_operations: bool,
    /// Edits can say whose they are.
    pub annotated_edits: bool,
    /// How long it waits after a key before it asks. No capability says it.
    pub waits: Duration,
}

impl Abilities {
    pub fn new(params: &InitializeParams) -> Abilities {
        let capabilities = &params.capabilities;
        let (workspace, window) = (capabilities.workspace.as_ref(), capabilities.window.as_ref());
        let watching = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let edit = workspace.and_then(|workspace| workspace.workspace_edit.as_ref());
        let text = capabilities.text_document.as_ref();
        let operations = edit.and_then(|edit| edit.resource_operations.as_deref()).unwrap_or_default();
        let refreshes = workspace.and_then(|workspace| workspace.inlay_hint.as_ref()?.refresh_support);
        let ours = |name: &str| capabilities.experimental.as_ref().is_some_and(|ours| ours[name] == true);
        let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_deref());
        Abilities {
            encoding: choose_encoding(offered.unwrap_or_default()),
            inline_completion: text.is_some_and(|text| text.inline_completion.is_some()),
            work_done_progress: window.and_then(|window| window.work_done_progress) == Some(true),
            message_actions: window.is_some_and(|window| window.show_message.is_some()),
            watches_files: watching.and_then(|watching| watching.dynamic_registration) == Some(true),
            configuration: workspace.and_then(|workspace| workspace.configuration) == Some(true),
            status: ours("foretypeStatus"),
            suggestion_ready: ours("foretypeSuggestionReady"),
            inlay_hints: text.is_some_and(|text| text.inlay_hint.is_some()),
            refreshes_hints: refreshes == Some(true),
            versioned_edits: edit.and_then(|edit| edit.document_changes) == Some(true),
            file_operations: [Operation::Create, Operation::Rename, Operation::Delete]
                .iter()
                .all(|operation| operations.contains(operation)),
            annotated_edits: edit.is_some_and(|edit| edit.change_annotation_support.is_some()),
            waits: match params.client_info.as_ref().map(|client| client.name.as_str()) {
                Some("Neovim") => NEOVIM_WAITS,
                _ => Duration::ZERO,
            },
        }
    }
}

impl Abilities {
    /// Whether edits may name versions. Neovim 0.11 does not say so, and reads them: whoever makes files by an edit has
    /// the form for it.
    pub fn versioned(self) -> bool {
        self.versioned_edits || self.file_operations
    }
}

/// UTF-8 costs nothing to convert; UTF-16 is what every client must understand.
fn choose_encoding(offered: &[PositionEncodingKind]) -> Encoding {
    let is_offered = |encoding: &PositionEncodingKind| offered.contains(encoding);
    match () {
        () if is_offered(&PositionEncodingKind::UTF8) => Encoding::Utf8,
        () if is_offered(&PositionEncodingKind::UTF16) || offered.is_empty() => Encoding::Utf16,
        () if is_offered(&PositionEncodingKind::UTF32) => Encoding::Utf32,
        () => Encoding::Utf16,
    }
}

/// Says what the user should see once: a problem, and what to do.
pub async fn show_warning(client: &Client, message: String) {
    client.show_message(MessageType::Warning, message).await;
}

/// Says what the user wants to know once.
pub async fn show_info(client: &Client, message: String) {
    client.show_message(MessageType::Info, message).await;
}

/// Asks the user, who may take any time; `None` when the question was dismissed, or the client cannot ask.
pub async fn ask(client: &Client, question: String, answers: &[&str]) -> Option<String> {
    let action = |title: &&str| MessageActionItem { title: title.to_string(), properties: Default::default() };
    let actions = answers.iter().map(action).collect();
    let answer = client.show_message_request(MessageType::Info, question, Some(actions)).await;
    Some(answer.ok()??.title)
}

/// Has the client edit; `Err` says why it did not.
pub async fn apply(client: &Client, edit: WorkspaceEdit) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, client.apply_edit(edit)).await {
        Ok(Ok(ApplyWorkspaceEditResult { applied: true, .. })) => Ok(()),
        Ok(Ok(refused)) => Err(refused.failure_reason.unwrap_or_else(|| "it did not say why".to_string())),
        Ok(Err(error)) => Err(error.message.to_string()),
        Err(_) => Err(format!("it did not answer for {} s; it may do it all the same", PATIENCE.as_secs())),
    }
}

/// Has the client ask for inlay hints anew, if it does such a thing. Returns at once.
pub fn refresh_hints(client: &Client, abilities: Abilities) {
    if abilities.refreshes_hints {
        let client = client.clone();
        // Its answer says nothing.
        tokio::spawn(async move { tokio::time::timeout(PATIENCE, client.inlay_hint_refresh()).await });
    }
}

/// Asks to be told of every change of a file. False when the client will not.
pub async fn register_file_watching(client: &Client) -> bool {
    let options = serde_json::json!({"watchers": [{"globPattern": "**/*"}]});
    let registration = Registration {
        id: "foretype.files".to_string(),
        method: "workspace/didChangeWatchedFiles".to_string(),
        register_options: Some(options),
    };
    let registered = tokio::time::timeout(PATIENCE, client.register_capability(vec![registration])).await;
    matches!(registered, Ok(Ok(())))
}

/// The client's settings for us, when it gives any.
pub async fn configuration(client: &Client) -> Option<serde_json::Value> {
    let section = ConfigurationItem { scope_uri: None, section: Some("foretype".to_string()) };
    let answer = tokio::time::timeout(PATIENCE, client.configuration(vec![section])).await;
    answer.ok()?.ok()?.into_iter().next().filter(|settings| settings.is_object())
}
