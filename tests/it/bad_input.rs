//! Hostile input: the server lives, says why, and no text is wrong.

use foretype::engine::scripted::Scripted;
use serde_json::{Value, json};

use crate::client::{Client, at, engines, ghost_text};

const URI: &str = "file:///project/src/a.rs";

/// Says the length of the text, so that an answer tells whether the server still has the right one.
fn length() -> Scripted {
    Scripted::new(|ask, _| Ok(vec![format!("{}_bytes", ask.document.text.len())]))
}

#[track_caller]
fn check_length(client: &mut Client, line: u32, character: u32, expected: usize) {
    assert_eq!(client.ghost(URI, line, character)[0]["insertText"], format!("{expected}_bytes"));
}

#[test]
fn malformed_messages_are_answered_and_survived() {
    let mut client = Client::ready(length());
    client.send_raw(b"Content-Length: 9\r\n\r\n{not json");
    assert_eq!(client.answer(Value::Null)["error"]["code"], -32700);
    client.send_raw(b"Content-Length: 15\r\n\r\n{\"jsonrpc\":\"1\"}");
    assert!(client.answer(Value::Null)["error"]["code"].is_i64());
    client.send_raw(b"Content-Type: nonsense\r\nContent-Length: 2\r\n\r\n{}");
    assert!(client.answer(Value::Null)["error"]["code"].is_i64());
    assert_eq!(client.ask("foretype/nonsense", json!({}))["error"]["code"], -32601);
    assert_eq!(client.ask("textDocument/inlineCompletion", json!({"position": 1}))["error"]["code"], -32602);
    client.notify("textDocument/didChange", json!("nonsense"));

    client.open(URI, "rust", "let n = ");
    check_length(&mut client, 0, 8, 8);
}

#[test]
fn a_request_before_initialize_is_an_error() {
    let mut client = Client::start(engines(length()));
    assert_eq!(client.ask("textDocument/inlineCompletion", at(URI, 0, 0))["error"]["code"], -32002);
    client.initialize(json!({"capabilities": ghost_text()}));
    client.open(URI, "rust", "let n = ");
    check_length(&mut client, 0, 8, 8);
}

#[test]
fn a_change_of_an_old_version_is_left_out_and_told() {
    let mut client = Client::ready(length());
    client.open(URI, "rust", "let n = ");
    client.type_at(URI, 5, 0, 0, "  ");
    client.type_at(URI, 5, 0, 0, "wrong");
    client.type_at(URI, 1, 0, 0, "wrong");
    let told = client.wait_for(|message| message["method"] == "window/logMessage");
    assert!(told["params"]["message"].as_str().unwrap().contains("version 5 is here already"), "{told}");
    check_length(&mut client, 0, 10, 10);
}

#[test]
fn ranges_out_of_bounds_are_clamped() {
    let mut client = Client::ready(length());
    client.open(URI, "rust", "ab\ncd\n");
    let place = |line: u32, character: u32| json!({"line": line, "character": character});
    let far = place(u32::MAX >> 1, u32::MAX >> 1);
    client.change(URI, 2, json!([{"range": {"start": far, "end": far}, "text": "ef"}]));
    client.change(URI, 3, json!([{"range": {"start": place(1, 1), "end": place(0, 99)}, "text": ""}]));
    check_length(&mut client, 9, 9, "abd\nef".len());
}

#[test]
fn a_document_that_is_not_open_gets_nothing() {
    let mut client = Client::ready(length());
    assert_eq!(client.ghost("file:///project/other.rs", 0, 0), Vec::<Value>::new());
    client.type_at("file:///project/other.rs", 2, 0, 0, "x");
    let told = client.wait_for(|message| message["method"] == "window/logMessage");
    assert!(told["params"]["message"].as_str().unwrap().contains("not open"), "{told}");
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": "file:///project/other.rs"}}));
    client.open(URI, "rust", "let n = ");
    check_length(&mut client, 0, 8, 8);
}

#[test]
fn a_line_of_a_million_characters_gets_no_suggestion_and_says_why() {
    let mut client = Client::ready(length());
    client.open(URI, "javascript", &"let x = 1; ".repeat(100_000));
    for version in 2..50 {
        client.type_at(URI, version, 0, 500_000, "y");
    }
    assert_eq!(client.ghost(URI, 0, 500_048), Vec::<Value>::new());
    assert!(client.why().contains("minified"), "{}", client.why());
    client.change(URI, 50, json!([{"text": "let n = "}]));
    check_length(&mut client, 0, 8, 8);
}

#[test]
fn a_file_of_100_megabytes_gets_no_suggestion_and_says_why() {
    let mut client = Client::ready(length());
    client.open(URI, "rust", &"let value = compute(1, 2, 3);\n".repeat(100_000_000 / 30));
    client.type_at(URI, 2, 1_000_000, 0, "let n = ");
    assert_eq!(client.ghost(URI, 1_000_000, 8), Vec::<Value>::new());
    assert!(client.why().contains("more than the limit"), "{}", client.why());
    let small = "file:///project/src/small.rs";
    client.open(small, "rust", "let n = ");
    assert_eq!(client.ghost(small, 0, 8)[0]["insertText"], "8_bytes");
}

#[test]
fn binary_text_and_control_characters_are_survived() {
    let mut client = Client::ready(length());
    let text: String = (0..=0x300_u32).filter_map(char::from_u32).cycle().take(20_000).collect();
    client.open(URI, "rust", &text);
    client.type_at(URI, 2, 3, 1, "\u{0}\u{fffd}\r\n");
    client.ghost(URI, 3, 0);
    client.change(URI, 3, json!([{"text": "let n = "}]));
    check_length(&mut client, 0, 8, 8);
}

#[test]
fn a_workspace_of_broken_files_and_a_missing_folder_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("latin1.rs"), b"let caf\xe9 = 1;\n").unwrap();
    std::fs::write(folder.path().join("binary.rs"), [0_u8; 5000]).unwrap();
    std::fs::write(folder.path().join("minified.js"), "x=1;".repeat(50_000)).unwrap();
    std::fs::create_dir(folder.path().join("a_folder.rs")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    let uri = |path: &std::path::Path| url::Url::from_file_path(path).unwrap().to_string();

    let mut client = Client::start(engines(length()));
    let mut capabilities = ghost_text();
    capabilities["window"] = json!({"workDoneProgress": true});
    let missing = folder.path().join("missing");
    let folders = json!([{"uri": uri(folder.path()), "name": "a"}, {"uri": uri(&missing), "name": "b"}]);
    client.initialize(json!({"capabilities": capabilities, "workspaceFolders": folders}));
    let end = client.wait_for(|message| message["params"]["value"]["kind"] == "end");
    assert!(end["params"]["value"]["message"].as_str().unwrap().contains("3 left out"), "{end}");

    let gone = json!({"removed": folders, "added": []});
    client.notify("workspace/didChangeWorkspaceFolders", json!({"event": gone}));
    drop(folder);
    client.open(URI, "rust", "let n = ");
    check_length(&mut client, 0, 8, 8);
    assert_eq!(client.close(), 1);
}

/// Nothing needs a writable disk: the server keeps no files.
#[test]
#[cfg(target_os = "linux")]
fn no_home_and_no_disk_are_needed() {
    use std::process::Stdio;
    for home in ["/dev/full", "/proc", "/no/such/home"] {
        let mut child = crate::binary::command(std::path::Path::new(home))
            .args(["complete", "--batch"])
            .env("TMPDIR", home)
            .current_dir("/proc/self")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert!(child.wait().unwrap().success(), "with the home {home}");
    }
}
