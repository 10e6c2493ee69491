//! The HTTP endpoint as its clients see it: the real server, asked over sockets.

mod crowd;
mod dialects;
mod refusals;
mod session;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use foretype::engine::scripted::Scripted;
use foretype::http::Token;
use foretype::server::Files;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, engines, ghost_text};

const URI: &str = "file:///project/src/a.rs";
const TEXT: &str =
    "/// The number of items that are in the list of the shop.\nfn count(items: &[Item]) -> usize {\n    let n = \n}\n";
/// Of the cursor in [`TEXT`], behind `let n = `.
const PLACE: (u32, u32) = (2, 12);

/// A session with its endpoint.
struct Scene {
    client: Client,
    port: u16,
    key: String,
    file: PathBuf,
    _folder: TempDir,
}

/// An answer as it came.
struct Answer {
    status: u16,
    header: String,
    body: String,
}

impl Scene {
    fn new(engine: Scripted) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state").join("http-token");
        let mut client = start(engine, &file, 0);
        let port = port_said(&mut client);
        let key = Token::open(&file).unwrap().text().to_string();
        Scene { client, port, key, file, _folder: folder }
    }

    fn items() -> Scene {
        let mut scene = Scene::new(Scripted::lines(&[("let n = ", "items.len();")]));
        scene.client.open(URI, "rust", TEXT);
        // The document is in once this is answered.
        scene.client.why();
        scene
    }

    fn asker(&self) -> Asker {
        Asker { port: self.port, key: self.key.clone() }
    }

    fn post(&self, path: &str, body: Value) -> Answer {
        self.asker().post(path, &body)
    }

    /// What is put in at the cursor.
    fn fill(&self, prefix: &str, suffix: &str) -> String {
        self.asker().fill(prefix, suffix)
    }
}

#[derive(Clone)]
struct Asker {
    port: u16,
    key: String,
}

impl Asker {
    fn post(&self, path: &str, body: &Value) -> Answer {
        let mut stream = self.begin(path, body);
        read(&mut stream)
    }

    /// Asks without waiting for the answer.
    fn begin(&self, path: &str, body: &Value) -> TcpStream {
        let (port, key, body) = (self.port, &self.key, body.to_string());
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {key}\r\n");
        write!(stream, "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        stream
    }

    fn get(&self, path: &str) -> Answer {
        let (port, key) = (self.port, &self.key);
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Api-Key: {key}\r\nConnection: close\r\n\r\n"
        ))
    }

    fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        read(&mut stream)
    }

    fn fill(&self, prefix: &str, suffix: &str) -> String {
        let answer = self.post("/v1/completions", &json!({"prompt": prefix, "suffix": suffix}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["choices"][0]["text"].as_str().unwrap().to_string()
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// With the times, which differ, as 0.
    fn without_times(&self) -> String {
        let times = regex::Regex::new(r#""created":\d+"#).unwrap();
        let dates = regex::Regex::new(r#""created_at":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ""#).unwrap();
        let body = times.replace_all(&self.body, r#""created":0"#);
        let body = dates.replace_all(&body, r#""created_at":"0""#);
        // Nobody reads the order of members; here it is that of their names.
        let sorted = |line: &str| {
            let (before, json) = line.split_at(line.find('{').unwrap_or(line.len()));
            let Ok(mut value) = serde_json::from_str::<Value>(json) else { return line.to_string() };
            value.sort_all_objects();
            format!("{before}{value}")
        };
        body.split('\n').map(sorted).collect::<Vec<_>>().join("\n")
    }
}

fn start(engine: Scripted, token: &std::path::Path, port: u16) -> Client {
    let files = Files { token: Some(token.to_path_buf()), ..Files::default() };
    let mut client = Client::start_in(engines(engine), None, files);
    // A gate that only a language knows.
    let options = json!({"http": {"enabled": true, "port": port}, "suggest": {"in_comments": false}});
    client.initialize(json!({"capabilities": ghost_text(), "initializationOptions": options}));
    client
}

fn port_said(client: &mut Client) -> u16 {
    let said = client.wait_for(|said| is_said(said, "window/logMessage", "http://127.0.0.1:"));
    let message = said["params"]["message"].as_str().unwrap();
    let rest = message.split("http://127.0.0.1:").nth(1).unwrap();
    rest.split(';').next().unwrap().parse().unwrap()
}

fn is_said(message: &Value, method: &str, text: &str) -> bool {
    message["method"] == method && message["params"]["message"].as_str().is_some_and(|said| said.contains(text))
}

fn read(stream: &mut TcpStream) -> Answer {
    let mut text = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.read_to_string(&mut text).unwrap();
    let (header, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let status = header.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, header: header.to_ascii_lowercase(), body: body.to_string() }
}

/// The text before and after the cursor of [`TEXT`].
fn around() -> (&'static str, &'static str) {
    TEXT.split_at(TEXT.find("let n = ").unwrap() + 8)
}

fn qwen(prefix: &str, suffix: &str) -> String {
    format!("<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>")
}
