//! An agent made of this test binary, started anew: it does what its manner says, as agents were seen to.

// It speaks on its standard output, and leaves children behind as some agents do.
#![allow(clippy::print_stdout, clippy::zombie_processes)]

use std::io::{BufRead, Write};
use std::path::Path;

use foretype::agent::Agent;
use serde_json::{Value, json};

/// Names the manner.
const MANNER: &str = "FAKE_AGENT";

/// What the snapshot holds, and what becomes of it.
pub const FILE: &str = "src/lib.rs";
pub const BEFORE: &str = "pub fn add(a: u32, b: u32) -> u32 {\n    todo!()\n}\n";
pub const AFTER: &str = "pub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n";

/// A new file, of who makes two.
pub const MORE: &str = "src/more.rs";
pub const MORE_TEXT: &str = "pub fn more() {}\n";

/// As it would be in the settings.
pub fn agent(manner: &str) -> Agent {
    let binary = std::env::current_exe().unwrap();
    let mut agent = Agent::new("fake", binary.to_str().unwrap(), &["--exact", "agent::fake::play", "--nocapture"]);
    agent.env = vec![format!("{MANNER}={manner}")];
    agent
}

/// Is the agent, where it was started as one. `libtest`'s own lines are noise to whoever reads.
#[test]
fn play() {
    if let Ok(manner) = std::env::var(MANNER) {
        writeln!(std::io::stdout()).unwrap();
        let code = Fake { n_asked: 0, lines: Box::new(std::io::stdin().lock().lines()) }.play(&manner);
        std::process::exit(code);
    }
}

struct Fake {
    n_asked: u64,
    lines: Box<dyn Iterator<Item = std::io::Result<String>>>,
}

impl Fake {
    fn play(&mut self, manner: &str) -> i32 {
        if manner == "mute" {
            return self.until_end();
        }
        let Some(initialize) = self.hear("initialize") else { return 0 };
        let version = if manner == "old" { 0 } else { 1 };
        let embeds = manner != "plain";
        self.answer(
            &initialize,
            json!({"protocolVersion": version, "agentCapabilities": {"promptCapabilities": {"embeddedContext": embeds}},
                "authMethods": [{"id": "login", "name": "Log in with your browser"}]}),
        );
        let Some(open) = self.hear("session/new") else { return 0 };
        assert_eq!(open["params"]["cwd"], std::env::current_dir().unwrap().to_str().unwrap());
        if manner == "auth" {
            self.refuse(&open, -32000, "Authentication required");
            return self.until_end();
        }
        if manner == "early" {
            self.update(json!({"sessionUpdate": "available_commands_update", "availableCommands": []}));
            self.say("before the session");
        }
        self.answer(
            &open,
            json!({"sessionId": "s1", "modes": {"currentModeId": "auto", "availableModes": [
                {"id": "yolo", "name": "Yolo"}, {"id": "default", "name": "Default"}, {"id": "auto", "name": "Auto"}]}}),
        );
        let Some(mode) = self.hear("session/set_mode") else { return 0 };
        if manner == "stubborn" {
            self.refuse(&mode, -32602, "no such mode");
        } else {
            self.answer(&mode, json!({}));
        }
        let Some(prompt) = self.hear("session/prompt") else { return 0 };
        if ["prompt", "plain"].contains(&manner) {
            self.note("prompt.json", &format!("{:#}", prompt["params"]["prompt"]));
        }
        self.turn(manner, &prompt)
    }

