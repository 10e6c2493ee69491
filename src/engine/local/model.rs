//! The transformer of Qwen2, Qwen3 and Llama: weights, and one forward pass from top to bottom.
//!
//! The three differ in three places: Qwen2 has biases, Qwen3 norms of queries and keys, Llama's files turn other pairs.
//! Read [`Packed::batch`] first; it is the whole pass, on the kernels of this project.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::activations::Activations;
use super::attention::{Attention, MAX_QUERIES};
use super::evaluator::{Evaluator, Logits, Stopped};
use super::gguf::Gguf;
use super::kernel::{self, Isa, Output};
use super::kv::Kv;
use super::matrix::{Matrix, TILE};
use super::threads::Threads;
use super::vector::{self, Pairs, Rotation};
use crate::engine::Cancel;

/// Tokens that are evaluated together: enough to read the weights once for many, few enough that a cancel loses little.
const MAX_BATCH: usize = 64;

/// Sizes and constants, as the file's metadata say them.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub architecture: Architecture,
    pub n_layers: usize,
    pub n_embedding: usize,
    pub n_feed_forward: usize,
    pub n_heads: usize,
    /// Heads of keys and values; each serves `n_heads / n_kv_heads` queries.
    pub n_kv_heads: usize,
    pub head_dim: usize,
    pub n_vocabulary: usize,
    /// Longest context that it was trained for, in tokens.
    pub n_context: usize,
    pub epsilon: f32,
    rope_base: f32,
    /// Divisors of the frequencies of Llama 3's long contexts, when the file has them.
    rope_factors: Option<Vec<f32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    Qwen2,
    Qwen3,
    Llama,
}

/// Weights. Immutable; the file stays mapped for the embeddings, of which a pass reads a row a token.
pub struct Model {
    pub config: Config,
    pub gguf: Gguf,
    layers: Vec<Layer>,
    output_norm: Vec<f32>,
    head: Matrix,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    /// Of queries, keys and values.
    biases: Option<[Vec<f32>; 3]>,
    /// Of queries and keys, head by head.
    head_norms: Option<[Vec<f32>; 2]>,
    output: Matrix,
    feed_forward_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// A model at work: its KV cache, its threads and its buffers.
pub struct Packed {
    model: Arc<Model>,
    kv: Kv,
    isa: Isa,
    threads: Threads,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    /// The residual stream.
    x: Vec<f32>,
    /// A row's numbers in 8 bits, on their way into a product.
    narrow: Activations,
    /// The same for the feed-forward width.
    wide: Activations,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    product: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    logits: Vec<f32>,
    cosines: Vec<f32>,
    sines: Vec<f32>,
}

impl Config {
    pub fn read(gguf: &Gguf) -> Result<Config> {
        let name = gguf.text("general.architecture").unwrap_or_default();
        let architecture = match name {
            "qwen2" => Architecture::Qwen2,
            "qwen3" => Architecture::Qwen3,
            "llama" => Architecture::Llama,
            other => bail!(
                "{}: the architecture `{other}` is not supported; take a model of qwen2, qwen3 or llama",
                gguf.path.display()
            ),
        };
        let needed = |key: &str| gguf.needed(&format!("{name}.{key}"));
        let (n_heads, n_embedding) = (needed("attention.head_count")?, needed("embedding_length")?);
        let n_kv_heads = gguf.number(&format!("{name}.attention.head_count_kv")).unwrap_or(n_heads);
        let head_dim = gguf.number(&format!("{name}.attention.key_length")).unwrap_or(n_embedding / n_heads.max(1));
        if !head_dim.is_multiple_of(16) {
            bail!("{}: heads of {head_dim} numbers are not supported, only multiples of 16", gguf.path.display());
        }
        if n_heads == 0 || n_kv_heads == 0 || n_heads % n_kv_heads != 0 || n_embedding == 0 {
            bail!("{}: {n_heads} heads with {n_kv_heads} of keys make no sense; get it anew", gguf.path.display());
        }
        let rope_factors = match gguf.has("rope_freqs.weight") {
            true => Some(gguf.vector("rope_freqs.weight", head_dim / 2)?),
            false => None,
        };
        let embeddings = gguf.tensor("token_embd.weight")?;
        if embeddings.n_in != n_embedding {
            bail!("{}: its embeddings do not fit its metadata; get it anew", gguf.path.display());
        }
        Ok(Config {
            architecture,
            n_layers: needed("block_count")?,
            n_embedding,
            n_feed_forward: needed("feed_forward_length")?,
            n_heads,
            n_kv_heads,
            head_dim,
            n_vocabulary: embeddings.n_out,
            n_context: needed("context_length")?,
            epsilon: gguf.float(&format!("{name}.attention.layer_norm_rms_epsilon")).unwrap_or(1e-5),
            rope_base: gguf.float(&format!("{name}.rope.freq_base")).unwrap_or(10_000.0),
            rope_factors,
        })
    }

