//! `textDocument/completion`: the same suggestions as menu items, for editors without ghost text.

use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;

use super::inline_completion::{Answered, begin};
use crate::predictor::Trigger;
use crate::server::convert;
use crate::server::state::State;

pub async fn handle(state: &State, params: lsp::CompletionParams) -> Result<lsp::CompletionResponse> {
    // Where ghost text shows a suggestion, the menu need not repeat it.
    let asked = match state.abilities().inline_completion {
        true => None,
        false => begin(state, &params.text_document_position_params, Trigger::Automatic, None),
    };
    let answered = match asked {
        Some(asked) => asked.answer(state).await?,
        None => None,
    };
    let items = answered.map_or_else(Vec::new, |answered| items(state, &answered));
    // Incomplete: the next letter asks again, and the answer comes from the cache.
    Ok(lsp::CompletionResponse::CompletionList(lsp::CompletionList {
        is_incomplete: true,
        items,
        ..lsp::CompletionList::default()
    }))
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
