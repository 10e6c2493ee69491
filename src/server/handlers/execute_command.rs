//! `workspace/executeCommand`: what an item's command says after it was accepted, and questions to the server.

use serde_json::Value;
use tower_lsp::gen_lsp_types::ExecuteCommandParams;
use tower_lsp::jsonrpc::{Error, Result};

use crate::ledger;
use crate::server::agents::commands as agents;
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

/// Forgets what was learned from accepts and rejections.
pub const RESET_LEARNING: &str = "foretype.resetLearning";

const COMMANDS: [&str; 7] = [ACCEPT, DISMISS, WHY, SESSION, STATS, STATUS, RESET_LEARNING];

/// Beside these, what is about agents.
pub fn commands() -> Vec<String> {
    COMMANDS.iter().chain(&agents::COMMANDS).map(|command| command.to_string()).collect()
}

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
        STATUS => serde_json::to_value(services.lineup.status()).map_err(|_| Error::internal_error()),
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
        RESET_LEARNING => {
            state.recorder.ledger().reset_learning();
            Ok(Value::Null)
        }
        command if agents::COMMANDS.contains(&command) => {
            agents::handle(state, command, params.arguments.and_then(|all| all.into_iter().next())).await
        }
        unknown => Err(Error::invalid_params(format!("no command `{unknown}`; there are {}", commands().join(", ")))),
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
