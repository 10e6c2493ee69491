//! Windows of other files that read like the lines around the cursor, each with the lines that follow it there.

use super::{Kind, Piece, Place, Project};
use crate::workspace::index::{File, Segment, fold, windows};

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

/// What is of another package is likely to be of another kind, too.
const ELSEWHERE: f32 = 0.7;

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let (above, below) = place.lines_around(ABOVE, BELOW);
    let wanted: Vec<u32> = windows::words(above.as_bytes()).chain(windows::words(below.as_bytes())).collect();
    let shown = place.shown_text();
    let path = place.document.path.as_deref();
    let package = path.map(|path| project.index.package(path));
    let mut found = Vec::new();
    for (segment, dead) in project.index.segments() {
        for similar in segment.windows().similar(&wanted, N_FOUND) {
            let file = segment.file_at(similar.start);
            let File { path, language, .. } = &segment.files()[file];
            if similar.similarity < MIN_SIMILARITY || dead.contains(&file) || !place.speaks(*language) {
                continue;
            }
            let is_near = package.is_none_or(|package| package == project.index.package(path));
            found.push((similar.similarity * if is_near { 1.0 } else { ELSEWHERE }, is_near, segment, file, similar));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<(*const Segment, usize, usize)> = Vec::new();
    for (score, is_near, segment, file, similar) in found {
        let overlaps = |(other, other_file, start): &(*const Segment, usize, usize)| {
            std::ptr::eq(*other, segment)
                && *other_file == file
                && window(segment, file, *start.min(&similar.start)).1 > similar.start.max(*start)
        };
        let is_own = path == Some(&*segment.files()[file].path);
        let (start, end) = window(segment, file, similar.start);
        let folded = &segment.text()[start..end];
        if kept.iter().any(overlaps) || (is_own && is_shown(folded, &shown)) {
            continue;
        }
        kept.push((segment, file, similar.start));
        let whose = if is_near { "" } else { ", in another package" };
        pieces.push(Piece {
            kind: Kind::Similar,
            path: project.path_within(&segment.files()[file].path).into(),
            text: unfolded(folded, &shown),
            score,
            reason: format!("{:.0} % of the words around the cursor{whose}", 100.0 * similar.similarity),
        });
        if kept.len() == N_KEPT {
            return;
        }
    }
}

/// As it may be written in this document.
fn unfolded(folded: &[u8], shown: &str) -> String {
    let unit = if shown.contains("\n\t") { "\t" } else { "    " };
    fold::unfold(folded, unit).trim_end().to_string()
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