    /// The numbers of a head that are turned together.
    pub fn pairs(&self) -> Pairs {
        match self.architecture {
            Architecture::Qwen2 | Architecture::Qwen3 => Pairs::Halves,
            Architecture::Llama => Pairs::Neighbours,
        }
    }

    /// The cosines and sines of `n_rows` positions from `first` on: half a head's numbers each.
    pub fn rotations(&self, first: usize, n_rows: usize, cosines: &mut Vec<f32>, sines: &mut Vec<f32>) {
        cosines.clear();
        sines.clear();
        for row in 0..n_rows {
            for i in 0..self.head_dim / 2 {
                let (sine, cosine) = ((first + row) as f32 * self.frequency(i)).sin_cos();
                cosines.push(cosine);
                sines.push(sine);
            }
        }
    }

    fn frequency(&self, i: usize) -> f32 {
        let base = self.rope_base.powf(-2.0 * i as f32 / self.head_dim as f32);
        self.rope_factors.as_ref().map_or(base, |factors| base / factors[i])
    }
}

impl Model {
    /// Reads and packs the weights. Half a second to some seconds.
    pub fn load(path: &Path) -> Result<Model> {
        let gguf = Gguf::open(path)?;
        let config = Config::read(&gguf)?;
        let layers = (0..config.n_layers).map(|i| Layer::load(&gguf, &config, i)).collect::<Result<_>>()?;
        let output_norm = gguf.vector("output_norm.weight", config.n_embedding)?;
        let head = gguf.matrix(head_name(&gguf), config.n_vocabulary, config.n_embedding)?;
        gguf.forget_pages();
        Ok(Model { config, gguf, layers, output_norm, head })
    }

    /// Memory that the packed weights take.
    pub fn n_bytes(&self) -> usize {
        self.layers.iter().flat_map(Layer::matrices).map(Matrix::n_bytes).sum::<usize>() + self.head.n_bytes()
    }
}

impl Layer {
    fn load(gguf: &Gguf, config: &Config, i: usize) -> Result<Layer> {
        let name = |part: &str| format!("blk.{i}.{part}");
        let (n, n_feed_forward) = (config.n_embedding, config.n_feed_forward);
        let (n_query, n_key) = (config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim);
        let matrix = |part: &str, n_out, n_in| gguf.matrix(&name(part), n_out, n_in);
        let biases = match gguf.has(&name("attn_q.bias")) {
            true => Some([
                gguf.vector(&name("attn_q.bias"), n_query)?,
                gguf.vector(&name("attn_k.bias"), n_key)?,
                gguf.vector(&name("attn_v.bias"), n_key)?,
            ]),
            false => None,
        };
        let head_norms = match config.architecture {
            Architecture::Qwen3 => Some([
                gguf.vector(&name("attn_q_norm.weight"), config.head_dim)?,
                gguf.vector(&name("attn_k_norm.weight"), config.head_dim)?,
            ]),
            Architecture::Qwen2 | Architecture::Llama => None,
        };
        Ok(Layer {
            attention_norm: gguf.vector(&name("attn_norm.weight"), n)?,
            query: matrix("attn_q.weight", n_query, n)?,
            key: matrix("attn_k.weight", n_key, n)?,
            value: matrix("attn_v.weight", n_key, n)?,
            biases,
            head_norms,
            output: matrix("attn_output.weight", n, n_query)?,
            feed_forward_norm: gguf.vector(&name("ffn_norm.weight"), n)?,
            gate: matrix("ffn_gate.weight", n_feed_forward, n)?,
            up: matrix("ffn_up.weight", n_feed_forward, n)?,
            down: matrix("ffn_down.weight", n, n_feed_forward)?,
        })
    }

    fn matrices(&self) -> [&Matrix; 7] {
        [&self.query, &self.key, &self.value, &self.output, &self.gate, &self.up, &self.down]
    }
}

impl Packed {
    /// `capacity` is the most tokens in the cache at a time.
    pub fn new(model: Arc<Model>, isa: Isa, n_threads: usize, capacity: usize) -> Packed {
        let config = &model.config;
        let kv = Kv::new(config.n_layers, config.n_kv_heads, config.head_dim, capacity);
        Packed { kv, isa, threads: Threads::start(n_threads), buffers: Buffers::default(), model }
    }

