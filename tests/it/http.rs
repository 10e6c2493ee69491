//! The HTTP endpoint as its clients see it: the real server, asked over sockets.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use foretype::engine::Finish;
use foretype::engine::scripted::Scripted;
use foretype::http::Token;
use foretype::server::Files;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary;
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

/// What Zed sends for ghost text.
fn of_zed(prefix: &str, suffix: &str) -> Value {
    let stop = ["<|endoftext|>", "<|file_separator|>", "<|fim_pad|>"];
    json!({"model": "qwen2.5-coder", "prompt": qwen(prefix, suffix), "max_tokens": 256, "stop": stop})
}

#[test]
fn zed_gets_every_member_that_it_insists_on() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    let answer = scene.post("/v1/completions", of_zed(prefix, suffix));
    assert!(answer.header.contains("content-type: application/json"), "{}", answer.header);
    let whole = |text: &str, (number, prompt, completion): (u32, u32, u32)| {
        format!(
            r#"{{"choices":[{{"finish_reason":"stop","index":0,"logprobs":null,"text":"{text}"}}],"created":0,"id":"cmpl-{number}","model":"qwen2.5-coder","object":"text_completion","usage":{{"completion_tokens":{completion},"prompt_tokens":{prompt},"total_tokens":{}}}}}"#,
            prompt + completion
        )
    };
    let n_tokens = TEXT.len().div_ceil(4) as u32;
    assert_eq!(answer.without_times(), whole("items.len();", (1, n_tokens, 3)));
    // No suggestion is an empty text, not an error: Zed would write that into its log at every key.
    let nothing = scene.post("/v1/completions", of_zed("fn nothing() {\n    let k = ", "\n}"));
    assert_eq!((nothing.status, nothing.without_times()), (200, whole("", (2, 8, 0))));
}

#[test]
fn every_shape_of_prompt_that_zed_knows_finds_the_document() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    for prompt in [
        format!("<PRE> {prefix} <SUF>{suffix} <MID>"),
        format!("<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>"),
        format!("<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>"),
        qwen(prefix, suffix),
        format!("[SUFFIX]{suffix}[PREFIX]{prefix}"),
        format!("<|code_prefix|>{prefix}<|code_suffix|>{suffix}<|code_middle|>"),
    ] {
        let answer = scene.post("/v1/completions", json!({"prompt": prompt}));
        assert_eq!(answer.json()["choices"][0]["text"], "items.len();", "{prompt}");
    }
    let rewrite = scene.post("/v1/completions", json!({"prompt": "a<|user_cursor_is_here|>b"}));
    assert_eq!(rewrite.status, 400);
    assert!(rewrite.body.contains("set `prompt_format` to `qwen`"), "{}", rewrite.body);
}

#[test]
fn the_other_dialects_in_whole() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    let n = TEXT.len().div_ceil(4);
    let mistral = scene.post("/v1/fim/completions", json!({"model": "m", "prompt": prefix, "suffix": suffix}));
    assert_eq!(
        mistral.without_times(),
        format!(
            r#"{{"choices":[{{"finish_reason":"stop","index":0,"message":{{"content":"items.len();","prefix":false,"role":"assistant","tool_calls":null}}}}],"created":0,"id":"fim-1","model":"m","object":"chat.completion","usage":{{"completion_tokens":3,"prompt_tokens":{n},"total_tokens":{}}}}}"#,
            n + 3
        )
    );
    let raw = json!({"model": "m", "prompt": qwen(prefix, suffix), "raw": true, "stream": false, "options": {"stop": ["len"]}});
    let ollama = scene.post("/api/generate", raw);
    assert_eq!(
        ollama.without_times(),
        format!(
            r#"{{"context":[],"created_at":"0","done":true,"done_reason":"stop","eval_count":2,"model":"m","prompt_eval_count":{n},"response":"items."}}"#
        )
    );
    let (before, typed) = prefix.split_at(prefix.len() - 4);
    let infill = scene.post("/infill", json!({"input_prefix": before, "prompt": typed, "input_suffix": suffix}));
    assert_eq!(infill.json()["content"], "items.len();");
    assert_eq!(infill.json()["stop"], true);
}

