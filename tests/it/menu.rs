//! Suggestions for editors without ghost text: as items of the menu, and what their users can do beside.

use foretype::engine::Finish;
use foretype::engine::scripted::Scripted;
use serde_json::{Value, json};

use crate::client::{Client, Reply, at, engines, ghost_text};

const URI: &str = "file:///project/src/a.rs";

/// Past its `initialize`, with these capabilities; and what the server can.
fn client_with(capabilities: Value, engine: Scripted) -> (Client, Value) {
    let mut client = Client::start(engines(engine));
    let result = client.initialize(json!({"capabilities": capabilities}));
    (client, result["capabilities"].clone())
}

fn says(pairs: &'static [(&'static str, &'static str)]) -> Client {
    client_with(json!({}), Scripted::lines(pairs)).0
}

fn menu(client: &mut Client, line: u32, character: u32) -> Value {
    client.ask("textDocument/completion", at(URI, line, character))["result"].clone()
}

fn range(start: (u32, u32), end: (u32, u32)) -> Value {
    let place = |(line, character)| json!({"line": line, "character": character});
    json!({"start": place(start), "end": place(end)})
}

fn command(client: &mut Client, command: &str) -> Value {
    client.ask("workspace/executeCommand", json!({"command": command}))
}

#[test]
fn capabilities_decide_and_no_name_does() {
    for name in ["Neovim", "helix", "Some editor"] {
        let params = |capabilities| json!({"clientInfo": {"name": name}, "capabilities": capabilities});
        let mut client = Client::start(engines(Scripted::lines(&[])));
        let can = client.initialize(params(ghost_text()))["capabilities"].clone();
        assert!(can["completionProvider"].is_null(), "{can}");
        let mut client = Client::start(engines(Scripted::lines(&[])));
        let can = client.initialize(params(json!({})))["capabilities"].clone();
        assert!(can["completionProvider"].is_object(), "{can}");
        assert!(can["inlayHintProvider"].is_null(), "{can}");
    }
}

#[test]
fn an_item_is_plain_text_that_replaces_the_word() {
    let mut client = says(&[("ite", "ms\n    .len();")]);
    client.open(URI, "rust", "let n = ite");
    let list = menu(&mut client, 0, 11);
    let item = &list["items"][0];
    assert_eq!(item["textEdit"], json!({"newText": "items\n    .len();", "range": range((0, 8), (0, 11))}));
    assert_eq!(
        (&item["label"], &item["filterText"], &item["sortText"]),
        (&json!("items"), &json!("ite"), &json!("0000"))
    );
    // A text, taken as it is: as a snippet its dollars would go, and its lines be indented twice.
    assert_eq!((&item["kind"], &item["insertTextMode"]), (&json!(1), &json!(1)));
    assert!(item["insertTextFormat"].is_null());
    assert_eq!(item["documentation"], "items\n    .len();");
}

#[test]
fn a_list_is_complete_only_where_nothing_will_come() {
    let mut client = says(&[("ite", "ms.len();")]);
    client.open(URI, "rust", "let n = it");
    let list = menu(&mut client, 0, 10);
    assert_eq!(list, json!({"isIncomplete": true, "items": []}), "the next letter may bring one");
    client.type_at(URI, 2, 0, 10, "e");
    assert_eq!(menu(&mut client, 0, 11)["items"].as_array().unwrap().len(), 1);

    let mut client = Client::ready(Scripted::lines(&[("ite", "ms.len();")]));
    client.open(URI, "rust", "let n = ite");
    assert_eq!(menu(&mut client, 0, 11), json!({"isIncomplete": false, "items": []}), "it has ghost text");
}

#[test]
fn who_wants_nothing_in_the_menu_is_not_asked_for_it() {
    let mut client = Client::start(engines(Scripted::lines(&[("ite", "ms.len();")])));
    let options = json!({"suggest": {"menu": false}});
    let can = client.initialize(json!({"capabilities": {}, "initializationOptions": options}));
    assert!(can["capabilities"]["completionProvider"].is_null(), "{can}");
    client.open(URI, "rust", "let n = ite");
    assert_eq!(menu(&mut client, 0, 11), json!({"isIncomplete": false, "items": []}));
}

#[test]
fn items_count_in_the_client_s_units_and_use_the_document_s_breaks() {
    let mut client = says(&[("größe", "_🦀 = 1;\nnext();")]);
    client.open(URI, "rust", "/* 🦀 */ größe\r\n\tx\r\n");
    let item = menu(&mut client, 0, 14)["items"][0].clone();
    assert_eq!(item["textEdit"], json!({"newText": "größe_🦀 = 1;\r\nnext();", "range": range((0, 9), (0, 14))}));
    assert_eq!(item["label"], "größe_🦀 = 1;");
}