    fn attention(&mut self, i: usize, n_rows: usize, cancel: &Cancel) {
        let Packed { model, kv, isa, threads, buffers } = self;
        let (config, layer, isa) = (&model.config, &model.layers[i], *isa);
        let (n, n_query) = (config.n_embedding, layer.query.n_out());

        norm(threads, isa, &buffers.x, n, &layer.attention_norm, config.epsilon, &mut buffers.narrow, cancel);
        let products =
            [(&layer.query, &mut buffers.query), (&layer.key, &mut buffers.key), (&layer.value, &mut buffers.value)];
        multiply(threads, isa, &buffers.narrow, products, cancel);

        let first = kv.len();
        buffers.place(config, layer, isa, threads, cancel);
        let (n_key, head_dim) = (layer.key.n_out(), config.head_dim);
        threads.each(kv.heads_mut(i).enumerate(), cancel, |(head, mut room)| {
            for row in 0..n_rows {
                let at = row * n_key + head * head_dim;
                room.store(first + row, &buffers.key[at..at + head_dim], &buffers.value[at..at + head_dim]);
            }
        });

        let cache = kv.layer(i);
        let n_group = config.n_heads / config.n_kv_heads * config.head_dim;
        threads.each(buffers.query.chunks_exact_mut(n_group).enumerate(), cancel, |(i, group)| {
            let (row, head) = (i / config.n_kv_heads, i % config.n_kv_heads);
            let of = Attention {
                keys: cache.keys(head, config.n_kv_heads),
                values: cache.values(head, config.n_kv_heads),
                head_dim: config.head_dim,
                n_seen: first + row + 1,
            };
            let mut queries: Vec<&mut [f32]> = group.chunks_exact_mut(config.head_dim).collect();
            let mut scores = Vec::new();
            for queries in queries.chunks_mut(MAX_QUERIES) {
                of.attend(isa, queries, &mut scores);
            }
        });

        narrow(threads, isa, &buffers.query, n_query, &mut buffers.narrow, cancel);
        multiply(threads, isa, &buffers.narrow, [(&layer.output, &mut buffers.product)], cancel);
        vector::add(isa, &mut buffers.x, &buffers.product);
    }

    fn feed_forward(&mut self, i: usize, n_rows: usize, cancel: &Cancel) {
        let Packed { model, isa, threads, buffers, .. } = self;
        let (config, layer, isa) = (&model.config, &model.layers[i], *isa);
        let (n, n_wide) = (config.n_embedding, config.n_feed_forward);

        norm(threads, isa, &buffers.x, n, &layer.feed_forward_norm, config.epsilon, &mut buffers.narrow, cancel);
        let products = [(&layer.gate, &mut buffers.gate), (&layer.up, &mut buffers.up)];
        multiply(threads, isa, &buffers.narrow, products, cancel);

        buffers.wide.resize(n_rows, n_wide);
        threads.each(buffers.wide.panels_mut(), cancel, |mut into| {
            vector::gated_to_8_bits(isa, &buffers.gate, &buffers.up, n_wide, &mut into);
        });
        multiply(threads, isa, &buffers.wide, [(&layer.down, &mut buffers.product)], cancel);
        vector::add(isa, &mut buffers.x, &buffers.product);
    }
}

impl Evaluator for Packed {
    fn name(&self) -> &'static str {
        self.isa.name()
    }

    fn gguf(&self) -> &Gguf {
        &self.model.gguf
    }

    fn n_threads(&self) -> usize {
        self.threads.n()
    }

    fn len(&self) -> usize {
        self.kv.len()
    }

    fn capacity(&self) -> usize {
        self.kv.capacity()
    }

    fn truncate(&mut self, len: usize) {
        self.kv.truncate(len);
    }

    fn max_batch(&self) -> usize {
        MAX_BATCH
    }

    /// Stops within a fraction of a layer's work when cancelled. The residual stream stays in the buffers.
    fn batch(&mut self, tokens: &[u32], cancel: &Cancel) -> Result<(), Stopped> {
        let Packed { model, kv, buffers, .. } = self;
        let Buffers { x, cosines, sines, .. } = buffers;
        embed(&model.gguf, tokens, x).map_err(|error| Stopped::Failed(format!("{error:#}")))?;
        model.config.rotations(kv.len(), tokens.len(), cosines, sines);
        for i in 0..self.model.config.n_layers {
            self.attention(i, tokens.len(), cancel);
            self.feed_forward(i, tokens.len(), cancel);
            if cancel.is_cancelled() {
                return Err(Stopped::Cancelled);
            }
        }
        self.kv.advance(tokens.len());
        Ok(())
    }

