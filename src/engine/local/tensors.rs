//! The same transformer through candle's tensors: for GPUs, and for CPUs that our own kernels were not written for.
//!
//! Its numbers are close to those of `model.rs`, and to its own after another way to the same tokens, but not the same to
//! the bit: candle has other kernels for one row than for many. Read [`Tensors::batch`] first, then [`Layer::forward`].

use std::path::Path;

use anyhow::{Result, bail};
use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{D, DType, Device, Module as _, Tensor};

use super::evaluator::{Evaluator, Logits, Stopped};
use super::gguf::Gguf;
use super::model::{Architecture, Config, embed, head_name};
use super::vector::Pairs;
use crate::engine::Cancel;

/// Tokens of a batch on a CPU, where one takes a tenth of a second.
const MAX_BATCH_CPU: usize = 64;
/// On a GPU, which wants to be filled. Its work is queued, so a cancel does not shorten a batch there.
const MAX_BATCH_GPU: usize = 512;

pub struct Tensors {
    gguf: Gguf,
    config: Config,
    device: Device,
    layers: Vec<Layer>,
    output_norm: Tensor,
    head: QMatMul,
    capacity: usize,
    /// Evaluated tokens.
    len: usize,
    /// The residual stream of the last batch: (rows, numbers).
    x: Tensor,
    logits: Vec<f32>,
}

struct Layer {
    attention_norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    /// Of queries and keys, head by head.
    head_norms: Option<[Tensor; 2]>,
    output: QMatMul,
    feed_forward_norm: Tensor,
    gate: QMatMul,
    up: QMatMul,
    down: QMatMul,
    /// (heads of keys, capacity, numbers of a head) each. What is past the length is never read.
    keys: Tensor,
    values: Tensor,
}

struct Linear {
    weight: QMatMul,
    bias: Option<Tensor>,
}

/// What the rows of a batch have in common in all layers.
struct Batch<'a> {
    config: &'a Config,
    /// Tokens before it.
    first: usize,
    /// (rows, half a head).
    cosines: Tensor,
    sines: Tensor,
    /// What hides later tokens: (rows, tokens seen). One row sees all.
    mask: Option<Tensor>,
}

impl Tensors {
    /// `capacity` is the most tokens in the cache at a time.
    pub fn load(path: &Path, device: &Device, capacity: usize) -> Result<Tensors> {
        let gguf = Gguf::open(path)?;
        let config = Config::read(&gguf)?;
        let file = Weights { gguf: &gguf, device };
        let layers = (0..config.n_layers).map(|i| Layer::load(&file, &config, i, capacity)).collect::<Result<_>>()?;
        let output_norm = file.vector("output_norm.weight", config.n_embedding)?;
        let head = file.matrix(head_name(&gguf), config.n_vocabulary, config.n_embedding)?;
        let x = Tensor::zeros((1, config.n_embedding), DType::F32, device)?;
        gguf.forget_pages();
        Ok(Tensors {
            gguf,
            config,
            device: device.clone(),
            layers,
            output_norm,
            head,
            capacity,
            len: 0,
            x,
            logits: Vec::new(),
        })
    }

    /// On the CPU, then moved: a row is looked up in the mapped file, so the embeddings are not held twice.
    fn embed(&self, tokens: &[u32]) -> Result<Tensor> {
        let mut rows = Vec::with_capacity(tokens.len() * self.config.n_embedding);
        embed(&self.gguf, tokens, &mut rows)?;
        Ok(Tensor::from_vec(rows, (tokens.len(), self.config.n_embedding), &self.device)?)
    }

    /// Before the next `n_rows` tokens.
    fn place(&self, n_rows: usize) -> candle_core::Result<Batch<'_>> {
        let (config, device, first) = (&self.config, &self.device, self.len);
        let (mut cosines, mut sines) = (Vec::new(), Vec::new());
        config.rotations(first, n_rows, &mut cosines, &mut sines);
        let shape = (n_rows, config.head_dim / 2);
        let mask = (n_rows > 1).then(|| {
            let n_seen = first + n_rows;
            let hides = |i: usize| if i % n_seen > first + i / n_seen { f32::NEG_INFINITY } else { 0.0 };
            Tensor::from_iter((0..n_rows * n_seen).map(hides), device)?.reshape((n_rows, n_seen))
        });
        Ok(Batch {
            config,
            first,
            cosines: Tensor::from_vec(cosines, shape, device)?,
            sines: Tensor::from_vec(sines, shape, device)?,
            mask: mask.transpose()?,
        })
    }
}

/// For `doctor` and `model bench`.
pub fn name(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "candle on CPU",
        Device::Cuda(_) => "candle on CUDA",
        Device::Metal(_) => "candle on Metal",
    }
}

