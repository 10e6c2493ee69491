//! Hand-offs as an editor sees them.

use foretype::agent::Agent;
use foretype::engine::scripted::Scripted;
use foretype::server::Files;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake::{self, AFTER, BEFORE, FILE};
use super::project::git;
use crate::client::{Client, Reply, engines};

const QUESTION: &str = "window/showMessageRequest";

/// A project and a client of it.
struct Window {
    folder: TempDir,
    client: Client,
}

fn able() -> Value {
    json!({"window": {"workDoneProgress": true, "showMessage": {}, "showDocument": {"support": true}}})
}

impl Window {
    /// With these agents, by their manners, in this order.
    fn open(agents: &[(&str, &str)]) -> Window {
        Window::of(tempfile::tempdir().unwrap(), agents, able(), Reply::Never)
    }

    fn of(folder: TempDir, agents: &[(&str, &str)], capabilities: Value, answer: Reply) -> Window {
        let project = folder.path().join("project");
        if !project.exists() {
            std::fs::create_dir_all(project.join("src")).unwrap();
            std::fs::write(project.join(FILE), BEFORE).unwrap();
            std::fs::write(project.join(".env"), "TOKEN=1\n").unwrap();
            git(&project, ["init", "-q", "-b", "main"]);
            git(&project, ["add", "-A"]);
            git(&project, ["commit", "-q", "-m", "first"]);
        }
        let files = Files {
            ledger: Some(folder.path().join("ledger.sqlite")),
            agents: Some(folder.path().join("agents")),
            ..Files::default()
        };
        let mut client = Client::start_in(engines(Scripted::lines(&[])), None, files);
        client.reply(QUESTION, answer);
        client.reply("window/showDocument", Reply::With(json!({"success": true})));
        let agents: Vec<Value> = agents
            .iter()
            .map(|(name, manner)| {
                let Agent { command, args, env, .. } = fake::agent(manner);
                json!({"name": name, "command": command, "args": args, "env": env})
            })
            .collect();
        let mut window = Window { folder, client };
        let (root, options) = (window.uri(""), json!({"agents": {"use": agents}}));
        let params = json!({"rootUri": root, "capabilities": capabilities, "initializationOptions": options});
        window.client.initialize(params);
        window
    }

    fn uri(&self, file: &str) -> String {
        let path = self.folder.path().canonicalize().unwrap().join("project").join(file);
        format!("file://{}", path.display())
    }

    fn ask(&mut self, command: &str, argument: Value) -> Value {
        let command = format!("foretype.agent.{command}");
        self.client.ask("workspace/executeCommand", json!({"command": command, "arguments": [argument]}))
    }

    #[track_caller]
    fn start(&mut self, argument: Value) -> Value {
        let answer = self.ask("start", argument);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The row of the only hand-off, or the newest, once it is so.
    fn wait(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let rows = self.ask("list", json!({"all": true}));
            let row = rows["result"][0].clone();
            if is_so(&row) {
                return row;
            }
        }
    }

    fn bar(&mut self, id: &Value, kind: &str) -> Value {
        let token = format!("foretype.agent.{}", id.as_str().unwrap());
        let is_it = |message: &Value| message["params"]["token"] == token && message["params"]["value"]["kind"] == kind;
        self.client.wait_for(is_it)["params"]["value"].clone()
    }

    fn question(&mut self) -> String {
        let asked = self.client.wait_for(|message| message["method"] == QUESTION);
        asked["params"]["message"].as_str().unwrap().to_string()
    }
}

#[test]
fn a_start_returns_at_once_and_a_bar_shows_the_rest() {
    let mut window = Window::open(&[("fake", "edit")]);
    let begun = window.start(json!({"instruction": "Implement `add`."}));
    assert_eq!((&begun["agent"], &begun["state"]), (&json!("fake"), &json!("starting")));
    let begin = window.bar(&begun["id"], "begin");
    assert_eq!(begin["title"], "fake: Implement `add`.");
    assert_eq!(begin["cancellable"], true);
    let end = window.bar(&begun["id"], "end");
    assert_eq!(end["message"], "review · 1 file");
    let told = window.question();
    assert!(told.contains("fake has changed 1 file for `Implement `add`.`"), "{told}");
    let row = window.wait(|row| row["state"] == "review");
    assert_eq!((&row["id"], &row["files"]), (&begun["id"], &json!([FILE])));
    let copy = std::path::Path::new(row["worktree"].as_str().unwrap()).join(FILE);
    assert_eq!(std::fs::read_to_string(copy).unwrap(), AFTER);
}

