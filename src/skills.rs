//! Skills: folders with a `SKILL.md`, instructions that a person wrote down once and calls by name.
//!
//! They lie in the project (which has to be trusted first, as it comes with the code of strangers) and in the user's home.
//! Nothing is read before somebody asks for skills, and a skill runs only when a user names it. Reads the disk, starts
//! nothing, asks no model. The form is that of the Agent Skills specification (agentskills.io).

mod discovery;
pub mod frontmatter;
pub mod team;
pub mod trust;

use std::path::{Path, PathBuf};

use serde::Serialize;

use frontmatter::Frontmatter;

pub use discovery::project_root;

/// One that can be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skill {
    /// How it is called. Of two with one name the project's is meant, and the one that is nearer.
    pub name: String,
    pub description: String,
    /// Its folder, where its other files are.
    pub folder: PathBuf,
    pub origin: Origin,
    /// What is wrong with it, though not so much that it could not be used; one sentence each.
    pub notes: Vec<String>,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    Project,
    User,
}

/// All that was found, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skills {
    pub skills: Vec<Skill>,
    /// What was found and cannot be used, one sentence each.
    pub notes: Vec<String>,
}

/// The name that the specification gives.
pub const FILE: &str = "SKILL.md";

/// A longer file is no instruction.
const MAX_FILE_BYTES: u64 = 256 << 10;

impl Skills {
    /// Those of the project around `workspace`, trusted or not, and of the user. Bounded: at most 2,000 folders each.
    pub fn find(workspace: Option<&Path>, home: Option<&Path>) -> Skills {
        discovery::find(workspace, home)
    }

    pub fn get(&self, name: &str) -> Option<&Skill> {
        self.skills.iter().find(|skill| skill.name == name)
    }

    /// Without those of the project.
    pub fn of_user(mut self) -> Skills {
        self.skills.retain(|skill| skill.origin == Origin::User);
        self
    }
}

impl Skill {
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The instructions, without the frontmatter. `Err` is a sentence for the user.
    pub fn body(&self) -> Result<String, String> {
        let text = read(&self.file())?;
        let body = Frontmatter::of(&text).body;
        Ok(text[body].trim().to_string())
    }
}

/// `Err` is a sentence for the user.
fn read(file: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", file.display());
    let n_bytes = std::fs::metadata(file).map_err(failed)?.len();
    if n_bytes > MAX_FILE_BYTES {
        return Err(format!("{} is larger than {} kB", file.display(), MAX_FILE_BYTES >> 10));
    }
    std::fs::read_to_string(file).map_err(failed)
}
