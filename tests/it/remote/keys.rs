//! Keys go to the host that they were given for, and nowhere else.

use foretype::engine::Cause;
use foretype::engine::remote::{Endpoint, Protocol};
use serde_json::json;

use super::provider::{Provider, answer};
use super::{endpoint, failure, remote, text};

const KEY: &str = "not-a-real-key-0123456789";

fn completion() -> String {
    json!({"choices": [{"text": "a + b", "finish_reason": "stop"}]}).to_string()
}

fn with_key(endpoint: Endpoint) -> Endpoint {
    Endpoint { key_command: vec!["echo".to_string(), KEY.to_string()], ..endpoint }
}

#[test]
fn a_key_from_a_program_is_sent_as_bearer() {
    let provider = Provider::that_sends(vec![answer("200 OK", "content-type: application/json\r\n", completion())]);
    let engine = remote(with_key(endpoint(Protocol::Completions, &provider.url)));
    assert_eq!(text(&engine).unwrap(), "a + b");
    assert_eq!(provider.seen()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(!format!("{:?}", engine.endpoint().key_variable).contains(KEY));
}

#[test]
fn a_key_that_is_not_there_is_a_failure_before_anything_is_sent() {
    let provider = Provider::that_sends(vec![answer("200 OK", "", "")]);
    let cases = [
        (
            Endpoint {
                key_variable: "FORETYPE_TEST_NO_SUCH_KEY".to_string(),
                ..endpoint(Protocol::Chat, &provider.url)
            },
            "FORETYPE_TEST_NO_SUCH_KEY",
        ),
        (Endpoint { key_command: vec!["false".to_string()], ..endpoint(Protocol::Chat, &provider.url) }, "failed"),
        (
            Endpoint { key_command: vec!["no-such-program".to_string()], ..endpoint(Protocol::Chat, &provider.url) },
            "no-such-program",
        ),
        (Endpoint { key_command: vec!["true".to_string()], ..endpoint(Protocol::Chat, &provider.url) }, "empty"),
    ];
    for (endpoint, word) in cases {
        let failure = failure(&remote(endpoint));
        assert_eq!(failure.cause, Cause::Unauthorised);
        assert!(failure.message.contains(word), "{failure}");
    }
    assert!(provider.seen().is_empty());
}

#[test]
fn a_key_that_was_renewed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "old-key").unwrap();
    let renewed = file.clone();
    let provider = Provider::start(move |_, seen| match seen.header("authorization") {
        Some("Bearer new-key") => vec![answer("200 OK", "content-type: application/json\r\n", completion())],
        _ => {
            std::fs::write(&renewed, "new-key\n").unwrap();
            vec![answer("401 Unauthorized", "", r#"{"error": {"message": "Incorrect API key"}}"#)]
        }
    });
    let key_command = vec!["cat".to_string(), file.display().to_string()];
    let engine = remote(Endpoint { key_command, ..endpoint(Protocol::Completions, &provider.url) });
    assert_eq!(text(&engine).unwrap(), "a + b");
    assert_eq!(provider.seen().len(), 2);
}

#[test]
fn a_redirect_to_another_host_gets_nothing() {
    let thief = Provider::that_sends(vec![answer("200 OK", "content-type: application/json\r\n", completion())]);
    let location = format!("location: {}/completions\r\n", thief.url);
    let provider = Provider::that_sends(vec![answer("307 Temporary Redirect", &location, "")]);
    let failure = failure(&remote(with_key(endpoint(Protocol::Completions, &provider.url))));
    assert_eq!(failure.cause, Cause::Refused);
    assert!(failure.message.contains("another place") && !failure.message.contains(KEY), "{failure}");
    assert!(thief.seen().is_empty());
}

#[test]
fn a_redirect_within_the_host_is_followed() {
    let provider = Provider::start(|n, _| match n {
        0 => vec![answer("308 Permanent Redirect", "location: /v2/completions\r\n", "")],
        _ => vec![answer("200 OK", "content-type: application/json\r\n", completion())],
    });
    assert_eq!(text(&remote(with_key(endpoint(Protocol::Completions, &provider.url)))).unwrap(), "a + b");
    let seen = &provider.seen()[1];
    assert_eq!((seen.line.as_str(), seen.body["model"].as_str()), ("POST /v2/completions HTTP/1.1", Some("small")));
    assert!(seen.header("authorization").is_some());
}

#[test]
fn what_is_wrong_with_an_endpoint_is_said() {
    let usual = || Endpoint { model: "small".to_string(), ..Endpoint::new("team", Protocol::Completions) };
    let cases = [
        (Endpoint { model: String::new(), ..usual() }, "`model` is missing"),
        (Endpoint { url: "http://models.example/v1".to_string(), ..usual() }, "plain HTTP shows your code"),
        (Endpoint { url: "ftp://models.example".to_string(), ..usual() }, "must begin with https://"),
        (Endpoint { url: "https://me:secret@models.example".to_string(), ..usual() }, "does not belong into `url`"),
        (Endpoint { family: "gpt".to_string(), ..usual() }, "the family `gpt` is none of"),
        (Endpoint { session_header: "x y".to_string(), ..usual() }, "cannot be a header's name"),
        (Endpoint { key_variable: "A".to_string(), key_command: vec!["b".to_string()], ..usual() }, "say one of"),
    ];
    for (endpoint, message) in cases {
        let why = endpoint.check().unwrap_err();
        assert!(why.contains(message) && why.contains("`team`"), "{why}");
    }
    let plain = Endpoint { url: "http://models.example/v1".to_string(), plain_http: true, ..usual() };
    assert_eq!(plain.check(), Ok(()));
    for protocol in Protocol::ALL {
        assert_eq!(Endpoint { model: "small".to_string(), ..Endpoint::new("x", protocol) }.check(), Ok(()));
    }
}

#[test]
fn a_model_on_this_machine_may_take_longer() {
    let timeout = |url: &str, timeout_ms| endpoint_with(url, timeout_ms).timeout().as_millis();
    assert_eq!(timeout("https://models.example/v1", 0), 4000);
    assert_eq!(timeout("http://127.0.0.1:8080", 0), 30_000);
    assert_eq!(timeout("http://127.0.0.1:8080", 700), 700);
}

fn endpoint_with(url: &str, timeout_ms: u64) -> Endpoint {
    Endpoint { timeout_ms, ..endpoint(Protocol::Completions, url) }
}
