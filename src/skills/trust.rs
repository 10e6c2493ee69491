//! Which projects' skills and teams the user trusts: the folder, and a digest of all that was trusted. What has changed
//! since is not trusted any more. Kept in a file of the user's; a project cannot say anything of itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::discovery::{places, project_root};
use super::team;

/// The file of the user's.
#[derive(Clone, Debug)]
pub struct Trust {
    file: PathBuf,
}

/// Where a project stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It has neither skills nor a team.
    Empty,
    Trusted,
    /// It was trusted, and is not the same any more.
    Changed,
    Unknown,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// Digests by folder.
    folders: BTreeMap<String, String>,
}

/// What a project has that would be trusted.
pub struct Contents {
    /// Absolute, sorted.
    pub files: Vec<PathBuf>,
    digest: String,
}

/// Another place for the file; empty for none.
pub const FILE_VARIABLE: &str = "FORETYPE_TRUST";

const MAX_FILES: usize = 4_000;
const MAX_BYTES: u64 = 32 << 20;

impl Trust {
    pub fn at(file: PathBuf) -> Trust {
        Trust { file }
    }

    /// The user's; `None` when it is switched off, or there is no home. Then nothing is trusted.
    pub fn usual_file() -> Option<PathBuf> {
        match std::env::var_os(FILE_VARIABLE) {
            Some(path) => (!path.is_empty()).then(|| PathBuf::from(path)),
            None => {
                let folders = etcetera::choose_base_strategy().ok()?;
                let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
                Some(folder.join("foretype").join("trust.json"))
            }
        }
    }

    /// Of the project as it is seen from `workspace`. `Err` is a sentence for the user, and means no trust.
    pub fn standing(&self, workspace: &Path) -> Result<Standing, String> {
        let contents = Contents::of(workspace)?;
        if contents.files.is_empty() {
            return Ok(Standing::Empty);
        }
        Ok(match self.read()?.folders.get(&name(workspace)?) {
            Some(digest) if *digest == contents.digest => Standing::Trusted,
            Some(_) => Standing::Changed,
            None => Standing::Unknown,
        })
    }

    /// Trusts exactly these contents, which the user was shown.
    pub fn grant(&self, workspace: &Path, contents: &Contents) -> Result<(), String> {
        let name = name(workspace)?;
        self.change(|kept| drop(kept.folders.insert(name, contents.digest.clone())))
    }

    /// Whether there was any trust.
    pub fn revoke(&self, workspace: &Path) -> Result<bool, String> {
        let name = name(workspace)?;
        let was = self.read()?.folders.contains_key(&name);
        if was {
            self.change(|kept| drop(kept.folders.remove(&name)))?;
        }
        Ok(was)
    }

    /// The folders that were trusted.
    pub fn folders(&self) -> Result<Vec<String>, String> {
        Ok(self.read()?.folders.into_keys().collect())
    }

    fn read(&self) -> Result<Kept, String> {
        match fs::read_to_string(&self.file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                format!("{} is damaged ({error}); delete it, then trust your projects anew", self.file.display())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> Result<(), String> {
        let mut kept = self.read()?;
        change(&mut kept);
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let write = || {
            fs::create_dir_all(folder)?;
            // Readable by the user alone, and never half written.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(serde_json::to_string_pretty(&kept)?.as_bytes())?;
            file.persist(&self.file).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> String {
        format!("what you trust cannot be kept: {}: {error}", self.file.display())
    }
}

impl Contents {
    /// Every file of every folder of skills that is looked into for `workspace`, and of the team's folder. `Err` is a
    /// sentence for the user.
    pub fn of(workspace: &Path) -> Result<Contents, String> {
        let root = project_root(workspace);
        let mut files = BTreeSet::new();
        let mut seen = HashSet::new();
        for folder in places(workspace, &root).into_iter().chain([root.join(team::FOLDER)]) {
            collect(&folder, &mut seen, &mut files)?;
        }
        let mut digest = Sha256::new();
        let mut n_bytes = 0;
        for file in &files {
            // What a link leads to is what would be read; one that leads nowhere says that.
            let content = fs::read(file).unwrap_or_else(|error| error.kind().to_string().into_bytes());
            n_bytes += content.len() as u64;
            if n_bytes > MAX_BYTES {
                return Err(too_much(workspace));
            }
            let path = file.strip_prefix(&root).unwrap_or(file).as_os_str().as_encoded_bytes();
            for part in [path, &content] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
        }
        let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Contents { files: files.into_iter().collect(), digest })
    }
}

/// Links to folders are followed, each folder once.
fn collect(folder: &Path, seen: &mut HashSet<PathBuf>, files: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    let Ok(real) = folder.canonicalize() else { return Ok(()) };
    if !seen.insert(real) {
        return Ok(());
    }
    let failed = |error: io::Error| format!("{} cannot be read: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(&path, seen, files)?;
        } else {
            files.insert(path);
        }
        if files.len() > MAX_FILES || seen.len() > MAX_FILES {
            return Err(too_much(folder));
        }
    }
    Ok(())
}

fn too_much(folder: &Path) -> String {
    format!(
        "the skills in {} are more than {MAX_FILES} files or {} MB, too much to be looked through",
        folder.display(),
        MAX_BYTES >> 20
    )
}

fn name(folder: &Path) -> Result<String, String> {
    let real = folder.canonicalize().map_err(|error| format!("{} cannot be found: {error}", folder.display()))?;
    Ok(real.to_string_lossy().into_owned())
}
