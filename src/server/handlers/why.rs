//! The command `foretype.why` of one place: why there is, or is not, a suggestion there, as text.

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types::TextDocumentPositionParams;
use tower_lsp::jsonrpc::{Error, Result};

use super::inline_completion;
use crate::predictor::{Predictor, Trace, Trigger};
use crate::server::convert;
use crate::server::state::State;

/// Tells of the last request in the document if it was made there: that is what the user has just seen. Otherwise asks,
/// as typing would.
pub async fn handle(state: &State, argument: Value) -> Result<Value> {
    let place: TextDocumentPositionParams = serde_json::from_value(argument).map_err(|error| {
        Error::invalid_params(format!("`foretype.why` needs a number, or a document and a position: {error}"))
    })?;
    let id = convert::document_id(&place.text_document.uri);
    let predictor = state.services().ok_or_else(Error::internal_error)?.predictor;
    let Some(document) = state.documents.lock().snapshot(&id) else {
        return Err(Error::invalid_params(format!("{} is not open, so nothing is suggested there", id.0)));
    };
    let offset = document.text.offset(convert::position(place.position), state.encoding());
    let line = document.text.line_of(offset);
    let column = offset - document.text.line_range(line).start;
    let is_there = |trace: &Trace| (trace.line, trace.column) == (line + 1, column + 1);

    let mut last = newest(&predictor, &id.0);
    if !last.as_ref().is_some_and(is_there) {
        if let Some(asked) = inline_completion::begin(state, &place, Trigger::Automatic, None) {
            asked.answer(state).await?;
        }
        last = newest(&predictor, &id.0);
    }
    let last = last.ok_or_else(Error::internal_error)?;
    Ok(json!({"text": last.to_string()}))
}

fn newest(predictor: &Predictor, document: &str) -> Option<Trace> {
    let traces = predictor.traces();
    traces.iter().rfind(|trace| trace.document == document).map(|trace| (**trace).clone())
}
