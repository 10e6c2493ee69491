//! What came of a run: the agent's files, frozen, against those that it was given.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Serialize;

use super::git::{self, Git};
use super::import::BASE;
use super::listing::MAX_FILE_BYTES;
use super::{LeftOut, Snapshot};

/// The agent's files at one moment. What it does to them later changes nothing of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The tree of all files, in the store.
    pub tree: String,
    /// By path.
    pub changes: Vec<Change>,
    /// New ones that are not taken over.
    pub left_out: Vec<LeftOut>,
}

/// One file that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the root; of a deleted file, where it was.
    pub path: PathBuf,
    /// Where it was before, for a renamed one.
    pub from: Option<PathBuf>,
    /// Absent for a new file.
    pub old: Option<Blob>,
    /// Absent for a deleted one.
    pub new: Option<Blob>,
}

/// A content in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    pub id: String,
    pub is_executable: bool,
    pub is_link: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Added,
    Deleted,
    Modified,
    Renamed,
    /// The same text, with another mode.
    Mode,
}

/// New files of one run; more are build output that nobody ignores.
const MAX_NEW: usize = 20_000;

impl Snapshot {
    /// Freezes the agent's files as they are now, new ones included unless an ignore file names them.
    pub fn capture(&self) -> anyhow::Result<Capture> {
        self.check_presence()?;
        let index = self.store.join("capture.index");
        // With the times at which the files were checked out, only changed ones are read.
        copy_with_time(&self.store.join("index"), &index).context("cannot prepare the review")?;
        let captured = self.capture_with(&self.git().with_index(&index));
        let _ = fs::remove_file(index);
        captured
    }

    /// The changes from the snapshot to a tree that was captured before.
    pub fn changes_to(&self, tree: &str) -> anyhow::Result<Vec<Change>> {
        let arguments = ["diff-tree", "-r", "--raw", "-M", "-l2000", "--no-abbrev", "-z", BASE, tree];
        let printed = self.git().run(arguments).context("cannot compare the agent's files with yours")?;
        changes(&printed)
    }

    /// The contents of blobs, in their order.
    pub fn contents(&self, blobs: &[&Blob]) -> anyhow::Result<Vec<Vec<u8>>> {
        use std::io::Write;
        let ids = |pipe: &mut std::process::ChildStdin| blobs.iter().try_for_each(|blob| writeln!(pipe, "{}", blob.id));
        let printed = self.git().feed(["cat-file", "--batch"], ids).context("cannot read the agent's files")?;
        let mut rest = printed.as_slice();
        blobs.iter().map(|blob| next_content(&mut rest).with_context(|| format!("{} is missing", blob.id))).collect()
    }

    /// The content of a file as the agent was given it; `None` for what it was not given.
    pub fn base_content(&self, path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
        let listed = self.git().run([
            std::ffi::OsStr::new("--literal-pathspecs"),
            "ls-tree".as_ref(),
            "-z".as_ref(),
            BASE.as_ref(),
            "--".as_ref(),
            path.as_os_str(),
        ])?;
        let id = listed.split(|byte| b" \t".contains(byte)).nth(2);
        let Some(id) = id.and_then(|id| std::str::from_utf8(id).ok()) else { return Ok(None) };
        let blob = Blob { id: id.to_string(), is_executable: false, is_link: false };
        Ok(self.contents(&[&blob])?.into_iter().next())
    }

    fn check_presence(&self) -> anyhow::Result<()> {
        for (folder, what) in [(&self.folder, "the agent's files are"), (&self.store, "the snapshot is")] {
            if !folder.is_dir() {
                bail!("{what} gone: there is no {}; discard this hand-off and start it anew", folder.display());
            }
        }
        Ok(())
    }

