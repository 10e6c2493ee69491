//! A weight matrix in the order in which the kernels read it: sixteen outputs side by side, their inputs in blocks of 32.
//!
//! Every quantised type of a GGUF file keeps its own numbers: nothing is quantised a second time, and the file's copy
//! is not needed afterwards. A *tile* holds sixteen outputs; along the inputs it is a sequence of *blocks* of 32, which
//! some layouts gather into *super-blocks* of eight with a head. Read [`Layout`] first, then `matrix/pack.rs`.

mod pack;

use anyhow::{Context as _, Result, bail};
use candle_core::quantized::GgmlDType;
#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;

/// Outputs of a tile: the 32-bit lanes of a 512-bit register.
pub const TILE: usize = 16;
/// Inputs of a block.
pub const BLOCK: usize = 32;

/// How the numbers of a block lie. The value of a weight is `scale * q - min`, `q` without sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// 4 bits, a scale (`min` is 8 scales): Q4_0.
    S4,
    /// 5 bits, a scale (`min` is 16 scales): Q5_0.
    S5,
    /// 8 bits, a scale (`min` is 128 scales): Q8_0, and what is not quantised in the file.
    S8,
    /// 4 bits, a scale and a min: Q4_1.
    A4,
    /// 5 bits, a scale and a min: Q5_1.
    A5,
    /// 4 bits, a scale and a min in 6 bits each, to be multiplied by the super-block's: Q4_K.
    K4,
    /// 5 bits, otherwise as `K4`: Q5_K.
    K5,
    /// 6 bits, a scale in 8 bits for each half of a block, to be multiplied by the super-block's (`min` is 32 scales):
    /// Q6_K.
    K6,
}

/// `Layout` as a type, so that a kernel is compiled for each.
pub trait Shape {
    const LAYOUT: Layout;
}

macro_rules! shapes {
    ($($name:ident),*) => { $(
        pub struct $name;
        impl Shape for $name {
            const LAYOUT: Layout = Layout::$name;
        }
    )* };
}
shapes!(S4, S5, S8, A4, A5, K4, K5, K6);

impl Layout {
    /// Bits of a quantised weight.
    pub const fn n_bits(self) -> usize {
        match self {
            Layout::S4 | Layout::A4 | Layout::K4 => 4,
            Layout::S5 | Layout::A5 | Layout::K5 => 5,
            Layout::K6 => 6,
            Layout::S8 => 8,
        }
    }

    /// What a quantised zero is, where `min` is that many scales.
    pub const fn zero(self) -> Option<u32> {
        match self {
            Layout::S4 => Some(8),
            Layout::S5 => Some(16),
            Layout::K6 => Some(32),
            Layout::S8 => Some(128),
            Layout::A4 | Layout::A5 | Layout::K4 | Layout::K5 => None,
        }
    }

    /// Blocks that share a head.
    pub const fn blocks_per_super(self) -> usize {
        match self {
            Layout::K4 | Layout::K5 | Layout::K6 => 8,
            _ => 1,
        }
    }

    /// Bytes before the first block of a super-block: 16 half-precision scales, and as many mins.
    pub const fn head_bytes(self) -> usize {
        match self {
            Layout::K4 | Layout::K5 => 4 * TILE,
            Layout::K6 => 2 * TILE,
            _ => 0,
        }
    }

    /// Bytes of a block's quantised weights; its scales follow.
    pub const fn quants_bytes(self) -> usize {
        TILE * BLOCK * self.n_bits() / 8
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        let scales = match self {
            Layout::A4 | Layout::A5 => 4 * TILE,
            _ => 2 * TILE,
        };
        self.quants_bytes() + scales
    }

    /// Bytes of a super-block.
    pub const fn super_bytes(self) -> usize {
        self.head_bytes() + self.blocks_per_super() * self.block_bytes()
    }
}

