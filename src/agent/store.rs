//! Hand-offs on the disk: a folder each, so that all windows and the command line see the same, and nothing is lost when
//! a server dies.
//!
//! `handoff.json` is replaced whole. Whoever runs the agent holds a lock on `lock` for as long; others ask for something
//! by a file in `inbox`, which the owner looks into. A hand-off that says that it runs while nobody holds its lock is of
//! a server that has ended: see [`Store::recover`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use etcetera::BaseStrategy;

use super::worktree::Snapshot;
use super::{HandOff, State, Trouble, process, unix_ms};

/// The environment variable that names another folder; empty, nothing can be handed over.
pub const FOLDER_VARIABLE: &str = "FORETYPE_AGENTS";

#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// Held by who runs the agent.
pub struct Lock(#[expect(dead_code, reason = "held")] File);

/// What another process wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Cancel,
    Permit { question: u64, is_allowed: bool },
    Hide(bool),
}

const FILE: &str = "handoff.json";
const LOCK: &str = "lock";
const INBOX: &str = "inbox";

impl Store {
    /// Of the user's; absent without a home, or when it is switched off.
    pub fn usual_folder() -> Option<PathBuf> {
        match std::env::var_os(FOLDER_VARIABLE) {
            Some(path) => (!path.is_empty()).then(|| PathBuf::from(path)),
            None => {
                let folders = etcetera::choose_base_strategy().ok()?;
                let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
                Some(folder.join("foretype").join("agents"))
            }
        }
    }

    pub fn at(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// Of one hand-off.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    pub fn log(&self, id: &str) -> PathBuf {
        super::journal::path(&self.folder(id))
    }

    /// Makes a folder under a new name, and locks it.
    pub fn create(&self, agent: &str) -> Result<(String, Lock)> {
        let failed = || format!("hand-offs cannot be kept in {}; make that folder writable", self.folder.display());
        make_private(&self.folder).with_context(failed)?;
        let agent: String = agent.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        loop {
            let id = format!("{}-{}", agent.to_ascii_lowercase(), &random()?[..6]);
            match fs::create_dir(self.folder(&id)) {
                Ok(()) => {
                    fs::create_dir(self.folder(&id).join(INBOX)).with_context(failed)?;
                    let lock = self.lock(&id).with_context(failed)?;
                    return Ok((id, lock.ok_or_else(|| anyhow!("another server has taken `{}`", agent))?));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(failed),
            }
        }
    }

    /// `None` while another holds it.
    pub fn lock(&self, id: &str) -> io::Result<Option<Lock>> {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(self.folder(id).join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whole or not at all.
    pub fn write(&self, hand_off: &HandOff) -> Result<()> {
        let folder = self.folder(&hand_off.id);
        let failed = || format!("{} cannot be written", folder.join(FILE).display());
        let mut file = tempfile::NamedTempFile::new_in(&folder).with_context(failed)?;
        file.write_all(serde_json::to_string_pretty(hand_off)?.as_bytes()).with_context(failed)?;
        file.persist(folder.join(FILE)).with_context(failed)?;
        Ok(())
    }

    pub fn read(&self, id: &str) -> Result<HandOff> {
        // A name of another folder must not be read.
        if id.is_empty() || id.contains(['/', '\\', '.']) {
            bail!("`{id}` is no hand-off; `foretype agent list` shows them");
        }
        let path = self.folder(id).join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("there is no hand-off `{id}`; `foretype agent list` shows them")
            }
            text => text.with_context(|| path.display().to_string())?,
        };
        let unreadable = || format!("{} is of another version, or broken; delete its folder", path.display());
        serde_json::from_str(&text).with_context(unreadable)
    }

    /// By what the user typed: an id, or the beginning of one.
    pub fn find(&self, id: &str) -> Result<HandOff> {
        if let Ok(found) = self.read(id) {
            return Ok(found);
        }
        let mut found: Vec<HandOff> = self.list().into_iter().filter(|known| known.id.starts_with(id)).collect();
        match (found.pop(), found.len()) {
            (Some(one), 0) => Ok(one),
            (Some(_), _) => bail!("`{id}` is the beginning of several hand-offs; give more of it"),
            (None, _) => self.read(id),
        }
    }

    /// All that can be read, newest first.
    pub fn list(&self) -> Vec<HandOff> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut all: Vec<HandOff> = names.filter_map(|id| self.read(&id).ok()).collect();
        all.sort_by(|a, b| b.started.cmp(&a.started).then(a.id.cmp(&b.id)));
        all
    }

