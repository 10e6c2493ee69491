//! Work of several agents is applied while the user types, saves, opens and closes, and other programs write: every line of
//! the user's stays, once, in what the user has.
//!
//! Each line carries a mark of its own, so a model of the truth is a list of marks. The editor is made of a few maps; it
//! speaks to the real server, refuses and skips as editors do, and its user is quicker than it.

#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use foretype::agent::worktree::Snapshot;
use foretype::agent::{Budget, HandOff, State, Store, Usage};
use foretype::engine::scripted::Scripted;
use foretype::server::Files;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::project::{self, git};
use crate::client::{Client, Reply, engines};
use crate::storm::Dice;

/// `FORETYPE_APPLY_ROUNDS` makes it more.
const N_ROUNDS: usize = 100;
/// Applied in one session, from the same hand-offs.
const N_ROUNDS_TOGETHER: usize = 50;

const N_FILES: usize = 6;
const N_LINES: usize = 24;
const N_AGENTS: usize = 3;

const APPLY: &str = "workspace/applyEdit";

/// An editor with its user, a project, and the agents' work.
struct World {
    place: TempDir,
    client: Client,
    dice: Dice,
    buffers: BTreeMap<String, Buffer>,
    agents: Vec<Made>,
    n_marks: usize,
    /// Lines that the user, or a program of theirs, has written.
    mine: BTreeSet<String>,
    /// Lines that the user has taken out.
    gone: BTreeSet<String>,
    log: Vec<String>,
}

struct Buffer {
    lines: Vec<String>,
    version: i32,
}

/// What an agent has made.
struct Made {
    id: String,
    /// Its own lines by file; files where it only took lines out are there, too.
    lines: BTreeMap<String, Vec<String>>,
}

/// How an editor answers an edit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// All of it.
    Takes,
    /// Nothing, where a version is not the one that it has.
    Compares,
    /// All but the files of another version, and says yes.
    Skips,
    Refuses,
}

