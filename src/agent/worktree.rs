//! The user's tree, unsaved buffers included, as an agent gets it: files of its own, in a repository of its own.
//!
//! Nothing is written into the user's tree or repository: no object, no ref, no stash, no index, no list of worktrees.
//! The files go, byte by byte, into a private repository (the store) that no agent is told of; from there they are checked
//! out into a folder, which gets a repository beside that for the agent's own use: it shows the user's history (unless a
//! file that is kept back stands in that), and what the agent commits, stashes or breaks stays in it. What came of the run
//! is the difference between the store's commit and the folder's files ([`Snapshot::capture`]).
//!
//! What `privacy` does not let leave the machine is not in the folder, and its absence is no deletion: the store's commit
//! lacks it, too. This isolates by convention: the agent is told of no other folder, and nothing stops it from leaving
//! this one. [`Snapshot::strayed`] says afterwards whether anything in the user's tree was changed.

mod again;
mod capture;
mod git;
mod import;
mod listing;
mod untouched;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::privacy::{Level, Privacy};
use git::{Failure, Git};
use import::BASE;
use listing::{Entry, Kind, Listing, Stamp};

pub use capture::{Blob, Capture, Change, ChangeKind};
pub use untouched::Strayed;

/// Where a hand-off's files are. Kept with the hand-off; it holds no file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The root of the user's repository, or the user's folder where there is none; links resolved.
    pub root: PathBuf,
    /// From there to the folder that the user works in; empty when that is the root.
    pub within: PathBuf,
    /// The private repository.
    pub store: PathBuf,
    /// The commit of all files, in the store.
    pub base: String,
    /// The agent's files.
    pub folder: PathBuf,
    /// What was kept from the agent, the first of them.
    pub left_out: Vec<LeftOut>,
    pub n_left_out: usize,
    /// Whether the agent sees the user's history: nothing that is kept back stands in it.
    #[serde(default)]
    pub shows_history: bool,
}

/// A file that is not in the agent's folder, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// From the root, for people.
    pub path: String,
    pub reason: String,
}

/// Why there can be no snapshot. `Display` gives the sentence for the user.
#[derive(Debug)]
pub enum Refusal {
    /// A repository without files.
    Bare(PathBuf),
    TooLarge {
        root: PathBuf,
        max_files: usize,
        max_bytes: u64,
    },
    /// The snapshot would lie within the tree that it is of.
    Inside {
        root: PathBuf,
        into: PathBuf,
    },
    Git(Failure),
    Io(PathBuf, io::Error),
}

/// Names of left-out files that are kept.
const MAX_LEFT_OUT: usize = 100;

/// In the store's and the agent's repository: files are what they are, byte by byte.
const ATTRIBUTES: &str = "* -text -filter -ident -working-tree-encoding\n";

/// What the user's repository says of itself.
struct Repository {
    root: PathBuf,
    /// The folder of its objects, settings and excludes.
    common: PathBuf,
    /// Absent before the first commit.
    head: Option<String>,
    object_format: String,
}

impl Snapshot {
    /// Takes one of the project around `workspace`, into `into`, which becomes a folder of the snapshot's. `unsaved` has
    /// texts that the disk does not have yet, by absolute paths; what is not in the project is not taken. Reads, hashes and
    /// writes all files: a matter of a second for most projects.
    pub fn take(
        workspace: &Path,
        unsaved: &[(PathBuf, String)],
        privacy: &Privacy,
        into: &Path,
    ) -> Result<Snapshot, Refusal> {
        let workspace = workspace.canonicalize().map_err(|error| Refusal::Io(workspace.to_owned(), error))?;
        let repository = Repository::around(&workspace)?;
        let root = repository.as_ref().map_or(&workspace, |repository| &repository.root).clone();
        if from_root(&root, into).is_some() {
            return Err(Refusal::Inside { root, into: into.to_owned() });
        }
        fs::create_dir_all(into).map_err(|error| Refusal::Io(into.to_owned(), error))?;
        let into = into.canonicalize().map_err(|error| Refusal::Io(into.to_owned(), error))?;
        let within = workspace.strip_prefix(&root).unwrap_or(Path::new("")).to_owned();
        // Agents show the name of their folder.
        let name = root.file_name().map_or("project".into(), |name| name.to_owned());
        let (folder, store) = (into.join("tree").join(name), into.join("store"));
        let snapshot = Snapshot {
            root,
            within,
            store,
            base: String::new(),
            folder,
            left_out: Vec::new(),
            n_left_out: 0,
            shows_history: false,
        };
        let taken = snapshot.clone().fill(repository.as_ref(), unsaved, privacy);
        if taken.is_err() {
            // What is half there is of no use, and the cause is what the user should see.
            let _ = snapshot.remove();
        }
        taken
    }