    /// As [`Store::list`]; those whose server has ended while they ran are ended, and what they made can be reviewed.
    pub fn recover(&self) -> Vec<HandOff> {
        let mut all = self.list();
        for hand_off in all.iter_mut().filter(|hand_off| hand_off.state.is_running()) {
            let Ok(Some(_lock)) = self.lock(&hand_off.id) else { continue };
            let Ok(now) = self.read(&hand_off.id) else { continue };
            *hand_off = now;
            // It may have ended by itself between the two looks.
            if hand_off.state.is_running() {
                self.end_orphan(hand_off);
            }
        }
        all
    }

    /// What its server would have done at its end.
    fn end_orphan(&self, hand_off: &mut HandOff) {
        process::end_marked(&hand_off.mark);
        hand_off.question = None;
        hand_off.tool = String::new();
        hand_off.ended = Some(unix_ms());
        hand_off.trouble = Some(Trouble::Orphaned);
        let (state, what) = match hand_off.snapshot.as_ref().map(Snapshot::capture) {
            None => {
                // Half of one, perhaps.
                let _ = fs::remove_dir_all(snapshot(&self.folder(&hand_off.id)));
                (State::Failed, "before the agent was started".to_string())
            }
            Some(Ok(capture)) => {
                hand_off.made = Some(capture.tree);
                hand_off.files = capture.changes.into_iter().map(|change| change.path).collect();
                match hand_off.files.is_empty() {
                    true => (State::Failed, "while it worked; it had changed nothing by then".to_string()),
                    false => (State::Review, "while it worked; what it had made by then is here".to_string()),
                }
            }
            Some(Err(error)) => (State::Review, format!("while it worked ({error:#})")),
        };
        (hand_off.state, hand_off.reason) = (state, format!("the server ended {what}"));
        let _ = self.write(hand_off);
    }

    /// Asks the owner, whoever that is.
    pub fn ask(&self, id: &str, wish: &Wish) -> Result<()> {
        let path = self.folder(id).join(INBOX).join(wish.name());
        fs::write(&path, "").with_context(|| format!("{} cannot be written", path.display()))
    }

    /// What others want, once.
    pub fn wishes(&self, id: &str) -> Vec<Wish> {
        let Ok(entries) = fs::read_dir(self.folder(id).join(INBOX)) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| {
            let _ = fs::remove_file(entry.path());
            entry.file_name().into_string().ok()
        });
        names.filter_map(|name| Wish::read(&name)).collect()
    }

    /// Forgets it, with all that it made.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        fs::remove_dir_all(self.folder(id))
    }
}

impl Wish {
    fn name(&self) -> String {
        match self {
            Wish::Cancel => "cancel".to_string(),
            Wish::Permit { question, is_allowed: true } => format!("allow-{question}"),
            Wish::Permit { question, is_allowed: false } => format!("deny-{question}"),
            Wish::Hide(true) => "hide".to_string(),
            Wish::Hide(false) => "unhide".to_string(),
        }
    }

    fn read(name: &str) -> Option<Wish> {
        match name.split_once('-') {
            None if name == "cancel" => Some(Wish::Cancel),
            None if name == "hide" => Some(Wish::Hide(true)),
            None if name == "unhide" => Some(Wish::Hide(false)),
            Some(("allow", n)) => Some(Wish::Permit { question: n.parse().ok()?, is_allowed: true }),
            Some(("deny", n)) => Some(Wish::Permit { question: n.parse().ok()?, is_allowed: false }),
            _ => None,
        }
    }
}

/// Where the copy of the project is, within a hand-off's folder.
pub fn snapshot(folder: &Path) -> PathBuf {
    folder.join("snapshot")
}

/// 32 hexadecimal digits.
pub fn random() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random numbers for the name of a hand-off: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What was handed over is nobody else's business.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}