#[test]
fn the_log_is_shown_when_asked_for() {
    let mut window = Window::open(&[("fake", "edit")]);
    window.start(json!({"instruction": "Implement it."}));
    let id = window.wait(|row| row["state"] == "review")["id"].clone();
    let answer = window.ask("log", id.clone());
    let shown = window.client.wait_for(|message| message["method"] == "window/showDocument");
    assert_eq!(shown["params"]["uri"], answer["result"]["uri"]);
    assert!(shown["params"]["uri"].as_str().unwrap().ends_with(&format!("{}/log.md", id.as_str().unwrap())));
}

#[test]
fn a_question_is_put_to_the_user() {
    for (answer, said) in [("Allow once", "yes\nyes\n"), ("Deny", "no\nno\n")] {
        let reply = Reply::With(json!({"title": answer}));
        let mut window = Window::of(tempfile::tempdir().unwrap(), &[("fake", "execute")], able(), reply);
        window.start(json!({"instruction": "Build it."}));
        let asked = window.question();
        assert_eq!(asked, "foretype: fake wants to execute make (in its copy of your project)");
        let row = window.wait(|row| row["state"] == "review");
        let answers = std::path::Path::new(row["worktree"].as_str().unwrap()).join("answers");
        assert_eq!(std::fs::read_to_string(answers).unwrap(), said);
    }
}

#[test]
fn every_question_has_a_command() {
    let mut window = Window::of(tempfile::tempdir().unwrap(), &[("fake", "execute")], json!({}), Reply::Never);
    let id = window.start(json!({"instruction": "Build it."}))["id"].clone();
    let told = window.client.wait_for(|message| message["method"] == "window/showMessage");
    assert!(told["params"]["message"].as_str().unwrap().contains("`foretype.agent.permit`"), "{told}");
    for allow in [true, false] {
        let n = if allow { 0 } else { 1 };
        let row = window.wait(|row| row["question"]["number"] == n + 1);
        assert_eq!(row["state"], "waiting");
        window.ask("permit", json!({"id": id, "allow": allow}));
    }
    let row = window.wait(|row| row["state"] == "review");
    let answers = std::path::Path::new(row["worktree"].as_str().unwrap()).join("answers");
    assert_eq!(std::fs::read_to_string(answers).unwrap(), "yes\nno\n");
    assert!(window.ask("permit", json!({"id": id, "allow": true}))["error"].is_object());
}

#[test]
fn the_bar_and_the_command_end_it() {
    for by_bar in [true, false] {
        let mut window = Window::open(&[("fake", "hang")]);
        let id = window.start(json!({"instruction": "Hang."}))["id"].clone();
        window.wait(|row| row["state"] == "working");
        if by_bar {
            window.bar(&id, "begin");
            let token = format!("foretype.agent.{}", id.as_str().unwrap());
            window.client.notify("window/workDoneProgress/cancel", json!({"token": token}));
        } else {
            // The newest that runs is meant.
            assert!(window.ask("cancel", Value::Null)["error"].is_null());
        }
        window.wait(|row| row["state"] == "cancelled");
        let gone = window.ask("discard", id.clone());
        assert_eq!(gone["result"]["state"], "discarded");
        window.ask("hide", id);
        assert_eq!(window.ask("list", Value::Null)["result"], json!([]));
    }
}

