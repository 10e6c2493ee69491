//! From logits to a token.

use std::hash::{BuildHasher, RandomState};

use super::kernel::Isa;
use super::vector;

/// How a token is chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Sampling {
    /// The likeliest.
    Greedy,
    /// By chance, among the likeliest that together have `top_p` of the probability.
    Random { temperature: f32, top_p: f32, seed: u64 },
}

/// A token and the probability that the model gave it, of those that it could be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    pub token: u32,
    pub probability: f32,
}

pub struct Sampler {
    sampling: Sampling,
    state: u64,
    isa: Isa,
}

/// What is less likely than the likeliest by this power of `e` adds nothing to a sum.
const NEGLIGIBLE: f32 = 15.0;

/// Only so many of the likeliest are sorted; the others are too unlikely to matter.
const MAX_SORTED: usize = 64;

/// The natural logarithm of a token's probability.
pub fn ln_probability(logits: &[f32], token: u32) -> f64 {
    let (mut largest, mut total) = (f32::NEG_INFINITY, 0.0);
    vector::largest(Isa::best(), logits, &mut largest);
    vector::sum_of_exponentials(Isa::best(), logits, largest, &mut total);
    let logit = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    f64::from(logit - largest) - f64::from(total).ln()
}

impl Sampler {
    pub fn new(sampling: Sampling) -> Sampler {
        let state = match sampling {
            Sampling::Greedy => 1,
            Sampling::Random { seed: 0, .. } => RandomState::new().hash_one(0) | 1,
            Sampling::Random { seed, .. } => seed,
        };
        Sampler { sampling, state, isa: Isa::best() }
    }

    /// Of all tokens.
    pub fn choose(&mut self, logits: &[f32]) -> Choice {
        let (mut largest, mut total) = (f32::NEG_INFINITY, 0.0);
        vector::largest(self.isa, logits, &mut largest);
        vector::sum_of_exponentials(self.isa, logits, largest, &mut total);
        match self.sampling {
            // The first of the largest.
            Sampling::Greedy => {
                let token = logits.iter().position(|logit| *logit == largest).unwrap_or_default();
                Choice { token: token as u32, probability: 1.0 / total }
            }
            Sampling::Random { temperature, top_p, .. } => self.draw(logits, largest, total, temperature, top_p),
        }
    }

    /// Of `allowed` tokens, the likeliest: what is forced is not left to chance. Its probability is that among them.
    pub fn choose_among(&mut self, logits: &[f32], allowed: &[u32]) -> Option<Choice> {
        let logit = |token: &u32| logits.get(*token as usize).copied();
        let (token, largest) = likeliest(allowed.iter().filter_map(|token| Some((*token as usize, logit(token)?))));
        let near = allowed.iter().filter_map(logit).map(|logit| logit - largest).filter(|less| *less > -NEGLIGIBLE);
        let total: f32 = near.map(f32::exp).sum();
        (largest > f32::NEG_INFINITY).then(|| Choice { token: token as u32, probability: 1.0 / total })
    }

    fn draw(&mut self, logits: &[f32], largest: f32, total: f32, temperature: f32, top_p: f32) -> Choice {
        let mut sorted: Vec<(usize, f32)> =
            logits.iter().copied().enumerate().filter(|(_, x)| *x > largest - 10.0).collect();
        sorted.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        sorted.truncate(MAX_SORTED);
        let weights: Vec<f32> = sorted.iter().map(|(_, x)| ((x - largest) / temperature.max(1e-3)).exp()).collect();
        let all: f32 = weights.iter().sum();
        let mut kept = 0.0;
        let n_kept = 1 + weights
            .iter()
            .take_while(|weight| {
                kept += **weight;
                kept < top_p * all
            })
            .count();
        let n_kept = n_kept.min(weights.len());
        let mut at = self.random() * weights[..n_kept].iter().sum::<f32>();
        let index = weights[..n_kept]
            .iter()
            .position(|weight| {
                at -= weight;
                at <= 0.0
            })
            .unwrap_or(0);
        let (token, logit) = sorted[index];
        Choice { token: token as u32, probability: (logit - largest).exp() / total }
    }

    /// From 0 to 1. Source: xorshift64*, <https://vigna.di.unimi.it/ftp/papers/xorshift.pdf>.
    fn random(&mut self) -> f32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1 << 24) as f32
    }
}

/// The first of the largest.
fn likeliest(logits: impl Iterator<Item = (usize, f32)>) -> (usize, f32) {
    logits.fold((0, f32::NEG_INFINITY), |best, logit| if logit.1 > best.1 { logit } else { best })
}
