//! An endpoint that fails while somebody types, over real connections, with another model behind it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use foretype::engine::remote::{Endpoint, Protocol};
use foretype::engine::scripted::Scripted;
use foretype::engine::{Ask, Cancel, Engine};
use foretype::router::{Options, Route, Router};
use serde_json::json;

use super::provider::{Provider, Step, answer, event, head, last};
use super::{AFTER, BEFORE, document, endpoint, remote};

const TIMEOUT_MS: u64 = 150;

fn well() -> Vec<Step> {
    let said = json!({"choices": [{"text": "remote();", "finish_reason": "stop"}]});
    vec![Step::Wait(Duration::from_millis(5)), head("text/event-stream"), event(said), event("[DONE]"), last()]
}

fn faults() -> Vec<(&'static str, Vec<Step>)> {
    let refused = |status| vec![answer(status, "", "{}")];
    let half = || event(json!({"choices": [{"text": "rem", "finish_reason": null}]}));
    let sse = || head("text/event-stream");
    vec![
        ("401", refused("401 Unauthorized")),
        ("402", refused("402 Payment Required")),
        ("404", refused("404 Not Found")),
        ("429", refused("429 Too Many Requests")),
        ("500", refused("500 Internal Server Error")),
        ("a web page", vec![answer("200 OK", "content-type: text/html\r\n", "<html>")]),
        ("closes the connection", vec![Step::Close]),
        ("cuts a line off", vec![sse(), half(), Step::Close]),
        ("no answer", vec![Step::Stall]),
        ("no words", vec![sse(), Step::Stall]),
        ("stalls within a line", vec![sse(), half(), Step::Stall]),
    ]
}

struct Row {
    fault: &'static str,
    n_missed: usize,
    /// From the start of the outage.
    first: Duration,
    n_sent: usize,
    back: Duration,
}

/// What is said, and how long that took.
fn ask(router: &Router) -> (String, Duration) {
    let document = document(&format!("{BEFORE}{AFTER}"));
    let offset = BEFORE.len();
    let ask = Ask { max_lines: 3, ..Ask::at(&document, offset) };
    let (started, mut said) = (Instant::now(), String::new());
    router.generate(&ask, &Cancel::default(), &mut |candidate| {
        if !candidate.is_growing {
            said = candidate.text;
        }
        ControlFlow::Continue(())
    });
    (said, started.elapsed())
}

fn row(fault: &'static str, steps: Vec<Step>) -> Row {
    let now = Arc::new(Mutex::new(well()));
    let script = now.clone();
    let provider = Provider::start(move |_, _| script.lock().unwrap().clone());
    let endpoint = Endpoint { timeout_ms: TIMEOUT_MS, ..endpoint(Protocol::Completions, &provider.url) };
    let behind = Scripted::new(|_, _| Ok(vec!["local();".to_string()]));
    let team = Route {
        engine: Arc::new(remote(endpoint)),
        label: "team".into(),
        deadline: Duration::from_millis(TIMEOUT_MS),
        is_remote: true,
        may_answer: None,
    };
    let router = Router::new(vec![team, Route::local(Arc::new(behind))], Options::default(), |_| ());
    // On a busy machine the other model is sometimes faster.
    let (mut n_well, begun) = (0, Instant::now());
    while n_well < 8 {
        n_well += usize::from(ask(&router).0 == "remote();");
        assert!(begun.elapsed() < Duration::from_secs(30), "{fault}: it is never well");
    }
    *now.lock().unwrap() = steps;
    let n_before = provider.seen().len();
    let answers: Vec<(String, Duration)> = (0..10).map(|_| ask(&router)).collect();
    let n_sent = provider.seen().len() - n_before;
    *now.lock().unwrap() = well();
    let begun = Instant::now();
    while ask(&router).0 != "remote();" {
        assert!(begun.elapsed() < Duration::from_secs(30), "{fault}: it never comes back");
        std::thread::sleep(Duration::from_millis(10));
    }
    let n_missed = answers.iter().filter(|(said, _)| said.is_empty()).count();
    Row { fault, n_missed, first: answers[0].1, n_sent, back: begun.elapsed() }
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what is committed")]
fn nobody_notices_but_by_the_words() {
    let rows: Vec<Row> = std::thread::scope(|scope| {
        let running: Vec<_> = faults().into_iter().map(|(fault, steps)| scope.spawn(|| row(fault, steps))).collect();
        running.into_iter().map(|row| row.join().unwrap()).collect()
    });
    println!(
        "| the provider | missed of 10 | first answer after | requests sent meanwhile | back after |\n|---|---|---|---|---|"
    );
    for Row { fault, n_missed, first, n_sent, back } in rows {
        let (first_ms, back) = (first.as_secs_f64() * 1e3, back.as_secs_f64());
        println!("| {fault} | {n_missed} | {first_ms:.0} ms | {n_sent} | {back:.1} s |");
        assert_eq!(n_missed, 0, "{fault}");
        assert!(first < Duration::from_millis(TIMEOUT_MS + 300), "{fault}: {first:?}");
        // One or two until the breaker opens; probes are requests, too.
        assert!(n_sent <= 4, "{fault}: {n_sent} requests");
        assert!(back < 6.0, "{fault}: {back}");
    }
}