#[test]
fn what_is_not_saved_is_handed_over() {
    let mut window = Window::open(&[("fake", "prompt")]);
    let uri = window.uri(FILE);
    let text = BEFORE.replace("todo!()", "todo!(\"sum\")");
    window.client.open(&uri, "rust", &text);
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}});
    let diagnostic = json!({"range": range, "message": "not yet implemented"});
    window.start(json!({"uri": uri, "range": range, "diagnostics": [diagnostic]}));
    let row = window.wait(|row| row["state"] == "review");
    let copy = std::path::Path::new(row["worktree"].as_str().unwrap()).to_path_buf();
    assert_eq!(std::fs::read_to_string(copy.join(FILE)).unwrap(), text);
    assert!(!copy.join(".env").exists());
    let prompt: Value = serde_json::from_str(&std::fs::read_to_string(copy.join("prompt.json")).unwrap()).unwrap();
    let selected = prompt.as_array().unwrap().iter().find(|block| block["type"] == "resource").unwrap();
    assert_eq!(selected["resource"]["uri"], format!("file://{}/{FILE}#L2-2", copy.display()));
    assert_eq!(selected["resource"]["text"], "    todo!(\"sum\")\n");
    let all = prompt.to_string();
    assert!(all.contains("the selection, in add"), "{all}");
    assert!(all.contains("src/lib.rs:2: not yet implemented"), "{all}");
    assert!(
        !all.contains(&format!("{}/", window.uri("").trim_start_matches("file://").trim_end_matches('/'))),
        "{all}"
    );
}

#[test]
fn what_must_not_leave_is_not_handed_over() {
    let mut window = Window::open(&[("fake", "edit")]);
    let (blocked, open) = (window.uri(".env"), window.uri(FILE));
    window.client.open(&blocked, "shellscript", "TOKEN=1\n");
    window.client.open(&open, "rust", "let key = \"ghp_x7Qm2LpV9sTnR4wYkB8cZ1dE5fGhJ3uW6aXq\";\n");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}});
    for uri in [blocked, open] {
        let answer = window.ask("start", json!({"uri": uri, "range": range, "instruction": "Do it."}));
        let message = answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(message.contains("handed over"), "{message}");
    }
    assert_eq!(window.ask("list", Value::Null)["result"], json!([]));
}

