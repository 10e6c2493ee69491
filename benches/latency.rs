//! Latency and memory of the real server over stdio, on 16 MB of real Rust source.
//!
//! `cargo bench --bench latency [-- --dir DIR]`. The source is taken from DIR, or else from cargo's own registry cache,
//! which this project's build has filled. Prints one table; every figure stands beside what it must reach.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

#[path = "latency/client.rs"]
mod client;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::Client;
use serde_json::{Value, json};

const WORKSPACE_BYTES: usize = 16 << 20;
const DOCUMENT_LINES: usize = 10_000;

/// Between two edits, where it matters that the server does between them what it does while somebody types: 16 keys a
/// second.
const KEYSTROKE: Duration = Duration::from_millis(60);

fn main() {
    let Some(source) = source_folder() else {
        return eprintln!("skipped: no source found; give a folder of code with `-- --dir DIR`");
    };
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join("workspace");
    let n_bytes = copy_source(&source, &folder);
    println!("workspace: {:.1} MB of Rust source", n_bytes as f64 / 1e6);
    println!("\n| what | must | goal | p50 | p99 | n |\n|---|---|---|---|---|---|");

    initialize(home.path(), &folder);
    let mut client = indexed(home.path(), &folder);
    let document = Document::open(&mut client, &folder);
    changes(&mut client, &document);
    answers(&mut client, &document);
    burst(&mut client, &document);
    if let Some((now, peak)) = client.memory() {
        println!(
            "| memory of the server at the end, and at its peak | 150 MB | 80 MB | {now:.0} MB | {peak:.0} MB | 1 |"
        );
    }
}

fn source_folder() -> Option<PathBuf> {
    let mut args = std::env::args().skip_while(|arg| arg != "--dir").skip(1);
    if let Some(dir) = args.next() {
        return Some(PathBuf::from(dir));
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    home.map(|home| home.join("registry/src")).filter(|folder| folder.is_dir())
}

/// Copies ordinary Rust files, in order of path, until the workspace is full.
fn copy_source(from: &Path, to: &Path) -> usize {
    fs::create_dir_all(to).expect("a writable temporary folder");
    let mut files: Vec<PathBuf> = ignore::WalkBuilder::new(from)
        .standard_filters(false)
        .build()
        .flatten()
        .map(|entry| entry.into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    let mut n_bytes = 0;
    for (i, path) in files.iter().enumerate() {
        let Ok(text) = fs::read_to_string(path) else { continue };
        if text.len() > 200_000 || n_bytes + text.len() > WORKSPACE_BYTES {
            continue;
        }
        n_bytes += text.len();
        fs::write(to.join(format!("file_{i}.rs")), text).expect("a writable temporary folder");
    }
    n_bytes
}

fn initialize_params(folder: &Path) -> Value {
    json!({
        "processId": std::process::id(),
        "capabilities": {
            "general": {"positionEncodings": ["utf-8"]},
            "window": {"workDoneProgress": true},
            "textDocument": {"inlineCompletion": {}},
        },
        "workspaceFolders": [{"uri": uri(folder), "name": "bench"}],
    })
}

fn uri(path: &Path) -> String {
    url::Url::from_file_path(path).expect("an absolute path").to_string()
}

fn initialize(home: &Path, folder: &Path) {
    let times = (0..20).map(|_| {
        let mut client = Client::start(home);
        client.time("initialize", initialize_params(folder)).0
    });
    row("start of the process to the answer of `initialize`", "150 ms", "30 ms", times.collect());
}

/// A server whose index is ready.
fn indexed(home: &Path, folder: &Path) -> Client {
    let mut client = Client::start(home);
    client.ask("initialize", initialize_params(folder));
    let started = Instant::now();
    client.notify("initialized", json!({}));
    let at = client.wait_for("$/progress", |params| params["value"]["kind"] == "end");
    row("index of the workspace, in the background", "3 s", "1 s", vec![at - started]);
    if let Some((now, peak)) = client.memory() {
        println!("| memory when the index is ready, and its peak | 150 MB | 80 MB | {now:.0} MB | {peak:.0} MB | 1 |");
    }
    client
}

/// An open document of 10,000 lines of real code.
struct Document {
    uri: String,
    lines: Vec<String>,
}

impl Document {
    fn open(client: &mut Client, folder: &Path) -> Document {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder).expect("just written").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let mut lines = Vec::new();
        for path in paths {
            lines.extend(fs::read_to_string(path).expect("just written").lines().map(str::to_string));
            if lines.len() >= DOCUMENT_LINES {
                break;
            }
        }
        lines.truncate(DOCUMENT_LINES);
        let uri = uri(&folder.join("open.rs"));
        let item = json!({"uri": uri, "languageId": "rust", "version": 0, "text": lines.join("\n")});
        client.notify("textDocument/didOpen", json!({"textDocument": item}));
        // The first request waits for the privacy check; the next ones find it done.
        let document = Document { uri, lines };
        document.ask(client, 0, 0);
        document
    }

    fn ask(&self, client: &mut Client, line: usize, character: usize) -> (Duration, Value) {
        client.time("textDocument/inlineCompletion", self.at(line, character))
    }

    fn at(&self, line: usize, character: usize) -> Value {
        json!({
            "textDocument": {"uri": self.uri},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": 2},
        })
    }

    /// Types `text` at a place.
    fn change(&self, client: &mut Client, version: usize, line: usize, character: usize, text: &str) {
        let at = json!({"line": line, "character": character});
        client.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": self.uri, "version": version},
                "contentChanges": [{"range": {"start": at, "end": at}, "text": text}],
            }),
        );
    }
}

