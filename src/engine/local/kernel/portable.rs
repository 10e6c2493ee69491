//! The kernel in plain Rust: what the others must give, up to the rounding of a sum.

use std::ops::Range;

use half::f16;

use super::Output;
use crate::engine::local::activations::{Activations, Panel};
use crate::engine::local::matrix::{Layout, Matrix, Shape, TILE};

pub fn matmul<S: Shape>(w: &Matrix, x: &Activations, tiles: Range<usize>, out: Output) {
    for tile in tiles {
        for panel in x.panels() {
            for i in 0..panel.width {
                out.put(panel.row + i, tile, product(S::LAYOUT, w.tile(tile), &panel, i));
            }
        }
    }
}

/// Row `i` of a panel with the sixteen outputs of a tile.
fn product(layout: Layout, tile: &[u8], panel: &Panel, i: usize) -> [f32; TILE] {
    let mut sums = [0f32; TILE];
    for (n_before, super_block) in tile.chunks_exact(layout.super_bytes()).enumerate() {
        let (head, blocks) = super_block.split_at(layout.head_bytes());
        for (j, block) in blocks.chunks_exact(layout.block_bytes()).enumerate() {
            let x = panel.block(n_before * layout.blocks_per_super() + j, i);
            for (lane, sum) in sums.iter_mut().enumerate() {
                for half in 0..2 {
                    let (scale, min) = scale_and_min(layout, head, block, lane, half);
                    let range = 16 * half..16 * half + 16;
                    let dot: i32 =
                        range.map(|k| i32::from(quant(layout, block, lane, k)) * i32::from(x.quants[k])).sum();
                    *sum += scale * x.scale * dot as f32 - min * x.half_sums[half];
                }
            }
        }
    }
    sums
}

/// The weight `k` of a block, as `matrix/pack.rs` laid it.
fn quant(layout: Layout, block: &[u8], lane: usize, k: usize) -> u8 {
    let (group, at) = (k / 4, 4 * lane + k % 4);
    if layout.n_bits() == 8 {
        return block[64 * group + at];
    }
    let low = (block[64 * (group % 4) + at] >> (4 * (group / 4))) & 15;
    match layout.n_bits() {
        5 => low | ((block[256 + 8 * group + at / 8] >> (at % 8)) & 1) << 4,
        6 => low | ((block[256 + 64 * (group / 4) + at] >> (2 * (group % 4))) & 3) << 4,
        _ => low,
    }
}

fn scale_and_min(layout: Layout, head: &[u8], block: &[u8], lane: usize, half: usize) -> (f32, f32) {
    let scales = &block[layout.quants_bytes()..];
    let (scale, min) = match layout {
        Layout::S4 | Layout::S5 | Layout::S8 => (half_at(scales, lane), 0.0),
        Layout::A4 | Layout::A5 => (half_at(scales, lane), half_at(scales, TILE + lane)),
        Layout::K4 | Layout::K5 => {
            let (scale, min) = (f32::from(scales[lane]), f32::from(scales[TILE + lane]));
            (half_at(head, lane) * scale, half_at(head, TILE + lane) * min)
        }
        Layout::K6 => (half_at(head, lane) * f32::from(scales[TILE * half + lane] as i8), 0.0),
    };
    (scale, layout.zero().map_or(min, |zero| zero as f32 * scale))
}

fn half_at(halves: &[u8], i: usize) -> f32 {
    f16::from_le_bytes([halves[2 * i], halves[2 * i + 1]]).to_f32()
}
