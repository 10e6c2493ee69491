//! What becomes of suggestions, told from the changes of the text alone and with the editor's help.

use std::sync::Arc;
use std::time::Duration;

use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::predictor::outcome::{End, Ended, Event, Offered, Outcome, Outcomes, Showing, Surface};
use foretype::suggestion::Suggestion;
use foretype::text::Text;

/// A user at one document, in milliseconds. `$0` is the cursor.
struct User {
    outcomes: Outcomes,
    text: String,
    cursor: usize,
    now: u64,
    n_requests: u64,
    surface: Surface,
}

impl User {
    fn at(marked: &str) -> User {
        let cursor = marked.find("$0").expect("a cursor");
        let text = marked.replace("$0", "");
        User { outcomes: Outcomes::default(), text, cursor, now: 0, n_requests: 0, surface: Surface::Text }
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.now)
    }

    fn document(&self) -> Snapshot {
        let text = Text::new(&self.text);
        let (clearance, edited) = (Clearance::Cleared, Arc::default());
        let id = DocumentId("file:///a.rs".into());
        Snapshot { id, path: None, language: None, version: 0, text, tree: None, clearance, edited }
    }

    fn see(&mut self, texts: &[&str]) -> (Showing, Vec<Event>) {
        let suggestion = |text: &&str| Suggestion { text: text.to_string(), n_replaced: 0 };
        let suggestions: Vec<Suggestion> = texts.iter().map(suggestion).collect();
        self.n_requests += 1;
        let (request, offset, surface) = (self.n_requests, self.cursor, self.surface);
        let (document, now) = (self.document(), self.now());
        let offered = Offered { request, document: &document, offset, suggestions: &suggestions, surface };
        self.outcomes.shown(&offered, now)
    }

    /// One change at the cursor, `after` milliseconds later.
    fn insert(&mut self, text: &str, after: u64) -> Vec<Event> {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        self.change(after)
    }

    fn replace(&mut self, from: &str, to: &str, after: u64) -> Vec<Event> {
        assert!(self.text.contains(from), "{from:?} is not in {:?}", self.text);
        self.text = self.text.replacen(from, to, 1);
        self.change(after)
    }

    fn change(&mut self, after: u64) -> Vec<Event> {
        self.now += after;
        let (document, now) = (self.document(), self.now());
        self.outcomes.changed(&document, now)
    }

    fn wait(&mut self, ms: u64) -> Vec<Event> {
        self.now += ms;
        self.outcomes.tick(Duration::from_millis(self.now))
    }

    fn accept(&mut self, request: u64) -> Option<Event> {
        self.outcomes.accepted(request, Duration::from_millis(self.now))
    }
}

#[track_caller]
fn ended(events: impl IntoIterator<Item = Event>) -> (u64, End, usize, usize) {
    let events: Vec<Event> = events.into_iter().collect();
    match &events[..] {
        [Event { request, outcome: Outcome::Ended(Ended { end, n_taken, n_typed, .. }) }] => {
            (*request, *end, *n_taken, *n_typed)
        }
        _ => panic!("not one end: {events:?}"),
    }
}

#[track_caller]
fn kept(events: Vec<Event>) -> f32 {
    match events[..] {
        [Event { outcome: Outcome::Kept { share }, .. }] => share,
        _ => panic!("not one look: {events:?}"),
    }
}

#[test]
fn an_insert_of_all_of_it_is_an_accept() {
    let mut user = User::at("let n = $0\n");
    assert_eq!(user.see(&["items.len();"]), (Showing::New, vec![]));
    assert_eq!(ended(user.insert("items.len();", 400)), (1, End::Accepted, 12, 0));
    assert_eq!(user.accept(1), None, "the command comes after the text, and says nothing new");
    // Even at once: who knows the text need not read it.
    user.see(&[" // why"]);
    assert_eq!(ended(user.insert(" // why", 20)), (2, End::Accepted, 7, 0));
}

#[test]
fn the_user_may_take_another_one() {
    let mut user = User::at("let n = $0\n");
    user.see(&["items.len();", "items.count();"]);
    assert_eq!(ended(user.insert("items.count();", 900)), (1, End::Accepted, 14, 0));
}