impl World {
    fn new(seed: u64) -> World {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("project");
        for i in 0..N_FILES {
            let lines: Vec<String> = (0..N_LINES).map(|k| format!("f{i} base {k}")).collect();
            project::write(&root.join(format!("f{i}")), text(&lines));
        }
        git(&root, ["init", "-q", "-b", "main"]);
        let store = Store::at(place.path().join("agents"));
        let mut dice = Dice(seed);
        let agents = (0..N_AGENTS).map(|i| Made::new(i, &root, &store, &mut dice)).collect();
        let files = Files { agents: Some(place.path().join("agents")), ..Files::default() };
        let mut client = Client::start_in(engines(Scripted::lines(&[])), None, files);
        client.reply("window/showMessageRequest", Reply::Never);
        client.reply(APPLY, Reply::Never);
        let operations = if dice.roll(2) == 0 { json!(["create", "rename", "delete"]) } else { json!([]) };
        client.initialize(json!({
            "rootUri": format!("file://{}", root.display()),
            "capabilities": {
                "window": {"showMessage": {}, "showDocument": {"support": true}},
                "workspace": {"workspaceEdit": {"documentChanges": true, "resourceOperations": operations}},
            },
            "initializationOptions": {"workspace": {"index": false}},
        }));
        let (buffers, mine, gone, log) = Default::default();
        World { place, client, dice, buffers, agents, n_marks: 0, mine, gone, log }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.place.path().canonicalize().unwrap().join("project").join(file)
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.path(file).display())
    }

    fn on_disk(&self, file: &str) -> Option<Vec<String>> {
        let text = std::fs::read_to_string(self.path(file)).ok()?;
        Some(text.lines().map(str::to_string).collect())
    }

    /// All that the user has: of an open file its buffer.
    fn all(&self) -> BTreeMap<String, Vec<String>> {
        let names = project::names(&self.path(""));
        let mut all: BTreeMap<_, _> =
            names.into_iter().map(|name| (name.clone(), self.on_disk(&name).unwrap())).collect();
        all.extend(self.buffers.iter().map(|(name, buffer)| (name.clone(), buffer.lines.clone())));
        all
    }

    fn pick<T: Clone>(&mut self, from: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<T> = from.into_iter().collect();
        if all.is_empty() { None } else { Some(all[self.dice.roll(all.len())].clone()) }
    }

    fn mark(&mut self, whose: &str) -> String {
        self.n_marks += 1;
        let mark = format!("{whose} {}", self.n_marks);
        self.mine.insert(mark.clone());
        mark
    }

    /// A line comes, changes or goes, as the user wants it; never an agent's.
    fn change(&mut self, lines: &mut Vec<String>, whose: &str) {
        let at = self.dice.roll(lines.len() + 1);
        let is_agents = lines.get(at).is_none_or(|line| line.starts_with("agent"));
        match self.dice.roll(4) {
            0 | 1 if !is_agents => {
                let mark = self.mark(whose);
                let was = std::mem::replace(&mut lines[at], mark);
                self.leave(was);
            }
            2 if !is_agents => {
                let was = lines.remove(at);
                self.leave(was);
            }
            _ => {
                let mark = self.mark(whose);
                lines.insert(at, mark);
            }
        }
    }

    fn leave(&mut self, line: String) {
        self.mine.remove(&line);
        self.gone.insert(line);
    }

    /// What the user, or a program, does next.
    fn live(&mut self) {
        match self.dice.roll(8) {
            0..=2 => drop(self.type_in(None)),
            3 => {
                let closed: Vec<String> =
                    self.all().into_keys().filter(|name| !self.buffers.contains_key(name)).collect();
                if let Some(file) = self.pick(closed) {
                    let lines = self.on_disk(&file).unwrap();
                    self.open(&file, lines);
                }
            }
            4 => {
                // What is not saved is closed by nobody.
                if let Some(file) = self.pick(self.buffers.keys().cloned().collect::<Vec<_>>()) {
                    self.save(&file);
                    self.close(&file);
                }
            }
            5 => {
                if let Some(file) = self.pick(self.buffers.keys().cloned().collect::<Vec<_>>()) {
                    self.save(&file);
                }
            }
            6 => self.write_elsewhere(),
            _ => {
                // A new file of the user's, perhaps of a name that an agent has taken, too.
                let file = format!("new{}", self.dice.roll(N_AGENTS));
                if !self.all().contains_key(&file) {
                    let lines = vec![self.mark("mine")];
                    self.log.push(format!("new {file}"));
                    project::write(&self.path(&file), text(&lines));
                }
            }
        }
    }

    /// The user types; the server is told, or will be by what comes back.
    fn type_in(&mut self, file: Option<String>) -> Option<String> {
        let file = match file {
            Some(file) => file,
            None => self.pick(self.buffers.keys().cloned().collect::<Vec<_>>())?,
        };
        let mut lines = self.buffers[&file].lines.clone();
        self.change(&mut lines, "mine");
        self.log.push(format!("type in {file}"));
        self.set(&file, lines);
        self.tell(&file);
        Some(file)
    }

    fn set(&mut self, file: &str, lines: Vec<String>) {
        let buffer = self.buffers.get_mut(file).unwrap();
        (buffer.lines, buffer.version) = (lines, buffer.version + 1);
    }

    fn tell(&mut self, file: &str) {
        let (uri, buffer) = (self.uri(file), &self.buffers[file]);
        self.client.change(&uri, buffer.version, json!([{"text": text(&buffer.lines)}]));
    }

    fn open(&mut self, file: &str, lines: Vec<String>) {
        self.log.push(format!("open {file}"));
        self.client.open(&self.uri(file), "plaintext", &text(&lines));
        self.buffers.insert(file.to_string(), Buffer { lines, version: 1 });
    }

    fn close(&mut self, file: &str) {
        self.log.push(format!("close {file}"));
        let uri = self.uri(file);
        self.client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
        self.buffers.remove(file);
    }

    fn save(&mut self, file: &str) {
        self.log.push(format!("save {file}"));
        project::write(&self.path(file), text(&self.buffers[file].lines));
    }

    /// Another program changes a file that is not open.
    fn write_elsewhere(&mut self) {
        let closed: Vec<String> = self.all().into_keys().filter(|name| !self.buffers.contains_key(name)).collect();
        if let Some(file) = self.pick(closed) {
            let mut lines = self.on_disk(&file).unwrap();
            self.change(&mut lines, "program's");
            self.log.push(format!("a program writes {file}"));
            project::write(&self.path(&file), text(&lines));
        }
    }

    /// One or two applies, and what happens meanwhile.
    fn round(&mut self) {
        for _ in 0..self.dice.roll(5) {
            self.live();
        }
        let before = self.agents_lines();
        let n_together = if self.dice.roll(5) == 0 { 2 } else { 1 };
        let mut open: Vec<u64> = (0..n_together).map(|_| self.apply()).collect();
        let mut is_refused = true;
        while !open.is_empty() {
            let message = self.client.next(&open, APPLY);
            if message["method"] == APPLY {
                self.answer(&message);
                continue;
            }
            open.retain(|id| message["id"] != *id);
            let said = message["error"]["message"].as_str().unwrap_or_default().to_string();
            self.log.push(format!("answer {} {said}", message["result"]["files"]));
            is_refused &= said.contains("othing was changed");
        }
        self.check();
        if is_refused {
            assert_eq!(self.agents_lines(), before, "nothing was changed, it says\n{}", self.log.join("\n"));
        }
    }

    fn apply(&mut self) -> u64 {
        let agent = self.dice.roll(N_AGENTS);
        let (id, files) = (self.agents[agent].id.clone(), self.agents[agent].lines.keys().cloned().collect::<Vec<_>>());
        let file = self.pick(files.clone()).unwrap();
        let argument = match self.dice.roll(20) {
            0 => json!({"id": id}),
            1..=3 => json!({"id": id, "files": files}),
            4..=9 => {
                let hunks: BTreeSet<usize> = (0..4).filter(|_| self.dice.roll(2) == 0).collect();
                json!({"id": id, "hunks": {file: hunks}})
            }
            _ => json!({"id": id, "files": [file]}),
        };
        self.log.push(format!("apply {argument}"));
        self.client
            .request("workspace/executeCommand", json!({"command": "foretype.agent.apply", "arguments": [argument]}))
    }

    /// An edit comes in: the user is quicker, or another program, or nobody.
    fn answer(&mut self, edit: &Value) {
        let changes = changes(edit);
        if self.dice.roll(3) == 0 {
            let edited: Vec<String> = changes.iter().filter(|it| it["edits"].is_array()).map(file).collect();
            if let Some(file) = self.pick(edited) {
                self.type_in(Some(file));
            }
        }
        if self.dice.roll(3) == 0 {
            self.write_elsewhere();
        }
        let roll = self.dice.roll(60);
        let is_late = changes.iter().any(|change| self.is_late(change));
        let is_taken = |change: &Value| change["kind"] == "rename" && self.path(&name(&change["newUri"])).exists();
        let manner = match roll {
            _ if changes.iter().any(is_taken) => Manner::Compares,
            // It costs the server's patience.
            0 if !is_late => Manner::Refuses,
            n if is_late && n % 2 == 0 => Manner::Compares,
            _ if is_late => Manner::Skips,
            _ => Manner::Takes,
        };
        self.take(edit, manner);
    }

    /// Whether an edit is for a version that the buffer has not.
    fn is_late(&self, change: &Value) -> bool {
        let version = |it: &Value| self.buffers.get(&file(it)).map(|buffer| json!(buffer.version));
        change["edits"].is_array() && version(change) != Some(change["textDocument"]["version"].clone())
    }

    fn take(&mut self, edit: &Value, manner: Manner) {
        let is_applied = matches!(manner, Manner::Takes | Manner::Skips);
        let changes: Vec<Value> = changes(edit).into_iter().filter(|it| is_applied && !self.is_late(it)).collect();
        self.log.push(format!("edit, {manner:?}: {changes:?}"));
        let mut changed = BTreeSet::new();
        for change in &changes {
            if change["kind"] == "rename" {
                let (old, new) = (name(&change["oldUri"]), name(&change["newUri"]));
                std::fs::rename(self.path(&old), self.path(&new)).unwrap();
                // As Neovim does it: saved under the new name.
                let lines = self.buffers[&old].lines.clone();
                self.close(&old);
                self.open(&new, lines);
                self.save(&new);
                changed.remove(&old);
            } else {
                let lines = edited(&self.buffers[&file(change)].lines, &change["edits"]);
                self.set(&file(change), lines);
                changed.insert(file(change));
            }
        }
        // Some tell of a change before they answer, some later.
        let is_told_first = self.dice.roll(2) == 0;
        if is_told_first {
            changed.iter().for_each(|file| self.tell(file));
        }
        let result = json!({"applied": is_applied});
        self.client.send(&json!({"jsonrpc": "2.0", "id": edit["id"], "result": result}));
        if !is_told_first {
            changed.iter().for_each(|file| self.tell(file));
        }
    }

    fn agents_lines(&self) -> BTreeSet<String> {
        self.all().into_values().flatten().filter(|line| line.starts_with("agent")).collect()
    }

    /// Where we have moved an open file, as its editor cannot, the buffer stays; its user closes it, once all is elsewhere.
    fn close_what_was_moved(&mut self) {
        let (there, left): (Vec<_>, Vec<_>) = self.all().into_iter().partition(|(name, _)| self.path(name).exists());
        let there: BTreeSet<String> = there.into_iter().flat_map(|(_, lines)| lines).collect();
        for (name, lines) in left {
            if lines.iter().filter(|line| self.mine.contains(*line)).all(|line| there.contains(line)) {
                self.log.push(format!("close {name}, which was moved"));
                self.close(&name);
            }
        }
    }

    fn check(&mut self) {
        self.close_what_was_moved();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        self.all().into_values().flatten().for_each(|line| *counts.entry(line).or_default() += 1);
        let log = || format!("{:#?}\n{}", self.all(), self.log.join("\n"));
        for line in &self.mine {
            assert_eq!(counts.get(line), Some(&1), "`{line}` of the user's\n{}", log());
        }
        for line in &self.gone {
            assert_eq!(counts.get(line), None, "`{line}` was taken out by the user\n{}", log());
        }
        let double = counts.iter().find(|(_, count)| **count > 1);
        assert_eq!(double, None, "a line came twice\n{}", log());
    }

    /// Nobody is in the way any more: what does not conflict arrives, whole. Returns how many files that were.
    fn settle(&mut self) -> usize {
        let made: Vec<(String, String, Vec<String>)> = (self.agents.iter())
            .flat_map(|Made { id, lines }| lines.iter().map(|(file, lines)| (id.clone(), file.clone(), lines.clone())))
            .collect();
        let mut n_arrived = 0;
        for (id, file, lines) in made {
            self.log.push(format!("at last apply {file} of {id}"));
            let argument = json!({"id": id, "files": [file]});
            let command = json!({"command": "foretype.agent.apply", "arguments": [argument]});
            let asked = self.client.request("workspace/executeCommand", command);
            let answer = loop {
                let message = self.client.next(&[asked], APPLY);
                if message["method"] != APPLY {
                    break message;
                }
                self.take(&message, Manner::Takes);
            };
            self.check();
            if answer["error"].is_null() {
                n_arrived += 1;
                let there = self.agents_lines();
                assert!(lines.iter().all(|line| there.contains(line)), "{lines:?} in {file}\n{}", self.log.join("\n"));
            }
        }
        n_arrived
    }
}

