//! `textDocument/inlineCompletion`: ghost text.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Result};

use crate::document::{Clearance, DocumentId, Snapshot};
use crate::ledger::totals;
use crate::predictor::{Made, Outcome, Predictor, Quick, Request, Selected, Trigger};
use crate::server::state::{Services, State};
use crate::server::worker::{Superseded, Turn};
use crate::server::{convert, record};
use crate::suggestion::Suggestion;
use crate::text::Position;

/// What is shown, and the place it is for.
pub struct Answered {
    pub document: Snapshot,
    pub offset: usize,
    pub selected: Option<Selected>,
    pub suggestions: Vec<Suggestion>,
    pub made: Made,
    pub trace_id: u64,
    /// From the request's arrival.
    pub latency: Duration,
}

pub async fn handle(state: &State, params: lsp::InlineCompletionParams) -> Result<lsp::InlineCompletionResponse> {
    let trigger = match params.context.trigger_kind {
        lsp::InlineCompletionTriggerKind::Invoked => Trigger::Invoked,
        _ => Trigger::Automatic,
    };
    let selected = params.context.selected_completion_info;
    let place = params.text_document_position_params;
    let answered = match begin(state, &place, trigger, selected.as_ref()) {
        Some(asked) => asked.answer(state).await?,
        None => None,
    };
    let items = answered.map_or_else(Vec::new, |answered| {
        record(state, &answered);
        let Answered { document, offset, selected, suggestions, trace_id, made, .. } = &answered;
        let item = |suggestion: &Suggestion| {
            convert::inline_item(
                suggestion,
                document,
                *offset,
                selected.as_ref(),
                state.encoding(),
                (*trace_id, made.source),
            )
        };
        suggestions.iter().map(item).collect()
    });
    // A list, never null: Neovim keeps showing, and accepting, its old text on null.
    Ok(lsp::InlineCompletionResponse::InlineCompletionList(lsp::InlineCompletionList { items }))
}

/// A request that holds its snapshot and its turn.
pub struct Asked {
    request: Request,
    turn: Turn,
    services: Services,
    arrived: Instant,
}

/// Takes the snapshot and the turn; belongs before the first await. `None` for a document that is not open.
pub fn begin(
    state: &State,
    place: &lsp::TextDocumentPositionParams,
    trigger: Trigger,
    selected: Option<&lsp::SelectedCompletionInfo>,
) -> Option<Asked> {
    let arrived = Instant::now();
    state.recorder.count(totals::REQUESTS);
    let id = convert::document_id(&place.text_document.uri);
    let services = state.services()?;
    let (document, others) = {
        let documents = state.documents.lock();
        (documents.snapshot(&id), documents.snapshots())
    };
    let Some(document) = document else {
        tracing::warn!("no suggestion in {}: it is not open", id.0);
        return None;
    };
    let encoding = state.encoding();
    let position: Position = convert::position(place.position);
    let offset = document.text.offset(position, encoding);
    state.visit(&services, &document, offset);
    let selected = selected.and_then(|info| convert::selected(info, &document, offset, encoding));
    let request = Request { document, offset, others, trigger, selected };
    Some(Asked::start(state, services, request, arrived))
}

/// How long a model goes on for a request that the client has cancelled: with the next key it asks again, and most keys
/// are what the model was about to say.
const GRACE: Duration = Duration::from_millis(30);

/// Tells the predictor when its request was dropped before it was answered.
struct Waiting {
    predictor: Arc<Predictor>,
    document: DocumentId,
    is_over: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.predictor.wake();
        let (predictor, document) = (self.predictor.clone(), self.document.clone());
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            predictor.abandon(&document);
        });
    }
}

impl Asked {
    /// Takes the turn of the request's document.
    pub fn start(state: &State, services: Services, request: Request, arrived: Instant) -> Asked {
        let turn = state.worker.take_turn(&request.document.id);
        services.predictor.wake();
        Asked { request, turn, services, arrived }
    }

    /// `None` when there is nothing to show; an error when a newer request came.
    pub async fn answer(mut self, state: &State) -> Result<Option<Answered>> {
        let predictor = self.services.predictor;
        if self.request.document.clearance == Clearance::Pending {
            let verdict = self.turn.unless_superseded(state.analysis.verdict(&self.request.document)).await;
            self.request.document.clearance = verdict.map_err(|superseded| cancelled(state, &superseded))?;
        }
        let (document, offset) = (self.request.document.clone(), self.request.offset);
        let selected = self.request.selected.clone();
        let answer = match predictor.quick(&self.request) {
            Quick::Answered(answer) => answer,
            Quick::Open(trace) => {
                let document = document.id.clone();
                let mut waiting = Waiting { predictor: predictor.clone(), document, is_over: false };
                let answer = state.worker.full(&mut self.turn, predictor, self.request, trace).await;
                waiting.is_over = answer.is_ok();
                answer.map_err(|superseded| cancelled(state, &superseded))?.ok_or_else(Error::internal_error)?
            }
        };
        match answer.outcome {
            Outcome::Suggest { suggestions, made } => {
                let (trace_id, latency) = (answer.trace.id, self.arrived.elapsed());
                Ok(Some(Answered { document, offset, selected, suggestions, made, trace_id, latency }))
            }
            Outcome::Nothing(_) => Ok(None),
            Outcome::Cancelled => Err(Error::request_cancelled()),
        }
    }
}

fn cancelled(state: &State, _: &Superseded) -> Error {
    state.recorder.count(totals::SUPERSEDED);
    Error::request_cancelled()
}

/// Begins to watch what becomes of it. Over a menu's item the text is not the document's, and nothing is recorded.
pub fn record(state: &State, answered: &Answered) {
    let Answered { document, offset, selected, suggestions, made, trace_id, latency } = answered;
    if selected.is_some() {
        return;
    }
    let (offset, trace_id, latency, made) = (*offset, *trace_id, *latency, *made);
    let current = state.documents.lock().snapshot(&document.id);
    let answered = record::Answered { trace_id, document, offset, suggestions, made, latency };
    state.recorder.answered(&answered, current.as_ref());
}
