//! Counts of tokens in what providers answer, whichever of their shapes it has, streamed or whole.

use axum::body::Bytes;
use serde_json::Value;

/// Tokens, as the provider has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of the prompt.
    pub input: u64,
    /// Of these, read from the provider's cache, and written to it.
    pub cached: u64,
    pub written: u64,
    pub output: u64,
}

/// An answer on its way.
pub struct Reading {
    is_stream: bool,
    /// Leaves out the event that holds only a count: the agent has not asked for it.
    hides_count: bool,
    /// The line, or the whole answer, so far.
    pending: Vec<u8>,
    counts: Option<Counts>,
}

/// A longer answer is passed on unread.
const MAX_PENDING: usize = 16 << 20;

impl Reading {
    pub fn new(is_stream: bool, hides_count: bool) -> Reading {
        Reading { is_stream, hides_count, pending: Vec::new(), counts: None }
    }

    pub fn counts(&self) -> Option<Counts> {
        self.counts
    }

    /// Reads some more; returns what is to be passed on.
    pub fn push(&mut self, bytes: Bytes) -> Bytes {
        if self.pending.len() + bytes.len() > MAX_PENDING {
            self.pending.clear();
            return bytes;
        }
        self.pending.extend_from_slice(&bytes);
        if !self.is_stream {
            return bytes;
        }
        let mut passed = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', &self.pending) {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            if !self.line(&line) || !self.hides_count {
                passed.extend(line);
            }
        }
        if self.hides_count { passed.into() } else { bytes }
    }

    /// What is left at the end.
    pub fn end(&mut self) -> Bytes {
        let rest = std::mem::take(&mut self.pending);
        if self.is_stream {
            let is_count = self.line(&rest);
            return if self.hides_count && !is_count { rest.into() } else { Bytes::new() };
        }
        if let Ok(answer) = serde_json::from_slice::<Value>(&rest) {
            // Gemini without events streams an array.
            match &answer {
                Value::Array(items) => items.iter().for_each(|item| self.take(item)),
                answer => self.take(answer),
            }
        }
        Bytes::new()
    }

    /// Whether it holds nothing but a count.
    fn line(&mut self, line: &[u8]) -> bool {
        let Some(data) = line.strip_prefix(b"data:") else { return false };
        // Most events hold no count, and are not read.
        if memchr::memmem::find(data, b"sage").is_none() {
            return false;
        }
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return false };
        self.take(&event);
        event["choices"].as_array().is_some_and(Vec::is_empty) && event["usage"].is_object()
    }

    fn take(&mut self, value: &Value) {
        for usage in [&value["usage"], &value["message"]["usage"], &value["response"]["usage"]] {
            if usage.is_object() {
                self.counts.get_or_insert_default().take(usage);
            }
        }
        if value["usageMetadata"].is_object() {
            self.counts.get_or_insert_default().take_gemini(&value["usageMetadata"]);
        }
    }
}

impl Counts {
    /// OpenAI's and Anthropic's names. What is named later counts: the numbers of a stream are sums.
    fn take(&mut self, usage: &Value) {
        let count = |name: &str| usage[name].as_u64();
        let (read, written) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"));
        if let Some(input) = count("prompt_tokens").or(count("input_tokens")) {
            // Anthropic's input leaves the cache's share out; the other's holds it.
            self.input = input + read.unwrap_or_default() + written.unwrap_or_default();
        }
        let detail = |name: &str| usage[name]["cached_tokens"].as_u64();
        let cached = read.or(detail("prompt_tokens_details")).or(detail("input_tokens_details"));
        self.cached = cached.unwrap_or(self.cached);
        self.written = written.unwrap_or(self.written);
        self.output = count("completion_tokens").or(count("output_tokens")).unwrap_or(self.output);
    }

    fn take_gemini(&mut self, usage: &Value) {
        let count = |name: &str| usage[name].as_u64().unwrap_or_default();
        self.input = count("promptTokenCount") + count("toolUsePromptTokenCount");
        self.cached = count("cachedContentTokenCount");
        self.output = count("candidatesTokenCount") + count("thoughtsTokenCount");
    }
}
