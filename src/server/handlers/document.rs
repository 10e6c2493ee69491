//! The command `foretype.document`: whether a document gets suggestions, for what an editor shows beside it.

use serde_json::{Value, json};
use tower_lsp::gen_lsp_types::{ExecuteCommandParams, Uri};
use tower_lsp::jsonrpc::{Error, Result};

use crate::server::convert;
use crate::server::state::{Services, State};

/// `language` is `null` where it is not known by name; `obstacle` says why nothing is suggested, `null` where something
/// may be.
pub fn handle(state: &State, services: &Services, params: &ExecuteCommandParams) -> Result<Value> {
    let argument = params.arguments.iter().flatten().next().and_then(|argument| argument.as_str());
    let uri: Option<Uri> = argument.and_then(|uri| uri.parse().ok());
    let uri = uri.ok_or_else(|| Error::invalid_params("`foretype.document` needs a document's URI"))?;
    let Some(document) = state.documents.lock().snapshot(&convert::document_id(&uri)) else {
        return Ok(json!({"language": null, "obstacle": "the editor has not opened it here"}));
    };
    let language = document.language.map(crate::syntax::Language::id);
    Ok(json!({"language": language, "obstacle": services.predictor.obstacle(&document)}))
}
