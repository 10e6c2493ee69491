//! The local engine's decoder, asked in one layout or another.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use foretype::engine::Cancel;
use foretype::engine::local::decode::{Decoder, Task};
use foretype::engine::local::kernel::Isa;
use foretype::engine::local::model::{Model, Packed};
use foretype::engine::local::sampler::Sampling;
use foretype::engine::local::tokenizer::Tokenizer;
use foretype::prompt::{Budget, Format, Healing, Layout, Parts, Piece, Place, Prompt, plan};
use foretype::text::Text;

use crate::questions::Question;

/// A way to lay a question out.
pub struct Variant {
    pub name: &'static str,
    place: Place,
    pub healing: Healing,
    moved: Moved,
}

/// Where the text goes that was typed since the anchor.
enum Moved {
    /// After the middle token.
    Middle,
    /// To the prefix: the usual layout.
    Prefix,
}

pub struct Ours {
    pub decoder: Decoder,
    format: Format,
}

/// A question in tokens.
pub struct Asked {
    pub prompt: Prompt,
    pub tokens: Vec<u32>,
    pub forced: String,
}

pub const MAX_TOKENS: usize = 64;
const CAPACITY: usize = 4096;

/// Nearly all problems fit.
const BUDGET: Budget =
    Budget { prefix_tokens: 2500, suffix_tokens: 1000, context_tokens: 0, typed_bytes: 512, bytes_per_token: 3.3 };

pub const VARIANTS: [Variant; 7] = [
    Variant::new("prefix", Place::LineStart, Healing::Off, Moved::Prefix),
    Variant::new("prefix-word", Place::LineStart, Healing::Word, Moved::Prefix),
    Variant::new("middle", Place::LineStart, Healing::Off, Moved::Middle),
    Variant::new("middle-word", Place::LineStart, Healing::Word, Moved::Middle),
    Variant::new("middle-punctuation", Place::LineStart, Healing::Punctuation, Moved::Middle),
    Variant::new("indentation-word", Place::Indentation, Healing::Word, Moved::Middle),
    Variant::new("indentation-punctuation", Place::Indentation, Healing::Punctuation, Moved::Middle),
];

impl Variant {
    const fn new(name: &'static str, place: Place, healing: Healing, moved: Moved) -> Variant {
        Variant { name, place, healing, moved }
    }
}

impl Ours {
    pub fn load(path: &Path) -> Result<Ours> {
        let model = Arc::new(Model::load(path)?);
        let tokenizer = Tokenizer::load(&model.gguf)?;
        let has_token = |name: &str| tokenizer.special(name).is_some();
        let name = model.gguf.text("general.name").unwrap_or_default();
        let architecture = model.gguf.text("general.architecture").unwrap_or_default();
        let format = Format::detect(&has_token, architecture, name);
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let evaluator = Packed::new(model, Isa::best(), n_threads, CAPACITY);
        Ok(Ours { decoder: Decoder::new(Box::new(evaluator), tokenizer), format })
    }

    pub fn lay_out(&self, question: &Question, variant: &Variant) -> Result<Asked> {
        let layout = Layout { budget: BUDGET, place: variant.place, healing: variant.healing };
        let plan = plan(&Text::new(&question.text), question.offset, None, &layout);
        let (mut prefix, mut typed) = (plan.anchor.prefix.to_string(), plan.typed);
        if let Moved::Prefix = variant.moved {
            prefix.push_str(&std::mem::take(&mut typed));
        }
        let suffix = &plan.anchor.suffix;
        let parts = Parts { repository: "", path: "", files: &[], prefix: &prefix, suffix, typed: &typed };
        let prompt = self.format.render(&parts);
        Ok(Asked { tokens: self.tokens(&prompt)?, prompt, forced: plan.forced })
    }

    fn tokens(&self, prompt: &Prompt) -> Result<Vec<u32>> {
        let tokenizer = &self.decoder.tokenizer;
        let mut tokens: Vec<u32> = tokenizer.begin.into_iter().collect();
        for piece in &prompt.pieces {
            match piece {
                Piece::Special(name) => tokens.push(tokenizer.special(name).with_context(|| format!("no {name}"))?),
                Piece::Text(text) => tokens.extend(tokenizer.encode(text)?),
            }
        }
        Ok(tokens)
    }

    /// The answer's first line, without blanks at its end.
    pub fn answer(&mut self, asked: &Asked) -> Result<String> {
        let Asked { tokens, forced, .. } = asked;
        let task = Task {
            prompt: tokens,
            n_settled: 0,
            forced,
            sampling: Sampling::Greedy,
            draft: None,
            max_tokens: MAX_TOKENS,
        };
        let mut answer = String::new();
        let decoded = self.decoder.decode(&task, &Cancel::default(), &mut |said| {
            answer = said.text.to_string();
            if answer.contains('\n') { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        decoded.map_err(|stopped| anyhow!("{stopped:?}"))?;
        Ok(first_line(&answer))
    }
}

pub fn first_line(answer: &str) -> String {
    answer.split('\n').next().unwrap_or_default().trim_end().to_string()
}
