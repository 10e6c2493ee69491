//! Sets of words, to tell how like each other two texts are.

use crate::workspace::index::fold;

/// A set of words; a word that is not in it is taken for one that is about once in a hundred times.
pub struct Words(Vec<u64>);

const WORD_BITS: usize = 16;

impl Words {
    pub fn new(text: &[u8]) -> Words {
        Words::both(text, &[])
    }

    pub fn both(a: &[u8], b: &[u8]) -> Words {
        let mut bits = vec![0; (1 << WORD_BITS) / 64];
        for word in words(a).chain(words(b)) {
            let slot = slot(word);
            bits[slot / 64] |= 1 << (slot % 64);
        }
        Words(bits)
    }

    /// The share of the words of `text` that are in the set; 1 when it has none.
    pub fn share(&self, text: &[u8]) -> f32 {
        let (mut n, mut n_in) = (0, 0);
        for word in words(text) {
            let slot = slot(word);
            n += 1;
            n_in += (self.0[slot / 64] >> (slot % 64) & 1) as usize;
        }
        if n == 0 { 1.0 } else { n_in as f32 / n as f32 }
    }
}

pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| !fold::is_word(byte)).filter(|word| !word.is_empty())
}

/// FNV-1a, folded.
fn slot(word: &[u8]) -> usize {
    let fnv = |hash: u64, &byte: &u8| (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3);
    let hash = word.iter().fold(0xcbf2_9ce4_8422_2325, fnv);
    (hash >> 32 ^ hash) as usize & ((1 << WORD_BITS) - 1)
}
