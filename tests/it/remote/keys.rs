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

/// Without the feature `keyring`.
#[cfg(not(feature = "keyring"))]
mod without_keyring {
    use super::*;

    #[test]
    fn a_key_in_the_keyring_needs_a_build_that_can() {
        let endpoint = Endpoint { key_keyring: "team".to_string(), ..endpoint(Protocol::Chat, "http://127.0.0.1:9") };
        let why = endpoint.check().unwrap_err();
        assert!(why.contains("the endpoint `team`: `key_keyring`: ") && why.contains("--features keyring"), "{why}");
        assert!(why.contains("`key_variable` or `key_command`"), "{why}");
        let home = tempfile::tempdir().unwrap();
        let output = crate::binary::command(home.path()).args(["key", "set", "team"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("--features keyring"), "{said}");
    }
}

#[cfg(feature = "keyring")]
mod with_keyring {
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::sync::Once;

    use foretype::engine::remote::keyring;

    use super::*;

    /// A keyring of this process alone, in the place of the system's.
    fn use_a_keyring_in_memory() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| keyring_core::set_default_store(keyring_core::mock::Store::new().unwrap()));
    }

    #[test]
    fn a_key_from_the_keyring_is_sent_and_read_again_when_it_is_refused() {
        use_a_keyring_in_memory();
        let name = "renewed";
        keyring::store(name, "old-key").unwrap();
        let provider = Provider::start(move |_, seen| match seen.header("authorization") {
            Some("Bearer new-key") => vec![answer("200 OK", "content-type: application/json\r\n", completion())],
            _ => {
                keyring::store(name, "new-key").unwrap();
                vec![answer("401 Unauthorized", "", r#"{"error": {"message": "Incorrect API key"}}"#)]
            }
        });
        let key_keyring = name.to_string();
        let engine = remote(Endpoint { key_keyring, ..endpoint(Protocol::Completions, &provider.url) });
        assert_eq!(text(&engine).unwrap(), "a + b");
        assert_eq!(provider.seen().len(), 2);
    }

    #[test]
    fn a_key_that_the_keyring_does_not_hold_is_a_failure_before_anything_is_sent() {
        use_a_keyring_in_memory();
        let provider = Provider::that_sends(vec![answer("200 OK", "", "")]);
        let key_keyring = "nobody-s".to_string();
        let failure = failure(&remote(Endpoint { key_keyring, ..endpoint(Protocol::Chat, &provider.url) }));
        assert_eq!(failure.cause, Cause::Unauthorised);
        assert!(failure.message.contains("`foretype key set nobody-s`"), "{failure}");
        assert!(provider.seen().is_empty());
        keyring::store("short-lived", KEY).unwrap();
        assert_eq!(keyring::read("short-lived").as_deref(), Ok(KEY));
        assert_eq!(keyring::remove("short-lived"), Ok(true));
        assert_eq!(keyring::remove("short-lived"), Ok(false));
    }

    fn set(change: impl FnOnce(&mut Command)) -> (Option<i32>, String) {
        let home = tempfile::tempdir().unwrap();
        let mut command = crate::binary::command(home.path());
        command.args(["key", "set", "team"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(format!("{KEY}\n").as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        (output.status.code(), said)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn without_a_keyring_the_next_step_is_told() {
        let (code, said) = set(|command| {
            command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        });
        assert_eq!(code, Some(2));
        assert!(said.contains("Secret Service") && said.contains("`key_command`") && !said.contains(KEY), "{said}");
    }
}
