//! The server as a client sees it.

use std::io::Write;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use foretype::engine::Finish;
use foretype::engine::scripted::Scripted;
use serde_json::{Value, json};

use crate::binary;
use crate::client::{Client, at, engines, ghost_text};

const URI: &str = "file:///project/src/a.rs";

fn items() -> Scripted {
    Scripted::lines(&[("let n = ", "items.len();")])
}

#[test]
fn the_encoding_is_the_best_that_is_offered() {
    for (offered, chosen) in [
        (json!(["utf-16", "utf-8"]), "utf-8"),
        (json!(["utf-32", "utf-16"]), "utf-16"),
        (json!(["utf-32"]), "utf-32"),
        (Value::Null, "utf-16"),
    ] {
        let mut client = Client::start(engines(items()));
        let result = client.initialize(json!({"capabilities": {"general": {"positionEncodings": offered}}}));
        let capabilities = &result["capabilities"];
        assert_eq!(capabilities["positionEncoding"], chosen);
        assert_eq!(capabilities["inlineCompletionProvider"], true);
        assert_eq!(capabilities["textDocumentSync"], json!({"openClose": true, "change": 2}));
    }
}

#[test]
fn an_item_has_a_range_on_one_line_and_a_command() {
    let mut client = Client::ready(items());
    client.open(URI, "rust", "fn f() {\n    let n = \n}\n");
    let shown = client.ghost(URI, 1, 12);
    let cursor = json!({"line": 1, "character": 12});
    assert_eq!(shown[0]["insertText"], "items.len();");
    assert_eq!(shown[0]["range"], json!({"start": cursor, "end": cursor}));
    assert_eq!(shown[0]["command"]["command"], "foretype.accept");
    assert_eq!(client.ghost(URI, 0, 0), Vec::<Value>::new());
}

#[test]
fn positions_count_in_the_client_s_units() {
    let mut client = Client::start(engines(items()));
    let utf16 = json!({"general": {"positionEncodings": ["utf-16"]}, "textDocument": {"inlineCompletion": {}}});
    client.initialize(json!({"capabilities": utf16}));
    client.open(URI, "rust", "fn f() {\n    /* 🦀 */ let n = \n}\n");
    let shown = client.ghost(URI, 1, 21);
    assert_eq!(shown[0]["insertText"], "items.len();");
    assert_eq!(shown[0]["range"]["end"], json!({"line": 1, "character": 21}));
}

#[test]
fn typing_along_and_untitled_buffers_work() {
    let mut client = Client::ready(items());
    let untitled = "untitled:Untitled-1";
    client.open(untitled, "rust", "let n = ");
    assert_eq!(client.ghost(untitled, 0, 8)[0]["insertText"], "items.len();");
    client.type_at(untitled, 2, 0, 8, "items.");
    assert_eq!(client.ghost(untitled, 0, 14)[0]["insertText"], "len();");
}

#[test]
fn the_menu_is_for_editors_without_ghost_text() {
    let mut client = Client::ready(Scripted::lines(&[("ite", "ms.len();")]));
    client.open(URI, "rust", "let n = ite");
    let answer = client.ask("textDocument/completion", at(URI, 0, 11));
    assert_eq!(answer["result"]["items"], json!([]));

    let mut client = Client::start(engines(Scripted::lines(&[("ite", "ms.len();")])));
    client.initialize(json!({"capabilities": {}}));
    client.open(URI, "rust", "let n = ite");
    let answer = client.ask("textDocument/completion", at(URI, 0, 11));
    assert_eq!(answer["result"]["isIncomplete"], true);
    let item = &answer["result"]["items"][0];
    assert_eq!((&item["label"], &item["filterText"]), (&json!("items.len();"), &json!("ite")));
    let range = json!({"start": {"line": 0, "character": 8}, "end": {"line": 0, "character": 11}});
    assert_eq!(item["textEdit"], json!({"newText": "items.len();", "range": range}));
}

#[test]
fn the_menu_s_selection_is_extended() {
    let mut client = Client::ready(Scripted::lines(&[("let n = items", ".len();")]));
    client.open(URI, "rust", "let n = it");
    let range = json!({"start": {"line": 0, "character": 8}, "end": {"line": 0, "character": 10}});
    let mut params = at(URI, 0, 10);
    params["context"]["selectedCompletionInfo"] = json!({"range": range, "text": "items"});
    let answer = client.ask("textDocument/inlineCompletion", params);
    let item = &answer["result"]["items"][0];
    assert_eq!((&item["insertText"], &item["range"]), (&json!("items.len();"), &range));
}

