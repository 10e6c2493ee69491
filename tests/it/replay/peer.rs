//! llama.vim's policy.

use foretype::replay::llama_vim::policy::{Call, Place, Policy};
use foretype::text::Text;
use serde_json::Value;

/// The text, and the cursor where `|` stands.
fn place(marked: &str) -> (Text, Place) {
    let cursor = marked.find('|').expect("a cursor");
    let text = Text::new(&marked.replace('|', ""));
    let place = Place::of(&text, cursor);
    (text, place)
}

/// Asks at the first place, is answered, and looks at the second.
#[track_caller]
fn check(asked: &str, content: &str, looked: &str, expected: Option<&str>) {
    let mut policy = Policy::default();
    let (text, at) = place(asked);
    let request = policy.request(&text, at, &Call::default()).expect("it asks");
    policy.keep(&request, content);
    let (text, at) = place(looked);
    assert_eq!(policy.hint(&text, at).map(|shown| shown.ghost).as_deref(), expected);
}

fn body(marked: &str, taken: &[&str]) -> Option<Value> {
    let (text, at) = place(marked);
    let taken = taken.iter().map(|line| line.to_string()).collect();
    Policy::default().request(&text, at, &Call { place: Some(at), taken }).map(|request| request.body())
}

#[test]
fn answers_are_found_where_they_were_asked_and_typed_along() {
    check("let n = |\n", "items.len();", "let n = |\n", Some("items.len();"));
    check("let n = |\n", "items.len();", "let n = item|\n", Some("s.len();"));
    check("let n = |\n", "items.len();", "let n = x|\n", None);
    // The text behind has changed.
    check("let n = |\n", "items.len();", "let n = item|\nok\n", None);
    // Its first line has scrolled out.
    check("one\ntwo\nlet n = |\n", "3;", "two\nlet n = |\n", Some("3;"));
}

#[test]
fn what_is_there_already_is_not_shown() {
    check("a(|)\n", ")", "a(|)\n", Some(""));
    check("|\nfoo();\n", "foo();", "|\nfoo();\n", Some(""));
    check("let n = |\n", "  \n", "let n = |\n", Some(""));
}

#[test]
fn the_first_request_has_less_time_than_the_one_ahead() {
    let first = body("one\nlet n = |;\ntwo\n", &[]).unwrap();
    assert_eq!((&first["input_prefix"], &first["prompt"]), (&"one\n".into(), &"let n = ".into()));
    assert_eq!((&first["input_suffix"], &first["t_max_predict_ms"]), (&";\ntwo\n\n".into(), &250.into()));
    let ahead = body("one\nlet n = |\ntwo\n", &["f(", "    x", ")"]).unwrap();
    assert_eq!(ahead["input_prefix"], "one\nlet n = f(\n    x\n");
    assert_eq!((&ahead["prompt"], &ahead["t_max_predict_ms"]), (&")".into(), &1000.into()));
    assert_eq!((&ahead["input_suffix"], &ahead["n_predict"]), (&"\ntwo\n\n".into(), &128.into()));
}

#[test]
fn it_does_not_ask_before_much_text_or_for_what_it_has() {
    assert!(body("f(|12345678)\n", &[]).is_none());
    let mut policy = Policy::default();
    let (text, at) = place("let n = |\n");
    let request = policy.request(&text, at, &Call::default()).unwrap();
    policy.keep(&request, "1;");
    assert!(policy.request(&text, at, &Call::default()).is_none());
}
