//! Ghost text as an inlay hint, for who wants it.

use foretype::engine::scripted::Scripted;
use serde_json::{Value, json};

use crate::client::{Client, Reply, at, engines};

const URI: &str = "file:///project/src/a.rs";

/// A client that shows inlay hints and knows no inline completion, and whose user wants them.
fn client(pairs: &'static [(&'static str, &'static str)]) -> Client {
    client_of(Scripted::lines(pairs), json!({"inlayHint": {}}), true).0
}

fn client_of(engine: Scripted, text: Value, wanted: bool) -> (Client, Value) {
    let mut client = Client::start(engines(engine));
    client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    let capabilities = json!({"textDocument": text, "workspace": {"inlayHint": {"refreshSupport": true}}});
    let options = json!({"suggest": {"inlay_hints": wanted}});
    let result = client.initialize(json!({"capabilities": capabilities, "initializationOptions": options}));
    (client, result["capabilities"].clone())
}

/// Of the first ten lines.
fn hints(client: &mut Client) -> Vec<Value> {
    hints_in(client, 0, 10)
}

fn hints_in(client: &mut Client, first: u32, last: u32) -> Vec<Value> {
    let range = json!({"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}});
    let params = json!({"textDocument": {"uri": URI}, "range": range});
    let answer = client.ask("textDocument/inlayHint", params);
    answer["result"].as_array().unwrap_or_else(|| panic!("no list: {answer}")).clone()
}

#[track_caller]
fn check(client: &mut Client, label: &str, line: u32, character: u32) {
    let hints = hints(client);
    assert_eq!(hints.len(), 1, "{}", client.why());
    assert_eq!(
        (&hints[0]["label"], &hints[0]["position"]),
        (&json!(label), &json!({"line": line, "character": character}))
    );
}

#[test]
fn they_are_offered_only_where_they_are_wanted_and_nothing_better_is_there() {
    let can = |text: Value, wanted| client_of(Scripted::lines(&[]), text, wanted).1;
    let with = can(json!({"inlayHint": {}}), true);
    assert_eq!(with["inlayHintProvider"], true);
    assert!(with["completionProvider"].is_null(), "not twice");
    assert!(can(json!({"inlayHint": {}}), false)["inlayHintProvider"].is_null());
    assert!(can(json!({}), true)["inlayHintProvider"].is_null());
    assert!(can(json!({"inlayHint": {}, "inlineCompletion": {}}), true)["inlayHintProvider"].is_null());
}

#[test]
fn a_hint_stands_where_somebody_types_and_nowhere_else() {
    let mut client = client(&[("let n = ", "items.len();")]);
    client.open(URI, "rust", "fn f() {\n    let n =\n}\n");
    assert_eq!(hints(&mut client), Vec::<Value>::new(), "nobody has typed yet");
    client.type_at(URI, 2, 1, 11, " ");
    check(&mut client, "items.len();", 1, 12);
    assert_eq!(hints_in(&mut client, 2, 3), Vec::<Value>::new(), "out of sight");
    client.type_at(URI, 3, 1, 12, "it");
    check(&mut client, "ems.len();", 1, 14);
    client.type_at(URI, 4, 1, 14, "x");
    assert_eq!(hints(&mut client), Vec::<Value>::new());
}

#[test]
fn a_line_that_is_deleted_leaves_no_hint() {
    let mut client = client(&[("let n = ", "items.len();")]);
    client.open(URI, "rust", "let n = \nx\n");
    let line = json!({"start": {"line": 0, "character": 8}, "end": {"line": 1, "character": 1}});
    client.change(URI, 2, json!([{"range": line, "text": ""}]));
    assert_eq!(hints(&mut client), Vec::<Value>::new());
}

#[test]
fn a_pair_that_the_editor_closes_has_the_cursor_inside() {
    let mut client = client(&[("call(", "items"), ("if ok {\n    ", "go();")]);
    client.open(URI, "rust", "call\nif ok {}\n");
    client.type_at(URI, 2, 0, 4, "()");
    check(&mut client, "items", 0, 5);
    client.type_at(URI, 3, 1, 7, "\n    \n");
    check(&mut client, "go();", 2, 4);
}

#[test]
fn more_lines_are_counted_and_control_characters_are_not_drawn() {
    let mut client = client(&[("a = ", "f(\n\tx,\n);"), ("b;", "\n\tnext();"), ("c = ", "1;\t// one")]);
    client.open(URI, "rust", "a =\n");
    client.type_at(URI, 2, 0, 3, " ");
    check(&mut client, "f( ⏎+2", 0, 4);
    assert_eq!(hints(&mut client)[0]["tooltip"].as_str().unwrap().lines().count(), 3);
    client.change(URI, 3, json!([{"text": "fn f() {\n\tb\n}\n"}]));
    client.type_at(URI, 4, 1, 2, ";");
    check(&mut client, "⏎ next();", 1, 3);
    client.change(URI, 5, json!([{"text": "c =\n"}]));
    client.type_at(URI, 6, 0, 3, " ");
    check(&mut client, "1; // one", 0, 4);
}

#[test]
fn positions_count_in_the_client_s_units_and_edits_use_the_document_s_breaks() {
    let mut client = client(&[("größe = ", "f(\n    🦀,\n);")]);
    client.open(URI, "rust", "/* 🦀 */ größe =\r\n");
    client.type_at(URI, 2, 0, 16, " ");
    check(&mut client, "f( ⏎+2", 0, 17);
    let edit = hints(&mut client)[0]["textEdits"][0].clone();
    assert_eq!(edit["newText"], "f(\r\n    🦀,\r\n);");
    assert_eq!(edit["range"]["start"], json!({"line": 0, "character": 17}));
}

#[test]
fn what_the_hint_shows_is_what_a_key_takes() {
    let mut client = client(&[("let n = ", "items.len();\nlet m = 1;")]);
    client.open(URI, "rust", "let n =");
    client.type_at(URI, 2, 0, 7, " ");
    check(&mut client, "items.len(); ⏎+1", 0, 8);
    let answer = client.ask("workspace/executeCommand", json!({"command": "foretype.acceptLine"}));
    assert_eq!(answer["result"], "items.len();");
    client.type_at(URI, 3, 0, 8, "items.len();");
    check(&mut client, "⏎ let m = 1;", 0, 20);
    let answer = client.ask("workspace/executeCommand", json!({"command": "foretype.accept"}));
    assert_eq!(answer["result"], "\nlet m = 1;");
    let traces = client.ask("workspace/executeCommand", json!({"command": "foretype.why", "arguments": [1]}));
    assert_eq!(traces["result"][0]["accepted"], true);
}

#[test]
fn switching_off_draws_them_anew() {
    let mut client = client(&[("let n = ", "items.len();")]);
    client.open(URI, "rust", "let n =");
    client.type_at(URI, 2, 0, 7, " ");
    check(&mut client, "items.len();", 0, 8);
    client.ask("workspace/executeCommand", json!({"command": "foretype.toggle"}));
    client.wait_for(|message| message["method"] == "workspace/inlayHint/refresh");
    assert_eq!(hints(&mut client), Vec::<Value>::new());
}

#[test]
fn a_menu_request_moves_the_cursor() {
    let mut client = client(&[("let n = ", "items.len();")]);
    client.open(URI, "rust", "let n = \nx\n");
    client.type_at(URI, 2, 1, 1, "y");
    assert_eq!(hints(&mut client), Vec::<Value>::new());
    // Ghost text is asked for there by whoever else does.
    client.ask("textDocument/inlineCompletion", at(URI, 0, 8));
    check(&mut client, "items.len();", 0, 8);
}