#[test]
fn a_menu_offers_each_agent_and_a_light_bulb_none() {
    let mut window = Window::open(&[("first", "edit"), ("second", "edit")]);
    let uri = window.uri(FILE);
    window.client.open(&uri, "rust", BEFORE);
    let range = json!({"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 11}});
    let mut actions = |trigger: u32, only: Value| {
        let context = json!({"diagnostics": [], "triggerKind": trigger, "only": only});
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        let mut all = window.client.ask("textDocument/codeAction", params)["result"].as_array().unwrap().clone();
        // An editor without ghost text is offered more.
        all.retain(|action| action["title"].as_str().unwrap().starts_with("Hand over"));
        all
    };
    let offered = actions(1, Value::Null);
    let titles: Vec<&Value> = offered.iter().map(|action| &action["title"]).collect();
    assert_eq!(titles, ["Hand over to first: the selection", "Hand over to second: the selection"]);
    assert!(actions(2, Value::Null).is_empty());
    assert!(actions(1, json!(["quickfix"])).is_empty());
    assert_eq!(actions(1, json!(["refactor"])).len(), 2);
    let command = offered[1]["command"].clone();
    let begun = window.client.ask("workspace/executeCommand", command);
    assert_eq!(begun["result"]["agent"], "second");
}

#[test]
fn the_next_of_the_list_takes_over() {
    let mut window = Window::open(&[("first", "hang"), ("second", "edit")]);
    let first = window.start(json!({"instruction": "Implement it."}));
    window.wait(|row| row["state"] == "working");
    let next = window.ask("pass", first["id"].clone())["result"].clone();
    assert_eq!(next["agent"], "second");
    window.wait(|row| row["state"] == "review");
    let rows = window.ask("list", Value::Null)["result"].clone();
    assert_eq!((&rows[0]["agent"], &rows[1]["state"]), (&json!("second"), &json!("cancelled")));
    assert!(window.ask("pass", next["id"].clone())["error"]["message"].as_str().unwrap().contains("no agent after"));
}

#[test]
fn who_has_chosen_none_is_told_how() {
    let mut window = Window::open(&[]);
    let answer = window.ask("start", json!({"instruction": "Implement it."}));
    assert!(answer["error"]["message"].as_str().unwrap().contains("agents.use = [\"claude\"]"), "{answer}");
    let answer = window.ask("start", json!({"instruction": "x", "agent": "claude"}));
    assert!(answer["error"]["message"].as_str().unwrap().contains("no agent `claude`"), "{answer}");
    let answer = window.ask("nonsense", Value::Null);
    assert!(answer["error"]["message"].as_str().unwrap().contains("foretype.agent.start"), "{answer}");
    // Nothing was begun for that.
    assert!(!window.folder.path().join("agents").exists());
}

#[test]
fn a_server_that_dies_leaves_its_hand_offs_to_the_next() {
    let mut window = Window::open(&[("fake", "crash")]);
    window.start(json!({"instruction": "Implement it."}));
    let id = window.wait(|row| row["state"] == "failed")["id"].as_str().unwrap().to_string();
    let Window { folder, client } = window;
    client.close();
    let mut window = Window::of(folder, &[("fake", "edit")], able(), Reply::Never);
    let told = window.client.wait_for(|message| message["method"] == QUESTION);
    let message = told["params"]["message"].as_str().unwrap();
    assert!(message.contains("what fake made of `Implement it.` waits for your review"), "{message}");
    assert_eq!(told["params"]["actions"][0]["title"], "Review it");
    assert_eq!(window.wait(|_| true)["id"], id.as_str());
}

#[test]
fn what_was_handed_over_is_in_the_menu() {
    let mut window = Window::open(&[("fake", "half-done")]);
    let uri = window.uri(FILE);
    window.client.open(&uri, "rust", BEFORE);
    let menu = |window: &mut Window| -> Vec<Value> {
        let at = json!({"line": 0, "character": 0});
        let context = json!({"diagnostics": [], "triggerKind": 1, "only": ["refactor"]});
        let params = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": context});
        window.client.ask("textDocument/codeAction", params)["result"].as_array().unwrap().clone()
    };
    let titles =
        |menu: &[Value]| menu.iter().map(|action| action["title"].as_str().unwrap().to_string()).collect::<Vec<_>>();
    assert!(menu(&mut window).is_empty());
    window.start(json!({"instruction": "Implement it."}));
    window.wait(|row| row["tool"] == "read src/lib.rs");
    let while_it_works = menu(&mut window);
    assert_eq!(titles(&while_it_works), ["End fake: Implement it."]);
    window.client.ask("workspace/executeCommand", while_it_works[0]["command"].clone());
    window.wait(|row| row["state"] == "cancelled");
    let afterwards = menu(&mut window);
    let expected = ["Review what fake made", "Apply what fake made", "Discard what fake made"];
    assert_eq!(titles(&afterwards), expected.map(|what| format!("{what}: Implement it.")));
    window.client.ask("workspace/executeCommand", afterwards[2]["command"].clone());
    assert!(menu(&mut window).is_empty());
}

#[test]
fn the_end_offers_the_review() {
    let reply = Reply::With(json!({"title": "Review it"}));
    let mut window = Window::of(tempfile::tempdir().unwrap(), &[("fake", "edit")], able(), reply);
    window.start(json!({"instruction": "Implement it."}));
    let shown = window.client.wait_for(|message| message["method"] == "window/showDocument");
    assert!(shown["params"]["uri"].as_str().unwrap().ends_with("/review.md"), "{shown}");
}

#[test]
fn another_windows_files_are_not_changed_from_here() {
    let mut window = Window::open(&[("fake", "edit")]);
    window.start(json!({"instruction": "Implement it."}));
    let id = window.wait(|row| row["state"] == "review")["id"].clone();
    let files = Files { agents: Some(window.folder.path().join("agents")), ..Files::default() };
    let mut other = Client::start_in(engines(Scripted::lines(&[])), None, files);
    other.initialize(json!({"rootUri": "file:///elsewhere", "capabilities": able()}));
    let mut apply = |argument: Value| {
        let command = json!({"command": "foretype.agent.apply", "arguments": [argument]});
        other.ask("workspace/executeCommand", command)["error"]["message"].as_str().unwrap().to_string()
    };
    let refused = apply(id);
    assert!(refused.contains("not open in this window") && refused.contains("foretype agent apply fake-"), "{refused}");
    assert!(apply(Value::Null).contains("no hand-off here"));
    assert_eq!(std::fs::read_to_string(window.folder.path().join("project").join(FILE)).unwrap(), BEFORE);
}

/// What a client that edits says of itself, beside the rest.
fn editing(operations: Value) -> Value {
    let mut capabilities = able();
    capabilities["workspace"] = json!({"workspaceEdit": {"documentChanges": true, "resourceOperations": operations}});
    capabilities
}

#[test]
fn what_was_made_is_reviewed_and_taken_over() {
    let mut window =
        Window::of(tempfile::tempdir().unwrap(), &[("fake", "edit")], editing(json!(["create"])), Reply::Never);
    let uri = window.uri(FILE);
    window.client.open(&uri, "rust", BEFORE);
    window.start(json!({"instruction": "Implement it."}));
    let id = window.wait(|row| row["state"] == "review")["id"].clone();
    let review = window.ask("review", id.clone())["result"].clone();
    assert_eq!(review["summary"], "1 file changed, 1 line added, 1 removed");
    assert_eq!(review["files"][0]["path"], FILE);
    let document = review["uri"].as_str().unwrap().strip_prefix("file://").unwrap().to_string();
    assert!(std::fs::read_to_string(document).unwrap().contains("+    a + b"));

    // The user goes on meanwhile: both stay.
    window.client.type_at(&uri, 2, 0, 0, "// mine\n");
    window.client.reply("workspace/applyEdit", Reply::With(json!({"applied": true})));
    let answer = window.ask("apply", id.clone());
    assert_eq!(answer["result"]["state"], "applied", "{answer}");
    let edit = window.client.wait_for(|message| message["method"] == "workspace/applyEdit");
    let change = &edit["params"]["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": uri, "version": 2}));
    let edits = change["edits"].as_array().unwrap();
    assert_eq!((edits.len(), &edits[0]["newText"]), (1, &json!("    a + b\n")));
    assert_eq!(edits[0]["range"]["start"], json!({"line": 2, "character": 0}));
    assert!(window.ask("review", id)["error"].is_object());
}

