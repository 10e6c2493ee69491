//! `foretype agent`, as a process: what it prints, and what is left when it dies.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake::{self, AFTER, BEFORE, FILE};
use super::project::git;
use crate::binary;

/// A home with settings and a project.
struct Home(TempDir);

impl Home {
    fn new(manner: &str) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        let (project, settings) = (home.project(), home.0.path().join(".config/foretype"));
        std::fs::create_dir_all(project.join("src")).unwrap();
        std::fs::write(project.join(FILE), BEFORE).unwrap();
        git(&project, ["init", "-q", "-b", "main"]);
        git(&project, ["add", "-A"]);
        git(&project, ["commit", "-q", "-m", "first"]);
        std::fs::create_dir_all(&settings).unwrap();
        let agent = fake::agent(manner);
        // A list and a text of TOML are those of JSON.
        let (command, args, env) = (json!(agent.command), json!(agent.args), json!(agent.env));
        let entry = format!("{{ name = \"fake\", command = {command}, args = {args}, env = {env} }}");
        std::fs::write(settings.join("config.toml"), format!("agents.use = [{entry}]\n")).unwrap();
        home
    }

    fn project(&self) -> std::path::PathBuf {
        self.0.path().join("project")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary::command(self.0.path());
        command.arg("agent").args(arguments).current_dir(self.project()).stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn ask(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out}{err}");
        out
    }

    /// The first of the list, once it is so.
    fn wait(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let output = self.command(&["list", "--all", "--json"]).output().unwrap();
            let all: Value = serde_json::from_slice(&output.stdout).unwrap();
            if is_so(&all[0]) {
                return all[0].clone();
            }
        }
    }

    fn begin(&self) -> Child {
        let mut command = self.command(&["run", "Implement `add`."]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

#[test]
fn it_runs_to_the_end_and_says_what_was_made() {
    let home = Home::new("edit");
    let said = home.ask(&["run", "Implement `add`.", "--about", "src/lib.rs:1-2"]);
    assert!(said.contains("Done.") && said.contains("  src/lib.rs\nreview"), "{said}");
    let listed = home.ask(&["list"]);
    assert!(listed.contains("Implement `add`.") && listed.contains("· 1 file\n"), "{listed}");
    let known = home.wait(|_| true);
    let id = known["id"].as_str().unwrap();
    let copy = Path::new(known["snapshot"]["folder"].as_str().unwrap()).join(FILE);
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), AFTER);
    assert!(home.ask(&["log", id]).contains("- edit src/lib.rs"));
    assert!(home.ask(&["show", id]).contains("+    a + b"));
    // Not where the user has changed the same lines meanwhile.
    std::fs::write(home.project().join(FILE), BEFORE.replace("todo!()", "mine()")).unwrap();
    let refused = home.command(&["apply", id]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stdout).unwrap().contains("# Conflicts"));
    std::fs::write(home.project().join(FILE), format!("// mine\n{BEFORE}")).unwrap();
    home.ask(&["apply", id]);
    assert_eq!(std::fs::read_to_string(home.project().join(FILE)).unwrap(), format!("// mine\n{AFTER}"));
    assert!(!copy.exists());
}

#[test]
fn what_is_discarded_is_gone() {
    let home = Home::new("edit");
    home.ask(&["run", "Implement `add`."]);
    let known = home.wait(|_| true);
    let (id, copy) = (known["id"].as_str().unwrap(), Path::new(known["snapshot"]["folder"].as_str().unwrap()));
    home.ask(&["discard", id]);
    assert!(!copy.exists());
    home.ask(&["hide", id]);
    assert_eq!(home.command(&["list"]).output().unwrap().status.code(), Some(1));
}

#[test]
fn without_a_terminal_the_answer_is_no() {
    let home = Home::new("execute");
    let said = home.ask(&["run", "--json", "Build it."]);
    let known: Value = serde_json::from_str(&said).unwrap();
    let decisions = known["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), 2);
    assert!(decisions.iter().all(|made| made["is_allowed"] == false && made["by"] == "time"), "{decisions:?}");
}

#[test]
fn bad_input_is_answered_with_what_to_do() {
    let home = Home::new("edit");
    for (arguments, said) in [
        (&["run", "x", "--agent", "other"][..], "no agent `other` is in `agents.use`"),
        (&["run", "x", "--about", "src/none.rs"], "src/none.rs"),
        (&["run", "x", "--about", "src/lib.rs:9-12"], "the file has 3 lines"),
        (&["cancel", "fake-123456"], "there is no hand-off `fake-123456`"),
        (&["cancel", "../../etc"], "is no hand-off"),
    ] {
        let output = home.command(arguments).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn another_process_ends_it() {
    let home = Home::new("hang");
    let mut running = home.begin();
    let known = home.wait(|known| known["state"] == "working");
    home.ask(&["cancel", known["id"].as_str().unwrap()]);
    assert_eq!(running.wait().unwrap().code(), Some(1));
    assert_eq!(home.wait(|_| true)["state"], "cancelled");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_the_agent_and_keeps_its_work() {
    let home = Home::new("hang");
    let mut running = home.begin();
    home.wait(|known| known["state"] == "working");
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(1));
    assert_eq!(home.wait(|_| true)["state"], "cancelled");
}

#[cfg(target_os = "linux")]
#[test]
fn a_killed_server_leaves_no_agent_and_loses_nothing() {
    let home = Home::new("deaf");
    let mut running = home.begin();
    let known = home.wait(|known| known["state"] == "working" && child_of(known).is_some());
    running.kill().unwrap();
    running.wait().unwrap();
    // The next one who looks finds it.
    let left = home.wait(|known| known["state"] != "working");
    assert_eq!(left["state"], "review");
    assert!(left["reason"].as_str().unwrap().contains("the server ended"), "{left}");
    let child = child_of(&known).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
    assert!(status.is_empty() || status.contains("State:\tZ"), "{status}");
}

#[cfg(target_os = "linux")]
fn child_of(known: &Value) -> Option<String> {
    let folder = known["snapshot"]["folder"].as_str()?;
    std::fs::read_to_string(Path::new(folder).join("child")).ok().filter(|pid| !pid.is_empty())
}
