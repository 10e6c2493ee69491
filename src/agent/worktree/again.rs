//! A second copy from the same snapshot, for another agent.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;

use super::import::BASE;
use super::{Repository, Snapshot};

impl Snapshot {
    /// As it was taken, whatever the user and the first agent have done since.
    pub fn again(&self, into: &Path) -> anyhow::Result<Snapshot> {
        fs::create_dir_all(into)?;
        let into = into.canonicalize()?;
        let name = self.folder.file_name().context("the snapshot has no folder")?;
        let (folder, store) = (into.join("tree").join(name), into.join("store"));
        fs::create_dir_all(&folder)?;
        copy(&self.store, &store).context("the first snapshot cannot be copied")?;
        // It tells how the first one's files were.
        let _ = fs::remove_file(store.join("index"));
        let snapshot = Snapshot { store, folder, ..self.clone() };
        snapshot.git().run(["read-tree", "--reset", "-u", BASE])?;
        let repository = Repository::around(&self.root)?;
        let format = repository.as_ref().map_or("sha1", |repository| &repository.object_format).to_string();
        snapshot.set_up_agents_repository(repository.as_ref(), &format)?;
        Ok(snapshot)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