impl Evaluator for Tensors {
    fn name(&self) -> &'static str {
        name(&self.device)
    }

    fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// candle's: the physical cores unless `RAYON_NUM_THREADS` says otherwise. It has no other way to say it.
    fn n_threads(&self) -> usize {
        if self.device.is_cpu() { candle_core::utils::get_num_threads() } else { 1 }
    }

    fn len(&self) -> usize {
        self.len
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    fn max_batch(&self) -> usize {
        if self.device.is_cpu() { MAX_BATCH_CPU } else { MAX_BATCH_GPU }
    }

    fn batch(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<(), Stopped> {
        let batch = self.place(tokens.len())?;
        let mut x = self.embed(tokens).map_err(|error| Stopped::Failed(format!("{error:#}")))?;
        for layer in &self.layers {
            x = layer.forward(&x, &batch)?;
            if cancel.is_cancelled() {
                return Err(Stopped::Cancelled);
            }
        }
        self.x = x;
        self.len += tokens.len();
        Ok(())
    }

    fn head(&mut self, n_logits: usize, cancel: &Cancel) -> Result<(), Stopped> {
        let last = self.x.narrow(0, self.x.dim(0)? - n_logits, n_logits)?;
        let logits = self.head.forward(&norm(&last, &self.output_norm, &self.config)?)?;
        self.logits = logits.flatten_all()?.to_vec1()?;
        if cancel.is_cancelled() { Err(Stopped::Cancelled) } else { Ok(()) }
    }

    fn last_logits(&self) -> Logits<'_> {
        Logits::new(&self.logits, self.config.n_vocabulary, self.config.n_vocabulary)
    }
}

impl From<candle_core::Error> for Stopped {
    fn from(error: candle_core::Error) -> Stopped {
        Stopped::Failed(format!("the model's pass failed: {error}"))
    }
}

impl Layer {
    fn load(file: &Weights, config: &Config, i: usize, capacity: usize) -> Result<Layer> {
        let name = |part: &str| format!("blk.{i}.{part}");
        let (n, n_feed_forward) = (config.n_embedding, config.n_feed_forward);
        let (n_query, n_key) = (config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim);
        let linear = |part: &str, n_out| -> Result<Linear> {
            let (weight, bias) = (name(&format!("{part}.weight")), name(&format!("{part}.bias")));
            let bias = file.gguf.has(&bias).then(|| file.vector(&bias, n_out)).transpose()?;
            Ok(Linear { weight: file.matrix(&weight, n_out, n)?, bias })
        };
        let vector = |part: &str, n| file.vector(&name(part), n);
        let head_norms = match config.architecture {
            Architecture::Qwen3 => {
                Some([vector("attn_q_norm.weight", config.head_dim)?, vector("attn_k_norm.weight", config.head_dim)?])
            }
            Architecture::Qwen2 | Architecture::Llama => None,
        };
        let cache = || {
            let shape = (config.n_kv_heads, capacity, config.head_dim);
            Tensor::zeros(shape, DType::F32, file.device)
        };
        Ok(Layer {
            attention_norm: vector("attn_norm.weight", n)?,
            query: linear("attn_q", n_query)?,
            key: linear("attn_k", n_key)?,
            value: linear("attn_v", n_key)?,
            head_norms,
            output: file.matrix(&name("attn_output.weight"), n, n_query)?,
            feed_forward_norm: vector("ffn_norm.weight", n)?,
            gate: file.matrix(&name("ffn_gate.weight"), n_feed_forward, n)?,
            up: file.matrix(&name("ffn_up.weight"), n_feed_forward, n)?,
            down: file.matrix(&name("ffn_down.weight"), n, n_feed_forward)?,
            keys: cache()?,
            values: cache()?,
        })
    }

    /// From rows of the residual stream to rows of the residual stream.
    fn forward(&self, x: &Tensor, batch: &Batch) -> candle_core::Result<Tensor> {
        let x = (x + self.attend(&norm(x, &self.attention_norm, batch.config)?, batch)?)?;
        let normed = norm(&x, &self.feed_forward_norm, batch.config)?;
        let gated = (self.gate.forward(&normed)?.silu()? * self.up.forward(&normed)?)?;
        x + self.down.forward(&gated)?
    }

