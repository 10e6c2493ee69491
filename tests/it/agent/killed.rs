//! The server is killed, whatever it does at that moment: nothing of the user's is lost, no agent is left, and the next
//! server offers what is unfinished.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use foretype::agent::MARK;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake::{self, AFTER, BEFORE, FILE, MORE};
use super::project::{self, git};
use crate::binary;
use crate::client::{Client, Reply};

const QUESTION: &str = "window/showMessageRequest";

/// A home with a project, and servers that come and go.
struct Home(TempDir);

/// A server in its own process, and its client.
struct Server {
    client: Client,
    pid: u32,
}

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        project::write(&home.project().join(FILE), BEFORE);
        git(&home.project(), ["init", "-q", "-b", "main"]);
        git(&home.project(), ["add", "-A"]);
        git(&home.project(), ["commit", "-q", "-m", "first"]);
        home
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.project().join(file)).unwrap()
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.project().join(file).display())
    }

    fn serve(&self, manner: &str) -> Server {
        let mut command = binary::command(self.0.path());
        let child = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let mut client = Client::of(child);
        client.reply(QUESTION, Reply::Never);
        client.reply("window/showDocument", Reply::With(json!({"success": true})));
        let agent = fake::agent(manner);
        let agent = json!({"name": "fake", "command": agent.command, "args": agent.args, "env": agent.env});
        client.initialize(json!({
            "rootUri": self.uri(""),
            "capabilities": {
                "window": {"workDoneProgress": true, "showMessage": {}, "showDocument": {"support": true}},
                "workspace": {"workspaceEdit": {"documentChanges": true}},
            },
            "initializationOptions": {
                "agents": {"use": [agent], "stalled_after_s": 1}, "local": {"ask": false}, "workspace": {"index": false},
            },
        }));
        Server { client, pid }
    }

    /// As it stands on the disk.
    fn hand_off(&self) -> Value {
        let folder = std::fs::read_dir(self.0.path().join("agents")).unwrap().next().unwrap().unwrap();
        serde_json::from_slice(&std::fs::read(folder.path().join("handoff.json")).unwrap()).unwrap()
    }

    /// In the agent's copy.
    fn copy(&self, file: &str) -> Option<String> {
        let folder = self.hand_off()["snapshot"]["folder"].as_str()?.to_string();
        std::fs::read_to_string(Path::new(&folder).join(file)).ok()
    }

    /// Processes of the hand-off.
    fn agents(&self) -> Vec<PathBuf> {
        let entry = format!("{MARK}={}", self.hand_off()["mark"].as_str().unwrap());
        let carries = |process: &PathBuf| {
            let environment = std::fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes())
        };
        std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).filter(carries).collect()
    }
}

impl Server {
    fn ask(&mut self, command: &str, argument: Value) -> Value {
        let command = format!("foretype.agent.{command}");
        self.client.ask("workspace/executeCommand", json!({"command": command, "arguments": [argument]}))
    }

    fn start(&mut self) {
        let answer = self.ask("start", json!({"instruction": "Implement `add`."}));
        assert!(answer["error"].is_null(), "{answer}");
    }

