//! From a GGUF tensor's rows to tiles. The block formats are those of ggml's `ggml-common.h`.

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};

use super::{BLOCK, Layout, TILE};

/// One block of 32 weights of one output.
struct Block {
    quants: [u8; BLOCK],
    /// Of the scales behind the quants, as they lie in the tile.
    scales: Scales,
}

enum Scales {
    Half(f16),
    HalfMin(f16, f16),
    /// Two bytes: scale and min, or the scales of both halves.
    Bytes(u8, u8),
}

/// Puts one row of a tensor in `lane` of its tile.
pub fn row(dtype: GgmlDType, row: &[u8], lane: usize, tile: &mut [u8]) {
    match dtype {
        GgmlDType::Q4_0 => plain(Layout::S4, row, 18, lane, tile, q4_0),
        GgmlDType::Q4_1 => plain(Layout::A4, row, 20, lane, tile, q4_1),
        GgmlDType::Q5_0 => plain(Layout::S5, row, 22, lane, tile, q5_0),
        GgmlDType::Q5_1 => plain(Layout::A5, row, 24, lane, tile, q5_1),
        GgmlDType::Q8_0 => plain(Layout::S8, row, 34, lane, tile, q8_0),
        GgmlDType::F32 => plain(Layout::S8, row, 4 * BLOCK, lane, tile, |raw| quantised(floats(raw, 4, f32_at))),
        GgmlDType::F16 => plain(Layout::S8, row, 2 * BLOCK, lane, tile, |raw| quantised(floats(raw, 2, f16_at))),
        GgmlDType::BF16 => plain(Layout::S8, row, 2 * BLOCK, lane, tile, |raw| quantised(floats(raw, 2, bf16_at))),
        GgmlDType::Q4K => gathered(Layout::K4, row, 144, lane, tile, |raw, i| (k4(raw, i), half(raw, 0), half(raw, 2))),
        GgmlDType::Q5K => gathered(Layout::K5, row, 176, lane, tile, |raw, i| (k5(raw, i), half(raw, 0), half(raw, 2))),
        GgmlDType::Q6K => gathered(Layout::K6, row, 210, lane, tile, |raw, i| (k6(raw, i), half(raw, 208), f16::ZERO)),
        // `Matrix::pack` lets no other through.
        _ => {}
    }
}

fn plain(layout: Layout, row: &[u8], n_raw: usize, lane: usize, tile: &mut [u8], read: impl Fn(&[u8]) -> Block) {
    for (raw, into) in row.chunks_exact(n_raw).zip(tile.chunks_exact_mut(layout.super_bytes())) {
        put(layout, &read(raw), lane, into);
    }
}

/// Super-blocks of 256 weights. `read` gives a block and the super-block's scale and min.
fn gathered(
    layout: Layout,
    row: &[u8],
    n_raw: usize,
    lane: usize,
    tile: &mut [u8],
    read: impl Fn(&[u8], usize) -> (Block, f16, f16),
) {
    for (raw, into) in row.chunks_exact(n_raw).zip(tile.chunks_exact_mut(layout.super_bytes())) {
        let (head, blocks) = into.split_at_mut(layout.head_bytes());
        for (i, into) in blocks.chunks_exact_mut(layout.block_bytes()).enumerate() {
            let (block, scale, min) = read(raw, i);
            put(layout, &block, lane, into);
            put_half(head, lane, scale);
            if layout.head_bytes() > 2 * TILE {
                put_half(&mut head[2 * TILE..], lane, min);
            }
        }
    }
}

/// Writes a block's numbers into their lane. Four inputs of all lanes make a group of 64 bytes, eight groups a block.
/// Group `g` has its lower 4 bits in the low half of vector `g % 4` if `g < 4`, else in the high half. The fifth bits
/// are 64-bit masks, one a group; the fifth and sixth of group `g` lie in vector `g / 4` at bit `2 * (g % 4)`.
fn put(layout: Layout, block: &Block, lane: usize, into: &mut [u8]) {
    let (quants, scales) = into.split_at_mut(layout.quants_bytes());
    let groups = block.quants.as_chunks::<4>().0;
    if layout.n_bits() == 8 {
        for (group, into) in groups.iter().zip(quants.chunks_exact_mut(64)) {
            into[4 * lane..4 * lane + 4].copy_from_slice(group);
        }
    } else {
        let (nibbles, high) = quants.split_at_mut(256);
        let (first, second) = groups.split_at(4);
        for ((low, high), into) in first.iter().zip(second).zip(nibbles.chunks_exact_mut(64)) {
            let both: [u8; 4] = std::array::from_fn(|i| low[i] & 15 | high[i] << 4);
            into[4 * lane..4 * lane + 4].copy_from_slice(&both);
        }
        match layout.n_bits() {
            5 => put_fifth(groups, lane, high),
            6 => put_pairs(groups, lane, high),
            _ => {}
        }
    }
    match block.scales {
        Scales::Half(scale) => put_half(scales, lane, scale),
        Scales::HalfMin(scale, min) => {
            put_half(scales, lane, scale);
            put_half(&mut scales[2 * TILE..], lane, min);
        }
        Scales::Bytes(first, second) => {
            scales[lane] = first;
            scales[TILE + lane] = second;
        }
    }
}

fn put_fifth(groups: &[[u8; 4]], lane: usize, into: &mut [u8]) {
    for (group, mask) in groups.iter().zip(into.chunks_exact_mut(8)) {
        let bits = group.iter().enumerate().fold(0, |bits, (i, q)| bits | (q >> 4 & 1) << i);
        mask[lane / 2] |= bits << (4 * (lane % 2));
    }
}

