//! The same transformer once more, written for clearness: whole sequences, floats, no cache. What ours is tested against.

use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use candle_core::{D, DType, Device, Tensor};

use super::tiny::{EPSILON, HEAD_DIM, N_HEADS, N_KV_HEADS, N_LAYERS, ROPE_BASE};

/// The logits after the last of `tokens`.
pub fn logits(path: &Path, architecture: &str, tokens: &[u32]) -> Vec<f32> {
    let mut file = std::fs::File::open(path).unwrap();
    let content = Content::read(&mut file).unwrap();
    let mut tensor =
        |name: &str| content.tensor(&mut file, name, &Device::Cpu).unwrap().dequantize(&Device::Cpu).unwrap();
    let embeddings = tensor("token_embd.weight");
    let mut x = embeddings.index_select(&Tensor::new(tokens, &Device::Cpu).unwrap(), 0).unwrap();
    for i in 0..N_LAYERS {
        let mut of = |part: &str| tensor(&format!("blk.{i}.{part}"));
        let normed = norm(&x, &of("attn_norm.weight"));
        let [mut query, mut key, mut value] =
            ["q", "k", "v"].map(|part| normed.matmul(&of(&format!("attn_{part}.weight")).t().unwrap()).unwrap());
        if architecture == "qwen2" {
            query = query.broadcast_add(&of("attn_q.bias")).unwrap();
            key = key.broadcast_add(&of("attn_k.bias")).unwrap();
            value = value.broadcast_add(&of("attn_v.bias")).unwrap();
        }
        let [mut query, mut key, value] =
            [(query, N_HEADS), (key, N_KV_HEADS), (value, N_KV_HEADS)].map(|(rows, n_heads)| heads(&rows, n_heads));
        if architecture == "qwen3" {
            query = norm(&query, &of("attn_q_norm.weight"));
            key = norm(&key, &of("attn_k_norm.weight"));
        }
        let mixed = attend(&rotate(&query, architecture), &rotate(&key, architecture), &value);
        x = (x + mixed.matmul(&of("attn_output.weight").t().unwrap()).unwrap()).unwrap();
        let normed = norm(&x, &of("ffn_norm.weight"));
        let [gate, up] =
            ["gate", "up"].map(|part| normed.matmul(&of(&format!("ffn_{part}.weight")).t().unwrap()).unwrap());
        let gated = (gate.silu().unwrap() * up).unwrap();
        x = (x + gated.matmul(&of("ffn_down.weight").t().unwrap()).unwrap()).unwrap();
    }
    let last = norm(&x, &tensor("output_norm.weight")).narrow(0, tokens.len() - 1, 1).unwrap();
    last.matmul(&embeddings.t().unwrap()).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn norm(x: &Tensor, weight: &Tensor) -> Tensor {
    let mean = x.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
    let root = (mean + f64::from(EPSILON)).unwrap().sqrt().unwrap();
    x.broadcast_div(&root).unwrap().broadcast_mul(weight).unwrap()
}

/// Head by head: (heads, tokens, numbers).
fn heads(rows: &Tensor, n_heads: usize) -> Tensor {
    let n_tokens = rows.dim(0).unwrap();
    rows.reshape((n_tokens, n_heads, HEAD_DIM)).unwrap().transpose(0, 1).unwrap().contiguous().unwrap()
}

fn rotate(heads: &Tensor, architecture: &str) -> Tensor {
    let (n_heads, n_tokens, n) = heads.dims3().unwrap();
    let mut values: Vec<f32> = heads.flatten_all().unwrap().to_vec1().unwrap();
    for (i, head) in values.chunks_exact_mut(n).enumerate() {
        let position = (i % n_tokens) as f32;
        for j in 0..n / 2 {
            let (sine, cosine) = (position * ROPE_BASE.powf(-2.0 * j as f32 / n as f32)).sin_cos();
            let (a, b) = if architecture == "llama" { (2 * j, 2 * j + 1) } else { (j, j + n / 2) };
            let (x, y) = (head[a], head[b]);
            (head[a], head[b]) = (x * cosine - y * sine, x * sine + y * cosine);
        }
    }
    Tensor::from_vec(values, (n_heads, n_tokens, n), &Device::Cpu).unwrap()
}

/// Causal; each head of keys serves its group of queries. Gives (tokens, all heads' numbers).
fn attend(query: &Tensor, key: &Tensor, value: &Tensor) -> Tensor {
    let n_tokens = query.dim(1).unwrap();
    let wide = |x: &Tensor| {
        let group = N_HEADS / N_KV_HEADS;
        x.unsqueeze(1).unwrap().repeat((1, group, 1, 1)).unwrap().reshape((N_HEADS, n_tokens, HEAD_DIM)).unwrap()
    };
    let scores = (query.matmul(&wide(key).t().unwrap()).unwrap() / (HEAD_DIM as f64).sqrt()).unwrap();
    let hidden: Vec<f32> =
        (0..n_tokens * n_tokens).map(|i| if i % n_tokens > i / n_tokens { f32::NEG_INFINITY } else { 0.0 }).collect();
    let scores = scores.broadcast_add(&Tensor::from_vec(hidden, (n_tokens, n_tokens), &Device::Cpu).unwrap()).unwrap();
    let largest = scores.max_keepdim(D::Minus1).unwrap();
    let weights = scores.broadcast_sub(&largest).unwrap().exp().unwrap();
    let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1).unwrap()).unwrap();
    let mixed = weights.matmul(&wide(value)).unwrap().transpose(0, 1).unwrap().contiguous().unwrap();
    mixed.reshape((n_tokens, N_HEADS * HEAD_DIM)).unwrap().to_dtype(DType::F32).unwrap()
}
