//! Sends what requests to providers came to, at intervals, to the collector of the user's settings.
//!
//! Nobody waits for it: it runs beside the messages, reads the ledger's file on a thread for that, and holds one message
//! at a time. Nothing is kept for later, as counters only grow: the next message tells all. All servers of a user have one
//! file, so one of them sends, the one that holds the lock of a file beside it. With `remote.enabled` off, no other machine
//! is sent anything; a collector on this one is.

use std::error::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::task::JoinHandle;
use url::Url;

use crate::config::Settings;
use crate::engine::remote::is_loopback;
use crate::ledger::otlp::{self, Options};

/// The sending of a session.
#[derive(Default)]
pub struct Exporter {
    running: Mutex<Option<Running>>,
}

struct Running {
    plan: Plan,
    task: JoinHandle<()>,
}

#[derive(Clone, PartialEq)]
struct Plan {
    target: Url,
    options: Options,
    /// The ledger's.
    file: PathBuf,
}

type Notice = Arc<dyn Fn(String) + Send + Sync>;

/// The right to send, while it is held.
struct Turn {
    /// Locked; the system lets go of it with the process.
    _file: File,
    /// Random, and the same as long as that file is there: tells a collector's users apart.
    instance: String,
}

/// Why a message did not arrive.
struct Refusal {
    why: String,
    retry_after: Option<Duration>,
}

/// For one message, from the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a collector that fails is left alone.
const MAX_WAIT: Duration = Duration::from_secs(30 * 60);
/// What is read of an answer, in bytes, and told of it, in characters.
const MAX_ANSWER: usize = 4 << 10;
const MAX_TOLD: usize = 200;

impl Exporter {
    /// Begins, moves or ends it. Returns at once. `file` is the ledger's, where one is kept.
    pub fn follow(&self, settings: &Settings, file: Option<PathBuf>, notice: impl Fn(String) + Send + Sync + 'static) {
        let plan = plan(settings, file);
        let mut running = self.running.lock();
        if running.as_ref().map(|running| &running.plan) == plan.as_ref() {
            return;
        }
        if let Some(before) = running.take() {
            before.task.abort();
        }
        *running = plan.map(|plan| Running { task: tokio::spawn(run(plan.clone(), Arc::new(notice))), plan });
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut() {
            running.task.abort();
        }
    }
}

fn plan(settings: &Settings, file: Option<PathBuf>) -> Option<Plan> {
    // What is wrong with them was told when they were read.
    let target = settings.otlp.target().ok()??;
    let may_send = settings.remote.enabled || is_loopback(&target);
    may_send.then_some(Plan { target, options: settings.otlp.clone(), file: file? })
}

async fn run(plan: Plan, notice: Notice) {
    let (client, headers) = match client(&plan) {
        Ok(made) => made,
        Err(why) => return notice(format!("the counters are not sent: {why}")),
    };
    let usual = Duration::from_secs(plan.options.every_s as u64);
    let (mut n_failed, mut turn) = (0, None);
    loop {
        let wait = match send(&client, &headers, &plan, &mut turn).await {
            Ok(()) => {
                n_failed = 0;
                usual
            }
            Err(Refusal { why, retry_after }) => {
                n_failed += 1;
                let wait = (usual * 2_u32.saturating_pow(n_failed - 1)).max(retry_after.unwrap_or_default());
                tracing::debug!("the counters were not sent: {why}");
                if n_failed == 1 {
                    notice(format!(
                        "the counters cannot be sent to the collector ({why}); they are kept, and sent when it takes them. \
                         See `otlp.url` in your settings"
                    ));
                }
                wait.min(MAX_WAIT.max(usual))
            }
        };
        tokio::time::sleep(wait).await;
    }
}

