//! The endpoints that the readme shows, each asked as it is written there but for the host and the key.

use foretype::engine::remote::{Endpoint, Protocol};
use serde_json::json;
use url::Url;

use super::provider::{Provider, answer};
use super::{remote, text};

/// The entries of its table.
fn entries() -> Vec<Endpoint> {
    let readme = include_str!("../../../README.md");
    let entries = readme.lines().filter_map(|line| line.split_once("| `{ name = ").map(|(_, rest)| rest));
    let entries = entries.map(|rest| format!("endpoint = {{ name = {}", rest.trim_end().trim_end_matches("` |")));
    entries
        .map(|entry| toml::from_str::<toml::Table>(&entry).unwrap()["endpoint"].clone().try_into().unwrap())
        .collect()
}

#[test]
fn each_works_as_it_is_written() {
    let body = json!({
        "choices": [{"text": "a + b", "message": {"content": "a + b"}, "finish_reason": "stop"}],
        "content": "a + b", "stop": true, "response": "a + b", "done": true,
    });
    let mut protocols = Vec::new();
    for entry in entries() {
        assert_eq!(entry.check(), Ok(()), "{}", entry.name);
        let content_type = "content-type: application/json\r\n";
        let provider = Provider::that_sends(vec![answer("200 OK", content_type, body.to_string())]);
        let base = entry.base().unwrap();
        let mut here = Url::parse(&provider.url).unwrap();
        here.set_path(base.path());
        let has_key = !entry.key_variable.is_empty() || !entry.key_command.is_empty();
        let key_command = if has_key { vec!["echo".to_string(), "a-key".to_string()] } else { Vec::new() };
        let (url, key_variable) = (here.to_string(), String::new());
        let endpoint = Endpoint { url, key_variable, key_command, ..entry };
        let (name, protocol, header) = (endpoint.name.clone(), endpoint.protocol, endpoint.session_header.clone());
        assert_eq!(text(&remote(endpoint)).unwrap(), "a + b", "{name}");
        let seen = &provider.seen()[0];
        let path = format!("{}/{}", base.path().trim_end_matches('/'), protocol.path());
        assert_eq!(seen.line, format!("POST {path} HTTP/1.1"), "{name}");
        assert_eq!(seen.header("authorization").is_some(), has_key, "{name}");
        assert!(header.is_empty() || seen.header(&header).is_some(), "{name}");
        protocols.push(protocol);
    }
    for protocol in Protocol::ALL.into_iter().filter(|protocol| *protocol != Protocol::Anthropic) {
        assert!(protocols.contains(&protocol), "{protocol:?} is not shown");
    }
}
