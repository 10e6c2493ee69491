//! Writes files into a repository of ours, byte by byte as they lie there: no filter, no line ending is touched.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::LeftOut;
use super::git::{self, Failure, Git};
use super::listing::{Entry, Kind, MAX_FILE_BYTES};
use crate::privacy::Privacy;

/// The ref that keeps the snapshot's commit.
pub const BASE: &str = "refs/foretype/base";

/// Makes one commit of all files. Gives those that are left out, since they cannot be read, or hold a secret. `unsaved` is by
/// paths from the root.
pub fn import(
    store: &Git,
    root: &Path,
    entries: &[Entry],
    unsaved: &BTreeMap<PathBuf, &str>,
    privacy: &Privacy,
) -> Result<Vec<(bool, LeftOut)>, Failure> {
    let mut left_out = Vec::new();
    let settings = ["-c", "fastimport.unpackLimit=1", "-c", "pack.compression=1"];
    // The files have nothing to do with each other.
    let import = ["fast-import", "--quiet", "--done", "--depth=0"];
    store.feed(settings.into_iter().chain(import), |pipe| {
        let mut pipe = BufWriter::with_capacity(1 << 16, pipe);
        write!(pipe, "commit {BASE}\ncommitter foretype <foretype@localhost> 0 +0000\ndata 8\nsnapshot\n")?;
        for entry in entries {
            match content(root, entry, unsaved, privacy) {
                Ok(content) => file(&mut pipe, entry, &content)?,
                Err(reason) => {
                    let path = entry.path.display().to_string();
                    left_out.push((entry.is_tracked, LeftOut { path, reason }));
                }
            }
        }
        pipe.write_all(b"done\n")?;
        pipe.flush()
    })?;
    Ok(left_out)
}

fn file(pipe: &mut impl Write, entry: &Entry, content: &[u8]) -> io::Result<()> {
    let mode = match entry.kind {
        Kind::Plain => "100644",
        Kind::Executable => "100755",
        Kind::Link => "120000",
    };
    write!(pipe, "M {mode} inline ")?;
    git::quoted(&entry.path, pipe)?;
    write!(pipe, "\ndata {}\n", content.len())?;
    pipe.write_all(content)?;
    pipe.write_all(b"\n")
}

/// The bytes, or why they are not read.
fn content(
    root: &Path,
    entry: &Entry,
    unsaved: &BTreeMap<PathBuf, &str>,
    privacy: &Privacy,
) -> Result<Vec<u8>, String> {
    let path = root.join(&entry.path);
    let unreadable = |error: io::Error| format!("it cannot be read: {error}");
    if entry.kind == Kind::Link && path.is_symlink() {
        return Ok(git::bytes(&fs::read_link(path).map_err(unreadable)?));
    }
    let bytes = match unsaved.get(&entry.path) {
        Some(text) => text.as_bytes().to_vec(),
        None => fs::read(path).map_err(unreadable)?,
    };
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("larger than {} MB", MAX_FILE_BYTES >> 20));
    }
    if let Ok(text) = std::str::from_utf8(&bytes) {
        privacy.content(text).map_err(|denied| denied.to_string())?;
    }
    Ok(bytes)
}
