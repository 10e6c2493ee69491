//! Accepting by a command, for editors that have a key for one and no ghost text of their own: what stands at the cursor
//! is put in by the client, at our request.

use std::time::Duration;

use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};

use super::handlers::inline_completion::begin_at;
use super::state::State;
use super::{client, convert};
use crate::document::Snapshot;
use crate::predictor::Trigger;
use crate::suggestion::Suggestion;

/// How much of a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Word,
    Line,
}

/// The client may have typed on while we asked it: then once more, on the newer text.
const N_TRIES: usize = 2;

/// Who has pressed a key for it waits no longer for text that is not on the screen yet.
const PATIENCE: Duration = Duration::from_millis(300);

/// A request that could not be done, for a reason that the user should know.
const REQUEST_FAILED: i64 = -32803;

/// Answers the text that was put in; `null` where nothing is suggested.
pub async fn accept(state: &State, part: Part) -> Result<Value> {
    let mut refusal = String::new();
    for _ in 0..N_TRIES {
        let Some((document, offset, suggestion)) = at_cursor(state).await else { return Ok(Value::Null) };
        let taken = part.of(&suggestion);
        let edit = convert::insertion(&document, offset, &taken, state.encoding());
        let edit = convert::workspace_edit(&document, vec![edit], state.abilities());
        match client::apply(&state.client, edit).await {
            Ok(()) => {
                note(state, &document, offset, part, &taken);
                return Ok(json!(taken.text));
            }
            Err(why) => refusal = why,
        }
    }
    let message = format!("foretype: the editor did not put in the suggestion: {refusal}");
    Err(Error { code: ErrorCode::ServerError(REQUEST_FAILED), message: message.into(), data: None })
}

/// What is suggested where the user is. Who is faster than the editor asks is asked for here.
async fn at_cursor(state: &State) -> Option<(Snapshot, usize, Suggestion)> {
    let services = state.services().filter(|_| !state.is_paused())?;
    let document = state.documents.lock().snapshot(&state.places.current()?)?;
    let offset = state.places.cursor(&document)?.offset;
    if let Some(suggestion) = services.predictor.peek(&document, offset, state.abilities().suggestion_ready) {
        return Some((document, offset, suggestion));
    }
    let asked = begin_at(state, document.clone(), offset, Trigger::Automatic, None)?;
    let answered = tokio::time::timeout(PATIENCE, asked.answer(state)).await.ok()?.ok()??;
    let suggestion = answered.suggestions.into_iter().next()?;
    Some((document, offset, suggestion))
}

/// As when a client with ghost text tells of it.
fn note(state: &State, document: &Snapshot, offset: usize, part: Part, taken: &Suggestion) {
    let Some(trace_id) = state.places.trace_of(document, offset) else { return };
    match part {
        Part::Whole => {
            state.recorder.accepted(trace_id);
            state.services().inspect(|services| services.predictor.accepted(trace_id));
        }
        Part::Word | Part::Line => state.recorder.partially_accepted(trace_id, taken.text.chars().count()),
    }
}

impl Part {
    /// The beginning of a suggestion. What replaces text right of the cursor does so only as a whole.
    pub fn of(self, suggestion: &Suggestion) -> Suggestion {
        let text = suggestion.text.as_str();
        let n = match self {
            Part::Whole => text.len(),
            Part::Word => word_end(text),
            Part::Line => line_end(text),
        };
        if n == text.len() {
            return suggestion.clone();
        }
        Suggestion { text: text[..n].to_string(), n_replaced: 0 }
    }
}

/// Blanks, and the word or the signs that follow them.
fn word_end(text: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let Some(first) = text[start..].chars().next() else { return text.len() };
    let ends = |c: char| c.is_whitespace() || is_word(c) != is_word(first);
    text[start..].find(ends).map_or(text.len(), |n| start + n)
}

/// The rest of this line, or the whole next one.
fn line_end(text: &str) -> usize {
    let start = if text.starts_with("\r\n") { 2 } else { usize::from(text.starts_with(['\n', '\r'])) };
    text[start..].find(['\r', '\n']).map_or(text.len(), |n| start + n)
}
