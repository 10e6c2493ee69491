//! AVX2, with its own VNNI where there is one: the sixteen outputs of a tile as two halves of eight.

#![expect(clippy::needless_range_loop, reason = "loops of fixed length over several arrays at once, unrolled")]

use std::arch::x86_64::*;
use std::ops::Range;

use super::Output;
use crate::engine::local::activations::{Activations, Panel, ROW_BYTES};
use crate::engine::local::matrix::{BLOCK, Layout, Matrix, Shape, TILE};

/// Outputs of a register.
const LANES: usize = 8;

/// # Safety
/// The CPU must have the features; no other thread may write the same tiles.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn matmul<S: Shape>(w: &Matrix, x: &Activations, tiles: Range<usize>, out: Output) {
    // SAFETY: the same as for this function.
    unsafe { all::<S, false>(w, x, tiles, out) }
}

/// # Safety
/// As for [`matmul`].
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
pub unsafe fn matmul_vnni<S: Shape>(w: &Matrix, x: &Activations, tiles: Range<usize>, out: Output) {
    // SAFETY: the same as for this function.
    unsafe { all::<S, true>(w, x, tiles, out) }
}

/// Inlined into both, so that `VNNI` is true only where the feature is.
#[inline(always)]
unsafe fn all<S: Shape, const VNNI: bool>(w: &Matrix, x: &Activations, tiles: Range<usize>, out: Output) {
    for tile in tiles {
        let bytes = w.tile(tile);
        for panel in x.panels() {
            // SAFETY: the features are there. Eight rows would not fit the sixteen registers.
            unsafe {
                match panel.width {
                    8 => {
                        product::<S, VNNI, 8, 4>(bytes, &panel, 0, tile, out);
                        product::<S, VNNI, 8, 4>(bytes, &panel, 4, tile, out);
                    }
                    4 => product::<S, VNNI, 4, 4>(bytes, &panel, 0, tile, out),
                    2 => product::<S, VNNI, 2, 2>(bytes, &panel, 0, tile, out),
                    _ => product::<S, VNNI, 1, 1>(bytes, &panel, 0, tile, out),
                }
            }
        }
    }
}

/// `M` rows, from `first` on, of a panel of `W` with one tile.
#[inline(always)]
unsafe fn product<S: Shape, const VNNI: bool, const W: usize, const M: usize>(
    bytes: &[u8],
    panel: &Panel,
    first: usize,
    tile: usize,
    out: Output,
) {
    let layout = S::LAYOUT;
    assert_eq!(bytes.len() / layout.super_bytes() * layout.blocks_per_super(), panel.bytes.len() / (W * ROW_BYTES));
    for side in 0..TILE / LANES {
        // SAFETY: the features are there; by the assertion, the panel has as many blocks as the tile.
        unsafe {
            let mut x = panel.bytes.as_ptr();
            let mut sums = [_mm256_setzero_ps(); M];
            for super_block in bytes.chunks_exact(layout.super_bytes()) {
                let head = super_block.as_ptr();
                let mut block = head.add(layout.head_bytes());
                for _ in 0..layout.blocks_per_super() {
                    let dots = dots::<S, VNNI, M>(block, side, x.add(BLOCK * first));
                    let numbers = x.add(BLOCK * W).cast::<f32>();
                    for half in 0..if layout.n_bits() == 6 { 2 } else { 1 } {
                        let (scale, min) = scale_and_min::<S, VNNI>(head, block, side, half);
                        for m in 0..M {
                            let row = first + m;
                            let sum = if layout.n_bits() == 6 { 2 * W + 2 * row + half } else { W + row };
                            let (own, sum) = (number(numbers, row), number(numbers, sum));
                            let scale = _mm256_mul_ps(scale, own);
                            sums[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[half][m]), scale, sums[m]);
                            sums[m] = _mm256_fnmadd_ps(min, sum, sums[m]);
                        }
                    }
                    block = block.add(layout.block_bytes());
                    x = x.add(W * ROW_BYTES);
                }
            }
            for (m, sum) in sums.into_iter().enumerate() {
                _mm256_storeu_ps(out.at(panel.row + first + m, tile).add(LANES * side), sum);
            }
        }
    }
}

/// The integer products of one block with one side's outputs; of its two halves for `K6`.
#[inline(always)]
unsafe fn dots<S: Shape, const VNNI: bool, const M: usize>(
    quants: *const u8,
    side: usize,
    x: *const u8,
) -> [[__m256i; M]; 2] {
    let n_bits = S::LAYOUT.n_bits();
    let second = usize::from(n_bits == 6);
    // SAFETY: a block has these groups, a row 32 quants at each block.
    unsafe {
        let mut dots = [[_mm256_setzero_si256(); M]; 2];
        for v in 0..4 {
            let (low, high) = unpacked(n_bits, quants, side, v);
            for m in 0..M {
                dots[0][m] = dot::<VNNI>(n_bits, dots[0][m], low, four(x, m, v));
                dots[second][m] = dot::<VNNI>(n_bits, dots[second][m], high, four(x, m, v + 4));
            }
        }
        dots
    }
}

/// Adds the products of four neighbours to each sum.
#[inline(always)]
unsafe fn dot<const VNNI: bool>(n_bits: usize, sum: __m256i, w: __m256i, x: __m256i) -> __m256i {
    // SAFETY: `VNNI` is set where the feature is.
    unsafe {
        if VNNI {
            return _mm256_dpbusd_avx_epi32(sum, w, x);
        }
        let pairs = if n_bits == 8 {
            // Two products of 8 bits without sign and 7 would not fit: the sign moves to the other side.
            let w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
            _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w))
        } else {
            _mm256_maddubs_epi16(w, x)
        };
        _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}

