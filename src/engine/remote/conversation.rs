//! Asking in words: an instruction and a text, to a provider whose model takes them.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::{Value, json};

use super::question::{Question, n_tokens};
use super::{Ending, Protocol, Remote, Said, used};
use crate::engine::purse::Planned;
use crate::engine::{Cancel, Cause, Failure, Finish, Wish};
use crate::privacy::clear_piece;

/// Tokens that a provider adds around what is said.
const MAX_MARKERS: u64 = 100;

impl Remote {
    /// The whole answer. `Err` says why there is none.
    pub(super) fn told(&self, wish: &Wish, cancel: &Cancel) -> Result<String, Finish> {
        let body = body(self.endpoint.protocol, wish, &self.endpoint.model);
        let body =
            body.ok_or_else(|| Finish::Silent("its protocol is for filling in; it takes no words".to_string()))?;
        if self.endpoint.leaves_machine() {
            for text in [wish.instruction, wish.text] {
                let secret = |kind| Finish::Silent(format!("not sent: it holds what looks like a secret ({kind})"));
                clear_piece(text).map_err(|found| secret(found.kind))?;
            }
        }
        let mut answered = self.told_once(wish, &body, cancel);
        // A key that was renewed since is worth one more try.
        if let Err(Ending::Failed(Failure { cause: Cause::Unauthorised, .. })) = &answered
            && self.key.forget()
        {
            answered = self.told_once(wish, &body, cancel);
        }
        match answered {
            Ok(said) => Ok(said.text),
            Err(Ending::Cancelled) => Err(Finish::Cancelled),
            Err(Ending::Failed(failure)) => Err(Finish::Failed(failure)),
        }
    }

    fn told_once(&self, wish: &Wish, body: &Value, cancel: &Cancel) -> Result<Said, Ending> {
        let headers = self.headers(&Question { language: wish.language, ..Question::default() })?;
        let n_bytes = wish.instruction.len() + wish.text.len();
        let planned = Planned {
            provider: self.endpoint.name.clone(),
            model: self.endpoint.model.clone(),
            language: wish.language,
            // No vocabulary of today needs more for text: a budget must hold whatever the provider counts.
            n_prompt: MAX_MARKERS + n_bytes as u64 / 2,
            n_answer: wish.max_tokens as u64,
        };
        let receipt = self.purse.as_ref().map(|purse| purse.reserve(&planned)).transpose()?;
        let started = Instant::now();
        let mut said = Said::default();
        let ended = self.listen(headers, body, cancel, &mut said, &mut |_| ControlFlow::Continue(()));
        let used = used(&said, n_tokens(n_bytes), &ended, started.elapsed());
        self.n_evaluated.fetch_add(used.n_prompt - used.n_cached, Ordering::Relaxed);
        self.n_decoded.fetch_add(used.n_said, Ordering::Relaxed);
        if let (Some(purse), Some(receipt)) = (&self.purse, receipt) {
            purse.settle(receipt, used);
        }
        ended.map(|()| said)
    }
}

/// `None` for protocols that only fill in.
fn body(protocol: Protocol, wish: &Wish, model: &str) -> Option<Value> {
    let Wish { instruction, text, max_tokens, .. } = wish;
    let user = json!({"role": "user", "content": text});
    match protocol {
        Protocol::Chat => Some(json!({
            "model": model, "max_tokens": max_tokens, "temperature": 0, "stream": true,
            "stream_options": {"include_usage": true},
            "messages": [{"role": "system", "content": instruction}, user],
        })),
        Protocol::Anthropic => Some(json!({
            "model": model, "max_tokens": max_tokens, "temperature": 0, "stream": true,
            "system": instruction, "messages": [user],
        })),
        // Ollama puts both into the model's own form.
        Protocol::Ollama => Some(json!({
            "model": model, "stream": true, "system": instruction, "prompt": text,
            "options": {"temperature": 0, "num_predict": max_tokens},
        })),
        Protocol::Completions | Protocol::Infill | Protocol::Mistral => None,
    }
}