    fn capture_with(&self, git: &Git) -> anyhow::Result<Capture> {
        let (excluded, left_out) = self.not_taken(git)?;
        let mut add: Vec<std::ffi::OsString> = ["add", "--all", "--", "."].map(Into::into).into();
        for path in excluded {
            let mut pathspec = std::ffi::OsString::from(":(exclude,literal,top)");
            pathspec.push(path);
            add.push(pathspec);
        }
        git.run(add).context("cannot read the agent's files")?;
        let tree = git.line(["write-tree"])?;
        let changes = self.changes_to(&tree)?;
        Ok(Capture { tree, changes, left_out })
    }

    /// New files that are none of the user's business, as pathspecs, and the reasons.
    fn not_taken(&self, git: &Git) -> anyhow::Result<(Vec<PathBuf>, Vec<LeftOut>)> {
        let new = git.run(["ls-files", "-z", "--others", "--exclude-standard"])?;
        let new: Vec<&[u8]> = git::parts(&new).collect();
        if new.len() > MAX_NEW {
            let first = git::path(new[0]);
            bail!(
                "there are {} new files, {} the first of them: more than can be reviewed. Delete or ignore (`.gitignore`) \
                 what is not meant for you in {}",
                new.len(),
                first.display(),
                self.folder.display()
            );
        }
        let (mut excluded, mut left_out) = (Vec::new(), Vec::new());
        for bytes in new {
            let path = git::path(bytes.strip_suffix(b"/").unwrap_or(bytes));
            let reason = if bytes.ends_with(b"/") {
                "a repository of its own, which the agent made".to_string()
            } else if fs::symlink_metadata(self.folder.join(&path)).is_ok_and(|file| file.len() > MAX_FILE_BYTES) {
                format!("larger than {} MB", MAX_FILE_BYTES >> 20)
            } else {
                continue;
            };
            left_out.push(LeftOut { path: path.display().to_string(), reason });
            excluded.push(path);
        }
        Ok((excluded, left_out))
    }
}

impl Change {
    pub fn kind(&self) -> ChangeKind {
        match (&self.old, &self.new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ if self.from.is_some() => ChangeKind::Renamed,
            (Some(old), Some(new)) if old.id == new.id => ChangeKind::Mode,
            _ => ChangeKind::Modified,
        }
    }

    /// Where the user has the file.
    pub fn old_path(&self) -> &Path {
        self.from.as_deref().unwrap_or(&self.path)
    }
}

/// A file that was changed at the moment at which the index was written looks unchanged, but for that moment: git compares the
/// two times.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let written = fs::metadata(from)?.modified()?;
    fs::File::options().write(true).open(to)?.set_modified(written)
}

/// Reads `:100644 100755 0123… 4567… M`, then one path, or two when it is renamed.
fn changes(printed: &[u8]) -> anyhow::Result<Vec<Change>> {
    let mut parts = git::parts(printed);
    let mut changes = Vec::new();
    while let Some(head) = parts.next() {
        let head = String::from_utf8_lossy(head);
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let (&[old_mode, new_mode, old, new, status], Some(path)) = (words.as_slice(), parts.next()) else {
            bail!("git describes a change as `{head}`, which is not understood");
        };
        let (from, path) = match (status.starts_with('R'), git::path(path)) {
            (true, from) => (Some(from), parts.next().map(git::path).context("a renamed file has no new name")?),
            (false, path) => (None, path),
        };
        changes.push(Change { path, from, old: blob(old_mode, old), new: blob(new_mode, new) });
    }
    Ok(changes)
}

/// `None` for what is not there, or is no file.
fn blob(mode: &str, id: &str) -> Option<Blob> {
    matches!(mode, "100644" | "100755" | "120000").then(|| Blob {
        id: id.to_string(),
        is_executable: mode == "100755",
        is_link: mode == "120000",
    })
}

/// Takes `0123… blob 12<newline>`, the content and a newline off the front.
fn next_content(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = memchr::memchr(b'\n', rest)?;
    let head = std::str::from_utf8(&rest[..end]).ok()?;
    let n_bytes: usize = head.split(' ').nth(2)?.parse().ok()?;
    let content = rest.get(end + 1..end + 1 + n_bytes)?.to_vec();
    *rest = rest.get(end + 2 + n_bytes..)?;
    Some(content)
}