    /// The agent's folder for what the user works in.
    pub fn working_folder(&self) -> PathBuf {
        // Without the slash that joining nothing leaves behind.
        self.folder.join(&self.within).components().collect()
    }

    /// Where the agent finds a file of the user's; `None` for what is not in the project.
    pub fn inside(&self, path: &Path) -> Option<PathBuf> {
        Some(self.folder.join(from_root(&self.root, path)?))
    }

    /// Deletes the agent's folder and the store; that they are gone already is no error.
    pub fn remove(&self) -> io::Result<()> {
        for folder in [self.folder.parent().unwrap_or(&self.folder), &self.store] {
            remove(folder)?;
        }
        Ok(())
    }

    fn fill(
        mut self,
        repository: Option<&Repository>,
        unsaved: &[(PathBuf, String)],
        privacy: &Privacy,
    ) -> Result<Snapshot, Refusal> {
        for folder in [&self.folder, &self.store] {
            fs::create_dir_all(folder).map_err(|error| Refusal::Io(folder.clone(), error))?;
        }
        let format = repository.map_or("sha1", |repository| &repository.object_format);
        let store = self.git();
        store.run(["init", "--quiet", "--template=", &format!("--object-format={format}")])?;
        self.set_up(&self.store, repository).map_err(|error| Refusal::Io(self.store.clone(), error))?;

        // The fingerprint is of what was there before it was read: what changes in between shows as changed.
        let mut listing = self.list(repository.is_some(), privacy)?;
        untouched::record(&self, &listing).map_err(|error| Refusal::Io(self.store.clone(), error))?;
        let unsaved = unsaved_by_path(&self.root, unsaved);
        listing.entries.extend(never_saved(&self.root, &listing, &unsaved, privacy));
        let mut left_out: Vec<LeftOut> = listing.left_out.into_iter().map(|(_, left_out)| left_out).collect();
        let unread = import::import(&store, &self.root, &listing.entries, &unsaved, privacy)?;
        let hides_tracked = listing.hides_tracked || unread.iter().any(|(is_tracked, _)| *is_tracked);
        left_out.extend(unread.into_iter().map(|(_, left_out)| left_out));
        self.n_left_out = left_out.len();
        left_out.truncate(MAX_LEFT_OUT);
        self.left_out = left_out;

        self.base = store.line(["rev-parse", "--verify", BASE])?;
        store.run(["read-tree", "--reset", "-u", BASE])?;
        self.shows_history = !hides_tracked;
        self.set_up_agents_repository(repository, format)?;
        Ok(self)
    }

    fn git(&self) -> Git {
        Git::own(&self.store, &self.folder)
    }

    fn list(&self, is_repository: bool, privacy: &Privacy) -> Result<Listing, Refusal> {
        if is_repository {
            Listing::of_repository(&self.root, &self.within, privacy)
        } else {
            Listing::of_folder(&self.root, privacy)
        }
    }

    /// A repository at the agent's files, with the user's history where that can be read and holds nothing that is kept
    /// back.
    fn set_up_agents_repository(&self, repository: Option<&Repository>, format: &str) -> Result<(), Refusal> {
        let history = repository.filter(|_| self.shows_history);
        let place = self.folder.join(".git");
        let git = Git::own(&place, &self.folder);
        git.run(["init", "--quiet", "--template=", &format!("--object-format={format}")])?;
        let failed = |error| Refusal::Io(place.clone(), error);
        self.set_up(&place, repository).map_err(failed)?;
        let mut objects = vec![self.store.join("objects")];
        objects.extend(history.map(|history| history.common.join("objects")));
        let lines: Vec<u8> = objects.iter().flat_map(|folder| [git::bytes(folder), b"\n".to_vec()].concat()).collect();
        fs::create_dir_all(place.join("objects/info")).map_err(failed)?;
        fs::write(place.join("objects/info/alternates"), lines).map_err(failed)?;
        let shallow = history.map(|history| history.common.join("shallow"));
        if let Some(shallow) = shallow.filter(|file| file.exists()) {
            fs::copy(shallow, place.join("shallow")).map_err(failed)?;
        }
        let tree = format!("{}^{{tree}}", self.base);
        let name = ["-c", "user.name=foretype", "-c", "user.email=foretype@localhost"];
        let commit = ["commit-tree", &tree, "-m", "The user's files as they were handed over"];
        let commit = name.into_iter().chain(commit);
        let head = history.and_then(|history| history.head.as_deref());
        // A partial clone may lack what it would have to show; the files are what counts.
        let with_history = head.and_then(|head| git.line(commit.clone().chain(["-p", head])).ok());
        let head = with_history.map_or_else(|| git.line(commit), Ok)?;
        git.run(["update-ref", "--no-deref", "HEAD", &head])?;
        fs::copy(self.store.join("index"), place.join("index")).map_err(failed)?;
        Ok(())
    }