    #[expect(clippy::zombie_processes, reason = "to be left is what it is for")]
    fn turn(&mut self, manner: &str, prompt: &Value) -> i32 {
        let mut stop = "end_turn";
        let mut code = 0;
        match manner {
            // Its prompt is all that is wanted.
            "prompt" | "plain" => {}
            "talk" => self.say("I would rather talk."),
            "permission" => {
                // Announced, as Codex does; asked with the id alone, the worst answer first.
                self.tool("e1", "edit", FILE, "in_progress");
                let options = [("always", "allow_always"), ("no", "reject_once"), ("yes", "allow_once")];
                self.ask(json!({"toolCallId": "e1"}), &options);
                self.edit("e1");
            }
            "only-always" => {
                let options = [("always", "allow_always"), ("never", "reject_always")];
                self.ask(call("x1", "execute", "make", json!({"command": "make"})), &options);
            }
            "execute" => {
                let options = [("always", "allow_always"), ("yes", "allow_once"), ("no", "reject_once")];
                for command in ["make", "make install"] {
                    let asked = self.ask(call(command, "execute", command, json!({"command": command})), &options);
                    if asked["outcome"]["outcome"] == "cancelled" {
                        stop = "cancelled";
                    }
                }
            }
            "outside" => {
                let options = [("yes", "allow_once"), ("no", "reject_once")];
                #[cfg(unix)]
                std::os::unix::fs::symlink("/tmp", "way").unwrap();
                let paths =
                    ["../outside.txt", "src/../../other", "/etc/hosts", "src/lib.rs", "new/deep/file.rs", "way/file"];
                for path in paths {
                    self.ask(call(path, "edit", path, json!({"file_path": path})), &options);
                }
            }
            "modest" => {
                // Of the thread that runs this, as the process's first one waits for it.
                let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
                let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
                let (nice, policy) = (fields[16], fields[38]);
                self.note("priority", &format!("nice {nice}, policy {policy}"));
                self.edit("e1");
            }
            "unknown" => {
                self.send(json!({"jsonrpc": "2.0", "method": "qwen/notify/anything", "params": {"a": 1}}));
                let file = json!({"sessionId": "s1", "path": "x", "content": "y"});
                for (method, params) in [
                    ("craft/drainMidTurnQueue", json!({})),
                    ("fs/write_text_file", file),
                    ("terminal/create", json!({})),
                ] {
                    let answer = self.request(method, params);
                    self.note("codes", &format!("{}\n", answer["error"]["code"]));
                }
                self.edit("e1");
            }
            "huge" => {
                let text = "x".repeat(600 << 10);
                self.update(json!({"sessionUpdate": "available_commands_update", "availableCommands": [
                    {"name": "a", "description": text}]}));
                self.edit("e1");
            }
            "endless" => {
                let piece = "x".repeat(1 << 20);
                while std::io::stdout().write_all(piece.as_bytes()).is_ok() {}
            }
            "crash" => {
                self.edit("e1");
                eprintln!("boom: sk-ant-api03-Qx7mL2pV9sTnR4wYkB8cZ1dE5");
                return 3;
            }
            "half" => {
                print!("{{\"jsonrpc\": \"2.0\", \"id\": 4, \"resu");
                return 0;
            }
            "two-files" => {
                self.edit("e1");
                std::fs::write(MORE, MORE_TEXT).unwrap();
            }
            "hang" | "deaf" | "half-done" => {
                if manner == "half-done" {
                    // As a command does it: nobody is told.
                    std::fs::write(FILE, AFTER).unwrap();
                }
                self.tool("r1", "read", FILE, if manner == "half-done" { "in_progress" } else { "completed" });
                if manner == "deaf" {
                    deafen();
                }
                if self.hear("session/cancel").is_none() {
                    return 0;
                }
                if manner == "deaf" {
                    loop {
                        std::thread::park();
                    }
                }
                stop = "cancelled";
            }
            "late" => {
                self.edit("e1");
                self.answer(prompt, json!({"stopReason": "end_turn"}));
                self.say("said after the end");
                return self.until_end();
            }
            "counts" => {
                self.update(json!({"sessionUpdate": "usage_update", "used": 12_000, "size": 200_000,
                    "cost": {"amount": 0.0123, "currency": "USD"}}));
                self.edit("e1");
                let usage = json!({"inputTokens": 1200, "outputTokens": 42, "totalTokens": 1242});
                self.answer(prompt, json!({"stopReason": "end_turn", "usage": usage}));
                return self.until_end();
            }
            "asks" => {
                let n: usize = std::env::var("FAKE_N").unwrap().parse().unwrap();
                for _ in 0..n {
                    let started = std::time::Instant::now();
                    let status = ask_model();
                    self.note("times", &format!("{}\n", started.elapsed().as_micros()));
                    self.note("statuses", &format!("{status}\n"));
                    // In an outage agents are silent until they are told.
                    if status != 200 {
                        self.hear("session/cancel");
                        self.answer(prompt, json!({"stopReason": "cancelled"}));
                        return self.until_end();
                    }
                }
                self.edit("e1");
            }
            "sulk" => stop = "cancelled",
            "leaves-with-1" => {
                self.edit("e1");
                code = 1;
            }
            "two-lives" => {
                self.edit("e1");
                // It outlives its leader, outside of the group, and holds the output open.
                let mut child = std::process::Command::new("sleep");
                child.arg("1000").stdin(std::process::Stdio::null());
                #[cfg(unix)]
                std::os::unix::process::CommandExt::process_group(&mut child, 0);
                let child = child.spawn().unwrap();
                self.note("child", &child.id().to_string());
                return 3;
            }
            "key" => {
                self.say("the key is ");
                self.say("sk-ant-api03-");
                self.say("Qx7mL2pV9sTnR4wYkB8cZ1dE5\nand that of FAKE_SECRET is hunter2hunter2\n");
            }
            _ => self.edit("e1"),
        }
        self.answer(prompt, json!({"stopReason": stop}));
        self.until_end();
        code
    }

