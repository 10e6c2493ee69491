//! How long a question waits before it is sent.

use std::time::{Duration, Instant};

use foretype::engine::remote::{Endpoint, Pace, Protocol, Remote};
use foretype::engine::{Cancel, Finish};

use super::provider::{Provider, answer};
use super::{ask, endpoint};

/// The last delay of somebody who types so fast, at a provider that answers within `latency`.
fn delay_ms(interval_ms: u64, latency_ms: u64, client_waits_ms: u64) -> u128 {
    let mut pace = Pace::new(Duration::from_millis(client_waits_ms));
    let started = Instant::now();
    let mut delay = Duration::ZERO;
    for i in 0..40 {
        delay = pace.delay(started + Duration::from_millis(i * interval_ms));
        pace.answered(Duration::from_millis(latency_ms));
    }
    delay.as_millis()
}

#[test]
fn it_follows_the_typing_the_provider_and_the_editor() {
    assert_eq!(delay_ms(100, 0, 0), 75);
    // A slow provider is asked earlier, somebody slow waits no longer than 200 ms.
    assert_eq!(delay_ms(100, 200, 0), 25);
    assert_eq!(delay_ms(100, 1000, 0), 0);
    assert_eq!(delay_ms(700, 0, 0), 200);
    // An editor that has waited is not waited for once more.
    assert_eq!(delay_ms(150, 0, 75), 37);
    assert_eq!(delay_ms(300, 0, 200), 0);
    // Pauses are no typing.
    assert_eq!(delay_ms(5000, 0, 0), 135);
}

#[test]
fn a_question_that_is_taken_back_in_time_is_never_sent() {
    let provider = Provider::that_sends(vec![answer("200 OK", "content-type: application/json\r\n", "{}")]);
    let endpoint: Endpoint = endpoint(Protocol::Completions, &provider.url);
    let contexts = std::sync::Arc::new(|_: &foretype::context::Place| Default::default());
    let net = std::sync::Arc::new(foretype::engine::remote::Net::start().unwrap());
    let engine = Remote::new(endpoint, net, contexts, None, Duration::ZERO).unwrap();
    let cancel = Cancel::default();
    let later = cancel.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        later.cancel();
    });
    assert_eq!(ask(&engine, &cancel), (vec![], Finish::Cancelled));
    canceller.join().unwrap();
    assert!(provider.seen().is_empty());
}
