//! A blocking client of the real binary over pipes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<(Instant, Value)>,
    answers: HashMap<u64, (Instant, Value)>,
    n_requests: u64,
}

impl Client {
    /// Starts the server with an empty home, so that no settings and no models of the user's count.
    pub fn start(home: &Path) -> Client {
        let mut child = Command::new(env!("CARGO_BIN_EXE_foretype"))
            .arg("lsp")
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home)
            .env("FORETYPE_MODELS", home.join("models"))
            .env("FORETYPE_LEDGER", home.join("ledger.sqlite"))
            .env("FORETYPE_CACHE", home.join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (send, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if send.send((Instant::now(), message)).is_err() {
                    return;
                }
            }
        });
        Client { child, stdin, messages, answers: HashMap::new(), n_requests: 0 }
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request; [`Client::answer`] waits for its answer.
    pub fn request(&mut self, method: &str, params: Value) -> u64 {
        self.n_requests += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": self.n_requests, "method": method, "params": params}));
        self.n_requests
    }

    /// When the answer came in, and what it was.
    pub fn answer(&mut self, id: u64) -> (Instant, Value) {
        while !self.answers.contains_key(&id) {
            self.read();
        }
        self.answers.remove(&id).expect("just seen")
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id).1
    }

    /// The time from the request's first byte to the answer's last.
    pub fn time(&mut self, method: &str, params: Value) -> (Duration, Value) {
        let started = Instant::now();
        let id = self.request(method, params);
        let (at, answer) = self.answer(id);
        (at - started, answer)
    }

    /// Reads until a notification of `method` satisfies `wanted`.
    pub fn wait_for(&mut self, method: &str, wanted: impl Fn(&Value) -> bool) -> Instant {
        loop {
            let (at, message) = self.read();
            if message["method"] == method && wanted(&message["params"]) {
                return at;
            }
        }
    }

    /// Resident memory now and at its peak, in MB; on Linux only.
    pub fn memory(&self) -> Option<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kb| kb * 1024.0 / 1e6)
        };
        Some((field("VmRSS:")?, field("VmHWM:")?))
    }

    fn read(&mut self) -> (Instant, Value) {
        let (at, message) = self.messages.recv_timeout(PATIENCE).expect("the server lives and answers");
        match (message.get("method"), message["id"].as_u64()) {
            (None, Some(id)) => {
                self.answers.insert(id, (at, message.clone()));
            }
            // What the server asks of us (progress tokens, registrations) is granted.
            (Some(_), _) if message.get("id").is_some() => {
                self.write(&json!({"jsonrpc": "2.0", "id": message["id"], "result": null}));
            }
            _ => {}
        }
        (at, message)
    }

    fn write(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the server reads");
        self.stdin.flush().expect("the server reads");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", n_bytes)) => length = n_bytes.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
