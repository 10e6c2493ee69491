//! Attention of some queries to the keys and values of one head.
//!
//! The queries of a group share their head, as in <https://arxiv.org/abs/2305.13245>, so each key is read once for all of
//! them. Scores go in blocks of sixteen positions from the start, and positions after a query weigh exactly nothing: a
//! token's result does not depend on what is evaluated with it.

use super::kernel::Isa;
use super::kv::POSITIONS;
use super::vector::{self, for_each_isa};

/// Most queries that are taken together: their sums fill the registers.
pub const MAX_QUERIES: usize = 8;

/// Numbers of a value that are summed up at a time.
const SLICE: usize = 64;

/// One head's cache and queries to it, each of `head_dim` numbers. The query sees the first `n_seen` positions.
pub struct Attention<'a> {
    pub keys: &'a [f32],
    pub values: &'a [f32],
    pub head_dim: usize,
    pub n_seen: usize,
}

impl Attention<'_> {
    /// Writes each query's result over it. `scores` is scratch.
    pub fn attend(&self, isa: Isa, queries: &mut [&mut [f32]], scores: &mut Vec<[f32; POSITIONS]>) {
        let n_blocks = self.n_seen.div_ceil(POSITIONS);
        scores.clear();
        scores.resize(queries.len() * n_blocks, [0.0; POSITIONS]);
        score(isa, self, queries, scores);
        let mut totals = [1.0; MAX_QUERIES];
        for (scores, total) in scores.chunks_exact_mut(n_blocks).zip(&mut totals) {
            let hidden = scores.len() * POSITIONS - self.n_seen;
            if let Some(last) = scores.last_mut() {
                last[POSITIONS - hidden..].fill(f32::NEG_INFINITY);
            }
            let largest = scores.as_flattened().iter().copied().fold(f32::NEG_INFINITY, f32::max);
            vector::exponentials(isa, scores, largest, total);
        }
        sum_up(isa, self, queries, scores, &totals);
    }
}

macro_rules! by_count {
    ($n:expr, $function:ident($($arg:expr),*)) => {
        match $n {
            1 => $function::<1>($($arg),*),
            2 => $function::<2>($($arg),*),
            3 => $function::<3>($($arg),*),
            4 => $function::<4>($($arg),*),
            5 => $function::<5>($($arg),*),
            6 => $function::<6>($($arg),*),
            7 => $function::<7>($($arg),*),
            _ => $function::<8>($($arg),*),
        }
    };
}

for_each_isa! {
    /// Products of all queries with all keys, divided by the root of their length.
    pub fn score(of: &Attention, queries: &[&mut [f32]], scores: &mut [[f32; POSITIONS]]) {
        by_count!(queries.len(), score_all(of, queries, scores))
    }
}

#[inline(always)]
fn score_all<const M: usize>(of: &Attention, queries: &[&mut [f32]], scores: &mut [[f32; POSITIONS]]) {
    let queries: [&[f32]; M] = std::array::from_fn(|m| &*queries[m]);
    let (n, scale) = (of.head_dim, 1.0 / (of.head_dim as f32).sqrt());
    let n_blocks = scores.len() / M;
    for block in 0..n_blocks {
        let keys = of.keys[block * n * POSITIONS..][..n * POSITIONS].as_chunks::<POSITIONS>().0;
        let mut sums = [[0f32; POSITIONS]; M];
        for (i, keys) in keys.iter().enumerate() {
            for m in 0..M {
                let x = queries[m][i];
                for lane in 0..POSITIONS {
                    sums[m][lane] = x.mul_add(keys[lane], sums[m][lane]);
                }
            }
        }
        for m in 0..M {
            scores[m * n_blocks + block] = sums[m].map(|sum| sum * scale);
        }
    }
}

for_each_isa! {
    /// The values, weighed by the scores and divided by their totals.
    pub fn sum_up(of: &Attention, queries: &mut [&mut [f32]], scores: &[[f32; POSITIONS]], totals: &[f32; MAX_QUERIES]) {
        by_count!(queries.len(), sum_up_all(of, queries, scores, totals))
    }
}

#[inline(always)]
fn sum_up_all<const M: usize>(
    of: &Attention,
    queries: &mut [&mut [f32]],
    scores: &[[f32; POSITIONS]],
    totals: &[f32; MAX_QUERIES],
) {
    let n_positions = scores.len() / M * POSITIONS;
    let weights: [&[f32]; M] = std::array::from_fn(|m| &scores.as_flattened()[m * n_positions..][..n_positions]);
    for start in (0..of.head_dim).step_by(SLICE) {
        let mut sums = [[0f32; SLICE]; M];
        let width = SLICE.min(of.head_dim - start);
        for at in 0..of.n_seen {
            let values = &of.values[at * of.head_dim + start..];
            if let Some(values) = values.first_chunk::<SLICE>().filter(|_| width == SLICE) {
                for m in 0..M {
                    let weight = weights[m][at];
                    for i in 0..SLICE {
                        sums[m][i] = weight.mul_add(values[i], sums[m][i]);
                    }
                }
            } else {
                for m in 0..M {
                    for i in 0..width {
                        sums[m][i] = weights[m][at].mul_add(values[i], sums[m][i]);
                    }
                }
            }
        }
        for m in 0..M {
            for i in 0..width {
                queries[m][start + i] = sums[m][i] / totals[m];
            }
        }
    }
}
