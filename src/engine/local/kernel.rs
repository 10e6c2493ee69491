//! The product of packed weights and rows of activations, by the fastest means that the CPU has.
//!
//! All kernels read the same tiles (`matrix.rs`) and give a row the same result whatever stands in the rows beside it:
//! a token's logits do not depend on how many tokens were evaluated with it. [`portable`] is what the others are tested
//! against. Read it first.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::ops::Range;

use super::activations::Activations;
use super::matrix::{A4, A5, K4, K5, K6, Layout, Matrix, S4, S5, S8, TILE};

/// An instruction set that there are kernels for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 with VNNI.
    Avx512Vnni,
    /// AVX2 with its own VNNI.
    AvxVnni,
    Avx2,
    Portable,
}

/// Where a product goes: `stride` numbers a row, of which each tile writes its own sixteen.
#[derive(Clone, Copy)]
pub struct Output {
    start: *mut f32,
    n: usize,
    stride: usize,
}

// SAFETY: the threads that share it write different tiles (see `matmul`).
unsafe impl Send for Output {}
unsafe impl Sync for Output {}

impl Output {
    /// Room for rows of `n_tiles` tiles.
    pub fn new(into: &mut [f32], n_tiles: usize) -> Output {
        Output { start: into.as_mut_ptr(), n: into.len(), stride: n_tiles * TILE }
    }

    fn put(self, row: usize, tile: usize, values: [f32; TILE]) {
        // SAFETY: `at` gives room for a tile, which no other thread writes.
        unsafe { self.at(row, tile).cast::<[f32; TILE]>().write(values) };
    }

    fn at(self, row: usize, tile: usize) -> *mut f32 {
        let offset = row * self.stride + tile * TILE;
        assert!(offset + TILE <= self.n);
        // SAFETY: within the slice that it was made from.
        unsafe { self.start.add(offset) }
    }
}

impl Isa {
    pub const ALL: [Isa; 4] = [Isa::Avx512Vnni, Isa::AvxVnni, Isa::Avx2, Isa::Portable];

    /// The fastest that runs here.
    pub fn best() -> Isa {
        Isa::ALL.into_iter().find(|isa| isa.is_here()).unwrap_or(Isa::Portable)
    }

    #[cfg(target_arch = "x86_64")]
    pub fn is_here(self) -> bool {
        let avx2 =
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
        match self {
            Isa::Avx512Vnni => {
                avx2 && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vnni")
            }
            Isa::AvxVnni => avx2 && is_x86_feature_detected!("avxvnni"),
            Isa::Avx2 => avx2,
            Isa::Portable => true,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_here(self) -> bool {
        self == Isa::Portable
    }

    /// Those of the CPU's features that decide it, by the names that Linux and compilers give them. For `doctor`.
    #[cfg(target_arch = "x86_64")]
    pub fn features() -> Vec<&'static str> {
        let features = [
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("f16c", is_x86_feature_detected!("f16c")),
            ("avxvnni", is_x86_feature_detected!("avxvnni")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("avx512bw", is_x86_feature_detected!("avx512bw")),
            ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ];
        features.into_iter().filter_map(|(name, is_here)| is_here.then_some(name)).collect()
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub fn features() -> Vec<&'static str> {
        Vec::new()
    }

    /// For `doctor`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Avx512Vnni => "AVX-512 VNNI",
            Isa::AvxVnni => "AVX2 VNNI",
            Isa::Avx2 => "AVX2",
            Isa::Portable => "portable",
        }
    }
}

/// Multiplies the rows of `x` with the tiles of `w` in `tiles`. `out` is as wide as all tiles of `w`; no two
/// threads may be given the same tile of the same output.
pub fn matmul(isa: Isa, w: &Matrix, x: &Activations, tiles: Range<usize>, out: Output) {
    assert!(isa.is_here() && w.n_in() == x.n());
    macro_rules! by_layout {
        ($module:ident::$kernel:ident) => {
            match w.layout() {
                Layout::S4 => $module::$kernel::<S4>(w, x, tiles, out),
                Layout::S5 => $module::$kernel::<S5>(w, x, tiles, out),
                Layout::S8 => $module::$kernel::<S8>(w, x, tiles, out),
                Layout::A4 => $module::$kernel::<A4>(w, x, tiles, out),
                Layout::A5 => $module::$kernel::<A5>(w, x, tiles, out),
                Layout::K4 => $module::$kernel::<K4>(w, x, tiles, out),
                Layout::K5 => $module::$kernel::<K5>(w, x, tiles, out),
                Layout::K6 => $module::$kernel::<K6>(w, x, tiles, out),
            }
        };
    }
    match isa {
        // SAFETY: the CPU has the features, by the assertion.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni => unsafe { by_layout!(avx512::matmul) },
        #[cfg(target_arch = "x86_64")]
        Isa::AvxVnni => unsafe { by_layout!(avx2::matmul_vnni) },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { by_layout!(avx2::matmul) },
        _ => by_layout!(portable::matmul),
    }
}