fn put_pairs(groups: &[[u8; 4]], lane: usize, into: &mut [u8]) {
    for (groups, into) in groups.chunks_exact(4).zip(into.chunks_exact_mut(64)) {
        for (i, into) in into[4 * lane..4 * lane + 4].iter_mut().enumerate() {
            *into = groups.iter().enumerate().fold(0, |pairs, (g, group)| pairs | (group[i] >> 4) << (2 * g));
        }
    }
}

fn put_half(into: &mut [u8], lane: usize, value: f16) {
    into[2 * lane..2 * lane + 2].copy_from_slice(&value.to_le_bytes());
}

fn half(raw: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([raw[at], raw[at + 1]])
}

/// The low halves hold the first 16 weights, the high ones the others.
fn nibbles(raw: &[u8]) -> [u8; BLOCK] {
    std::array::from_fn(|i| (raw[i % 16] >> (4 * (i / 16))) & 15)
}

fn q4_0(raw: &[u8]) -> Block {
    Block { quants: nibbles(&raw[2..]), scales: Scales::Half(half(raw, 0)) }
}

/// The file adds its min where ours is taken away.
fn q4_1(raw: &[u8]) -> Block {
    Block { quants: nibbles(&raw[4..]), scales: Scales::HalfMin(half(raw, 0), -half(raw, 2)) }
}

fn q5_0(raw: &[u8]) -> Block {
    Block { quants: with_fifth(nibbles(&raw[6..]), &raw[2..6]), scales: Scales::Half(half(raw, 0)) }
}

fn q5_1(raw: &[u8]) -> Block {
    let quants = with_fifth(nibbles(&raw[8..]), &raw[4..8]);
    Block { quants, scales: Scales::HalfMin(half(raw, 0), -half(raw, 2)) }
}

fn with_fifth(low: [u8; BLOCK], bits: &[u8]) -> [u8; BLOCK] {
    std::array::from_fn(|i| low[i] | ((bits[i / 8] >> (i % 8)) & 1) << 4)
}

fn q8_0(raw: &[u8]) -> Block {
    Block { quants: std::array::from_fn(|i| raw[2 + i] ^ 0x80), scales: Scales::Half(half(raw, 0)) }
}

/// Rounded to 8 bits as Q8_0 does it.
fn quantised(values: [f32; BLOCK]) -> Block {
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let scale = f16::from_f32(largest / 127.0);
    let inverse = if scale == f16::ZERO { 0.0 } else { 1.0 / scale.to_f32() };
    let quant = |value: f32| (value * inverse).round().clamp(-127.0, 127.0) as i8 as u8 ^ 0x80;
    Block { quants: values.map(quant), scales: Scales::Half(scale) }
}

fn floats(raw: &[u8], n_bytes: usize, read: impl Fn(&[u8]) -> f32) -> [f32; BLOCK] {
    std::array::from_fn(|i| read(&raw[n_bytes * i..]))
}

fn f32_at(raw: &[u8]) -> f32 {
    f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]])
}

fn f16_at(raw: &[u8]) -> f32 {
    half(raw, 0).to_f32()
}

fn bf16_at(raw: &[u8]) -> f32 {
    bf16::from_le_bytes([raw[0], raw[1]]).to_f32()
}

/// Block `i` of a Q4_K super-block: two half scales, 12 bytes of scales and mins, then the low halves of 64 bytes hold
/// one block and the high halves the next.
fn k4(raw: &[u8], i: usize) -> Block {
    let (scale, min) = six_bits(&raw[4..16], i);
    let quants = &raw[16 + 32 * (i / 2)..];
    let quants = std::array::from_fn(|j| (quants[j] >> (4 * (i % 2))) & 15);
    Block { quants, scales: Scales::Bytes(scale, min) }
}

/// As [`k4`], with 32 bytes of fifth bits, block `i` at bit `i`.
fn k5(raw: &[u8], i: usize) -> Block {
    let (scale, min) = six_bits(&raw[4..16], i);
    let (fifth, quants) = (&raw[16..48], &raw[48 + 32 * (i / 2)..]);
    let quants = std::array::from_fn(|j| (quants[j] >> (4 * (i % 2))) & 15 | ((fifth[j] >> i) & 1) << 4);
    Block { quants, scales: Scales::Bytes(scale, min) }
}

/// Block `i` of a Q6_K super-block: 128 bytes of low halves, 64 of high pairs of bits, 16 scales, one half scale. Each
/// 128 weights are four runs of 32 that share bytes.
fn k6(raw: &[u8], i: usize) -> Block {
    let (part, run) = (i / 4, i % 4);
    let (low, high) = (&raw[64 * part..], &raw[128 + 32 * part..]);
    let scales = &raw[192 + 2 * i..];
    let quants = std::array::from_fn(|j| {
        let low = (low[32 * (run % 2) + j] >> (4 * (run / 2))) & 15;
        low | ((high[j] >> (2 * run)) & 3) << 4
    });
    Block { quants, scales: Scales::Bytes(scales[0], scales[1]) }
}

/// Scale and min `i` of the eight that twelve bytes hold in 6 bits each.
fn six_bits(packed: &[u8], i: usize) -> (u8, u8) {
    if i < 4 {
        return (packed[i] & 63, packed[i + 4] & 63);
    }
    let scale = packed[i + 4] & 15 | (packed[i - 4] >> 6) << 4;
    let min = packed[i + 4] >> 4 | (packed[i] >> 6) << 4;
    (scale, min)
}
