//! What multiplies the weights on this machine: a GPU, our own kernels, or candle's for other CPUs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use candle_core::Device;
use candle_core::utils::{cuda_is_available, metal_is_available};

use super::evaluator::Evaluator;
use super::kernel::Isa;
use super::model::{Model, Packed};
use super::tensors::{self, Tensors};

#[derive(Clone, Debug)]
pub enum Backend {
    Packed(Isa),
    Tensors(Device),
}

impl Backend {
    /// A GPU that this program was built for, where one opens; else our kernels, where they are more than the portable
    /// one; else candle, which has some for ARM.
    pub fn best() -> Backend {
        match (gpu(), Isa::best()) {
            (Some(device), _) => Backend::Tensors(device),
            (None, Isa::Portable) => Backend::Tensors(Device::Cpu),
            (None, isa) => Backend::Packed(isa),
        }
    }

    /// For `doctor` and `model bench`.
    pub fn name(&self) -> &'static str {
        match self {
            Backend::Packed(isa) => isa.name(),
            Backend::Tensors(device) => tensors::name(device),
        }
    }

    /// Whether nothing here was written for this CPU.
    pub fn is_slow(&self) -> bool {
        matches!(self, Backend::Tensors(Device::Cpu)) && !cfg!(target_arch = "aarch64")
    }

    /// `capacity` is the most tokens in the cache at a time. Half a second to some seconds.
    pub fn load(&self, path: &Path, n_threads: usize, capacity: usize) -> Result<Box<dyn Evaluator>> {
        match self {
            Backend::Packed(isa) => {
                let model = Arc::new(Model::load(path)?);
                Ok(Box::new(Packed::new(model, *isa, n_threads, capacity)))
            }
            Backend::Tensors(device) => {
                let tensors = Tensors::load(path, device, capacity);
                Ok(Box::new(tensors.with_context(|| format!("{} cannot load the model", self.name()))?))
            }
        }
    }
}

/// The first one, of the kind that this program was built for.
fn gpu() -> Option<Device> {
    let opened = if cuda_is_available() {
        Device::new_cuda(0)
    } else if metal_is_available() {
        Device::new_metal(0)
    } else {
        return None;
    };
    opened.inspect_err(|error| tracing::warn!("the GPU does not open, so the CPU is used: {error}")).ok()
}
