//! `workspace/executeCommand`: what an item's command says after it was accepted, and questions to the server.

use serde_json::Value;
use tower_lsp::gen_lsp_types::ExecuteCommandParams;
use tower_lsp::jsonrpc::{Error, Result};

use super::{stats, why};
use crate::server::state::State;

/// Arguments: the number of the request's trace.
pub const ACCEPT: &str = "foretype.accept";

/// The user does not want it. Arguments: the number of the request's trace.
pub const DISMISS: &str = "foretype.dismiss";

/// Answers the traces of the last requests, oldest first. Argument: how many, all by default. Or, for people: the
/// argument is `{textDocument, position}`, and the answer `{text}`, see [`why`].
pub const WHY: &str = "foretype.why";

/// Answers what the requests of this session came to, and what they took: an object of counts.
pub const SESSION: &str = "foretype.session";

/// Answers what `foretype stats --json` prints, with `today: {saved_characters, cost_usd}` and a `text` for people; or
/// `null` where nothing is recorded. Argument: of how many days.
pub const STATS: &str = "foretype.stats";

/// Answers which engines there are, how each model does, and which answers now: a `router::Status`.
pub const STATUS: &str = "foretype.status";

/// Forgets what was learned from accepts and rejections.
pub const RESET_LEARNING: &str = "foretype.resetLearning";

pub const COMMANDS: [&str; 7] = [ACCEPT, DISMISS, WHY, SESSION, STATS, STATUS, RESET_LEARNING];

pub async fn handle(state: &State, params: ExecuteCommandParams) -> Result<Value> {
    let services = state.services().ok_or_else(Error::internal_error)?;
    let argument = params.arguments.iter().flatten().next().and_then(Value::as_u64);
    match params.command.as_str() {
        WHY if params.arguments.iter().flatten().next().is_some_and(Value::is_object) => {
            why::handle(state, params.arguments.unwrap_or_default().remove(0)).await
        }
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
        STATUS => serde_json::to_value(services.lineup.status()).map_err(|_| Error::internal_error()),
        WHY => {
            let traces = services.predictor.traces();
            let n_wanted = argument.map_or(traces.len(), |n| n as usize);
            let newest: Vec<_> =
                traces.iter().skip(traces.len().saturating_sub(n_wanted)).map(|trace| &**trace).collect();
            serde_json::to_value(newest).map_err(|_| Error::internal_error())
        }
        STATS => stats::handle(state, argument).await,
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