#[test]
fn tabs_stay_tabs() {
    let mut client = says(&[("if ok {", "\n        go();\n    }")]);
    client.open(URI, "rust", "fn f() {\n\tlet a = 1;\n\tif ok {\n}\n");
    let item = menu(&mut client, 2, 8)["items"][0].clone();
    assert_eq!(item["textEdit"]["newText"], "\n\t\tgo();\n\t}");
    assert_eq!((&item["label"], &item["filterText"]), (&json!("go();"), &json!("go();")));
}

#[test]
fn what_is_taken_from_the_menu_is_counted_and_what_is_passed_over_is_no_rejection() {
    let folder = tempfile::tempdir().unwrap();
    let files = foretype::server::Files { ledger: Some(folder.path().join("ledger")), ..Default::default() };
    let mut client = Client::start_in(engines(Scripted::lines(&[("ite", "ms.len();"), ("oth", "er();")])), None, files);
    client.initialize(json!({"capabilities": {}}));
    client.open(URI, "rust", "let n = ite");
    menu(&mut client, 0, 11);
    client.change(URI, 2, json!([{"range": range((0, 8), (0, 11)), "text": "items.len();"}]));
    client.type_at(URI, 3, 0, 20, "\noth");
    menu(&mut client, 1, 3);
    client.type_at(URI, 4, 1, 3, "x");
    let stats = client.ask("workspace/executeCommand", json!({"command": "foretype.stats"}))["result"].clone();
    let all = &stats["all"];
    assert_eq!((&all["shown"], &all["accepted"], &all["chars_saved"]), (&json!(2), &json!(1), &json!(9)), "{stats:#}");
    assert_eq!(all["rejected"], 0);
}

fn actions(client: &mut Client, line: u32, character: u32, context: Value) -> Vec<Value> {
    let at = json!({"line": line, "character": character});
    let params = json!({"textDocument": {"uri": URI}, "range": {"start": at, "end": at}, "context": context});
    let answer = client.ask("textDocument/codeAction", params);
    answer["result"].as_array().unwrap_or_else(|| panic!("no list: {answer}")).clone()
}

#[test]
fn actions_are_there_when_asked_for_and_never_else() {
    let mut client = says(&[("let n = ", "items.len();")]);
    client.open(URI, "rust", "let n = ");
    let titles = |actions: &[Value]| actions.iter().map(|action| action["title"].clone()).collect::<Vec<_>>();
    let by_hand = json!({"diagnostics": [], "triggerKind": 1});
    let three = actions(&mut client, 0, 8, by_hand.clone());
    assert_eq!(three.len(), 3, "{:?}", titles(&three));
    assert!(three.iter().all(|action| action["kind"] == "source.foretype" && action["command"].is_object()));

    for (context, n) in [
        (json!({"diagnostics": []}), 0),
        (json!({"diagnostics": [], "triggerKind": 2}), 0),
        (json!({"diagnostics": [], "triggerKind": 2, "only": ["source"]}), 0),
        (json!({"diagnostics": [], "triggerKind": 1, "only": ["quickfix"]}), 0),
        (json!({"diagnostics": [], "triggerKind": 1, "only": ["sour"]}), 0),
        (json!({"diagnostics": [], "triggerKind": 1, "only": ["source"]}), 3),
        (json!({"diagnostics": [], "only": ["source.foretype"]}), 3),
    ] {
        assert_eq!(actions(&mut client, 0, 8, context.clone()).len(), n, "{context}");
    }

    // Once something is suggested there, it can be taken; also from before the cursor, on its line.
    menu(&mut client, 0, 8);
    let four = actions(&mut client, 0, 2, by_hand);
    assert_eq!(four[0]["title"], "foretype: insert `items.len();`", "{:?}", titles(&four));
    let edit = json!([{"range": range((0, 8), (0, 8)), "newText": "items.len();"}]);
    assert_eq!(four[0]["edit"]["changes"][URI], edit);
}

#[test]
fn off_and_on_again_and_said_so() {
    let mut client = says(&[("let n = ", "items.len();")]);
    client.open(URI, "rust", "let n = ");
    assert_eq!(command(&mut client, "foretype.toggle")["result"], false);
    let said = client.wait_for(|message| message["method"] == "window/showMessage");
    assert!(said["params"]["message"].as_str().unwrap().contains("foretype: off"), "{said}");
    assert_eq!(menu(&mut client, 0, 8)["items"], json!([]));
    command(&mut client, "foretype.showWhy");
    client.wait_for(|message| message["params"]["message"].as_str().is_some_and(|said| said.contains("foretype: off")));
    assert_eq!(command(&mut client, "foretype.accept")["result"], Value::Null);

    assert_eq!(command(&mut client, "foretype.toggle")["result"], true);
    assert_eq!(menu(&mut client, 0, 8)["items"].as_array().unwrap().len(), 1);
    command(&mut client, "foretype.showWhy");
    let why = |message: &Value| {
        let said = message["params"]["message"].as_str().unwrap_or_default();
        said.starts_with("foretype: line 1, column 9: 1 shown")
    };
    client.wait_for(why);
    command(&mut client, "foretype.showStatus");
    let status = "foretype: on; asks scripted; 1 of 1 requests got a suggestion";
    client.wait_for(|message| message["params"]["message"] == status);
}

