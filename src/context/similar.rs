//! Windows of other files that read like the lines around the cursor, each with the lines that follow it there.

use super::{Kind, Piece, Place, Project, speaks_like};
use crate::workspace::index::{Segment, fold, windows};

/// Lines around the cursor whose words are looked for.
const ABOVE: usize = 10;
const BELOW: usize = 3;

/// Windows of which the best are kept; one that overlaps a better one goes.
const N_FOUND: usize = 24;
const N_KEPT: usize = 6;
/// Less in common is chance.
const MIN_SIMILARITY: f32 = 0.05;

/// What follows a window that reads like the lines above the cursor is what may follow there.
const LINES_AFTER: usize = 6;
const MAX_BYTES: usize = 1200;

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let (above, below) = place.lines_around(ABOVE, BELOW);
    let mut wanted: Vec<u32> = windows::words(above.as_bytes()).collect();
    wanted.extend(windows::words(below.as_bytes()));
    let shown = place.shown_text();
    let unit = if shown.contains("\n\t") { "\t" } else { "    " };
    let mut found = Vec::new();
    for (segment, dead) in project.index.segments() {
        for similar in segment.windows().similar(&wanted, N_FOUND) {
            let file = segment.file_at(similar.start);
            let speaks = speaks_like(place.document.language, segment.files()[file].language);
            if similar.similarity >= MIN_SIMILARITY && speaks && !dead.contains(&file) {
                found.push((segment, file, similar));
            }
        }
    }
    found.sort_by(|a, b| b.2.similarity.total_cmp(&a.2.similarity));
    let mut kept: Vec<(*const Segment, usize)> = Vec::new();
    for (segment, file, similar) in found {
        let overlaps = |(other, start): &(*const Segment, usize)| {
            std::ptr::eq(*other, segment)
                && window(segment, file, *start.min(&similar.start)).1 > similar.start.max(*start)
        };
        let is_own = place.document.path.as_deref() == Some(&*segment.files()[file].path);
        let (start, end) = window(segment, file, similar.start);
        let folded = &segment.text()[start..end];
        if kept.iter().any(overlaps) || (is_own && is_shown(folded, &shown)) {
            continue;
        }
        kept.push((segment, similar.start));
        pieces.push(Piece {
            kind: Kind::Similar,
            path: project.path_within(&segment.files()[file].path).into(),
            text: fold::unfold(folded, unit).trim_end().to_string(),
            score: similar.similarity,
            reason: format!("{:.0} % of the words around the cursor", 100.0 * similar.similarity),
        });
        if kept.len() == N_KEPT {
            return;
        }
    }
}

/// The window at `start` and what follows it, whole lines.
fn window(segment: &Segment, file: usize, start: usize) -> (usize, usize) {
    let text = &segment.text()[..segment.end_of(file)];
    let mut end = start;
    for _ in 0..windows::LINES + LINES_AFTER {
        let next = end + fold::rest_of_line(text, end).len() + 1;
        if next - start > MAX_BYTES || end >= text.len() {
            break;
        }
        end = next.min(text.len());
    }
    (start, end)
}

/// Whether some line of the window, if it says anything, stands in the prompt already.
fn is_shown(folded: &[u8], shown: &str) -> bool {
    const MIN_LINE: usize = 12;
    let is_told = |line: &[u8]| memchr::memmem::find(shown.as_bytes(), line).is_some();
    let content = |line: &'_ [u8]| line.iter().take_while(|byte| fold::is_depth(**byte)).count();
    let contents = folded.split(|byte| *byte == b'\n').map(|line| &line[content(line)..]);
    contents.filter(|line| line.len() >= MIN_LINE).any(is_told)
}
