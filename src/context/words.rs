//! The words of some text, as far as a definition may be called so.

/// No shorter name is looked up: `i`, `x`, `fn`.
const MIN_WORD: usize = 3;

/// Distinct words, the last ones first, each with how many lines it stands above the end.
pub fn nearest_first(text: &str) -> Vec<(&str, usize)> {
    let mut words: Vec<(&str, usize)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (distance, line) in text.rsplit('\n').enumerate() {
        for word in in_line(line).rev().filter(|word| seen.insert(*word)) {
            words.push((word, distance));
        }
    }
    words
}

pub fn in_line(line: &str) -> impl DoubleEndedIterator<Item = &str> {
    let is_name = |word: &&str| word.len() >= MIN_WORD && !word.starts_with(|c: char| c.is_ascii_digit());
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(is_name)
}

/// Whether `word` stands in `text` as a word of its own.
pub fn stands_in(word: &str, text: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, word).any(|at| {
        !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + word.len()))
    })
}