    fn attend(&self, x: &Tensor, batch: &Batch) -> candle_core::Result<Tensor> {
        let (config, n_rows) = (batch.config, x.dim(0)?);
        let Config { n_heads, n_kv_heads, head_dim, .. } = *config;
        let heads = |linear: &Linear| linear.forward(x)?.reshape((n_rows, (), head_dim))?.transpose(0, 1)?.contiguous();
        let (mut query, mut key, value) = (heads(&self.query)?, heads(&self.key)?, heads(&self.value)?);
        if let Some([of_query, of_key]) = &self.head_norms {
            (query, key) = (norm(&query, of_query, config)?, norm(&key, of_key, config)?);
        }
        self.keys.slice_set(&batch.rotate(&key)?, 1, batch.first)?;
        self.values.slice_set(&value, 1, batch.first)?;

        let n_seen = batch.first + n_rows;
        let (keys, values) = (self.keys.narrow(1, 0, n_seen)?, self.values.narrow(1, 0, n_seen)?);
        // The heads that share keys lie side by side, so that they are rows of one product.
        let n_group = n_heads / n_kv_heads * n_rows;
        let query = (batch.rotate(&query)? / (head_dim as f64).sqrt())?.reshape((n_kv_heads, n_group, head_dim))?;
        let mut scores = query.matmul(&keys.t()?)?.reshape((n_heads, n_rows, n_seen))?;
        if let Some(mask) = &batch.mask {
            scores = scores.broadcast_add(mask)?;
        }
        let weights = softmax(&scores)?.reshape((n_kv_heads, n_group, n_seen))?;
        let mixed = weights.matmul(&values)?.reshape((n_heads, n_rows, head_dim))?;
        self.output.forward(&mixed.transpose(0, 1)?.reshape((n_rows, n_heads * head_dim))?)
    }
}

impl Linear {
    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let product = self.weight.forward(x)?;
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }
}

impl Batch<'_> {
    /// Turns the pairs of each head, (heads, rows, numbers), by their positions.
    fn rotate(&self, heads: &Tensor) -> candle_core::Result<Tensor> {
        let (n_heads, n_rows, n) = heads.dims3()?;
        // One of the last two dimensions counts the two of a pair.
        let (shape, two) = match self.config.pairs() {
            Pairs::Halves => ((n_heads, n_rows, 2, n / 2), 2),
            Pairs::Neighbours => ((n_heads, n_rows, n / 2, 2), 3),
        };
        let (cosines, sines) = (self.cosines.unsqueeze(two - 1)?, self.sines.unsqueeze(two - 1)?);
        let pairs = heads.reshape(shape)?;
        let (a, b) = (pairs.narrow(two, 0, 1)?, pairs.narrow(two, 1, 1)?);
        let turned_a = (a.broadcast_mul(&cosines)? - b.broadcast_mul(&sines)?)?;
        let turned_b = (a.broadcast_mul(&sines)? + b.broadcast_mul(&cosines)?)?;
        Tensor::cat(&[turned_a, turned_b], two)?.reshape((n_heads, n_rows, n))
    }
}

/// A file whose tensors are brought to a device.
struct Weights<'a> {
    gguf: &'a Gguf,
    device: &'a Device,
}

impl Weights<'_> {
    fn vector(&self, name: &str, n: usize) -> Result<Tensor> {
        Ok(Tensor::from_vec(self.gguf.vector(name, n)?, n, self.device)?)
    }

    fn matrix(&self, name: &str, n_out: usize, n_in: usize) -> Result<QMatMul> {
        let rows = self.gguf.rows(name, n_out, n_in)?;
        if matches!(rows.dtype, GgmlDType::Q8_1 | GgmlDType::Q8K) {
            bail!("`{name}` is of type {:?}, which is not supported; take a file in Q4_K_M or Q8_0", rows.dtype);
        }
        let storage = QStorage::from_data(rows.raw.into(), self.device, rows.dtype)?;
        let tensor = QTensor::new(storage, (n_out, n_in))?;
        let is_slow = self.device.is_cpu() && !has_cpu_kernels(rows.dtype);
        let tensor =
            if is_slow { QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)? } else { tensor };
        Ok(QMatMul::from_qtensor(tensor)?)
    }
}

/// Whether candle has more for it than a plain loop, on ARM: `quantized/neon.rs` of candle-core 0.11.1. What has not is
/// kept in 8 bits, as `model.rs` keeps what is not quantised.
fn has_cpu_kernels(dtype: GgmlDType) -> bool {
    use GgmlDType::*;
    matches!(dtype, Q4_0 | Q8_0 | Q2K | Q3K | Q4K | Q5K | Q6K)
}

fn norm(x: &Tensor, weight: &Tensor, config: &Config) -> candle_core::Result<Tensor> {
    let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(mean + f64::from(config.epsilon))?.sqrt()?)?.broadcast_mul(weight)
}

fn softmax(scores: &Tensor) -> candle_core::Result<Tensor> {
    let largest = scores.max_keepdim(D::Minus1)?;
    let weights = scores.broadcast_sub(&largest)?.exp()?;
    weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)
}
