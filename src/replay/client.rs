//! A language client over a child's pipes that never waits: writing is one thing, what comes back is stamped on a thread.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use crate::text::Encoding;

pub struct Client {
    child: Child,
    stdin: Arc<Mutex<ChildStdin>>,
    answers: Arc<Answers>,
    n_requests: u64,
    pub encoding: Encoding,
}

#[derive(Default)]
struct Answers {
    came: Mutex<Came>,
    bell: Condvar,
}

#[derive(Default)]
struct Came {
    by_id: HashMap<u64, Answer>,
    has_ended: bool,
}

/// What came back, and when.
#[derive(Clone)]
pub struct Answer {
    pub at: Instant,
    pub message: Value,
}

const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    /// Starts the server and says hello. `folder` is the workspace, if there is one.
    pub fn start(mut command: Command, folder: Option<&str>, settings: &Value) -> Result<Client> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().with_context(|| format!("{name} cannot be started; name another by --server"))?;
        let stdin = child.stdin.take().context("the server has no stdin")?;
        let stdout = child.stdout.take().context("the server has no stdout")?;
        let (stdin, answers) = (Arc::new(Mutex::new(stdin)), Arc::<Answers>::default());
        let (ours, to) = (answers.clone(), stdin.clone());
        std::thread::Builder::new().name("answers".to_string()).spawn(move || ours.read(stdout, &to))?;
        let mut client = Client { child, stdin, answers, n_requests: 0, encoding: Encoding::Utf16 };
        client.initialize(&name, folder, settings)?;
        Ok(client)
    }

    fn initialize(&mut self, name: &str, folder: Option<&str>, settings: &Value) -> Result<()> {
        let folders = folder.map(|uri| json!([{"uri": uri, "name": "replay"}]));
        let capabilities = json!({
            "general": {"positionEncodings": ["utf-8", "utf-16"]},
            "textDocument": {"inlineCompletion": {}, "synchronization": {}},
        });
        let params = json!({
            "processId": std::process::id(), "rootUri": folder, "workspaceFolders": folders,
            "capabilities": capabilities, "initializationOptions": settings,
        });
        let result = self.ask("initialize", params).with_context(|| format!("{name} does not speak the protocol"))?;
        let can = &result["capabilities"];
        ensure!(
            !matches!(can["inlineCompletionProvider"], Value::Null | Value::Bool(false)),
            "{name} offers no `textDocument/inlineCompletion`; only such servers can be replayed against"
        );
        if can["positionEncoding"] == "utf-8" {
            self.encoding = Encoding::Utf8;
        }
        self.notify("initialized", json!({}))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn notify(&mut self, method: &str, params: Value) -> Result<()> {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Sends a request; gives its number.
    pub fn request(&mut self, method: &str, params: Value) -> Result<u64> {
        self.n_requests += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": self.n_requests, "method": method, "params": params}))?;
        Ok(self.n_requests)
    }

    pub fn cancel(&mut self, id: u64) -> Result<()> {
        self.notify("$/cancelRequest", json!({"id": id}))
    }

    /// Sends a request and waits for its result.
    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.request(method, params)?;
        let mut answer = self.wait(id)?;
        if let Some(error) = answer.message.get("error") {
            bail!("{method}: {}", error["message"].as_str().unwrap_or("it failed"));
        }
        Ok(answer.message["result"].take())
    }

    /// Waits for the answer to a request.
    pub fn wait(&self, id: u64) -> Result<Answer> {
        let mut came = self.answers.came.lock();
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = came.by_id.get(&id) {
                return Ok(answer.clone());
            }
            ensure!(!came.has_ended, "the server has ended; run it by hand to see why");
            let is_late = self.answers.bell.wait_until(&mut came, until).timed_out();
            ensure!(!is_late, "the server has not answered for {} s", PATIENCE.as_secs());
        }
    }

    /// All that came so far.
    pub fn answers(&self) -> HashMap<u64, Answer> {
        self.answers.came.lock().by_id.clone()
    }

    fn write(&mut self, message: &Value) -> Result<()> {
        write(&mut *self.stdin.lock(), message).context("the server has ended; run it by hand to see why")
    }
}

impl Answers {
    fn read(&self, stdout: impl Read, to: &Mutex<ChildStdin>) {
        let mut stdout = BufReader::new(stdout);
        while let Some(message) = read(&mut stdout) {
            let at = Instant::now();
            match (message["id"].as_u64(), message.get("method")) {
                (Some(id), None) => {
                    self.came.lock().by_id.insert(id, Answer { at, message });
                    self.bell.notify_all();
                }
                // A request of the server: it gets what means nothing special.
                (_, Some(_)) if !message["id"].is_null() => {
                    let _ = write(&mut *to.lock(), &json!({"jsonrpc": "2.0", "id": message["id"], "result": null}));
                }
                _ => {}
            }
        }
        self.came.lock().has_ended = true;
        self.bell.notify_all();
    }
}

fn write(to: &mut impl Write, message: &Value) -> std::io::Result<()> {
    let body = message.to_string();
    to.write_all(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    to.flush()
}

/// `None` at the end, or where what comes is no message.
fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut n_bytes = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            n_bytes = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; n_bytes];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.notify("exit", Value::Null);
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
