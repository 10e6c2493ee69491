//! A client of the real server, asked message by message: the server runs in memory, on a thread pool of the test's
//! own, or as a process over pipes.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use foretype::engine::scripted::Scripted;
use foretype::predictor::Without;
use foretype::router::Route;
use foretype::server::{self, Engines, Files, Offer, Setup, Tape};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Only a server that hangs takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    runtime: Runtime,
    writer: Option<WriteHalf<DuplexStream>>,
    reader: BufReader<ReadHalf<DuplexStream>>,
    server: JoinHandle<i32>,
    n_requests: u64,
    answers: HashMap<Value, Value>,
    /// Notifications and requests of the server that nobody has waited for yet.
    said: Vec<Value>,
    /// What the server's requests are answered with, by method; `null` where nothing is said.
    replies: HashMap<&'static str, Reply>,
}

#[derive(Clone)]
pub enum Reply {
    With(Value),
    Never,
}

/// What an editor with ghost text says of itself.
pub fn ghost_text() -> Value {
    json!({"general": {"positionEncodings": ["utf-8", "utf-16"]}, "textDocument": {"inlineCompletion": {}}})
}

pub fn engines(engine: Scripted) -> Engines {
    let route = Route::local(Arc::new(engine));
    Box::new(move |_, _| vec![route.clone()])
}

impl Client {
    /// Without the offer of a model.
    pub fn start(engines: Engines) -> Client {
        Client::start_with(engines, None)
    }

    pub fn start_with(engines: Engines, offer: Option<Offer>) -> Client {
        Client::start_in(engines, offer, Files::default())
    }

    pub fn start_in(engines: Engines, offer: Option<Offer>, files: Files) -> Client {
        Client::of_setup(Setup { engines, offer, files, without: Without::default(), tape: Tape::default() })
    }

    pub fn recording(engines: Engines, tape: Tape) -> Client {
        let (files, without) = (Files::default(), Without::default());
        Client::of_setup(Setup { engines, offer: None, files, without, tape })
    }

    fn of_setup(setup: Setup) -> Client {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (input, output) = split(theirs);
        let runtime = runtime();
        let server = runtime.spawn(server::serve(input, output, setup));
        Client::new(runtime, ours, server)
    }

