//! The KV cache: keys and values of every evaluated token. Truncation is a number.
//!
//! Keys lie in blocks of sixteen positions, number by number, so that one query is multiplied with sixteen keys at once;
//! values lie position by position. What is past the length is never read as a token.

/// Positions of a block of keys.
pub const POSITIONS: usize = 16;

pub struct Kv {
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
        Kv { head_dim, capacity, len: 0, layers }
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

    /// A layer and the room of each of its heads, to be written each by whichever thread comes to it.
    pub fn heads_mut(&mut self, layer: usize) -> impl Iterator<Item = HeadMut<'_>> {
        let n = self.capacity * self.head_dim;
        let (layer, head_dim) = (&mut self.layers[layer], self.head_dim);
        let heads = layer.keys.chunks_exact_mut(n).zip(layer.values.chunks_exact_mut(n));
        heads.map(move |(keys, values)| HeadMut { keys, values, head_dim })
    }
}

/// One head's room in one layer.
pub struct HeadMut<'a> {
    keys: &'a mut [f32],
    values: &'a mut [f32],
    head_dim: usize,
}

impl HeadMut<'_> {
    /// Stores one position.
    pub fn store(&mut self, position: usize, key: &[f32], value: &[f32]) {
        let n = self.head_dim;
        let block = &mut self.keys[position / POSITIONS * POSITIONS * n..][..POSITIONS * n];
        for (into, key) in block.iter_mut().skip(position % POSITIONS).step_by(POSITIONS).zip(key) {
            *into = *key;
        }
        self.values[position * n..][..n].copy_from_slice(value);
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
