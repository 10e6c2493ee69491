//! What providers want to be asked, and how they answer: a body for a question, a piece of text for an event.
//!
//! Sources: the API references of OpenAI, Mistral, DeepSeek and Anthropic; `tools/server/README.md` of llama.cpp;
//! `docs/api.md` of Ollama; vLLM's OpenAI-compatible server. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure;
use super::question::Question;
use crate::engine::{Cause, Failure};
use crate::prompt::Family;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// `POST completions`, as OpenAI had it and vLLM, llama.cpp, TGI and DeepSeek have it: with a `suffix`, or with the
    /// markers of a model's family in the prompt.
    Completions,
    /// `POST infill` of llama.cpp's server, which knows its model's markers.
    Infill,
    /// `POST api/generate` of Ollama.
    Ollama,
    /// `POST fim/completions` of Mistral.
    Mistral,
    /// `POST chat/completions`: models that were not trained to fill in are asked in words.
    Chat,
    /// `POST v1/messages` of Anthropic, likewise.
    Anthropic,
}

/// What one event says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    pub text: String,
    /// The tokens of `text` by their lengths in bytes, with the natural logarithms of their probabilities, where told.
    pub tokens: Vec<(usize, f32)>,
    pub usage: Option<Usage>,
    /// The text is whole; the count of tokens may follow.
    pub is_finished: bool,
    /// Nothing follows.
    pub is_last: bool,
}

/// In tokens, by the provider's count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub n_prompt: u64,
    /// Of the prompt, found in the provider's cache.
    pub n_cached: u64,
    pub n_said: u64,
}

impl Protocol {
    pub const ALL: [Protocol; 6] = [
        Protocol::Completions,
        Protocol::Infill,
        Protocol::Ollama,
        Protocol::Mistral,
        Protocol::Chat,
        Protocol::Anthropic,
    ];

    /// Where it is found unless the settings say otherwise.
    pub fn usual_url(self) -> &'static str {
        match self {
            Protocol::Completions => "http://127.0.0.1:8000/v1",
            Protocol::Infill => "http://127.0.0.1:8080",
            Protocol::Ollama => "http://127.0.0.1:11434",
            Protocol::Mistral => "https://codestral.mistral.ai/v1",
            Protocol::Chat => "https://api.openai.com/v1",
            Protocol::Anthropic => "https://api.anthropic.com",
        }
    }

    /// Below the endpoint's URL.
    pub fn path(self) -> &'static str {
        match self {
            Protocol::Completions => "completions",
            Protocol::Infill => "infill",
            Protocol::Ollama => "api/generate",
            Protocol::Mistral => "fim/completions",
            Protocol::Chat => "chat/completions",
            Protocol::Anthropic => "v1/messages",
        }
    }

    /// Whether the model is told in words what to do, and may answer in words.
    pub fn is_chat(self) -> bool {
        matches!(self, Protocol::Chat | Protocol::Anthropic)
    }

    /// Whether the provider needs to be told which model.
    pub fn needs_model(self) -> bool {
        !matches!(self, Protocol::Infill)
    }

    pub fn body(self, question: &Question, model: &str, family: Option<Family>) -> Value {
        let Question { prefix, suffix, max_tokens, .. } = question;
        let stops = question.stops();
        match self {
            Protocol::Completions => {
                let mut body = json!({
                    "model": model, "max_tokens": max_tokens, "temperature": 0, "stream": true, "logprobs": 1,
                    "stream_options": {"include_usage": true},
                });
                match family {
                    Some(family) => body["prompt"] = question.rendered(family).into(),
                    None => {
                        body["prompt"] = prefix.as_str().into();
                        body["suffix"] = suffix.as_str().into();
                    }
                }
                with_stops(body, "stop", &stops)
            }
            Protocol::Infill => {
                let extra = question.files.iter().map(|file| json!({"filename": file.path, "text": file.text}));
                let body = json!({
                    "input_prefix": prefix, "input_suffix": suffix, "input_extra": extra.collect::<Vec<_>>(),
                    "prompt": "", "n_predict": max_tokens, "temperature": 0, "stream": true, "cache_prompt": true,
                    "n_probs": 1,
                });
                with_stops(body, "stop", &stops)
            }
            Protocol::Ollama => {
                let options = json!({"temperature": 0, "num_predict": max_tokens});
                let mut body = json!({"model": model, "stream": true, "options": with_stops(options, "stop", &stops)});
                match family {
                    Some(family) => {
                        body["prompt"] = question.rendered(family).into();
                        body["raw"] = true.into();
                    }
                    None => {
                        body["prompt"] = prefix.as_str().into();
                        body["suffix"] = suffix.as_str().into();
                    }
                }
                body
            }
            Protocol::Mistral => {
                let body = json!({
                    "model": model, "prompt": question.headed("+++++ ", "\n\n") + prefix, "suffix": suffix,
                    "max_tokens": max_tokens, "temperature": 0, "stream": true,
                });
                with_stops(body, "stop", &stops)
            }
            Protocol::Chat => json!({
                "model": model, "max_tokens": max_tokens, "temperature": 0, "stream": true,
                "stream_options": {"include_usage": true},
                "messages": [
                    {"role": "system", "content": question.instruction()},
                    {"role": "user", "content": question.in_words()},
                ],
            }),
            Protocol::Anthropic => json!({
                "model": model, "max_tokens": max_tokens, "temperature": 0, "stream": true,
                "system": question.instruction(),
                "messages": [{"role": "user", "content": question.in_words()}],
            }),
        }
    }

    /// Reads the data of one event.
    pub fn read(self, data: &str) -> Result<Chunk, Failure> {
        if data.trim() == "[DONE]" {
            return Ok(Chunk { is_last: true, ..Chunk::default() });
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|_| Failure::new(Cause::Malformed, "it sends something that is not JSON"))?;
        if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
            return Err(failure::in_stream(error));
        }
        let chunk = match self {
            Protocol::Completions => choice(&event).map(|choice| Chunk {
                text: text(choice.get("text")),
                tokens: tokens(choice.get("logprobs")),
                ..Chunk::default()
            }),
            Protocol::Mistral | Protocol::Chat => choice(&event).map(|choice| {
                let said = choice.get("delta").or(choice.get("message"));
                Chunk { text: text(said.and_then(|said| said.get("content"))), ..Chunk::default() }
            }),
            Protocol::Infill => event.get("content").map(|content| Chunk {
                text: text(Some(content)),
                tokens: probabilities(event.get("completion_probabilities")),
                is_last: is_true(event.get("stop")),
                usage: is_true(event.get("stop")).then(|| {
                    let cached = count(&event, "tokens_cached").min(count(&event, "tokens_evaluated"));
                    let n_said = count(&event, "tokens_predicted");
                    Usage { n_prompt: count(&event, "tokens_evaluated"), n_cached: cached, n_said }
                }),
                ..Chunk::default()
            }),
            Protocol::Ollama => event.get("response").map(|response| Chunk {
                text: text(Some(response)),
                is_last: is_true(event.get("done")),
                usage: is_true(event.get("done")).then(|| Usage {
                    n_prompt: count(&event, "prompt_eval_count"),
                    n_cached: 0,
                    n_said: count(&event, "eval_count"),
                }),
                ..Chunk::default()
            }),
            Protocol::Anthropic => return Ok(message_event(&event)),
        };
        let usage = event.get("usage").filter(|usage| usage.is_object()).map(openai_usage);
        let is_finished =
            choice(&event).is_some_and(|choice| choice.get("finish_reason").is_some_and(Value::is_string));
        match chunk {
            Some(chunk) => Ok(Chunk { usage: chunk.usage.or(usage), is_finished, ..chunk }),
            None if usage.is_some() => Ok(Chunk { usage, is_last: true, ..Chunk::default() }),
            None if event.get("choices").is_some() => Ok(Chunk::default()),
            None => Err(Failure::new(Cause::Malformed, "it sends JSON of another shape; is the protocol right?")),
        }
    }
}

