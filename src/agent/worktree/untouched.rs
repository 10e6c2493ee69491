//! Whether the user's own tree is as it was when the snapshot was taken: times and sizes of all files, then the bytes of
//! those that differ; and where the repository's refs stand.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::Snapshot;
use super::git::{self, Git};
use super::listing::{Listing, Stamp};
use crate::privacy::Privacy;

/// What changed in the user's tree since the snapshot. Nobody knows who did it: the user's own saves are among it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strayed {
    /// Files that were changed, made or deleted; absolute.
    pub files: Vec<PathBuf>,
    /// Whether a branch, a tag, the stash or HEAD is another.
    pub refs: bool,
}

const FILE: &str = "fingerprint";

/// Writes down how the user's tree is now.
pub fn record(snapshot: &Snapshot, listing: &Listing) -> io::Result<()> {
    let mut file = io::BufWriter::new(fs::File::create(snapshot.store.join(FILE))?);
    write!(file, "{}\0", refs(&snapshot.root))?;
    for (path, Stamp { n_bytes, modified_ns }) in stamps(listing) {
        write!(file, "{n_bytes} {modified_ns} ")?;
        file.write_all(&git::bytes(path))?;
        file.write_all(b"\0")?;
    }
    file.flush()
}

impl Snapshot {
    /// Looks through the user's tree. A file whose bytes are now those of the snapshot (a buffer was saved) did not change.
    pub fn strayed(&self, privacy: &Privacy) -> anyhow::Result<Strayed> {
        let recorded = fs::read(self.store.join(FILE)).context("there is no record of how your files were")?;
        let mut lines = git::parts(&recorded);
        let refs_then = lines.next().unwrap_or_default();
        let then: BTreeMap<PathBuf, Stamp> = lines.filter_map(stamp).collect();
        let is_repository = self.root.join(".git").exists();
        let listing = self.list(is_repository, privacy)?;
        let now: BTreeMap<&Path, Stamp> = stamps(&listing).collect();
        let gone = then.keys().filter(|path| !now.contains_key(path.as_path())).cloned();
        let other =
            now.iter().filter(|(path, stamp)| then.get(**path) != Some(stamp)).map(|(path, _)| path.to_path_buf());
        let mut files = Vec::new();
        for path in gone.chain(other) {
            let now = fs::read(self.root.join(&path)).ok();
            if now.is_none() || self.base_content(&path)? != now {
                files.push(self.root.join(path));
            }
        }
        files.sort();
        Ok(Strayed { files, refs: refs(&self.root).as_bytes() != refs_then })
    }
}

fn stamps(listing: &Listing) -> impl Iterator<Item = (&Path, Stamp)> {
    let left_out = listing.left_out.iter().map(|(entry, _)| entry);
    listing.entries.iter().chain(left_out).map(|entry| (entry.path.as_path(), entry.stamp))
}

/// `12 34 path`
fn stamp(line: &[u8]) -> Option<(PathBuf, Stamp)> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse::<u128>().ok();
    let (n_bytes, modified_ns) = (number()? as u64, number()?);
    Some((git::path(parts.next()?), Stamp { n_bytes, modified_ns }))
}

/// A digest of what all refs point at; of nothing where there is no repository.
fn refs(root: &Path) -> String {
    let git = Git::of(root);
    let mut digest = Sha256::new();
    for arguments in [&["rev-parse", "HEAD"][..], &["symbolic-ref", "--quiet", "HEAD"], &["for-each-ref"]] {
        digest.update(git.run(arguments).unwrap_or_default());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