impl Made {
    fn new(number: usize, root: &Path, store: &Store, dice: &mut Dice) -> Made {
        let (id, _lock) = store.create("fake").unwrap();
        let snapshot = Snapshot::take(root, &[], &project::privacy(), &store.folder(&id).join("snapshot")).unwrap();
        let mut made = BTreeMap::new();
        for i in 0..N_FILES {
            let path = snapshot.folder.join(format!("f{i}"));
            let base: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_string).collect();
            let (lines, own) = work(&base, &format!("agent {number} f{i}"), dice);
            match dice.roll(12) {
                0..=2 => continue,
                3 => {
                    std::fs::remove_file(&path).unwrap();
                    made.insert(format!("f{i}"), Vec::new());
                }
                4 => {
                    std::fs::remove_file(&path).unwrap();
                    let moved = format!("moved{number}-{i}");
                    project::write(&snapshot.folder.join(&moved), text(&lines));
                    made.insert(moved, own);
                }
                _ => {
                    project::write(&path, text(&lines));
                    made.insert(format!("f{i}"), own);
                }
            }
        }
        let own = vec![format!("agent {number} new")];
        project::write(&snapshot.folder.join(format!("new{number}")), text(&own));
        made.insert(format!("new{number}"), own);
        let capture = snapshot.capture().unwrap();
        let hand_off = HandOff {
            id: id.clone(),
            title: format!("task {number}"),
            agent: "fake".to_string(),
            skill: None,
            state: State::Review,
            reason: String::new(),
            trouble: None,
            workspace: root.to_owned(),
            snapshot: Some(snapshot),
            is_visible: true,
            started: 0,
            heard: 0,
            ended: Some(0),
            tool: String::new(),
            question: None,
            files: capture.changes.iter().map(|change| change.path.clone()).collect(),
            context: None,
            usage: Usage::default(),
            budget: Budget::default(),
            decisions: Vec::new(),
            made: Some(capture.tree),
            answer: String::new(),
            mark: String::new(),
        };
        store.write(&hand_off).unwrap();
        Made { id, lines: made }
    }
}

