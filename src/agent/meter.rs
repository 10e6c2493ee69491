//! The meter: agents ask their providers through it, so that it knows what they ask, what it costs, and when to stop.
//!
//! It listens on the loopback interface alone; the path of an agent's address carries its hand-off's id and a secret, and
//! what comes under another path is refused. A request goes on to the one upstream of that agent, with the agent's own
//! key, and its answer comes back as it arrives. `tab` is the account of one hand-off, `reading` finds the counts in
//! answers. Nothing of either is kept.

mod reading;
mod tab;

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::catalogue;
use super::store;
use crate::http;
use reading::Reading;
use tab::Ticket;

pub use tab::{Account, Tab};

pub struct Meter {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// By the beginning of their paths: `id/secret`.
    lines: Mutex<HashMap<String, Arc<Line>>>,
    client: reqwest::Client,
}

/// One hand-off's way to its provider.
struct Line {
    tab: Arc<Tab>,
    upstream: Url,
    language: catalogue::Meter,
}

/// A prompt with pictures is some megabytes.
const MAX_BODY: usize = 64 << 20;

/// To a host that does not answer.
const CONNECT: Duration = Duration::from_secs(10);

/// Of one connection, by RFC 9110; and what is ours to say.
const NOT_PASSED_ON: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
    // Its answer must be readable here.
    "accept-encoding",
];

/// What is asked of a model, and paid for.
const PAID: [&str; 6] =
    ["/chat/completions", "/completions", "/responses", "/messages", ":generateContent", ":streamGenerateContent"];

impl Meter {
    /// On any free port.
    pub async fn start() -> io::Result<Meter> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        // A redirect would carry the key to another host.
        let client = reqwest::Client::builder().connect_timeout(CONNECT).tcp_nodelay(true).no_gzip();
        let client = client.redirect(Policy::none()).build().map_err(io::Error::other)?;
        let shared = Arc::new(Shared { lines: Mutex::default(), client });
        let router = Router::new().fallback(pass).with_state(shared.clone());
        tokio::spawn(http::serve(listener, router));
        Ok(Meter { port, shared })
    }

    /// Opens a line; returns the address that takes the place of the provider's.
    pub fn open(&self, id: &str, language: catalogue::Meter, upstream: Url, tab: Arc<Tab>) -> anyhow::Result<String> {
        let key = format!("{id}/{}", store::random()?);
        let line = Arc::new(Line { tab, upstream, language });
        self.shared.lines.lock().insert(key.clone(), line);
        Ok(format!("http://127.0.0.1:{}/{key}", self.port))
    }

    pub fn close(&self, id: &str) {
        self.shared.lines.lock().retain(|key, _| key.split('/').next() != Some(id));
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_string();
    let ends = path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at);
    let line = shared.lines.lock().get(&path[..ends]).cloned();
    match line {
        Some(line) => line.pass(&path[ends..], request, &shared.client).await,
        None => (StatusCode::NOT_FOUND, "no hand-off has this address\n").into_response(),
    }
}

