//! Skills over the protocol: listed, trusted, run by our own model, applied by the editor.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use foretype::engine::scripted::Scripted;
use foretype::engine::{Finish, Wish};
use foretype::server::Files;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Client, Reply, engines};

/// A project and a home, each with a skill, and an editor in it.
struct Desk {
    place: TempDir,
    client: Client,
    /// What the model was told.
    told: Arc<Mutex<Vec<String>>>,
}

const TEXT: &str = "fn a() {}\nfn b() {}\nfn c() {}\n";

/// What a capable editor says.
fn capable() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-16"]},
        "window": {"showMessage": {}},
        "workspace": {"workspaceEdit": {"documentChanges": true, "resourceOperations": ["create", "rename", "delete"]}},
    })
}

impl Desk {
    fn open(capabilities: Value, answer: &'static str) -> Desk {
        let place = tempfile::tempdir().unwrap();
        let skill = |name: &str| format!("---\nname: {name}\ndescription: Does {name}.\n---\nDo {name} well.\n");
        for (path, content) in [
            ("project/.git/HEAD", String::new()),
            ("project/.agents/skills/ours/SKILL.md", skill("ours")),
            ("project/.foretype/team.toml", "[[member]]\nname = \"critic\"\nagent = \"claude\"\n".to_string()),
            ("home/.claude/skills/mine/SKILL.md", skill("mine")),
            ("project/a.rs", TEXT.to_string()),
        ] {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let told = Arc::<Mutex<Vec<String>>>::default();
        let heard = told.clone();
        let model = Scripted::new(|_, _| Ok(Vec::new())).told(move |wish: &Wish, _| {
            heard.lock().push(format!("{}\n---\n{}", wish.instruction, wish.text));
            match answer {
                "" => Err(Finish::Silent("it only fills in".to_string())),
                answer => Ok(answer.to_string()),
            }
        });
        let home = Some(place.path().join("home"));
        let files = Files { trust: Some(place.path().join("state/trust.json")), home, ..Files::default() };
        let mut client = Client::start_in(engines(model), None, files);
        let root = format!("file://{}", place.path().join("project").display());
        client.initialize(json!({
            "capabilities": capabilities,
            "workspaceFolders": [{"uri": root, "name": "project"}],
        }));
        let mut desk = Desk { place, client, told };
        let uri = desk.uri("a.rs");
        desk.client.open(&uri, "rust", TEXT);
        desk
    }

    fn path(&self, path: &str) -> PathBuf {
        self.place.path().join("project").join(path)
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}", self.path(path).display())
    }

    fn command(&mut self, command: &str, argument: Value) -> Value {
        self.client.ask("workspace/executeCommand", json!({"command": command, "arguments": [argument]}))
    }

