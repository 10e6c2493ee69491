//! What was changed lately, as it stands now: who changes one place often goes on elsewhere.

use std::cmp::Reverse;

use super::{Kind, Piece, Place, Project};
use crate::document::{Edited, Snapshot};

/// Of a longer change, the first lines; of a longer line, what stands next to the change.
const MAX_BYTES: usize = 600;

const MAX_PIECES: usize = 24;

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let shown = place.shown_text();
    let others = place.others.iter().filter(|other| other.id != place.document.id);
    let documents = others.chain([place.document]);
    let mut changes: Vec<(&Snapshot, &Edited)> =
        documents.flat_map(|document| document.edited.iter().rev().map(move |edited| (document, edited))).collect();
    // In the order of time, whatever document they are in.
    changes.sort_by_key(|(_, edited)| Reverse(edited.at));
    let mut age = 0;
    for (document, Edited { range, .. }) in changes {
        let Some(path) = &document.path else { continue };
        let text = lines(document, range.start, range.end);
        if text.trim().is_empty() || shown.contains(text.trim()) {
            continue;
        }
        age += 1;
        pieces.push(Piece {
            kind: Kind::Edits,
            path: project.path_within(path).into(),
            text: text.trim_end().to_string(),
            score: 1.0 / age as f32,
            reason: format!("changed lately, line {}", document.text.line_of(range.start) + 1),
        });
        if age == MAX_PIECES {
            return;
        }
    }
}

/// The whole lines around a change, and one above and below.
fn lines(document: &Snapshot, start: usize, end: usize) -> String {
    let text = &document.text;
    let first = text.line_of(start).saturating_sub(1);
    let from = text.line_range(first).start.max(start.saturating_sub(MAX_BYTES));
    let end = end.min(start + MAX_BYTES);
    let last = (text.line_of(end) + 1).min(text.n_lines().saturating_sub(1));
    let to = text.line_range(last).end.min(end + MAX_BYTES);
    text.slice(text.floor_char_boundary(from)..text.floor_char_boundary(to)).into_owned()
}
