//! Everything that a provider can do wrong is a failure with its cause, soon.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foretype::engine::purse::{Counted, Ended};
use foretype::engine::remote::{Endpoint, Protocol};
use foretype::engine::{Cancel, Cause, Engine, Finish};
use serde_json::{Value, json};

use super::provider::{Provider, Step, answer, chunk, event, head, last};
use super::{Book, ask, endpoint, failure, paid_by, remote, text};

fn completion(text: &str) -> Value {
    json!({"choices": [{"index": 0, "text": text, "finish_reason": null}]})
}

fn refused(status: &str, headers: &str, message: &str) -> Vec<Step> {
    vec![answer(status, headers, json!({"error": {"message": message, "type": "some_error"}}).to_string())]
}

/// What the provider does, the cause, and what the sentence for the user says.
fn faults() -> Vec<(&'static str, Vec<Step>, Cause, &'static str)> {
    let sse = || head("text/event-stream");
    let half = event(completion("a +"));
    let multi_byte = format!("data: {}\n\n", completion("größe"));
    let in_letter = multi_byte.find('ö').unwrap() + 1;
    vec![
        ("401", refused("401 Unauthorized", "", "bad key"), Cause::Unauthorised, "check the key (bad key)"),
        ("403", refused("403 Forbidden", "", "no"), Cause::Unauthorised, "check the key"),
        ("402", refused("402 Payment Required", "", "pay"), Cause::Quota, "used up (pay)"),
        ("404", refused("404 Not Found", "", "no model"), Cause::Gone, "check `model` and `url` (no model)"),
        ("429", refused("429 Too Many Requests", "retry-after: 7\r\n", "slow down"), Cause::Limited, "too many"),
        ("429, quota", refused("429 Too Many Requests", "", "insufficient_quota"), Cause::Quota, "used up"),
        ("400", refused("400 Bad Request", "", "let secret = 1"), Cause::Refused, "check `protocol`"),
        ("500", refused("500 Internal Server Error", "", "oops"), Cause::Server, "it has trouble (oops)"),
        ("529", refused("529 Overloaded", "", "busy"), Cause::Server, "it has trouble"),
        ("a page", vec![answer("200 OK", "content-type: text/html\r\n", "<html>")], Cause::Malformed, "`text/html`"),
        ("no JSON", vec![sse(), event("hello"), Step::Stall], Cause::Malformed, "not JSON"),
        ("other JSON", vec![sse(), event(json!({"x": 1})), Step::Stall], Cause::Malformed, "another shape"),
        ("no UTF-8", vec![sse(), chunk(b"data: \xff\n\n"), Step::Stall], Cause::Malformed, "not UTF-8"),
        (
            "an error in the stream",
            vec![sse(), half.clone(), event(json!({"error": {"type": "overloaded_error", "message": "busy"}}))],
            Cause::Server,
            "breaks off with an error (busy)",
        ),
        ("no answer", vec![Step::Stall], Cause::Stalled, "nothing came"),
        ("no words", vec![sse(), Step::Stall], Cause::Stalled, "nothing came"),
        ("a stall between words", vec![sse(), half.clone(), Step::Stall], Cause::Stalled, "nothing came"),
        ("closed at once", vec![Step::Close], Cause::CutOff, "closed the connection"),
        ("closed between events", vec![sse(), half.clone(), Step::Close], Cause::CutOff, "inside an answer"),
        ("ended without an end", vec![sse(), half.clone(), last()], Cause::CutOff, "inside an answer"),
        (
            "closed inside a line",
            vec![sse(), half.clone(), Step::Send(b"40\r\ndata: {\"cho".to_vec()), Step::Close],
            Cause::CutOff,
            "inside an answer",
        ),
        (
            "closed inside a letter",
            vec![
                sse(),
                Step::Send(format!("{:x}\r\n", multi_byte.len()).into()),
                Step::Send(multi_byte.as_bytes()[..in_letter].to_vec()),
                Step::Close,
            ],
            Cause::CutOff,
            "inside an answer",
        ),
    ]
}

#[test]
fn every_fault_has_its_cause_and_is_paid_for_once() {
    for (name, steps, cause, message) in faults() {
        let provider = Provider::that_sends(steps);
        let book = Arc::new(Book::default());
        let engine = paid_by(endpoint(Protocol::Completions, &provider.url), Some(book.clone()));
        let started = Instant::now();
        let (_, finish) = ask(&engine, &Cancel::default());
        let Finish::Failed(failure) = finish else { panic!("{name}: {finish:?}") };
        assert_eq!(failure.cause, cause, "{name}: {failure}");
        assert!(failure.message.contains(message), "{name}: {failure}");
        assert!(!failure.message.contains("secret"), "{name} quotes the prompt: {failure}");
        assert!(started.elapsed() < Duration::from_millis(1500), "{name} took {:?}", started.elapsed());
        assert_eq!(failure.retry_after, (name == "429").then_some(Duration::from_secs(7)), "{name}");
        let used = book.used.lock().unwrap();
        assert_eq!((used.len(), used[0].1.ended), (1, Ended::Failed(cause)), "{name}");
        assert_eq!(used[0].1.counted, Counted::ByUs);
    }
}

