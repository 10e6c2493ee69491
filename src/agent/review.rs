//! What an agent made of the user's files, for the user to read: a summary, and a document with every change.

mod document;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::hunks::{Hunk, Lines, hunks};
use super::worktree::{Blob, Capture, Change, ChangeKind, LeftOut, Snapshot};

/// All changes with their contents; frozen, so that what is applied is what was read.
#[derive(Clone, Debug)]
pub struct Review {
    /// By path.
    pub files: Vec<File>,
    /// What the agent made and is not taken over.
    pub left_out: Vec<LeftOut>,
}

#[derive(Clone, Debug)]
pub struct File {
    pub change: Change,
    /// What the agent was given; absent for a new file.
    pub old: Option<Vec<u8>>,
    /// Absent for a deleted one.
    pub new: Option<Vec<u8>>,
    /// None for what is no text.
    pub hunks: Vec<Hunk>,
    pub notices: Vec<Notice>,
}

/// What deserves a second look. `Display` gives the words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Deleted,
    /// So many of 100 lines are gone or replaced.
    Rewritten(usize),
    Binary,
    Link,
    /// It may be run now, and could not be before.
    Executable,
    /// Tools run files of this name by themselves.
    RunsByItself,
}

/// A file in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    pub kind: ChangeKind,
    pub n_added: usize,
    pub n_removed: usize,
    pub n_hunks: usize,
    pub notices: Vec<String>,
}

/// From this share of a file's lines on, in 100, it counts as rewritten; shorter files are rewritten soon.
const REWRITTEN: usize = 60;
const MIN_LINES: usize = 20;

/// Run without being asked: by editors, shells, package managers, hosts of repositories.
const RUN_BY_THEMSELVES: [&str; 16] = [
    ".vscode/",
    ".idea/",
    ".github/workflows/",
    ".gitlab-ci.yml",
    ".husky/",
    ".devcontainer/",
    ".claude/",
    ".agents/",
    ".foretype/",
    ".cargo/config.toml",
    ".envrc",
    ".nvim.lua",
    ".exrc",
    "build.rs",
    "conftest.py",
    ".pre-commit-config.yaml",
];

impl Review {
    pub fn of(snapshot: &Snapshot, capture: &Capture) -> anyhow::Result<Review> {
        let sides = capture.changes.iter().flat_map(|change| [&change.old, &change.new]);
        let blobs: Vec<&Blob> = sides.flatten().collect();
        let mut contents = snapshot.contents(&blobs)?.into_iter();
        let files = capture.changes.iter().map(|change| {
            let old = change.old.as_ref().and_then(|_| contents.next());
            let new = change.new.as_ref().and_then(|_| contents.next());
            File::new(change.clone(), old, new)
        });
        Ok(Review { files: files.collect(), left_out: capture.left_out.clone() })
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn rows(&self) -> Vec<Row> {
        self.files.iter().map(File::row).collect()
    }

    /// Lines added, and removed.
    pub fn n_lines(&self) -> (usize, usize) {
        self.files.iter().map(File::n_lines).fold((0, 0), |sum, lines| (sum.0 + lines.0, sum.1 + lines.1))
    }

    /// `2 files changed, 3 lines added, 1 removed`
    pub fn summary(&self) -> String {
        let (n_added, n_removed) = self.n_lines();
        match self.files.len() {
            0 => "nothing was changed".to_string(),
            n_files => format!(
                "{n_files} file{} changed, {n_added} line{} added, {n_removed} removed",
                if n_files == 1 { "" } else { "s" },
                if n_added == 1 { "" } else { "s" },
            ),
        }
    }

    /// The whole of it as Markdown. `title` is the user's task, on one line.
    pub fn markdown(&self, title: &str) -> String {
        document::markdown(self, title)
    }
}

impl File {
    pub fn new(change: Change, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> File {
        let mut file = File { change, old, new, hunks: Vec::new(), notices: Vec::new() };
        if let Some((old, new)) = file.texts() {
            file.hunks = hunks(old, new);
        }
        file.notices = file.judge();
        file
    }

    /// Both sides, when they are text; what is not there is empty.
    pub fn texts(&self) -> Option<(&str, &str)> {
        Some((text(self.old.as_deref())?, text(self.new.as_deref())?))
    }

    pub fn path(&self) -> &Path {
        &self.change.path
    }

    fn n_lines(&self) -> (usize, usize) {
        let sum = |length: fn(&Hunk) -> usize| self.hunks.iter().map(length).sum();
        (sum(|hunk| hunk.new.len()), sum(|hunk| hunk.old.len()))
    }

    fn row(&self) -> Row {
        let name = |path: &PathBuf| path.display().to_string();
        let (n_added, n_removed) = self.n_lines();
        Row {
            path: name(&self.change.path),
            from: self.change.from.as_ref().map(name),
            kind: self.change.kind(),
            n_added,
            n_removed,
            n_hunks: self.hunks.len(),
            notices: self.notices.iter().map(Notice::to_string).collect(),
        }
    }

    fn judge(&self) -> Vec<Notice> {
        let Change { old, new, .. } = &self.change;
        let mut notices = Vec::new();
        if new.is_none() {
            notices.push(Notice::Deleted);
        }
        match self.texts() {
            None => notices.push(Notice::Binary),
            Some((before, _)) => {
                let (n_lines, n_removed) = (Lines::of(before).len(), self.n_lines().1);
                if new.is_some() && n_lines >= MIN_LINES && n_removed * 100 >= n_lines * REWRITTEN {
                    notices.push(Notice::Rewritten(n_removed * 100 / n_lines));
                }
            }
        }
        let becomes = |is: fn(&Blob) -> bool| new.as_ref().is_some_and(is) && !old.as_ref().is_some_and(is);
        if becomes(|blob| blob.is_link) {
            notices.push(Notice::Link);
        }
        if becomes(|blob| blob.is_executable) {
            notices.push(Notice::Executable);
        }
        if new.is_some() && runs_by_itself(self.path()) {
            notices.push(Notice::RunsByItself);
        }
        notices
    }
}

fn runs_by_itself(path: &Path) -> bool {
    let path = path.to_string_lossy().replace('\\', "/");
    RUN_BY_THEMSELVES.iter().any(|name| {
        let is_folder = name.ends_with('/');
        let starts = is_folder && (path.starts_with(name) || path.contains(&format!("/{name}")));
        starts || path == *name || path.ends_with(&format!("/{name}"))
    })
}

/// Text by git's rule: no NUL near the start; and it must be UTF-8, as editors hold it.
pub fn text(bytes: Option<&[u8]>) -> Option<&str> {
    let bytes = bytes.unwrap_or_default();
    let is_binary = memchr::memchr(0, &bytes[..bytes.len().min(8 << 10)]).is_some();
    std::str::from_utf8(bytes).ok().filter(|_| !is_binary)
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Notice::Deleted => f.write_str("deleted"),
            Notice::Rewritten(percent) => write!(f, "{percent} % of its lines are gone or replaced"),
            Notice::Binary => f.write_str("not a text"),
            Notice::Link => f.write_str("a link now"),
            Notice::Executable => f.write_str("executable now"),
            Notice::RunsByItself => f.write_str("other programs run this by themselves"),
        }
    }
}
