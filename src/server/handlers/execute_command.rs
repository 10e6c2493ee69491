//! `workspace/executeCommand`: what an item's command says after it was accepted, and questions to the server.

use serde_json::Value;
use tower_lsp::gen_lsp_types::ExecuteCommandParams;
use tower_lsp::jsonrpc::{Error, Result};

use super::{document, models, stats, why};
use crate::server::accept::{Part, accept};
use crate::server::agents::commands as agents;
use crate::server::say;
use crate::server::skills;
use crate::server::state::State;

/// An item was accepted; arguments: the number of its request's trace. Without arguments: puts in what is suggested at the
/// cursor, for editors that have a key for a command and no ghost text of their own.
pub const ACCEPT: &str = "foretype.accept";

/// As [`ACCEPT`] without arguments: the next word of it, and the rest of its line or the next one.
pub const ACCEPT_WORD: &str = "foretype.acceptWord";
pub const ACCEPT_LINE: &str = "foretype.acceptLine";

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

/// Answers whether a document gets suggestions: `{language, obstacle}`, see [`document`]. Argument: its URI.
pub const DOCUMENT: &str = "foretype.document";

/// Answers the models that can be downloaded: an array of `{name, size, licence, about, is_here}`.
pub const MODELS: &str = "foretype.models";

/// Begins to download a model, and shows its progress. Argument: its name.
pub const PULL: &str = "foretype.pull";

/// Forgets what was learned from accepts and rejections.
pub const RESET_LEARNING: &str = "foretype.resetLearning";

/// Switches suggestions off, or on again, for this session. Answers whether they are on.
pub const TOGGLE: &str = "foretype.toggle";

/// Show a line about the last request, and about the engines, for editors that have no window for it.
pub const SHOW_WHY: &str = "foretype.showWhy";
pub const SHOW_STATUS: &str = "foretype.showStatus";

const COMMANDS: [&str; 15] = [
    ACCEPT,
    ACCEPT_WORD,
    ACCEPT_LINE,
    DISMISS,
    TOGGLE,
    WHY,
    SHOW_WHY,
    SESSION,
    STATS,
    STATUS,
    SHOW_STATUS,
    DOCUMENT,
    MODELS,
    PULL,
    RESET_LEARNING,
];

/// Beside these, what is about agents and skills.
pub fn commands() -> Vec<String> {
    COMMANDS
        .iter()
        .chain(&agents::COMMANDS)
        .chain(&skills::commands::COMMANDS)
        .map(|command| command.to_string())
        .collect()
}

pub async fn handle(state: &State, mut params: ExecuteCommandParams) -> Result<Value> {
    if skills::commands::COMMANDS.contains(&params.command.as_str()) {
        let argument = params.arguments.take().unwrap_or_default().into_iter().next();
        return skills::commands::handle(state, &params.command, argument).await;
    }
    let services = state.services().ok_or_else(Error::internal_error)?;
    let argument = params.arguments.iter().flatten().next().and_then(Value::as_u64);
    match params.command.as_str() {
        WHY if params.arguments.iter().flatten().next().is_some_and(Value::is_object) => {
            why::handle(state, params.arguments.unwrap_or_default().remove(0)).await
        }
        ACCEPT if argument.is_none() => accept(state, Part::Whole).await,
        ACCEPT_WORD => accept(state, Part::Word).await,
        ACCEPT_LINE => accept(state, Part::Line).await,
        TOGGLE => Ok(say::toggle(state).await.into()),
        SHOW_WHY => {
            say::why(state).await;
            Ok(Value::Null)
        }
        SHOW_STATUS => {
            say::status(state).await;
            Ok(Value::Null)
        }
        ACCEPT => {
            let trace_id = needed(argument, ACCEPT)?;
            services.predictor.accepted(trace_id);
            state.recorder.accepted(trace_id);
            Ok(Value::Null)
        }
        DISMISS => {
            state.recorder.dismissed(needed(argument, DISMISS)?);
            state.places.dismissed();
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
        STATS => stats::handle(state, argument).await,
        DOCUMENT => document::handle(state, &services, &params),
        MODELS => models::list(state).await,
        PULL => models::pull(state, &params).await,
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
