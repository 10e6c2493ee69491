//! Who may ask, and what everybody else is told.
//!
//! Loopback keeps other machines out, not other users and not web pages. A page can make a browser send requests here,
//! also under a name of its own that resolves to this machine (DNS rebinding): hence the exact `Host`, no `Origin`, and
//! the token, which only the user's own programs can read.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{App, MAX_BODY_BYTES, MAX_QUESTIONS};

/// An answer that is an error: what is wrong, and what to do.
#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    message: String,
}

/// Looks at every request before its handler does, and counts its answer.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = match admit(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = refusal.for_path(&path);
    }
    app.counters.count(&path, response.status().as_u16());
    response
}

fn admit(app: &App, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    if !is_our_host(headers, app.port) {
        let port = app.port;
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            format!(
                "the Host header must be 127.0.0.1:{port}, localhost:{port} or [::1]:{port}; use one of these names in \
                 the URL"
            ),
        ));
    }
    if headers.contains_key(header::ORIGIN) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "requests of web pages (with an Origin header) are refused; send it from a program",
        ));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(Refusal::long_body());
    }
    // It says nothing but that we are here.
    if request.uri().path() == "/health" || given_token(headers).is_some_and(|given| app.token.is(given)) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "the key is missing or wrong; send `Authorization: Bearer KEY` with the key that `foretype http token` prints",
    ))
}

/// One header, and exactly one of our names with our port.
fn is_our_host(headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{port}"))
}

fn given_token(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    bearer.or_else(|| headers.get("x-api-key")?.to_str().ok())
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal { status, message: message.into() }
    }

    pub fn unknown_path() -> Refusal {
        let paths =
            "/v1/completions, /v1/fim/completions, /api/generate, /infill, /v1/models, /api/tags, /metrics, /health";
        Refusal::new(StatusCode::NOT_FOUND, format!("there is no such path; there are {paths}"))
    }

    pub fn wrong_method() -> Refusal {
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "completions are asked for with POST, everything else with GET")
    }

    pub fn slow_body() -> Refusal {
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time; send it at once")
    }

    pub fn cut_off() -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "the body was cut off; send it whole")
    }

    pub fn long_body() -> Refusal {
        let message = format!("the body has more than {MAX_BODY_BYTES} bytes; send less of the file around the cursor");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    pub fn busy() -> Refusal {
        let message = format!(
            "{MAX_QUESTIONS} requests are in work already; ask again in a moment, and drop what you no longer wait for"
        );
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Says where, not what: an error in the middle of a text would quote it.
    pub fn malformed(error: &serde_json::Error) -> Refusal {
        let (line, column) = (error.line(), error.column());
        let message = match error.classify() {
            serde_json::error::Category::Data => {
                format!(
                    "a member of the request has the wrong type (line {line}, column {column}): prompt, suffix, path, \
                     language and model are texts, stream is true or false"
                )
            }
            _ => format!("the body is not JSON (line {line}, column {column})"),
        };
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn missing(member: &str) -> Refusal {
        let message = format!("`{member}` is missing: the text before the cursor, or a whole prompt with FIM markers");
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn several_prompts() -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "`prompt` must be one text; send one request for each prompt")
    }

    pub fn unknown_language(id: &str) -> Refusal {
        let id: String = id.chars().take(40).collect();
        let message =
            format!("`language` is no known language: `{id}`; leave it out, or name one as editors do, such as `rust`");
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn rewrite() -> Refusal {
        let message = "this prompt asks for a rewritten region, but only the text at the cursor is answered; in Zed, \
                       set `prompt_format` to `qwen`";
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    /// Ollama's clients read a text, the others an object.
    fn for_path(self, path: &str) -> Response {
        let Refusal { status, message } = self;
        let kind = if status == StatusCode::UNAUTHORIZED { "authentication_error" } else { "invalid_request_error" };
        let body = match path.starts_with("/api/") {
            true => json!({"error": message}),
            false => json!({"error": {"message": message, "type": kind}}),
        };
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

/// [`guard`] makes the body: its form depends on the path.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
