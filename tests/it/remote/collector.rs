//! The server with a collector, over pipes.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::provider::Provider;
use super::whole::{WORD, ask, says, settings, start};

const PATIENCE: Duration = Duration::from_secs(20);

struct Collector {
    url: String,
    messages: Receiver<Message>,
    _runtime: Runtime,
}

struct Message {
    is_taken: bool,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone)]
struct Shared {
    n_to_refuse: Arc<AtomicUsize>,
    messages: Arc<Mutex<Sender<Message>>>,
}

impl Collector {
    /// Refuses so many messages, and takes the others.
    fn start(n_to_refuse: usize) -> Collector {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (send, messages) = channel();
        let shared =
            Shared { n_to_refuse: Arc::new(AtomicUsize::new(n_to_refuse)), messages: Arc::new(Mutex::new(send)) };
        let app = Router::new().route("/v1/metrics", post(take)).with_state(shared);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async { axum::serve(listener, app).await });
        Collector { url, messages, _runtime: runtime }
    }

    /// The settings of a server with this collector.
    fn settings(&self, endpoint: &str) -> String {
        let (settings, url) = (settings(endpoint, true), &self.url);
        format!("{settings}[otlp]\nurl = \"{url}\"\nevery_s = 1\nheaders_variable = \"COLLECTOR_HEADERS\"\n")
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let one_less = |left: usize| left.checked_sub(1);
    let is_taken = shared.n_to_refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err();
    shared.messages.lock().unwrap().send(Message { is_taken, headers, body }).unwrap();
    match is_taken {
        true => (StatusCode::OK, r#"{"partialSuccess":{}}"#),
        false => (StatusCode::SERVICE_UNAVAILABLE, "{}"),
    }
}

#[test]
fn a_collector_is_sent_the_counters_and_a_failure_is_told_once() {
    let (provider, collector) = (Provider::start(|_, _| says("compute();")), Collector::start(2));
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (mut client, _) = start(home, &collector.settings(&provider.url));
    assert_eq!(ask(&mut client, home, "a.rs", &format!("// {WORD}\nlet first = ")), ["compute();"]);

    let messages: Vec<Message> = (0..3).map(|_| collector.messages.recv_timeout(PATIENCE).unwrap()).collect();
    assert_eq!([false, false, true], [0, 1, 2].map(|i| messages[i].is_taken));
    let Message { headers, body, .. } = &messages[2];
    assert_eq!(
        (&headers["content-type"], &headers["x-key"]),
        (&"application/json".parse().unwrap(), &"a key+5".parse().unwrap())
    );
    let message: Value = serde_json::from_slice(body).unwrap();
    let requests = &message["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
    assert_eq!(
        (&requests["name"], &requests["sum"]["dataPoints"][0]["asInt"]),
        (&"foretype.remote.requests".into(), &"1".into())
    );
    let text = message.to_string();
    assert!(!text.contains(WORD) && !text.contains("a.rs") && !text.contains("project"), "{text}");

    let is_told = |said: &Value| said["params"]["message"].as_str().is_some_and(|said| said.contains("collector"));
    let told = client.wait_for(is_told);
    assert!(told.to_string().contains("503 Service Unavailable"), "{told}");
    assert!(!client.has_said(is_told), "told twice");
    client.close();
}

#[test]
fn another_server_s_turn_is_waited_for() {
    let (provider, collector) = (Provider::start(|_, _| says("compute();")), Collector::start(0));
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let turn = File::create(home.join("ledger.otlp")).unwrap();
    turn.try_lock().unwrap();
    let (mut client, _) = start(home, &collector.settings(&provider.url));
    assert_eq!(ask(&mut client, home, "a.rs", "let first = "), ["compute();"]);
    assert!(collector.messages.recv_timeout(Duration::from_millis(1300)).is_err(), "it is not its turn");
    drop(turn);
    let message = collector.messages.recv_timeout(PATIENCE).unwrap();
    let instance = std::fs::read_to_string(home.join("ledger.otlp")).unwrap();
    assert!(instance.len() == 32 && String::from_utf8_lossy(&message.body).contains(&instance), "{instance}");
    client.close();
}