    fn head(&mut self, n_logits: usize, cancel: &Cancel) -> Result<(), Stopped> {
        let Packed { model, isa, threads, buffers, .. } = self;
        let (config, isa) = (&model.config, *isa);
        let (n, epsilon) = (config.n_embedding, config.epsilon);
        let last = &buffers.x[buffers.x.len() - n_logits * n..];
        norm(threads, isa, last, n, &model.output_norm, epsilon, &mut buffers.narrow, cancel);
        multiply(threads, isa, &buffers.narrow, [(&model.head, &mut buffers.logits)], cancel);
        if cancel.is_cancelled() { Err(Stopped::Cancelled) } else { Ok(()) }
    }

    fn last_logits(&self) -> Logits<'_> {
        Logits::new(&self.buffers.logits, self.model.head.n_tiles() * TILE, self.model.config.n_vocabulary)
    }
}

impl Buffers {
    /// Gives queries and keys what tells their positions apart: biases, norms of heads, rotation.
    fn place(&mut self, config: &Config, layer: &Layer, isa: Isa, threads: &mut Threads, cancel: &Cancel) {
        let (pairs, n, n_half) = (config.pairs(), config.head_dim, config.head_dim / 2);
        let rotations = self.cosines.chunks_exact(n_half).zip(self.sines.chunks_exact(n_half));
        let (queries, keys) =
            (self.query.chunks_exact_mut(layer.query.n_out()), self.key.chunks_exact_mut(layer.key.n_out()));
        let rows = queries.zip(keys).zip(self.value.chunks_exact_mut(layer.value.n_out()));
        threads.each(rows.zip(rotations), cancel, |(((query, key), value), (cosines, sines))| {
            if let Some(biases) = &layer.biases {
                let rows = [&mut *query, &mut *key, value];
                rows.into_iter().zip(biases).for_each(|(row, bias)| vector::add(isa, row, bias));
            }
            let rotation = Rotation { cosines, sines };
            for (which, row) in [query, key].into_iter().enumerate() {
                for head in row.chunks_exact_mut(n) {
                    if let Some(norms) = &layer.head_norms {
                        vector::norm(isa, head, &norms[which], config.epsilon);
                    }
                    vector::rotate(head, &rotation, pairs);
                }
            }
        });
    }
}

/// The rows of the embeddings of `tokens`.
pub fn embed(gguf: &Gguf, tokens: &[u32], into: &mut Vec<f32>) -> Result<()> {
    let embeddings = gguf.tensor("token_embd.weight")?;
    into.clear();
    for token in tokens {
        let row = embeddings.row(*token as usize).with_context(|| format!("token {token}"))?;
        into.extend_from_slice(&row);
    }
    Ok(())
}

/// The tensor that makes logits; where there is none of its own, the embeddings are it.
pub fn head_name(gguf: &Gguf) -> &'static str {
    if gguf.has("output.weight") { "output.weight" } else { "token_embd.weight" }
}

/// Products of the same rows with several matrices. Each result is as wide as its matrix's tiles.
fn multiply<const N: usize>(
    threads: &mut Threads,
    isa: Isa,
    x: &Activations,
    products: [(&Matrix, &mut Vec<f32>); N],
    cancel: &Cancel,
) {
    let n_tiles: usize = products.iter().map(|(w, _)| w.n_tiles()).sum();
    // Some turns a thread, so that one that was held up does not hold up the others.
    let n_turn = (n_tiles / (8 * threads.n())).clamp(1, 64);
    let mut turns = Vec::with_capacity(n_tiles / n_turn + N);
    for (w, into) in products {
        into.resize(x.n_rows() * w.n_tiles() * TILE, 0.0);
        let out = Output::new(into, w.n_tiles());
        let starts = (0..w.n_tiles()).step_by(n_turn);
        turns.extend(starts.map(|start| (w, start..(start + n_turn).min(w.n_tiles()), out)));
    }
    threads.run(turns.len(), cancel, |i| {
        let (w, tiles, out) = &turns[i];
        kernel::matmul(isa, w, x, tiles.clone(), *out);
    });
}

#[expect(clippy::too_many_arguments, reason = "a function of the layer's parts, called in two places")]
fn norm(
    threads: &mut Threads,
    isa: Isa,
    x: &[f32],
    n: usize,
    weight: &[f32],
    epsilon: f32,
    into: &mut Activations,
    cancel: &Cancel,
) {
    into.resize(x.len() / n, n);
    threads.each(into.panels_mut(), cancel, |mut into| vector::norm_to_8_bits(isa, x, weight, epsilon, &mut into));
}

fn narrow(threads: &mut Threads, isa: Isa, x: &[f32], n: usize, into: &mut Activations, cancel: &Cancel) {
    into.resize(x.len() / n, n);
    threads.each(into.panels_mut(), cancel, |mut into| vector::to_8_bits(isa, x, n, &mut into));
}
