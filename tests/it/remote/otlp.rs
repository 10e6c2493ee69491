//! What requests came to, for an OpenTelemetry collector: what it is told, and which one. `collector.rs` has it sent.

use std::path::Path;
use std::time::Duration;

use foretype::engine::Cause;
use foretype::engine::purse::{Counted, Ended, Planned, Used};
use foretype::ledger::money::Options as Money;
use foretype::ledger::otlp::{Options, message};
use foretype::ledger::prices::Price;
use foretype::ledger::{Till, WorkspaceName};
use serde_json::{Value, json};

/// 2026-11-26, 12:00 in UTC, and the start of that day.
const NOON: i64 = 1_795_694_400_000;
const MIDNIGHT_NANO: &str = "1795651200000000000";

fn spend(file: &Path) {
    let price = Price { input: 1.0, cached_input: 0.1, output: 2.0 };
    let money = Money { prices: vec![("priced".to_string(), price)], ..Money::default() };
    let till = Till::new(file, money, |notice| panic!("{notice}"));
    till.set_workspace(WorkspaceName::of(Path::new("/home/me/secret-project")));
    let requests = [
        ("priced", 1000, 400, 50, Ended::Done, 100),
        ("priced", 1000, 0, 10, Ended::Cancelled, 40),
        ("priced", 0, 0, 0, Ended::Failed(Cause::Server), 7),
        ("unknown", 10, 0, 1, Ended::Done, 3),
    ];
    for (model, n_prompt, n_cached, n_said, ended, ms) in requests {
        let (provider, model) = ("team".to_string(), model.to_string());
        let planned = Planned { provider, model, language: Some("rust"), n_prompt: 1000, n_answer: 50 };
        let receipt = till.reserve_at(&planned, NOON).unwrap();
        let latency = Duration::from_millis(ms);
        till.settle_at(
            receipt,
            Used { n_prompt, n_cached, n_said, counted: Counted::ByProvider, ended, latency },
            NOON,
        );
    }
}

/// The points of a metric: their attributes beside those that all have, and their values.
fn points(message: &Value, name: &str) -> Vec<(String, Value)> {
    let metrics = message["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap();
    let metric = metrics.iter().find(|metric| metric["name"] == name).unwrap();
    let data = ["sum", "histogram"].into_iter().find_map(|kind| metric.get(kind)).unwrap();
    assert_eq!(data["aggregationTemporality"], 2, "{name}");
    let points = data["dataPoints"].as_array().unwrap().iter().map(|point| {
        let attributes = point["attributes"].as_array().unwrap().iter();
        let pairs = attributes.map(|one| (one["key"].as_str().unwrap(), one["value"]["stringValue"].as_str().unwrap()));
        let (common, own): (Vec<_>, Vec<_>) = pairs.partition(|(key, _)| {
            ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"].contains(key)
        });
        assert_eq!(common[..2], [("gen_ai.operation.name", "text_completion"), ("gen_ai.provider.name", "team")]);
        let times = (&point["startTimeUnixNano"], &point["timeUnixNano"]);
        assert_eq!(times, (&json!(MIDNIGHT_NANO), &json!(format!("{NOON}000000"))), "{name}");
        let mut value = point.clone();
        for known in ["attributes", "startTimeUnixNano", "timeUnixNano"] {
            value.as_object_mut().unwrap().remove(known);
        }
        let own: Vec<String> = own.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        (format!("{} {}", common[2].1, own.join(",")).trim().to_string(), value)
    });
    points.collect()
}

#[test]
fn a_message_says_what_the_ledger_holds_in_the_conventions_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.sqlite");
    assert_eq!(message(&file, "me", NOON).unwrap(), None, "there is nothing to say yet");
    spend(&file);
    let message = message(&file, "0123", NOON).unwrap().unwrap();

    let check = |name: &str, expected: &[(&str, Value)]| {
        let expected: Vec<(String, Value)> =
            expected.iter().map(|(own, value)| (own.to_string(), value.clone())).collect();
        assert_eq!(points(&message, name), expected, "{name}");
    };
    let int = |n: u64| json!({"asInt": n.to_string()});
    let spread = |n: u64, sum: f64| json!({"count": n.to_string(), "sum": sum});
    check(
        "foretype.remote.requests",
        &[
            ("priced foretype.ended=cancelled", int(1)),
            ("priced foretype.ended=done", int(1)),
            ("priced foretype.ended=server", int(1)),
            ("unknown foretype.ended=done", int(1)),
        ],
    );
    check(
        "gen_ai.client.token.usage",
        &[
            ("priced gen_ai.token.type=input", spread(3, 2000.0)),
            ("priced gen_ai.token.type=output", spread(3, 60.0)),
            ("unknown gen_ai.token.type=input", spread(1, 10.0)),
            ("unknown gen_ai.token.type=output", spread(1, 1.0)),
        ],
    );
    check("gen_ai.usage.cache_read.input_tokens", &[("priced", int(400)), ("unknown", int(0))]);
    // 600 + 40 + 100 and 1000 + 20 millionths.
    check("gen_ai.usage.cost", &[("priced", json!({"asDouble": 0.00176})), ("unknown", json!({"asDouble": 0.0}))]);
    check("foretype.remote.unpriced_requests", &[("priced", int(0)), ("unknown", int(1))]);
    check(
        "gen_ai.client.operation.duration",
        &[("priced error.type=server", spread(1, 0.007)), ("priced", spread(2, 0.14)), ("unknown", spread(1, 0.003))],
    );
    let resource = message["resourceMetrics"][0]["resource"].to_string();
    assert!(resource.contains(r#"{"stringValue":"foretype"}"#) && resource.contains("0123"), "{resource}");
    let text = message.to_string();
    assert!(!text.contains("secret-project") && !text.contains("rust"), "{text}");
}

#[test]
fn where_it_is_sent_is_looked_at_like_an_endpoint() {
    let to = |url: &str| Options { url: url.to_string(), ..Options::default() };
    assert_eq!(to("").target(), Ok(None));
    if !cfg!(feature = "otlp") {
        let why = to("http://127.0.0.1:4318").target().unwrap_err();
        assert!(why.contains("built with the feature `otlp`"), "{why}");
        return;
    }
    let target = |options: Options| options.target().map(|url| url.unwrap().to_string());
    assert_eq!(target(to("http://127.0.0.1:4318")), Ok("http://127.0.0.1:4318/v1/metrics".to_string()));
    assert_eq!(target(to("https://c.example/otlp/")), Ok("https://c.example/otlp/v1/metrics".to_string()));
    let plain = to("http://c.example");
    assert_eq!(target(Options { plain_http: true, ..plain.clone() }), Ok("http://c.example/v1/metrics".to_string()));
    for (options, word) in [
        (plain, "plain HTTP shows"),
        (to("collector"), "is no URL"),
        (to("ftp://c.example"), "must begin with"),
        (to("https://me:key@c.example"), "`otlp.headers_variable`"),
    ] {
        let why = target(options.clone()).unwrap_err();
        assert!(why.contains(word), "{options:?}: {why}");
    }
}
