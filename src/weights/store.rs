//! The folder of model files: what is in it, under which names, and how it gets out again.
//!
//! Of a model `x` there may be `x.gguf` (verified), `x.json` (what the hub said of a file that the table does not
//! know), and, while it is not complete, `x.gguf.part` (its first bytes) and `x.parts/` (wheels). `.x.lock` stays: a
//! lock file that is deleted can be held twice. `.declined` says that the user wants no model.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use etcetera::BaseStrategy;

use super::{MAGIC, Model, Reference, Source, table};

/// The environment variable that names another folder.
pub const FOLDER_VARIABLE: &str = "FORETYPE_MODELS";

/// The file's being there is what counts.
const DECLINED: &str = ".declined";
const DECLINED_TEXT: &str = "No model was wanted here, so none is offered. Delete this file to be asked again.\n";

/// For so long a lock is asked for.
const LOCK_WITHIN: Duration = Duration::from_millis(400);

/// A folder of model files. Making one touches no disk.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What `x.json` holds.
#[derive(serde::Serialize, serde::Deserialize)]
struct Record {
    /// As [`Reference`] reads it.
    source: String,
    sha256: String,
    n_bytes: u64,
}

impl Store {
    /// The user's: `$FORETYPE_MODELS`, or `foretype/models` in the folder for data.
    pub fn open() -> Result<Store> {
        if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
            return Ok(Store::at(PathBuf::from(folder)));
        }
        let folders = etcetera::choose_base_strategy().map_err(|error| {
            anyhow!("there is no place for models: {error}. Set HOME, or {FOLDER_VARIABLE} to a folder")
        })?;
        Ok(Store::at(folders.data_dir().join("foretype").join("models")))
    }

    pub fn at(folder: PathBuf) -> Store {
        Store { folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The table's models, then those that were pulled by reference, by name.
    pub fn models(&self) -> Vec<Model> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_string()));
        let mut recorded: Vec<Model> = names.filter_map(|name| self.recorded(&name)).collect();
        recorded.sort_by(|a, b| a.name.cmp(&b.name));
        table().iter().cloned().chain(recorded).collect()
    }

    /// The model of that name: the table's, or one that was pulled by reference.
    pub fn model(&self, name: &str) -> Option<Model> {
        table().iter().find(|model| model.name == name).cloned().or_else(|| self.recorded(name))
    }

    /// The verified file of that model, at the cost of looking at one file's size.
    pub fn present(&self, name: &str) -> Option<PathBuf> {
        self.holds(&self.model(name)?)
    }

    /// As [`Store::present`], of any model.
    pub fn holds(&self, model: &Model) -> Option<PathBuf> {
        let path = self.file(&model.name);
        // A file of another size was not put there by a pull, or was written to since.
        std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == model.n_bytes).then_some(path)
    }

    /// The file to load: of a model by name, or any GGUF file of the user's own by path.
    pub fn find(&self, name_or_path: &str) -> Result<PathBuf> {
        if let Some(model) = self.model(name_or_path) {
            let absent =
                || anyhow!("the model `{name_or_path}` is not here; `foretype model pull {name_or_path}` gets it");
            return self.holds(&model).ok_or_else(absent);
        }
        let path = Path::new(name_or_path);
        if !path.is_file() {
            bail!("`{name_or_path}` is neither a model nor a file. {}", self.names());
        }
        check_magic(path)?;
        Ok(path.to_path_buf())
    }

    /// Deletes all there is of that model. Returns the bytes that this freed; `None` if there was nothing.
    pub fn remove(&self, name: &str) -> Result<Option<u64>> {
        let paths = [self.file(name), self.part(name), self.parts(name), self.record(name)];
        if !is_name(name) || !paths.iter().any(|path| path.exists()) {
            let unknown = || anyhow!("there is no model `{name}`. {}", self.names());
            return self.model(name).map(|_| None).ok_or_else(unknown);
        }
        let _lock = self.lock(name)?;
        let mut n_freed = 0;
        for path in paths.iter().filter(|path| path.exists()) {
            n_freed += bytes_in(path);
            delete(path).with_context(|| format!("{} cannot be removed; see who holds it", path.display()))?;
        }
        Ok(Some(n_freed))
    }

    /// Whether the user never wants to be asked again whether to pull a model.
    pub fn is_declined(&self) -> bool {
        self.folder.join(DECLINED).exists()
    }

    /// Keeps that.
    pub fn decline(&self) -> Result<()> {
        let path = self.folder.join(DECLINED);
        let written = std::fs::create_dir_all(&self.folder).and_then(|()| std::fs::write(&path, DECLINED_TEXT));
        let next = || format!("{} cannot be written; check the permissions of its folder", path.display());
        written.with_context(next)
    }

    /// Where the model's file lies, or would.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.gguf"))
    }

    pub(super) fn part(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.gguf.part"))
    }

    pub(super) fn parts(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.parts"))
    }

    /// Whoever writes or deletes holds this. It ends when dropped, or with the process in whatever way that ends.
    pub(super) fn lock(&self, name: &str) -> Result<File> {
        let path = self.lock_file(name);
        let opened = File::options().create(true).truncate(false).write(true).open(&path);
        let file = opened.with_context(|| format!("{} cannot be made; check the permissions", path.display()))?;
        let asked = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                // A program that is being started holds what its parent holds, until it runs.
                Err(TryLockError::WouldBlock) if asked.elapsed() < LOCK_WITHIN => thread::sleep(LOCK_WITHIN / 20),
                Err(TryLockError::WouldBlock) => {
                    bail!("`{name}` is being pulled by another process; wait for that one")
                }
                Err(TryLockError::Error(error)) => {
                    bail!("{} cannot be locked: {error}; name another folder in {FOLDER_VARIABLE}", path.display())
                }
            }
        }
    }

    /// Whether somebody holds the lock at this moment.
    pub fn is_locked(&self, name: &str) -> bool {
        // Shared: two who look at the same time do not take each other for a pull.
        File::open(self.lock_file(name))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        self.folder.join(format!(".{name}.lock"))
    }

    fn record(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn recorded(&self, name: &str) -> Option<Model> {
        if !is_name(name) {
            return None;
        }
        let text = std::fs::read(self.record(name)).ok()?;
        let Record { source, sha256, n_bytes } = serde_json::from_slice(&text).ok()?;
        let source = Source::Hub(Reference::read(&source).ok()?);
        Some(Model { name: name.to_string(), n_bytes, sha256, sources: vec![source], card: None })
    }

    /// Keeps what the table does not know, so that the file is found by its name later.
    pub(super) fn write_record(&self, model: &Model) -> io::Result<()> {
        let [Source::Hub(reference)] = model.sources.as_slice() else { return Ok(()) };
        let record = Record { source: reference.to_string(), sha256: model.sha256.clone(), n_bytes: model.n_bytes };
        let mut file = File::create(self.record(&model.name))?;
        file.write_all(&serde_json::to_vec_pretty(&record)?)?;
        file.sync_all()
    }

    /// The next step for whoever gave a wrong name.
    fn names(&self) -> String {
        let names: Vec<String> = self.models().into_iter().map(|model| model.name).collect();
        format!("The models are {}; a path to a GGUF file works too", names.join(", "))
    }
}

/// Whether a file may be called that: it comes from command lines and from other people's repositories.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.chars().all(plain)
}

pub(super) fn check_magic(path: &Path) -> Result<()> {
    let mut start = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    match read {
        Ok(()) if start == MAGIC => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            bail!("{}: cannot be read ({error}); check its permissions", path.display())
        }
        _ => bail!("{} is no GGUF file; give one that ends in .gguf, or a model's name", path.display()),
    }
}

/// A file, or a folder with all that is in it; nothing there is fine.
pub(super) fn delete(path: &Path) -> io::Result<()> {
    let deleted = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    deleted.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn bytes_in(path: &Path) -> u64 {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| length(&entry.path())).sum(),
        Err(_) => length(path),
    }
}
