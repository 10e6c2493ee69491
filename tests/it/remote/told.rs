//! A provider's model that is told in words what to do.

use std::sync::Arc;

use foretype::engine::purse::Counted;
use foretype::engine::remote::Protocol;
use foretype::engine::{Cancel, Cause, Engine, Finish, Wish};
use serde_json::json;

use super::provider::{Provider, answer, chunk, event, head, last};
use super::{Book, endpoint, paid_by, remote};

const WISH: Wish = Wish {
    instruction: "Make it better.",
    text: "fn a() {}",
    likely: "fn a() {}",
    fence: "```",
    language: Some("rust"),
    max_tokens: 300,
};

#[test]
fn a_chat_model_answers_in_full() {
    let delta =
        |text: &str, end: Option<&str>| json!({"choices": [{"delta": {"content": text}, "finish_reason": end}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 9}});
    let events = [delta("```\nfn b", None), delta("() {}\n```", Some("stop")), usage].map(event);
    let steps = [head("text/event-stream")].into_iter().chain(events).chain([event("[DONE]"), last()]).collect();
    let provider = Provider::that_sends(steps);
    let book = Arc::new(Book::default());
    let engine = paid_by(endpoint(Protocol::Chat, &provider.url), Some(book.clone()));
    assert_eq!(engine.told(&WISH, &Cancel::default()), Ok("```\nfn b() {}\n```".to_string()));
    let expected = json!({
        "model": "small", "max_tokens": 300, "temperature": 0, "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "system", "content": "Make it better."}, {"role": "user", "content": "fn a() {}"}],
    });
    assert_eq!(provider.seen()[0].body, expected);
    assert_eq!(book.planned.lock().unwrap()[0].n_answer, 300);
    let used = book.used.lock().unwrap()[0].1.clone();
    assert_eq!((used.n_prompt, used.n_said, used.counted), (50, 9, Counted::ByProvider));
}

#[test]
fn anthropic_and_ollama_get_the_instruction_apart() {
    let events = [json!({"type": "content_block_delta", "delta": {"text": "done"}}), json!({"type": "message_stop"})];
    let events = events.into_iter().map(event);
    let provider =
        Provider::that_sends([head("text/event-stream")].into_iter().chain(events).chain([last()]).collect());
    assert_eq!(
        remote(endpoint(Protocol::Anthropic, &provider.url)).told(&WISH, &Cancel::default()),
        Ok("done".to_string())
    );
    assert_eq!(provider.seen()[0].body["system"], "Make it better.");

    let line = json!({"response": "done", "done": true}).to_string() + "\n";
    let provider = Provider::that_sends(vec![head("application/x-ndjson"), chunk(line), last()]);
    assert_eq!(
        remote(endpoint(Protocol::Ollama, &provider.url)).told(&WISH, &Cancel::default()),
        Ok("done".to_string())
    );
    let body = &provider.seen()[0].body;
    assert_eq!((&body["system"], &body["prompt"]), (&json!("Make it better."), &json!("fn a() {}")));
}

#[test]
fn who_only_fills_in_is_not_asked_and_a_failure_has_its_cause() {
    let provider = Provider::that_sends(vec![answer("503 Service Unavailable", "", "")]);
    for protocol in [Protocol::Completions, Protocol::Infill, Protocol::Mistral] {
        let told = remote(endpoint(protocol, &provider.url)).told(&WISH, &Cancel::default());
        assert!(matches!(told, Err(Finish::Silent(_))), "{told:?}");
    }
    assert_eq!(provider.seen().len(), 0);
    match remote(endpoint(Protocol::Chat, &provider.url)).told(&WISH, &Cancel::default()) {
        Err(Finish::Failed(failure)) => assert_eq!(failure.cause, Cause::Server),
        other => panic!("{other:?}"),
    }
    let cancelled = Cancel::default();
    cancelled.cancel();
    let told = remote(endpoint(Protocol::Chat, &provider.url)).told(&WISH, &cancelled);
    assert_eq!(told, Err(Finish::Cancelled));
}
