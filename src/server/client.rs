//! What the client can do, and the messages that we send to it. None of them may hold up the server: each request has
//! a timeout.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{
    ConfigurationItem, InitializeParams, MessageType, PositionEncodingKind, ProgressParams, ProgressToken, Registration,
};

use crate::text::Encoding;
use crate::workspace::{Event, Summary};

/// A client that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the client said in `initialize`.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    pub encoding: Encoding,
    pub inline_completion: bool,
    pub work_done_progress: bool,
    pub watches_files: bool,
    pub configuration: bool,
}

impl Abilities {
    pub fn new(params: &InitializeParams) -> Abilities {
        let capabilities = &params.capabilities;
        let workspace = capabilities.workspace.as_ref();
        let watching = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let offered = capabilities.general.as_ref().and_then(|general| general.position_encodings.as_deref());
        Abilities {
            encoding: choose_encoding(offered.unwrap_or_default()),
            inline_completion: capabilities.text_document.as_ref().is_some_and(|text| text.inline_completion.is_some()),
            work_done_progress: capabilities.window.as_ref().and_then(|window| window.work_done_progress) == Some(true),
            watches_files: watching.and_then(|watching| watching.dynamic_registration) == Some(true),
            configuration: workspace.and_then(|workspace| workspace.configuration) == Some(true),
        }
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

/// Says what the user should see once: a problem with the settings.
pub async fn show_warning(client: &Client, message: String) {
    client.show_message(MessageType::Warning, message).await;
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

/// Shows the workspace's events as `$/progress`, one bar a build. The events may come from any thread.
pub fn show_progress(client: Client, abilities: Abilities) -> UnboundedSender<Event> {
    let (send, events) = unbounded_channel();
    tokio::spawn(forward_progress(client, abilities, events));
    send
}

async fn forward_progress(client: Client, abilities: Abilities, mut events: UnboundedReceiver<Event>) {
    let mut n_builds = 0;
    let mut open = None;
    while let Some(event) = events.recv().await {
        if let Event::Ready(summary) = &event {
            tracing::info!("{}", describe(summary));
        }
        match event {
            Event::Started if abilities.work_done_progress && open.is_none() => {
                n_builds += 1;
                let token = ProgressToken::String(format!("foretype.index.{n_builds}"));
                let created = tokio::time::timeout(PATIENCE, client.create_work_done_progress(token.clone())).await;
                if matches!(created, Ok(Ok(()))) {
                    report(&client, &token, serde_json::json!({"kind": "begin", "title": "foretype: indexing"})).await;
                    open = Some(token);
                }
            }
            Event::Started => {}
            Event::Progress { n_files, n_bytes } => {
                if let Some(token) = &open {
                    let message = format!("{n_files} files, {:.1} MB", n_bytes as f64 / 1e6);
                    report(&client, token, serde_json::json!({"kind": "report", "message": message})).await;
                }
            }
            Event::Ready(summary) => {
                if let Some(token) = open.take() {
                    report(&client, &token, serde_json::json!({"kind": "end", "message": describe(&summary)})).await;
                }
            }
        }
    }
}

async fn report(client: &Client, token: &ProgressToken, value: serde_json::Value) {
    use tower_lsp::gen_lsp_types::ProgressNotification;
    client.send_notification::<ProgressNotification>(ProgressParams { token: token.clone(), value }).await;
}

fn describe(summary: &Summary) -> String {
    let n_left_out: usize = summary.left_out.iter().map(|(_, n_files)| n_files).sum();
    let (n_files, megabytes) = (summary.n_files, summary.n_bytes as f64 / 1e6);
    format!("{n_files} files, {megabytes:.1} MB in {} ms; {n_left_out} left out", summary.took.as_millis())
}
