//! How likely a text is to be what the user types, piece by piece: as it is typed along, what is left grows surer.

use std::ops::Range;
use std::sync::Arc;

/// The chances of a text's pieces, each given the ones before it. Past the last piece nothing is doubted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Odds(Arc<[Piece]>);

/// From the end of the piece before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    /// In bytes of the text.
    end: usize,
    /// The natural logarithm of its chance.
    ln: f32,
}

impl Odds {
    /// One chance for the first `n_bytes` together.
    pub fn of_all(n_bytes: usize, chance: f32) -> Odds {
        Odds::of_pieces([(n_bytes, chance.ln())])
    }

    /// Of pieces by their ends in bytes, ascending, with the natural logarithms of their chances.
    pub fn of_pieces(pieces: impl IntoIterator<Item = (usize, f32)>) -> Odds {
        Odds(pieces.into_iter().map(|(end, ln)| Piece { end, ln: ln.clamp(-30.0, 0.0) }).collect())
    }

    /// The chance that all of `range` is right, where what stands before it is. A part of a piece counts by its length.
    pub fn chance(&self, range: Range<usize>) -> f32 {
        let (mut start, mut ln) = (0, 0.0);
        for piece in &*self.0 {
            let n_inside = piece.end.min(range.end).saturating_sub(start.max(range.start));
            if n_inside > 0 {
                ln += piece.ln * n_inside as f32 / (piece.end - start) as f32;
            }
            start = piece.end;
        }
        ln.exp()
    }

    /// Of the text behind `n_bytes` that were not in doubt.
    pub fn behind(&self, n_bytes: usize) -> Odds {
        let lead = (n_bytes > 0).then_some((n_bytes, 0.0));
        Odds::of_pieces(lead.into_iter().chain(self.0.iter().map(|piece| (piece.end + n_bytes, piece.ln))))
    }

    /// Of the text without its first `n_bytes`.
    pub fn after(&self, n_bytes: usize) -> Odds {
        let mut start = 0;
        let mut rest = Vec::with_capacity(self.0.len());
        for piece in &*self.0 {
            if piece.end > n_bytes {
                let share = (piece.end - n_bytes.max(start)) as f32 / (piece.end - start) as f32;
                rest.push((piece.end - n_bytes, piece.ln * share));
            }
            start = piece.end;
        }
        Odds::of_pieces(rest)
    }

    /// For what it takes in memory.
    pub fn n_bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}
