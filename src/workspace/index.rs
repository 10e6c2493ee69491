//! The n-gram index: every admitted file as tokens, searchable by the longest text before a cursor.

use std::path::Path;
use std::sync::Arc;

use crate::syntax::Language;

/// An immutable index over the workspace's text. Clones share it.
#[derive(Clone, Default)]
pub struct Index {}

/// Takes files one by one, so that no more than one file's text is in memory.
#[derive(Default)]
pub struct Builder {}

/// One file of a change: its new text, or `None` when it is gone.
pub struct Changed<'a> {
    pub path: Arc<Path>,
    pub language: Option<Language>,
    pub text: Option<&'a str>,
}

impl Builder {
    pub fn add(&mut self, _path: Arc<Path>, _language: Option<Language>, _text: &str) {
        todo!()
    }

    /// Sorts the suffixes. About a second for 16 MB of text.
    pub fn finish(self) -> Index {
        todo!()
    }
}

impl Index {
    pub fn n_files(&self) -> usize {
        todo!()
    }

    /// Bytes of text that the index was made from.
    pub fn n_bytes(&self) -> usize {
        todo!()
    }

    /// An index in which these files are replaced, added or gone. Cheap for a few files: the rest is shared.
    pub fn with(&self, _changed: &[Changed]) -> Index {
        todo!()
    }
}