    /// The next message of this method; `None` at the end of the input.
    fn hear(&mut self, method: &str) -> Option<Value> {
        loop {
            let message: Value = serde_json::from_str(&self.lines.next()?.ok()?).unwrap();
            if message["method"] == method {
                return Some(message);
            }
        }
    }

    fn until_end(&mut self) -> i32 {
        while self.lines.next().is_some() {}
        0
    }

    fn edit(&self, id: &str) {
        self.tool(id, "edit", FILE, "pending");
        std::fs::write(FILE, AFTER).unwrap();
        // Vibe tells twice of one call.
        self.tool(id, "edit", FILE, "completed");
        self.tool(id, "edit", FILE, "completed");
        self.say("Done.");
    }

    fn tool(&self, id: &str, kind: &str, path: &str, status: &str) {
        let path = std::env::current_dir().unwrap().join(path);
        let mut call = call(id, kind, &format!("{kind} a file"), json!({}));
        call["sessionUpdate"] = "tool_call".into();
        call["status"] = status.into();
        call["locations"] = json!([{"path": path}]);
        self.update(call);
    }

    fn say(&self, text: &str) {
        let content = json!({"type": "text", "text": text});
        self.update(json!({"sessionUpdate": "agent_message_chunk", "content": content}));
    }

    /// Asks for a permission; keeps what was answered in the file `answers`.
    fn ask(&mut self, call: Value, options: &[(&str, &str)]) -> Value {
        let options: Vec<Value> =
            options.iter().map(|(id, kind)| json!({"optionId": id, "name": id, "kind": kind})).collect();
        let params = json!({"sessionId": "s1", "toolCall": call, "options": options});
        let answer = self.request("session/request_permission", params)["result"].clone();
        let outcome = &answer["outcome"];
        let chosen = outcome["optionId"].as_str().or(outcome["outcome"].as_str()).unwrap_or("?");
        self.note("answers", &format!("{chosen}\n"));
        answer
    }

    /// Waits for the answer.
    fn request(&mut self, method: &str, params: Value) -> Value {
        self.n_asked += 1;
        let id = format!("ask-{}", self.n_asked);
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn update(&self, update: Value) {
        let params = json!({"sessionId": "s1", "update": update});
        self.send(json!({"jsonrpc": "2.0", "method": "session/update", "params": params}));
    }

    fn answer(&self, to: &Value, result: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": to["id"], "result": result}));
    }

    fn refuse(&self, to: &Value, code: i64, message: &str) {
        self.send(json!({"jsonrpc": "2.0", "id": to["id"], "error": {"code": code, "message": message}}));
    }

    fn send(&self, message: Value) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{message}").and_then(|()| stdout.flush());
    }

    /// Appends to a file of the worktree, for the test to read.
    fn note(&self, file: &str, text: &str) {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(Path::new(file));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }
}

fn call(id: &str, kind: &str, title: &str, input: Value) -> Value {
    json!({"toolCallId": id, "kind": kind, "title": title, "rawInput": input})
}

/// One request to the model that the environment names; returns the status.
fn ask_model() -> u16 {
    let url = url::Url::parse(&std::env::var("FAKE_URL").unwrap()).unwrap();
    let key = std::env::var("FAKE_KEY").unwrap();
    let (path, body) = match std::env::var("FAKE_API").as_deref() {
        Ok("anthropic") => ("/v1/messages", json!({"model": "fake-model", "stream": true, "max_tokens": 100})),
        Ok("gemini") => ("/v1beta/models/fake-model:streamGenerateContent?alt=sse", json!({"contents": []})),
        _ => ("/chat/completions", json!({"model": "fake-model", "stream": true, "messages": []})),
    };
    let body = body.to_string();
    let mut stream = std::net::TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let head = format!(
        "POST {}{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
         accept-encoding: gzip\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        url.path().trim_end_matches('/'),
        url.authority(),
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
    std::fs::write("answer", &answer).unwrap();
    String::from_utf8_lossy(&answer)[9..12].parse().unwrap()
}

/// Ends at SIGKILL alone, and so does its child.
#[expect(clippy::zombie_processes, reason = "to be left is what it is for")]
fn deafen() {
    #[cfg(unix)]
    signal_hook::flag::register(15, std::sync::Arc::default()).unwrap();
    let child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    std::fs::write("child", child.id().to_string()).unwrap();
}
