//! From what an editor says to the server, to what `foretype stats` prints.

use std::path::{Path, PathBuf};
use std::time::Duration;

use foretype::engine::scripted::Scripted;
use foretype::server::Files;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary;
use crate::client::{Client, engines, ghost_text};
use crate::ledger::every_byte;

const URI: &str = "file:///projects/secret_customer/a.rs";

fn recorded() -> (TempDir, PathBuf, Client) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    let engine = Scripted::lines(&[("let n = ", "items.len();"), ("let k = ", "zebra_quagga();")]);
    let files = Files { ledger: Some(file.clone()), ..Files::default() };
    let mut client = Client::start_in(engines(engine), None, files);
    let folders = json!([{"uri": "file:///projects/secret_customer", "name": "secret"}]);
    client.initialize(json!({"capabilities": ghost_text(), "workspaceFolders": folders}));
    (folder, file, client)
}

fn command(client: &mut Client, command: &str, arguments: Value) -> Value {
    let answer = client.ask("workspace/executeCommand", json!({"command": command, "arguments": arguments}));
    answer.get("result").unwrap_or_else(|| panic!("{answer}")).clone()
}

fn stats(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = binary::command(folder);
    let output = command.arg("stats").args(arguments).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), stdout, stderr)
}

#[test]
fn an_accepted_suggestion_comes_to_the_stats() {
    let (folder, _, mut client) = recorded();
    client.open(URI, "rust", "fn f() {\n    let n = \n}\n");
    let item = client.ghost(URI, 1, 12).remove(0);
    client.type_at(URI, 2, 1, 12, "items.len();");
    command(&mut client, "foretype.accept", item["command"]["arguments"].clone());

    let report = command(&mut client, "foretype.stats", json!([1]));
    let all = &report["all"];
    assert_eq!((&all["shown"], &all["accepted"], &all["chars_saved"]), (&json!(1), &json!(1), &json!(12)));
    assert_eq!((&report["languages"]["rust"]["shown"], &report["totals"]["requests"]), (&json!(1), &json!(1.0)));
    assert_eq!(report["learned"]["outcomes"], 1);
    assert_eq!(report["latencies"].as_object().unwrap().len(), 1);
    assert_eq!(report["today"], json!({"saved_characters": 12, "cost_usd": 0.0}));
    let said = report["text"].as_str().unwrap();
    assert!(said.starts_with("Today (UTC): 1 shown, 1 taken (100 % of those that could be read), 12 char"), "{said}");
    client.close();

    let (code, stdout, stderr) = stats(folder.path(), &["--days", "2"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for said in ["The last 2 days", "1, of which 1 were there", "100 % of those: 1 whole", "12 characters", "rust"] {
        assert!(stdout.contains(said), "`{said}` is not in:\n{stdout}");
    }
    let (code, stdout, _) = stats(folder.path(), &["--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["all"]["acceptance"]), (0, &json!(1.0)));
}

#[test]
fn typing_along_is_one_suggestion_and_something_else_a_rejection() {
    let (_folder, _, mut client) = recorded();
    client.open(URI, "rust", "let n = ");
    client.ghost(URI, 0, 8);
    for (version, key) in (2..).zip(["i", "t", "e"]) {
        client.type_at(URI, version, 0, 6 + version as u32, key);
        assert_eq!(client.ghost(URI, 0, 7 + version as u32).len(), 1);
    }
    client.type_at(URI, 5, 0, 11, "\nlet k = ");
    let item = client.ghost(URI, 1, 8).remove(0);
    command(&mut client, "foretype.dismiss", item["command"]["arguments"].clone());
    let report = command(&mut client, "foretype.stats", json!([]));
    assert_eq!((&report["all"]["shown"], &report["totals"]["requests"]), (&json!(2), &json!(5.0)));
    let n = |end: &str| report["all"][end].as_u64().unwrap();
    assert_eq!(n("rejected") + n("unseen"), 1, "the dismissed one; the other may still be accepted: {report}");
}

#[test]
fn copilot_s_notifications_are_understood() {
    let (_folder, _, mut client) = recorded();
    client.open(URI, "rust", "let n = ");
    let item = client.ghost(URI, 0, 8).remove(0);
    client.notify("textDocument/didShowCompletion", json!({"item": item}));
    let partial = json!({"item": item, "acceptedLength": 5});
    client.notify("textDocument/didPartiallyAcceptCompletion", partial);
    for senseless in [json!({}), json!({"item": 1}), json!([]), json!({"item": {}, "acceptedLength": -1})] {
        client.notify("textDocument/didShowCompletion", senseless.clone());
        client.notify("textDocument/didPartiallyAcceptCompletion", senseless);
    }
    client.type_at(URI, 2, 0, 8, "items");
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": URI}}));
    let report = command(&mut client, "foretype.stats", json!([]));
    assert_eq!((&report["all"]["partially_accepted"], &report["all"]["chars_saved"]), (&json!(1), &json!(5)));
}

#[test]
fn no_text_of_a_document_is_kept() {
    let (folder, _, mut client) = recorded();
    client.open(URI, "rust", "const PASSPHRASE: u8 = 1;\nlet k = ");
    let item = client.ghost(URI, 1, 8).remove(0);
    assert_eq!(item["insertText"], "zebra_quagga();");
    client.type_at(URI, 2, 1, 8, "zebra_quagga();");
    command(&mut client, "foretype.accept", item["command"]["arguments"].clone());
    assert_eq!(command(&mut client, "foretype.stats", json!([]))["all"]["accepted"], 1);
    // While the server runs, the journal is there too.
    let bytes = every_byte(folder.path());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("secret_customer"), "the folder's own name is kept");
    for text in ["zebra", "quagga", "PASSPHRASE", "projects", "a.rs", "file:"] {
        assert!(!holds(text), "`{text}` is in the file");
    }
    client.close();
    let bytes = every_byte(folder.path());
    assert!(!bytes.windows(6).any(|window| window == b"zebra_" || window == b"quagga"));
}

#[test]
fn it_can_be_switched_off_and_forgotten() {
    let (folder, file, mut client) = recorded();
    command(&mut client, "foretype.resetLearning", json!([]));
    client
        .notify("workspace/didChangeConfiguration", json!({"settings": {"foretype": {"ledger": {"enabled": false}}}}));
    client.open(URI, "rust", "let n = ");
    client.ghost(URI, 0, 8);
    assert_eq!(command(&mut client, "foretype.stats", json!([])), Value::Null);
    client.close();
    assert!(file.exists());

    let (code, stdout, _) = stats(folder.path(), &["--reset"]);
    assert!(code == 0 && stdout.starts_with("what was learned is forgotten"), "{stdout}");
    let (code, stdout, _) = stats(folder.path(), &["--json"]);
    assert_eq!((code, stdout.trim()), (1, "null"));
    let (code, _, stderr) = stats(folder.path(), &[]);
    assert!(code == 1 && stderr.contains("nothing was recorded") && stderr.contains("ledger.sqlite"), "{stderr}");
}

#[test]
fn without_a_file_it_says_what_makes_one() {
    let home = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = stats(home.path(), &[]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("foretype lsp"), "{stderr}");
    assert!(!home.path().join("ledger.sqlite").exists(), "looking makes none");
    let mut off = binary::command(home.path());
    let output = off.arg("stats").env("FORETYPE_LEDGER", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("FORETYPE_LEDGER is empty"));
}

#[test]
fn at_rest_the_server_ends_at_once() {
    let (_folder, file, mut client) = recorded();
    client.open(URI, "rust", "let n = ");
    client.ghost(URI, 0, 8);
    client.type_at(URI, 2, 0, 8, "items.len();");
    client.ask("shutdown", Value::Null);
    let started = std::time::Instant::now();
    assert_eq!(client.close(), 0);
    assert!(started.elapsed() < Duration::from_secs(3));
    let report = foretype::ledger::report(&file, 1).unwrap().unwrap();
    assert_eq!(report.all.accepted, 1, "the last records are written");
}
