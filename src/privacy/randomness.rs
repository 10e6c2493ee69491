//! Whether a text looks drawn at random, as keys are, or written, as names, paths and placeholders are.

/// The share of separators that random text may have: two of the 64 characters of Base64 are some, while names and
/// paths put one between any two words.
const MAX_SEPARATORS: f64 = 0.12;

/// Words cover more of a name than this; of random text, 92 in 100 have less at 24 characters, 97 at 32, 99 at 40
/// (measured on 4,000 texts each, together with the other two rules).
const MAX_WORDS: f64 = 0.7;

/// What stands in documentation and tests where a secret would stand: it says so, or repeats itself.
pub(super) fn is_placeholder(value: &str) -> bool {
    const SAYS_SO: &[&str] = &["example", "placeholder", "changeme", "dummy", "xxxx", "your", "abcdef", "123456"];
    let lower = value.to_ascii_lowercase();
    SAYS_SO.iter().any(|word| lower.contains(word)) || entropy(value) < 3.0
}

/// Whether a value looks drawn at random rather than written: digits and letters mixed throughout, in the way that
/// neither words nor paths nor the hex of a hash or UUID are.
pub(super) fn looks_random(value: &str) -> bool {
    let classes: Vec<Class> = value.bytes().map(Class::of).collect();
    let n_changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let has = |wanted: Class| classes.contains(&wanted);
    let is_mixed = has(Class::Digit) && has(Class::Lower) && has(Class::Upper);
    !is_hex && is_mixed && n_changes * 10 >= classes.len() * 4 && entropy(value) >= 3.5
}

/// As [`looks_random`], for text that no telling name stands before: it is not made of words either.
pub(super) fn is_random_alone(value: &str) -> bool {
    if !looks_random(value) {
        return false;
    }
    let n = value.len() as f64;
    let n_separators = value.bytes().filter(|byte| Class::of(*byte) == Class::Other).count();
    n_separators as f64 <= MAX_SEPARATORS * n && n_word_bytes(value) as f64 <= MAX_WORDS * n
}

/// Random letters of one case among digits: the form of Base32 and Base36, which no name has at such a length.
pub(super) fn is_random_in_one_case(value: &str) -> bool {
    let classes: Vec<Class> = value.bytes().map(Class::of).collect();
    let n_digits = classes.iter().filter(|class| **class == Class::Digit).count();
    let n_changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let has = |wanted: Class| classes.contains(&wanted);
    let is_one_case = !has(Class::Other) && has(Class::Lower) != has(Class::Upper);
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    !is_hex && is_one_case && n_digits * 8 >= value.len() && n_changes * 5 >= value.len() && entropy(value) >= 3.5
}

/// Bytes in runs that words and numbers are made of: three small letters, or two after a capital; four capitals; five
/// digits.
fn n_word_bytes(value: &str) -> usize {
    let runs = value.as_bytes().chunk_by(|a, b| Class::of(*a) == Class::of(*b));
    let mut n_capitals = 0;
    runs.map(|run| {
        let before = std::mem::take(&mut n_capitals);
        match Class::of(run[0]) {
            // Of four capitals the last is counted with the others.
            Class::Lower if run.len() >= 2 && (1..4).contains(&before) => run.len() + 1,
            Class::Lower if run.len() >= 3 || (run.len() >= 2 && before > 0) => run.len(),
            Class::Upper => {
                n_capitals = run.len();
                if run.len() >= 4 { run.len() } else { 0 }
            }
            Class::Digit if run.len() >= 5 => run.len(),
            _ => 0,
        }
    })
    .sum()
}

/// Shannon entropy in bits a byte.
pub(super) fn entropy(value: &str) -> f64 {
    let mut counts = [0u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let n = value.len() as f64;
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / n).map(|p| -p * p.log2()).sum()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Digit,
    Lower,
    Upper,
    Other,
}

impl Class {
    fn of(byte: u8) -> Class {
        match byte {
            b'0'..=b'9' => Class::Digit,
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            _ => Class::Other,
        }
    }
}
