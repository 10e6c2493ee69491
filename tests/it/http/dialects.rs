//! What the programs that ask understand: OpenAI, Mistral, Ollama, llama.cpp, and what Zed insists on.

use serde_json::{Value, json};

use super::{Scene, TEXT, around, qwen};

/// What Zed sends for ghost text.
fn of_zed(prefix: &str, suffix: &str) -> Value {
    let stop = ["<|endoftext|>", "<|file_separator|>", "<|fim_pad|>"];
    json!({"model": "qwen2.5-coder", "prompt": qwen(prefix, suffix), "max_tokens": 256, "stop": stop})
}

#[test]
fn zed_gets_every_member_that_it_insists_on() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    let answer = scene.post("/v1/completions", of_zed(prefix, suffix));
    assert!(answer.header.contains("content-type: application/json"), "{}", answer.header);
    let whole = |text: &str, (number, prompt, completion): (u32, u32, u32)| {
        format!(
            r#"{{"choices":[{{"finish_reason":"stop","index":0,"logprobs":null,"text":"{text}"}}],"created":0,"id":"cmpl-{number}","model":"qwen2.5-coder","object":"text_completion","usage":{{"completion_tokens":{completion},"prompt_tokens":{prompt},"total_tokens":{}}}}}"#,
            prompt + completion
        )
    };
    let n_tokens = TEXT.len().div_ceil(4) as u32;
    assert_eq!(answer.without_times(), whole("items.len();", (1, n_tokens, 3)));
    // No suggestion is an empty text, not an error: Zed would write that into its log at every key.
    let nothing = scene.post("/v1/completions", of_zed("fn nothing() {\n    let k = ", "\n}"));
    assert_eq!((nothing.status, nothing.without_times()), (200, whole("", (2, 8, 0))));
}

#[test]
fn every_shape_of_prompt_that_zed_knows_finds_the_document() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    for prompt in [
        format!("<PRE> {prefix} <SUF>{suffix} <MID>"),
        format!("<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>"),
        format!("<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>"),
        qwen(prefix, suffix),
        format!("[SUFFIX]{suffix}[PREFIX]{prefix}"),
        format!("<|code_prefix|>{prefix}<|code_suffix|>{suffix}<|code_middle|>"),
    ] {
        let answer = scene.post("/v1/completions", json!({"prompt": prompt}));
        assert_eq!(answer.json()["choices"][0]["text"], "items.len();", "{prompt}");
    }
    let rewrite = scene.post("/v1/completions", json!({"prompt": "a<|user_cursor_is_here|>b"}));
    assert_eq!(rewrite.status, 400);
    assert!(rewrite.body.contains("set `prompt_format` to `qwen`"), "{}", rewrite.body);
}

#[test]
fn the_other_dialects_in_whole() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    let n = TEXT.len().div_ceil(4);
    let mistral = scene.post("/v1/fim/completions", json!({"model": "m", "prompt": prefix, "suffix": suffix}));
    assert_eq!(
        mistral.without_times(),
        format!(
            r#"{{"choices":[{{"finish_reason":"stop","index":0,"message":{{"content":"items.len();","prefix":false,"role":"assistant","tool_calls":null}}}}],"created":0,"id":"fim-1","model":"m","object":"chat.completion","usage":{{"completion_tokens":3,"prompt_tokens":{n},"total_tokens":{}}}}}"#,
            n + 3
        )
    );
    let raw = json!({"model": "m", "prompt": qwen(prefix, suffix), "raw": true, "stream": false, "options": {"stop": ["len"]}});
    let ollama = scene.post("/api/generate", raw);
    assert_eq!(
        ollama.without_times(),
        format!(
            r#"{{"context":[],"created_at":"0","done":true,"done_reason":"stop","eval_count":2,"model":"m","prompt_eval_count":{n},"response":"items."}}"#
        )
    );
    let (before, typed) = prefix.split_at(prefix.len() - 4);
    let infill = scene.post("/infill", json!({"input_prefix": before, "prompt": typed, "input_suffix": suffix}));
    assert_eq!(infill.json()["content"], "items.len();");
    assert_eq!(infill.json()["stop"], true);
}

#[test]
fn a_stream_is_one_piece_and_an_end() {
    let scene = Scene::items();
    let (prefix, suffix) = around();
    let n = TEXT.len().div_ceil(4);
    let body = json!({"model": "m", "prompt": prefix, "suffix": suffix, "stream": true});
    let openai = scene.post("/v1/completions", body.clone());
    assert!(openai.header.contains("content-type: text/event-stream"), "{}", openai.header);
    assert_eq!(
        openai.without_times(),
        format!(
            "data: {{\"choices\":[{{\"finish_reason\":null,\"index\":0,\"logprobs\":null,\"text\":\"items.len();\"}}],\
             \"created\":0,\"id\":\"cmpl-1\",\"model\":\"m\",\"object\":\"text_completion\"}}\n\n\
             data: {{\"choices\":[{{\"finish_reason\":\"stop\",\"index\":0,\"logprobs\":null,\"text\":\"\"}}],\
             \"created\":0,\"id\":\"cmpl-1\",\"model\":\"m\",\"object\":\"text_completion\",\
             \"usage\":{{\"completion_tokens\":3,\"prompt_tokens\":{n},\"total_tokens\":{}}}}}\n\ndata: [DONE]\n\n",
            n + 3
        )
    );
    let mistral = scene.post("/v1/fim/completions", body.clone());
    let first: Value =
        serde_json::from_str(mistral.body.lines().next().unwrap().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(first["choices"][0]["delta"]["content"], "items.len();");
    assert!(mistral.body.ends_with("data: [DONE]\n\n"));
    // Ollama streams unless it is told not to.
    let ollama = scene.post("/api/generate", json!({"model": "m", "prompt": prefix, "suffix": suffix}));
    let lines: Vec<Value> = ollama.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(ollama.header.contains("content-type: application/x-ndjson"), "{}", ollama.header);
    assert_eq!((&lines[0]["response"], &lines[0]["done"]), (&json!("items.len();"), &json!(false)));
    assert_eq!((&lines[1]["response"], &lines[1]["done"], lines.len()), (&json!(""), &json!(true), 2));
}
