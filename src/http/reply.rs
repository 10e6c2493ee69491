//! An answer in each dialect, whole or as a stream of one piece and an end.

use serde_json::{Value, json};

use super::dialect::Dialect;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const LINES: &str = "application/x-ndjson";

pub struct Reply<'a> {
    /// Unique within the process.
    pub number: u64,
    pub unix_s: u64,
    pub model: &'a str,
    /// Empty for no suggestion.
    pub text: &'a str,
    pub prompt_bytes: usize,
}

impl Reply<'_> {
    /// The content's type, and the body.
    pub fn write(&self, dialect: Dialect, is_stream: bool) -> (&'static str, String) {
        match (dialect, is_stream) {
            (Dialect::OpenAi, false) => (JSON, self.openai(self.text, Some("stop"), true).to_string()),
            (Dialect::OpenAi, true) => {
                let pieces = [self.openai(self.text, None, false), self.openai("", Some("stop"), true)];
                (EVENTS, events(&pieces) + "data: [DONE]\n\n")
            }
            (Dialect::Mistral, false) => (JSON, self.mistral().to_string()),
            (Dialect::Mistral, true) => {
                let pieces = [self.mistral_piece(self.text, None), self.mistral_piece("", Some("stop"))];
                (EVENTS, events(&pieces) + "data: [DONE]\n\n")
            }
            (Dialect::Ollama, false) => (JSON, self.ollama(self.text, true).to_string()),
            (Dialect::Ollama, true) => {
                (LINES, format!("{}\n{}\n", self.ollama(self.text, false), self.ollama("", true)))
            }
            (Dialect::LlamaCpp, false) => (JSON, self.llama_cpp(self.text, true).to_string()),
            (Dialect::LlamaCpp, true) => {
                (EVENTS, events(&[self.llama_cpp(self.text, false), self.llama_cpp("", true)]))
            }
        }
    }

    /// Zed refuses an answer that lacks any of `id`, `object`, `created`, `model`, `choices` and `usage`.
    fn openai(&self, text: &str, finish_reason: Option<&str>, has_usage: bool) -> Value {
        let mut answer = json!({
            "id": format!("cmpl-{}", self.number),
            "object": "text_completion",
            "created": self.unix_s,
            "model": self.model,
            "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": finish_reason}],
        });
        if has_usage {
            answer["usage"] = self.usage();
        }
        answer
    }

    fn mistral(&self) -> Value {
        let message = json!({"role": "assistant", "content": self.text, "tool_calls": null, "prefix": false});
        json!({
            "id": format!("fim-{}", self.number),
            "object": "chat.completion",
            "created": self.unix_s,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": self.usage(),
        })
    }

    fn mistral_piece(&self, text: &str, finish_reason: Option<&str>) -> Value {
        let delta = json!({"role": "assistant", "content": text});
        let mut piece = json!({
            "id": format!("fim-{}", self.number),
            "object": "chat.completion.chunk",
            "created": self.unix_s,
            "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        });
        if finish_reason.is_some() {
            piece["usage"] = self.usage();
        }
        piece
    }

    fn ollama(&self, text: &str, is_done: bool) -> Value {
        let mut answer = json!({
            "model": self.model,
            "created_at": rfc3339(self.unix_s),
            "response": text,
            "done": is_done,
        });
        if is_done {
            answer["done_reason"] = "stop".into();
            answer["context"] = json!([]);
            answer["prompt_eval_count"] = n_tokens(self.prompt_bytes).into();
            answer["eval_count"] = n_tokens(self.text.len()).into();
        }
        answer
    }

    fn llama_cpp(&self, text: &str, is_done: bool) -> Value {
        let mut answer = json!({"index": 0, "content": text, "stop": is_done, "model": self.model});
        if is_done {
            answer["stop_type"] = "eos".into();
            answer["tokens_evaluated"] = n_tokens(self.prompt_bytes).into();
            answer["tokens_predicted"] = n_tokens(self.text.len()).into();
        }
        answer
    }

    fn usage(&self) -> Value {
        let (prompt, completion) = (n_tokens(self.prompt_bytes), n_tokens(self.text.len()));
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
    }
}

fn events(pieces: &[Value]) -> String {
    pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect()
}

/// An estimate for clients that insist on a number: what answers may have no tokens at all, and nothing is charged by
/// this. Four bytes a token is usual for code.
fn n_tokens(n_bytes: usize) -> usize {
    n_bytes.div_ceil(4)
}

/// Such as `2026-10-05T12:00:00Z`. The date by Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
/// (`civil_from_days`), for times after 1970.
pub fn rfc3339(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400 + 719_468, unix_s % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