#[test]
fn a_stream_is_one_piece_and_an_end() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    let n = TEXT.len().div_ceil(4);
    let body = json!({"model": "m", "prompt": prefix, "suffix": suffix, "stream": true});
    let openai = scene.post("/v1/completions", body.clone());
    assert!(openai.header.contains("content-type: text/event-stream"), "{}", openai.header);
    assert_eq!(
        openai.without_times(),
        format!(
            "data: {{\"choices\":[{{\"finish_reason\":null,\"index\":0,\"logprobs\":null,\"text\":\"items.len();\"}}],\
             \"created\":0,\"id\":\"cmpl-1\",\"model\":\"m\",\"object\":\"text_completion\"}}\n\n\
             data: {{\"choices\":[{{\"finish_reason\":\"stop\",\"index\":0,\"logprobs\":null,\"text\":\"\"}}],\
             \"created\":0,\"id\":\"cmpl-1\",\"model\":\"m\",\"object\":\"text_completion\",\
             \"usage\":{{\"completion_tokens\":3,\"prompt_tokens\":{n},\"total_tokens\":{}}}}}\n\ndata: [DONE]\n\n",
            n + 3
        )
    );
    let mistral = scene.post("/v1/fim/completions", body.clone());
    let first: Value =
        serde_json::from_str(mistral.body.lines().next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(first["choices"][0]["delta"]["content"], "items.len();");
    assert!(mistral.body.ends_with("data: [DONE]\n\n"));
    // Ollama streams unless it is told not to.
    let ollama = scene.post("/api/generate", json!({"model": "m", "prompt": prefix, "suffix": suffix}));
    let lines: Vec<Value> = ollama.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(ollama.header.contains("content-type: application/x-ndjson"), "{}", ollama.header);
    assert_eq!((&lines[0]["response"], &lines[0]["done"]), (&json!("items.len();"), &json!(false)));
    assert_eq!((&lines[1]["response"], &lines[1]["done"], lines.len()), (&json!(""), &json!(true), 2));
}

#[test]
fn who_lists_models_finds_one_and_who_looks_finds_counters() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    scene.fill(prefix, suffix);
    let asker = scene.asker();
    assert_eq!(asker.get("/v1/models").json()["data"][0]["id"], "foretype");
    assert_eq!(asker.get("/api/tags").json()["models"][0]["name"], "foretype");
    let health =
        asker.send(&format!("GET /health HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", scene.port));
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    let metrics = asker.get("/metrics").body;
    for line in [
        "foretype_http_requests_total{path=\"/v1/completions\",status=\"200\"} 1\n",
        "foretype_predictions_total{outcome=\"model\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert_eq!(asker.get("/v1/completions").status, 405);
    let unknown = asker.get("/v2");
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.contains("/v1/completions"), "{}", unknown.body);
}

