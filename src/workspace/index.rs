//! The n-gram index: every admitted file, searchable by the longest text before a cursor.
//!
//! Text is kept folded (see [`fold`]), so that a context matches at every depth and style of indentation. A large
//! [`Segment`] holds what the last full build saw, a small one what changed since; files of the large one that were
//! changed or deleted are dead. Read [`Segment`] first.

pub mod fold;
pub mod package;
mod segment;
pub mod windows;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::syntax::Language;

pub use segment::{File, Hit, MAX_CONTEXT, Segment};

/// An immutable index over the workspace's text. Clones share it.
#[derive(Clone, Default)]
pub struct Index {
    base: Arc<Segment>,
    changes: Arc<Segment>,
    /// Files of `base` that are gone or newer in `changes`.
    dead: Arc<HashSet<usize>>,
}

/// Takes files one by one, so that no more than one file's text is in memory.
#[derive(Default)]
pub struct Builder {
    segment: Segment,
}

/// One file of a change: its new text, or `None` when it is gone.
pub struct Changed<'a> {
    pub path: Arc<Path>,
    pub language: Option<Language>,
    pub text: Option<&'a str>,
}

/// When the changed files hold more folded text than this, they are sorted into the large segment: sorting them at
/// every change would take more than about 0.1 s.
const MAX_CHANGES_BYTES: usize = 2 << 20;

impl Builder {
    /// A file given twice counts twice.
    pub fn add(&mut self, path: Arc<Path>, language: Option<Language>, text: &str) {
        self.segment.push(path, language, text);
    }

    /// Sorts the text. About a second for 16 MB.
    pub fn finish(self) -> Index {
        Index { base: Arc::new(self.segment.sort()), ..Index::default() }
    }
}

impl Index {
    pub fn n_files(&self) -> usize {
        self.files().count()
    }

    /// Bytes of text that the index was made from.
    pub fn n_bytes(&self) -> usize {
        self.files().map(|file| file.n_bytes).sum()
    }

    /// An index in which these files are replaced, added or gone. Cheap for a few files: the rest is shared.
    pub fn with(&self, changed: &[Changed]) -> Index {
        let mut dead = HashSet::clone(&self.dead);
        dead.extend(changed.iter().filter_map(|change| self.base.file_named(&change.path)));
        let mut changes = Segment::default();
        for (i, file) in self.changes.files().iter().enumerate() {
            if changed.iter().all(|change| change.path != file.path) {
                changes.push_from(&self.changes, i);
            }
        }
        for change in changed {
            if let Some(text) = change.text {
                changes.push(change.path.clone(), change.language, text);
            }
        }
        if changes.text().len() > MAX_CHANGES_BYTES {
            return self.merged(&changes, &dead);
        }
        Index { base: self.base.clone(), changes: Arc::new(changes.sort()), dead: Arc::new(dead) }
    }

    /// One large segment of what lives.
    fn merged(&self, changes: &Segment, dead: &HashSet<usize>) -> Index {
        let mut builder = Builder::default();
        for i in (0..self.base.files().len()).filter(|i| !dead.contains(i)) {
            builder.segment.push_from(&self.base, i);
        }
        for i in 0..changes.files().len() {
            builder.segment.push_from(changes, i);
        }
        builder.finish()
    }

    /// Both segments, each with the files of it that must not be used.
    pub fn segments(&self) -> [(&Segment, &HashSet<usize>); 2] {
        static NONE: std::sync::LazyLock<HashSet<usize>> = std::sync::LazyLock::new(HashSet::new);
        [(&self.base, &self.dead), (&self.changes, &NONE)]
    }

    /// The folder of the package that a file belongs to: the nearest above it that holds a manifest.
    pub fn package<'a>(&self, file: &'a Path) -> Option<&'a Path> {
        let lives = |folder: &Path| {
            let mut segments = self.segments().into_iter();
            segments.any(|(segment, dead)| segment.manifests(folder).iter().any(|file| !dead.contains(file)))
        };
        file.ancestors().skip(1).find(|folder| lives(folder))
    }

    /// Whether the index holds this very text of a file.
    pub fn holds(&self, path: &Path, text: &str) -> bool {
        let found = self.segments().into_iter().find_map(|(segment, dead)| {
            segment.file_named(path).filter(|file| !dead.contains(file)).map(|file| segment.folded(file))
        });
        let mut folded = Vec::new();
        fold::fold(text, &mut folded);
        found == Some(&folded[..])
    }

    /// The files that are in it, in no particular order.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.segments().into_iter().flat_map(|(segment, dead)| {
            segment.files().iter().enumerate().filter(|(i, _)| !dead.contains(i)).map(|(_, file)| file)
        })
    }
}
