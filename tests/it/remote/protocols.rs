//! What each provider is asked, and what is made of its answer.

use std::sync::Arc;

use foretype::context::{Gathered, Kind, Piece, Place};
use foretype::engine::purse::{Counted, Ended};
use foretype::engine::remote::{Endpoint, Net, Protocol, Remote};
use foretype::engine::{Cancel, Finish};
use serde_json::{Value, json};

use super::provider::{Provider, Step, answer, chunk, event, head, last};
use super::{AFTER, BEFORE, Book, CLIENT_WAITS, ask, endpoint, paid_by, remote, text};

fn stream(events: &[Value]) -> Vec<Step> {
    let events = events.iter().map(event);
    [head("text/event-stream; charset=utf-8")].into_iter().chain(events).chain([event("[DONE]"), last()]).collect()
}

fn completion(text: &str, finish: Option<&str>) -> Value {
    json!({"id": "1", "object": "text_completion", "choices": [{"index": 0, "text": text, "finish_reason": finish}]})
}

#[test]
fn completions_with_a_suffix() {
    let usage = json!({"choices": [], "usage": {
        "prompt_tokens": 40, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 30},
    }});
    let provider = Provider::that_sends(stream(&[completion("a +", None), completion(" b", Some("stop")), usage]));
    let book = Arc::new(Book::default());
    let engine = paid_by(endpoint(Protocol::Completions, &format!("{}/v1", provider.url)), Some(book.clone()));
    let (said, finish) = ask(&engine, &Cancel::default());

    assert_eq!(finish, Finish::Done);
    let texts: Vec<_> = said.iter().map(|said| (said.text.as_str(), said.is_growing)).collect();
    assert_eq!(texts, [("a +", true), ("a + b", true), ("a + b", false)]);
    let seen = &provider.seen()[0];
    assert_eq!(seen.line, "POST /v1/completions HTTP/1.1");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), None);
    let expected = json!({
        "model": "small", "prompt": BEFORE, "suffix": AFTER, "max_tokens": 128, "temperature": 0, "stream": true,
        "logprobs": 1, "stream_options": {"include_usage": true},
    });
    assert_eq!(seen.body, expected);

    let planned = book.planned.lock().unwrap()[0].clone();
    assert_eq!((planned.provider.as_str(), planned.model.as_str(), planned.n_answer), ("team", "small", 128));
    let (receipt, used) = book.used.lock().unwrap()[0].clone();
    assert_eq!((receipt, used.n_prompt, used.n_cached, used.n_said), (1, 40, 30, 3));
    assert_eq!((used.counted, used.ended), (Counted::ByProvider, Ended::Done));
}

#[test]
fn completions_with_the_markers_of_a_family_and_other_files() {
    let provider = Provider::that_sends(stream(&[completion("a + b", Some("stop"))]));
    let endpoint = Endpoint {
        family: "qwen".to_string(),
        session_header: "x-session-id".to_string(),
        ..endpoint(Protocol::Completions, &provider.url)
    };
    let contexts = Arc::new(|_: &Place| Gathered {
        repository: "sums".to_string(),
        path: "src/add.rs".into(),
        pieces: vec![Piece {
            kind: Kind::Edits,
            path: "src/sub.rs".into(),
            text: "fn sub() {}\n".to_string(),
            score: 1.0,
            reason: "lately".to_string(),
        }],
    });
    let engine = Remote::new(endpoint, Arc::new(Net::start().unwrap()), contexts, None, CLIENT_WAITS).unwrap();
    assert_eq!(text(&engine).unwrap(), "a + b");
    // Until the end of the stream is read, its connection is not free.
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(text(&engine).unwrap(), "a + b");
    let seen = provider.seen();
    let prompt = seen[0].body["prompt"].as_str().unwrap();
    let (files, hole) = prompt.split_once("<|fim_prefix|>").unwrap();
    assert!(
        files.starts_with("<|repo_name|>sums\n<|file_sep|>src/sub.rs\n") && files.contains("fn sub() {}"),
        "{files}"
    );
    assert_eq!(hole, format!("{BEFORE}<|fim_suffix|>{AFTER}<|fim_middle|>"));
    assert_eq!(seen[0].body.get("suffix"), None);
    // The server that has read this prompt reads the next one, too.
    assert!(seen[0].header("x-session-id").is_some());
    assert_eq!(seen[0].header("x-session-id"), seen[1].header("x-session-id"));
    assert_eq!(provider.n_connections(), 1);
}