#[test]
fn strangers_are_refused() {
    let scene = Scene::items();
    let (port, key) = (scene.port, &scene.key);
    let check = |headers: &str, status: u16, said: &str| {
        let body = "{\"prompt\": \"let n = \"}";
        let length = body.len();
        let answer = scene.asker().send(&format!(
            "POST /v1/completions HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        assert_eq!(answer.status, status, "{headers}: {}", answer.body);
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_string();
        assert!(message.contains(said), "{headers}: {message}");
        assert!(!answer.body.contains(key));
    };
    let (host, bearer) = (format!("Host: 127.0.0.1:{port}\r\n"), format!("Authorization: Bearer {key}\r\n"));
    check(&format!("{host}{bearer}"), 200, "");
    check(&format!("Host: LOCALHOST:{port}\r\nX-Api-Key: {key}\r\n"), 200, "");
    check(&format!("Host: [::1]:{port}\r\n{bearer}"), 200, "");
    let named = "use one of these names in the URL";
    check(&bearer, 403, named);
    check(&format!("Host: 127.0.0.1\r\n{bearer}"), 403, named);
    check(&format!("Host: 127.0.0.1:{}\r\n{bearer}", port ^ 1), 403, named);
    check(&format!("Host: evil.example:{port}\r\n{bearer}"), 403, named);
    check(&format!("Host: localhost.evil.example:{port}\r\n{bearer}"), 403, named);
    check(&format!("{host}{host}{bearer}"), 403, named);
    check(&format!("{host}Origin: http://127.0.0.1:{port}\r\n{bearer}"), 403, "web pages");
    check(&format!("{host}Origin: null\r\n{bearer}"), 403, "web pages");
    for given in ["", "Authorization: Bearer \r\n", "Authorization: Basic abc\r\n", "X-Api-Key: wrong\r\n"] {
        check(&format!("{host}{given}"), 401, "foretype http token");
    }
    check(&format!("{host}Authorization: Bearer {}\r\n", &key[..key.len() - 1]), 401, "foretype http token");
}

#[test]
fn what_cannot_be_read_is_refused_with_the_next_step() {
    let scene = Scene::items();
    let check = |path: &str, body: &str, status: u16, said: &str| {
        let (port, key, length) = (scene.port, &scene.key, body.len());
        let answer = scene.asker().send(&format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ));
        assert!(answer.status == status && answer.body.contains(said), "{body}: {} {}", answer.status, answer.body);
    };
    check("/v1/completions", "{\"prompt\": ", 400, "not JSON");
    check("/v1/completions", "{\"prompt\": 3}", 400, "wrong type");
    check("/v1/completions", "{\"prompt\": [\"a\", \"b\"]}", 400, "one request for each prompt");
    check("/v1/completions", "{}", 400, "`prompt` is missing");
    check("/infill", "{\"prompt\": \"a\"}", 400, "`input_prefix` is missing");
    check("/v1/completions", "{\"prompt\": \"a\", \"language\": \"ruts\"}", 400, "no known language");
    // Ollama's clients read a text.
    check("/api/generate", "{}", 400, "{\"error\":\"`prompt` is missing");
}

#[test]
fn a_long_body_is_refused_before_it_is_held() {
    let scene = Scene::items();
    let (port, key) = (scene.port, &scene.key);
    let head = format!(
        "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
    );
    let announced = scene.asker().send(&format!("{head}Content-Length: {}\r\n\r\n", (2 << 20) + 1));
    assert_eq!(announced.status, 413);
    let chunk = "x".repeat((2 << 20) + 1);
    let dripped =
        scene.asker().send(&format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunk}\r\n", chunk.len()));
    assert_eq!(dripped.status, 413, "{}", dripped.body);
}

#[test]
fn the_editor_s_own_question_gets_the_same_answer() {
    let mut scene = Scene::items();
    let (prefix, suffix) = around();
    assert_eq!(scene.fill(prefix, suffix), "items.len();");
    // What was answered over HTTP is the document's, so the editor has it from the cache, and the reverse.
    assert_eq!(scene.client.ghost(URI, PLACE.0, PLACE.1)[0]["insertText"], "items.len();");
    scene.client.type_at(URI, 2, PLACE.0, PLACE.1, "items.");
    scene.client.why();
    assert_eq!(scene.fill(&format!("{prefix}items."), suffix), "len();");
    assert!(scene.client.why().contains("from cache"), "{}", scene.client.why());
    // An excerpt is enough.
    let excerpt = &format!("{prefix}items.")[30..];
    assert_eq!(scene.fill(excerpt, suffix), "len();");
}

#[test]
fn an_excerpt_that_stands_twice_is_a_text_of_its_own() {
    let (asked, questions) = channel();
    let mut scene = Scene::new(Scripted::new(move |ask, _| {
        asked.send((ask.document.id.0.to_string(), ask.document.text.len())).unwrap();
        Ok(vec!["items.len();".to_string()])
    }));
    scene.client.open(URI, "rust", TEXT);
    scene.client.open("file:///project/src/b.rs", "rust", TEXT);
    scene.client.why();
    let (prefix, suffix) = around();
    assert_eq!(scene.fill(prefix, suffix), "items.len();");
    let (id, n_bytes) = questions.recv().unwrap();
    assert!(id.starts_with("foretype-http:") && n_bytes == TEXT.len(), "{id}");
}

#[test]
fn what_replaces_text_right_of_the_cursor_ends_before_it() {
    let scene = Scene::new(Scripted::lines(&[("let n = count(", "&items);")]));
    let text = scene.fill("fn f() {\n    let n = count(", ")\n}\n");
    assert_eq!(text, "&items");
}

/// Counts how often it is asked.
fn counted() -> (Scripted, Arc<AtomicUsize>) {
    let n_asked = Arc::new(AtomicUsize::new(0));
    let count = n_asked.clone();
    let engine = Scripted::new(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(vec!["leaked".to_string()])
    });
    (engine, n_asked)
}

