//! Tells the client of an answer that came too late for the request that it was made for, and still fits: clients of ours
//! ask again then, without a key (`foretype/suggestionReady`), and inlay hints are drawn anew.
//!
//! Told is what the client does not have: nobody waits for it, it fits the text as it is now, at the place where the user
//! is, and it is not what was given there.

use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{LspNotificationMethod, MessageDirection, Notification};

use super::client::{self, Abilities};
use super::convert;
use super::state::{State, WeakState};
use crate::document::DocumentId;

/// For clients with the experimental capability `foretypeSuggestionReady`. Parameters: `textDocument` with `uri` and
/// `version`, and `position`.
enum SuggestionReady {}

impl Notification for SuggestionReady {
    type Params = Value;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::Custom("foretype/suggestionReady");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// What is called with every document for which a model has said something. News may come from any thread.
pub fn tell(client: Client, abilities: Abilities, state: WeakState) -> impl Fn(&DocumentId) + Send + Sync {
    let (send, mut news) = unbounded_channel::<DocumentId>();
    tokio::spawn(async move {
        while let Some(document) = news.recv().await {
            let Some(state) = state.upgrade() else { return };
            let Some(place) = late(&state, &document) else { continue };
            if abilities.suggestion_ready {
                client.send_notification::<SuggestionReady>(place).await;
            }
            if state.shows_hints() {
                client::refresh_hints(&client, abilities);
            }
        }
    });
    // The receiver ends with the session.
    move |document| drop(send.send(document.clone()))
}

/// The place of a suggestion that the client does not have.
fn late(state: &State, document: &DocumentId) -> Option<Value> {
    let services = state.services().filter(|_| !state.is_paused())?;
    let document = state.documents.lock().snapshot(document)?;
    let offset = state.places.at_rest(&document)?.offset;
    let suggestion = services.predictor.peek(&document, offset, state.abilities().suggestion_ready)?;
    let is_new = state.places.tell(&document, offset, &suggestion.text);
    let position = convert::wire_position(&document, offset, state.encoding());
    let identifier = json!({"uri": &*document.id.0, "version": document.version});
    is_new.then(|| json!({"textDocument": identifier, "position": position}))
}
