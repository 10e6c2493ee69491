//! A user's project, with git or without, and the folder for a snapshot of it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use foretype::agent::worktree::{Capture, Refusal, Snapshot};
use foretype::privacy::{self, Privacy};
use tempfile::TempDir;

pub struct Project {
    place: TempDir,
    pub root: PathBuf,
}

pub fn privacy() -> Privacy {
    Privacy::new(&privacy::Options::default()).unwrap()
}

/// `git` as nobody in particular, in a folder.
pub fn git<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> String {
    let who = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "protocol.file.allow=always"];
    let mut command = Command::new("git");
    command.args(who).args(arguments).current_dir(folder);
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Project {
    /// A folder of these files.
    pub fn plain(files: &[(&str, &str)]) -> Project {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let project = Project { place, root };
        for (path, content) in files {
            project.write(path, content);
        }
        project
    }

    /// A repository whose only commit has these files.
    pub fn committed(files: &[(&str, &str)]) -> Project {
        let project = Project::plain(files);
        project.git(["init", "-q", "-b", "main"]);
        project.git(["add", "-A"]);
        project.git(["commit", "-q", "--allow-empty", "-m", "first"]);
        project
    }

    pub fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        git(&self.root, arguments)
    }

    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        write(&self.root.join(path), content);
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn handoff(&self) -> PathBuf {
        self.place.path().join("handoff")
    }

    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_with(&[]).unwrap()
    }

    pub fn snapshot_with(&self, unsaved: &[(&str, &str)]) -> Result<Snapshot, Refusal> {
        let unsaved: Vec<_> = unsaved.iter().map(|(path, text)| (self.path(path), text.to_string())).collect();
        Snapshot::take(&self.root, &unsaved, &privacy(), &self.handoff())
    }
}

pub fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Every file under a folder but git's, sorted, with slashes.
pub fn names(folder: &Path) -> Vec<String> {
    let (mut folders, mut names) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() == ".git" {
                continue;
            } else if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    names.sort();
    names
}

/// `kind path`, or `kind from -> path`, of each change.
pub fn changes(capture: &Capture) -> Vec<String> {
    let line = |change: &foretype::agent::worktree::Change| {
        let from = change.from.as_ref().map(|from| format!("{} -> ", from.display())).unwrap_or_default();
        format!("{:?} {from}{}", change.kind(), change.path.display()).to_string()
    };
    capture.changes.iter().map(line).collect()
}