async fn send(client: &Client, headers: &HeaderMap, plan: &Plan, turn: &mut Option<Turn>) -> Result<(), Refusal> {
    if turn.is_none() {
        *turn = Turn::take(&plan.file)?;
    }
    // Another server sends.
    let Some(Turn { instance, .. }) = turn else { return Ok(()) };
    let (file, instance) = (plan.file.clone(), instance.clone());
    let message = tokio::task::spawn_blocking(move || otlp::message(&file, &instance, unix_ms())).await;
    let message = message.map_err(|_| Refusal::new("reading the ledger failed"))?;
    let Some(message) = message.map_err(|error| Refusal::new(format!("{error:#}")))? else { return Ok(()) };
    let exchange = async {
        let response = client.post(plan.target.clone()).headers(headers.clone()).json(&message).send().await;
        answered(response.map_err(|error| Refusal::new(root_cause(&error)))?).await
    };
    tokio::time::timeout(TIMEOUT, exchange)
        .await
        .unwrap_or_else(|_| Err(Refusal::new(format!("no answer within {} s", TIMEOUT.as_secs()))))
}

async fn answered(mut response: Response) -> Result<(), Refusal> {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    let mut body = Vec::new();
    while body.len() < MAX_ANSWER
        && let Ok(Some(bytes)) = response.chunk().await
    {
        body.extend_from_slice(&bytes);
    }
    if !status.is_success() {
        return Err(Refusal { why: status.to_string(), retry_after });
    }
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let partial = &answer["partialSuccess"];
    // A 64-bit integer is a text in this encoding; some send a number.
    let rejected = &partial["rejectedDataPoints"];
    let n_rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
    if n_rejected > 0 {
        let message = partial["errorMessage"].as_str().unwrap_or("no reason told");
        let message: String = message.chars().take(MAX_TOLD).collect();
        return Err(Refusal::new(format!("it refuses {n_rejected} points: {message}")));
    }
    Ok(())
}

fn client(plan: &Plan) -> Result<(Client, HeaderMap), String> {
    // Headers are for the host that they were given for.
    let mut client = Client::builder()
        .user_agent(concat!("foretype/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(&plan.target) {
        client = client.no_proxy();
    }
    let client = client.build().map_err(|error| format!("the HTTP client cannot be made: {error}"))?;
    Ok((client, headers(&plan.options.headers_variable)?))
}

/// As OpenTelemetry has them in `OTEL_EXPORTER_OTLP_HEADERS`: `name=value`, percent-encoded, with commas between. What is
/// wrong with them is told without them: they are keys.
fn headers(variable: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    if variable.is_empty() {
        return Ok(headers);
    }
    let wrong = |what: &str| format!("the environment variable {variable} of `otlp.headers_variable` {what}");
    let text = std::env::var(variable).map_err(|_| wrong("is not set where the editor was started"))?;
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| wrong("is not `name=value`, with commas between"))?;
        let value = percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
        let (Ok(name), Ok(mut value)) = (name.trim().parse::<HeaderName>(), HeaderValue::from_str(&value)) else {
            return Err(wrong("holds what cannot be a header"));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

impl Turn {
    /// `None` while another server has it.
    fn take(ledger: &Path) -> Result<Option<Turn>, Refusal> {
        let path = ledger.with_extension("otlp");
        let failed = |error: std::io::Error| Refusal::new(format!("{}: {error}", path.display()));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut instance = String::new();
        file.read_to_string(&mut instance).map_err(failed)?;
        if !is_instance(&instance) {
            let mut random = [0; 16];
            getrandom::fill(&mut random).map_err(|error| Refusal::new(format!("no random numbers: {error}")))?;
            instance = random.iter().map(|byte| format!("{byte:02x}")).collect();
            file.rewind().map_err(failed)?;
            file.set_len(0).map_err(failed)?;
            file.write_all(instance.as_bytes()).map_err(failed)?;
        }
        Ok(Some(Turn { _file: file, instance }))
    }
}

fn is_instance(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Refusal {
    fn new(why: impl Into<String>) -> Refusal {
        Refusal { why: why.into(), retry_after: None }
    }
}

/// Without the URL that `reqwest` puts before it.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
