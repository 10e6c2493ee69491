//! Completions over HTTP, for programs on this machine that know no language server: Zed, llama.vim, curl.
//!
//! `dialect` knows the requests and answers of OpenAI, Mistral, Ollama and llama.cpp, `guard` who may ask, `token` the
//! key, `listener` connections and their limits. The answers are a [`Session`]'s: must not know documents, engines or
//! the server. An answer is checked text, so it comes as a whole, also to who wants a stream. Read [`Endpoint`] first.

mod counters;
mod dialect;
mod guard;
mod listener;
mod reply;
mod token;

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router, middleware};
use futures::StreamExt;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::syntax::Language;
use counters::Counters;
use dialect::{Asked, Dialect};
use guard::Refusal;
use reply::Reply;

pub use listener::serve;
pub use token::Token;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub enabled: bool,
    /// 0 takes any that is free.
    pub port: u16,
}

/// The text around a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub prefix: String,
    pub suffix: String,
    /// As the client gives it: absolute, or relative to the project.
    pub path: Option<String>,
    pub language: Option<Language>,
}

pub type Filled = Pin<Box<dyn Future<Output = String> + Send>>;

/// Whoever answers.
pub trait Session: Send + Sync + 'static {
    /// What belongs into the hole; empty where nothing good is known. The future is dropped when its client leaves.
    fn fill(&self, question: Question) -> Filled;
    /// Lines in Prometheus's text format, each with its line break.
    fn metrics(&self) -> String;
}

/// A port that is ours, on the loopback interface alone.
pub struct Endpoint {
    listener: TcpListener,
    port: u16,
}

/// A longer body is refused with 413.
pub const MAX_BODY_BYTES: usize = 2 << 20;
/// Questions in work at once; more are refused with 503.
pub const MAX_QUESTIONS: usize = 16;

/// A body that has not come by then never will.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Who waits longer has stopped waiting; the text has changed.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long another program at our port may take to say who it is.
const NAME_WITHIN: Duration = Duration::from_secs(1);

const NAME: &str = "foretype";
const HEALTHY: &str =
    concat!("{\"server\":\"foretype\",\"status\":\"ok\",\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}");

/// What the handlers share.
struct App {
    session: Arc<dyn Session>,
    token: Token,
    port: u16,
    questions: Semaphore,
    n_answers: AtomicU64,
    counters: Counters,
}

impl Endpoint {
    /// Takes the port on 127.0.0.1.
    pub async fn bind(port: u16) -> io::Result<Endpoint> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        Ok(Endpoint { listener, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers until it is dropped, and its connections with it.
    pub async fn serve(self, session: Arc<dyn Session>, token: Token) {
        let app = App {
            session,
            token,
            port: self.port,
            questions: Semaphore::new(MAX_QUESTIONS),
            n_answers: AtomicU64::new(0),
            counters: Counters::default(),
        };
        listener::serve(self.listener, router(Arc::new(app))).await;
    }
}

/// Whether the program that has this port is another server of ours.
pub async fn is_ours(port: u16) -> bool {
    let ask = async {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let (mut input, mut output) = stream.into_split();
        let request = format!("GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut output, request.as_bytes()).await?;
        let mut answer = Vec::new();
        let mut input = tokio::io::AsyncReadExt::take(&mut input, 4 << 10);
        tokio::io::AsyncReadExt::read_to_end(&mut input, &mut answer).await?;
        io::Result::Ok(String::from_utf8_lossy(&answer).contains("\"server\":\"foretype\""))
    };
    matches!(tokio::time::timeout(NAME_WITHIN, ask).await, Ok(Ok(true)))
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/completions", completions(Dialect::OpenAi))
        .route("/v1/fim/completions", completions(Dialect::Mistral))
        .route("/api/generate", completions(Dialect::Ollama))
        .route("/infill", completions(Dialect::LlamaCpp))
        .route("/v1/models", get(models))
        .route("/api/tags", get(tags))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .fallback(async || Refusal::unknown_path())
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

fn completions(dialect: Dialect) -> MethodRouter<Arc<App>> {
    post(async move |State(app): State<Arc<App>>, body: Body| app.complete(dialect, body).await)
}

impl App {
    async fn complete(&self, dialect: Dialect, body: Body) -> Result<Response, Refusal> {
        let body = tokio::time::timeout(BODY_WITHIN, read(body)).await.map_err(|_| Refusal::slow_body())??;
        let Asked { question, style } = dialect.parse(&body)?;
        let Ok(_place) = self.questions.try_acquire() else { return Err(Refusal::busy()) };
        let prompt_bytes = question.prefix.len() + question.suffix.len();
        // Superseded or too slow: no suggestion is an answer, an error would stand in the editor's log.
        let text = tokio::time::timeout(ANSWER_WITHIN, self.session.fill(question)).await.unwrap_or_default();
        let number = self.n_answers.fetch_add(1, Ordering::Relaxed) + 1;
        let reply =
            Reply { number, unix_s: unix_s(), model: &style.model, text: style.until_stop(&text), prompt_bytes };
        let (content_type, body) = reply.write(dialect, style.is_stream);
        Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response())
    }
}

/// The whole body.
async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::cut_off())?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(Refusal::long_body());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn health() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], HEALTHY).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    // Costs are read from a file.
    let session = app.session.clone();
    let ours = tokio::task::spawn_blocking(move || session.metrics()).await.unwrap_or_default();
    let text = app.counters.text() + &ours;
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], text)
        .into_response()
}

/// Clients that list models want one; which engine answers is the session's to choose.
async fn models() -> Response {
    let model = json!({"id": NAME, "object": "model", "created": unix_s(), "owned_by": NAME});
    (StatusCode::OK, Json(json!({"object": "list", "data": [model]}))).into_response()
}

async fn tags() -> Response {
    let details =
        json!({"format": "", "family": NAME, "families": [NAME], "parameter_size": "", "quantization_level": ""});
    let model = json!({
        "name": NAME,
        "model": NAME,
        "modified_at": reply::rfc3339(unix_s()),
        "size": 0,
        "digest": "",
        "details": details,
    });
    (StatusCode::OK, Json(json!({"models": [model]}))).into_response()
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
