//! Asking in words: an instruction and a text, to a model whose vocabulary has the marks of a conversation (ChatML, as the
//! Qwen models were trained with).

use std::ops::ControlFlow;

use super::decode::Task;
use super::draft::Draft;
use super::evaluator::Stopped;
use super::loaded::Loaded;
use super::sampler::Sampling;
use crate::engine::{Cancel, Finish, Wish};

/// Each turn stands between these, as the model's own template writes it.
const BEGIN: &str = "<|im_start|>";
const END: &str = "<|im_end|>";

impl Loaded {
    /// The whole answer, with its fences.
    pub fn told(&mut self, wish: &Wish, cancel: &Cancel) -> Result<String, Finish> {
        let decoder = self.decoder();
        let (Some(begin), Some(end)) = (decoder.tokenizer.special(BEGIN), decoder.tokenizer.special(END)) else {
            return Err(Finish::Silent("the model on this machine takes no words".to_string()));
        };
        let failed = |error: anyhow::Error| Finish::from(Stopped::Failed(format!("{error:#}")));
        let mut prompt = Vec::new();
        for (whose, text) in [("system", wish.instruction), ("user", wish.text)] {
            prompt.push(begin);
            prompt.extend(decoder.tokenizer.encode(&format!("{whose}\n{text}")).map_err(failed)?);
            prompt.push(end);
            prompt.extend(decoder.tokenizer.encode("\n").map_err(failed)?);
        }
        prompt.push(begin);
        // Small models that are begun with a fence answer with code, not with words about it.
        let opening = format!("{}{}\n", wish.fence, wish.language.unwrap_or_default());
        let closing = format!("\n{}", wish.fence);
        prompt.extend(decoder.tokenizer.encode(&format!("assistant\n{opening}")).map_err(failed)?);
        let room = decoder.capacity().saturating_sub(prompt.len());
        if room < wish.max_tokens {
            return Err(Finish::Silent(format!(
                "the selection and the instructions are too long for the model on this machine: {} tokens of {} are left, \
                 and the answer may need {}",
                room,
                decoder.capacity(),
                wish.max_tokens
            )));
        }
        // What is rewritten is mostly what it was.
        let mut draft = Draft::default();
        draft.add(decoder.tokenizer.encode(wish.likely).map_err(failed)?);
        let task = Task {
            prompt: &prompt,
            n_settled: 0,
            forced: "",
            sampling: Sampling::Greedy,
            draft: Some(&draft),
            max_tokens: wish.max_tokens,
        };
        let (mut answer, mut is_whole) = (opening, false);
        let start = answer.len();
        decoder.decode(&task, cancel, &mut |said| {
            answer.truncate(start);
            answer.push_str(said.text);
            is_whole = said.is_end || said.text.contains(&closing);
            if is_whole { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if is_whole { Ok(answer) } else { Err(Finish::Silent("the model found no end".to_string())) }
    }
}
