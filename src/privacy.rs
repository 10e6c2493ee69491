//! What may be read. A denied file gets no suggestions and feeds none.
//!
//! Three sources say no: the path (a built-in deny list, and the user's), the ignore files (git's and
//! `.foretypeignore`), and the content (private keys and tokens). A verdict is a value that names its cause, so that
//! `why` can say it. Path and content checks are pure; only [`Privacy::ignored`] reads the disk.

mod ignore_files;
mod leaving;
mod paths;
mod randomness;
mod secrets;

use std::path::{Path, PathBuf};

use paths::Globs;

pub use leaving::{Found, clear_cursor, clear_piece, leaving};

/// What the settings say. A glob without a slash is matched against the file name, one with a slash against the end
/// of the path (from the root when it starts with a slash), one that ends with a slash against all in that folder;
/// always without regard to case. The user's `deny` beats the user's `allow`, which beats the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Globs denied beside the built-in list.
    pub deny: Vec<String>,
    /// Globs that are read although an ignore file or the built-in list says no. Only the user's own settings set it.
    /// It does not open a file whose content holds a secret.
    pub allow: Vec<String>,
}

/// The compiled rules.
pub struct Privacy {
    deny: Globs,
    allow: Globs,
}

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
    pub fn new(options: &Options) -> Result<Privacy, String> {
        Ok(Privacy { deny: Globs::new(&options.deny)?, allow: Globs::new(&options.allow)? })
    }

    /// Judges a path by the deny and allow lists. Pure.
    pub fn path(&self, path: &Path) -> Result<(), Denied> {
        if let Some(glob) = self.deny.find(path) {
            return Err(Denied::Pattern { glob: glob.to_owned(), built_in: false });
        }
        match paths::built_in(path) {
            Some(glob) if self.allow.find(path).is_none() => {
                Err(Denied::Pattern { glob: glob.to_owned(), built_in: true })
            }
            _ => Ok(()),
        }
    }

    /// Judges a path by the ignore files in the folders from `root` down to it (git's, `.ignore`, `.foretypeignore`,
    /// the user's global git excludes). When `root` lies inside a repository, that one's ignore files count from its
    /// own root. Reads the disk; a file that cannot be read says nothing.
    pub fn ignored(&self, root: Option<&Path>, path: &Path) -> Result<(), Denied> {
        if self.allow.find(path).is_some() {
            return Ok(());
        }
        ignore_files::check(root, path)
    }

    /// Looks for private keys and tokens of known shapes. Pure, linear in the text's length.
    pub fn content(&self, text: &str) -> Result<(), Denied> {
        match secrets::find(text) {
            Some((kind, line)) => Err(Denied::Secret { kind, line }),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Denied::Pattern { glob, built_in: true } => write!(
                f,
                "this file matches the built-in deny pattern `{glob}`, because files of that name tend to hold \
                 secrets; to have it read all the same, add a glob for it to `privacy.allow` in your own settings"
            ),
            Denied::Pattern { glob, built_in: false } => {
                write!(
                    f,
                    "this file matches `{glob}` of `privacy.deny`; take that glob out of your settings to have it read"
                )
            }
            Denied::Ignored { file, glob } => write!(
                f,
                "this file is ignored by the line `{glob}` of {}; to have it read all the same, add a glob for it to \
                 `privacy.allow` in your own settings",
                file.display()
            ),
            Denied::Secret { kind, line } => write!(
                f,
                "line {line} looks like it holds a secret ({kind}), so nothing of this file is used; move the secret \
                 out of the file, then suggestions come back"
            ),
        }
    }
}
