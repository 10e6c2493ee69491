//! A llama.cpp server, asked the same.

use anyhow::{Context as _, Result};
use foretype::prompt::{Piece, Prompt};
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::ours::{MAX_TOKENS, first_line};

pub struct Peer {
    url: String,
    client: Client,
    runtime: Runtime,
}

#[derive(Deserialize)]
struct Completion {
    content: String,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<u32>,
}

impl Peer {
    pub fn new(url: &str) -> Result<Peer> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        // A connection that waited while ours decoded may have been closed meanwhile.
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
        Ok(Peer { url: url.trim_end_matches('/').to_string(), client, runtime })
    }

    /// The first line of what follows `tokens`, without blanks at its end.
    pub fn answer(&self, tokens: &[u32]) -> Result<String> {
        let asked = json!({
            "prompt": tokens,
            "temperature": 0,
            "n_predict": MAX_TOKENS,
            "stop": ["\n"],
            "cache_prompt": true,
        });
        let Completion { content } = self.post("completion", &asked)?;
        Ok(first_line(&content))
    }

    /// Whether it makes the same tokens of every text of a prompt.
    pub fn agrees(&self, prompt: &Prompt, tokenize: impl Fn(&str) -> Result<Vec<u32>>) -> Result<bool> {
        for piece in &prompt.pieces {
            let Piece::Text(text) = piece else { continue };
            let asked = json!({ "content": text, "parse_special": false });
            let Tokens { tokens } = self.post("tokenize", &asked)?;
            if tokens != tokenize(text)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn post<T: DeserializeOwned>(&self, what: &str, body: &Value) -> Result<T> {
        let url = format!("{}/{what}", self.url);
        let answer = async { self.client.post(&url).json(body).send().await?.error_for_status()?.json().await };
        self.runtime.block_on(answer).with_context(|| format!("{url} does not answer as a llama.cpp server does"))
    }
}
