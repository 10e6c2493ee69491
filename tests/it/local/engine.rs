//! The engine around a model: loading in the background, silence with a reason, failures as values.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foretype::context::{Gathered, Kind, Piece, Place};
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::engine::local::{Contexts, Local, Options};
use foretype::engine::{Ask, Cancel, Candidate, Engine, Finish, Wish};
use foretype::text::Text;

use super::tiny;

fn engine(model: &Path, waits: bool) -> Local {
    engine_with(model, waits, Arc::new(|_: &Place| Gathered::default()))
}

fn engine_with(model: &Path, waits: bool, contexts: Contexts) -> Local {
    let model = model.display().to_string();
    let options = Options { model, waits, n_threads: 1, ..Options::default() };
    Local::new(options, Arc::new(|_: &Ask, _: &Cancel| vec!["x = 1".to_string()]), contexts)
}

/// What the engine says behind `let x`, and how it ends.
fn ask(engine: &Local, cancel: &Cancel) -> (Vec<Candidate>, Finish) {
    ask_in("let x\nlet y\n", 5, engine, cancel)
}

fn ask_in(text: &str, offset: usize, engine: &Local, cancel: &Cancel) -> (Vec<Candidate>, Finish) {
    let document = Snapshot {
        id: DocumentId("a.txt".into()),
        path: None,
        language: None,
        version: 0,
        text: Text::new(text),
        tree: None,
        clearance: Clearance::Cleared,
        edited: Arc::default(),
    };
    let ask = Ask { max_lines: 3, ..Ask::at(&document, offset) };
    let mut said = Vec::new();
    let finish = engine.generate(&ask, cancel, &mut |candidate| {
        if !candidate.is_growing {
            said.push(candidate);
        }
        ControlFlow::Continue(())
    });
    (said, finish)
}

#[test]
fn a_question_waits_for_the_model_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write("qwen2", &path);
    let engine = engine(&path, true);
    let (said, finish) = ask(&engine, &Cancel::default());
    assert_eq!(finish, Finish::Done);
    assert!(said[0].provenance.contains("evaluated before the first"), "{}", said[0].provenance);
    // Its vocabulary has no markers to fill in with, so the prompt is `let`, one token, and ` x` is forced. Asked again,
    // that token is in the cache, and evaluated once more for its logits.
    let (again, _) = ask(&engine, &Cancel::default());
    assert_eq!(again[0].text, said[0].text);
    assert!(again[0].provenance.contains("; 1 reused, 4 evaluated"), "{}", again[0].provenance);
}

#[test]
fn a_model_without_the_marks_of_a_conversation_is_not_told_anything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write("qwen2", &path);
    let wish = Wish { instruction: "Do it.", text: "a", likely: "a", fence: "```", language: None, max_tokens: 4 };
    // It waits for the model, whatever completions do.
    let told = engine(&path, false).told(&wish, &Cancel::default());
    assert_eq!(told, Err(Finish::Silent("the model on this machine takes no words".to_string())));
    let nowhere = engine(&folder.path().join("nowhere.gguf"), false).told(&wish, &Cancel::default());
    assert!(matches!(&nowhere, Err(Finish::Silent(why)) if why.contains("nowhere.gguf")), "{nowhere:?}");
}

#[test]
fn without_waiting_it_is_silent_until_the_model_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write("llama", &path);
    let engine = engine(&path, false);
    let mut n_silent = 0;
    while let (_, Finish::Silent(why)) = ask(&engine, &Cancel::default()) {
        assert_eq!(why, "the model is being loaded");
        n_silent += 1;
        std::thread::yield_now();
    }
    assert!(n_silent > 0);
    assert_eq!(ask(&engine, &Cancel::default()).1, Finish::Done);
}

#[test]
fn a_cancelled_question_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write("qwen2", &path);
    let cancel = Cancel::default();
    cancel.cancel();
    assert_eq!(ask(&engine(&path, true), &cancel), (vec![], Finish::Cancelled));
}

#[test]
fn a_model_that_cannot_be_used_is_a_failure_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.gguf");
    std::fs::write(&path, "GGUF and nothing more").unwrap();
    let (_, finish) = ask(&engine(&path, true), &Cancel::default());
    assert!(
        matches!(&finish, Finish::Failed(why) if why.message.contains("broken.gguf is no GGUF file")),
        "{finish:?}"
    );

    let (_, finish) = ask(&engine(&folder.path().join("none.gguf"), false), &Cancel::default());
    assert!(matches!(&finish, Finish::Silent(why) if why.contains("neither a model nor a file")), "{finish:?}");
}

#[test]
fn context_stays_while_the_prompt_goes_on_and_is_looked_for_anew_where_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write("qwen2", &path);
    let asked = Arc::new(AtomicUsize::new(0));
    let contexts = {
        let asked = asked.clone();
        move |_: &Place| {
            asked.fetch_add(1, Ordering::Relaxed);
            let (kind, path) = (Kind::Definitions, "b.rs".into());
            let piece = Piece { kind, path, text: "x = 2".to_string(), score: 1.0, reason: "named".to_string() };
            Gathered { pieces: vec![piece], ..Gathered::default() }
        }
    };
    let engine = engine_with(&path, true, Arc::new(contexts));
    let n_asked = |text: &str| {
        let (said, _) = ask_in(text, text.len(), &engine, &Cancel::default());
        let used: Vec<bool> = said[0].context.iter().map(|considered| considered.is_used).collect();
        assert_eq!(used, [true]);
        asked.load(Ordering::Relaxed)
    };
    assert_eq!(n_asked("let x\nlet"), 1);
    assert_eq!(n_asked("let x\nlet y"), 1);
    assert_eq!(n_asked("let x\nlet y\nlet"), 1);
    assert_eq!(n_asked("y = 1\ny = 2\nlet"), 2);
}