    fn result(&mut self, command: &str, argument: Value) -> Value {
        let answer = self.command(command, argument);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    fn refusal(&mut self, command: &str, argument: Value) -> String {
        self.command(command, argument)["error"]["message"].as_str().unwrap().to_string()
    }

    /// Runs `mine` on the second line.
    fn run(&mut self) {
        let uri = self.uri("a.rs");
        let range = json!({"start": {"line": 1, "character": 3}, "end": {"line": 1, "character": 4}});
        self.result("foretype.skill.run", json!({"name": "mine", "uri": uri, "range": range}));
    }

    fn said(&mut self, method: &str) -> Value {
        self.client.wait_for(|message| message["method"] == method)
    }
}

fn names(list: &Value) -> Vec<(String, bool)> {
    let row = |skill: &Value| (skill["name"].as_str().unwrap().to_string(), skill["usable"] == true);
    list["skills"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn a_projects_skills_run_once_it_is_trusted() {
    let mut desk = Desk::open(capable(), "");
    let list = desk.result("foretype.skill.list", Value::Null);
    assert_eq!(names(&list), [("mine".to_string(), true), ("ours".to_string(), false)]);
    assert_eq!((&list["project"], &list["team"][0]["name"]), (&json!("unknown"), &json!("critic")));
    let uri = desk.uri("a.rs");
    let refused = desk.refusal("foretype.skill.run", json!({"name": "ours", "uri": uri}));
    assert!(refused.contains("not trusted yet") && refused.contains("foretype.skill.trust"), "{refused}");
    assert!(desk.refusal("foretype.skill.run", json!({"member": "critic", "uri": uri})).contains("not trusted"));

    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "No"})));
    let shown = desk.result("foretype.skill.trust", Value::Null);
    assert_eq!(shown["files"].as_array().unwrap().len(), 2);
    let question = desk.said("window/showMessageRequest");
    assert!(question["params"]["message"].as_str().unwrap().contains("ours; 2 files"), "{question}");
    assert_eq!(desk.result("foretype.skill.list", Value::Null)["project"], "unknown");

    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "Trust them"})));
    desk.result("foretype.skill.trust", Value::Null);
    desk.said("window/showMessageRequest");
    let mut list = Value::Null;
    for _ in 0..1_000 {
        list = desk.result("foretype.skill.list", Value::Null);
        if list["project"] == "trusted" {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(names(&list), [("mine".to_string(), true), ("ours".to_string(), true)]);
    // Who hands over is told by the agents' own command what is wrong.
    assert!(!desk.refusal("foretype.skill.run", json!({"member": "critic", "uri": uri})).contains("trust"));
    fs::write(desk.path(".agents/skills/ours/more.md"), "more").unwrap();
    assert!(desk.refusal("foretype.skill.run", json!({"name": "ours", "uri": uri})).contains("have changed"));
    assert_eq!(desk.result("foretype.skill.trust", json!({"revoke": true})), json!({"revoked": true}));
    assert_eq!(desk.result("foretype.skill.list", Value::Null)["project"], "unknown");
    assert!(desk.refusal("foretype.skill.run", json!({"name": "none", "uri": uri})).contains("there are mine"));
}

#[test]
fn a_light_run_becomes_one_reviewed_edit() {
    let mut desk = Desk::open(capable(), "Sure:\n```rust\nfn better() {}\n```\nDone.");
    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "Apply"})));
    desk.client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    desk.run();
    let question = desk.said("window/showMessageRequest");
    let asked = question["params"]["message"].as_str().unwrap();
    assert!(asked.contains("mine, by scripted: 1 file changed, 1 line added, 1 removed"), "{asked}");
    let edit = desk.said("workspace/applyEdit");
    let uri = desk.uri("a.rs");
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}});
    let change = json!({
        "textDocument": {"uri": uri, "version": 1},
        "edits": [{"range": range, "newText": "fn better() {}\n"}],
    });
    assert_eq!(edit["params"]["edit"]["documentChanges"], json!([change]));
    let told = desk.told.lock().clone();
    assert!(
        told[0].contains("Do mine well.") && told[0].contains("fn b() {}\n```") && told[0].contains("fn c()"),
        "{told:?}"
    );
}

#[test]
fn a_proposal_is_shown_applied_in_part_and_forgotten() {
    let answer = "```\nfn one() {}\nfn b() {}\nfn three() {}\n```";
    let mut desk = Desk::open(json!({"general": {"positionEncodings": ["utf-16"]}}), answer);
    let uri = desk.uri("a.rs");
    desk.client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    desk.result("foretype.skill.run", json!({"name": "mine", "uri": uri}));
    let message = desk.said("window/showMessage");
    assert!(message["params"]["message"].as_str().unwrap().contains("skill-1"), "{message}");
    let shown = desk.result("foretype.skill.show", Value::Null);
    assert_eq!((&shown["id"], &shown["files"][0]["n_hunks"]), (&json!("skill-1"), &json!(2)));
    assert!(shown["markdown"].as_str().unwrap().contains("+fn three() {}"));
    let applied = desk.result("foretype.skill.apply", json!({"id": "skill-1", "hunks": [2]}));
    assert_eq!(applied["applied"], json!(["a.rs"]));
    let edit = desk.said("workspace/applyEdit");
    let changes = &edit["params"]["edit"]["changes"][&uri];
    assert_eq!((changes.as_array().unwrap().len(), &changes[0]["newText"]), (1, &json!("fn three() {}\n")));
    desk.result("foretype.skill.discard", json!("skill-1"));
    assert!(desk.refusal("foretype.skill.apply", json!("skill-1")).contains("any more"));
}

