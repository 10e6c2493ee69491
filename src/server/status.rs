//! Tells the client when a model goes down and when it answers again.

use std::sync::Weak;

use serde_json::Value;
use tokio::sync::mpsc::unbounded_channel;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{LspNotificationMethod, MessageDirection, Notification};

use super::client::{self, Abilities};
use super::state::Shared;
use crate::router::{Change, Severity};

/// `foretype/status`, for clients with the experimental capability `foretypeStatus`: what the command `foretype.status`
/// answers, at every change.
enum StatusNotification {}

impl Notification for StatusNotification {
    type Params = Value;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::Custom("foretype/status");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// Changes may come from any thread; they reach the client in their order.
pub fn show_changes(client: Client, abilities: Abilities, shared: Weak<Shared>) -> impl Fn(Change) + Send + Sync {
    let (send, mut changes) = unbounded_channel::<Change>();
    tokio::spawn(async move {
        while let Some(change) = changes.recv().await {
            if abilities.status
                && let Some(services) = shared.upgrade().and_then(|shared| shared.services())
                && let Ok(status) = serde_json::to_value(services.lineup.status())
            {
                client.send_notification::<StatusNotification>(status).await;
            }
            let message = format!("foretype: {change}");
            match change.tell {
                Some(Severity::Warning) => client::show_warning(&client, message).await,
                Some(Severity::Info) => client::show_info(&client, message).await,
                None => {}
            }
        }
    });
    // The receiver ends with the session.
    move |change| drop(send.send(change))
}
