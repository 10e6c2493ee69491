//! What lies in the user's tree: every file that git knows or would add, those of submodules included, or, where there
//! is no repository, every file that no ignore file names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ignore::WalkBuilder;

use super::git::{self, Failure, Git};
use super::{LeftOut, Refusal};
use crate::privacy::{Level, Privacy};

/// A file as it lies there.
pub struct Entry {
    /// From the root of the tree.
    pub path: PathBuf,
    pub kind: Kind,
    pub stamp: Stamp,
    /// Whether git knows it.
    pub is_tracked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Executable,
    Link,
}

/// What changes when a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub n_bytes: u64,
    pub modified_ns: u128,
}

/// What may be shown to an agent, and what not.
pub struct Listing {
    pub entries: Vec<Entry>,
    pub left_out: Vec<(Entry, LeftOut)>,
    /// Whether `privacy` keeps back what stands in the history, too.
    pub hides_tracked: bool,
}

pub const MAX_FILES: usize = 100_000;
pub const MAX_BYTES: u64 = 2 << 30;
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// Without git nothing says what is a project: a home folder is none.
const MAX_PLAIN_FILES: usize = 20_000;
const MAX_PLAIN_BYTES: u64 = 256 << 20;

/// Submodules within submodules.
const MAX_DEPTH: usize = 6;

/// A file's mode in git's index, where it is in one.
type Modes = BTreeMap<PathBuf, Option<u32>>;

const LINK: u32 = 0o120000;
const GITLINK: u32 = 0o160000;

impl Listing {
    /// Of the repository at `root`.
    pub fn of_repository(root: &Path, within: &Path, privacy: &Privacy) -> Result<Listing, Refusal> {
        let mut modes = Modes::new();
        list(root, Path::new(""), 0, &mut modes)?;
        let mut entries = entries(root, &modes);
        if is_too_large(&entries, MAX_FILES, MAX_BYTES) {
            // Of a large one the part that the user works in.
            entries.retain(|entry| entry.path.starts_with(within) || entry.path.components().count() == 1);
        }
        Listing::judged(root, entries, privacy, (MAX_FILES, MAX_BYTES))
    }

    /// Of a folder without a repository.
    pub fn of_folder(root: &Path, privacy: &Privacy) -> Result<Listing, Refusal> {
        let is_inner = |entry: &ignore::DirEntry| entry.file_name() != ".git";
        let walk = WalkBuilder::new(root)
            .hidden(false)
            .require_git(false)
            .follow_links(false)
            .add_custom_ignore_filename(".foretypeignore")
            .filter_entry(is_inner)
            .build();
        let files = walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
        let modes = files.take(MAX_PLAIN_FILES + 1).filter_map(|entry| {
            let path = entry.path().strip_prefix(root).ok()?;
            Some((path.to_owned(), None))
        });
        let entries = entries(root, &modes.collect());
        Listing::judged(root, entries, privacy, (MAX_PLAIN_FILES, MAX_PLAIN_BYTES))
    }

    fn judged(
        root: &Path,
        entries: Vec<Entry>,
        privacy: &Privacy,
        (max_files, max_bytes): (usize, u64),
    ) -> Result<Listing, Refusal> {
        let mut listing = Listing { entries: Vec::new(), left_out: Vec::new(), hides_tracked: false };
        let mut judge = privacy.judge(Some(root));
        for entry in entries {
            let kept = match judge.level(&entry.path) {
                Level::MayLeave => None,
                level => Some(level.to_string()),
            };
            listing.hides_tracked |= kept.is_some() && entry.is_tracked;
            match kept.or_else(|| unfit(root, &entry)) {
                Some(reason) => {
                    let left_out = LeftOut { path: entry.path.display().to_string(), reason };
                    listing.left_out.push((entry, left_out));
                }
                None => listing.entries.push(entry),
            }
        }
        if is_too_large(&listing.entries, max_files, max_bytes) {
            return Err(Refusal::TooLarge { root: root.to_owned(), max_files, max_bytes });
        }
        Ok(listing)
    }
}

/// Why a file cannot be copied.
fn unfit(root: &Path, entry: &Entry) -> Option<String> {
    if entry.kind == Kind::Link && leads_out(root, &entry.path) {
        return Some("a link that leads out of the project, or to an absolute place in it".to_string());
    }
    (entry.stamp.n_bytes > MAX_FILE_BYTES).then(|| format!("larger than {} MB", MAX_FILE_BYTES >> 20))
}

/// Whether what is written through the link would land in the user's own tree, or anywhere else.
fn leads_out(root: &Path, link: &Path) -> bool {
    use std::path::Component;
    let Ok(target) = fs::read_link(root.join(link)) else { return true };
    let mut depth = link.components().count() as isize - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth -= 1,
            Component::RootDir | Component::Prefix(_) => return true,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn is_too_large(entries: &[Entry], max_files: usize, max_bytes: u64) -> bool {
    let n_bytes = entries.iter().map(|entry| entry.stamp.n_bytes).filter(|n_bytes| *n_bytes <= MAX_FILE_BYTES);
    entries.len() > max_files || n_bytes.sum::<u64>() > max_bytes
}

/// What of the named ones is a file or a link.
fn entries(root: &Path, modes: &Modes) -> Vec<Entry> {
    modes.iter().filter_map(|(path, mode)| entry(root, path, *mode)).collect()
}

pub fn entry(root: &Path, path: &Path, mode: Option<u32>) -> Option<Entry> {
    let metadata = fs::symlink_metadata(root.join(path)).ok()?;
    let kind = match metadata.file_type() {
        kind if kind.is_symlink() => Kind::Link,
        kind if !kind.is_file() => return None,
        // A system without links has their text in a file.
        _ if cfg!(windows) && mode == Some(LINK) => Kind::Link,
        _ if is_executable(&metadata, mode) => Kind::Executable,
        _ => Kind::Plain,
    };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let stamp = Stamp { n_bytes: metadata.len(), modified_ns: modified.map_or(0, |time| time.as_nanos()) };
    Some(Entry { path: path.to_owned(), kind, stamp, is_tracked: mode.is_some() })
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata, _: Option<u32>) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata, mode: Option<u32>) -> bool {
    mode == Some(0o100755)
}

/// Adds what git knows, or would add, in the repository at `root/prefix`.
fn list(root: &Path, prefix: &Path, depth: usize, modes: &mut Modes) -> Result<(), Failure> {
    let git = Git::of(&root.join(prefix));
    let known = git.run(["ls-files", "-z", "--cached", "--stage"])?;
    for line in git::parts(&known) {
        // `100644 0123… 0<tab>path`
        let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
        let mode =
            std::str::from_utf8(&line[..line.len().min(6)]).ok().and_then(|mode| u32::from_str_radix(mode, 8).ok());
        let path = prefix.join(git::path(&line[tab + 1..]));
        if mode != Some(GITLINK) {
            modes.insert(path, mode);
        } else if depth < MAX_DEPTH && root.join(&path).join(".git").exists() {
            list(root, &path, depth + 1, modes)?;
        }
    }
    let new = git.run(["ls-files", "-z", "--others", "--exclude-standard"])?;
    // What ends with a slash is another repository, and no part of this one.
    let new = git::parts(&new).filter(|path| !path.ends_with(b"/"));
    modes.extend(new.map(|path| (prefix.join(git::path(path)), None)));
    Ok(())
}
