//! A figure with its interval: 95 % by bootstrap over blocks of one minute (Efron 1979), since what happens within a
//! minute of typing is not independent.

use serde::Serialize;

use super::measure::Block;
use super::random::Random;

const N_SAMPLES: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Estimate {
    /// `None` where `figure` has nothing to go by.
    pub fn of(blocks: &[Block], seed: u64, figure: impl Fn(&[&Block]) -> Option<f64>) -> Option<Estimate> {
        let all: Vec<&Block> = blocks.iter().collect();
        let value = figure(&all)?;
        let mut random = Random::new(seed);
        let mut sampled: Vec<f64> = (0..N_SAMPLES)
            .filter_map(|_| {
                let drawn: Vec<&Block> = all.iter().map(|_| all[random.below(all.len())]).collect();
                figure(&drawn)
            })
            .collect();
        sampled.sort_by(f64::total_cmp);
        let at = |share| quantile(&sampled, share).unwrap_or(value);
        Some(Estimate { value, low: at(0.025), high: at(0.975) })
    }

    /// The ratio of two counts, times `scale`.
    pub fn ratio(
        blocks: &[Block],
        seed: u64,
        scale: f64,
        counts: impl Fn(&Block) -> (usize, usize),
    ) -> Option<Estimate> {
        Estimate::of(blocks, seed, |blocks| {
            let (mut part, mut whole) = (0, 0);
            for block in blocks {
                let (a, b) = counts(block);
                part += a;
                whole += b;
            }
            (whole > 0).then(|| scale * part as f64 / whole as f64)
        })
    }
}

/// The smallest value that at least `share` of the sorted ones do not exceed.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}
