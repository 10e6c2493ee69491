//! Recordings of typing: what is in them, and what never is.

use std::path::Path;
use std::process::Stdio;

use foretype::engine::scripted::Scripted;
use foretype::server::Tape;
use foretype::typing::{Edit, Line, Said};
use serde_json::json;
use tempfile::TempDir;

use crate::binary;
use crate::client::{Client, engines, ghost_text};

/// A server that records; its project is the folder.
fn recording(folder: &TempDir) -> Client {
    recording_with(folder).0
}

fn recording_with(folder: &TempDir) -> (Client, Tape) {
    let tape = Tape::start(&folder.path().join("typing.jsonl")).unwrap();
    let mut client = Client::recording(engines(Scripted::new(|_, _| Ok(Vec::new()))), tape.clone());
    let root = url(folder.path());
    client.initialize(json!({"rootUri": root, "capabilities": ghost_text()}));
    (client, tape)
}

fn url(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().to_string()
}

fn recorded(folder: &TempDir) -> Vec<Said> {
    let text = std::fs::read_to_string(folder.path().join("typing.jsonl")).unwrap();
    text.lines().map(|line| Line::parse(line).unwrap().1).collect()
}

#[test]
fn what_is_typed_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = recording(&folder);
    let uri = url(&folder.path().join("src/a.rs"));
    client.open(&uri, "rust", "let é = ;\n");
    client.ghost(&uri, 0, 0);
    client.type_at(&uri, 2, 0, 9, "1");
    client.change(&uri, 3, json!([{"text": "let é = 12;\n"}]));
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    client.notify("exit", json!(null));
    client.close();

    let said = recorded(&folder);
    let [Said::Open(open), edits @ ..] = &said[..] else { panic!("{said:?}") };
    assert_eq!((open.path.as_str(), open.language.as_str()), ("src/a.rs", "rust"));
    let mut text = open.text.clone();
    let mut texts = Vec::new();
    for said in edits {
        let Said::Edited { edits, .. } = said else { panic!("{said:?}") };
        let [Edit { offset, delete, insert }] = &edits[..] else { panic!("{said:?}") };
        text.replace_range(*offset..offset + delete, insert);
        texts.push((insert.as_str(), text.clone()));
    }
    assert_eq!(texts, [("1", "let é = 1;\n".to_string()), ("2", "let é = 12;\n".to_string())]);
}

#[test]
fn what_privacy_denies_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = recording(&folder);
    let (denied, allowed) = (url(&folder.path().join(".env")), url(&folder.path().join("b.rs")));
    client.open(&denied, "plaintext", "NAME=value\n");
    client.open(&allowed, "rust", "let n = 1;\n");
    client.ghost(&denied, 0, 0);
    client.ghost(&allowed, 0, 0);
    client.type_at(&denied, 2, 0, 0, "x");
    client.type_at(&allowed, 2, 0, 0, "x");
    client.close();
    let said = recorded(&folder);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|said| said.path() == "b.rs"), "{said:?}");
}

#[test]
fn a_key_takes_its_document_out_of_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let (mut client, tape) = recording_with(&folder);
    let uris = ["a.rs", "b.rs"].map(|name| url(&folder.path().join(name)));
    for uri in &uris {
        client.open(uri, "rust", "let n = 1;\n");
        client.ghost(uri, 0, 0);
        client.type_at(uri, 2, 0, 0, "x");
    }
    client.ghost(&uris[1], 0, 0);
    tape.finish();
    assert_eq!(recorded(&folder).len(), 4);
    // Letter by letter, some of which are written before it is known what they are.
    for (i, c) in format!("ghp_{}", "q7Rz1Kw9Xb3Vn5Tm8Yc2Lp6Hd4Gs0Jf3Fa7U").char_indices() {
        client.type_at(&uris[0], 3 + i as i32, 0, i as u32, &c.to_string());
        if i == 20 {
            client.ghost(&uris[1], 0, 0);
            tape.finish();
        }
    }
    client.ghost(&uris[1], 0, 0);
    tape.finish();
    client.change(&uris[0], 100, json!([{"text": "let n = 1;\n"}]));
    client.close();
    let said = recorded(&folder);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|said| said.path() == "b.rs"), "{said:?}");
}

#[test]
fn a_recording_that_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("typing.jsonl");
    std::fs::write(&file, "kept").unwrap();
    Tape::start(&file).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    assert!(folder.path().join("typing-2.jsonl").exists());
    let error = Tape::start(&folder.path().join("none/typing.jsonl")).err().unwrap();
    assert!(format!("{error:#}").contains("name one in a folder of yours"), "{error:#}");
}

#[test]
fn the_server_says_what_it_records() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("typing.jsonl");
    let log = folder.path().join("log");
    let mut command = binary::command(&folder.path().join("home"));
    command.args(["lsp", "--record"]).arg(&file);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
    let mut client = Client::of(command.spawn().unwrap());
    client.initialize(json!({"rootUri": url(folder.path()), "capabilities": ghost_text()}));
    let uri = url(&folder.path().join("a.rs"));
    client.open(&uri, "rust", "let n = ;\n");
    client.ghost(&uri, 0, 0);
    client.type_at(&uri, 2, 0, 8, "1");
    client.ask("shutdown", json!(null));
    client.notify("exit", json!(null));
    assert_eq!(client.close(), 0);
    assert_eq!(recorded(&folder).len(), 2);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("everything that is typed is recorded in") && log.contains("typing.jsonl"), "{log}");
}