#[test]
fn what_is_denied_is_answered_with_nothing_and_shown_to_no_engine() {
    let (engine, n_asked) = counted();
    let mut scene = Scene::new(engine);
    let text = "# Settings of the shop, in every environment that there is.\nDATABASE_NAME=shop\nSHOP_NAME=\n";
    scene.client.open("file:///project/.env", "plaintext", text);
    scene.client.why();
    let place = text.len() - 1;
    assert_eq!(scene.fill(&text[..place], &text[place..]), "");
    // The editor is a keystroke ahead of what it told the language server.
    assert_eq!(scene.fill(&format!("{}x", &text[..place]), &text[place..]), "");
    for question in [
        json!({"prompt": "A=1\nB=", "suffix": "\n", "path": ".env"}),
        json!({"prompt": "A=1\nB=", "suffix": "\n", "path": "/project/certificates/server.pem"}),
        json!({"prompt": "<filename>.env\n<fim_suffix>\n<fim_prefix>B=<fim_middle>"}),
        json!({"prompt": "key = \"AKIAQ4TR7WZX2MNB5KLP\"\n-----BEGIN RSA PRIVATE KEY-----\nB = ", "suffix": "\n"}),
    ] {
        let answer = scene.post("/v1/completions", question.clone());
        assert_eq!((answer.status, &answer.json()["choices"][0]["text"]), (200, &json!("")), "{question}");
    }
    assert_eq!(n_asked.load(Ordering::SeqCst), 0);
    assert_eq!(scene.fill("let open = ", "\n"), "leaked");
}

#[test]
fn a_language_or_a_path_turns_the_gates_of_that_language_on() {
    let (engine, n_asked) = counted();
    let scene = Scene::new(engine);
    let comment = |extra: Value| {
        let mut question = json!({"prompt": "fn f() {}\n// so ", "suffix": "\n"});
        question.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        scene.post("/v1/completions", question).json()["choices"][0]["text"].clone()
    };
    assert_eq!(comment(json!({"language": "rust"})), "");
    assert_eq!(comment(json!({"path": "src/lib.rs"})), "");
    assert_eq!(n_asked.load(Ordering::SeqCst), 0);
    assert_eq!(comment(json!({})), "leaked");
}

/// Says nothing until it is let go or cancelled.
fn held() -> (Scripted, Arc<AtomicBool>) {
    let is_free = Arc::new(AtomicBool::new(false));
    let gate = is_free.clone();
    let engine = Scripted::new(move |_, cancel| {
        while !gate.load(Ordering::SeqCst) {
            if cancel.is_cancelled() {
                return Err(Finish::Cancelled);
            }
            thread::park_timeout(Duration::from_millis(1));
        }
        Ok(vec!["done()".to_string()])
    });
    (engine, is_free)
}

/// The statuses of that many different questions at once, as they come.
fn ask_at_once(asker: &Asker, n: usize) -> std::sync::mpsc::Receiver<u16> {
    let (answered, statuses) = channel();
    for i in 0..n {
        let (asker, answered) = (asker.clone(), answered.clone());
        thread::spawn(move || {
            let question = json!({"prompt": format!("fn number_{i}() {{\n    let n = "), "suffix": "\n}\n"});
            answered.send(asker.post("/v1/completions", &question).status).unwrap();
        });
    }
    statuses
}

#[test]
fn more_than_sixteen_at_once_are_told_to_come_again() {
    let (engine, is_free) = held();
    let scene = Scene::new(engine);
    let statuses = ask_at_once(&scene.asker(), 24);
    let refused: Vec<u16> = (0..8).map(|_| statuses.recv().unwrap()).collect();
    assert_eq!(refused, [503; 8]);
    is_free.store(true, Ordering::SeqCst);
    let answered: Vec<u16> = statuses.iter().collect();
    assert_eq!(answered, [200; 16]);
}

#[test]
fn two_hundred_at_once_leave_nothing_behind() {
    let scene = Scene::items();
    let statuses: Vec<u16> = ask_at_once(&scene.asker(), 200).iter().collect();
    assert_eq!(statuses.len(), 200);
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    // Every place is free again.
    let statuses: Vec<u16> = ask_at_once(&scene.asker(), 16).iter().collect();
    assert_eq!(statuses, [200; 16]);
    let (prefix, suffix) = around();
    assert_eq!(scene.fill(prefix, suffix), "items.len();");
}

#[test]
fn a_client_that_leaves_stops_the_engine() {
    let (started, waiting) = channel();
    let (stopped, has_stopped) = channel();
    let scene = Scene::new(Scripted::new(move |_, cancel| {
        started.send(()).unwrap();
        while !cancel.is_cancelled() {
            thread::park_timeout(Duration::from_millis(1));
        }
        stopped.send(()).unwrap();
        Err(Finish::Cancelled)
    }));
    let stream = scene.asker().begin("/v1/completions", &json!({"prompt": "let n = ", "suffix": ""}));
    waiting.recv().unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    has_stopped.recv_timeout(Duration::from_secs(20)).expect("the engine is told");
}

