//! Guesses of the next tokens, to be verified together: what followed the last tokens where they stood before.
//!
//! Only the user's own text is looked through: the prompt, and continuations that the instant engine found. What the
//! model itself said before is not. Source of the idea: prompt look-up decoding
//! (<https://github.com/apoorvumang/prompt-lookup-decoding>).

/// Tokens that are guessed at a time: with the token before them they fill four rows of a kernel.
pub const N_GUESSED: usize = 3;

/// Tokens that must agree, at most and at least.
const MAX_AGREEING: usize = 4;
const MIN_AGREEING: usize = 2;

/// The texts that guesses are taken from.
#[derive(Default)]
pub struct Draft {
    /// Whole texts of tokens; later ones are asked first.
    texts: Vec<Vec<u32>>,
}

impl Draft {
    pub fn add(&mut self, text: Vec<u32>) {
        self.texts.push(text);
    }

    /// What may follow `tokens`, of which the last `n_said` are the model's own: nothing is looked up among those.
    pub fn guess<'a>(&'a self, tokens: &'a [u32], n_said: usize) -> &'a [u32] {
        let prompt = &tokens[..tokens.len() - n_said];
        for n in (MIN_AGREEING..=MAX_AGREEING.min(tokens.len())).rev() {
            let last = &tokens[tokens.len() - n..];
            for text in self.texts.iter().map(Vec::as_slice).rev().chain([prompt]) {
                // At its very end nothing follows.
                let searched = &text[..text.len().saturating_sub(1)];
                if let Some(back) = searched.windows(n).rev().position(|window| window == last) {
                    let rest = &text[searched.len() - back..];
                    return &rest[..rest.len().min(N_GUESSED)];
                }
            }
        }
        &[]
    }
}
