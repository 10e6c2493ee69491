//! The real weights, where they are present: `FORETYPE_MODELS_TEST` is their folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretype::engine::Cancel;
use foretype::engine::local::evaluator::Evaluator;
use foretype::engine::local::kernel::Isa;
use foretype::engine::local::model::{Model, Packed};
use foretype::engine::local::sampler::{Sampler, Sampling};
use foretype::engine::local::tokenizer::Tokenizer;
use serde::Deserialize;

/// The tokens that llama.cpp says after a prompt, greedy, with the same file.
#[derive(Deserialize)]
struct Reference {
    prompt: String,
    tokens: Vec<u32>,
}

impl Reference {
    /// How many of the first tokens are said here too. They are evaluated together: up to the first that differs, that
    /// is what saying them one by one would evaluate.
    fn n_agreeing(&self, evaluator: &mut Packed, tokenizer: &Tokenizer) -> usize {
        let mut tokens = tokenizer.encode(&self.prompt).unwrap();
        tokens.extend(&self.tokens[..self.tokens.len() - 1]);
        evaluator.truncate(0);
        let logits = evaluator.evaluate(&tokens, self.tokens.len(), &Cancel::default()).unwrap();
        let mut sampler = Sampler::new(Sampling::Greedy);
        let agrees = |(i, token): &(usize, &u32)| sampler.choose(logits.row(*i)).token == **token;
        self.tokens.iter().enumerate().take_while(agrees).count()
    }
}

fn file(name: &str) -> Option<PathBuf> {
    let path = Path::new(&std::env::var_os("FORETYPE_MODELS_TEST")?).join(name);
    path.is_file().then_some(path)
}

#[test]
fn greedy_tokens_agree_with_an_independent_engine() {
    let Some(path) = file("qwen2.5-coder-0.5b.gguf") else {
        eprintln!("skipped: qwen2.5-coder-0.5b not found");
        return;
    };
    let model = Arc::new(Model::load(&path).unwrap());
    let tokenizer = Tokenizer::load(&model.gguf).unwrap();
    let mut evaluator = Packed::new(model, Isa::best(), 2, 256);
    let references: Vec<Reference> =
        serde_json::from_str(include_str!("../fixtures/qwen2.5-coder-0.5b.greedy.json")).unwrap();

    let agreeing: Vec<usize> =
        references.iter().map(|reference| reference.n_agreeing(&mut evaluator, &tokenizer)).collect();
    let n_whole = agreeing.iter().filter(|n| **n == 24).count();
    let n_tokens: usize = agreeing.iter().sum();
    eprintln!("agreeing of 24 tokens each: {agreeing:?}, {n_whole} whole, {n_tokens} in all");
    // Where they part, two tokens are nearly equal: 0.49 and 0.48, and 0.33 and 0.28, where llama.cpp says what is said
    // here once it evaluates prompt and answer together.
    assert!(n_whole >= 18 && n_tokens >= 440, "less than was measured, 18 and 440: {agreeing:?}");
}
