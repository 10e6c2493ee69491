//! What takes long, as `$/progress`, for clients that show it.

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{ProgressNotification, ProgressParams, ProgressToken};

use super::client::{Abilities, PATIENCE};
use crate::workspace::{Event, Summary};

/// One bar on the client's side, until [`Bar::end`].
pub struct Bar {
    client: Client,
    token: ProgressToken,
}

impl Bar {
    /// `begin` is the protocol's `WorkDoneProgressBegin` without its kind. `None` where the client shows none.
    pub async fn begin(client: &Client, abilities: Abilities, token: &str, begin: Value) -> Option<Bar> {
        if !abilities.work_done_progress {
            return None;
        }
        let token = ProgressToken::String(token.to_string());
        let created = tokio::time::timeout(PATIENCE, client.create_work_done_progress(token.clone())).await;
        if !matches!(created, Ok(Ok(()))) {
            return None;
        }
        let bar = Bar { client: client.clone(), token };
        bar.send("begin", begin).await;
        Some(bar)
    }

    /// `report` is the protocol's `WorkDoneProgressReport` without its kind.
    pub async fn report(&self, report: Value) {
        self.send("report", report).await;
    }

    pub async fn end(self, message: &str) {
        self.send("end", json!({"message": message})).await;
    }

    async fn send(&self, kind: &str, mut value: Value) {
        value["kind"] = kind.into();
        self.client
            .send_notification::<ProgressNotification>(ProgressParams { token: self.token.clone(), value })
            .await;
    }
}

/// Shows the workspace's events, one bar a build. The events may come from any thread.
pub fn show_indexing(client: Client, abilities: Abilities) -> UnboundedSender<Event> {
    let (send, events) = unbounded_channel();
    tokio::spawn(forward(client, abilities, events));
    send
}

async fn forward(client: Client, abilities: Abilities, mut events: UnboundedReceiver<Event>) {
    let mut n_builds = 0;
    let mut open: Option<Bar> = None;
    while let Some(event) = events.recv().await {
        match event {
            Event::Started if open.is_none() => {
                n_builds += 1;
                let token = format!("foretype.index.{n_builds}");
                open = Bar::begin(&client, abilities, &token, json!({"title": "foretype: indexing"})).await;
            }
            Event::Started => {}
            Event::Outlined(summary) => {
                tracing::info!("symbols of {} files in {} ms", summary.n_files, summary.took.as_millis());
            }
            Event::Progress { n_files, n_bytes } => {
                if let Some(bar) = &open {
                    let message = format!("{n_files} files, {:.1} MB", n_bytes as f64 / 1e6);
                    bar.report(json!({"message": message})).await;
                }
            }
            Event::Ready(summary) => {
                let message = describe(&summary);
                tracing::info!("{message}");
                if let Some(bar) = open.take() {
                    bar.end(&message).await;
                }
            }
        }
    }
}

fn describe(summary: &Summary) -> String {
    let n_left_out: usize = summary.left_out.iter().map(|(_, n_files)| n_files).sum();
    let (n_files, megabytes) = (summary.n_files, summary.n_bytes as f64 / 1e6);
    format!("{n_files} files, {megabytes:.1} MB in {} ms; {n_left_out} left out", summary.took.as_millis())
}
