//! `workspace/executeCommand`: what an item's command says after it was accepted, and questions to the server.

use serde_json::Value;
use tower_lsp::gen_lsp_types::ExecuteCommandParams;
use tower_lsp::jsonrpc::{Error, Result};

use super::{document, models};
use crate::ledger;
use crate::server::record::Recorder;
use crate::server::state::State;

/// Arguments: the number of the request's trace.
pub const ACCEPT: &str = "foretype.accept";

/// The user does not want it. Arguments: the number of the request's trace.
pub const DISMISS: &str = "foretype.dismiss";

/// Answers the traces of the last requests, oldest first. Argument: how many, all by default.
pub const WHY: &str = "foretype.why";

/// Answers what the requests of this session came to, and what they took: an object of counts.
pub const SESSION: &str = "foretype.session";

/// Answers what `foretype stats --json` prints, or `null` where nothing is recorded. Argument: of how many days.
pub const STATS: &str = "foretype.stats";

/// Answers which engines there are, how each model does, and which answers now: a `router::Status`.
pub const STATUS: &str = "foretype.status";

/// Answers whether a document gets suggestions: `{language, obstacle}`, see [`document`]. Argument: its URI.
pub const DOCUMENT: &str = "foretype.document";

/// Answers the models that can be downloaded: an array of `{name, size, licence, about, is_here}`.
pub const MODELS: &str = "foretype.models";

/// Begins to download a model, and shows its progress. Argument: its name.
pub const PULL: &str = "foretype.pull";

/// Forgets what was learned from accepts and rejections.
pub const RESET_LEARNING: &str = "foretype.resetLearning";

pub const COMMANDS: [&str; 10] = [ACCEPT, DISMISS, WHY, SESSION, STATS, STATUS, DOCUMENT, MODELS, PULL, RESET_LEARNING];

const USUAL_DAYS: u32 = 30;

pub async fn handle(state: &State, params: ExecuteCommandParams) -> Result<Value> {
    let services = state.services().ok_or_else(Error::internal_error)?;
    let argument = params.arguments.iter().flatten().next().and_then(Value::as_u64);
    match params.command.as_str() {
        ACCEPT => {
            let trace_id = needed(argument, ACCEPT)?;
            services.predictor.accepted(trace_id);
            state.recorder.accepted(trace_id);
            Ok(Value::Null)
        }
        DISMISS => {
            state.recorder.dismissed(needed(argument, DISMISS)?);
            Ok(Value::Null)
        }
        SESSION => serde_json::to_value(services.predictor.tally()).map_err(|_| Error::internal_error()),
        STATUS => {
            let status = tokio::task::spawn_blocking(move || serde_json::to_value(services.lineup.status())).await;
            status.ok().and_then(|status| status.ok()).ok_or_else(Error::internal_error)
        }
        WHY => {
            let traces = services.predictor.traces();
            let n_wanted = argument.map_or(traces.len(), |n| n as usize);
            let newest: Vec<_> =
                traces.iter().skip(traces.len().saturating_sub(n_wanted)).map(|trace| &**trace).collect();
            serde_json::to_value(newest).map_err(|_| Error::internal_error())
        }
        STATS => {
            let n_days = argument.map_or(USUAL_DAYS, |n| n.clamp(1, u64::from(u32::MAX)) as u32);
            stats(state.recorder.clone(), n_days).await
        }
        DOCUMENT => document::handle(state, &services, &params),
        MODELS => models::list(state).await,
        PULL => models::pull(state, &params).await,
        RESET_LEARNING => {
            state.recorder.ledger().reset_learning();
            Ok(Value::Null)
        }
        unknown => Err(Error::invalid_params(format!("no command `{unknown}`; there are {}", COMMANDS.join(", ")))),
    }
}

fn needed(trace_id: Option<u64>, command: &str) -> Result<u64> {
    trace_id.ok_or_else(|| Error::invalid_params(format!("`{command}` needs a trace's number")))
}

async fn stats(recorder: Recorder, n_days: u32) -> Result<Value> {
    let read = move || {
        recorder.finish();
        recorder.file().map_or(Ok(None), |file| ledger::report(&file, n_days))
    };
    let report = tokio::task::spawn_blocking(read).await.map_err(|_| Error::internal_error())?;
    let failed = |error| Error { message: format!("{error:#}").into(), ..Error::internal_error() };
    serde_json::to_value(report.map_err(failed)?).map_err(|_| Error::internal_error())
}