impl Line {
    async fn pass(&self, path: &str, request: Request, client: &reqwest::Client) -> Response {
        let mut url = self.upstream.clone();
        url.set_path(&format!("{}{path}", self.upstream.path().trim_end_matches('/')));
        url.set_query(request.uri().query());
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
            return self.refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large");
        };
        let is_paid = parts.method == Method::POST && PAID.iter().any(|end| path.ends_with(end));
        if !is_paid {
            let sent = client.request(parts.method, url).headers(kept(&parts.headers)).body(body).send().await;
            return match sent {
                Ok(answer) => {
                    let (status, headers) = (answer.status(), answer.headers().clone());
                    answer_with(status, &headers, Body::from_stream(answer.bytes_stream()))
                }
                Err(error) => self.refuse(StatusCode::BAD_GATEWAY, &why(&error)),
            };
        }
        let mut asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let model = asked["model"].as_str().or_else(|| model_in(path)).unwrap_or_default().to_string();
        let n_bytes = body.len();
        let is_open_ai = self.language == catalogue::Meter::OpenAi && path.ends_with("/completions");
        let adds_count = is_open_ai && asks_no_count(&asked);
        let body = if adds_count {
            asked["stream_options"]["include_usage"] = true.into();
            asked.to_string().into()
        } else {
            body
        };
        let ticket = match self.tab.admit(&model, n_bytes).await {
            Ok(ticket) => ticket,
            Err(why) => return self.refuse(StatusCode::PAYMENT_REQUIRED, &why),
        };
        match client.post(url).headers(kept(&parts.headers)).body(body).send().await {
            Ok(answer) => self.bring(answer, ticket, adds_count),
            Err(error) => {
                let why = why(&error);
                ticket.lost(&why);
                self.refuse(StatusCode::BAD_GATEWAY, &why)
            }
        }
    }

    /// The answer as it comes, read on the way.
    fn bring(&self, answer: reqwest::Response, mut ticket: Ticket, hides_count: bool) -> Response {
        let status = answer.status();
        if status.is_redirection() {
            let why = "its provider answers with a redirect; give the address that it leads to as `upstream`";
            ticket.lost(why);
            return self.refuse(StatusCode::BAD_GATEWAY, why);
        }
        ticket.answered(status.as_u16());
        let headers = answer.headers().clone();
        let is_stream =
            headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let reading = Reading::new(is_stream, hides_count && is_stream);
        answer_with(status, &headers, Body::from_stream(watched(answer.bytes_stream(), ticket, reading)))
    }

    /// In the words of the provider, which the agent's own library reads.
    fn refuse(&self, status: StatusCode, why: &str) -> Response {
        let message = format!("foretype: {why}");
        let body = match self.language {
            catalogue::Meter::Anthropic => {
                json!({"type": "error", "error": {"type": "billing_error", "message": message}})
            }
            catalogue::Meter::Gemini => {
                json!({"error": {"code": status.as_u16(), "message": message, "status": "RESOURCE_EXHAUSTED"}})
            }
            _ => json!({"error": {"message": message, "type": "insufficient_quota", "code": "insufficient_quota"}}),
        };
        (status, axum::Json(body)).into_response()
    }
}

/// The ticket is settled when the stream has ended, or was dropped with the agent's connection.
fn watched(
    answer: impl Stream<Item = reqwest::Result<axum::body::Bytes>> + Send + 'static,
    ticket: Ticket,
    reading: Reading,
) -> impl Stream<Item = Result<axum::body::Bytes, reqwest::Error>> + Send {
    let answer = Box::pin(answer);
    futures::stream::unfold(Some((answer, ticket, reading)), async |state| {
        let (mut answer, mut ticket, mut reading) = state?;
        match answer.next().await {
            Some(Ok(bytes)) => {
                let bytes = reading.push(bytes);
                ticket.heard(reading.counts());
                Some((Ok(bytes), Some((answer, ticket, reading))))
            }
            Some(Err(error)) => {
                ticket.lost(&why(&error));
                Some((Err(error), None))
            }
            None => {
                let rest = reading.end();
                ticket.heard(reading.counts());
                ticket.done();
                (!rest.is_empty()).then_some((Ok(rest), None))
            }
        }
    })
}

fn answer_with(status: StatusCode, headers: &HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = kept(headers);
    response
}

fn kept(headers: &HeaderMap) -> HeaderMap {
    let is_kept = |(name, _): &(&HeaderName, &HeaderValue)| !NOT_PASSED_ON.contains(&name.as_str());
    headers.iter().filter(is_kept).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A stream of OpenAI's says what it took only where that is wished.
fn asks_no_count(asked: &Value) -> bool {
    asked["stream"] == true && asked["stream_options"]["include_usage"] != true
}

/// `…/models/NAME:generateContent`
fn model_in(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.split(':').next()
}

/// Without the address, which may hold a key.
fn why(error: &reqwest::Error) -> String {
    match () {
        () if error.is_connect() => "its provider cannot be reached".to_string(),
        () if error.is_timeout() => "its provider does not answer".to_string(),
        () => "its provider has broken off".to_string(),
    }
}
