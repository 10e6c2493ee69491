//! Many at once, and those who leave.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use foretype::engine::Finish;
use foretype::engine::scripted::Scripted;
use serde_json::json;

use super::{Asker, Scene, TEXT, URI, around, read};

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
