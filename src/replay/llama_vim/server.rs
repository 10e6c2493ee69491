//! A `llama-server`: started, asked over HTTP from a thread of its own, and ended with the replay.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value, json};

use super::policy::Request;

/// The variable that names the program.
pub const VARIABLE: &str = "LLAMA_SERVER";

pub struct Server {
    child: Child,
    requests: Sender<Value>,
    answers: Receiver<Infill>,
    n_evaluated: u64,
    n_decoded: u64,
    n_requests: u64,
}

/// What came back.
pub struct Infill {
    pub at: Instant,
    /// Absent where the request failed.
    pub content: Option<String>,
    n_evaluated: u64,
    n_decoded: u64,
}

/// A large model is read from the disk in this time.
const LOADING: Duration = Duration::from_secs(180);

/// How often it is looked at meanwhile.
const STEP: Duration = Duration::from_millis(100);

/// Far beyond the server's own limits.
const ANSWERING: Duration = Duration::from_secs(60);

impl Server {
    /// With what llama.vim's readme recommends, one slot, and `n_threads`; returns when the model is loaded.
    pub fn start(program: &OsStr, model: &Path, n_threads: usize) -> Result<Server> {
        let name = program.display();
        let listener = TcpListener::bind("127.0.0.1:0").context("no port of this machine is free")?;
        let port = listener.local_addr()?.port().to_string();
        drop(listener);
        let threads = n_threads.to_string();
        let child = Command::new(program)
            .arg("-m")
            .arg(model)
            .args(["--host", "127.0.0.1", "--port", &port, "-t", &threads, "-tb", &threads])
            .args(["-b", "1024", "-ub", "1024", "--ctx-size", "0", "--cache-reuse", "256", "--parallel", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| anyhow!("{VARIABLE}: {name} cannot be started: {error}"))?;
        let (requests, to_ask) = channel();
        let (send, answers) = channel();
        let address = format!("http://127.0.0.1:{port}");
        let mut server = Server { child, requests, answers, n_evaluated: 0, n_decoded: 0, n_requests: 0 };
        thread::spawn(move || serve(&address, &to_ask, &send));
        let is_alive = |server: &mut Server| matches!(server.child.try_wait(), Ok(None));
        while is_alive(&mut server) {
            match server.answers.recv_timeout(STEP) {
                Ok(_) => return Ok(server),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        bail!("{VARIABLE}: {name} does not serve {}; run it by hand to see why", model.display())
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub fn ask(&mut self, request: &Request) {
        self.n_requests += 1;
        // If the thread has ended, `next` says so.
        let _ = self.requests.send(request.body());
    }

    /// `None` when nothing came until `end`.
    pub fn next(&mut self, end: Instant) -> Result<Option<Infill>> {
        match self.answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            // A failed request may be the server's end; without it every key would fail.
            Ok(Infill { content: None, .. }) if !matches!(self.child.try_wait(), Ok(None)) => Err(ended()),
            Ok(infill) => {
                self.n_evaluated += infill.n_evaluated;
                self.n_decoded += infill.n_decoded;
                Ok(Some(infill))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }

    pub fn session(&self) -> Map<String, Value> {
        let Server { n_requests, n_evaluated, n_decoded, .. } = self;
        let counts = [("n_requests", n_requests), ("n_evaluated", n_evaluated), ("n_decoded", n_decoded)];
        counts.into_iter().map(|(name, n)| (name.to_string(), json!(n))).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ended() -> anyhow::Error {
    anyhow!("{VARIABLE}: the server has ended early; run it by hand to see why")
}

/// Waits for the server, says so by an empty answer, then puts one request after the other.
fn serve(address: &str, requests: &Receiver<Value>, answers: &Sender<Infill>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let Ok(client) = reqwest::Client::builder().no_proxy().timeout(ANSWERING).build() else { return };
    let end = Instant::now() + LOADING;
    let health = format!("{address}/health");
    let is_ready = || runtime.block_on(async { client.get(&health).send().await?.error_for_status() }).is_ok();
    while !is_ready() {
        if Instant::now() > end {
            return;
        }
        thread::sleep(STEP);
    }
    let ready = Infill { at: Instant::now(), content: None, n_evaluated: 0, n_decoded: 0 };
    if answers.send(ready).is_err() {
        return;
    }
    let infill = format!("{address}/infill");
    for body in requests {
        let answer = runtime.block_on(async {
            client.post(&infill).json(&body).send().await?.error_for_status()?.json::<Value>().await
        });
        let at = Instant::now();
        let value = answer.unwrap_or_default();
        let number = |key: &str| value["timings"][key].as_u64().unwrap_or_default();
        let content = value["content"].as_str().map(str::to_string);
        let infill = Infill { at, content, n_evaluated: number("prompt_n"), n_decoded: number("predicted_n") };
        if answers.send(infill).is_err() {
            return;
        }
    }
}
