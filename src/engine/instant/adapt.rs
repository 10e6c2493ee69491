//! Renames: what a place's code would read like with the cursor's names in it.
//!
//! Two pieces of code that differ in words only, and always in the same way, tell how names map from one to the other:
//! `let width = self.width();` and `let height = self.` give `width` to `height`. Names that share parts map by the part
//! that differs, in each style of writing it: `set_width` to `set_height` gives `Width` to `Height`, too.

use crate::workspace::index::fold;

/// From a place's words, and parts of them, to the cursor's.
#[derive(Default)]
pub struct Renames<'a> {
    words: Vec<(&'a [u8], &'a [u8])>,
    parts: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Longer pieces are data, and comparing them takes time that grows with the square of their names.
const MAX_PIECE: usize = 256;

/// Shorter parts occur in words by chance.
const MIN_PART: usize = 3;

impl<'a> Renames<'a> {
    /// Learns from two pieces of code, token by token. False, and nothing learnt, when they differ in more than names,
    /// a name would have two new ones, or they are very long.
    pub fn learn(&mut self, theirs: &'a [u8], ours: &'a [u8]) -> bool {
        if theirs.len() > MAX_PIECE || ours.len() > MAX_PIECE {
            return false;
        }
        let n_before = self.words.len();
        let (mut their_tokens, mut our_tokens) = (tokens(theirs), tokens(ours));
        loop {
            let agree = match (their_tokens.next(), our_tokens.next()) {
                (None, None) => return true,
                (Some(their), Some(our)) if is_name(their) && is_name(our) => self.maps(their, our),
                (their, our) => their == our,
            };
            if !agree {
                self.words.truncate(n_before);
                return false;
            }
        }
    }

    fn maps(&mut self, their: &'a [u8], our: &'a [u8]) -> bool {
        match self.words.iter().find(|(known, _)| *known == their) {
            Some((_, known)) => *known == our,
            None => {
                self.words.push((their, our));
                true
            }
        }
    }

    /// Whether no name differs.
    pub fn is_identity(&self) -> bool {
        self.words.iter().all(|(their, our)| their == our)
    }

    /// Derives the renamed parts; to be called once, after the last [`Renames::learn`].
    pub fn derive_parts(&mut self) {
        for (their, our) in self.words.iter().filter(|(their, our)| their != our) {
            let (their, our) = differing_parts(their, our);
            if their.concat().len() < MIN_PART || our.is_empty() {
                continue;
            }
            for style in STYLES {
                self.parts.push((style(&their), style(&our)));
            }
        }
    }

    /// `code` with the new names; `None` when nothing in it is renamed.
    pub fn apply(&self, code: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(code.len() + 16);
        let mut at = 0;
        for token in tokens(code) {
            let start = token.as_ptr() as usize - code.as_ptr() as usize;
            out.extend_from_slice(&code[at..start]);
            at = start + token.len();
            match self.words.iter().find(|(their, _)| *their == token) {
                Some((_, our)) => out.extend_from_slice(our),
                None if is_name(token) => self.push_with_parts(token, &mut out),
                None => out.extend_from_slice(token),
            }
        }
        out.extend_from_slice(&code[at..]);
        (out != code).then_some(out)
    }

    fn push_with_parts(&self, word: &[u8], out: &mut Vec<u8>) {
        for (their, our) in &self.parts {
            if let Some(at) = memchr::memmem::find(word, their)
                && is_part(word, at, at + their.len())
            {
                out.extend_from_slice(&word[..at]);
                out.extend_from_slice(our);
                out.extend_from_slice(&word[at + their.len()..]);
                return;
            }
        }
        out.extend_from_slice(word);
    }
}

/// Words and punctuation marks, without the blanks and marks of depth between them.
pub fn tokens(code: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = code;
    std::iter::from_fn(move || {
        let n_blank = rest.iter().take_while(|&&byte| byte <= b' ').count();
        rest = &rest[n_blank..];
        let n_word = rest.iter().take_while(|&&byte| fold::is_word(byte)).count();
        let token;
        (token, rest) = rest.split_at(n_word.max(1).min(rest.len()));
        (!token.is_empty()).then_some(token)
    })
}

