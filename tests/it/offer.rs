//! The offer of a model: made once, to whoever has none and can answer; a yes pulls, a never is remembered.

use std::fs::File;
use std::time::{Duration, Instant};

use foretype::server::Offer;
use foretype::weights::{Options, Store, table};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, Reply, engines};
use crate::hub::{Hub, Manner};
use crate::weights::{bytes, hub_source, model};

fn command(client: &mut Client, command: &str, arguments: Value) -> Value {
    client.ask("workspace/executeCommand", json!({"command": command, "arguments": arguments}))
}

const QUESTION: &str = "window/showMessageRequest";

/// A user's folder of models, and a hub.
struct Scene {
    folder: TempDir,
    hub: Hub,
}

impl Scene {
    fn new(manner: Manner) -> Scene {
        Scene { folder: tempfile::tempdir().unwrap(), hub: Hub::start(bytes(), &[manner]) }
    }

    fn store(&self) -> Store {
        Store::at(self.folder.path().join("models"))
    }

    /// A server that starts now.
    fn client(&self) -> Client {
        let options = Options {
            endpoint: self.hub.endpoint(),
            connect_within: Duration::from_secs(5),
            stalled_after: Duration::from_secs(60),
            pythons: Vec::new(),
        };
        let offer = Offer { model: model(vec![hub_source()]), store: self.store(), options };
        Client::start_with(engines(foretype::engine::scripted::Scripted::lines(&[])), Some(offer))
    }

    /// As if the hub's file had been pulled by its reference once, and removed by hand.
    fn record_tiny(&self) {
        let tiny = model(vec![hub_source()]);
        let record = json!({"source": hub_source().to_string(), "sha256": tiny.sha256, "n_bytes": tiny.n_bytes});
        std::fs::create_dir(self.store().folder()).unwrap();
        std::fs::write(self.store().folder().join("tiny.json"), record.to_string()).unwrap();
    }

    /// A client of every ability whose user gives this answer.
    fn client_that_says(&self, answer: &str) -> Client {
        let mut client = self.client();
        client.reply(QUESTION, Reply::With(json!({"title": answer})));
        client.initialize(json!({"capabilities": able()}));
        client
    }

    #[track_caller]
    fn check_silent(&self, what: &str, params: Value) {
        let mut client = self.client();
        client.initialize(params);
        assert!(!client.has_said(is_question), "asked although {what}");
    }
}

fn able() -> Value {
    json!({"window": {"workDoneProgress": true, "showMessage": {}}})
}

fn is_question(message: &Value) -> bool {
    message["method"] == QUESTION
}

fn progress(client: &mut Client, kind: &str) -> Value {
    let is_it =
        |message: &Value| message["params"]["token"] == "foretype.model" && message["params"]["value"]["kind"] == kind;
    client.wait_for(is_it)["params"]["value"].clone()
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "never came: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_question_says_what_is_downloaded_and_holds_nothing_up() {
    let scene = Scene::new(Manner::Good);
    let mut client = scene.client();
    client.reply(QUESTION, Reply::Never);
    client.initialize(json!({"capabilities": able()}));
    let question = client.wait_for(is_question);
    let titles: Vec<&Value> =
        question["params"]["actions"].as_array().unwrap().iter().map(|action| &action["title"]).collect();
    assert_eq!(titles, ["Download", "Not now", "Never"]);
    let text = question["params"]["message"].as_str().unwrap();
    assert!(text.contains("tiny (100004 bytes)") && text.contains("nothing that you write is sent"), "{text}");
    // Once a server, whatever the client sends again.
    client.notify("initialized", json!({}));
    assert!(!client.has_said(is_question));
    assert_eq!(client.ask("shutdown", Value::Null)["result"], Value::Null);
    client.notify("exit", Value::Null);
    assert_eq!(client.close(), 0);
    assert!(scene.hub.asked().is_empty());
}

#[test]
fn never_is_remembered_and_not_now_is_not() {
    let scene = Scene::new(Manner::Good);
    for answer in ["Not now", "none of the titles"] {
        let mut client = scene.client_that_says(answer);
        client.wait_for(is_question);
        assert!(!client.has_said(is_question) && !scene.store().folder().exists());
    }
    // Dismissed.
    let mut client = scene.client();
    client.initialize(json!({"capabilities": able()}));
    client.wait_for(is_question);
    assert!(!client.has_said(is_question) && !scene.store().is_declined());

    let mut client = scene.client_that_says("Never");
    client.wait_for(is_question);
    wait_until("the note of the no", || scene.store().is_declined());
    scene.check_silent("the answer was never", json!({"capabilities": able()}));
    assert!(scene.hub.asked().is_empty());
}

#[test]
fn nobody_is_asked_in_vain() {
    let scene = Scene::new(Manner::Good);
    let with = |options: Value| json!({"capabilities": able(), "initializationOptions": {"local": options}});
    scene.check_silent("the client cannot", json!({"capabilities": {"window": {"workDoneProgress": true}}}));
    scene.check_silent("models are switched off", with(json!({"enabled": false})));
    scene.check_silent("asking is switched off", with(json!({"ask": false})));
    scene.check_silent("a model is chosen", with(json!({"model": "own.gguf"})));

    std::fs::create_dir(scene.store().folder()).unwrap();
    let lock = File::create(scene.store().folder().join(".tiny.lock")).unwrap();
    lock.lock().unwrap();
    scene.check_silent("another window is pulling", with(json!({})));
    drop(lock);

    let small = &table()[0];
    let file = File::create(scene.store().file(&small.name)).unwrap();
    file.set_len(small.n_bytes).unwrap();
    scene.check_silent("a model is here", with(json!({})));
    std::fs::remove_file(scene.store().file(&small.name)).unwrap();
    scene.client_that_says("Not now").wait_for(is_question);
}

