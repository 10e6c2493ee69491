//! What the ledger says that an endpoint has cost, beside the endpoint's own count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foretype::engine::remote::{Endpoint, Protocol};
use foretype::engine::{Cancel, Finish};
use foretype::ledger::money::{Budget, Options};
use foretype::ledger::prices::Price;
use foretype::ledger::{self, Till};
use serde_json::json;

use super::provider::{Provider, Step, answer, event, head, last};
use super::{ask, endpoint, paid_by};

const N_REQUESTS: usize = 400;
const PRICE: Price = Price { input: 3.0, cached_input: 0.5, output: 12.0 };

fn options(budgets: Vec<Budget>) -> Options {
    Options { prices: vec![("team/small".to_string(), PRICE)], own_providers: Vec::new(), budgets }
}

/// Answers, faults and stalls in turn; `counted` gets what it says that an answer took.
fn provider(counted: Arc<Mutex<[u64; 3]>>) -> Provider {
    let n_asked = AtomicU64::new(0);
    Provider::start(move |_, _| {
        let n = n_asked.fetch_add(1, Ordering::SeqCst);
        match n % 10 {
            3 => vec![answer("500 Internal Server Error", "", "{}")],
            6 => vec![answer("429 Too Many Requests", "", "{}")],
            8 => vec![Step::Stall],
            _ => {
                let (prompt, cached, said) = (500 + n, n % 100, 10 + n % 7);
                let mut sums = counted.lock().unwrap();
                for (sum, one) in sums.iter_mut().zip([prompt, cached, said]) {
                    *sum += one;
                }
                let usage = json!({"choices": [], "usage": {
                    "prompt_tokens": prompt, "completion_tokens": said,
                    "prompt_tokens_details": {"cached_tokens": cached},
                }});
                let text = json!({"choices": [{"text": "a + b", "finish_reason": "stop"}]});
                vec![head("text/event-stream"), event(text), event(usage), event("[DONE]"), last()]
            }
        }
    })
}

#[test]
fn the_cost_is_what_the_endpoint_counts() {
    let counted = Arc::<Mutex<[u64; 3]>>::default();
    let provider = provider(counted.clone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    let till = Arc::new(Till::new(&file, options(Vec::new()), |notice| panic!("{notice}")));
    // Only the user gives up what stalls.
    let endpoint = Endpoint { timeout_ms: 30_000, ..endpoint(Protocol::Completions, &provider.url) };
    let engine = paid_by(endpoint, Some(till));
    let (mut n_done, mut n_cancelled, mut n_failed) = (0, 0, 0);
    for i in 0..N_REQUESTS {
        let cancel = Cancel::default();
        // What stalls is given up by the user.
        if i % 10 == 8 {
            let later = cancel.clone();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(10));
                later.cancel();
            });
        }
        match ask(&engine, &cancel).1 {
            Finish::Done => n_done += 1,
            Finish::Cancelled => n_cancelled += 1,
            Finish::Failed(_) => n_failed += 1,
            Finish::Silent(why) => panic!("{why}"),
        }
    }
    assert_eq!((n_done, n_cancelled, n_failed), (280, 40, 80));
    let costs = ledger::costs(&file, 1, &options(Vec::new())).unwrap().unwrap();
    assert_eq!(costs.all.requests, N_REQUESTS as u64);
    assert_eq!((costs.endings["done"], costs.endings["cancelled"]), (280, 40));
    // A cancelled request is counted by us: the prompt was on its way.
    let [prompt, cached, said] = *counted.lock().unwrap();
    let ours = costs.all.input_tokens - prompt;
    assert!(ours > 0 && ours.is_multiple_of(40), "{ours}");
    assert_eq!((costs.all.cached_input_tokens, costs.all.output_tokens), (cached, said));
    let theirs =
        (prompt - cached) as f64 * PRICE.input + cached as f64 * PRICE.cached_input + said as f64 * PRICE.output;
    let expected = (theirs + ours as f64 * PRICE.input) / 1e6;
    let cost = costs.all.cost.unwrap();
    // Each request is kept in whole millionths of a dollar.
    assert!((cost - expected).abs() <= N_REQUESTS as f64 * 0.5e-6, "{cost} for {expected}");
}

#[test]
fn a_spent_budget_sends_nothing_more() {
    let provider = provider(Arc::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    let budget = Budget { provider: "team".to_string(), per_day_usd: Some(0.02), per_month_usd: None };
    let notices = Arc::<Mutex<Vec<String>>>::default();
    let heard = notices.clone();
    let till = Till::new(&file, options(vec![budget]), move |notice| heard.lock().unwrap().push(notice));
    let engine = paid_by(endpoint(Protocol::Completions, &provider.url), Some(Arc::new(till)));
    let refused = (0..100).find_map(|_| match ask(&engine, &Cancel::default()).1 {
        Finish::Failed(failure) if failure.cause == foretype::engine::Cause::Budget => Some(failure),
        _ => None,
    });
    assert!(refused.expect("the budget ends").message.contains("team"));
    let n_sent = provider.seen().len();
    for _ in 0..5 {
        assert!(matches!(ask(&engine, &Cancel::default()).1, Finish::Failed(_)));
    }
    assert_eq!(provider.seen().len(), n_sent);
    let spent = ledger::costs(&file, 1, &options(Vec::new())).unwrap().unwrap().all.cost.unwrap();
    assert!(spent <= 0.02, "{spent}");
    assert!(!notices.lock().unwrap().is_empty(), "the user is told");
}
