//! The connections: requests on a thread of their own, their answers as they come. Dropping one ends its request.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;
use url::Url;

use super::endpoint::{Endpoint, is_loopback};
use super::events::{Events, Shape};
use super::failure;
use super::protocol::{Chunk, Protocol};
use crate::engine::{Cause, Failure};

/// The thread on which connections live; one for all endpoints.
pub struct Net(Option<Runtime>);

/// One endpoint's connections, kept warm.
pub struct Wire {
    net: Arc<Net>,
    client: Client,
    url: Url,
    host: String,
    protocol: Protocol,
    timeout: Duration,
}

/// An answer on its way.
pub struct Answering {
    chunks: Receiver<Result<Chunk, Failure>>,
    task: AbortHandle,
    is_over: bool,
}

/// What [`Answering::next`] gives.
pub enum Next {
    Chunk(Chunk),
    /// Nothing within the time.
    Nothing,
    Failed(Failure),
    /// The stream has ended.
    End,
}

const CONNECT: Duration = Duration::from_secs(3);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Redirects within a host that are followed.
const MAX_REDIRECTS: usize = 3;

/// What is read of an answer that is none, in bytes.
const MAX_REFUSAL: usize = 4 << 10;

impl Net {
    pub fn start() -> io::Result<Net> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("remote").enable_all().build()?;
        Ok(Net(Some(runtime)))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // The last owner may be a task of another runtime, which must not wait.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Wire {
    /// `Err` is a sentence for the user.
    pub fn new(endpoint: &Endpoint, net: Arc<Net>) -> Result<Wire, String> {
        let base = endpoint.base()?;
        let host = base.host_str().unwrap_or_default().to_string();
        let mut url = base.clone();
        url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), endpoint.protocol.path()));
        let mut client = Client::builder()
            .user_agent(concat!("foretype/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .pool_idle_timeout(None)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .redirect(within_host());
        if is_loopback(&base) {
            client = client.no_proxy();
        }
        if let Some(path) = &endpoint.ca_file {
            let cannot = |why: String| format!("`ca_file` {} cannot be used: {why}", path.display());
            let pem = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem);
            let certificates = certificates.map_err(|_| cannot("it holds no certificates in PEM".to_string()))?;
            if certificates.is_empty() {
                return Err(cannot("it holds no certificates in PEM".to_string()));
            }
            client = client.tls_certs_merge(certificates);
        }
        let client = client.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))?;
        Ok(Wire { net, client, url, host, protocol: endpoint.protocol, timeout: endpoint.timeout() })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn send(&self, headers: HeaderMap, body: &Value) -> Answering {
        let (chunks, receiver) = channel();
        let request = self.client.post(self.url.clone()).headers(headers).json(body).send();
        let (protocol, timeout, host) = (self.protocol, self.timeout, self.host.clone());
        let answer = async move {
            let answered =
                within(timeout, &host, async { request.await.map_err(|error| failure::of_transport(&error, &host)) });
            let ended = match answered.await {
                Ok(response) => read(response, protocol, timeout, &host, &chunks).await,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = ended {
                let _ = chunks.send(Err(failure));
            }
        };
        let runtime = self.net.0.as_ref().expect("only drop takes the runtime");
        Answering { chunks: receiver, task: runtime.spawn(answer).abort_handle(), is_over: false }
    }
}

impl Answering {
    pub fn next(&self, within: Duration) -> Next {
        match self.chunks.recv_timeout(within) {
            Ok(Ok(chunk)) => Next::Chunk(chunk),
            Ok(Err(failure)) => Next::Failed(failure),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    /// All was said: the stream may end by itself, so that its connection serves the next request, too.
    pub fn let_end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // Ends the stream, or the connection, and with it the provider's work.
        if !self.is_over {
            self.task.abort();
        }
    }
}

async fn read(
    mut response: Response,
    protocol: Protocol,
    timeout: Duration,
    host: &str,
    chunks: &Sender<Result<Chunk, Failure>>,
) -> Result<(), Failure> {
    if !response.status().is_success() {
        return Err(refusal(response, timeout, host).await);
    }
    let mut events = Events::new(shape(response.headers(), host)?);
    // Who says more when nobody listens any more is not heard to the end.
    let tell = |datas: Vec<String>| {
        datas.into_iter().try_for_each(|data| {
            let chunk = protocol.read(&data)?;
            chunks.send(Ok(chunk)).map_err(|_| failure::malformed("it goes on behind its end"))
        })
    };
    loop {
        let piece = within(timeout, host, async {
            response.chunk().await.map_err(|error| failure::of_transport(&error, host))
        });
        match piece.await? {
            Some(bytes) => tell(events.push(&bytes)?)?,
            None => return tell(events.end()?),
        }
    }
}

/// What a stream is, by its header.
fn shape(headers: &HeaderMap, host: &str) -> Result<Shape, Failure> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "text/event-stream" => Ok(Shape::ServerSent),
        "application/x-ndjson" | "application/jsonl" => Ok(Shape::JsonLines),
        // Not every server streams.
        "application/json" => Ok(Shape::Whole),
        other => Err(failure::malformed(format!("{host} answers with `{other}` in place of a stream of events"))),
    }
}

async fn refusal(mut response: Response, timeout: Duration, host: &str) -> Failure {
    let mut body = Vec::new();
    while body.len() < MAX_REFUSAL {
        match tokio::time::timeout(timeout, response.chunk()).await {
            Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
            _ => break,
        }
    }
    failure::of_status(response.status(), response.headers(), &body, host)
}

async fn within<T>(
    timeout: Duration,
    host: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let stalled = |_| Failure::new(Cause::Stalled, format!("nothing came from {host} for {} ms", timeout.as_millis()));
    tokio::time::timeout(timeout, work).await.map_err(stalled)?
}

/// A key is for the host that it was given for; any other redirect is the answer itself.
fn within_host() -> Policy {
    Policy::custom(|attempt| {
        let origin =
            |url: &Url| (url.scheme().to_string(), url.host_str().map(str::to_string), url.port_or_known_default());
        let is_same = attempt.previous().last().is_some_and(|before| origin(before) == origin(attempt.url()));
        if is_same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
    })
}
