//! Which file to type when none is named: one whose lines stand elsewhere in the project often, because that is where
//! an engine that learns from the project has most to say. Whoever sees the result is told so.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::cli::session::Session;

/// Prose and data: not what a newcomer wants to see typed.
const NOT_CODE: [&str; 7] = ["css", "html", "json", "markdown", "shellscript", "toml", "yaml"];

/// Enough of a file that a stretch and its surroundings are real work.
const N_BYTES: Range<usize> = 1_500..60_000;

/// More are not looked at: this is to take a moment.
const MAX_FILES: usize = 500;

/// Shorter lines, such as a closing bracket, stand everywhere.
const MIN_LINE_BYTES: usize = 8;

/// The share of a file's text that should stand elsewhere: with less there is little to show, and with more it is
/// somebody's copy.
const FAMILIAR: f64 = 0.5;

/// A file under `folder`, in the language that most of the code there is in.
pub fn pick(session: &Session, folder: &Path) -> Option<PathBuf> {
    let files = files(session, folder);
    let texts: Vec<String> = files.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    let mut counts = HashMap::<&str, usize>::new();
    for line in texts.iter().flat_map(|text| lines(text)) {
        *counts.entry(line).or_default() += 1;
    }
    let distance = |text: &String| (familiar(text, &counts) - FAMILIAR).abs();
    let candidates = files.iter().zip(texts.iter().map(distance));
    let (best, _) = candidates.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(best.to_path_buf())
}

fn files<'a>(session: &'a Session, folder: &Path) -> Vec<&'a Path> {
    let mut by_language = BTreeMap::<&str, (usize, Vec<&Path>)>::new();
    for file in session.index.files() {
        let Some(language) = file.language.filter(|language| !NOT_CODE.contains(&language.id())) else { continue };
        if file.path.starts_with(folder) {
            let (n_bytes, files) = by_language.entry(language.id()).or_default();
            *n_bytes += file.n_bytes;
            if N_BYTES.contains(&file.n_bytes) {
                files.push(&file.path);
            }
        }
    }
    let with_files = by_language.into_values().filter(|(_, files)| !files.is_empty());
    let (_, mut files) = with_files.max_by_key(|(n_bytes, _)| *n_bytes).unwrap_or_default();
    files.truncate(MAX_FILES);
    files
}

/// The share of a text, by bytes, whose lines stand more than once in the project.
fn familiar(text: &str, counts: &HashMap<&str, usize>) -> f64 {
    let n_bytes = |lines: &mut dyn Iterator<Item = &str>| lines.map(str::len).sum::<usize>() as f64;
    let is_elsewhere = |line: &&str| counts.get(line).is_some_and(|count| *count > 1);
    n_bytes(&mut lines(text).filter(is_elsewhere)) / n_bytes(&mut lines(text)).max(1.0)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| line.len() >= MIN_LINE_BYTES)
}
