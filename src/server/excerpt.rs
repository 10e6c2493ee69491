//! Where an excerpt stands: HTTP clients send some text around the cursor and no name. Pure.

use crate::document::{Clearance, Snapshot};

/// What the open documents say of an excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// In this document, by its number, at this offset in bytes, and nowhere else.
    At(usize, usize),
    /// It may be of a document that must not be used.
    Denied,
    Nowhere,
}

/// Bytes taken of each side, most first: a long excerpt is the surest, but a client may have written something of its
/// own at its ends (the path, other files).
const WINDOWS: [usize; 3] = [2048, 512, 128];
/// Less than this is found by chance, unless it is the whole document.
const MIN_BYTES: usize = 64;
/// A line of fewer bytes says nothing of where it is from.
const MIN_LINE_BYTES: usize = 8;
/// Lines next to the cursor that are looked for in denied documents.
const N_LINES: usize = 8;

/// Linear in the documents' length.
pub fn find(documents: &[Snapshot], prefix: &str, suffix: &str) -> Found {
    let texts: Vec<String> =
        documents.iter().map(|document| document.text.slice(0..document.text.len()).into()).collect();
    for window in WINDOWS {
        let before = &prefix[prefix.ceil_char_boundary(prefix.len().saturating_sub(window))..];
        let after = &suffix[..suffix.floor_char_boundary(window)];
        let wanted = format!("{before}{after}");
        let mut places = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let is_whole = text.len() == wanted.len();
            if wanted.len() >= MIN_BYTES || is_whole {
                places.extend(memchr::memmem::find_iter(text.as_bytes(), &wanted).take(2).map(|at| (number, at)));
            }
        }
        let is_denied = |(number, _): &(usize, usize)| matches!(documents[*number].clearance, Clearance::Denied(_));
        match places[..] {
            [] => continue,
            _ if places.iter().any(is_denied) => return Found::Denied,
            [(number, at)] => return Found::At(number, at + before.len()),
            _ => return Found::Nowhere,
        }
    }
    let shares = |(document, text): (&Snapshot, &String)| {
        matches!(document.clearance, Clearance::Denied(_)) && shares_a_line(text, prefix, suffix)
    };
    if documents.iter().zip(&texts).any(shares) { Found::Denied } else { Found::Nowhere }
}

/// The editor may be a keystroke ahead of what it told the language server, so that nothing agrees to the letter.
fn shares_a_line(text: &str, prefix: &str, suffix: &str) -> bool {
    let near = prefix.lines().rev().take(N_LINES).chain(suffix.lines().take(N_LINES));
    let near: Vec<&str> = near.map(str::trim).filter(|line| line.len() >= MIN_LINE_BYTES).collect();
    text.lines().any(|line| near.contains(&line.trim()))
}