#[test]
fn a_text_with_the_familys_own_marker_stays_here() {
    let provider = Provider::that_sends(stream(&[completion("x", Some("stop"))]));
    let endpoint = Endpoint { family: "qwen".to_string(), ..endpoint(Protocol::Completions, &provider.url) };
    let engine = remote(endpoint);
    let document = super::document("let marker = \"<|fim_suffix|>\";\nlet x = ");
    let ask = foretype::engine::Ask::at(&document, document.text.len());
    use foretype::engine::Engine;
    let finish = engine.generate(&ask, &Cancel::default(), &mut |_| std::ops::ControlFlow::Continue(()));
    assert!(matches!(&finish, Finish::Silent(why) if why.contains("<|fim_suffix|>")), "{finish:?}");
    assert!(provider.seen().is_empty());
}

#[test]
fn probabilities_become_chances() {
    let logprobs = json!({"tokens": ["a", " + b"], "token_logprobs": [-0.1, -2.0]});
    let sure = json!({"choices": [{"text": "a + b", "logprobs": logprobs, "finish_reason": "stop"}]});
    let provider = Provider::that_sends(stream(&[sure]));
    let (said, _) = ask(&remote(endpoint(Protocol::Completions, &provider.url)), &Cancel::default());
    let said = said.last().unwrap();
    assert_eq!(said.pieces.iter().map(|(end, _)| *end).collect::<Vec<_>>(), [1, 5]);
    assert!(said.confidence < 0.1, "{}", said.confidence);

    let provider = Provider::that_sends(stream(&[completion("a + b", Some("stop"))]));
    let (said, _) = ask(&remote(endpoint(Protocol::Completions, &provider.url)), &Cancel::default());
    assert_eq!((said[0].pieces.len(), said[0].confidence), (0, 0.45));
}

#[test]
fn infill() {
    let end = json!({
        "content": "", "stop": true, "tokens_predicted": 3, "tokens_evaluated": 40, "tokens_cached": 25,
    });
    let first = json!({"content": "a + b", "stop": false, "completion_probabilities": [
        {"id": 1, "token": "a", "logprob": -0.1}, {"id": 2, "token": " + b", "logprob": -0.2},
    ]});
    let provider = Provider::that_sends(stream(&[first, end]));
    let book = Arc::new(Book::default());
    let endpoint = Endpoint { model: String::new(), ..endpoint(Protocol::Infill, &provider.url) };
    let engine = paid_by(endpoint, Some(book.clone()));
    let (said, _) = ask(&engine, &Cancel::default());
    assert_eq!((said.last().unwrap().text.as_str(), said.last().unwrap().pieces.len()), ("a + b", 2));
    let seen = &provider.seen()[0];
    assert_eq!(seen.line, "POST /infill HTTP/1.1");
    let expected = json!({
        "input_prefix": BEFORE, "input_suffix": AFTER, "input_extra": [], "prompt": "", "n_predict": 128,
        "temperature": 0, "stream": true, "cache_prompt": true, "n_probs": 1,
    });
    assert_eq!(seen.body, expected);
    let used = book.used.lock().unwrap()[0].1.clone();
    assert_eq!((used.n_prompt, used.n_cached, used.n_said), (40, 25, 3));
}

#[test]
fn ollama_sends_lines() {
    let lines = [
        json!({"model": "small", "response": "a + ", "done": false}),
        json!({"model": "small", "response": "b", "done": false}),
        json!({"model": "small", "response": "", "done": true, "prompt_eval_count": 20, "eval_count": 3}),
    ];
    let lines = lines.iter().map(|line| chunk(format!("{line}\n")));
    let steps: Vec<Step> = [head("application/x-ndjson")].into_iter().chain(lines).chain([last()]).collect();
    let provider = Provider::that_sends(steps);
    let book = Arc::new(Book::default());
    let engine = paid_by(endpoint(Protocol::Ollama, &provider.url), Some(book.clone()));
    assert_eq!(text(&engine).unwrap(), "a + b");
    let seen = &provider.seen()[0];
    assert_eq!(seen.line, "POST /api/generate HTTP/1.1");
    let expected = json!({
        "model": "small", "prompt": BEFORE, "suffix": AFTER, "stream": true,
        "options": {"temperature": 0, "num_predict": 128},
    });
    assert_eq!(seen.body, expected);
    assert_eq!(book.used.lock().unwrap()[0].1.n_prompt, 20);
}

