//! The symbol index: what the workspace's files define and import, found by name and by owner.
//!
//! A large [`Table`] holds what the last build saw, a small one what changed since; files of the large one that were
//! changed or deleted are dead. An unchanged file is not parsed again: by its content's key its outline is found in the
//! index before, or in the [`cache`](cache_folder). Read `symbols/file.rs` first: it says which files have symbols.

mod cache;
mod file;
mod outliner;
pub mod record;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::syntax::outline::Symbol;
use table::Table;

pub use cache::{FOLDER_VARIABLE, folder as cache_folder};
pub use file::FileSymbols;
pub(super) use outliner::{Admitted, Outlined, Outliner};

/// An immutable index over what the workspace's files define. Clones share it.
#[derive(Clone, Default)]
pub struct Symbols {
    base: Arc<Table>,
    changes: Arc<Table>,
    /// Files of `base` that are gone or newer in `changes`.
    dead: Arc<BTreeSet<u32>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Most files with symbols.
    pub max_files: usize,
    /// Most text to take symbols from, in bytes.
    pub max_bytes: usize,
    /// The folder of the files in which symbols are kept; `None`: they are not.
    pub cache: Option<PathBuf>,
}

/// How an index came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub n_files: usize,
    /// Files whose symbols were not known before.
    pub n_parsed: usize,
    /// Files without symbols, as their parse took too long.
    pub n_unfinished: usize,
    /// The file in which they are kept, if they are.
    pub cache: Option<PathBuf>,
    pub took: Duration,
}

/// One file of a change: what it defines now, or `None` when it is gone.
pub struct Changed {
    pub path: Arc<Path>,
    pub file: Option<Arc<FileSymbols>>,
}

/// When the changed files define more than this, they are sorted into the large table, which takes some 0.1 s in the
/// largest of workspaces.
const MAX_CHANGED_SYMBOLS: usize = 10_000;

static NONE_DEAD: BTreeSet<u32> = BTreeSet::new();

impl Default for Options {
    fn default() -> Options {
        Options { max_files: 50_000, max_bytes: 200 << 20, cache: None }
    }
}

impl Symbols {
    /// The files given first come first in every answer. Of two files of one path the later one counts.
    pub fn new(files: Vec<Arc<FileSymbols>>) -> Symbols {
        Symbols { base: Arc::new(Table::new(files)), ..Symbols::default() }
    }

    /// Definitions called `name`, with their files.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Arc<FileSymbols>, &'a Symbol)> {
        self.tables().into_iter().flat_map(move |(table, dead)| table.named(name, dead))
    }

    /// Definitions whose owner is called `owner` (methods, fields), in the order of their files.
    pub fn owned_by<'a>(&'a self, owner: &str) -> impl Iterator<Item = (&'a Arc<FileSymbols>, &'a Symbol)> {
        self.tables().into_iter().flat_map(move |(table, dead)| table.owned_by(owner, dead))
    }

    pub fn file(&self, path: &Path) -> Option<&Arc<FileSymbols>> {
        self.tables().into_iter().find_map(|(table, dead)| table.file(path, dead))
    }

    /// All files that have an outline, be it empty.
    pub fn files(&self) -> impl Iterator<Item = &Arc<FileSymbols>> {
        self.tables().into_iter().flat_map(|(table, dead)| table.files(dead))
    }

    /// The files at `path` and below it.
    pub fn under(&self, path: &Path) -> impl Iterator<Item = &Arc<FileSymbols>> {
        self.tables().into_iter().flat_map(move |(table, dead)| table.under(path, dead))
    }

    pub fn n_files(&self) -> usize {
        self.files().count()
    }

    pub fn n_symbols(&self) -> usize {
        self.files().map(|file| file.outline.symbols.len()).sum()
    }

    /// An estimate of the memory it takes.
    pub fn n_bytes(&self) -> usize {
        let files: usize = self.files().map(|file| file.n_bytes()).sum();
        files + self.tables().into_iter().map(|(table, _)| table.n_bytes()).sum::<usize>()
    }

    /// An index in which these files are replaced, added or gone. Cheap for a few files: the rest is shared.
    pub fn with(&self, changed: &[Changed]) -> Symbols {
        let is_changed = |path: &Path| changed.iter().any(|change| *change.path == *path);
        let mut dead = BTreeSet::clone(&self.dead);
        dead.extend(changed.iter().filter_map(|change| self.base.file_named(&change.path, &dead)).collect::<Vec<_>>());
        let kept = self.changes.files(&NONE_DEAD).filter(|file| !is_changed(&file.path));
        let added = changed.iter().filter_map(|change| change.file.as_ref());
        let changes = Table::new(kept.chain(added).cloned().collect());
        if changes.n_symbols() > MAX_CHANGED_SYMBOLS {
            return Symbols::new(self.base.files(&dead).chain(changes.files(&NONE_DEAD)).cloned().collect());
        }
        Symbols { base: self.base.clone(), changes: Arc::new(changes), dead: Arc::new(dead) }
    }

    fn tables(&self) -> [(&Table, &BTreeSet<u32>); 2] {
        [(&self.base, &self.dead), (&self.changes, &NONE_DEAD)]
    }
}
