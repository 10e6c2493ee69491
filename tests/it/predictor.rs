//! The life of one request, with the scripted engine.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foretype::cache;
use foretype::context::{Considered, Kind, Piece};
use foretype::document::{Clearance, DocumentId, Documents, Snapshot};
use foretype::engine::scripted::Scripted;
use foretype::engine::{Ask, Cancel, Candidate, Engine, Failure, Finish};
use foretype::predictor::{Options, Outcome, Predictor, Request, Selected, Trigger, Without};
use foretype::privacy::Denied;
use foretype::suggestion;
use foretype::syntax::{Language, Tree};

fn options() -> Options {
    Options {
        enabled: true,
        disabled_languages: vec!["python".to_string()],
        in_comments: false,
        in_strings: true,
        max_lines: 10,
        max_document_bytes: 10_000,
        min_chance: 0.28,
        min_part_chance: 0.6,
        ahead: true,
        ahead_on_battery: true,
        without: Without::default(),
        cache: cache::Options { max_entries: 100, max_bytes: 1 << 20 },
    }
}

fn predictor(engines: Vec<Scripted>) -> Predictor {
    let engines = engines.into_iter().map(|engine| Arc::new(engine) as Arc<dyn Engine>).collect();
    Predictor::new(options(), suggestion::Options::default(), engines)
}

fn snapshot(path: &str, text: &str) -> Snapshot {
    let path: &Path = Path::new(path);
    let language = Language::from_path(path);
    let mut documents = Documents::default();
    let id = DocumentId(path.to_str().unwrap().into());
    let mut snapshot = documents.open(id, Some(path.into()), language, 1, text);
    snapshot.tree = language.and_then(|language| Tree::parse(&snapshot.text, language, None, &mut || false).ok());
    snapshot.clearance = Clearance::Cleared;
    snapshot
}

/// A request by typing, at the `$0` of the text.
fn typing(path: &str, fixture: &str) -> Request {
    let offset = fixture.find("$0").unwrap();
    let document = snapshot(path, &fixture.replacen("$0", "", 1));
    Request {
        document,
        offset,
        others: Vec::new(),
        trigger: Trigger::Automatic,
        selected: None,
        takes_beginnings: false,
    }
}

fn ask(predictor: &Predictor, request: &Request) -> Result<(String, &'static str), String> {
    match predictor.answer(request, &Cancel::default()).outcome {
        Outcome::Suggest { suggestions, made } => Ok((suggestions[0].text.clone(), made.source)),
        Outcome::Nothing(reason) => Err(reason),
        Outcome::Cancelled => Err("cancelled".to_string()),
    }
}

fn items() -> Scripted {
    Scripted::lines(&[("let n = ", "items.len();")])
}

#[track_caller]
fn check_nothing(request: &Request, reason: &str) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let engine = Scripted::new(move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(vec!["items.len();".to_string()])
    });
    let said = ask(&predictor(vec![engine]), request).expect_err("a suggestion");
    assert!(said.contains(reason), "{said}");
    assert_eq!(asked.load(Ordering::Relaxed), 0, "the engine was asked");
}

#[test]
fn an_engine_answers_once_then_the_cache() {
    let predictor = predictor(vec![items()]);
    let request = typing("a.rs", "fn f() {\n    let n = $0\n}\n");
    assert_eq!(ask(&predictor, &request), Ok(("items.len();".to_string(), "scripted")));
    assert_eq!(ask(&predictor, &request), Ok(("items.len();".to_string(), "cache")));
    let typed_along = typing("a.rs", "fn f() {\n    let n = items.$0\n}\n");
    assert_eq!(ask(&predictor, &typed_along), Ok(("len();".to_string(), "cache")));
}

#[test]
fn nothing_where_it_is_not_wanted() {
    check_nothing(&typing("a.rs", "fn f() {\n    // let n = $0\n}\n"), "in a comment");
    check_nothing(&typing("a.rs", "let n = $0value;\n"), "inside a word");
    check_nothing(&typing("a.rs", "let n = $0 + first + second;\n"), "right of the cursor");
    check_nothing(&typing("a.py", "n = $0"), "`languages.disabled`");
    check_nothing(&typing("a.rs", &format!("{}$0", "let n = 1;\n".repeat(1000))), "more than the limit");
    check_nothing(&typing("a.rs", &format!("let n = \"{}\";$0", "x".repeat(5000))), "minified");
}

#[test]
fn in_comments_the_models_alone_are_asked() {
    struct Quick;
    impl Engine for Quick {
        fn name(&self) -> &'static str {
            "quick"
        }

        fn is_instant(&self) -> bool {
            true
        }

        fn generate(&self, _: &Ask, _: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
            let _ = emit(Candidate { text: "7;".to_string(), confidence: 1.0, ..Candidate::default() });
            Finish::Done
        }
    }
    let engines: Vec<Arc<dyn Engine>> = vec![Arc::new(Quick), Arc::new(items())];
    let options = Options { in_comments: true, ..options() };
    let predictor = Predictor::new(options, suggestion::Options::default(), engines);
    assert_eq!(ask(&predictor, &typing("a.rs", "fn f() {\n    let n = $0\n}\n")).unwrap().1, "quick");
    assert_eq!(ask(&predictor, &typing("b.rs", "fn f() {\n    // let n = $0\n}\n")).unwrap().1, "scripted");
}