    /// Of a process whose stdin and stdout are pipes.
    pub fn of(mut child: Child) -> Client {
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (mut input, mut output) = split(theirs);
        let runtime = runtime();
        let handle = runtime.handle().clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = handle.block_on(input.read(&mut bytes)) {
                // Who has left does not read.
                let _ = stdin.write_all(&bytes[..n]);
            }
        });
        let handle = runtime.handle().clone();
        let (send, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = stdout.read(&mut bytes) {
                let _ = handle.block_on(output.write_all(&bytes[..n]));
            }
            drop(output);
            let _ = send.send(exit_code(child.wait().unwrap()));
        });
        let server = runtime.spawn(async { ended.await.unwrap() });
        Client::new(runtime, ours, server)
    }

    fn new(runtime: Runtime, ours: DuplexStream, server: JoinHandle<i32>) -> Client {
        let (reader, writer) = split(ours);
        Client {
            runtime,
            writer: Some(writer),
            reader: BufReader::new(reader),
            server,
            n_requests: 0,
            answers: HashMap::new(),
            said: Vec::new(),
            replies: HashMap::new(),
        }
    }

    /// A client with ghost text, past its `initialize`.
    pub fn ready(engine: Scripted) -> Client {
        let mut client = Client::start(engines(engine));
        client.initialize(json!({"capabilities": ghost_text()}));
        client
    }

    pub fn initialize(&mut self, params: Value) -> Value {
        let answer = self.ask("initialize", params);
        self.notify("initialized", json!({}));
        answer["result"].clone()
    }

    /// How requests of the server by this method are answered from now on.
    pub fn reply(&mut self, method: &'static str, reply: Reply) {
        self.replies.insert(method, reply);
    }

    pub fn open(&mut self, uri: &str, language: &str, text: &str) {
        let item = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": item}));
    }

    /// Types `text` at a place.
    pub fn type_at(&mut self, uri: &str, version: i32, line: u32, character: u32, text: &str) {
        let at = json!({"line": line, "character": character});
        self.change(uri, version, json!([{"range": {"start": at, "end": at}, "text": text}]));
    }

    pub fn change(&mut self, uri: &str, version: i32, changes: Value) {
        let document = json!({"uri": uri, "version": version});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    /// Asks for ghost text without waiting for it.
    pub fn begin_ghost(&mut self, uri: &str, line: u32, character: u32) -> u64 {
        self.request("textDocument/inlineCompletion", at(uri, line, character))
    }

    /// The items of ghost text.
    #[track_caller]
    pub fn ghost(&mut self, uri: &str, line: u32, character: u32) -> Vec<Value> {
        let answer = self.ask("textDocument/inlineCompletion", at(uri, line, character));
        let items = answer["result"]["items"].as_array();
        items.unwrap_or_else(|| panic!("no list of items: {answer}")).clone()
    }

    /// The reason that `why` gives for the last request's outcome.
    pub fn why(&mut self) -> String {
        let answer = self.ask("workspace/executeCommand", json!({"command": "foretype.why", "arguments": [1]}));
        answer["result"][0]["outcome"].as_str().unwrap_or_default().to_string()
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub fn request(&mut self, method: &str, params: Value) -> u64 {
        self.n_requests += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.n_requests, "method": method, "params": params}));
        self.n_requests
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(json!(id))
    }

    /// Waits for the answer to a request; `null` stands for one that could not be read.
    pub fn answer(&mut self, id: impl Into<Value>) -> Value {
        let id = id.into();
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return answer;
            }
            self.read();
        }
    }

    /// Waits for the answer to one of these requests, or for a request of the server by this method.
    pub fn next(&mut self, ids: &[u64], method: &str) -> Value {
        loop {
            if let Some(i) = self.said.iter().position(|message| message["method"] == method) {
                return self.said.remove(i);
            }
            if let Some(answer) = ids.iter().find_map(|id| self.answers.remove(&json!(id))) {
                return answer;
            }
            self.read();
        }
    }

    /// Answers that nobody has waited for.
    pub fn n_answers_left(&self) -> usize {
        self.answers.len()
    }

    /// Waits for a notification or request of the server that is `wanted`.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(i) = self.said.iter().position(&wanted) {
                return self.said.remove(i);
            }
            self.read();
        }
    }

    /// Whether such a message has come before the answers to some requests that are sent now.
    pub fn has_said(&mut self, wanted: impl Fn(&Value) -> bool) -> bool {
        for _ in 0..200 {
            self.why();
        }
        self.said.iter().any(wanted)
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("not closed");
        self.runtime.block_on(async { writer.write_all(bytes).await.unwrap() });
    }

    /// Ends the input and waits for the exit code.
    pub fn close(mut self) -> i32 {
        let mut writer = self.writer.take().expect("not closed");
        let (reader, server) = (&mut self.reader, &mut self.server);
        self.runtime.block_on(async {
            writer.shutdown().await.unwrap();
            let mut rest = Vec::new();
            let ended = async { tokio::join!(reader.read_to_end(&mut rest), server).1.unwrap() };
            tokio::time::timeout(PATIENCE, ended).await.expect("the server ends with its input")
        })
    }

    /// Waits for the server's own end: its exit code, or as a negative number the signal that ended it.
    pub fn ended(mut self) -> i32 {
        let server = &mut self.server;
        let ended = async { tokio::time::timeout(PATIENCE, server).await.expect("the server ends").unwrap() };
        self.runtime.block_on(ended)
    }

    fn read(&mut self) {
        let reader = &mut self.reader;
        let message = self.runtime.block_on(async {
            tokio::time::timeout(PATIENCE, read_message(reader)).await.expect("the server answers")
        });
        match (message.get("method"), message.get("id")) {
            (None, Some(id)) => drop(self.answers.insert(id.clone(), message)),
            (Some(method), Some(id)) => {
                let reply = self.replies.get(method.as_str().unwrap()).cloned();
                if let Reply::With(result) = reply.unwrap_or(Reply::With(Value::Null)) {
                    self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
                }
                self.said.push(message);
            }
            _ => self.said.push(message),
        }
    }
}

#[cfg(unix)]
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1)
}

#[cfg(not(unix))]
fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn at(uri: &str, line: u32, character: u32) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    })
}

async fn read_message(reader: &mut BufReader<ReadHalf<DuplexStream>>) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).await.unwrap() > 0, "the server has closed its output");
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", n_bytes)) => length = n_bytes.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}
