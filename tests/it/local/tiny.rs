//! Tiny models with random weights, made here: small enough for debug builds, and of every kind of weight.

use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

pub const N_EMBEDDING: usize = 256;
pub const N_FEED_FORWARD: usize = 512;
pub const N_HEADS: usize = 4;
pub const N_KV_HEADS: usize = 2;
pub const HEAD_DIM: usize = 64;
pub const N_LAYERS: usize = 2;
pub const EPSILON: f32 = 1e-6;
pub const ROPE_BASE: f32 = 10_000.0;

/// Behind the 256 bytes.
const MERGED: [&str; 9] = ["le", "let", "Ġx", "Ġ=", "re", "ret", "Ġlet", "ĠĠ", "ĠĠĠĠ"];
pub const SPECIALS: [&str; 4] = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|endoftext|>"];
pub const N_VOCABULARY: usize = 256 + MERGED.len() + SPECIALS.len();

/// Numbers from -1 to 1 that are always the same.
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        ((self.number() + 1.0) / 2.0 * n as f32) as usize % n
    }
}

/// Writes a model of this architecture: `qwen2`, `qwen3` or `llama`.
pub fn write(architecture: &str, path: &Path) {
    let mut random = Random(7);
    let mut tensors: Vec<(String, QTensor)> = Vec::new();
    let mut add = |name: String, n_out: usize, n_in: usize, dtype, scale: f32, offset: f32| {
        let values: Vec<f32> = (0..n_out * n_in).map(|_| random.number() * scale + offset).collect();
        let shape = if n_out == 1 { vec![n_in] } else { vec![n_out, n_in] };
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        tensors.push((name, QTensor::quantize(&tensor, dtype).unwrap()));
    };
    let (n_query, n_key) = (N_HEADS * HEAD_DIM, N_KV_HEADS * HEAD_DIM);
    use GgmlDType::*;
    // The embeddings are the head as well.
    add("token_embd.weight".to_string(), N_VOCABULARY, N_EMBEDDING, Q8_0, 1.0, 0.0);
    add("output_norm.weight".to_string(), 1, N_EMBEDDING, F32, 0.2, 1.0);
    for i in 0..N_LAYERS {
        let name = |part: &str| format!("blk.{i}.{part}");
        let dtypes =
            if i == 0 { [Q4K, Q5_0, Q6K, Q4_0, Q5K, Q4_1, Q6K] } else { [Q8_0, Q5_1, F16, Q4K, Q5_0, F32, Q5K] };
        add(name("attn_norm.weight"), 1, N_EMBEDDING, F32, 0.2, 1.0);
        add(name("attn_q.weight"), n_query, N_EMBEDDING, dtypes[0], 0.1, 0.0);
        add(name("attn_k.weight"), n_key, N_EMBEDDING, dtypes[1], 0.1, 0.0);
        add(name("attn_v.weight"), n_key, N_EMBEDDING, dtypes[2], 0.1, 0.0);
        add(name("attn_output.weight"), N_EMBEDDING, n_query, dtypes[3], 0.1, 0.0);
        add(name("ffn_norm.weight"), 1, N_EMBEDDING, F32, 0.2, 1.0);
        add(name("ffn_gate.weight"), N_FEED_FORWARD, N_EMBEDDING, dtypes[4], 0.1, 0.0);
        add(name("ffn_up.weight"), N_FEED_FORWARD, N_EMBEDDING, dtypes[5], 0.1, 0.0);
        add(name("ffn_down.weight"), N_EMBEDDING, N_FEED_FORWARD, dtypes[6], 0.1, 0.0);
        if architecture == "qwen2" {
            add(name("attn_q.bias"), 1, n_query, F32, 0.5, 0.0);
            add(name("attn_k.bias"), 1, n_key, F32, 0.5, 0.0);
            add(name("attn_v.bias"), 1, n_key, F32, 0.5, 0.0);
        }
        if architecture == "qwen3" {
            add(name("attn_q_norm.weight"), 1, HEAD_DIM, F32, 0.2, 1.0);
            add(name("attn_k_norm.weight"), 1, HEAD_DIM, F32, 0.2, 1.0);
        }
    }
    let metadata = metadata(architecture);
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

fn metadata(architecture: &str) -> Vec<(String, Value)> {
    let number = |n: usize| Value::U32(n as u32);
    let text = |text: &str| Value::String(text.to_string());
    let texts = |texts: Vec<String>| Value::Array(texts.into_iter().map(Value::String).collect());
    let types: Vec<Value> = (0..N_VOCABULARY).map(|i| Value::I32(if i < 256 + MERGED.len() { 1 } else { 3 })).collect();
    let merges = ["l e", "le t", "Ġ x", "Ġ =", "r e", "re t", "Ġ let", "Ġ Ġ", "ĠĠ ĠĠ"];
    let own = [
        ("block_count", number(N_LAYERS)),
        ("embedding_length", number(N_EMBEDDING)),
        ("feed_forward_length", number(N_FEED_FORWARD)),
        ("context_length", number(1024)),
        ("attention.head_count", number(N_HEADS)),
        ("attention.head_count_kv", number(N_KV_HEADS)),
        ("attention.layer_norm_rms_epsilon", Value::F32(EPSILON)),
        ("rope.freq_base", Value::F32(ROPE_BASE)),
    ];
    let shared = [
        ("general.architecture", text(architecture)),
        ("general.name", text("tiny")),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("qwen2")),
        ("tokenizer.ggml.tokens", texts(vocabulary())),
        ("tokenizer.ggml.merges", texts(merges.map(str::to_string).to_vec())),
        ("tokenizer.ggml.token_type", Value::Array(types)),
        ("tokenizer.ggml.eos_token_id", number(N_VOCABULARY - 1)),
    ];
    let own = own.into_iter().map(|(key, value)| (format!("{architecture}.{key}"), value));
    own.chain(shared.into_iter().map(|(key, value)| (key.to_string(), value))).collect()
}

/// All bytes, as GPT-2 writes them, then what is merged, then what is special.
fn vocabulary() -> Vec<String> {
    let mut n_others = 0;
    let bytes = (0..=255u8).map(|byte| match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => char::from(byte).to_string(),
        _ => {
            n_others += 1;
            char::from_u32(255 + n_others).unwrap().to_string()
        }
    });
    bytes.chain(MERGED.into_iter().chain(SPECIALS).map(str::to_string)).collect()
}
