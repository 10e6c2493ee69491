//! Which pieces fit, and in which order they stand.

use std::sync::Arc;

use super::{Kind, Piece};

/// A piece that was found, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Considered {
    pub piece: Piece,
    /// About; with its heading.
    pub n_tokens: usize,
    pub is_used: bool,
}

/// A path and the marks around it, tokens.
const HEADING: usize = 12;

/// Takes the best pieces that fit `n_tokens`, and marks them. They come out in the order of a prompt: what tells least
/// first, so that the best stands nearest to the cursor.
pub fn choose(mut pieces: Vec<Piece>, n_tokens: usize, bytes_per_token: f32) -> Vec<Considered> {
    pieces.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let mut left = n_tokens;
    let mut considered: Vec<Considered> = Vec::new();
    for piece in pieces {
        let n_tokens = HEADING + (piece.text.len() as f32 / bytes_per_token).ceil() as usize;
        let is_told = considered.iter().any(|other| other.is_used && other.piece.text.contains(&piece.text));
        let is_used = n_tokens <= left && !is_told && !piece.text.is_empty();
        left -= if is_used { n_tokens } else { 0 };
        considered.push(Considered { piece, n_tokens, is_used });
    }
    considered.reverse();
    considered
}

/// The used ones as files: what is of one path stands together, where the last of it would.
pub fn files(considered: &[Considered]) -> Vec<(Arc<str>, String)> {
    let mut files: Vec<(Arc<str>, String)> = Vec::new();
    for Considered { piece, .. } in considered.iter().filter(|considered| considered.is_used) {
        let before = files.iter().position(|(path, _)| *path == piece.path).map(|i| files.remove(i).1);
        let text = before.map_or_else(|| piece.text.clone(), |before| format!("{before}\n{}", piece.text));
        files.push((piece.path.clone(), text));
    }
    files
}

/// Across kinds, by what each gained in likelihood (`benches/context.md`).
fn value(piece: &Piece) -> f32 {
    match piece.kind {
        Kind::Definitions => 0.8 * piece.score,
        Kind::Similar => 4.0 * piece.score,
        Kind::Edits => piece.score,
    }
}