#[test]
fn typed_along_is_one_suggestion() {
    let mut user = User::at("let n = $0;\n");
    user.see(&["items.len()"]);
    assert!(user.insert("it", 400).is_empty());
    assert_eq!(user.see(&["ems.len()"]).0, Showing::Continues(1));
    assert_eq!(ended(user.insert("ems.len()", 300)), (1, End::Accepted, 11, 2));

    let mut user = User::at("let n = $0;\n");
    user.see(&["a.b()"]);
    for key in ["a", ".", "b", "(", ")"] {
        assert!(user.insert(key, 150).is_empty());
    }
    assert_eq!(ended(user.wait(600)), (1, End::TypedThrough, 5, 5));
}

#[test]
fn a_command_after_the_last_letters_makes_it_an_accept() {
    let mut user = User::at("let n = $0;\n");
    user.see(&["a.b()"]);
    user.insert("a.b", 150);
    user.see(&["()"]);
    assert!(user.insert("()", 150).is_empty());
    assert_eq!(ended(user.accept(2)), (1, End::Accepted, 5, 3));
    assert_eq!(kept(user.wait(30_000)), 1.0);
}

#[test]
fn an_editor_may_close_what_was_opened() {
    let mut user = User::at("let n = f$0\n");
    user.see(&["(x, y);"]);
    user.text.insert_str(user.cursor, "()");
    user.cursor += 1;
    assert!(user.change(200).is_empty());
    assert_eq!(user.see(&["first, y"]).0, Showing::New);

    let mut user = User::at("let n = f$0\n");
    user.see(&["(first, y);"]);
    user.text.insert_str(user.cursor, "()");
    user.cursor += 1;
    assert!(user.change(200).is_empty());
    assert_eq!(user.see(&["first, y"]).0, Showing::Continues(1));
    assert_eq!(ended(user.insert("first, y", 400)), (1, End::Accepted, 9, 1));
}

#[test]
fn something_else_is_a_rejection_once_it_could_be_read() {
    for (visible, end) in [(200, End::Unseen), (299, End::Unseen), (300, End::Rejected), (5000, End::Rejected)] {
        let mut user = User::at("let n = $0;\n");
        user.see(&["items.len()"]);
        assert!(user.insert("x", visible).is_empty(), "a command may still come");
        assert_eq!(ended(user.wait(600)), (1, end, 0, 0), "after {visible} ms");
    }
}

#[test]
fn in_a_menu_typing_on_is_no_rejection_and_taking_it_is_an_accept() {
    let mut user = User { surface: Surface::Menu, ..User::at("let n = $0;\n") };
    user.see(&["items.len()"]);
    user.insert("x", 5000);
    assert_eq!(ended(user.wait(600)), (1, End::Ignored, 0, 0));
    user.see(&["s.len()"]);
    assert_eq!(ended(user.insert("s.len()", 700)), (2, End::Accepted, 7, 0));
}

#[test]
fn the_editor_may_insert_another_text_than_ours() {
    let mut user = User::at("if a {$0\n");
    user.see(&["\n  b();\n}"]);
    assert!(user.insert("\n    b();\n}", 700).is_empty());
    assert_eq!(ended(user.accept(1)), (1, End::Accepted, 9, 0));
}

#[test]
fn a_beginning_typed_by_hand_is_counted() {
    let mut user = User::at("let n = $0;\n");
    user.see(&["items.len()"]);
    user.insert("ite", 400);
    user.insert("r", 100);
    assert_eq!(ended(user.wait(600)), (1, End::Rejected, 3, 3));
}

#[test]
fn a_part_is_taken_by_a_command_or_at_once() {
    let mut user = User::at("let n = $0;\n");
    user.see(&["items.iter().count()"]);
    user.insert("items", 400);
    user.insert(" + ", 400);
    assert_eq!(ended(user.wait(600)), (1, End::Partial, 5, 0));

    let mut user = User::at("let n = $0;\n");
    user.see(&["xs.len()"]);
    user.outcomes.partially(1, 2);
    user.insert("xs", 400);
    user.insert(" + ", 400);
    assert_eq!(ended(user.wait(600)), (1, End::Partial, 2, 0));
}

#[test]
fn who_goes_elsewhere_has_rejected_nothing() {
    let mut user = User::at("a\n$0\nb\n");
    user.see(&["let n = 1;"]);
    user.now += 2000;
    user.cursor = 1;
    let (showing, events) = user.see(&[" + 1"]);
    assert_eq!((showing, ended(events)), (Showing::New, (1, End::Ignored, 0, 0)));
    let document = user.document();
    assert_eq!(ended(user.outcomes.closed(&document.id, Duration::from_secs(9))).1, End::Ignored);
}

