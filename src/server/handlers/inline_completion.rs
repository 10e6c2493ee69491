//! `textDocument/inlineCompletion`: ghost text.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tower_lsp::gen_lsp_types as lsp;
use tower_lsp::jsonrpc::{Error, Result};

use crate::document::{Clearance, DocumentId, Snapshot};
use crate::ledger::totals;
use crate::predictor::outcome::Surface;
use crate::predictor::{Made, Outcome, Predictor, Quick, Request, Selected, Trigger};
use crate::server::places::Waiting;
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
        Some(mut asked) => {
            asked.request.takes_beginnings = trigger == Trigger::Automatic && state.abilities().suggestion_ready;
            asked.answer(state).await?
        }
        None => None,
    };
    let items = answered.map_or_else(Vec::new, |answered| {
        record(state, &answered, Surface::Text);
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
    /// While there is an answer to come, of a request at the cursor.
    waiting: Option<Waiting>,
}

/// Takes the snapshot and the turn; belongs before the first await. `None` for a document that is not open.
pub fn begin(
    state: &State,
    place: &lsp::TextDocumentPositionParams,
    trigger: Trigger,
    selected: Option<&lsp::SelectedCompletionInfo>,
) -> Option<Asked> {
    let id = convert::document_id(&place.text_document.uri);
    let Some(document) = state.documents.lock().snapshot(&id) else {
        tracing::warn!("no suggestion in {}: it is not open", id.0);
        return None;
    };
    let encoding = state.encoding();
    let position: Position = convert::position(place.position);
    let offset = document.text.offset(position, encoding);
    let selected = selected.and_then(|info| convert::selected(info, &document, offset, encoding));
    begin_at(state, document, offset, trigger, selected)
}

/// As [`begin`], for who has the snapshot already. `None` while suggestions are switched off.
pub fn begin_at(
    state: &State,
    document: Snapshot,
    offset: usize,
    trigger: Trigger,
    selected: Option<Selected>,
) -> Option<Asked> {
    let arrived = Instant::now();
    let services = state.services().filter(|_| !state.is_paused())?;
    state.recorder.count(totals::REQUESTS);
    state.stir();
    let others = state.documents.lock().snapshots();
    // Over a menu's item the text is not the document's.
    let waiting = selected.is_none().then(|| state.places.asked(&document, offset));
    let request = Request { document, offset, others, trigger, selected, takes_beginnings: false };
    Some(Asked { waiting, ..Asked::start(state, services, request, arrived) })
}

/// How long a model goes on for a request that the client has cancelled: with the next key it asks again, and most keys
/// are what the model was about to say.
const GRACE: Duration = Duration::from_millis(30);

/// Tells the predictor when its request was dropped before it was answered.
struct Unanswered {
    predictor: Arc<Predictor>,
    document: DocumentId,
    is_over: bool,
}

impl Drop for Unanswered {
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
        Asked { request, turn, services, arrived, waiting: None }
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
                let mut unanswered = Unanswered { predictor: predictor.clone(), document, is_over: false };
                let answer = state.worker.full(&mut self.turn, predictor, self.request, trace).await;
                unanswered.is_over = answer.is_ok();
                answer.map_err(|superseded| cancelled(state, &superseded))?.ok_or_else(Error::internal_error)?
            }
        };
        if self.waiting.is_some() {
            let first = match &answer.outcome {
                Outcome::Suggest { suggestions, .. } => suggestions.first(),
                _ => None,
            };
            let text = first.map(|suggestion| suggestion.text.as_str());
            state.places.answered(&document, offset, text, answer.trace.id);
        }
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
pub fn record(state: &State, answered: &Answered, surface: Surface) {
    let Answered { document, offset, selected, suggestions, made, trace_id, latency } = answered;
    if selected.is_some() {
        return;
    }
    let (offset, trace_id, latency, made) = (*offset, *trace_id, *latency, *made);
    let current = state.documents.lock().snapshot(&document.id);
    let answered = record::Answered { trace_id, document, offset, suggestions, surface, made, latency };
    state.recorder.answered(&answered, current.as_ref());
}
