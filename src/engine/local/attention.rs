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

/// Numbers of a register. A head is a multiple of it.
const LANES: usize = 16;

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
            let mut largest = f32::NEG_INFINITY;
            vector::largest(isa, scores.as_flattened(), &mut largest);
            vector::exponentials(isa, scores.as_flattened_mut(), largest, total);
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
    let queries: [&[[f32; LANES]]; M] = std::array::from_fn(|m| queries[m].as_chunks().0);
    let scale = 1.0 / (of.head_dim as f32).sqrt();
    let n_blocks = scores.len() / M;
    let (keys, n_chunks) = (of.keys.as_chunks::<POSITIONS>().0.as_chunks::<LANES>().0, of.head_dim / LANES);
    for (block, keys) in keys.chunks_exact(n_chunks).take(n_blocks).enumerate() {
        let mut sums = [[0f32; POSITIONS]; M];
        for (i, keys) in keys.iter().enumerate() {
            let x: [&[f32; LANES]; M] = std::array::from_fn(|m| &queries[m][i]);
            for (j, keys) in keys.iter().enumerate() {
                for m in 0..M {
                    for lane in 0..POSITIONS {
                        sums[m][lane] = x[m][j].mul_add(keys[lane], sums[m][lane]);
                    }
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
    let n_blocks = scores.len() / M;
    let weights: [&[[f32; POSITIONS]]; M] = std::array::from_fn(|m| &scores[m * n_blocks..][..n_blocks]);
    let values = of.values.as_chunks::<LANES>().0;
    let n_chunks = of.head_dim / LANES;
    let mut start = 0;
    while start < n_chunks {
        // As many as leave the sums of eight queries in registers.
        let width = if n_chunks - start >= 2 { 2 } else { 1 };
        let slice = Slice { values, n_chunks, start };
        match width {
            2 => slice.sum_up::<M, 2>(queries, &weights, totals),
            _ => slice.sum_up::<M, 1>(queries, &weights, totals),
        }
        start += width;
    }
}

/// Some numbers of each value.
struct Slice<'a> {
    values: &'a [[f32; LANES]],
    n_chunks: usize,
    start: usize,
}

impl Slice<'_> {
    #[inline(always)]
    fn sum_up<const M: usize, const N: usize>(
        &self,
        queries: &mut [&mut [f32]],
        weights: &[&[[f32; POSITIONS]]; M],
        totals: &[f32; MAX_QUERIES],
    ) {
        let mut sums = [[[0f32; LANES]; N]; M];
        // Past the last position the weights are exactly zero.
        for (block, values) in self.values.chunks_exact(POSITIONS * self.n_chunks).take(weights[0].len()).enumerate() {
            let weights: [&[f32; POSITIONS]; M] = std::array::from_fn(|m| &weights[m][block]);
            for (at, value) in values.chunks_exact(self.n_chunks).enumerate().take(POSITIONS) {
                let Some(value) = value[self.start..].first_chunk::<N>() else { return };
                for m in 0..M {
                    for n in 0..N {
                        for lane in 0..LANES {
                            sums[m][n][lane] = weights[m][at % POSITIONS].mul_add(value[n][lane], sums[m][n][lane]);
                        }
                    }
                }
            }
        }
        for m in 0..M {
            let into = queries[m].as_chunks_mut::<LANES>().0;
            for n in 0..N {
                into[self.start + n] = sums[m][n].map(|sum| sum / totals[m]);
            }
        }
    }
}
