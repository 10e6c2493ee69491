//! A session through an outage, over pipes: the provider goes away in the middle of the typing, and the real model on this
//! machine takes over. Where that is there (`FORETYPE_MODELS_TEST` names its folder) and the build is optimised.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::provider::{Provider, Step, answer};
use super::whole::{says, settings, start_as, url};
use crate::client::Client;

const MODEL: &str = "qwen2.5-coder-0.5b";
/// What the provider says, and the model here never would.
const TEAM: &str = "a + b  # by the team";

/// Somebody who types one function after the other.
struct Typist {
    client: Client,
    uri: String,
    version: i32,
    n_lines: u32,
}

impl Typist {
    fn open(mut client: Client, home: &Path) -> Typist {
        let uri = url(&home.join("project/sums.py"));
        client.open(&uri, "python", "");
        Typist { client, uri, version: 1, n_lines: 0 }
    }

    fn write(&mut self, line: &str) {
        self.version += 1;
        self.client.type_at(&self.uri, self.version, self.n_lines, 0, line);
        self.n_lines += line.matches('\n').count() as u32;
    }

    /// Begins a function; what is suggested as its body, and how long that took.
    fn ask(&mut self, name: &str) -> (String, Duration) {
        self.write(&format!("def {name}(a, b):\n"));
        self.version += 1;
        self.client.type_at(&self.uri, self.version, self.n_lines, 0, "    return ");
        let started = Instant::now();
        let items = self.client.ghost(&self.uri, self.n_lines, 11);
        let took = started.elapsed();
        if items.is_empty() {
            eprintln!("{name}: {}", self.client.why());
        }
        // The rest by hand: what was suggested is of no consequence for the next question.
        self.version += 1;
        self.client.type_at(&self.uri, self.version, self.n_lines, 11, "a + b\n\n");
        self.n_lines += 2;
        let text = items.first().and_then(|item| item["insertText"].as_str()).unwrap_or_default();
        (text.to_string(), took)
    }
}

fn models() -> Result<PathBuf, &'static str> {
    if cfg!(debug_assertions) {
        return Err("an optimised foretype");
    }
    let folder = PathBuf::from(std::env::var_os("FORETYPE_MODELS_TEST").ok_or(MODEL)?);
    folder.join(format!("{MODEL}.gguf")).is_file().then_some(folder).ok_or(MODEL)
}

/// The provider is a proxy's other side, so that it counts as another machine, and not all files may be shown to it.
fn session(provider: &Provider, models: &Path, home: &Path) -> Client {
    let local = format!("[local]\nmodel = \"{MODEL}\"\n");
    let settings = settings("http://models.example/v1", true)
        .replace("timeout_ms = 300", "timeout_ms = 300, plain_http = true")
        .replace("[local]\nenabled = false\n", &local)
        + "[suggest]\nmin_chance = 0\nmin_part_chance = 0\n[restraint]\nenabled = false\n\
           [ahead]\nenabled = false\n[privacy]\nlocal_only = [\"kept.py\"]\n";
    let change = |command: &mut Command| {
        command.env("FORETYPE_MODELS", models).env("http_proxy", &provider.url);
    };
    start_as(home, &settings, change).0
}

/// Asks in a file that the provider is not shown, until the model here has an answer.
fn wait_for_model(client: &mut Client, home: &Path) {
    let (uri, started) = (url(&home.join("project/kept.py")), Instant::now());
    client.open(&uri, "python", "def add(a, b):\n    return \n");
    while client.ghost(&uri, 1, 11).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "{}", client.why());
    }
}

fn is_told(word: &'static str) -> impl Fn(&Value) -> bool {
    move |said| {
        let message = said["params"]["message"].as_str().unwrap_or_default();
        said["method"] == "window/showMessage" && message.contains("team") && message.contains(word)
    }
}

#[test]
fn no_suggestion_is_missed_while_a_provider_is_away() {
    let models = match models() {
        Ok(models) => models,
        Err(missing) => return eprintln!("skipped: {missing} not found"),
    };
    let now = Arc::new(Mutex::new(says(TEAM)));
    let script = now.clone();
    let provider = Provider::start(move |_, _| script.lock().unwrap().clone());
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut client = session(&provider, &models, home);
    wait_for_model(&mut client, home);
    let mut typist = Typist::open(client, home);
    for i in 0..4 {
        assert_eq!(typist.ask(&format!("before_{i}")).0, TEAM);
    }

    // It closes its connections first; then something answers in its place that is not it.
    *now.lock().unwrap() = vec![Step::Close];
    let n_before = provider.seen().len();
    let mut answers: Vec<(String, Duration)> = (0..6).map(|i| typist.ask(&format!("closed_{i}"))).collect();
    *now.lock().unwrap() = vec![answer("502 Bad Gateway", "content-type: text/html\r\n", "<html>")];
    answers.extend((0..6).map(|i| typist.ask(&format!("gateway_{i}"))));
    let n_sent = provider.seen().len() - n_before;
    for (i, (text, _)) in answers.iter().enumerate() {
        assert!(!text.is_empty() && text != TEAM, "the question {i} of the outage: {text:?}");
    }
    let times: Vec<Duration> = answers.iter().map(|(_, took)| *took).collect();
    eprintln!("the outage's answers by the model here after {times:.0?}");
    let down = typist.client.wait_for(is_told("Until it answers again, local does"));
    assert!(!typist.client.has_said(is_told("Until it answers again")), "told twice, first {down}");
    // One or two until it is left out; the others are probes.
    assert!(n_sent <= 6, "{n_sent} requests");

    *now.lock().unwrap() = says(TEAM);
    let (mut n_asked, back) = (0, Instant::now());
    loop {
        let (text, _) = typist.ask(&format!("after_{n_asked}"));
        assert!(!text.is_empty(), "the question {n_asked} after the outage");
        if text == TEAM {
            break;
        }
        n_asked += 1;
        assert!(back.elapsed() < Duration::from_secs(30), "it never comes back");
    }
    eprintln!("back after {:?}, {n_asked} answers by the model here meanwhile", back.elapsed());
    typist.client.wait_for(is_told("answers again"));
    assert!(!typist.client.has_said(is_told("")), "nothing more to tell");
    typist.client.close();
}