#[test]
fn who_types_elsewhere_has_rejected_nothing() {
    let head = "use std::collections::HashMap;\nuse std::collections::BTreeMap;\nuse std::time::Duration;\n";
    let text = format!("{head}fn f() {{\n    let n = $0;\n}}\n\n{head}fn g() {{}}\n");
    for (from, to) in [("fn g", "fn gamma"), ("use std", "use core"), ("use std::collections", "use std")] {
        let mut user = User::at(&text);
        user.see(&["items.len()"]);
        assert_eq!(ended(user.replace(from, to, 900)).1, End::Ignored, "{from}");
    }
    let mut user = User::at(&text);
    user.see(&["items.len()"]);
    user.replace("let n = ", "let n =", 900);
    assert_eq!(ended(user.wait(600)).1, End::Rejected, "that was here");
}

#[test]
fn what_is_taken_and_deleted_again_is_not_there() {
    let mut user = User::at("let n = $0;\n");
    user.see(&["items.len()"]);
    user.insert("items", 400);
    user.text = user.text.replace("items", "i");
    user.cursor -= 4;
    assert!(user.change(400).is_empty());
    assert_eq!(user.see(&["tems.len()"]).0, Showing::Continues(1));
    assert_eq!(ended(user.insert("tems.len()", 400)), (1, End::Accepted, 11, 0));
}

#[test]
fn a_dismissal_is_a_rejection() {
    let mut user = User::at("let n = $0;\n");
    user.see(&["items.len()"]);
    assert_eq!(ended(user.outcomes.dismissed(1, Duration::from_secs(1))).1, End::Rejected);
    assert_eq!(user.outcomes.due(), None);
}

const HEAD: &str = "use a;\n\nfn f() {\n    let n = $0\n}\n\nfn g() {}\n";

/// What of the accepted text is there after 30 seconds, with these changes in between.
fn survives(text: &str, edits: &[(&str, &str)]) -> f32 {
    let mut user = User::at(HEAD);
    user.see(&[text]);
    assert_eq!(ended(user.insert(text, 500)).1, End::Accepted);
    for (from, to) in edits {
        assert!(user.replace(from, to, 100).is_empty());
    }
    assert_eq!(user.outcomes.due(), Some(Duration::from_millis(30_500)));
    kept(user.wait(30_000))
}

#[test]
fn after_30_seconds_it_is_looked_for() {
    let text = "items.len();";
    assert_eq!(survives(text, &[]), 1.0);
    assert_eq!(survives(text, &[(text, "")]), 0.0);
    let share = survives(text, &[("len", "iter().count")]);
    assert!(share > 0.5 && share < 0.95, "{share}");
}

#[test]
fn it_may_move() {
    let text = "items.len();\n    let m = n + 1;";
    assert_eq!(survives(text, &[("use a;", "use a;\nuse b;\nuse c;")]), 1.0, "above");
    assert_eq!(survives(text, &[("use a;", "use b;"), ("fn g() {}", "fn h() {}")]), 1.0, "above and below");
    let moved =
        [("    let n = items.len();\n    let m = n + 1;\n", ""), ("g() {}", "g() {\n    let n = items.len();\n}")];
    let share = survives(text, &moved);
    assert!(share > 0.4 && share < 0.7, "one of its lines moved, one went: {share}");
}

#[test]
fn nothing_is_kept_of_a_closed_document_and_little_waits() {
    let mut user = User::at("$0");
    for _ in 0..100 {
        user.see(&["let n = 1;\n"]);
        assert_eq!(ended(user.insert("let n = 1;\n", 10)).1, End::Accepted);
    }
    let id = user.document().id;
    let mut waiting = user.wait(30_000);
    waiting.truncate(33);
    assert_eq!(waiting.len(), 32);
    user.see(&["let n = 1;\n"]);
    user.insert("let n = 1;\n", 10);
    user.outcomes.closed(&id, Duration::from_millis(user.now));
    assert_eq!((user.outcomes.due(), user.wait(60_000)), (None, vec![]));
}

#[test]
fn beyond_ascii() {
    let mut user = User::at("let ä = $0\n");
    user.see(&["größe(\"é\");"]);
    assert!(user.insert("größ", 400).is_empty());
    assert!(user.insert("ü", 400).is_empty());
    assert_eq!(ended(user.wait(600)), (1, End::Rejected, 4, 4));
}
