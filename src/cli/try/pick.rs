//! What to type when no file is named: text whose lines stand elsewhere in the project often, because that is where an
//! engine that learns from the project has most to say. Whoever sees the result is told so.

use std::collections::{BTreeMap, HashMap, HashSet};
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

/// A file, and the lines of the project that stand there more than once.
pub struct Pick {
    pub path: PathBuf,
    pub familiar: HashSet<String>,
}

/// A file under `folder`, in the language that most of the code there is in.
pub fn pick(session: &Session, folder: &Path) -> Option<Pick> {
    let files = files(session, folder);
    let texts: Vec<String> = files.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    let mut counts = HashMap::<&str, usize>::new();
    for line in texts.iter().flat_map(|text| telling_lines(text.lines())) {
        *counts.entry(line).or_default() += 1;
    }
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    let familiar: HashSet<String> = repeated.map(|(line, _)| line.to_string()).collect();
    let distance = |text: &String| (share(text.lines(), &familiar) - FAMILIAR).abs();
    let candidates = files.iter().zip(texts.iter().map(distance));
    let (path, _) = candidates.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(Pick { path: path.to_path_buf(), familiar })
}

/// The share of the lines' text, by bytes, that is familiar.
pub fn share<'a>(lines: impl Iterator<Item = &'a str>, familiar: &HashSet<String>) -> f64 {
    let (mut n_familiar, mut n_bytes) = (0, 0);
    for line in telling_lines(lines) {
        n_bytes += line.len();
        n_familiar += if familiar.contains(line) { line.len() } else { 0 };
    }
    n_familiar as f64 / n_bytes.max(1) as f64
}

fn files<'a>(session: &'a Session, folder: &Path) -> Vec<&'a Path> {
    let mut by_language = BTreeMap::<&str, (usize, Vec<&Path>)>::new();
    for file in session.project.index.files() {
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

fn telling_lines<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    lines.map(str::trim).filter(|line| line.len() >= MIN_LINE_BYTES)
}
