//! `textDocument/inlayHint`: ghost text for editors that have none, as a hint at the cursor. Only its first line can be
//! seen there. For who has set `suggest.inlay_hints`.

use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::Result;

use super::inline_completion::{Answered, begin_at, record};
use crate::predictor::Trigger;
use crate::predictor::outcome::Surface;
use crate::server::convert;
use crate::server::state::State;

pub async fn handle(state: &State, params: lsp::InlayHintParams) -> Result<Vec<lsp::InlayHint>> {
    let id = convert::document_id(&params.text_document.uri);
    let document = state.documents.lock().snapshot(&id).filter(|_| state.shows_hints());
    let place = document.and_then(|document| {
        let cursor = state.places.cursor(&document).filter(|cursor| cursor.is_typing)?;
        let at = |wire| document.text.offset(convert::position(wire), state.encoding());
        let is_seen = (at(params.range.start)..=at(params.range.end)).contains(&cursor.offset);
        is_seen.then_some((document, cursor.offset))
    });
    let asked = place.and_then(|(document, offset)| begin_at(state, document, offset, Trigger::Automatic, None));
    let answered = match asked {
        Some(asked) => asked.answer(state).await?,
        None => None,
    };
    Ok(answered.map_or_else(Vec::new, |answered| {
        record(state, &answered, Surface::Text);
        vec![hint(state, &answered)]
    }))
}

fn hint(state: &State, answered: &Answered) -> lsp::InlayHint {
    let Answered { document, offset, suggestions, .. } = answered;
    // Never empty.
    let suggestion = &suggestions[0];
    let insertion = convert::insertion(document, *offset, suggestion, state.encoding());
    lsp::InlayHint {
        position: insertion.range.start,
        label: lsp::Label::String(label(&suggestion.text)),
        kind: None,
        text_edits: Some(vec![insertion]),
        tooltip: suggestion.text.contains('\n').then(|| lsp::Tooltip::String(suggestion.text.clone())),
        // Off the line that it follows.
        padding_left: suggestion.text.starts_with(['\r', '\n']).then_some(true),
        padding_right: None,
        data: None,
    }
}

/// One line: the first that is not blank, and how many follow.
fn label(text: &str) -> String {
    let below = text.trim_start_matches(['\r', '\n']);
    let (mark, text) = if below.len() < text.len() { ("⏎ ", below.trim_start()) } else { ("", text) };
    let mut lines = text.trim_end().lines();
    let first = lines.next().unwrap_or_default().replace(|c: char| c.is_control(), " ");
    match lines.count() {
        0 => format!("{mark}{first}"),
        n => format!("{mark}{first} ⏎+{n}"),
    }
}
