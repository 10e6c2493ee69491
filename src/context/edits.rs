//! What was changed lately, as it stands now: who changes one place often goes on elsewhere.

use super::{Kind, Piece, Place, Project};
use crate::document::Snapshot;

/// Of a longer change, the first lines; of a longer line, what stands next to the change.
const MAX_BYTES: usize = 600;

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let shown = place.shown_text();
    let others = place.others.iter().filter(|other| other.id != place.document.id);
    for document in others.chain([place.document]) {
        let Some(path) = &document.path else { continue };
        for (age, edited) in document.edited.iter().rev().enumerate() {
            let text = lines(document, edited.start, edited.end);
            if text.trim().is_empty() || shown.contains(text.trim()) {
                continue;
            }
            pieces.push(Piece {
                kind: Kind::Edits,
                path: project.path_within(path).into(),
                text: text.trim_end().to_string(),
                score: 1.0 / (1 + age) as f32,
                reason: format!("changed lately, line {}", document.text.line_of(edited.start) + 1),
            });
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
