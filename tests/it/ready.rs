//! An answer that comes too late for its request, and still fits: the client is told, once.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use foretype::engine::{Ask, Cancel, Candidate, Engine, Finish};
use foretype::router::Route;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::client::{Client, ghost_text};

const URI: &str = "file:///project/src/a.rs";

/// A model whose words come when the test wants them to; told of each question.
struct Slow {
    asked: Sender<()>,
    words: Mutex<Receiver<(&'static str, bool)>>,
}

impl Engine for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn generate(&self, _: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        self.asked.send(()).unwrap();
        loop {
            let Ok((text, is_growing)) = self.words.lock().recv() else { return Finish::Cancelled };
            if cancel.is_cancelled() {
                return Finish::Cancelled;
            }
            let (text, pieces) = (text.to_string(), vec![(text.len(), 0.0)]);
            let _ = emit(Candidate { text, confidence: 1.0, pieces, is_growing, ..Candidate::default() });
            if !is_growing {
                return Finish::Done;
            }
        }
    }
}

struct Strings {
    asked: Receiver<()>,
    words: Sender<(&'static str, bool)>,
}

fn ready(capability: bool) -> (Client, Strings) {
    let ((asked, was_asked), (words, said)) = (channel(), channel());
    let route = Route::local(Arc::new(Slow { asked, words: Mutex::new(said) }));
    let mut client = Client::start(Box::new(move |_, _| vec![route.clone()]));
    let mut capabilities = ghost_text();
    capabilities["experimental"] = json!({"foretypeSuggestionReady": capability});
    // What may follow is a question of its own.
    let options = json!({"ahead": {"enabled": false}});
    client.initialize(json!({"capabilities": capabilities, "initializationOptions": options}));
    client.open(URI, "rust", "let n = \n");
    (client, Strings { asked: was_asked, words })
}

fn is_ready(message: &Value) -> bool {
    message["method"] == "foretype/suggestionReady"
}

#[test]
fn a_late_answer_that_fits_is_told_once() {
    let (mut client, strings) = ready(true);
    let early = client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("it", true)).unwrap();
    // A client that waits for a pause has not asked for this yet.
    client.type_at(URI, 2, 0, 8, "i");
    client.why();
    strings.words.send(("items.len();", false)).unwrap();
    let told = client.wait_for(is_ready);
    let document = json!({"uri": URI, "version": 2});
    assert_eq!(told["params"], json!({"textDocument": document, "position": {"line": 0, "character": 9}}));
    assert_eq!(client.answer(early)["result"]["items"][0]["insertText"], "items.len();", "made for the text before");
    assert_eq!(client.ghost(URI, 0, 9)[0]["insertText"], "tems.len();");
    assert!(!client.has_said(is_ready));
}

#[test]
fn one_that_no_longer_fits_is_not_told() {
    let (mut client, strings) = ready(true);
    client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("it", true)).unwrap();
    client.type_at(URI, 2, 0, 8, "x");
    client.why();
    // The question was ended; what is asked instead has no answer.
    let _ = strings.words.send(("items.len();", false));
    assert!(!client.has_said(is_ready));
}

#[test]
fn who_waits_is_answered_and_not_told() {
    let (mut client, strings) = ready(true);
    let asked = client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("items.len();", false)).unwrap();
    assert_eq!(client.answer(asked)["result"]["items"][0]["insertText"], "items.len();");
    assert!(!client.has_said(is_ready));
}

#[test]
fn more_lines_than_were_shown_are_told() {
    let (mut client, strings) = ready(true);
    let asked = client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("items.len();\nlet m", true)).unwrap();
    assert_eq!(client.answer(asked)["result"]["items"][0]["insertText"], "items.len();");
    strings.words.send(("items.len();\nlet m = 1;", false)).unwrap();
    client.wait_for(is_ready);
    assert_eq!(client.ghost(URI, 0, 8)[0]["insertText"], "items.len();\nlet m = 1;");
    assert!(!client.has_said(is_ready));
}

#[test]
fn the_first_words_are_an_answer_and_the_rest_is_told() {
    let (mut client, strings) = ready(true);
    let asked = client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("items.l", true)).unwrap();
    assert_eq!(client.answer(asked)["result"]["items"][0]["insertText"], "items");
    strings.words.send(("items.len();", false)).unwrap();
    client.wait_for(is_ready);
    assert_eq!(client.ghost(URI, 0, 8)[0]["insertText"], "items.len();");
    assert!(!client.has_said(is_ready));
}

#[test]
fn who_is_not_told_of_the_rest_waits_for_the_line() {
    let (mut client, strings) = ready(false);
    let asked = client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("items.l", true)).unwrap();
    // Longer than a client that is told would wait.
    std::thread::sleep(std::time::Duration::from_millis(150));
    strings.words.send(("items.len();", false)).unwrap();
    assert_eq!(client.answer(asked)["result"]["items"][0]["insertText"], "items.len();");
}

#[test]
fn who_has_dismissed_it_is_left_alone() {
    let (mut client, strings) = ready(true);
    let asked = client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("items.len();\nlet m", true)).unwrap();
    let trace = client.answer(asked)["result"]["items"][0]["command"]["arguments"][0].clone();
    client.ask("workspace/executeCommand", json!({"command": "foretype.dismiss", "arguments": [trace]}));
    strings.words.send(("items.len();\nlet m = 1;", false)).unwrap();
    assert!(!client.has_said(is_ready));
}

#[test]
fn who_does_not_know_the_notification_never_gets_it() {
    let (mut client, strings) = ready(false);
    client.begin_ghost(URI, 0, 8);
    strings.asked.recv().unwrap();
    strings.words.send(("it", true)).unwrap();
    client.type_at(URI, 2, 0, 8, "i");
    client.why();
    strings.words.send(("items.len();", false)).unwrap();
    assert!(!client.has_said(is_ready));
}