    fn set_up(&self, place: &Path, repository: Option<&Repository>) -> io::Result<()> {
        let info = place.join("info");
        fs::create_dir_all(&info)?;
        fs::write(info.join("attributes"), ATTRIBUTES)?;
        match repository.map(|repository| repository.common.join("info/exclude")).filter(|file| file.exists()) {
            Some(exclude) => fs::copy(exclude, info.join("exclude")).map(drop),
            None => Ok(()),
        }
    }
}

impl Repository {
    /// `None` where there is none.
    fn around(workspace: &Path) -> Result<Option<Repository>, Refusal> {
        let git = Git::of(workspace);
        let said = match git.line(["rev-parse", "--is-bare-repository", "--is-inside-work-tree"]) {
            Ok(said) => said,
            Err(Failure::Said(said)) if said.contains("not a git repository") => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        if said != "false\ntrue" {
            return Err(Refusal::Bare(workspace.to_owned()));
        }
        let path = |line: Vec<u8>| git::path(line.strip_suffix(b"\n").unwrap_or(&line));
        let root = path(git.run(["rev-parse", "--show-toplevel"])?);
        let common = path(git.run(["rev-parse", "--path-format=absolute", "--git-common-dir"])?);
        let root = root.canonicalize().map_err(|error| Refusal::Io(root, error))?;
        let object_format = git.line(["rev-parse", "--show-object-format"])?;
        let head = git.line(["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]).ok();
        Ok(Some(Repository { root, common, head, object_format }))
    }
}

/// The texts by their paths from the root. A link's buffer is that of the file it leads to.
fn unsaved_by_path<'a>(root: &Path, unsaved: &'a [(PathBuf, String)]) -> BTreeMap<PathBuf, &'a str> {
    let inside = unsaved.iter().filter_map(|(path, text)| Some((from_root(root, path)?, text.as_str())));
    inside.collect()
}

/// New files that no disk has yet, as far as they may be shown.
fn never_saved(root: &Path, listing: &Listing, unsaved: &BTreeMap<PathBuf, &str>, privacy: &Privacy) -> Vec<Entry> {
    let mut judge = privacy.judge(Some(root));
    let left_out = |path: &Path| listing.left_out.iter().any(|(entry, _)| entry.path == path);
    let is_new = |path: &Path| listing.entries.iter().all(|entry| entry.path != path) && !left_out(path);
    let may_leave = |path: &&PathBuf| is_new(path) && judge.level(path) == Level::MayLeave;
    let stamp = Stamp { n_bytes: 0, modified_ns: 0 };
    let entry = |path: &PathBuf| Entry { path: path.clone(), kind: Kind::Plain, stamp, is_tracked: false };
    unsaved.keys().filter(may_leave).map(entry).collect()
}

/// A path from the root on, links resolved; the file itself need not be there yet.
fn from_root(root: &Path, path: &Path) -> Option<PathBuf> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists())?;
    let rest = path.strip_prefix(existing).ok()?;
    let real = existing.canonicalize().ok()?;
    let real = if rest.as_os_str().is_empty() { real } else { real.join(rest) };
    real.strip_prefix(root).ok().map(Path::to_owned)
}

/// Deletes a folder with all in it, also what was made read-only.
fn remove(folder: &Path) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    gone(fs::remove_dir_all(folder).or_else(|error| {
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        make_writable(folder);
        fs::remove_dir_all(folder)
    }))
}

fn make_writable(folder: &Path) {
    #[cfg(unix)]
    let writable = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    #[cfg(unix)]
    let _ = fs::set_permissions(folder, writable);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        } else if cfg!(windows)
            && let Ok(mut permissions) = entry.metadata().map(|metadata| metadata.permissions())
        {
            #[expect(clippy::permissions_set_readonly_false, reason = "only where that is a flag of the file")]
            permissions.set_readonly(false);
            let _ = fs::set_permissions(entry.path(), permissions);
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal::Git(failure)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Bare(path) => {
                write!(f, "{} is a repository without files; open one of its worktrees", path.display())
            }
            Refusal::TooLarge { root, max_files, max_bytes } => write!(
                f,
                "{} is too large to copy for an agent: more than {max_files} files or {} MB. Name what it does not need \
                 in `.foretypeignore`, make it a git repository with a `.gitignore`, or open a smaller folder",
                root.display(),
                max_bytes >> 20
            ),
            Refusal::Inside { root, into } => write!(
                f,
                "the agent's files would lie in {}, within {} itself; set XDG_STATE_HOME to a folder outside of it",
                into.display(),
                root.display()
            ),
            Refusal::Git(failure) => write!(f, "the project cannot be copied for an agent: {failure}"),
            Refusal::Io(path, error) => {
                write!(f, "the project cannot be copied for an agent: {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for Refusal {}
