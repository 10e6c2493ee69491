//! How much text a prompt may hold: set in tokens, spent in bytes.

/// Windows are measured on every key, so they are measured in bytes; a tokenizer is asked once, for the rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// For the text before the anchor; what the suffix leaves over comes on top.
    pub prefix_tokens: usize,
    pub suffix_tokens: usize,
    /// For parts of other files.
    pub context_tokens: usize,
    /// Most text after the middle token. When it is full, the anchor moves.
    pub typed_bytes: usize,
    pub bytes_per_token: f32,
}

impl Default for Budget {
    /// 768, 256 and 512 tokens; 3.3 bytes a token is what code takes in vocabularies of 50,000 to 150,000 tokens.
    fn default() -> Budget {
        Budget { prefix_tokens: 768, suffix_tokens: 256, context_tokens: 512, typed_bytes: 512, bytes_per_token: 3.3 }
    }
}

impl Budget {
    /// The same number of tokens at the rate that a model's own tokenizer needs for `sample`.
    pub fn calibrated(self, sample: &str, n_tokens: &dyn Fn(&str) -> usize) -> Budget {
        match n_tokens(sample) {
            0 => self,
            // No vocabulary needs more than a token a byte, and none of them averages 16 bytes.
            n => Budget { bytes_per_token: (sample.len() as f32 / n as f32).clamp(1.0, 16.0), ..self },
        }
    }

    /// The context that a model can afford that reads so many tokens a second: what stands before the file is read
    /// again wherever a prompt is begun anew, and about a second is what that may add. In three steps, so that the noise
    /// of a measurement changes nothing.
    pub fn affordable_context(&self, tokens_per_second: f64) -> usize {
        match tokens_per_second {
            300.0.. => self.context_tokens,
            100.0.. => self.context_tokens / 2,
            _ => self.context_tokens / 4,
        }
    }

    pub fn prefix_bytes(&self) -> usize {
        self.bytes(self.prefix_tokens)
    }

    pub fn suffix_bytes(&self) -> usize {
        self.bytes(self.suffix_tokens)
    }

    fn bytes(&self, n_tokens: usize) -> usize {
        (n_tokens as f32 * self.bytes_per_token) as usize
    }
}