/// The edits that the client was asked for.
fn applied(client: &mut Client, command_name: &str) -> (Value, Value) {
    let answer = command(client, command_name);
    let asked = client.wait_for(|message| message["method"] == "workspace/applyEdit");
    (answer["result"].clone(), asked["params"]["edit"].clone())
}

#[test]
fn accepting_by_a_command_puts_in_the_whole_a_word_or_a_line() {
    let mut client = says(&[("let n = ", "items.len();\nlet m = 1;")]);
    client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    client.open(URI, "rust", "let n = ");
    assert_eq!(command(&mut client, "foretype.accept")["result"], Value::Null, "nobody knows where the cursor is");
    menu(&mut client, 0, 8);
    for (command_name, text) in [
        ("foretype.acceptWord", "items"),
        ("foretype.acceptLine", "items.len();"),
        ("foretype.accept", "items.len();\nlet m = 1;"),
    ] {
        let (answer, edit) = applied(&mut client, command_name);
        assert_eq!(answer, text);
        assert_eq!(edit, json!({"changes": {URI: [{"range": range((0, 8), (0, 8)), "newText": text}]}}));
    }
    // What was typed along or taken is not put in again.
    client.type_at(URI, 2, 0, 8, "items");
    assert_eq!(applied(&mut client, "foretype.acceptWord").0, ".");
    client.type_at(URI, 3, 0, 13, ".len();");
    assert_eq!(applied(&mut client, "foretype.acceptLine").0, "\nlet m = 1;");
    client.type_at(URI, 4, 0, 20, "\nlet n = ");
    assert_eq!(applied(&mut client, "foretype.acceptWord").0, "items", "nobody has asked for it before");
    client.type_at(URI, 5, 1, 8, "x");
    assert_eq!(command(&mut client, "foretype.accept")["result"], Value::Null);
}

#[test]
fn edits_name_their_version_where_the_client_can_and_a_refusal_is_told() {
    let capabilities = json!({"workspace": {"workspaceEdit": {"documentChanges": true}}});
    let (mut client, _) = client_with(capabilities, Scripted::lines(&[("let n = ", "items.len();")]));
    let refusal = json!({"applied": false, "failureReason": "the buffer is read-only"});
    client.reply("workspace/applyEdit", Reply::With(refusal));
    client.open(URI, "rust", "let n = ");
    menu(&mut client, 0, 8);
    let answer = command(&mut client, "foretype.accept");
    assert!(answer["error"]["message"].as_str().unwrap().contains("the buffer is read-only"), "{answer}");
    let asked = client.wait_for(|message| message["method"] == "workspace/applyEdit");
    let document = &asked["params"]["edit"]["documentChanges"][0]["textDocument"];
    assert_eq!(document, &json!({"uri": URI, "version": 1}));
}

#[test]
fn a_command_without_a_place_means_the_document_in_focus() {
    let other = "file:///project/src/b.rs";
    let mut client = says(&[("let n = ", "items.len();"), ("let m = ", "others.len();")]);
    client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    client.open(URI, "rust", "let n = ");
    client.open(other, "rust", "let m = ");
    menu(&mut client, 0, 8);
    client.ask("textDocument/completion", at(other, 0, 8));
    client.notify("textDocument/didFocus", json!({"textDocument": {"uri": URI}}));
    for nonsense in [json!({"textDocument": {"uri": "file:///project/src/c.rs"}}), json!({}), json!([1])] {
        client.notify("textDocument/didFocus", nonsense);
    }
    assert_eq!(applied(&mut client, "foretype.accept").0, "items.len();");
}

#[test]
fn two_clients_of_one_project_do_not_meet() {
    let (mut first, mut second) = (says(&[("let n = ", "first();")]), says(&[("let n = ", "second();")]));
    for client in [&mut first, &mut second] {
        client.open(URI, "rust", "let n = ");
    }
    assert_eq!(menu(&mut first, 0, 8)["items"][0]["label"], "first();");
    assert_eq!(menu(&mut second, 0, 8)["items"][0]["label"], "second();");
    assert_eq!(command(&mut first, "foretype.toggle")["result"], false);
    assert_eq!(menu(&mut second, 0, 8)["items"][0]["label"], "second();");
}

#[test]
fn a_superseded_menu_request_is_cancelled() {
    let (started, waiting) = std::sync::mpsc::channel();
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
    let (mut client, _) = client_with(json!({}), engine);
    client.open(URI, "rust", "let n = \nlet m = ");
    let older = client.request("textDocument/completion", at(URI, 0, 8));
    waiting.recv().unwrap();
    assert_eq!(menu(&mut client, 1, 8)["items"][0]["label"], "42;");
    assert_eq!(client.answer(older)["error"]["code"], -32800);
}
