//! Windows of lines, found by the words that they share with some other text.
//!
//! Similarity is Jaccard's, each word weighted by how rare it is.

use super::fold::{self, FILE};

/// Lines of a window; the next one starts half a window later.
pub const LINES: usize = 12;
const STEP: usize = LINES / 2;

/// A word that stands in more than this share of the windows says nothing, and takes long.
const MAX_SHARE: f32 = 0.1;
const MIN_WORD: usize = 2;

/// The windows of one segment's folded text.
#[derive(Default)]
pub struct Windows {
    /// Where each starts.
    starts: Vec<u32>,
    /// The weight of each one's words together.
    weights: Vec<f32>,
    /// Hashes of words, ascending; the windows of word `i` are `holders[ends[i - 1]..ends[i]]`.
    words: Vec<u32>,
    ends: Vec<u32>,
    holders: Vec<u32>,
}

/// A window that is like some text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similar {
    /// Where it starts in the folded text.
    pub start: usize,
    /// 0 to 1.
    pub similarity: f32,
}

impl Windows {
    pub fn new(text: &[u8]) -> Windows {
        let mut windows = Windows::default();
        // A word and a window that holds it.
        let mut pairs: Vec<u64> = Vec::new();
        for (start, end) in window_bounds(text) {
            let window = windows.starts.len() as u64;
            windows.starts.push(start as u32);
            pairs.extend(words(&text[start..end]).map(|word| u64::from(word) << 32 | window));
        }
        pairs.sort_unstable();
        pairs.dedup();
        windows.weights = vec![0.0; windows.starts.len()];
        for pairs in pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            windows.words.push((pairs[0] >> 32) as u32);
            windows.holders.extend(pairs.iter().map(|pair| *pair as u32));
            windows.ends.push(windows.holders.len() as u32);
            let weight = windows.weight(pairs.len());
            pairs.iter().for_each(|pair| windows.weights[*pair as u32 as usize] += weight);
        }
        windows.holders.shrink_to_fit();
        windows
    }

    /// Windows that share words with `wanted` (see [`words`]), the most similar first, at most `n`.
    pub fn similar(&self, wanted: &[u32], n: usize) -> Vec<Similar> {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let mut shared = vec![0.0f32; self.starts.len()];
        let mut wanted_weight = 0.0;
        for word in wanted {
            let holders = self.holders(word);
            let weight = self.weight(holders.len());
            wanted_weight += weight;
            if weight > 0.0 {
                holders.iter().for_each(|window| shared[*window as usize] += weight);
            }
        }
        let mut similar: Vec<Similar> = Vec::new();
        for (i, &shared) in shared.iter().enumerate().filter(|(_, shared)| **shared > 0.0) {
            let similarity = shared / (wanted_weight + self.weights[i] - shared);
            similar.push(Similar { start: self.starts[i] as usize, similarity });
        }
        let best = |a: &Similar, b: &Similar| b.similarity.total_cmp(&a.similarity).then(a.start.cmp(&b.start));
        if similar.len() > n {
            similar.select_nth_unstable_by(n, best);
            similar.truncate(n);
        }
        similar.sort_by(best);
        similar
    }

    fn holders(&self, word: u32) -> &[u32] {
        let Ok(i) = self.words.binary_search(&word) else { return &[] };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.holders[start as usize..self.ends[i] as usize]
    }

    /// Of a word that stands in `n` windows; one that stands nowhere weighs as one that stands once.
    fn weight(&self, n: usize) -> f32 {
        let all = self.starts.len() as f32;
        let n = n.max(1) as f32;
        if n > 20.0 && n > all * MAX_SHARE { 0.0 } else { (1.0 + all / n).ln() }
    }
}

/// The hashes of the words of some text, with repeats.
pub fn words(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let is_word = |word: &&[u8]| word.len() >= MIN_WORD && !word[0].is_ascii_digit();
    text.split(|byte| !fold::is_word(*byte)).filter(is_word).map(hash)
}

/// FNV-1a: a collision makes two words one, and costs a little.
fn hash(word: &[u8]) -> u32 {
    word.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Start and end of each window; no window goes across files.
fn window_bounds(text: &[u8]) -> Vec<(usize, usize)> {
    let mut bounds = Vec::new();
    let mut at = 0;
    for file in text.split(|byte| *byte == FILE) {
        let mut starts: Vec<usize> = Vec::new();
        let mut start = 0;
        while start < file.len() {
            starts.push(at + start);
            start += fold::rest_of_line(file, start).len() + 1;
        }
        for i in (0..starts.len()).step_by(STEP) {
            let end = starts.get(i + LINES).copied().unwrap_or(at + file.len());
            bounds.push((starts[i], end));
            if i + LINES >= starts.len() {
                break;
            }
        }
        at += file.len() + 1;
    }
    bounds
}
