//! How reviewed changes come into the user's tree: every wanted file is judged against what is there now, and either all
//! of them become steps, or none. Reads through a closure, writes nothing.

mod disk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::merge::{Clash, Edit, Wanted, merge, pick};
use super::review::{File, Review, text};
use super::worktree::Blob;

pub use disk::{Half, carry_out, on_disk};

/// What the user has at a path: the buffer where the file is open, the disk's bytes otherwise.
#[derive(Clone, Debug)]
pub struct Present {
    pub content: Vec<u8>,
    pub is_executable: bool,
    pub is_link: bool,
    /// Of the buffer, where the file is open.
    pub version: Option<i32>,
}

/// Which files are wanted, by path; and of these which hunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Chosen {
    #[default]
    All,
    Files(BTreeMap<PathBuf, Wanted>),
}

/// One thing to do. Paths are from the root. Each says what must still be there when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// In a text that is `text` now; `version` is the buffer's.
    Edit {
        path: PathBuf,
        text: String,
        version: Option<i32>,
        edits: Vec<Edit>,
    },
    Create {
        path: PathBuf,
        content: Vec<u8>,
        is_executable: bool,
        is_link: bool,
    },
    /// What is no text is replaced as a whole.
    Replace {
        path: PathBuf,
        expected: Vec<u8>,
        content: Vec<u8>,
        is_link: bool,
    },
    /// After the edits to `from`.
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Delete {
        path: PathBuf,
        expected: Vec<u8>,
    },
    SetExecutable {
        path: PathBuf,
        is_executable: bool,
    },
}

/// Why a file cannot be taken over as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub path: PathBuf,
    pub cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Both changed the same lines.
    Lines(Vec<Clash>),
    /// Both changed it, and it is no text, or the agent deleted it.
    Changed,
    /// The agent changed what the user has deleted.
    Gone,
    /// There is another file where the agent made a new one; it may have been kept from the agent.
    Exists,
    /// A folder on the way is a link that leads out of the project.
    LeadsOut,
    Unreadable(String),
    /// There is no such change to choose.
    NotChanged,
}

/// The steps for the chosen files, none where the user has all of it already; or every conflict that there is.
/// `present` says what is at a path now; `root` is only for links.
pub fn plan(
    review: &Review,
    chosen: &Chosen,
    root: &Path,
    present: impl Fn(&Path) -> io::Result<Option<Present>>,
) -> Result<Vec<Step>, Vec<Conflict>> {
    let (mut steps, mut conflicts) = (Vec::new(), Vec::new());
    if let Chosen::Files(files) = chosen {
        let is_there = |path: &&PathBuf| !review.files.iter().any(|file| file.path() == path.as_path());
        let missing = files.keys().filter(is_there);
        conflicts.extend(missing.map(|path| Conflict { path: path.clone(), cause: Cause::NotChanged }));
    }
    for file in &review.files {
        let wanted = match chosen {
            Chosen::All => Wanted::All,
            Chosen::Files(files) => match files.get(file.path()) {
                Some(wanted) => wanted.clone(),
                None => continue,
            },
        };
        let lead = [file.path(), file.change.old_path()].into_iter().any(|path| leads_out(root, path));
        let planned = if lead { Err(Cause::LeadsOut) } else { one(file, &wanted, &present) };
        match planned {
            Ok(planned) => steps.extend(planned),
            Err(cause) => conflicts.push(Conflict { path: file.path().to_owned(), cause }),
        }
    }
    if conflicts.is_empty() { Ok(steps) } else { Err(conflicts) }
}

fn one(
    file: &File,
    wanted: &Wanted,
    present: &impl Fn(&Path) -> io::Result<Option<Present>>,
) -> Result<Vec<Step>, Cause> {
    let at = |path: &Path| present(path).map_err(|error| Cause::Unreadable(error.to_string()));
    let (path, from) = (file.path(), file.change.old_path());
    let there = at(path)?;
    match (&file.old, &file.new, &file.change.new) {
        (None, Some(new), Some(blob)) => match there {
            None => Ok(vec![create(path, new, blob)]),
            Some(there) if is_same(&there, new) => Ok(Vec::new()),
            Some(_) => Err(Cause::Exists),
        },
        (Some(old), None, _) => match there {
            None => Ok(Vec::new()),
            Some(there) if is_same(&there, old) => {
                Ok(vec![Step::Delete { path: path.to_owned(), expected: there.content }])
            }
            Some(_) => Err(Cause::Changed),
        },
        (Some(old), Some(new), Some(blob)) if path == from => match there {
            None => Err(Cause::Gone),
            Some(there) => modify(file, path, (old, new, blob), there, wanted),
        },
        (Some(old), Some(new), Some(blob)) => match (at(from)?, there) {
            // The user has moved it there, too, or has this change already.
            (None, Some(there)) => modify(file, path, (old, new, blob), there, wanted),
            (None, None) => Err(Cause::Gone),
            (Some(_), Some(_)) => Err(Cause::Exists),
            (Some(here), None) => {
                let mut steps = modify(file, from, (old, new, blob), here, wanted)?;
                steps.push(Step::Rename { from: from.to_owned(), to: path.to_owned() });
                Ok(steps)
            }
        },
        _ => Ok(Vec::new()),
    }
}

