//! Which files of the project are read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ignore::WalkBuilder;

use super::Options;
use super::index::package;
use crate::document::Snapshot;
use crate::privacy::Privacy;
use crate::syntax::Language;

/// The rules, in the order of their cost: ignore files and names (the walk), then size, then content.
#[derive(Clone, Copy)]
pub struct Admission<'a> {
    pub options: &'a Options,
    pub privacy: &'a Privacy,
}

/// A file that its name, place and size admit.
pub struct Found {
    pub path: PathBuf,
    pub language: Option<Language>,
    modified: SystemTime,
}

/// Files not read, counted by reason.
#[derive(Default)]
pub struct LeftOut(BTreeMap<&'static str, usize>);

const IGNORE_FILES: [&str; 3] = [".gitignore", ".ignore", ".foretypeignore"];

/// Written by tools, never typed; their long lists of hashes would drown what people write.
const LOCK_FILES: [&str; 12] = [
    "Cargo.lock",
    "Gemfile.lock",
    "Pipfile.lock",
    "bun.lock",
    "composer.lock",
    "flake.lock",
    "go.sum",
    "gradle.lockfile",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
];

/// Text with longer lines on average is minified, or data. Prose with a paragraph a line stays below.
const MAX_MEAN_LINE_BYTES: usize = 400;

/// A NUL among the first bytes means binary: git's rule.
const BINARY_WINDOW: usize = 8 << 10;

impl Admission<'_> {
    /// The files under `path`, a folder or a file, by the ignore files from `folder` down. Links are not followed, so
    /// that the walk ends and stays inside; hidden files are left out.
    pub fn walk(&self, path: &Path, folder: &Path) -> (Vec<Found>, LeftOut) {
        let (mut found, mut left_out) = (Vec::new(), LeftOut::default());
        // The walk applies no ignore files to the very path that it starts from, and follows it when it is a link.
        let is_left_out =
            || is_hidden_below(folder, path) || path.is_symlink() || self.privacy.ignored(Some(folder), path).is_err();
        if path != folder && is_left_out() {
            return (found, left_out);
        }
        let walk = WalkBuilder::new(path)
            .require_git(false)
            .follow_links(false)
            .add_custom_ignore_filename(".foretypeignore")
            .build();
        // What cannot be read is not there: it may be gone the next moment anyway.
        for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
            match self.judge(&entry) {
                Ok(file) => found.push(file),
                Err(reason) => left_out.add(reason),
            }
        }
        (found, left_out)
    }

    /// Whether a file of `folder` is learned from, or why not.
    pub fn admits(&self, path: &Path, folder: &Path) -> Result<(), &'static str> {
        if !self.options.enabled {
            return Err("`workspace.index` is off");
        }
        if !path.starts_with(folder) {
            return Err("outside the project");
        }
        if is_hidden_below(folder, path) {
            return Err("hidden, by a name that starts with a dot");
        }
        if self.privacy.ignored(Some(folder), path).is_err() {
            return Err("named by an ignore file");
        }
        let (found, left_out) = self.walk(path, folder);
        if found.is_empty() {
            return Err(left_out.into_counts().first().map_or("a link, or no file", |(reason, _)| reason));
        }
        self.read(path).map(drop)
    }

    /// The text of a file, or why it is not read.
    pub fn read(&self, path: &Path) -> Result<String, &'static str> {
        self.privacy.path(path).map_err(|_| "denied by their names")?;
        // Never more than that: the system's own files have no end, or do not know it.
        let limit = self.options.max_file_bytes as u64 + 1;
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(|_| "unreadable")?;
        file.take(limit).read_to_end(&mut bytes).map_err(|_| "unreadable")?;
        if bytes.len() > self.options.max_file_bytes {
            return Err("too large");
        }
        if memchr::memchr(0, &bytes[..bytes.len().min(BINARY_WINDOW)]).is_some() {
            return Err("binary");
        }
        let text = String::from_utf8(bytes).map_err(|_| "not UTF-8")?;
        self.judge_text(&text)?;
        Ok(text)
    }

    /// The text of a file that is open, saved or not, or why it is not read.
    pub fn read_open(&self, document: &Snapshot, path: &Path, folder: &Path) -> Result<String, &'static str> {
        if document.text.len() > self.options.max_file_bytes {
            return Err("too large");
        }
        if is_hidden_below(folder, path) {
            return Err("hidden, by a name that starts with a dot");
        }
        if path.is_symlink() || self.privacy.ignored(Some(folder), path).is_err() {
            return Err("named by an ignore file");
        }
        self.privacy.path(path).map_err(|_| "denied by their names")?;
        let text = document.text.to_string();
        self.judge_text(&text)?;
        Ok(text)
    }

    fn judge_text(&self, text: &str) -> Result<(), &'static str> {
        let n_lines = 1 + memchr::memchr_iter(b'\n', text.as_bytes()).count();
        if text.len() / n_lines > MAX_MEAN_LINE_BYTES {
            return Err("minified or data");
        }
        self.privacy.content(text).map_err(|_| "denied, they seem to hold a secret")
    }

    fn judge(&self, entry: &ignore::DirEntry) -> Result<Found, &'static str> {
        let path = entry.path();
        if entry.file_name().to_str().is_some_and(|name| LOCK_FILES.contains(&name)) {
            return Err("lock files");
        }
        self.privacy.path(path).map_err(|_| "denied by their names")?;
        let metadata = entry.metadata().map_err(|_| "unreadable")?;
        if metadata.len() > self.options.max_file_bytes as u64 {
            return Err("too large");
        }
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(Found { path: path.to_path_buf(), language: Language::from_path(path), modified })
    }
}

/// Sorts by what is worth its bytes when not all fit: manifests, as they tell packages apart; then known languages, of
/// these the packages `first` in their order, then what was written last, since that is what is being worked on; then by
/// path, so that equal trees give equal indexes.
pub fn rank(files: &mut [Found], first: &[PathBuf]) {
    let packages: HashSet<PathBuf> =
        files.iter().filter_map(|file| package::folder(&file.path)).map(Path::to_path_buf).collect();
    let package = |path: &Path| {
        let package = path.ancestors().skip(1).find(|folder| packages.contains(*folder));
        first.iter().position(|first| package == Some(first)).unwrap_or(first.len())
    };
    files.sort_by_cached_key(|file| {
        let is_manifest = package::folder(&file.path).is_some();
        let newest = Reverse(file.modified);
        (!is_manifest, file.language.is_none(), package(&file.path), newest, file.path.clone())
    });
}

/// Whether a change of this file may change which other files are admitted.
pub fn is_ignore_file(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| IGNORE_FILES.contains(&name))
}

fn is_hidden_below(folder: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

impl LeftOut {
    pub fn add(&mut self, reason: &'static str) {
        *self.0.entry(reason).or_default() += 1;
    }

    pub fn extend(&mut self, other: LeftOut) {
        for (reason, n_files) in other.0 {
            *self.0.entry(reason).or_default() += n_files;
        }
    }

    pub fn into_counts(self) -> Vec<(&'static str, usize)> {
        self.0.into_iter().collect()
    }
}
