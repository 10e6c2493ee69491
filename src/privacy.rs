//! What may be read, and what may leave the machine: three levels. A blocked file gets no suggestions and feeds none; a
//! local one is completed here and never sent; the rest may leave, piece by piece, each piece looked through.
//!
//! Three sources say no: the path (a built-in deny list, and the user's), the ignore files (git's and
//! `.foretypeignore`), and the content (private keys and tokens). A verdict is a value that names its cause, so that
//! `why` can say it. Content checks are pure; [`Privacy::level`] and [`Privacy::ignored`] read the disk.
//!
//! | | blocked | local | not indexed |
//! |---|---|---|---|
//! | `privacy.deny`, the built-in list | yes | | yes |
//! | `.foretypeignore` | yes | | yes |
//! | git's ignore files, `.ignore` | | yes | yes |
//! | `privacy.local_only` | | yes | |
//! | what `privacy.allow` opens | | yes | |
//! | a known key or token in the text | yes | | yes |

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
    /// Globs that are read although an ignore file or the built-in list says no; what only this opens never leaves the
    /// machine. Only the user's own settings set it. It does not open a file whose content holds a secret.
    pub allow: Vec<String>,
    /// Globs of files that are read and completed, and never leave the machine.
    pub local_only: Vec<String>,
}

/// The compiled rules.
pub struct Privacy {
    deny: Globs,
    allow: Globs,
    local_only: Globs,
}

/// Judges the paths of one project, one after the other; not to be kept, since ignore files change.
pub struct Judge<'a> {
    privacy: &'a Privacy,
    root: Option<&'a Path>,
    reader: ignore_files::Reader,
}

/// How far the text of a file may go. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// Neither completed nor learned from.
    Blocked(Denied),
    /// Read and completed on this machine, never sent.
    Local(Kept),
    /// A remote engine may see parts of it, those that [`clear_piece`] lets through.
    MayLeave,
}

/// Why a file may not be read. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A glob of the deny list matched.
    Pattern { glob: String, built_in: bool },
    /// A line of an ignore file matched.
    Ignored(IgnoreLine),
    /// The content looks like it holds a secret; `line` is 1-based.
    Secret { kind: &'static str, line: usize },
}

/// Why a file may not leave the machine. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A glob of `privacy.local_only` matched.
    Pattern { glob: String },
    /// A line of an ignore file of git's or of another tool matched.
    Ignored(IgnoreLine),
    /// It would be denied, and `privacy.allow` opens it.
    Allowed(Denied),
    /// It is no file on the disk that rules could name.
    Nameless,
}

/// A glob of an ignore file, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreLine {
    pub file: PathBuf,
    /// 1-based; unknown when the file has just changed.
    pub line: Option<usize>,
    pub glob: String,
}

impl Privacy {
    /// Compiles the globs; the error names the glob and what is wrong with it.
    pub fn new(options: &Options) -> Result<Privacy, String> {
        let Options { deny, allow, local_only } = options;
        Ok(Privacy { deny: Globs::new(deny)?, allow: Globs::new(allow)?, local_only: Globs::new(local_only)? })
    }

    /// Judges a path by all rules but the content's; a link also by what it leads to, and the stricter counts. `root` is
    /// as in [`Privacy::ignored`]. Reads the disk: the links, and the ignore files of the folders above.
    pub fn level(&self, root: Option<&Path>, path: &Path) -> Level {
        self.judge(root).level(path)
    }

    /// Judges many paths as [`Privacy::level`] does, and reads each ignore file once.
    pub fn judge<'a>(&'a self, root: Option<&'a Path>) -> Judge<'a> {
        Judge { privacy: self, root, reader: ignore_files::Reader::default() }
    }

