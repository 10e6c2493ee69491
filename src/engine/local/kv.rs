//! The KV cache: keys and values of every evaluated token. Truncation is a number.
//!
//! Keys lie in blocks of sixteen positions, number by number, so that one query is multiplied with sixteen keys at once;
//! values lie position by position. What is past the length is never read as a token.

/// Positions of a block of keys.
pub const POSITIONS: usize = 16;

pub struct Kv {
    n_heads: usize,
    head_dim: usize,
    capacity: usize,
    len: usize,
    layers: Vec<Layer>,
}

pub struct Layer {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Kv {
    /// Room for `capacity` tokens, rounded up to 16. Memory that was never written is not resident.
    pub fn new(n_layers: usize, n_heads: usize, head_dim: usize, capacity: usize) -> Kv {
        let capacity = capacity.next_multiple_of(POSITIONS);
        let n = n_heads * head_dim * capacity;
        let layers = (0..n_layers).map(|_| Layer { keys: vec![0.0; n], values: vec![0.0; n] }).collect();
        Kv { n_heads, head_dim, capacity, len: 0, layers }
    }

    /// Evaluated tokens.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Forgets the tokens from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The next `n` positions are written in every layer.
    pub fn advance(&mut self, n: usize) {
        self.len += n;
    }

    pub fn layer(&self, layer: usize) -> &Layer {
        &self.layers[layer]
    }

    /// Stores one position's keys and values of one layer, all heads after one another.
    pub fn store(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]) {
        let (n, layer) = (self.head_dim, &mut self.layers[layer]);
        for head in 0..self.n_heads {
            let start = head * self.capacity * n;
            let block = start + position / POSITIONS * POSITIONS * n + position % POSITIONS;
            for (i, key) in keys[head * n..][..n].iter().enumerate() {
                layer.keys[block + i * POSITIONS] = *key;
            }
            layer.values[start + position * n..][..n].copy_from_slice(&values[head * n..][..n]);
        }
    }
}

impl Layer {
    /// One head's blocks of keys.
    pub fn keys(&self, head: usize, n_heads: usize) -> &[f32] {
        let n = self.keys.len() / n_heads;
        &self.keys[head * n..][..n]
    }

    /// One head's values.
    pub fn values(&self, head: usize, n_heads: usize) -> &[f32] {
        let n = self.values.len() / n_heads;
        &self.values[head * n..][..n]
    }
}