    fn kill(self) {
        let pid = rustix::process::Pid::from_raw(self.pid as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        assert_eq!(self.client.ended(), -9);
    }

    /// What it asks the user by itself.
    fn offer(&mut self) -> String {
        let asked = self.client.wait_for(|message| message["method"] == QUESTION);
        asked["params"]["message"].as_str().unwrap().to_string()
    }
}

#[track_caller]
fn wait(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "never {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The moment at which the server dies.
struct Moment {
    name: &'static str,
    manner: &'static str,
    has_come: fn(&Home) -> bool,
    /// What the next server says, and the files that can be reviewed then.
    offers: &'static str,
    made: &'static [&'static str],
}

const MADE: &str = "what fake made of `Implement `add`.` waits for your review";
const CUT_OFF: &str = "fake did not come to an end with `Implement `add`.`: the server ended";

const MOMENTS: [Moment; 7] = [
    Moment { name: "just begun", manner: "mute", has_come: |_| true, offers: CUT_OFF, made: &[] },
    Moment { name: "starting", manner: "mute", has_come: |home| !home.agents().is_empty(), offers: CUT_OFF, made: &[] },
    // It stays when it is told to go, and so does its child.
    Moment {
        name: "working",
        manner: "deaf",
        has_come: |home| home.copy("child").is_some_and(|pid| !pid.is_empty()),
        offers: MADE,
        made: &["child"],
    },
    Moment {
        name: "half done",
        manner: "half-done",
        has_come: |home| home.copy(FILE).as_deref() == Some(AFTER),
        offers: MADE,
        made: &[FILE],
    },
    Moment {
        name: "waiting",
        manner: "execute",
        has_come: |home| home.hand_off()["state"] == "waiting",
        offers: CUT_OFF,
        made: &[],
    },
    Moment {
        name: "stalled",
        manner: "hang",
        has_come: |home| home.hand_off()["state"] == "stalled",
        offers: CUT_OFF,
        made: &[],
    },
    Moment {
        name: "review",
        manner: "edit",
        has_come: |home| home.hand_off()["state"] == "review",
        offers: MADE,
        made: &[FILE],
    },
];

fn check(moment: &Moment) {
    let Moment { name, manner, has_come, offers, made } = moment;
    let home = Home::new();
    let mut server = home.serve(manner);
    server.start();
    wait(name, || has_come(&home));
    server.kill();
    assert_eq!(home.read(FILE), BEFORE, "{name}");

    let mut next = home.serve(manner);
    let offered = next.offer();
    assert!(offered.contains(offers), "{name}: {offered}");
    // Who was killed is gone a moment later.
    wait(&format!("{name}: gone"), || home.agents().is_empty());
    let row = next.ask("list", Value::Null)["result"][0].clone();
    assert_eq!(row["files"], json!(made), "{name}: {row}");
    assert_eq!(row["state"], if made.is_empty() { "failed" } else { "review" }, "{name}: {row}");
    if *made == [FILE] {
        let answer = next.ask("apply", Value::Null);
        assert_eq!(answer["result"]["files"], json!(made), "{name}: {answer}");
        assert_eq!(home.read(FILE), AFTER, "{name}");
    }
    let gone = next.ask("discard", row["id"].clone());
    assert_eq!(gone["result"]["state"], "discarded", "{name}: {gone}");
    // Nothing is offered once more.
    next.kill();
    let mut last = home.serve(manner);
    assert!(!last.client.has_said(|message| message["method"] == QUESTION), "{name}");
}

#[test]
fn whatever_it_does_nothing_is_lost_and_nobody_is_left() {
    std::thread::scope(|scope| {
        let running: Vec<_> = MOMENTS.iter().map(|moment| scope.spawn(|| check(moment))).collect();
        running.into_iter().for_each(|one| one.join().unwrap());
    });
}

#[test]
fn with_it_the_agent_ends_before_anybody_looks() {
    let home = Home::new();
    let mut server = home.serve("hang");
    server.start();
    wait("working", || !home.agents().is_empty());
    server.kill();
    wait("gone", || home.agents().is_empty());
}

/// The editor has taken its part; what the server would have done itself is still to come.
#[test]
fn half_of_an_apply_is_made_whole_by_the_next() {
    let home = Home::new();
    let mut server = home.serve("two-files");
    server.client.reply("workspace/applyEdit", Reply::Never);
    let uri = home.uri(FILE);
    server.client.open(&uri, "rust", BEFORE);
    server.start();
    wait("review", || home.hand_off()["state"] == "review");
    server.client.type_at(&uri, 2, 0, 0, "// mine\n");
    let apply = json!({"command": "foretype.agent.apply", "arguments": []});
    server.client.request("workspace/executeCommand", apply);
    let edit = server.client.wait_for(|message| message["method"] == "workspace/applyEdit");
    assert_eq!(edit["params"]["edit"]["documentChanges"].as_array().unwrap().len(), 1);
    server.kill();
    assert!(!home.project().join(MORE).exists());

    // The user saves what the editor has, and types on.
    let merged = format!("// mine\n{AFTER}");
    std::fs::write(home.project().join(FILE), &merged).unwrap();
    let mut next = home.serve("two-files");
    assert!(next.offer().contains(MADE));
    let typed = format!("{merged}// and on\n");
    next.client.open(&uri, "rust", &typed);
    let answer = next.ask("apply", Value::Null);
    assert_eq!(answer["result"]["files"], json!([MORE]), "{answer}");
    assert!(!next.client.has_said(|message| message["method"] == "workspace/applyEdit"));
    assert_eq!((home.read(FILE), home.read(MORE).as_str()), (merged, fake::MORE_TEXT));
    assert_eq!(home.hand_off()["state"], "applied");
}