#[test]
fn what_the_user_typed_meanwhile_is_kept() {
    let mut desk = Desk::open(capable(), "```\nfn better() {}\n```");
    let uri = desk.uri("a.rs");
    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "Not now"})));
    desk.run();
    desk.said("window/showMessageRequest");
    desk.client.type_at(&uri, 2, 0, 0, "// mine\n");
    desk.client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    // The answer waits for the change that the editor would send.
    let id = desk
        .client
        .request("workspace/executeCommand", json!({"command": "foretype.skill.apply", "arguments": ["skill-1"]}));
    let edit = desk.said("workspace/applyEdit");
    let change = &edit["params"]["edit"]["documentChanges"][0];
    assert_eq!(
        (&change["textDocument"]["version"], &change["edits"][0]["range"]["start"]["line"]),
        (&json!(2), &json!(2))
    );
    let changes = json!([{"text": "// mine\nfn a() {}\nfn better() {}\nfn c() {}\n"}]);
    desk.client.change(&uri, 3, changes);
    assert_eq!(desk.client.answer(id)["result"]["applied"], json!(["a.rs"]));
}

#[test]
fn an_editor_that_refuses_is_asked_anew_with_what_is_there_then() {
    let mut desk = Desk::open(capable(), "```\nfn better() {}\n```");
    let uri = desk.uri("a.rs");
    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "Not now"})));
    desk.run();
    desk.said("window/showMessageRequest");
    desk.client.reply("workspace/applyEdit", Reply::With(json!({"applied": false, "failureReason": "version"})));
    let id = desk
        .client
        .request("workspace/executeCommand", json!({"command": "foretype.skill.apply", "arguments": ["skill-1"]}));
    desk.said("workspace/applyEdit");
    desk.client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    desk.client.type_at(&uri, 2, 0, 0, "// mine\n");
    let edit = desk.client.wait_for(|message| {
        message["method"] == "workspace/applyEdit"
            && message["params"]["edit"]["documentChanges"][0]["textDocument"]["version"] == 2
    });
    assert_eq!(edit["params"]["edit"]["documentChanges"][0]["edits"][0]["range"]["start"]["line"], 2);
    desk.client.change(&uri, 3, json!([{"text": "// mine\nfn a() {}\nfn better() {}\nfn c() {}\n"}]));
    assert_eq!(desk.client.answer(id)["result"]["applied"], json!(["a.rs"]));
}

#[test]
fn an_edit_that_the_editor_left_out_is_made_anew() {
    let mut desk = Desk::open(capable(), "```\nfn better() {}\n```");
    let uri = desk.uri("a.rs");
    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "Not now"})));
    desk.run();
    desk.said("window/showMessageRequest");
    // As Neovim does: yes, and nothing, since the buffer is newer than the edit.
    desk.client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    let id = desk
        .client
        .request("workspace/executeCommand", json!({"command": "foretype.skill.apply", "arguments": ["skill-1"]}));
    desk.said("workspace/applyEdit");
    desk.client.type_at(&uri, 2, 0, 0, "// mine\n");
    desk.client.wait_for(|message| {
        message["method"] == "workspace/applyEdit"
            && message["params"]["edit"]["documentChanges"][0]["textDocument"]["version"] == 2
    });
    desk.client.change(&uri, 3, json!([{"text": "// mine\nfn a() {}\nfn better() {}\nfn c() {}\n"}]));
    assert_eq!(desk.client.answer(id)["result"]["applied"], json!(["a.rs"]));
}

#[test]
fn a_conflict_changes_nothing_and_shows_both_sides() {
    let mut desk = Desk::open(capable(), "```\nfn better() {}\n```");
    let uri = desk.uri("a.rs");
    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "Not now"})));
    desk.run();
    desk.said("window/showMessageRequest");
    desk.client.type_at(&uri, 2, 1, 3, "my_");
    let answer = desk.result("foretype.skill.apply", json!("skill-1"));
    assert_eq!(answer["applied"], json!([]));
    let shown = answer["markdown"].as_str().unwrap();
    assert!(shown.contains("fn my_b() {}") && shown.contains("fn better() {}"), "{shown}");
    assert!(!desk.client.has_said(|message| message["method"] == "workspace/applyEdit"));
}