fn with_stops(mut body: Value, key: &str, stops: &[&str]) -> Value {
    if !stops.is_empty() {
        body[key] = stops.into();
    }
    body
}

fn choice(event: &Value) -> Option<&Value> {
    event.get("choices")?.get(0)
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_string()
}

fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or_default()
}

fn count(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn openai_usage(usage: &Value) -> Usage {
    let details = usage.get("prompt_tokens_details").map_or(0, |details| count(details, "cached_tokens"));
    // DeepSeek's own name for it.
    let n_cached = details.max(count(usage, "prompt_cache_hit_tokens"));
    Usage { n_prompt: count(usage, "prompt_tokens"), n_cached, n_said: count(usage, "completion_tokens") }
}

/// OpenAI's two forms: `token_logprobs` beside `tokens`, or a list under `content`.
fn tokens(logprobs: Option<&Value>) -> Vec<(usize, f32)> {
    let Some(logprobs) = logprobs else { return Vec::new() };
    if let Some(content) = logprobs.get("content").filter(|content| content.is_array()) {
        return probabilities(Some(content));
    }
    let list = |key: &str| logprobs.get(key).and_then(Value::as_array).into_iter().flatten();
    let pairs = list("tokens").zip(list("token_logprobs"));
    pairs.filter_map(|(token, ln)| Some((token.as_str()?.len(), ln.as_f64()? as f32))).collect()
}

fn probabilities(list: Option<&Value>) -> Vec<(usize, f32)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let pair = |one: &Value| Some((one.get("token")?.as_str()?.len(), one.get("logprob")?.as_f64()? as f32));
    list.filter_map(pair).collect()
}

/// The events of `messages` by their types; those that are not named here say nothing of text or tokens.
fn message_event(event: &Value) -> Chunk {
    match event.get("type").and_then(Value::as_str).unwrap_or_default() {
        "message_start" => {
            let usage = event.pointer("/message/usage").map(|usage| {
                let (read, made) =
                    (count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens"));
                let n_prompt = count(usage, "input_tokens") + read + made;
                Usage { n_prompt, n_cached: read, n_said: count(usage, "output_tokens") }
            });
            Chunk { usage, ..Chunk::default() }
        }
        "content_block_delta" => Chunk { text: text(event.pointer("/delta/text")), ..Chunk::default() },
        // The sum up to here; the prompt's was told at the start.
        "message_delta" => {
            let n_said = event.get("usage").map_or(0, |usage| count(usage, "output_tokens"));
            let is_finished = event.pointer("/delta/stop_reason").is_some_and(Value::is_string);
            Chunk { usage: Some(Usage { n_said, ..Usage::default() }), is_finished, ..Chunk::default() }
        }
        "message_stop" => Chunk { is_last: true, ..Chunk::default() },
        "message" => {
            let usage = event.get("usage").map(|usage| Usage {
                n_prompt: count(usage, "input_tokens"),
                n_cached: count(usage, "cache_read_input_tokens"),
                n_said: count(usage, "output_tokens"),
            });
            Chunk { text: text(event.pointer("/content/0/text")), usage, is_last: true, ..Chunk::default() }
        }
        _ => Chunk::default(),
    }
}

impl Usage {
    /// With what a later event says: counts only grow.
    pub fn and(self, later: Usage) -> Usage {
        Usage {
            n_prompt: self.n_prompt.max(later.n_prompt),
            n_cached: self.n_cached.max(later.n_cached),
            n_said: self.n_said.max(later.n_said),
        }
    }
}
