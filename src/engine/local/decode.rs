//! Decoding: from a prompt's tokens to text, token by token, with as little work as can be.
//!
//! What the cache shares with the prompt is not evaluated again. A forced beginning (token healing) is kept to by
//! leaving only tokens that agree with it. Guesses ([`Draft`]) are evaluated with the token before them, and kept as far
//! as they are what would have been chosen anyway, so the text is the same without them.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::draft::{Draft, N_GUESSED};
use super::evaluator::{Evaluator, Stopped};
use super::sampler::{Choice, Sampler, Sampling};
use super::tokenizer::Tokenizer;
use crate::engine::{Cancel, Spent};

pub struct Decoder {
    pub tokenizer: Tokenizer,
    evaluator: Box<dyn Evaluator>,
    /// What the cache was evaluated from.
    cached: Vec<u32>,
    /// Of all texts, those that were not finished too.
    pub spent: Spent,
}

/// One text to be made.
pub struct Task<'a> {
    pub prompt: &'a [u32],
    /// Tokens of the prompt with which the next one begins, too, most likely: where another question takes the place of
    /// this one, a batch of them that was begun is finished. Whoever types faster than a batch takes would never be
    /// answered otherwise.
    pub n_settled: usize,
    /// What the text has to begin with; it is not part of what is said.
    pub forced: &'a str,
    pub sampling: Sampling,
    /// Where guesses are taken from; `None` for plain decoding.
    pub draft: Option<&'a Draft>,
    /// Most tokens, the forced ones not counted.
    pub max_tokens: usize,
}

/// What is said so far.
pub struct Said<'a> {
    /// All of it, up to a whole character.
    pub text: &'a str,
    /// The tokens by their ends in bytes, with the natural logarithm of each one's probability.
    pub pieces: &'a [(usize, f32)],
    pub n_tokens: usize,
    /// The model has ended it.
    pub is_end: bool,
}

/// What it took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effort {
    /// Tokens of the prompt.
    pub n_prompt: usize,
    /// Of these, tokens that were in the cache.
    pub n_reused: usize,
    /// Tokens evaluated before the first new one was known.
    pub n_before_first: usize,
    /// Tokens said.
    pub n_said: usize,
    /// Passes that it took to say them.
    pub n_passes: usize,
    /// Tokens guessed, and guessed right.
    pub n_guessed: usize,
    pub n_right: usize,
    pub until_first: Duration,
    pub total: Duration,
}

/// The state of a text in the making.
struct Progress<'a> {
    sampler: Sampler,
    /// What is left of the forced beginning.
    forced: &'a [u8],
    /// The prompt and what was said.
    tokens: Vec<u32>,
    bytes: Vec<u8>,
    pieces: Vec<(usize, f32)>,
    effort: Effort,
    started: Instant,
}

impl Decoder {
    pub fn new(evaluator: Box<dyn Evaluator>, tokenizer: Tokenizer) -> Decoder {
        Decoder { tokenizer, evaluator, cached: Vec::new(), spent: Spent::default() }
    }

    /// Most tokens of a prompt and its answer together.
    pub fn capacity(&self) -> usize {
        self.evaluator.capacity()
    }

    /// The bare model. Its cache is emptied, and thought to be empty after.
    pub fn evaluator(&mut self) -> &mut dyn Evaluator {
        self.evaluator.truncate(0);
        self.evaluator_as_it_is()
    }

    /// The bare model with what is in its cache; that is thought to be empty after.
    pub fn evaluator_as_it_is(&mut self) -> &mut dyn Evaluator {
        self.cached.clear();
        &mut *self.evaluator
    }

