//! The local engine.

pub mod activations;
pub mod attention;
pub mod decode;
pub mod draft;
pub mod gguf;
pub mod kernel;
pub mod kv;
pub mod matrix;
pub mod model;
pub mod sampler;
pub mod threads;
pub mod tokenizer;
pub mod vector;