#[test]
fn a_newer_request_supersedes_and_stops_the_older() {
    let (started, waiting) = channel();
    let engine = Scripted::new(move |ask, cancel| {
        if ask.offset == 8 {
            started.send(()).unwrap();
            while !cancel.is_cancelled() {
                std::thread::yield_now();
            }
            return Err(Finish::Cancelled);
        }
        Ok(vec!["42;".to_string()])
    });
    let mut client = Client::ready(engine);
    client.open(URI, "rust", "let n = \nlet m = ");
    let older = client.begin_ghost(URI, 0, 8);
    waiting.recv().unwrap();
    // The single worker answers the newer request only when the older has left the engine.
    assert_eq!(client.ghost(URI, 1, 8)[0]["insertText"], "42;");
    assert_eq!(client.answer(older)["error"]["code"], -32800);
}

#[test]
fn a_cancel_reaches_the_engine() {
    let (started, waiting) = channel();
    let (stopped, has_stopped) = channel();
    let engine = Scripted::new(move |_, cancel| {
        started.send(()).unwrap();
        while !cancel.is_cancelled() {
            std::thread::yield_now();
        }
        stopped.send(()).unwrap();
        Err(Finish::Cancelled)
    });
    let mut client = Client::ready(engine);
    client.open(URI, "rust", "let n = ");
    let id = client.begin_ghost(URI, 0, 8);
    waiting.recv().unwrap();
    client.notify("$/cancelRequest", json!({"id": id}));
    assert_eq!(client.answer(id)["error"]["code"], -32800);
    has_stopped.recv_timeout(Duration::from_secs(30)).expect("the engine is told to stop");
}

#[test]
fn a_burst_of_edits_is_never_answered_for_an_old_text() {
    let engine = Scripted::new(|ask, _| Ok(vec![format!("{}_bytes", ask.document.text.len())]));
    let mut client = Client::ready(engine);
    client.open(URI, "rust", "");
    let mut n_bytes = 0;
    let asked: Vec<(u64, usize)> = (0..1000)
        .map(|i| {
            let line = format!("{i}=\n");
            client.type_at(URI, 2 + i, 0, 0, &line);
            n_bytes += line.len();
            (client.begin_ghost(URI, 0, line.len() as u32 - 1), n_bytes)
        })
        .collect();
    let mut n_answered = 0;
    for (id, n_bytes) in asked {
        let answer = client.answer(id);
        if answer["error"]["code"] == -32800 {
            continue;
        }
        for item in answer["result"]["items"].as_array().unwrap() {
            assert_eq!(item["insertText"], format!("{n_bytes}_bytes"));
            n_answered += 1;
        }
    }
    assert!(n_answered >= 1, "the last request has nothing that supersedes it");
}

#[test]
fn a_panic_in_an_engine_is_survived() {
    let mut client = Client::ready(Scripted::new(|ask, _| match ask.offset {
        0 => panic!("a defect"),
        _ => Ok(vec!["x".to_string()]),
    }));
    client.open(URI, "rust", "\nlet n = ");
    assert_eq!(client.ghost(URI, 0, 0), Vec::<Value>::new());
    assert!(client.why().contains("panicked"));
    assert_eq!(client.ghost(URI, 1, 8).len(), 1);
}

#[test]
fn a_denied_file_gets_nothing_and_feeds_nothing() {
    let engine = Scripted::new(|ask, _| Ok(vec![format!("{}_others", ask.others.len())]));
    let mut client = Client::ready(engine);
    client.open("file:///project/.env", "shellscript", "KEY=");
    assert_eq!(client.ghost("file:///project/.env", 0, 4), Vec::<Value>::new());
    assert!(client.why().contains(".env"), "{}", client.why());
    client.open(URI, "rust", "let n = ");
    assert_eq!(client.ghost(URI, 0, 8)[0]["insertText"], "0_others");
}

#[test]
fn an_accept_is_noted() {
    let mut client = Client::ready(items());
    client.open(URI, "rust", "let n = ");
    let command = client.ghost(URI, 0, 8)[0]["command"].clone();
    let params = json!({"command": command["command"], "arguments": command["arguments"]});
    assert_eq!(client.ask("workspace/executeCommand", params)["result"], Value::Null);
    let traces = client.ask("workspace/executeCommand", json!({"command": "foretype.why"}));
    assert_eq!(traces["result"][0]["accepted"], true);
    let unknown = client.ask("workspace/executeCommand", json!({"command": "foretype.nonsense"}));
    assert!(unknown["error"]["message"].as_str().unwrap().contains("foretype.accept"));
}