#[test]
fn a_conflict_changes_nothing_and_shows_both_sides() {
    let capabilities = editing(json!([]));
    let mut window = Window::of(tempfile::tempdir().unwrap(), &[("fake", "edit")], capabilities, Reply::Never);
    let uri = window.uri(FILE);
    window.client.open(&uri, "rust", BEFORE);
    window.start(json!({"instruction": "Implement it."}));
    let id = window.wait(|row| row["state"] == "review")["id"].clone();
    window.client.type_at(&uri, 2, 1, 4, "b + a // ");
    let answer = window.ask("apply", id.clone());
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("nothing was changed: src/lib.rs: you and the agent changed the same lines"), "{message}");
    assert!(!window.client.has_said(|message| message["method"] == "workspace/applyEdit"));
    assert_eq!(window.wait(|_| true)["state"], "review");
}

#[test]
fn a_refused_edit_leaves_the_work_where_it_is() {
    let mut window = Window::open(&[("fake", "edit")]);
    let uri = window.uri(FILE);
    window.client.open(&uri, "rust", BEFORE);
    window.start(json!({"instruction": "Implement it."}));
    let id = window.wait(|row| row["state"] == "review")["id"].clone();
    let refused = json!({"applied": false, "failureReason": "another version"});
    window.client.reply("workspace/applyEdit", Reply::With(refused));
    let answer = window.ask("apply", id);
    assert!(answer["error"]["message"].as_str().unwrap().contains("another version"), "{answer}");
    assert_eq!(window.wait(|_| true)["state"], "review");
}

#[cfg(target_os = "linux")]
#[test]
fn with_the_server_ends_all_that_it_has_started() {
    let mut window = Window::open(&[("fake", "deaf")]);
    window.start(json!({"instruction": "Hang."}));
    let row = window.wait(|row| row["state"] == "working");
    let child = std::path::Path::new(row["worktree"].as_str().unwrap()).join("child");
    let pid = loop {
        match std::fs::read_to_string(&child) {
            Ok(pid) if !pid.is_empty() => break pid,
            _ => std::thread::yield_now(),
        }
    };
    let Window { folder, client } = window;
    client.close();
    let started = std::time::Instant::now();
    let is_there = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !status.is_empty() && !status.contains("State:\tZ")
    };
    while is_there() {
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{pid} is left");
        std::thread::yield_now();
    }
    drop(folder);
}