pub fn is_name(token: &[u8]) -> bool {
    token.first().is_some_and(|&byte| fold::is_word(byte) && !byte.is_ascii_digit())
}

/// The parts of two names that are left when those that they have in common at either end are taken away.
fn differing_parts(their: &[u8], our: &[u8]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut their, mut our) = (parts(their), parts(our));
    while their.len() > 1 && our.len() > 1 && their.last() == our.last() {
        their.pop();
        our.pop();
    }
    let n_same = their.iter().zip(&our).take_while(|(their, our)| their == our).count();
    let n_same = n_same.min(their.len() - 1).min(our.len() - 1);
    (their.split_off(n_same), our.split_off(n_same))
}

/// The parts of a name in lower case: `maxWidth`, `MAX_WIDTH` and `max_width` are `max`, `width`. Never empty.
fn parts(name: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut before = b'_';
    for &byte in name {
        if byte == b'_' || byte.is_ascii_uppercase() && before.is_ascii_lowercase() {
            parts.push(Vec::new());
        }
        if byte != b'_' {
            parts.last_mut().into_iter().for_each(|part| part.push(byte.to_ascii_lowercase()));
        }
        before = byte;
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { vec![name.to_vec()] } else { parts }
}

type Style = fn(&[Vec<u8>]) -> Vec<u8>;

const STYLES: [Style; 4] = [
    |parts| parts.join(&b'_'),
    |parts| parts.join(&b'_').to_ascii_uppercase(),
    |parts| parts.iter().flat_map(|part| capital(part)).collect(),
    |parts| parts[..1].concat().into_iter().chain(parts[1..].iter().flat_map(|part| capital(part))).collect(),
];

fn capital(part: &[u8]) -> impl Iterator<Item = u8> + '_ {
    part.iter().enumerate().map(|(i, &byte)| if i == 0 { byte.to_ascii_uppercase() } else { byte })
}

/// Whether `word[start..end]` is a whole part of the word and not letters from its middle.
fn is_part(word: &[u8], start: usize, end: usize) -> bool {
    let begins = start == 0
        || !word[start - 1].is_ascii_alphanumeric()
        || word[start].is_ascii_uppercase() && word[start - 1].is_ascii_lowercase();
    let ends = end == word.len() || !word[end].is_ascii_lowercase();
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(theirs: &str, ours: &str, code: &str, renamed: Option<&str>) {
        let mut renames = Renames::default();
        assert!(renames.learn(theirs.as_bytes(), ours.as_bytes()), "{theirs} and {ours}");
        renames.derive_parts();
        let got = renames.apply(code.as_bytes()).map(|code| String::from_utf8(code).unwrap());
        assert_eq!(got.as_deref(), renamed);
    }

    #[test]
    fn words_and_their_parts_are_renamed() {
        check("let width = ", "let height = ", "self.width();", Some("self.height();"));
        check("fn set_width", "fn set_height", "(&mut self, width: u32)", Some("(&mut self, height: u32)"));
        check("fn max_width", "fn min_width", "self.MaxSize", Some("self.MinSize"));
        check("struct UserName", "struct HostName", "USER_NAME", Some("HOST_NAME"));
    }

    #[test]
    fn what_does_not_differ_stays() {
        check("let width = ", "let height = ", "self.widths();", None);
        check("let width = ", "let width = ", "self.width();", None);
    }

    #[test]
    fn contradictions_are_not_learnt() {
        let mut renames = Renames::default();
        assert!(!renames.learn(b"a = a + 1", b"b = c + 1"));
        assert!(!renames.learn(b"a = a + 1", b"b = b - 1"));
        assert!(!renames.learn(b"a = a", b"b"));
        assert!(renames.is_identity());
    }
}
