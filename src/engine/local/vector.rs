//! What happens to rows of numbers between the products: norms, activation functions, positions.
//!
//! Plain Rust in lanes of sixteen, compiled once for each instruction set. A row's result depends on that row alone.

use super::activations::PanelMut;
use super::kernel::Isa;

/// Compiles a function for each instruction set; the body is written once.
macro_rules! for_each_isa {
    ($(#[$doc:meta])* pub fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        pub fn $name(isa: Isa, $($arg: $type),*) {
            #[inline(always)]
            fn body($($arg: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
            fn avx512($($arg: $type),*) {
                body($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $type),*) {
                body($($arg),*)
            }

            debug_assert!(isa.is_here());
            match isa {
                // SAFETY: an `Isa` is used only where it is present.
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                Isa::AvxVnni | Isa::Avx2 => unsafe { avx2($($arg),*) },
                _ => body($($arg),*),
            }
        }
    };
}
pub(super) use for_each_isa;

for_each_isa! {
    /// Root mean square norm of a panel's rows of `x`, times `weight`, to 8 bits. Source:
    /// <https://arxiv.org/abs/1910.07467>.
    pub fn norm_to_8_bits(x: &[f32], weight: &[f32], epsilon: f32, into: &mut PanelMut) {
        let n = weight.len();
        let mut normed = vec![0.0; n];
        for i in 0..into.width {
            normed.copy_from_slice(&x[(into.row + i) * n..][..n]);
            norm_in_place(&mut normed, weight, epsilon);
            into.quantise(i, &normed);
        }
    }
}

for_each_isa! {
    /// The same norm, in place.
    pub fn norm(x: &mut [f32], weight: &[f32], epsilon: f32) {
        norm_in_place(x, weight, epsilon);
    }
}

for_each_isa! {
    /// A panel's rows of `n` numbers of `x`, to 8 bits.
    pub fn to_8_bits(x: &[f32], n: usize, into: &mut PanelMut) {
        for i in 0..into.width {
            into.quantise(i, &x[(into.row + i) * n..][..n]);
        }
    }
}

for_each_isa! {
    /// `silu(gate) * up` of a panel's rows of `n` numbers, to 8 bits. Source: SwiGLU, <https://arxiv.org/abs/2002.05202>.
    pub fn gated_to_8_bits(gate: &[f32], up: &[f32], n: usize, into: &mut PanelMut) {
        let mut gated = vec![0.0; n];
        for i in 0..into.width {
            let range = (into.row + i) * n..(into.row + i + 1) * n;
            for ((gated, gate), up) in gated.iter_mut().zip(&gate[range.clone()]).zip(&up[range]) {
                *gated = *gate / (1.0 + exp(-*gate)) * up;
            }
            into.quantise(i, &gated);
        }
    }
}

for_each_isa! {
    pub fn add(x: &mut [f32], y: &[f32]) {
        x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    }
}

for_each_isa! {
    /// Turns each number into its exponential after `largest` is taken away, and gives their sum.
    pub fn exponentials(x: &mut [f32], largest: f32, sum: &mut f32) {
        let mut lanes = [0f32; 16];
        let (blocks, rest) = x.as_chunks_mut::<16>();
        for block in blocks {
            for (x, lane) in block.iter_mut().zip(&mut lanes) {
                *x = exp(*x - largest);
                *lane += *x;
            }
        }
        rest.iter_mut().for_each(|x| *x = exp(*x - largest));
        *sum = lanes.into_iter().sum::<f32>() + rest.iter().sum::<f32>();
    }
}

for_each_isa! {
    /// The sum of the exponentials, after `largest` is taken away from each number.
    pub fn sum_of_exponentials(x: &[f32], largest: f32, sum: &mut f32) {
        let mut lanes = [0f32; 16];
        let (blocks, rest) = x.as_chunks::<16>();
        for block in blocks {
            for (x, lane) in block.iter().zip(&mut lanes) {
                *lane += exp(*x - largest);
            }
        }
        *sum = lanes.into_iter().sum::<f32>() + rest.iter().map(|x| exp(*x - largest)).sum::<f32>();
    }
}

for_each_isa! {
    /// The largest number that is one.
    pub fn largest(x: &[f32], found: &mut f32) {
        let mut lanes = [f32::NEG_INFINITY; 16];
        let (blocks, rest) = x.as_chunks::<16>();
        for block in blocks {
            for (x, lane) in block.iter().zip(&mut lanes) {
                *lane = if *x > *lane { *x } else { *lane };
            }
        }
        *found = lanes.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, f32::max);
    }
}

#[inline(always)]
fn norm_in_place(x: &mut [f32], weight: &[f32], epsilon: f32) {
    let mut lanes = [0f32; 16];
    let (blocks, rest) = x.as_chunks::<16>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += x * x;
        }
    }
    let sum = lanes.into_iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>();
    let scale = 1.0 / (sum / x.len() as f32 + epsilon).sqrt();
    for (x, weight) in x.iter_mut().zip(weight) {
        *x = *x * scale * weight;
    }
}

/// The exponential to about 2 units of the last place; 0 for what is too small. Powers of two by the bits of a float, the
/// rest by a polynomial (the one of Cephes' `expf`).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding and taking it away rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.3, 88.3);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p =
        ((((1.987_569_1e-4 * r + 1.398_2e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r + 0.166_666_65) * r + 0.5;
    let power = f32::from_bits(((n as i32 + 127) << 23) as u32);
    let value = (p * r * r + r + 1.0) * power;
    if x <= -87.3 { 0.0 } else { value }
}

/// The cosines and sines of one position, for half a head.
pub struct Rotation<'a> {
    pub cosines: &'a [f32],
    pub sines: &'a [f32],
}

/// Which numbers of a head are turned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// The first half with the second: Qwen's files.
    Halves,
    /// Neighbours: Llama's files, whose rows were put in this order.
    Neighbours,
}

/// Turns one head by its position. Source: RoPE, <https://arxiv.org/abs/2104.09864>.
pub fn rotate(head: &mut [f32], rotation: &Rotation, pairs: Pairs) {
    let n = head.len() / 2;
    for i in 0..n {
        let (a, b) = match pairs {
            Pairs::Halves => (i, i + n),
            Pairs::Neighbours => (2 * i, 2 * i + 1),
        };
        let (x, y) = (head[a], head[b]);
        head[a] = x * rotation.cosines[i] - y * rotation.sines[i];
        head[b] = x * rotation.sines[i] + y * rotation.cosines[i];
    }
}
