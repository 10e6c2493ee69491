//! Rows of activations in 8 bits, as the kernels take them: each block of 32 has a scale of its own.

use super::matrix::BLOCK;

/// Rows of `n` numbers. The memory is reused from pass to pass.
#[derive(Default)]
pub struct Activations {
    n: usize,
    quants: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<f32>,
    half_sums: Vec<[f32; 2]>,
}

/// One row.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub quants: &'a [i8],
    /// One a block.
    pub scales: &'a [f32],
    /// The scale times the sum of the quants; one a block.
    pub sums: &'a [f32],
    /// The same for each half of a block.
    pub half_sums: &'a [[f32; 2]],
}

/// One row, to be written.
pub struct RowMut<'a> {
    pub quants: &'a mut [i8],
    pub scales: &'a mut [f32],
    pub sums: &'a mut [f32],
    pub half_sums: &'a mut [[f32; 2]],
}

impl Activations {
    /// Makes room for `n_rows` rows of `n` numbers, a multiple of 32.
    pub fn resize(&mut self, n_rows: usize, n: usize) {
        let n_blocks = n_rows * n / BLOCK;
        self.n = n;
        self.quants.resize(n_rows * n, 0);
        self.scales.resize(n_blocks, 0.0);
        self.sums.resize(n_blocks, 0.0);
        self.half_sums.resize(n_blocks, [0.0; 2]);
    }

    pub fn n_rows(&self) -> usize {
        self.quants.len().checked_div(self.n).unwrap_or(0)
    }

    pub fn row(&self, i: usize) -> Row<'_> {
        let n_blocks = self.n / BLOCK;
        let blocks = i * n_blocks..(i + 1) * n_blocks;
        Row {
            quants: &self.quants[i * self.n..][..self.n],
            scales: &self.scales[blocks.clone()],
            sums: &self.sums[blocks.clone()],
            half_sums: &self.half_sums[blocks],
        }
    }

    /// All rows, to be filled each by whichever thread comes to it.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = RowMut<'_>> {
        let n_blocks = (self.n / BLOCK).max(1);
        let quants = self.quants.chunks_exact_mut(self.n.max(1));
        let scales = self.scales.chunks_exact_mut(n_blocks);
        let sums = self.sums.chunks_exact_mut(n_blocks);
        let half_sums = self.half_sums.chunks_exact_mut(n_blocks);
        let rows = quants.zip(scales).zip(sums.zip(half_sums));
        rows.map(|((quants, scales), (sums, half_sums))| RowMut { quants, scales, sums, half_sums })
    }
}

impl RowMut<'_> {
    /// Rounds a row to 8 bits: the largest of a block becomes 127. Source: ggml's Q8_1.
    #[inline(always)]
    pub fn quantise(self, values: &[f32]) {
        let blocks = values.as_chunks::<BLOCK>().0.iter().zip(self.quants.as_chunks_mut::<BLOCK>().0);
        let scales = self.scales.iter_mut().zip(self.sums).zip(self.half_sums);
        for ((values, quants), ((scale, sum), half_sums)) in blocks.zip(scales) {
            let largest = largest(values);
            let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            *scale = largest / 127.0;
            let mut halves = [0i32; 2];
            let rounded = values.map(|value| (value * inverse).round_ties_even() as i32);
            for (half, rounded) in halves.iter_mut().zip(rounded.as_chunks::<16>().0) {
                *half = rounded.iter().sum();
            }
            *quants = rounded.map(|quant| quant as i8);
            *half_sums = halves.map(|half| *scale * half as f32);
            *sum = *scale * (halves[0] + halves[1]) as f32;
        }
    }
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