/// One side of the groups `v` and `v + 4` of a block.
#[inline(always)]
unsafe fn unpacked(n_bits: usize, quants: *const u8, side: usize, v: usize) -> (__m256i, __m256i) {
    // SAFETY: the caller gives a whole block.
    unsafe {
        let load = |i: usize| _mm256_loadu_si256(quants.add(64 * i + 32 * side).cast());
        if n_bits == 8 {
            return (load(v), load(v + 4));
        }
        let nibble = _mm256_set1_epi8(15);
        let both = load(v);
        let low = _mm256_and_si256(both, nibble);
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(both), nibble);
        match n_bits {
            5 => {
                let fifth = |g: usize| spread(quants.add(256 + 8 * g + 4 * side).cast::<u32>().read_unaligned());
                (_mm256_or_si256(low, fifth(v)), _mm256_or_si256(high, fifth(v + 4)))
            }
            6 => {
                let pairs = |w: usize| _mm256_and_si256(to_high(load(4 + w), v), _mm256_set1_epi8(0x30));
                (_mm256_or_si256(low, pairs(0)), _mm256_or_si256(high, pairs(1)))
            }
            _ => (low, high),
        }
    }
}

/// Sixteen in each byte whose bit is set.
#[inline(always)]
unsafe fn spread(bits: u32) -> __m256i {
    // SAFETY: the features are there.
    unsafe {
        let which = _mm256_set_epi64x(0x0303_0303_0303_0303, 0x0202_0202_0202_0202, 0x0101_0101_0101_0101, 0);
        let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), which);
        let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        let is_set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
        _mm256_and_si256(is_set, _mm256_set1_epi8(16))
    }
}

/// Moves the bits `2 * v` and `2 * v + 1` of each byte to 4 and 5.
#[inline(always)]
unsafe fn to_high(pairs: __m256i, v: usize) -> __m256i {
    // SAFETY: the features are there.
    unsafe {
        match v {
            0 => _mm256_slli_epi16::<4>(pairs),
            1 => _mm256_slli_epi16::<2>(pairs),
            2 => pairs,
            _ => _mm256_srli_epi16::<2>(pairs),
        }
    }
}

/// Of a block, or of one half of it.
#[inline(always)]
unsafe fn scale_and_min<S: Shape, const VNNI: bool>(
    head: *const u8,
    block: *const u8,
    side: usize,
    half: usize,
) -> (__m256, __m256) {
    let layout = S::LAYOUT;
    // SAFETY: a block has its scales behind its quants, a head as `matrix/pack.rs` wrote it.
    unsafe {
        let scales = block.add(layout.quants_bytes());
        // Without VNNI the weights of 8 bits were multiplied with their signs.
        let has_zero = VNNI || layout.n_bits() != 8;
        let zero = _mm256_set1_ps(layout.zero().filter(|_| has_zero).unwrap_or_default() as f32);
        match layout {
            Layout::A4 | Layout::A5 => (halves(scales, 0, side), halves(scales, 1, side)),
            Layout::K4 | Layout::K5 => (
                _mm256_mul_ps(halves(head, 0, side), unsigned(scales, 0, side)),
                _mm256_mul_ps(halves(head, 1, side), unsigned(scales, 1, side)),
            ),
            Layout::K6 => {
                let scale = _mm256_mul_ps(halves(head, 0, side), signed(scales, half, side));
                (scale, _mm256_mul_ps(scale, zero))
            }
            Layout::S4 | Layout::S5 | Layout::S8 => {
                let scale = halves(scales, 0, side);
                (scale, _mm256_mul_ps(scale, zero))
            }
        }
    }
}

/// Four activations of row `m` for all lanes.
#[inline(always)]
unsafe fn four(x: *const u8, m: usize, group: usize) -> __m256i {
    // SAFETY: the caller's block has 32 quants a row.
    unsafe { _mm256_set1_epi32(x.add(BLOCK * m + 4 * group).cast::<i32>().read_unaligned()) }
}

/// One number for all lanes.
#[inline(always)]
unsafe fn number(numbers: *const f32, i: usize) -> __m256 {
    // SAFETY: the caller's block has four numbers a row.
    unsafe { _mm256_set1_ps(numbers.add(i).read_unaligned()) }
}

/// One side of the `i`th sixteen half-precision numbers.
#[inline(always)]
unsafe fn halves(start: *const u8, i: usize, side: usize) -> __m256 {
    // SAFETY: the caller's bytes reach that far.
    unsafe { _mm256_cvtph_ps(_mm_loadu_si128(start.add(2 * (TILE * i + LANES * side)).cast())) }
}

/// One side of the `i`th sixteen bytes as numbers.
#[inline(always)]
unsafe fn unsigned(start: *const u8, i: usize, side: usize) -> __m256 {
    // SAFETY: the caller's bytes reach that far.
    unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(start.add(TILE * i + LANES * side).cast()))) }
}

/// The same with signs.
#[inline(always)]
unsafe fn signed(start: *const u8, i: usize, side: usize) -> __m256 {
    // SAFETY: the caller's bytes reach that far.
    unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(start.add(TILE * i + LANES * side).cast()))) }
}