/// Steps at the place where the file is now.
fn modify(
    file: &File,
    path: &Path,
    (old, new, blob): (&[u8], &[u8], &Blob),
    there: Present,
    wanted: &Wanted,
) -> Result<Vec<Step>, Cause> {
    let path = path.to_owned();
    let mut steps = Vec::new();
    let was_link = file.change.old.as_ref().is_some_and(|old| old.is_link);
    let texts = file.texts().filter(|_| !was_link && !blob.is_link && !there.is_link);
    match (texts, text(Some(&there.content))) {
        (Some((base, theirs)), Some(ours)) => {
            let edits = merge(base, ours, &pick(base, theirs, wanted)).map_err(Cause::Lines)?;
            if !edits.is_empty() {
                steps.push(Step::Edit { path: path.clone(), text: ours.to_string(), version: there.version, edits });
            }
        }
        _ if there.content == new && there.is_link == blob.is_link => {}
        _ if there.content == old && there.is_link == was_link => {
            let (content, is_link) = (new.to_vec(), blob.is_link);
            steps.push(Step::Replace { path: path.clone(), expected: there.content, content, is_link });
        }
        _ => return Err(Cause::Changed),
    }
    let is_other_mode = file.change.old.as_ref().is_some_and(|old| old.is_executable != blob.is_executable);
    if is_other_mode && *wanted == Wanted::All && there.is_executable != blob.is_executable && !blob.is_link {
        steps.push(Step::SetExecutable { path, is_executable: blob.is_executable });
    }
    Ok(steps)
}

fn create(path: &Path, content: &[u8], blob: &Blob) -> Step {
    Step::Create {
        path: path.to_owned(),
        content: content.to_vec(),
        is_executable: blob.is_executable,
        is_link: blob.is_link,
    }
}

/// Byte by byte, or as texts that an editor holds in its own manner.
fn is_same(there: &Present, content: &[u8]) -> bool {
    let plain = |bytes| Some(text(Some(bytes))?.trim_start_matches('\u{feff}').replace("\r\n", "\n"));
    there.content == content || (plain(content).is_some() && plain(&there.content) == plain(content))
}

/// Whether a folder on the way to a path is, by now, a link to somewhere else.
fn leads_out(root: &Path, path: &Path) -> bool {
    let full = root.join(path);
    let existing = full.ancestors().skip(1).find(|ancestor| ancestor.exists());
    let real = existing.and_then(|folder| folder.canonicalize().ok());
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    !real.is_some_and(|real| real.starts_with(root))
}

impl Step {
    /// The file that it changes; of a rename the one that is there now.
    pub fn path(&self) -> &Path {
        match self {
            Step::Edit { path, .. }
            | Step::Create { path, .. }
            | Step::Replace { path, .. }
            | Step::Delete { path, .. }
            | Step::SetExecutable { path, .. } => path,
            Step::Rename { from, .. } => from,
        }
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.cause)
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::Lines(clashes) => {
                let lines: Vec<String> = clashes.iter().map(|clash| clash.line.to_string()).collect();
                let plural = if lines.len() == 1 { "" } else { "s" };
                write!(f, "you and the agent changed the same lines (yours, line{plural} {})", lines.join(", "))
            }
            Cause::Changed => f.write_str("you changed it, too"),
            Cause::Gone => f.write_str("it is not there any more, and the agent changed it"),
            Cause::Exists => f.write_str("there is a file of that name, which the agent did not see; it is kept"),
            Cause::LeadsOut => f.write_str("its folder is a link that leads out of the project"),
            Cause::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Cause::NotChanged => f.write_str("the agent did not change it"),
        }
    }
}

/// Both sides of every conflict, as Markdown.
pub fn conflicts_markdown(conflicts: &[Conflict]) -> String {
    let mut out =
        String::from("# Conflicts\n\nNothing was changed. Settle these by hand, or apply the other files alone.\n");
    for conflict in conflicts {
        out.push_str(&format!("\n## {}\n\n{}.\n", conflict.path.display(), conflict.cause));
        let Cause::Lines(clashes) = &conflict.cause else { continue };
        for clash in clashes {
            let sides = [("It was", &clash.base), ("Yours", &clash.ours), ("The agent's", &clash.theirs)];
            for (whose, text) in sides {
                let run = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
                let fence = "`".repeat(3.max(run + 1));
                let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                out.push_str(&format!("\n{whose}, line {}:\n\n{fence}\n{text}{end}{fence}\n", clash.line));
            }
        }
    }
    out
}