#[test]
fn mistral() {
    let delta =
        |text: &str, finish: Option<&str>| json!({"choices": [{"delta": {"content": text}, "finish_reason": finish}]});
    let mut end = delta("b", Some("stop"));
    end["usage"] = json!({"prompt_tokens": 30, "completion_tokens": 3});
    let provider = Provider::that_sends(stream(&[delta("a + ", None), end]));
    let engine = remote(endpoint(Protocol::Mistral, &format!("{}/v1/", provider.url)));
    assert_eq!(text(&engine).unwrap(), "a + b");
    let seen = &provider.seen()[0];
    assert_eq!(seen.line, "POST /v1/fim/completions HTTP/1.1");
    let expected = json!({
        "model": "small", "prompt": BEFORE, "suffix": AFTER, "max_tokens": 128, "temperature": 0, "stream": true,
    });
    assert_eq!(seen.body, expected);
}

#[test]
fn chat_models_are_asked_in_words() {
    let delta =
        |text: &str| json!({"choices": [{"delta": {"role": "assistant", "content": text}, "finish_reason": null}]});
    let said = ["```", "rust\n", "a + b", "\n```"].map(delta);
    let provider = Provider::that_sends(stream(&said));
    assert_eq!(text(&remote(endpoint(Protocol::Chat, &provider.url))).unwrap(), "a + b");
    let seen = &provider.seen()[0];
    assert_eq!(seen.line, "POST /chat/completions HTTP/1.1");
    let asked = seen.body["messages"][1]["content"].as_str().unwrap();
    assert_eq!(asked, format!("The file (rust):\n{BEFORE}<|hole|>{AFTER}"));
}

#[test]
fn anthropic() {
    let events = [
        json!({"type": "message_start", "message": {"usage": {
            "input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1,
        }}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a + b"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ];
    let named = |event: &Value| chunk(format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    let steps: Vec<Step> =
        [head("text/event-stream")].into_iter().chain(events.iter().map(named)).chain([last()]).collect();
    let provider = Provider::that_sends(steps);
    let book = Arc::new(Book::default());
    let key_command = vec!["echo".to_string(), "secret-key-1".to_string()];
    let endpoint = Endpoint { key_command, ..endpoint(Protocol::Anthropic, &provider.url) };
    let engine = paid_by(endpoint, Some(book.clone()));
    assert_eq!(text(&engine).unwrap(), "a + b");
    let seen = &provider.seen()[0];
    assert_eq!(seen.line, "POST /v1/messages HTTP/1.1");
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (Some("secret-key-1"), None));
    assert!(seen.header("anthropic-version").is_some());
    let used = book.used.lock().unwrap()[0].1.clone();
    assert_eq!((used.n_prompt, used.n_cached, used.n_said, used.counted), (100, 90, 5, Counted::ByProvider));
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let body = json!({
        "choices": [{"text": "a + b", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    });
    let provider = Provider::that_sends(vec![answer("200 OK", "content-type: application/json\r\n", body.to_string())]);
    assert_eq!(text(&remote(endpoint(Protocol::Completions, &provider.url))).unwrap(), "a + b");
}

#[test]
fn an_answer_that_is_long_enough_is_ended() {
    // A statement that opens no block, then chatter without an end.
    let more = [
        head("text/event-stream"),
        event(completion("a + b;\n", None)),
        event(completion("chatter", None)),
        Step::Stall,
    ];
    let provider = Provider::that_sends(more.to_vec());
    let book = Arc::new(Book::default());
    let engine = paid_by(endpoint(Protocol::Completions, &provider.url), Some(book.clone()));
    assert_eq!(text(&engine).unwrap(), "a + b;");
    assert!(provider.hung_up(1, std::time::Duration::from_secs(2)));
    let used = book.used.lock().unwrap()[0].1.clone();
    assert_eq!((used.counted, used.ended), (Counted::ByUs, Ended::Done));
    assert!(used.n_prompt > 0 && used.n_said > 0);
}