#[test]
fn without_a_model_that_can_be_told_the_user_is_told_why() {
    let mut desk = Desk::open(capable(), "");
    desk.run();
    let message = desk.said("window/showMessage");
    assert!(message["params"]["message"].as_str().unwrap().contains("scripted: it only fills in"), "{message}");
    let uri = desk.uri("a.rs");
    assert!(desk.refusal("foretype.skill.run", json!({"name": "mine"})).contains("`uri`"));
    assert!(desk.refusal("foretype.skill.run", json!({"name": "mine", "url": uri})).contains("url"));
    assert!(desk.refusal("foretype.skill.show", Value::Null).contains("no skill has proposed"));
}

#[test]
fn the_user_picks_among_the_skills() {
    let mut desk = Desk::open(capable(), "```\nfn better() {}\n```");
    let uri = desk.uri("a.rs");
    desk.client.reply("window/showMessageRequest", Reply::With(json!({"title": "mine"})));
    desk.result("foretype.skill.run", json!({"uri": uri}));
    let question = desk.said("window/showMessageRequest");
    assert_eq!(question["params"]["actions"], json!([{"title": "mine"}]));
    desk.client.wait_for(|message| {
        message["params"]["message"].as_str().is_some_and(|message| message.contains("mine, by scripted"))
    });
}

#[test]
fn a_skill_file_is_checked_while_it_is_edited() {
    let mut desk = Desk::open(capable(), "");
    let uri = desk.uri(".agents/skills/ours/SKILL.md");
    desk.client.open(&uri, "markdown", "---\nname: Ours\ndescription: ü\n---\n");
    let published = desk.said("textDocument/publishDiagnostics");
    let found = &published["params"]["diagnostics"];
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    let range = json!({"start": {"line": 1, "character": 6}, "end": {"line": 1, "character": 10}});
    assert_eq!(
        (&found[0]["range"], &found[0]["severity"], &found[0]["source"]),
        (&range, &json!(2), &json!("foretype"))
    );
    desk.client.change(&uri, 2, json!([{"text": "---\nname: ours\ndescription: ü\n---\n"}]));
    let of_version = |version: Option<i32>| {
        move |message: &Value| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["version"] == json!(version)
        }
    };
    assert_eq!(desk.client.wait_for(of_version(Some(2)))["params"]["diagnostics"], json!([]));
    desk.client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    desk.client.wait_for(of_version(None));
}

#[test]
fn names_are_offered_in_comments_behind_a_sign() {
    let mut desk = Desk::open(capable(), "");
    let uri = desk.uri("b.rs");
    let text = "// do $mi\nlet a = \"$mi\";\n// /skill:\n// a$mi\n";
    desk.client.open(&uri, "rust", text);
    let mut labels = |line: u32, character: u32| {
        let place = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}});
        let answer = desk.client.ask("textDocument/completion", place);
        let items = answer["result"]["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["textEdit"]["newText"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(labels(2, 10), ["/skill:mine"]);
    assert_eq!(labels(0, 9), ["$mine"]);
    assert_eq!(labels(1, 12), [""; 0]);
    assert_eq!(labels(3, 7), [""; 0]);
}

#[test]
fn actions_are_there_when_the_user_opens_the_menu() {
    let mut desk = Desk::open(super::client::ghost_text(), "");
    let uri = desk.uri("a.rs");
    let mut titles = |trigger: u32, end: u32, only: Value| {
        let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": end, "character": 0}});
        let context = json!({"diagnostics": [], "triggerKind": trigger, "only": only});
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        let answer = desk.client.ask("textDocument/codeAction", params);
        let actions = answer["result"].as_array().unwrap().clone();
        actions.iter().map(|action| action["title"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    let all = ["Skill: mine", "Look at the project's skills, to trust them"];
    assert_eq!(titles(1, 2, Value::Null), all);
    assert_eq!(titles(1, 2, json!(["refactor"])), all);
    assert_eq!(titles(1, 2, json!(["refactor.rewrite.foretype"])), all);
    // For the light bulb, without a selection, or for other things: nothing.
    assert_eq!(titles(2, 2, Value::Null), [""; 0]);
    assert_eq!(titles(1, 0, Value::Null), [""; 0]);
    assert_eq!(titles(1, 2, json!(["quickfix"])), [""; 0]);
    assert_eq!(titles(1, 2, json!(["refactor.rewrite.foretyper"])), [""; 0]);
}
