//! The open documents, as far as the project goes: whose text counts instead of their files', and whose packages come
//! first where not all has room.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Index;
use crate::document::Snapshot;

#[derive(Default)]
pub struct Open {
    /// Those whose text counts.
    texts: HashMap<Arc<Path>, Snapshot>,
    /// Folders of packages, the latest first.
    packages: Vec<PathBuf>,
}

/// Whether open documents count as they are, or as their files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaved {
    Counts,
    Waits,
}

/// Packages that come first; of more, those that came last.
const MAX_PACKAGES: usize = 8;

impl Open {
    /// Takes the place of what was open. Gives the files whose text may be another one now.
    pub fn set(&mut self, documents: Vec<Snapshot>, unsaved: Unsaved) -> BTreeSet<PathBuf> {
        let counts = |document: &Snapshot| unsaved == Unsaved::Counts && document.is_cleared();
        let named =
            documents.into_iter().filter(counts).filter_map(|document| Some((document.path.clone()?, document)));
        let before = std::mem::replace(&mut self.texts, named.collect());
        let is_as_before = |path: &Path| match (before.get(path), self.texts.get(path)) {
            (Some(before), Some(now)) => before.version == now.version && before.id == now.id,
            _ => false,
        };
        let paths = before.keys().chain(self.texts.keys());
        paths.filter(|path| !is_as_before(path)).map(|path| path.to_path_buf()).collect()
    }

    /// Puts the packages of these documents first. Whether there was a new one.
    pub fn focus(&mut self, documents: &[Snapshot], index: &Index) -> bool {
        let mut is_new = false;
        for path in documents.iter().filter_map(|document| document.path.as_deref()) {
            if let Some(package) = index.package(path).filter(|package| self.packages.iter().all(|it| it != package)) {
                self.packages.insert(0, package.to_path_buf());
                is_new = true;
            }
        }
        self.packages.truncate(MAX_PACKAGES);
        is_new
    }

    pub fn packages(&self) -> &[PathBuf] {
        &self.packages
    }

    pub fn document(&self, path: &Path) -> Option<&Snapshot> {
        self.texts.get(path)
    }

    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.texts.keys().map(|path| &**path)
    }
}