    /// Makes a text. `on_text` sees it grow, and may end it.
    pub fn decode(
        &mut self,
        task: &Task,
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&Said) -> ControlFlow<()>,
    ) -> Result<Effort, Stopped> {
        let mut progress = Progress::new(task);
        progress.effort.n_reused = common_prefix(&self.cached, task.prompt);
        progress.effort.n_before_first = self.settle(&task.prompt[..task.n_settled], cancel)?;
        let mut guesses = self.tokenizer.encode(task.forced).unwrap_or_default();
        guesses.truncate(N_GUESSED);
        while progress.effort.n_said < task.max_tokens && progress.tokens.len() + guesses.len() < self.capacity() {
            if self.pass(&mut progress, &guesses, cancel, on_text)?.is_break() {
                break;
            }
            let said = &progress.tokens[task.prompt.len()..];
            guesses = task.draft.map(|draft| draft.guess(&progress.tokens, said.len()).to_vec()).unwrap_or_default();
        }
        progress.effort.total = progress.started.elapsed();
        Ok(progress.effort)
    }

    /// Leaves `tokens` in the cache, but for the last one, whose logits are needed; if it is stopped, as many as there are
    /// by then. Gives how many were evaluated.
    fn settle(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<usize, Stopped> {
        let tokens = &tokens[..tokens.len().saturating_sub(1)];
        let n_common = common_prefix(&self.cached, tokens);
        if n_common == tokens.len() {
            return Ok(0);
        }
        self.cached.truncate(n_common);
        self.evaluator.truncate(n_common);
        // Half a batch: should the next question not need it, it waits for no longer.
        for batch in tokens[n_common..].chunks((self.evaluator.max_batch() / 2).max(1)) {
            if cancel.is_cancelled() {
                return Err(Stopped::Cancelled);
            }
            self.evaluator.evaluate(batch, 0, &cancel.of_shared_work())?;
            self.cached.extend_from_slice(batch);
            self.spent.n_evaluated += batch.len() as u64;
        }
        Ok(tokens.len() - n_common)
    }

    /// Evaluates what is new of the text and the guesses, and takes over as many tokens as that settles.
    fn pass(
        &mut self,
        progress: &mut Progress,
        guesses: &[u32],
        cancel: &Cancel,
        on_text: &mut dyn FnMut(&Said) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Stopped> {
        let n_new = self.evaluate(&progress.tokens, guesses, cancel)?;
        let logits = self.evaluator.last_logits();
        progress.effort.n_passes += 1;
        progress.effort.n_guessed += guesses.len();
        if progress.effort.n_said == 0 {
            progress.effort.n_before_first += n_new;
        }
        for i in 0..=guesses.len() {
            let is_end = progress.take(logits.row(i), &self.tokenizer).is_break();
            self.spent.n_decoded += u64::from(!is_end);
            let is_heard = is_end || progress.effort.n_said > 0;
            if is_heard && on_text(&progress.said(is_end)).is_break() || is_end {
                return Ok(ControlFlow::Break(()));
            }
            if progress.tokens.last() != guesses.get(i) {
                break;
            }
            progress.effort.n_right += 1;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Leaves `tokens` and `guesses` in the cache, and the logits after the last token and after each guess. Gives how
    /// many were evaluated.
    fn evaluate(&mut self, tokens: &[u32], guesses: &[u32], cancel: &Cancel) -> Result<usize, Stopped> {
        // The last token is evaluated even where it is cached: its logits are needed.
        let n_common = common_prefix(&self.cached, tokens).min(tokens.len().saturating_sub(1));
        self.cached.truncate(n_common);
        self.evaluator.truncate(n_common);
        let new = [&tokens[n_common..], guesses].concat();
        let evaluated = self.evaluator.evaluate(&new, 1 + guesses.len(), cancel).map(drop);
        // After a cancel the cache holds whole batches.
        let n_evaluated = self.evaluator.len() - n_common;
        self.cached.extend_from_slice(&new[..n_evaluated]);
        self.spent.n_evaluated += n_evaluated as u64;
        evaluated.map(|()| new.len())
    }
}

impl<'a> Progress<'a> {
    fn new(task: &'a Task) -> Progress<'a> {
        Progress {
            sampler: Sampler::new(task.sampling.clone()),
            forced: task.forced.as_bytes(),
            tokens: task.prompt.to_vec(),
            bytes: Vec::new(),
            pieces: Vec::new(),
            effort: Effort { n_prompt: task.prompt.len(), ..Effort::default() },
            started: Instant::now(),
        }
    }

    /// Takes the next token by its logits. Breaks at the end of the text.
    fn take(&mut self, logits: &[f32], tokenizer: &Tokenizer) -> ControlFlow<()> {
        if !self.forced.is_empty() {
            return self.take_forced(logits, tokenizer);
        }
        let Choice { token, probability } = self.sampler.choose(logits);
        if tokenizer.is_special(token) {
            // That it ends here is as unsure as any token.
            if let Some((_, ln)) = self.pieces.last_mut() {
                *ln += probability.ln();
            }
            return ControlFlow::Break(());
        }
        self.push(token, tokenizer.bytes(token), probability.ln());
        ControlFlow::Continue(())
    }

    fn take_forced(&mut self, logits: &[f32], tokenizer: &Tokenizer) -> ControlFlow<()> {
        let Some(Choice { token, probability }) = self.sampler.choose_among(logits, &tokenizer.begins(self.forced))
        else {
            return ControlFlow::Break(());
        };
        let bytes = tokenizer.bytes(token);
        let n_forced = bytes.len().min(self.forced.len());
        self.forced = &self.forced[n_forced..];
        if bytes.len() > n_forced {
            self.push(token, &bytes[n_forced..], probability.ln());
        } else {
            self.tokens.push(token);
        }
        ControlFlow::Continue(())
    }

    fn push(&mut self, token: u32, bytes: &[u8], ln: f32) {
        self.tokens.push(token);
        self.bytes.extend_from_slice(bytes);
        self.pieces.push((self.bytes.len(), ln));
        self.effort.n_said += 1;
        if self.effort.n_said == 1 {
            self.effort.until_first = self.started.elapsed();
        }
    }

    fn said(&self, is_end: bool) -> Said<'_> {
        let text = match std::str::from_utf8(&self.bytes) {
            Ok(text) => text,
            // A character is not whole yet; what is broken ends the text where it is looked at.
            Err(error) => std::str::from_utf8(&self.bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        Said { text, pieces: &self.pieces, n_tokens: self.effort.n_said, is_end }
    }
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
