//! A model at work: tokens go in, logits come out, and what was evaluated stays in a cache that can be cut short.
//!
//! Decoding knows no more of a model than this. Who is behind it is [`super::backend`]'s choice.

use super::gguf::Gguf;
use crate::engine::Cancel;

pub trait Evaluator: Send {
    /// What does the work, for `doctor` and `model bench`.
    fn name(&self) -> &'static str;

    /// The file that the weights are from.
    fn gguf(&self) -> &Gguf;

    fn n_threads(&self) -> usize;

    /// Tokens in the cache.
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Most tokens in the cache.
    fn capacity(&self) -> usize;

    /// Forgets the tokens from `len` on.
    fn truncate(&mut self, len: usize);

    /// Tokens that are evaluated together: enough to read the weights once for many, few enough that a cancel loses
    /// little.
    fn max_batch(&self) -> usize;

    /// All layers for some tokens, which are added to the cache unless it is stopped. There is room for them.
    fn batch(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<(), Stopped>;

    /// Makes the logits of the last `n_logits` rows of the batch before; at least one, and no more than it had.
    fn head(&mut self, n_logits: usize, cancel: &Cancel) -> Result<(), Stopped>;

    /// The logits that were made last.
    fn last_logits(&self) -> Logits<'_>;

    /// Evaluates `tokens` after those in the cache, and adds them to it. Gives the logits of the last `n_logits` of them,
    /// one row of the vocabulary's size each.
    fn evaluate(&mut self, tokens: &[u32], n_logits: usize, cancel: &Cancel) -> Result<Logits<'_>, Stopped> {
        let (n, capacity) = (self.len() + tokens.len(), self.capacity());
        if n > capacity {
            return Err(Stopped::Failed(format!("{n} tokens do not fit the cache of {capacity}")));
        }
        let (max_batch, n_logits) = (self.max_batch(), n_logits.min(tokens.len()));
        let n_last = tokens.len().min(max_batch.max(n_logits));
        let (before, last) = tokens.split_at(tokens.len() - n_last);
        for batch in before.chunks(max_batch) {
            self.batch(batch, cancel)?;
        }
        if !last.is_empty() {
            self.batch(last, cancel)?;
        }
        if n_logits > 0 {
            self.head(n_logits, cancel)?;
        }
        Ok(self.last_logits())
    }
}

/// Why a pass has no result. The cache holds the tokens of the whole batches before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    Cancelled,
    /// And why: a sentence.
    Failed(String),
}

/// Rows of logits.
pub struct Logits<'a> {
    values: &'a [f32],
    stride: usize,
    n: usize,
}

impl Logits<'_> {
    /// Rows that begin every `stride` numbers, and have `n`.
    pub fn new(values: &[f32], stride: usize, n: usize) -> Logits<'_> {
        Logits { values, stride, n }
    }

    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.stride..][..self.n]
    }
}
