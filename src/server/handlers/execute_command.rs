//! `workspace/executeCommand`: what an item's command says after it was accepted, and questions to the server.

use serde_json::Value;
use tower_lsp::gen_lsp_types::ExecuteCommandParams;
use tower_lsp::jsonrpc::{Error, Result};

use crate::server::state::State;

/// Arguments: the number of the request's trace.
pub const ACCEPT: &str = "foretype.accept";

/// Answers the traces of the last requests, oldest first. Argument: how many, all by default.
pub const WHY: &str = "foretype.why";

/// Answers what the requests of this session came to, and what they took: an object of counts.
pub const SESSION: &str = "foretype.session";

pub const COMMANDS: [&str; 3] = [ACCEPT, WHY, SESSION];

pub async fn handle(state: &State, params: ExecuteCommandParams) -> Result<Value> {
    let services = state.services().ok_or_else(Error::internal_error)?;
    let argument = params.arguments.iter().flatten().next().and_then(Value::as_u64);
    match params.command.as_str() {
        ACCEPT => {
            let trace_id =
                argument.ok_or_else(|| Error::invalid_params(format!("`{ACCEPT}` needs a trace's number")))?;
            services.predictor.accepted(trace_id);
            Ok(Value::Null)
        }
        SESSION => serde_json::to_value(services.predictor.tally()).map_err(|_| Error::internal_error()),
        WHY => {
            let traces = services.predictor.traces();
            let n_wanted = argument.map_or(traces.len(), |n| n as usize);
            let newest: Vec<_> =
                traces.iter().skip(traces.len().saturating_sub(n_wanted)).map(|trace| &**trace).collect();
            serde_json::to_value(newest).map_err(|_| Error::internal_error())
        }
        unknown => Err(Error::invalid_params(format!("no command `{unknown}`; there are {}", COMMANDS.join(", ")))),
    }
}