    fn level_of_name(&self, reader: &mut ignore_files::Reader, root: Option<&Path>, path: &Path) -> Level {
        if let Some(glob) = self.deny.find(path) {
            return Level::Blocked(Denied::Pattern { glob: glob.to_owned(), built_in: false });
        }
        let said = reader.judge(root, path);
        let built_in = paths::built_in(path).map(|glob| Denied::Pattern { glob: glob.to_owned(), built_in: true });
        match built_in.or(said.ours.map(Denied::Ignored)) {
            Some(denied) if self.allow.find(path).is_some() => return Level::Local(Kept::Allowed(denied)),
            Some(denied) => return Level::Blocked(denied),
            None => {}
        }
        match (self.local_only.find(path), said.others) {
            (Some(glob), _) => Level::Local(Kept::Pattern { glob: glob.to_owned() }),
            (None, Some(line)) => Level::Local(Kept::Ignored(line)),
            (None, None) => Level::MayLeave,
        }
    }

    /// Whether a file that is indexed stays on this machine, by its path alone: a rule says so, or one had to open it.
    /// Pure.
    pub fn keeps(&self, path: &Path) -> bool {
        self.local_only.find(path).is_some() || self.allow.find(path).is_some() || self.path(path).is_err()
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

    /// Whether the project is learned from a path, by the ignore files in the folders from `root` down to it (git's,
    /// `.ignore`, `.foretypeignore`, the user's global git excludes). When `root` lies inside a repository, that one's
    /// ignore files count from its own root. Reads the disk; a file that cannot be read says nothing.
    pub fn ignored(&self, root: Option<&Path>, path: &Path) -> Result<(), Denied> {
        if self.allow.find(path).is_some() {
            return Ok(());
        }
        ignore_files::judge(root, path).unread.map_or(Ok(()), |line| Err(Denied::Ignored(line)))
    }

    /// Looks for private keys and tokens of known shapes. Pure, linear in the text's length.
    pub fn content(&self, text: &str) -> Result<(), Denied> {
        match secrets::find(text) {
            Some((kind, line)) => Err(Denied::Secret { kind, line }),
            None => Ok(()),
        }
    }
}

impl Judge<'_> {
    pub fn level(&mut self, path: &Path) -> Level {
        let Judge { privacy, root, reader } = self;
        let level = privacy.level_of_name(reader, *root, path);
        let path = root.map_or(path.to_owned(), |root| root.join(path));
        match path.canonicalize() {
            Ok(real) if real != path => {
                let root = root.and_then(|root| root.canonicalize().ok());
                stricter(level, privacy.level_of_name(reader, root.as_deref(), &real))
            }
            _ => level,
        }
    }
}

fn stricter(a: Level, b: Level) -> Level {
    match (&a, &b) {
        (Level::Blocked(_), _) | (Level::Local(_), Level::Local(_)) | (_, Level::MayLeave) => a,
        _ => b,
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Level::Blocked(denied) => denied.fmt(f),
            Level::Local(kept) => kept.fmt(f),
            Level::MayLeave => f.write_str("no rule keeps this file on this machine"),
        }
    }
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this file stays on this machine: ")?;
        match self {
            Kept::Pattern { glob } => write!(f, "it matches `{glob}` of `privacy.local_only`"),
            Kept::Ignored(line) => write!(f, "it is ignored by {line}"),
            Kept::Allowed(Denied::Pattern { glob, .. }) => {
                write!(f, "it matches the built-in deny pattern `{glob}`, and `privacy.allow` opens it only here")
            }
            Kept::Allowed(Denied::Ignored(line)) => {
                write!(f, "it is ignored by {line}, and `privacy.allow` opens it only here")
            }
            Kept::Allowed(Denied::Secret { kind, .. }) => write!(f, "it seems to hold a secret ({kind})"),
            Kept::Nameless => f.write_str("it has no name on the disk yet, by which rules could judge it"),
        }
    }
}

impl std::fmt::Display for IgnoreLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the line `{}` of {}", self.glob, self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
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
            Denied::Ignored(line) => write!(
                f,
                "this file is ignored by {line}; to have it read all the same, add a glob for it to `privacy.allow` in \
                 your own settings"
            ),
            Denied::Secret { kind, line } => write!(
                f,
                "line {line} looks like it holds a secret ({kind}), so nothing of this file is used; move the secret \
                 out of the file, then suggestions come back"
            ),
        }
    }
}
