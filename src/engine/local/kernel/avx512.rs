//! AVX-512 with VNNI: one instruction multiplies four inputs with the weights of sixteen outputs.

#![expect(clippy::needless_range_loop, reason = "loops of fixed length over several arrays at once, unrolled")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::Output;
use crate::engine::local::activations::{Activations, Panel, ROW_BYTES};
use crate::engine::local::matrix::{BLOCK, Layout, Matrix, Shape, TILE};

/// How far ahead weights are asked for, in bytes.
const AHEAD: usize = 4096;

/// # Safety
/// The CPU must have the features; no other thread may write the same tiles.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub unsafe fn matmul<S: Shape>(w: &Matrix, x: &Activations, tiles: Range<usize>, out: Output) {
    for tile in tiles {
        let bytes = w.tile(tile);
        for panel in x.panels() {
            // SAFETY: the features are there.
            unsafe {
                match panel.width {
                    8 => product::<S, 8>(bytes, &panel, tile, out),
                    4 => product::<S, 4>(bytes, &panel, tile, out),
                    2 => product::<S, 2>(bytes, &panel, tile, out),
                    _ => product::<S, 1>(bytes, &panel, tile, out),
                }
            }
        }
    }
}

/// A panel of `M` rows with one tile.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn product<S: Shape, const M: usize>(bytes: &[u8], panel: &Panel, tile: usize, out: Output) {
    let layout = S::LAYOUT;
    assert_eq!(bytes.len() / layout.super_bytes() * layout.blocks_per_super(), panel.bytes.len() / (M * ROW_BYTES));
    let mut x = panel.bytes.as_ptr();
    let mut sums = [_mm512_setzero_ps(); M];
    for super_block in bytes.chunks_exact(layout.super_bytes()) {
        let head = super_block.as_ptr();
        // SAFETY: the features are there; by the assertion, `x` has as many blocks as the tile.
        unsafe {
            let mut block = head.add(layout.head_bytes());
            for _ in 0..layout.blocks_per_super() {
                // With few rows, memory is what is waited for, and the CPU looks ahead no farther than a page.
                if M <= 4 {
                    for line in (0..layout.block_bytes()).step_by(64) {
                        _mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(AHEAD + line).cast());
                    }
                }
                let dots = dots::<S, M>(block, x);
                if layout as u8 == Layout::K6 as u8 {
                    add_halves::<S, M>(head, block, x, &dots, &mut sums);
                } else {
                    add::<S, M>(head, block, x, &dots[0], &mut sums);
                }
                block = block.add(layout.block_bytes());
                x = x.add(M * ROW_BYTES);
            }
        }
    }
    for (m, sum) in sums.into_iter().enumerate() {
        // SAFETY: `at` gives room for a tile.
        unsafe { _mm512_storeu_ps(out.at(panel.row + m, tile), sum) };
    }
}

/// The integer products of one block; of its two halves for `K6`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn dots<S: Shape, const M: usize>(quants: *const u8, x: *const u8) -> [[__m512i; M]; 2] {
    let n_bits = S::LAYOUT.n_bits();
    let second = usize::from(n_bits == 6);
    let mut dots = [[_mm512_setzero_si512(); M]; 2];
    for v in 0..4 {
        // SAFETY: a block has these groups.
        let (low, high) = unsafe {
            match n_bits {
                8 => (load(quants, v), load(quants, v + 4)),
                _ => unpacked(n_bits, quants, v),
            }
        };
        for m in 0..M {
            // SAFETY: a row has 32 quants.
            unsafe {
                dots[0][m] = _mm512_dpbusd_epi32(dots[0][m], low, four(x, m, v));
                dots[second][m] = _mm512_dpbusd_epi32(dots[second][m], high, four(x, m, v + 4));
            }
        }
    }
    dots
}

/// Groups `v` and `v + 4` of a block of 4, 5 or 6 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn unpacked(n_bits: usize, quants: *const u8, v: usize) -> (__m512i, __m512i) {
    let nibble = _mm512_set1_epi8(15);
    // SAFETY: the caller gives a whole block.
    unsafe {
        let both = load(quants, v);
        let low = _mm512_and_si512(both, nibble);
        let high = _mm512_and_si512(_mm512_srli_epi16::<4>(both), nibble);
        match n_bits {
            5 => {
                let masks = quants.add(256).cast::<u64>();
                let sixteen = _mm512_set1_epi8(16);
                let fifth = |q, g: usize| _mm512_mask_add_epi8(q, masks.add(g).read_unaligned(), q, sixteen);
                (fifth(low, v), fifth(high, v + 4))
            }
            6 => {
                let pairs = |w: usize| _mm512_and_si512(to_high(load(quants, 4 + w), v), _mm512_set1_epi8(0x30));
                (_mm512_or_si512(low, pairs(0)), _mm512_or_si512(high, pairs(1)))
            }
            _ => (low, high),
        }
    }
}