#[test]
fn by_hand_the_gates_of_taste_are_open() {
    let mut request = typing("a.rs", "fn f() {\n    // let n = $0\n}\n");
    request.trigger = Trigger::Invoked;
    assert!(ask(&predictor(vec![items()]), &request).is_ok());
}

#[test]
fn what_privacy_denies_is_not_completed() {
    let mut request = typing("a.rs", "let n = $0");
    request.document.clearance = Clearance::Denied(Denied::Secret { kind: "a private key", line: 3 });
    check_nothing(&request, "private key");
    request.document.clearance = Clearance::Pending;
    check_nothing(&request, "still being checked");
}

#[test]
fn what_privacy_denies_feeds_no_engine() {
    let names = Scripted::new(|ask, _| {
        Ok(vec![ask.others.iter().map(|other| other.id.0.as_ref()).collect::<Vec<_>>().join(" ")])
    });
    let mut request = typing("a.rs", "let n = $0");
    let mut denied = snapshot("denied.rs", "");
    denied.clearance = Clearance::Denied(Denied::Secret { kind: "a token", line: 1 });
    request.others = vec![snapshot("cleared.rs", ""), denied, request.document.clone()];
    assert_eq!(ask(&predictor(vec![names]), &request).unwrap().0, "cleared.rs");
}

#[test]
fn the_next_engine_answers_when_one_fails_or_panics() {
    let fails = || Scripted::new(|_, _| Err(Finish::Failed(Failure::here("no weights"))));
    let panics = || Scripted::new(|_, _| panic!("a defect"));
    let request = typing("a.rs", "let n = $0");
    assert_eq!(ask(&predictor(vec![panics(), fails(), items()]), &request).unwrap().0, "items.len();");
    assert_eq!(ask(&predictor(vec![fails()]), &request), Err("scripted: no weights".to_string()));
    assert!(ask(&predictor(vec![panics()]), &request).unwrap_err().contains("panicked"));
}

#[test]
fn a_cancelled_request_ends_and_leaves_nothing() {
    let predictor = predictor(vec![Scripted::stuck()]);
    let cancel = Cancel::default();
    cancel.cancel();
    let answer = predictor.answer(&typing("a.rs", "let n = $0"), &cancel);
    assert_eq!(answer.outcome, Outcome::Cancelled);
}

#[test]
fn the_menu_s_selection_is_continued() {
    let request = |text: &str| {
        let mut request = typing("a.rs", "let n = it$0");
        request.selected = Some(Selected { replaced: 8..10, text: text.to_string() });
        request
    };
    let engine = Scripted::lines(&[("let n = items", ".len();"), ("let n = it", "erate();")]);
    let predictor = predictor(vec![engine]);
    assert_eq!(ask(&predictor, &request("items")).unwrap().0, ".len();");
    assert!(ask(&predictor, &request("other")).is_err());
}

#[test]
fn a_trace_names_every_step_and_no_content() {
    let predictor = predictor(vec![items()]);
    let request = typing("a.rs", "let secret = 1;\nlet n = $0");
    let trace = predictor.answer(&request, &Cancel::default()).trace;
    let stages: Vec<&str> = trace.steps.iter().map(|step| step.stage).collect();
    assert_eq!(stages, ["gate", "cache", "scripted", "suggestion"]);
    assert_eq!((trace.line, trace.column), (2, 9));
    let written = serde_json::to_string(&*trace).unwrap();
    assert!(!written.contains("secret") && !written.contains("items"), "{written}");

    predictor.accepted(trace.id);
    assert!(predictor.traces()[0].accepted);
}

#[test]
fn the_last_200_traces_are_kept() {
    let predictor = predictor(vec![items()]);
    let request = typing("a.rs", "let n = $0");
    for _ in 0..250 {
        predictor.answer(&request, &Cancel::default());
    }
    let ids: Vec<u64> = predictor.traces().iter().map(|trace| trace.id).collect();
    assert_eq!(ids, (51..=250).collect::<Vec<u64>>());
}

/// Says one unlikely thing that it made with some context.
struct Unsure;

impl Engine for Unsure {
    fn name(&self) -> &'static str {
        "unsure"
    }

    fn generate(&self, _: &Ask, _: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let (path, reason) = ("lib.rs".into(), "items: named above".to_string());
        let piece = Piece { kind: Kind::Definitions, path, text: "fn items()".to_string(), score: 0.5, reason };
        let context = [Considered { piece, n_tokens: 12, is_used: true }].into();
        let _ = emit(Candidate { text: "items();".to_string(), confidence: 0.2, context, ..Candidate::default() });
        Finish::Done
    }
}

#[test]
fn what_is_unlikely_is_shown_only_by_hand_and_its_context_is_told() {
    let predictor = Predictor::new(options(), suggestion::Options::default(), vec![Arc::new(Unsure)]);
    let mut request = typing("a.rs", "let n = $0");
    let answer = predictor.answer(&request, &Cancel::default());
    let nothing = "the best that is known has a chance of 0.20, under the bar of 0.28";
    assert_eq!(answer.outcome, Outcome::Nothing(nothing.to_string()));
    let told: Vec<String> =
        answer.trace.context.iter().map(|shown| format!("{}: {}", shown.path, shown.reason)).collect();
    assert_eq!(told, ["lib.rs: items: named above"]);
    request.trigger = Trigger::Invoked;
    assert_eq!(ask(&predictor, &request), Ok(("items();".to_string(), "unsure")));
}