/// `n_out` rows of `n_in` weights, packed.
pub struct Matrix {
    layout: Layout,
    n_out: usize,
    n_in: usize,
    tile_bytes: usize,
    /// Starts at a page.
    bytes: MmapMut,
}

impl Matrix {
    /// Packs the rows of a GGUF tensor. `n_in` must be a multiple of 32; `n_out` need not be one of 16.
    pub fn pack(dtype: GgmlDType, n_out: usize, n_in: usize, raw: &[u8]) -> Result<Matrix> {
        let layout = match dtype {
            GgmlDType::Q4_0 => Layout::S4,
            GgmlDType::Q5_0 => Layout::S5,
            GgmlDType::Q8_0 | GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => Layout::S8,
            GgmlDType::Q4_1 => Layout::A4,
            GgmlDType::Q5_1 => Layout::A5,
            GgmlDType::Q4K => Layout::K4,
            GgmlDType::Q5K => Layout::K5,
            GgmlDType::Q6K => Layout::K6,
            other => bail!("weights of type {other:?} are not supported; take a file in Q4_K_M or Q8_0"),
        };
        let n_row_bytes = row_bytes(dtype, n_in)?;
        if raw.len() != n_out * n_row_bytes {
            bail!("a tensor of {n_out} x {n_in} has {} bytes instead of {}", raw.len(), n_out * n_row_bytes);
        }
        let mut matrix = Matrix::zeroed(layout, n_out, n_in)?;
        // Loading takes half of the first answer's time, so it is shared out.
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let n_turn = matrix.n_tiles().div_ceil(n_threads).max(1);
        let (tile_bytes, n_turn_bytes) = (matrix.tile_bytes, n_turn * matrix.tile_bytes);
        let turns = raw.chunks(n_turn * TILE * n_row_bytes).zip(matrix.bytes.chunks_mut(n_turn_bytes));
        std::thread::scope(|scope| {
            for (raw, into) in turns {
                scope.spawn(move || {
                    let tiles = raw.chunks(TILE * n_row_bytes).zip(into.chunks_exact_mut(tile_bytes));
                    for (rows, tile) in tiles {
                        let rows = rows.chunks_exact(n_row_bytes).enumerate();
                        rows.for_each(|(lane, row)| pack::row(dtype, row, lane, tile));
                    }
                });
            }
        });
        Ok(matrix)
    }

    fn zeroed(layout: Layout, n_out: usize, n_in: usize) -> Result<Matrix> {
        let n_supers = n_in.div_ceil(BLOCK * layout.blocks_per_super());
        let tile_bytes = n_supers * layout.super_bytes();
        let n_bytes = n_out.div_ceil(TILE) * tile_bytes;
        let bytes = MmapMut::map_anon(n_bytes.max(1)).context("there is not enough memory for the weights")?;
        // Every token reads all of it from one end to the other: large pages spare most of the address translations.
        #[cfg(target_os = "linux")]
        let _ = bytes.advise(Advice::HugePage);
        Ok(Matrix { layout, n_out, n_in, tile_bytes, bytes })
    }

    pub fn layout(&self) -> Layout {
        self.layout
    }

    pub fn n_out(&self) -> usize {
        self.n_out
    }

    pub fn n_in(&self) -> usize {
        self.n_in
    }

    pub fn n_tiles(&self) -> usize {
        self.n_out.div_ceil(TILE)
    }

    /// Memory that it takes.
    pub fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of one tile.
    pub fn tile(&self, tile: usize) -> &[u8] {
        &self.bytes[tile * self.tile_bytes..(tile + 1) * self.tile_bytes]
    }
}

/// Bytes of a row of `n_in` weights in a GGUF file.
pub fn row_bytes(dtype: GgmlDType, n_in: usize) -> Result<usize> {
    if !n_in.is_multiple_of(BLOCK) || !n_in.is_multiple_of(dtype.block_size()) {
        bail!("a row of {n_in} weights of type {dtype:?} is no whole number of blocks");
    }
    Ok(n_in / dtype.block_size() * dtype.type_size())
}