#[test]
fn the_newest_question_of_a_document_wins() {
    let (started, waiting) = channel();
    let mut scene = Scene::new(Scripted::new(move |ask, cancel| {
        if ask.document.text.slice(0..ask.offset).ends_with("let m = ") {
            return Ok(vec!["42;".to_string()]);
        }
        started.send(()).unwrap();
        while !cancel.is_cancelled() {
            thread::park_timeout(Duration::from_millis(1));
        }
        Err(Finish::Cancelled)
    }));
    let text = format!("{TEXT}let m = ");
    scene.client.open(URI, "rust", &text);
    scene.client.why();
    let at = text.find("let n = ").unwrap() + 8;
    let mut older = scene.asker().begin("/v1/completions", &json!({"prompt": text[..at], "suffix": text[at..]}));
    waiting.recv().unwrap();
    assert_eq!(scene.fill(&text, ""), "42;");
    let older = read(&mut older);
    assert_eq!((older.status, &older.json()["choices"][0]["text"]), (200, &json!("")));
}

fn is_closed(port: u16) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if TcpStream::connect(("127.0.0.1", port)).is_err() {
            return true;
        }
        thread::yield_now();
    }
    false
}

#[test]
fn the_settings_begin_and_end_it_and_it_ends_with_the_session() {
    let mut scene = Scene::items();
    let change = |client: &mut Client, is_enabled: bool| {
        let settings = json!({"http": {"enabled": is_enabled, "port": 0}});
        client.notify("workspace/didChangeConfiguration", json!({"settings": settings}));
    };
    change(&mut scene.client, false);
    assert!(is_closed(scene.port));
    change(&mut scene.client, true);
    let port = port_said(&mut scene.client);
    let asker = Asker { port, key: scene.key.clone() };
    let (prefix, suffix) = around();
    assert_eq!(asker.fill(prefix, suffix), "items.len();");
    scene.client.close();
    assert!(is_closed(port));
}

#[test]
fn a_port_that_is_taken_is_told_unless_it_is_ours() {
    let scene = Scene::items();
    let mut second = start(Scripted::lines(&[]), &scene.file, scene.port);
    second.wait_for(|said| is_said(said, "window/logMessage", "another server of yours"));
    assert!(!second.has_said(|said| said["method"] == "window/showMessage"));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut third = start(Scripted::lines(&[("let n = ", "items.len();")]), &scene.file, port);
    // It answers nothing, and need not.
    thread::spawn(move || drop(taken.accept()));
    third.wait_for(|said| is_said(said, "window/showMessage", "set `http.port` to another"));
    third.open(URI, "rust", TEXT);
    assert_eq!(third.ghost(URI, PLACE.0, PLACE.1)[0]["insertText"], "items.len();");
}

#[test]
fn the_key_is_made_once_and_is_its_user_s_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a").join("http-token");
    let key = Token::open(&file).unwrap().text().to_string();
    assert!(key.len() == 64 && Token::open(&file).unwrap().is(&key));
    let other = Token::open(&folder.path().join("b")).unwrap();
    assert!(other.text() != key && !other.is(&key) && !other.is(""));
    fs::write(folder.path().join("short"), "abc").unwrap();
    let problem = |name: &str| format!("{:#}", Token::open(&folder.path().join(name)).err().unwrap());
    assert!(problem("short").contains("delete it"), "{}", problem("short"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(problem("a/http-token").contains("others may read"), "{}", problem("a/http-token"));
    }
}

#[test]
fn without_an_editor_the_program_serves_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.rs"), TEXT).unwrap();
    let home = folder.path().join("home");
    let mut command = binary::command(&home);
    command.env_remove("XDG_STATE_HOME").args(["http", "--port", "0"]).arg(folder.path());
    let mut server = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    let mut lines = std::io::BufReader::new(server.stderr.take().unwrap());
    while !said.contains("http://127.0.0.1:") {
        assert!(std::io::BufRead::read_line(&mut lines, &mut said).unwrap() > 0, "{said}");
    }
    let rest = said.split("http://127.0.0.1:").nth(1).unwrap();
    let port = rest.split(';').next().unwrap().parse().unwrap();
    let key = binary::command(&home).env_remove("XDG_STATE_HOME").args(["http", "token"]).output().unwrap();
    let key = String::from_utf8(key.stdout).unwrap().trim().to_string();
    let answer = Asker { port, key }.post("/v1/completions", &json!({"prompt": "let n = ", "suffix": "\n"}));
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);

    let no_folder = binary::command(&home).args(["http", "no-such-folder"]).output().unwrap();
    assert_eq!(no_folder.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&no_folder.stderr).contains("give the folder of a project"));
}