#[test]
fn why_of_a_place_is_of_what_was_just_shown_or_else_asked_now() {
    let mut client = Client::ready(items());
    client.open(URI, "rust", "let é = ;\nlet n = ");
    assert_eq!(client.ghost(URI, 1, 8).len(), 1);
    let mut why = |line: u32, character: u32| {
        let place = json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}});
        let params = json!({"command": "foretype.why", "arguments": [place]});
        client.ask("workspace/executeCommand", params)["result"]["text"].as_str().unwrap().to_string()
    };
    // Had it been asked again, it would have come from the cache.
    let shown = why(1, 8);
    assert!(shown.starts_with("line 2, column 9\n  gate") && shown.contains("1 shown, from scripted"), "{shown}");
    let elsewhere = why(0, 9);
    assert!(elsewhere.starts_with("line 1, column 10\n") && elsewhere.contains("nothing: "), "{elsewhere}");
    assert!(why(1, 8).contains("1 shown, from cache"));
}

#[test]
fn why_of_no_place_says_what_it_needs() {
    let mut client = Client::ready(items());
    for (argument, said) in [
        (json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}), "is not open"),
        (json!({"uri": URI}), "needs a number, or a document and a position"),
    ] {
        let answer =
            client.ask("workspace/executeCommand", json!({"command": "foretype.why", "arguments": [argument]}));
        assert!(answer["error"]["message"].as_str().unwrap().contains(said), "{answer}");
    }
}

#[test]
fn settings_of_the_client_apply_at_once_and_problems_are_shown() {
    let mut client = Client::ready(items());
    client.open(URI, "rust", "let n = ");
    assert_eq!(client.ghost(URI, 0, 8).len(), 1);
    let settings = json!({"foretype": {"enabled": false, "enabledd": true}});
    client.notify("workspace/didChangeConfiguration", json!({"settings": settings}));
    let warning = client.wait_for(|message| message["method"] == "window/showMessage");
    assert!(warning["params"]["message"].as_str().unwrap().contains("nearest valid one is `enabled`"));
    assert_eq!(client.ghost(URI, 0, 8), Vec::<Value>::new());
    assert!(client.why().contains("switched off"));
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"foretype": {"enabled": null}}}));
    assert_eq!(client.ghost(URI, 0, 8).len(), 1);
}

#[test]
fn indexing_is_told_as_progress_and_feeds_the_instant_engine() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rs"), CODE.repeat(3)).unwrap();

    let (mut client, end) = client_in(folder.path());
    assert!(end["params"]["value"]["message"].as_str().unwrap().starts_with("1 files"), "{end}");

    let open = uri(&folder.path().join("b.rs"));
    client.open(&open, "rust", "fn b() {\n    let connection = Conn\n}\n");
    let shown = client.ghost(&open, 1, 25);
    assert!(!shown.is_empty(), "{}", client.why());
    assert_eq!(shown[0]["insertText"], "ection::open(&settings.database_path)?;");
}

const CODE: &str = "fn a() {\n    let connection = Connection::open(&settings.database_path)?;\n}\n";

/// A client with the instant engine, in a folder, past its first index; and what was said at the index's end.
fn client_in(folder: &std::path::Path) -> (Client, Value) {
    let mut client = Client::start(foretype::server::default_engines());
    let mut capabilities = ghost_text();
    capabilities["window"] = json!({"workDoneProgress": true});
    let folders = json!([{"uri": uri(folder), "name": "project"}]);
    // No model of whoever runs the test may answer.
    let options = json!({"local": {"enabled": false}});
    let params = json!({"capabilities": capabilities, "workspaceFolders": folders, "initializationOptions": options});
    client.initialize(params);
    let end = wait_for_index(&mut client);
    (client, end)
}

fn wait_for_index(client: &mut Client) -> Value {
    client.wait_for(|message| message["params"]["value"]["kind"] == "end")
}

fn uri(path: &std::path::Path) -> String {
    url::Url::from_file_path(path).unwrap().to_string()
}

#[test]
fn a_file_that_changes_on_disk_is_learned_from() {
    let folder = tempfile::tempdir().unwrap();
    let (mut client, _) = client_in(folder.path());
    let open = uri(&folder.path().join("b.rs"));
    client.open(&open, "rust", "fn b() {\n    let connection = Conn\n}\n");
    assert_eq!(client.ghost(&open, 1, 25), Vec::<Value>::new());

    let file = folder.path().join("a.rs");
    std::fs::write(&file, CODE.repeat(3)).unwrap();
    let changes = json!([{"uri": uri(&file), "type": 1}]);
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": changes}));
    let started = Instant::now();
    while client.ghost(&open, 1, 25).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "{}", client.why());
    }
}

