//! The outlines of a workspace on disk, so that the next start parses only what has changed since.
//!
//! An outline is found by its text's [`Key`] alone: what is found cannot be stale, and a file that may not be read is
//! not even looked for. The file is replaced as a whole, by whichever server is last; its readers see the old one or
//! the new one. A file that is not as it should be (damaged, of another version, of other queries) counts as none.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::Symbols;
use super::file::Key;
use super::record::{self, Reader};
use crate::syntax::Language;
use crate::syntax::outline::Outline;

/// The environment variable that names another folder for what is kept; empty, nothing is kept.
pub const FOLDER_VARIABLE: &str = "FORETYPE_CACHE";

/// The file, as it was when it was opened.
pub struct Cache {
    path: PathBuf,
    bytes: Vec<u8>,
    outlines: HashMap<Key, Range<usize>>,
}

/// What the file begins with; its fingerprint and the digest of the rest follow.
const MAGIC: &[u8; 8] = b"ft-symb\x01";
const HEADER_BYTES: usize = MAGIC.len() + 2 * DIGEST_BYTES;
const DIGEST_BYTES: usize = 16;

/// Enough for the outlines of the largest workspace; the files that come last are left out.
const MAX_BYTES: usize = 64 << 20;

/// A file that no server has opened for so long is that of a project that is gone.
const MAX_AGE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

const EXTENSION: &str = "symbols";

/// The folder of the cache files: in `$FORETYPE_CACHE`, or in the user's folder for caches. `None` when there is to be
/// none.
pub fn folder() -> Option<PathBuf> {
    let parent = match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) if folder.is_empty() => return None,
        Some(folder) => PathBuf::from(folder),
        None => etcetera::choose_base_strategy().ok()?.cache_dir().join("foretype"),
    };
    Some(parent.join("symbols"))
}

impl Cache {
    /// That of the workspace of these roots. Nothing is in it when it cannot be read.
    pub fn open(folder: &Path, roots: &[PathBuf]) -> Cache {
        let mut roots: Vec<&[u8]> = roots.iter().map(|root| root.as_os_str().as_encoded_bytes()).collect();
        roots.sort();
        let name: String = digest(&roots).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(name).with_extension(EXTENSION);
        let bytes = read(&path).unwrap_or_default();
        let outlines = outlines(&bytes).unwrap_or_default();
        Cache { path, bytes, outlines }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn get(&self, key: Key) -> Option<Outline> {
        record::decode(self.bytes.get(self.outlines.get(&key)?.clone())?)
    }

    /// Replaces the file, unless it holds these outlines and no other. Without a file the next start is slower: who
    /// uses it need not care.
    pub fn save(&self, symbols: &Symbols) {
        let keys: HashSet<Key> = symbols.files().map(|file| file.key).collect();
        if keys.len() == self.outlines.len() && keys.iter().all(|key| self.outlines.contains_key(key)) {
            return;
        }
        if let Err(error) = self.write(&encode(symbols)) {
            tracing::debug!("{}: {error}; the next start parses all files anew", self.path.display());
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(folder) = self.path.parent() else { return Ok(()) };
        fs::create_dir_all(folder)?;
        sweep(folder);
        // Readable by its owner alone; gone when it is not persisted.
        let mut file = tempfile::Builder::new().suffix(".part").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // It is in use.
    let _ = File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the outlines lie; `None` for bytes that are no cache of this version.
fn outlines(bytes: &[u8]) -> Option<HashMap<Key, Range<usize>>> {
    let mut reader = Reader(bytes);
    let is_ours = reader.bytes(MAGIC.len())? == MAGIC && reader.bytes(DIGEST_BYTES)? == *FINGERPRINT;
    if !is_ours || reader.bytes(DIGEST_BYTES)? != digest(&[reader.0]) {
        return None;
    }
    let mut outlines = HashMap::new();
    while !reader.0.is_empty() {
        let key = Key(reader.bytes(DIGEST_BYTES)?.try_into().ok()?);
        let n_bytes = reader.number()? as usize;
        let start = bytes.len() - reader.0.len();
        reader.bytes(n_bytes)?;
        outlines.insert(key, start..start + n_bytes);
    }
    Some(outlines)
}

fn encode(symbols: &Symbols) -> Vec<u8> {
    let mut body = Vec::new();
    let mut written = HashSet::new();
    for file in symbols.files().filter(|file| written.insert(file.key)) {
        let outline = record::encode(&file.outline);
        if HEADER_BYTES + body.len() + DIGEST_BYTES + size_of::<u64>() + outline.len() > MAX_BYTES {
            break;
        }
        body.extend_from_slice(&file.key.0);
        record::number(&mut body, outline.len());
        body.extend_from_slice(&outline);
    }
    [&MAGIC[..], &*FINGERPRINT, &digest(&[&body]), &body].concat()
}

/// Stands for everything that decides what an outline holds, besides the text.
static FINGERPRINT: LazyLock<[u8; DIGEST_BYTES]> = LazyLock::new(|| {
    let mut parts = vec![env!("CARGO_PKG_VERSION"), include_str!("../../syntax/outline.rs")];
    for language in Language::all() {
        parts.push(language.id());
        parts.extend(language.outline_sources().into_iter().flatten());
    }
    digest(&parts)
});

/// Of the parts and where each ends.
fn digest(parts: &[impl AsRef<[u8]>]) -> [u8; DIGEST_BYTES] {
    let mut hasher = Sha256::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(&hasher.finalize()[..DIGEST_BYTES]);
    digest
}

/// Deletes what servers have left behind.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.path().extension().is_some_and(|extension| extension == EXTENSION || extension == "part");
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > MAX_AGE));
        if is_ours && is_old {
            let _ = fs::remove_file(entry.path());
        }
    }
}
