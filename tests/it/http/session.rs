//! The endpoint and the session it belongs to: one answer for both, the same rules, one end.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use foretype::engine::scripted::Scripted;
use serde_json::{Value, json};

use super::{Asker, PLACE, Scene, TEXT, URI, around, is_said, port_said, start};
use crate::binary;
use crate::client::Client;

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
