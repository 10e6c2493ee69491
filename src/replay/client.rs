//! A language server as a child process: messages over its stdin and stdout.
//!
//! Writing never waits for an answer. A thread of its own stamps what arrives, and says "null" to what the server asks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use parking_lot::Mutex;
use serde_json::{Value, json};

pub struct Client {
    /// As the user names it.
    name: String,
    child: Child,
    stdin: Arc<Mutex<ChildStdin>>,
    inbox: Receiver<Message>,
    errors: JoinHandle<()>,
    last_error: Arc<Mutex<String>>,
    n_requests: u64,
}

/// What a server says.
pub enum Message {
    Reply(Reply),
    Notification { method: String, params: Value },
}

pub struct Reply {
    pub id: u64,
    pub at: Instant,
    /// The error's message where it is one.
    pub result: Result<Value, String>,
}

/// A server that is healthy answers `initialize` within milliseconds; some load a model first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that was told to leave may take so long.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// And what it said last, so long to be read.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// No message of a server is longer.
const MAX_BYTES: usize = 64 << 20;

impl Client {
    pub fn start(name: &str, mut command: Command) -> Result<Client> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = command.spawn().map_err(|error| anyhow!("`{name}` cannot be started: {error}"));
        let mut child = started?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            bail!("`{name}` has no stdin and stdout");
        };
        let stdin = Arc::new(Mutex::new(stdin));
        let last_error = Arc::<Mutex<String>>::default();
        let (send, inbox) = channel();
        let (writer, last_line) = (stdin.clone(), last_error.clone());
        thread::spawn(move || read_all(BufReader::new(stdout), &writer, &send));
        let errors = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
                *last_line.lock() = line;
            }
        });
        Ok(Client { name: name.to_string(), child, stdin, inbox, errors, last_error, n_requests: 0 })
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub fn notify(&mut self, method: &str, params: &Value) -> Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Returns the request's number at once.
    pub fn request(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.n_requests += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.n_requests, "method": method, "params": params}))?;
        Ok(self.n_requests)
    }

    /// Waits for the answer; whatever else comes meanwhile is dropped.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Value> {
        let id = self.request(method, params)?;
        let end = Instant::now() + PATIENCE;
        loop {
            match self.next(end)? {
                Some(Message::Reply(reply)) if reply.id == id => {
                    return reply.result.map_err(|error| anyhow!("`{}` answers {method} with: {error}", self.name));
                }
                Some(_) => {}
                None => bail!("`{}` has not answered {method} within {} s", self.name, PATIENCE.as_secs()),
            }
        }
    }

    /// `None` when nothing came until `end`; an error when nothing will come.
    pub fn next(&mut self, end: Instant) -> Result<Option<Message>> {
        match self.inbox.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    pub fn shut_down(mut self) {
        // What goes wrong now changes nothing that was measured.
        let _ = self.request("shutdown", &Value::Null).and_then(|_| self.notify("exit", &Value::Null));
        let end = Instant::now() + LAST_WAIT;
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        write(&self.stdin, message).map_err(|_| self.ended())
    }

    fn ended(&mut self) -> anyhow::Error {
        let _ = self.child.kill();
        let status = self.child.wait().map(|status| format!(" ({status})")).unwrap_or_default();
        // Its last words may still be on their way; a child of its own may hold the pipe for ever.
        let end = Instant::now() + LAST_WORDS;
        while !self.errors.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        let said = self.last_error.lock().clone();
        let said = if said.is_empty() { "it said nothing on stderr".to_string() } else { format!("it said: {said}") };
        anyhow!("the server `{}` ended early{status}; {said}. Run the command by itself to see why", self.name)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(stdin: &Mutex<ChildStdin>, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let mut stdin = stdin.lock();
    stdin.write_all(framed.as_bytes())?;
    stdin.flush()
}

/// Until the output ends; what is no protocol ends it, too.
fn read_all(mut stdout: BufReader<ChildStdout>, stdin: &Mutex<ChildStdin>, inbox: &Sender<Message>) {
    while let Some(message) = read(&mut stdout) {
        let at = Instant::now();
        let method = message.get("method").and_then(Value::as_str);
        match (method, message.get("id")) {
            (None, Some(id)) => {
                let error = message.get("error").map(|error| error["message"].as_str().unwrap_or("error").to_string());
                let result = error.map_or_else(|| Ok(message["result"].clone()), Err);
                let reply = id.as_u64().map(|id| Message::Reply(Reply { id, at, result }));
                if reply.is_some_and(|reply| inbox.send(reply).is_err()) {
                    return;
                }
            }
            (Some(method), None) => {
                let notification =
                    Message::Notification { method: method.to_string(), params: message["params"].clone() };
                if inbox.send(notification).is_err() {
                    return;
                }
            }
            (Some(method), Some(id)) => {
                let n_items = message["params"]["items"].as_array().map_or(0, Vec::len);
                let result =
                    if method == "workspace/configuration" { json!(vec![Value::Null; n_items]) } else { Value::Null };
                let _ = write(stdin, &json!({"jsonrpc": "2.0", "id": id, "result": result}));
            }
            _ => {}
        }
    }
}

fn read(stdout: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some((name, n_bytes)) if name.eq_ignore_ascii_case("Content-Length") => {
                length = n_bytes.trim().parse().ok().filter(|n_bytes| *n_bytes <= MAX_BYTES)?;
            }
            Some(_) => {}
            None => return None,
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
