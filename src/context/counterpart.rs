//! The file that tests the document, or the one that the document tests: what it defines, or what of it reads most like
//! the lines around the cursor.

use std::cmp::Reverse;
use std::path::Path;

use super::{Kind, Piece, Place, Project, similar};
use crate::workspace::index::{Segment, Subject};

/// Of files that are about the same, the nearest.
const MAX_FILES: usize = 2;
/// More than this are called so by chance.
const MAX_HOMONYMS: usize = 200;

/// Of an outline, bytes.
const MAX_OUTLINE: usize = 900;

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let Some(path) = place.document.path.as_deref() else { return };
    let subject = |path: &Path| Subject::of(Path::new(&project.path_within(path)));
    let Some(ours) = subject(path) else { return };
    let mut found: Vec<(usize, &Segment, usize)> = Vec::new();
    for (segment, dead) in project.index.segments() {
        for file in segment.about(&ours.name).iter().take(MAX_HOMONYMS).filter(|file| !dead.contains(file)) {
            let theirs = &segment.files()[*file];
            let is_counterpart = subject(&theirs.path).is_some_and(|theirs| theirs.is_test != ours.is_test);
            if is_counterpart && place.speaks(theirs.language) {
                found.push((n_common(path, &theirs.path), segment, *file));
            }
        }
    }
    found.sort_by_key(|(n_common, ..)| Reverse(*n_common));
    for (rank, (_, segment, file)) in found.into_iter().take(MAX_FILES).enumerate() {
        let path = &segment.files()[file].path;
        let what = if ours.is_test { "tested here" } else { "tests this file" };
        let mut push = |text: String, score: f32, how: String| {
            let (kind, path) = (Kind::Tests, project.path_within(path).into());
            let score = score / (1 + rank) as f32;
            pieces.push(Piece { kind, path, text, score, reason: format!("{what}: {how}") });
        };
        let heads = project.symbols.file(path).map(|file| file.heads(MAX_OUTLINE, &place.shown_text()));
        if let Some(heads) = heads.filter(|heads| !heads.is_empty()) {
            push(heads, 0.5, "what it defines".to_string());
        }
        if let Some((text, similarity)) = similar::best_of(place, segment, file) {
            push(text, similarity, format!("{:.0} % of the words around the cursor", 100.0 * similarity));
        }
    }
}

/// Folders that two paths have in common: at the start, and in any place, as `src/a/b.ts` and `test/a/b.ts` do.
fn n_common(a: &Path, b: &Path) -> usize {
    let at_start = a.iter().zip(b.iter()).take_while(|(a, b)| a == b).count();
    at_start + a.iter().skip(at_start).filter(|part| b.iter().skip(at_start).any(|other| other == *part)).count()
}