/// Moves the bits `2 * v` and `2 * v + 1` of each byte to 4 and 5.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn to_high(pairs: __m512i, v: usize) -> __m512i {
    match v {
        0 => _mm512_slli_epi16::<4>(pairs),
        1 => _mm512_slli_epi16::<2>(pairs),
        2 => pairs,
        _ => _mm512_srli_epi16::<2>(pairs),
    }
}

/// Adds a block's products, with their scales, to the sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn add<S: Shape, const M: usize>(
    head: *const u8,
    block: *const u8,
    x: *const u8,
    dots: &[__m512i; M],
    sums: &mut [__m512; M],
) {
    let layout = S::LAYOUT;
    // SAFETY: a block has its scales behind its quants, a head as `matrix/pack.rs` wrote it.
    let (scale, min) = unsafe {
        let scales = block.add(layout.quants_bytes());
        match layout {
            Layout::A4 | Layout::A5 => (halves(scales, 0), halves(scales, 1)),
            Layout::K4 | Layout::K5 => (
                _mm512_mul_ps(halves(head, 0), unsigned(scales, 0)),
                _mm512_mul_ps(halves(head, 1), unsigned(scales, 1)),
            ),
            _ => {
                let scale = halves(scales, 0);
                let zero = layout.zero().unwrap_or_default() as f32;
                (scale, _mm512_mul_ps(scale, _mm512_set1_ps(zero)))
            }
        }
    };
    for m in 0..M {
        // SAFETY: `x` has a scale and a sum for each row.
        let (scale, sum) = unsafe { (_mm512_mul_ps(scale, number::<M>(x, m)), number::<M>(x, M + m)) };
        sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[m]), scale, sums[m]);
        sums[m] = _mm512_fnmadd_ps(min, sum, sums[m]);
    }
}

/// The same where each half of a block has a scale.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn add_halves<S: Shape, const M: usize>(
    head: *const u8,
    block: *const u8,
    x: *const u8,
    dots: &[[__m512i; M]; 2],
    sums: &mut [__m512; M],
) {
    for half in 0..2 {
        // SAFETY: as in `add`.
        let scale = unsafe {
            let scales = block.add(S::LAYOUT.quants_bytes() + TILE * half);
            let signed = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(scales.cast())));
            _mm512_mul_ps(halves(head, 0), signed)
        };
        let min = _mm512_mul_ps(scale, _mm512_set1_ps(32.0));
        for m in 0..M {
            // SAFETY: `x` has a scale and two sums for each row.
            let (scale, sum) =
                unsafe { (_mm512_mul_ps(scale, number::<M>(x, m)), number::<M>(x, 2 * M + 2 * m + half)) };
            sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[half][m]), scale, sums[m]);
            sums[m] = _mm512_fnmadd_ps(min, sum, sums[m]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn load(quants: *const u8, i: usize) -> __m512i {
    // SAFETY: the caller's block has 64 bytes there.
    unsafe { _mm512_loadu_si512(quants.add(64 * i).cast()) }
}

/// Four activations of row `m` for all lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn four(x: *const u8, m: usize, group: usize) -> __m512i {
    // SAFETY: the caller's block has 32 quants a row.
    _mm512_set1_epi32(unsafe { x.add(BLOCK * m + 4 * group).cast::<i32>().read_unaligned() })
}

/// The `i`th number behind a block's quants, for all lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn number<const M: usize>(x: *const u8, i: usize) -> __m512 {
    // SAFETY: the caller's block has four numbers a row.
    _mm512_set1_ps(unsafe { x.add(BLOCK * M + 4 * i).cast::<f32>().read_unaligned() })
}

/// The `i`th sixteen half-precision numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn halves(start: *const u8, i: usize) -> __m512 {
    // SAFETY: the caller's bytes reach that far.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(start.add(2 * TILE * i).cast()) })
}

/// The `i`th sixteen bytes as numbers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
unsafe fn unsigned(start: *const u8, i: usize) -> __m512 {
    // SAFETY: the caller's bytes reach that far.
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(start.add(TILE * i).cast()) }))
}
