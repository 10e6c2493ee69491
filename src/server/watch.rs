//! Watches the workspace's folders, for clients that do not do it for us.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use ignore::WalkBuilder;
use notify::event::{CreateKind, Event, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Each watched folder costs the system a watch; beyond this many, changes are seen at a restart.
const MAX_FOLDERS: usize = 8192;

/// How often the thread looks whether it is still wanted.
const INTERVAL: Duration = Duration::from_secs(1);

/// Watches until it is dropped.
pub struct FileWatch {
    _wanted: Arc<()>,
}

impl FileWatch {
    /// Returns at once; a large tree takes a while to be watched. `on_change` is called on the watching thread.
    pub fn start(folders: Vec<PathBuf>, on_change: impl Fn(Vec<PathBuf>) + Send + 'static) -> FileWatch {
        let wanted = Arc::new(());
        let still_wanted = Arc::downgrade(&wanted);
        let watch = move || {
            if let Err(error) = watch(&folders, &still_wanted, &on_change) {
                tracing::warn!("files are not watched: {error}; the index is renewed when the server restarts");
            }
        };
        let _ = std::thread::Builder::new().name("watch".to_string()).spawn(watch);
        FileWatch { _wanted: wanted }
    }
}

fn watch(folders: &[PathBuf], wanted: &Weak<()>, on_change: &dyn Fn(Vec<PathBuf>)) -> notify::Result<()> {
    let (send, events) = channel();
    let mut watcher = notify::recommended_watcher(send)?;
    let mut n_watched = 0;
    for folder in folders {
        add_tree(&mut watcher, folder, &mut n_watched)?;
    }
    while wanted.strong_count() > 0 {
        match events.recv_timeout(INTERVAL) {
            Ok(Ok(Event { kind: EventKind::Access(_), .. })) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Ok(event)) => {
                if let EventKind::Create(CreateKind::Folder) = event.kind {
                    for path in &event.paths {
                        add_tree(&mut watcher, path, &mut n_watched)?;
                    }
                }
                on_change(event.paths);
            }
            Ok(Err(error)) => tracing::debug!("watching files: {error}"),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// Watches a folder and the folders in it, one by one: to watch a tree as a whole would include build outputs and
/// packages, whose thousands of folders the ignore files name.
fn add_tree(watcher: &mut RecommendedWatcher, folder: &Path, n_watched: &mut usize) -> notify::Result<()> {
    let walk = WalkBuilder::new(folder).require_git(false).add_custom_ignore_filename(".foretypeignore").build();
    for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_dir())) {
        if *n_watched >= MAX_FOLDERS {
            return Err(notify::Error::generic("the workspace has more than 8192 folders"));
        }
        match watcher.watch(entry.path(), RecursiveMode::NonRecursive) {
            Ok(()) => *n_watched += 1,
            // It was deleted meanwhile.
            Err(notify::Error { kind: notify::ErrorKind::PathNotFound, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
