//! The project's admitted files and their n-gram index, built and kept fresh on a thread of its own.
//!
//! Reads only what the ignore files and [`privacy`](crate::privacy) admit, at most [`Options::max_bytes`] of it.
//! Hands out an immutable [`Index`] behind an `Arc`; a change of files makes a new one. Must not know engines.

pub mod index;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::privacy::Privacy;

pub use index::{Builder, Changed, Index};

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Nothing is read when false.
    pub enabled: bool,
    /// Most text to index, in bytes; the files nearest to the folders' roots and with known languages first.
    pub max_bytes: usize,
    /// Larger files are left out.
    pub max_file_bytes: usize,
}

/// What the background thread tells.
#[derive(Clone, Debug)]
pub enum Event {
    Started,
    Progress { n_files: usize, n_bytes: usize },
    Ready(Summary),
}

/// What an index holds, and what was left out.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub n_files: usize,
    pub n_bytes: usize,
    /// Files not read, by reason: denied, too large, binary, minified, over the byte limit, unreadable.
    pub left_out: Vec<(&'static str, usize)>,
    pub took: Duration,
}

/// A handle to the background thread; dropping it ends the thread.
pub struct Workspace {}

impl Workspace {
    /// Starts the thread. `on_event` is called on it.
    pub fn start(_options: Options, _privacy: Arc<Privacy>, _on_event: Box<dyn Fn(Event) + Send>) -> Workspace {
        todo!()
    }

    /// Sets the folders; starts a rebuild. Returns at once.
    pub fn set_folders(&self, _folders: Vec<PathBuf>) {
        todo!()
    }

    /// Says that these files were created, changed or deleted. Returns at once; bursts are taken together.
    pub fn files_changed(&self, _paths: Vec<PathBuf>) {
        todo!()
    }

    /// The newest index; empty before the first is built.
    pub fn index(&self) -> Arc<Index> {
        todo!()
    }
}

/// Builds an index on the calling thread, for the command line and the benches.
pub fn build(_options: &Options, _privacy: &Privacy, _folders: &[PathBuf]) -> (Index, Summary) {
    todo!()
}