/// A change has no answer: a request that the server does not know follows it and is answered after it. The time of
/// such a request alone is told beside it.
fn changes(client: &mut Client, document: &Document) {
    let alone = (0..1000).map(|_| client.time("foretype/unknown", Value::Null).0).collect();
    row("an unknown request (the cost of the pipe)", "", "", alone);
    let mut times = Vec::new();
    for i in 0..1000 {
        let started = Instant::now();
        document.change(client, i + 1, (i * 7919) % DOCUMENT_LINES, 0, "x");
        let id = client.request("foretype/unknown", Value::Null);
        times.push(client.answer(id).0 - started);
    }
    row("`didChange` in 10,000 lines, and an unknown request", "5 ms", "1 ms", times);
}

/// Asks at the middle of many lines: the first time an engine answers, then the cache.
fn answers(client: &mut Client, document: &Document) {
    let (mut instant, mut cached) = (Vec::new(), Vec::new());
    for (number, line) in document.lines.iter().enumerate().step_by(7) {
        let content = line.trim_start();
        if !content.is_ascii() || content.len() < 12 || content.starts_with("//") {
            continue;
        }
        // A finished line is edited: its second half goes away, as if the user were typing it.
        let character = line.len() - content.len() + 8;
        let end = json!({"line": number, "character": line.len() + 1});
        let version = 2000 + number;
        client.notify(
            "textDocument/didChange",
            json!({
                "textDocument": {"uri": document.uri, "version": version},
                "contentChanges": [{"range": {"start": {"line": number, "character": character}, "end": end}, "text": ""}],
            }),
        );
        let (time, answer) = document.ask(client, number, character);
        instant.push(time);
        std::thread::sleep(KEYSTROKE);
        if answer["result"]["items"].as_array().is_some_and(|items| !items.is_empty()) {
            cached.extend((0..5).map(|_| document.ask(client, number, character).0));
        }
    }
    row("answer of the instant engine, after an edit, 16 a second", "5 ms", "1 ms", instant);
    row("answer from the cache", "5 ms", "2 ms", cached);
}

/// 1,000 edits with requests between them, written without waiting. Counts what was answered, and how.
fn burst(client: &mut Client, document: &Document) {
    let started = Instant::now();
    let ids: Vec<u64> = (0..1000)
        .map(|i| {
            document.change(client, 100_000 + i, 5, 0, "y");
            client.request("textDocument/inlineCompletion", document.at(5, 1))
        })
        .collect();
    let (mut answered, mut superseded) = (0, 0);
    for id in ids {
        match client.answer(id).1 {
            answer if answer["error"]["code"] == -32800 => superseded += 1,
            answer if answer["result"]["items"].is_array() => answered += 1,
            answer => panic!("neither items nor superseded: {answer}"),
        }
    }
    let took = started.elapsed().as_millis();
    println!(
        "| burst of 1,000 edits and requests: {answered} answered, {superseded} superseded | | | {took} ms | | 1 |"
    );
}

fn row(what: &str, must: &str, goal: &str, mut times: Vec<Duration>) {
    times.sort();
    let n = times.len();
    let percentile =
        |p: usize| times.get((n * p).div_ceil(100).saturating_sub(1)).map_or(f64::NAN, Duration::as_secs_f64);
    let (p50, p99) = (percentile(50) * 1e3, percentile(99) * 1e3);
    println!("| {what} | {must} | {goal} | {p50:.2} ms | {p99:.2} ms | {n} |");
}
