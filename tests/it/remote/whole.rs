//! The server with an endpoint, over pipes: what is sent, what is kept, what is written down.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::provider::{Provider, Step, answer, event, head, last};
use crate::binary;
use crate::client::{Client, ghost_text};

const KEY: &str = "not-a-real-key-9876543210";
/// Stands in the documents, and nowhere else.
pub const WORD: &str = "quetzalcoatlus";

pub fn says(text: &str) -> Vec<Step> {
    let completion = json!({"choices": [{"text": text, "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 4}});
    vec![head("text/event-stream"), event(completion), event(usage), event("[DONE]"), last()]
}

/// A server in a new home with these settings; its log goes into `home/log`.
pub fn start(home: &Path, settings: &str) -> (Client, u32) {
    start_as(home, settings, |_| {})
}

/// As [`start`], of a command that is changed first.
pub fn start_as(home: &Path, settings: &str, change: impl FnOnce(&mut Command)) -> (Client, u32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foretype"));
    binary::isolate(&mut command, home);
    let folder = home.join(".config/foretype");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), settings).unwrap();
    let log = fs::File::create(home.join("log")).unwrap();
    command.env("FORETYPE_LOG", "trace").env("TEAM_KEY", KEY).env("COLLECTOR_HEADERS", "x-key=a%20key+5");
    command.env_remove("http_proxy");
    command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    change(&mut command);
    let child = command.spawn().unwrap();
    let pid = child.id();
    let mut client = Client::of(child);
    let root = url(&home.join("project"));
    fs::create_dir_all(home.join("project/.git")).unwrap();
    let folders = json!([{"uri": root, "name": "project"}]);
    client.initialize(json!({"rootUri": root, "workspaceFolders": folders, "capabilities": ghost_text()}));
    (client, pid)
}

pub fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

pub fn settings(endpoint: &str, enabled: bool) -> String {
    format!(
        "[instant]\nenabled = false\n[local]\nenabled = false\n[remote]\nenabled = {enabled}\nendpoints = [{{ name = \"team\", \
         protocol = \"completions\", url = \"{endpoint}\", model = \"small\", key_variable = \"TEAM_KEY\", \
         timeout_ms = 300 }}]\n"
    )
}

/// Types `let x = ` in a file of the project, and asks.
pub fn ask(client: &mut Client, home: &Path, name: &str, text: &str) -> Vec<String> {
    let uri = url(&home.join("project").join(name));
    client.open(&uri, "rust", text);
    let line = text.matches('\n').count() as u32;
    let column = text.rsplit('\n').next().unwrap().len() as u32;
    let texts = client.ghost(&uri, line, column).into_iter();
    texts.map(|item| item["insertText"].as_str().unwrap().to_string()).collect()
}

#[test]
fn an_endpoint_answers_and_nothing_secret_is_written_down() {
    let provider = Provider::start(|n, _| match n {
        0 => says("compute();"),
        1 => vec![answer("401 Unauthorized", "", r#"{"error": {"message": "no such key"}}"#)],
        _ => vec![Step::Stall],
    });
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (mut client, _) = start(home, &settings(&provider.url, true));
    let text = format!("// {WORD}\nlet first = ");
    assert_eq!(ask(&mut client, home, "a.rs", &text), ["compute();"]);
    assert_eq!(ask(&mut client, home, "b.rs", &format!("// {WORD}\nlet second = ")), [""; 0]);
    let why = client.why();
    assert!(why.contains("401 Unauthorized: check the key"), "{why}");
    let status = client.ask("workspace/executeCommand", json!({"command": "foretype.status", "arguments": []}));
    assert!(status.to_string().contains("401 Unauthorized"), "{status}");
    client.close();

    let seen = provider.seen();
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(seen[0].body["prompt"].as_str().unwrap().contains(WORD));
    let mut n_files = 0;
    for path in files(home) {
        n_files += 1;
        let bytes = fs::read(&path).unwrap();
        for word in [KEY, WORD] {
            let is_there = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!is_there, "{} holds {word}", path.display());
        }
    }
    assert!(n_files >= 3, "the settings, the log and the ledger");
    assert!(fs::metadata(home.join("log")).unwrap().len() > 100, "the log is empty");
}

#[test]
fn what_a_rule_or_the_scan_keeps_here_is_not_sent() {
    let provider = Provider::start(|_, _| says("compute();"));
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // As if it were another machine, with a proxy in between that is the provider.
    let elsewhere = settings("http://models.example/v1", true)
        .replace("timeout_ms = 300", "timeout_ms = 5000, plain_http = true")
        + "[privacy]\nlocal_only = [\"kept.rs\"]\n";
    let proxy = provider.url.clone();
    let (mut client, _) = start_as(home, &elsewhere, |command| {
        command.env("http_proxy", &proxy);
    });
    assert_eq!(ask(&mut client, home, "open.rs", "let first = "), ["compute();"]);
    assert_eq!(provider.seen()[0].line, "POST http://models.example/v1/completions HTTP/1.1");
    assert_eq!(ask(&mut client, home, "kept.rs", "let second = "), [""; 0]);
    let why = client.why();
    assert!(why.contains("privacy.local_only"), "{why}");
    let password = ["hunter", "2Zq8", "Xw91", "LmNo77"].concat();
    let secret = format!("let url = \"postgres://me:{password}@db.example/x\";\nlet third = ");
    assert_eq!(ask(&mut client, home, "secret.rs", &secret), [""; 0]);
    assert!(client.why().contains("looks like a secret"), "{}", client.why());
    assert_eq!(provider.seen().len(), 1);
    client.close();
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
