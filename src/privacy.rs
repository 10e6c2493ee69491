//! What may be read. A denied file gets no suggestions and feeds none.
//!
//! Three sources say no: the path (a built-in deny list, and the user's), the ignore files (git's and
//! `.foretypeignore`), and the content (private keys and tokens). A verdict is a value that names its cause, so that
//! `why` can say it. Path and content checks are pure; only [`Privacy::ignored`] reads the disk.

use std::path::{Path, PathBuf};

/// What the settings say. Globs are matched against the whole path and against the file name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Globs denied beside the built-in list.
    pub deny: Vec<String>,
    /// Globs that are read although an ignore file or the built-in list says no. Only the user's own settings set it.
    pub allow: Vec<String>,
}

/// The compiled rules.
pub struct Privacy {}

/// Why a file may not be read. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A glob of the deny list matched.
    Pattern { glob: String, built_in: bool },
    /// A line of an ignore file matched.
    Ignored { file: PathBuf, glob: String },
    /// The content looks like it holds a secret; `line` is 1-based.
    Secret { kind: &'static str, line: usize },
}

impl Privacy {
    /// Compiles the globs; the error names the glob and what is wrong with it.
    pub fn new(_options: &Options) -> Result<Privacy, String> {
        todo!()
    }

    /// Judges a path by the deny and allow lists. Pure.
    pub fn path(&self, _path: &Path) -> Result<(), Denied> {
        todo!()
    }

    /// Judges a path by the ignore files in the folders from `root` down to it (git's, `.ignore`, `.foretypeignore`,
    /// the user's global git excludes). Reads the disk.
    pub fn ignored(&self, _root: Option<&Path>, _path: &Path) -> Result<(), Denied> {
        todo!()
    }

    /// Looks for private keys and tokens of known shapes. Pure, linear in the text's length.
    pub fn content(&self, _text: &str) -> Result<(), Denied> {
        todo!()
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
