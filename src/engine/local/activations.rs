//! Rows of activations in 8 bits, as the kernels take them: each block of 32 has a scale of its own.
//!
//! Rows that a kernel takes together stand side by side, block by block, in a *panel*, so that one pointer and fixed
//! distances reach all of them. How rows are gathered changes no row's result.

use super::matrix::BLOCK;

/// Rows of a panel: as many as there are left, the most first.
pub const WIDTHS: [usize; 4] = [8, 4, 2, 1];

/// Bytes of one row's block: 32 quants, a scale, the sum of the quants times the scale, and that for each half.
pub const ROW_BYTES: usize = BLOCK + 4 * 4;

/// Rows of `n` numbers. The memory is reused from pass to pass.
#[derive(Default)]
pub struct Activations {
    n: usize,
    n_rows: usize,
    bytes: Vec<u8>,
}

/// Rows side by side.
#[derive(Clone, Copy)]
pub struct Panel<'a> {
    /// Its first row.
    pub row: usize,
    pub width: usize,
    /// Block after block; of each, all rows' quants, then their scales, their sums, and their pairs of half sums.
    pub bytes: &'a [u8],
}

/// A panel to be written.
pub struct PanelMut<'a> {
    pub row: usize,
    pub width: usize,
    bytes: &'a mut [u8],
}

/// One block of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    pub quants: [i8; BLOCK],
    pub scale: f32,
    pub sum: f32,
    pub half_sums: [f32; 2],
}

impl Activations {
    /// Makes room for `n_rows` rows of `n` numbers, a multiple of 32.
    pub fn resize(&mut self, n_rows: usize, n: usize) {
        self.n = n;
        self.n_rows = n_rows;
        self.bytes.resize(n_rows * n / BLOCK * ROW_BYTES, 0);
    }

    pub fn n(&self) -> usize {
        self.n
    }

    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The panels of the first `n_rows` rows.
    pub fn panels(&self) -> impl Iterator<Item = Panel<'_>> {
        let (n_row, mut rest) = (self.n / BLOCK * ROW_BYTES, &self.bytes[..]);
        widths(self.n_rows).map(move |(row, width)| {
            let (bytes, others) = rest.split_at(width * n_row);
            rest = others;
            Panel { row, width, bytes }
        })
    }

    /// The same, to be filled each by whichever thread comes to it.
    pub fn panels_mut(&mut self) -> impl Iterator<Item = PanelMut<'_>> {
        let (n_row, mut rest) = (self.n / BLOCK * ROW_BYTES, &mut self.bytes[..]);
        widths(self.n_rows).map(move |(row, width)| {
            let (bytes, others) = std::mem::take(&mut rest).split_at_mut(width * n_row);
            rest = others;
            PanelMut { row, width, bytes }
        })
    }
}

/// First row and width of each panel.
fn widths(n_rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let width = WIDTHS.into_iter().find(|width| start + width <= n_rows)?;
        start += width;
        Some((start - width, width))
    })
}

impl Panel<'_> {
    /// Block `at` of row `i` of the panel.
    pub fn block(&self, at: usize, i: usize) -> Block {
        let bytes = &self.bytes[at * self.width * ROW_BYTES..][..self.width * ROW_BYTES];
        let (quants, numbers) = bytes.split_at(self.width * BLOCK);
        let number = |at: usize| f32::from_ne_bytes(std::array::from_fn(|k| numbers[4 * at + k]));
        Block {
            quants: std::array::from_fn(|k| quants[i * BLOCK + k] as i8),
            scale: number(i),
            sum: number(self.width + i),
            half_sums: [number(2 * self.width + 2 * i), number(2 * self.width + 2 * i + 1)],
        }
    }
}

impl PanelMut<'_> {
    /// Rounds the numbers of row `i` of the panel to 8 bits: the largest of a block becomes 127. Source: ggml's Q8_1.
    #[inline(always)]
    pub fn quantise(&mut self, i: usize, values: &[f32]) {
        let width = self.width;
        for (values, bytes) in values.as_chunks::<BLOCK>().0.iter().zip(self.bytes.chunks_exact_mut(width * ROW_BYTES))
        {
            let block = quantised(values);
            let (quants, numbers) = bytes.split_at_mut(width * BLOCK);
            quants[i * BLOCK..][..BLOCK].copy_from_slice(&block.quants.map(|quant| quant as u8));
            let mut put = |at: usize, number: f32| numbers[4 * at..][..4].copy_from_slice(&number.to_ne_bytes());
            put(i, block.scale);
            put(width + i, block.sum);
            put(2 * width + 2 * i, block.half_sums[0]);
            put(2 * width + 2 * i + 1, block.half_sums[1]);
        }
    }
}

#[inline(always)]
fn quantised(values: &[f32; BLOCK]) -> Block {
    let largest = largest(values);
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let scale = largest / 127.0;
    let rounded = values.map(|value| round(value * inverse));
    let mut halves = [0i32; 2];
    for (half, rounded) in halves.iter_mut().zip(rounded.as_chunks::<16>().0) {
        *half = rounded.iter().sum();
    }
    Block {
        quants: rounded.map(|quant| quant as i8),
        scale,
        sum: scale * (halves[0] + halves[1]) as f32,
        half_sums: halves.map(|half| scale * half as f32),
    }
}

/// To the nearest whole number: adding this constant leaves no room for a fraction.
#[inline(always)]
fn round(value: f32) -> i32 {
    ((value + 12_582_912.0) - 12_582_912.0) as i32
}

#[inline(always)]
fn largest(values: &[f32; BLOCK]) -> f32 {
    let mut lanes = [0f32; 16];
    for half in values.as_chunks::<16>().0 {
        for (lane, value) in lanes.iter_mut().zip(half) {
            *lane = lane.max(value.abs());
        }
    }
    lanes.into_iter().fold(0.0, f32::max)
}
