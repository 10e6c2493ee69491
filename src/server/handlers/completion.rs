//! `textDocument/completion`: the same suggestions as menu items, for editors without ghost text.

use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;

use super::inline_completion::{Answered, begin, record};
use crate::predictor::Trigger;
use crate::predictor::outcome::Surface;
use crate::server::convert;
use crate::server::skills;
use crate::server::state::State;

pub async fn handle(state: &State, params: lsp::CompletionParams) -> Result<lsp::CompletionResponse> {
    let place = &params.text_document_position_params;
    if let Some(typed) = skills::names::typed(state, place) {
        let items = typed.items(state).await;
        let list = lsp::CompletionList { is_incomplete: true, items, ..lsp::CompletionList::default() };
        return Ok(lsp::CompletionResponse::CompletionList(list));
    }
    // Where ghost text shows a suggestion, the menu need not repeat it, and never will.
    let asked = if state.has_menu() { begin(state, place, Trigger::Automatic, None) } else { None };
    // Else incomplete, with items or without: the next letter asks again, and its answer comes from the cache.
    let is_incomplete = asked.is_some();
    let answered = match asked {
        Some(asked) => asked.answer(state).await?,
        None => None,
    };
    let items = answered.map_or_else(Vec::new, |answered| {
        record(state, &answered, Surface::Menu);
        items(state, &answered)
    });
    let list = lsp::CompletionList { is_incomplete, items, ..lsp::CompletionList::default() };
    Ok(lsp::CompletionResponse::CompletionList(list))
}

fn items(state: &State, answered: &Answered) -> Vec<lsp::CompletionItem> {
    let Answered { document, offset, suggestions, trace_id, made, .. } = answered;
    let suggestions = suggestions.iter().enumerate();
    suggestions
        .map(|(rank, suggestion)| {
            convert::completion_item(suggestion, rank, document, *offset, state.encoding(), (*trace_id, made.source))
        })
        .collect()
}