/// What an agent makes of a file: the lines, and which are its own.
fn work(base: &[String], mark: &str, dice: &mut Dice) -> (Vec<String>, Vec<String>) {
    let (mut lines, mut own) = (Vec::new(), Vec::new());
    for line in base {
        let new = format!("{mark} {}", own.len());
        match dice.roll(16) {
            0 | 1 => own.push(new.clone()),
            2 => continue,
            _ => {
                lines.push(line.clone());
                continue;
            }
        }
        lines.push(new);
        // Put in before it, or in its place.
        if own.len() % 2 == 0 {
            lines.push(line.clone());
        }
    }
    (lines, own)
}

fn text(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn changes(edit: &Value) -> Vec<Value> {
    edit["params"]["edit"]["documentChanges"].as_array().unwrap().clone()
}

fn file(change: &Value) -> String {
    name(&change["textDocument"]["uri"])
}

fn name(uri: &Value) -> String {
    uri.as_str().unwrap_or_default().rsplit('/').next().unwrap().to_string()
}

/// The lines after edits of whole lines.
fn edited(lines: &[String], edits: &Value) -> Vec<String> {
    let mut lines = lines.to_vec();
    for edit in edits.as_array().unwrap().iter().rev() {
        let line = |at: &Value| {
            assert_eq!(at["character"], 0, "{edit}");
            at["line"].as_u64().unwrap() as usize
        };
        let range = line(&edit["range"]["start"])..line(&edit["range"]["end"]);
        lines.splice(range, edit["newText"].as_str().unwrap().lines().map(str::to_string));
    }
    lines
}

#[test]
fn no_line_of_the_users_is_lost() {
    let n_rounds = std::env::var("FORETYPE_APPLY_ROUNDS").map_or(N_ROUNDS, |n| n.parse().expect("a number"));
    let mut n_arrived = 0;
    for seed in 1..=(n_rounds / N_ROUNDS_TOGETHER) as u64 {
        let mut world = World::new(seed);
        (0..N_ROUNDS_TOGETHER).for_each(|_| world.round());
        n_arrived += world.settle();
    }
    assert!(n_arrived > 0, "everything conflicted");
}