#[test]
fn a_yes_pulls_and_shows_how_far_it_is() {
    let scene = Scene::new(Manner::Good);
    let mut client = scene.client_that_says("Download");
    let begin = progress(&mut client, "begin");
    assert_eq!((&begin["title"], &begin["percentage"]), (&json!("foretype: downloading tiny"), &json!(0)));
    client.wait_for(|message| message["params"]["value"]["percentage"] == 100);
    let end = progress(&mut client, "end");
    assert!(end["message"].as_str().unwrap().contains("tiny is here"), "{end}");
    assert!(std::fs::read(scene.store().file("tiny")).unwrap() == bytes());
    assert!(!client.has_said(|message| message["method"] == "window/showMessage"));
}

#[test]
fn a_client_without_bars_is_told_the_end() {
    let scene = Scene::new(Manner::Good);
    let mut client = scene.client();
    client.reply(QUESTION, Reply::With(json!({"title": "Download"})));
    client.initialize(json!({"capabilities": {"window": {"showMessage": {}}}}));
    let told = client.wait_for(|message| message["method"] == "window/showMessage");
    assert!(told["params"]["message"].as_str().unwrap().contains("tiny is here"), "{told}");
    assert!(!client.has_said(|message| message["method"] == "$/progress"));
}

#[test]
fn a_failed_pull_tells_the_cause_and_the_next_step() {
    let scene = Scene::new(Manner::Status(404));
    let mut client = scene.client_that_says("Download");
    let told = client.wait_for(|message| message["method"] == "window/showMessage");
    for part in ["no such file", "foretype model pull tiny"] {
        assert!(told["params"]["message"].as_str().unwrap().contains(part), "{told}");
    }
    assert_eq!(progress(&mut client, "end")["message"], "not downloaded");
}

#[test]
fn the_user_and_the_end_of_the_server_stop_a_pull() {
    let scene = Scene::new(Manner::Stall(50_000));
    let mut client = scene.client_that_says("Download");
    progress(&mut client, "report");
    assert!(scene.store().is_locked("tiny"));
    client.notify("window/workDoneProgress/cancel", json!({"token": "foretype.model"}));
    assert!(progress(&mut client, "end")["message"].as_str().unwrap().starts_with("stopped"));

    let mut client = scene.client_that_says("Download");
    client.wait_for(|message| message["params"]["value"]["percentage"] == 49);
    assert!(scene.store().is_locked("tiny"));
    client.close();
    assert!(!scene.store().is_locked("tiny") && scene.store().holds(&model(Vec::new())).is_none());
}

#[test]
fn a_model_is_pulled_by_name() {
    let scene = Scene::new(Manner::Good);
    scene.record_tiny();
    let mut client = scene.client();
    client.initialize(json!({"capabilities": able(), "initializationOptions": {"local": {"ask": false}}}));
    let models = command(&mut client, "foretype.models", json!([]))["result"].clone();
    let tiny = models.as_array().unwrap().iter().find(|model| model["name"] == "tiny").unwrap();
    assert_eq!((&tiny["size"], &tiny["is_here"]), (&json!("100004 bytes"), &json!(false)));
    assert_eq!(models[0]["licence"], "Apache-2.0");

    assert_eq!(command(&mut client, "foretype.pull", json!(["tiny"]))["result"], Value::Null);
    assert!(progress(&mut client, "end")["message"].as_str().unwrap().contains("tiny is here"));
    let refused = |answer: Value, said: &str| {
        let message = answer["error"]["message"].as_str().unwrap().to_string();
        assert!(message.contains(said), "{message}");
    };
    refused(command(&mut client, "foretype.pull", json!(["tiny"])), "is here already");
    refused(command(&mut client, "foretype.pull", json!(["tinny"])), "there are qwen2.5-coder-0.5b");
    refused(command(&mut client, "foretype.pull", json!([])), "needs a model's name");
}

#[test]
fn a_stopped_pull_can_be_begun_again_and_there_is_one_at_a_time() {
    let scene = Scene::new(Manner::Stall(50_000));
    scene.record_tiny();
    let mut client = scene.client();
    client.initialize(json!({"capabilities": able(), "initializationOptions": {"local": {"ask": false}}}));
    for _ in 0..2 {
        assert_eq!(command(&mut client, "foretype.pull", json!(["tiny"]))["result"], Value::Null);
        client.wait_for(|message| message["params"]["value"]["percentage"] == 49);
        let second = command(&mut client, "foretype.pull", json!(["tiny"]));
        assert!(second["error"]["message"].as_str().unwrap().contains("already"), "{second}");
        client.notify("window/workDoneProgress/cancel", json!({"token": "foretype.model"}));
        assert!(progress(&mut client, "end")["message"].as_str().unwrap().starts_with("stopped"));
    }
}