#[test]
fn nobody_there_and_no_such_name() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let failure_of =
        |url: String| failure(&remote(Endpoint { timeout_ms: 3000, ..endpoint(Protocol::Completions, &url) }));
    let nobody = failure_of(format!("http://127.0.0.1:{port}"));
    assert_eq!(nobody.cause, Cause::Unreachable, "{nobody}");
}

#[test]
fn a_connection_that_speaks_no_tls_is_a_failure_of_tls() {
    let provider = Provider::that_sends(vec![answer("200 OK", "", "")]);
    let url = provider.url.replace("http://", "https://");
    let failure = failure(&remote(endpoint(Protocol::Completions, &url)));
    assert!(matches!(failure.cause, Cause::Tls | Cause::Stalled), "{failure:?}");
}

#[test]
fn drips_and_packed_answers_are_read() {
    let whole = format!("data: {}\n\ndata: [DONE]\n\n", completion("größe + 1"));
    let drip = whole.as_bytes().chunks(1).flat_map(|byte| [chunk(byte), Step::Wait(Duration::from_micros(200))]);
    let steps: Vec<Step> = [head("text/event-stream")].into_iter().chain(drip).chain([last()]).collect();
    let provider = Provider::that_sends(steps);
    assert_eq!(text(&remote(endpoint(Protocol::Completions, &provider.url))).unwrap(), "größe + 1");

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(whole.as_bytes()).unwrap();
    let headers = "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n";
    let provider = Provider::that_sends(vec![answer("200 OK", headers, packed.finish().unwrap())]);
    assert_eq!(text(&remote(endpoint(Protocol::Completions, &provider.url))).unwrap(), "größe + 1");
}

#[test]
fn a_cancel_ends_the_request_at_the_provider() {
    let provider = Provider::that_sends(vec![head("text/event-stream"), event(completion("a +")), Step::Stall]);
    let book = Arc::new(Book::default());
    let endpoint = Endpoint { timeout_ms: 10_000, ..endpoint(Protocol::Completions, &provider.url) };
    let engine = paid_by(endpoint, Some(book.clone()));
    let cancel = Cancel::default();
    let later = cancel.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        later.cancel();
        Instant::now()
    });
    let (_, finish) = ask(&engine, &cancel);
    let took = canceller.join().unwrap().elapsed();
    assert_eq!(finish, Finish::Cancelled);
    assert!(took < Duration::from_millis(100), "{took:?}");
    assert!(provider.hung_up(1, Duration::from_secs(2)));
    let used = book.used.lock().unwrap();
    assert_eq!((used.len(), used[0].1.ended, used[0].1.counted), (1, Ended::Cancelled, Counted::ByUs));
    assert!(used[0].1.n_prompt > 0);
}

#[test]
fn a_probe_shows_nobodys_text() {
    let provider = Provider::start(|n, _| match n {
        0 => refused("500 Internal Server Error", "", "oops"),
        _ => vec![head("text/event-stream"), event(completion("x")), event("[DONE]"), last()],
    });
    let engine = remote(endpoint(Protocol::Completions, &provider.url));
    assert_eq!(engine.probe(&Cancel::default()).unwrap_err().cause, Cause::Server);
    engine.probe(&Cancel::default()).unwrap();
    let body = &provider.seen()[1].body;
    assert_eq!(body["max_tokens"], 1);
    assert!(!body.to_string().contains("add"), "{body}");
}

#[test]
fn a_request_costs_little_above_the_wire() {
    let provider =
        Provider::that_sends(vec![head("text/event-stream"), event(completion("a + b;\n")), event("[DONE]"), last()]);
    let engine = remote(endpoint(Protocol::Completions, &provider.url));
    let mut times: Vec<Duration> = (0..60)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(text(&engine).unwrap(), "a + b;");
            started.elapsed()
        })
        .collect();
    times.sort();
    // The provider's own thread, the two ways and a new connection for each (the answers are ended early) are in it; the
    // must is 5 ms above the wire, in a release build.
    assert!(times[30] < Duration::from_millis(20), "{:?}", times[30]);
    eprintln!("a remote request, all in: p50 {:?}, p90 {:?}", times[30], times[54]);
}