#[test]
fn an_open_file_that_git_ignores_is_completed_until_our_ignore_file_names_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.rs"), CODE.repeat(3)).unwrap();
    std::fs::write(folder.path().join(".gitignore"), "b.rs\n").unwrap();
    let (mut client, _) = client_in(folder.path());
    let open = uri(&folder.path().join("b.rs"));
    client.open(&open, "rust", "fn b() {\n    let connection = Conn\n}\n");
    assert_eq!(client.ghost(&open, 1, 25).len(), 1, "{}", client.why());

    let file = folder.path().join(".foretypeignore");
    std::fs::write(&file, "b.rs\n").unwrap();
    let changes = json!([{"uri": uri(&file), "type": 1}]);
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": changes}));
    let started = Instant::now();
    while !client.ghost(&open, 1, 25).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "{}", client.why());
    }
    assert!(client.why().contains(".foretypeignore:1"), "{}", client.why());
}

#[test]
fn folders_come_and_go() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(second.path().join("a.rs"), CODE.repeat(3)).unwrap();
    let (mut client, _) = client_in(first.path());
    let open = uri(&first.path().join("b.rs"));
    client.open(&open, "rust", "fn b() {\n    let connection = Conn\n}\n");
    assert_eq!(client.ghost(&open, 1, 25), Vec::<Value>::new());

    let folder = json!([{"uri": uri(second.path()), "name": "second"}]);
    let change = json!({"event": {"added": folder, "removed": []}});
    client.notify("workspace/didChangeWorkspaceFolders", change);
    wait_for_index(&mut client);
    assert_eq!(client.ghost(&open, 1, 25).len(), 1, "{}", client.why());

    let change = json!({"event": {"added": [], "removed": folder}});
    client.notify("workspace/didChangeWorkspaceFolders", change);
    wait_for_index(&mut client);
    let other = uri(&first.path().join("c.rs"));
    client.open(&other, "rust", "fn c() {\n    let connection = Conn\n}\n");
    assert_eq!(client.ghost(&other, 1, 25), Vec::<Value>::new());
}

/// Runs the real binary with these messages as its input, then keeps or ends the input; the exit code and the time.
fn run_binary(messages: &[Value], keep_open: bool) -> (Option<i32>, Duration) {
    let home = tempfile::tempdir().unwrap();
    let mut child = binary::command(home.path())
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for message in messages {
        let body = message.to_string();
        write!(stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    stdin.flush().unwrap();
    let kept = keep_open.then_some(stdin);
    let started = Instant::now();
    let (send, ended) = channel();
    std::thread::spawn(move || send.send(child.wait().unwrap().code()));
    let code = ended.recv_timeout(Duration::from_secs(20)).expect("the server ends");
    drop(kept);
    (code, started.elapsed())
}

fn initialize(params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

#[test]
fn exit_codes_are_the_protocol_s() {
    let exit = json!({"jsonrpc": "2.0", "method": "exit"});
    let shutdown = json!({"jsonrpc": "2.0", "id": 2, "method": "shutdown"});
    let hello = initialize(json!({"capabilities": {}}));
    assert_eq!(run_binary(&[hello.clone(), shutdown, exit.clone()], true).0, Some(0));
    assert_eq!(run_binary(&[hello.clone(), exit], true).0, Some(1));
    let (code, took) = run_binary(&[hello], false);
    assert_eq!(code, Some(1));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_server_ends_with_the_client_s_process() {
    let home = tempfile::tempdir().unwrap();
    let mut gone = binary::command(home.path()).arg("--version").stdout(Stdio::null()).spawn().unwrap();
    gone.wait().unwrap();
    let hello = initialize(json!({"capabilities": {}, "processId": gone.id()}));
    assert_eq!(run_binary(&[hello], true).0, Some(1));
}

#[test]
fn a_document_tells_whether_it_gets_suggestions() {
    let mut client = Client::ready(items());
    let mut of = |uri: &str, language: &str| {
        client.open(uri, language, "");
        client.ghost(uri, 0, 0);
        let params = json!({"command": "foretype.document", "arguments": [uri]});
        client.ask("workspace/executeCommand", params)["result"].clone()
    };
    assert_eq!(of(URI, "rust"), json!({"language": "rust", "obstacle": null}));
    assert_eq!(of("untitled:Untitled-1", "plaintext"), json!({"language": null, "obstacle": null}));
    let secret = of("file:///project/.env", "dotenv");
    assert!(secret["obstacle"].as_str().unwrap().contains(".env"), "{secret}");

    let mut document = |uri: &str| {
        let params = json!({"command": "foretype.document", "arguments": [uri]});
        client.ask("workspace/executeCommand", params)
    };
    assert!(document("file:///project/b.rs")["result"]["obstacle"].as_str().unwrap().contains("not opened"));
    assert!(document("no URI")["error"]["message"].as_str().unwrap().contains("needs a document's URI"));
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"languages": {"disabled": ["rust"]}}}));
    let params = json!({"command": "foretype.document", "arguments": [URI]});
    let off = client.ask("workspace/executeCommand", params)["result"].clone();
    assert_eq!(off["obstacle"], "the language `rust` is listed in `languages.disabled`");
}
