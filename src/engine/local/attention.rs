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

/// The values, weighed by the scores and divided by their totals.
fn sum_up(
    isa: Isa,
    of: &Attention,
    queries: &mut [&mut [f32]],
    scores: &[[f32; POSITIONS]],
    totals: &[f32; MAX_QUERIES],
) {
    match isa {
        // SAFETY: an `Isa` is used only where it is present.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni if of.head_dim.is_multiple_of(32) => unsafe {
            by_count!(queries.len(), avx512(of, queries, scores, totals))
        },
        // Also for heads of an odd number of 16s, which are rare.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni | Isa::AvxVnni | Isa::Avx2 => unsafe {
            by_count!(queries.len(), avx2(of, queries, scores, totals))
        },
        _ => by_count!(queries.len(), portable(of, queries, scores, totals)),
    }
}

fn portable<const M: usize>(
    of: &Attention,
    queries: &mut [&mut [f32]],
    scores: &[[f32; POSITIONS]],
    totals: &[f32; MAX_QUERIES],
) {
    let n_weights = scores.len() / M * POSITIONS;
    for (m, query) in queries.iter_mut().enumerate() {
        query.fill(0.0);
        let weights = scores.as_flattened()[m * n_weights..].iter();
        for (value, weight) in of.values.chunks_exact(of.head_dim).take(of.n_seen).zip(weights) {
            query.iter_mut().zip(value).for_each(|(sum, value)| *sum = weight.mul_add(*value, *sum));
        }
        query.iter_mut().for_each(|sum| *sum /= totals[m]);
    }
}

/// Sums in registers, for vectors of `$lanes` numbers, `$n` of them of each query at a time.
macro_rules! sum_up_in_registers {
    ($name:ident, $features:literal, $lanes:literal, $n:literal, $zero:ident, $load:ident, $set:ident, $fma:ident, $div:ident, $store:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        unsafe fn $name<const M: usize>(
            of: &Attention,
            queries: &mut [&mut [f32]],
            scores: &[[f32; POSITIONS]],
            totals: &[f32; MAX_QUERIES],
        ) {
            use std::arch::x86_64::*;
            const WIDTH: usize = $lanes * $n;
            let n_weights = scores.len() / M * POSITIONS;
            assert!(n_weights >= of.n_seen && of.values.len() >= of.n_seen * of.head_dim && of.head_dim % WIDTH == 0);
            assert!(queries.iter().all(|query| query.len() == of.head_dim));
            let weights = scores.as_flattened().as_ptr();
            for start in (0..of.head_dim).step_by(WIDTH) {
                let mut sums = [[$zero(); $n]; M];
                // SAFETY: by the assertions, every position has a weight for each query, and a value of `head_dim`.
                unsafe {
                    for at in 0..of.n_seen {
                        let value = of.values.as_ptr().add(at * of.head_dim + start);
                        let value: [_; $n] = std::array::from_fn(|n| $load(value.add($lanes * n)));
                        for m in 0..M {
                            let weight = $set(*weights.add(m * n_weights + at));
                            for n in 0..$n {
                                sums[m][n] = $fma(weight, value[n], sums[m][n]);
                            }
                        }
                    }
                    for (m, query) in queries.iter_mut().enumerate().take(M) {
                        for n in 0..$n {
                            $store(query.as_mut_ptr().add(start + $lanes * n), $div(sums[m][n], $set(totals[m])));
                        }
                    }
                }
            }
        }
    };
}
sum_up_in_registers!(
    avx512,
    "avx512f",
    16,
    2,
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_div_ps,
    _mm512_storeu_ps
);
sum_up_in_registers!(
    avx2,
    "avx2,fma",
    8,
    1,
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_div_ps,
    _mm256_storeu_ps
);
