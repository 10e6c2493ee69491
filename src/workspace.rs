//! The project's admitted files and their n-gram index, built and kept fresh on a thread of its own.
//!
//! Reads only what the ignore files and [`privacy`](crate::privacy) admit, at most [`Options::max_bytes`] of it.
//! Hands out an immutable [`Index`] behind an `Arc`; a change of files makes a new one. Which file is admitted is
//! decided in `workspace/admission.rs`. Must not know engines.

mod admission;
pub mod index;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use crate::privacy::Privacy;
use crate::syntax::Language;
use admission::{Admission, LeftOut};

pub use index::{Builder, Changed, Index};

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Nothing is read when false.
    pub enabled: bool,
    /// Most text to index, in bytes; code first, then what was written last.
    pub max_bytes: usize,
    /// Larger files are left out.
    pub max_file_bytes: usize,
}

/// What the background thread tells.
#[derive(Clone, Debug)]
pub enum Event {
    Started,
    Progress { n_files: usize, n_bytes: usize },
    Ready(Summary),
}

/// What an index holds, and what was left out.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub n_files: usize,
    pub n_bytes: usize,
    /// Files not read, by reason. What an ignore file names is not counted: its folders are not even entered.
    pub left_out: Vec<(&'static str, usize)>,
    pub took: Duration,
}

/// A handle to the background thread; dropping it ends the thread.
pub struct Workspace {
    messages: Sender<Message>,
    index: Arc<RwLock<Arc<Index>>>,
    /// Raised by everything that makes a build in progress useless.
    generation: Arc<AtomicU64>,
}

enum Message {
    Folders(Vec<PathBuf>),
    Changed(Vec<PathBuf>),
}

/// Changes are taken together until none has come for this long: a checkout touches hundreds of files.
const QUIET: Duration = Duration::from_millis(100);

/// More changed files than this are a new state of the project: it is read anew, by the rules of a first build.
const MAX_CHANGED_FILES: usize = 200;

/// How many files pass between two progress events.
const PROGRESS_FILES: usize = 256;

/// Files read ahead of the tokeniser.
const READ_AHEAD: usize = 64;

impl Workspace {
    /// Starts the thread. `on_event` is called on it.
    pub fn start(options: Options, privacy: Arc<Privacy>, on_event: Box<dyn Fn(Event) + Send>) -> Workspace {
        let (messages, inbox) = channel();
        let index = Arc::<RwLock<Arc<Index>>>::default();
        let generation = Arc::<AtomicU64>::default();
        let mut keeper = Keeper {
            options,
            privacy,
            on_event,
            folders: Vec::new(),
            n_bytes: BTreeMap::new(),
            index: index.clone(),
            generation: generation.clone(),
        };
        // Without a thread there is no index, and the engine works from the open documents alone.
        let _ = std::thread::Builder::new().name("workspace".to_string()).spawn(move || keeper.run(&inbox));
        Workspace { messages, index, generation }
    }

    /// Sets the folders; starts a rebuild. Returns at once.
    pub fn set_folders(&self, folders: Vec<PathBuf>) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        let _ = self.messages.send(Message::Folders(folders));
    }

    /// Says that these files were created, changed or deleted. Returns at once; bursts are taken together.
    pub fn files_changed(&self, paths: Vec<PathBuf>) {
        let _ = self.messages.send(Message::Changed(paths));
    }

    /// The newest index; empty before the first is built.
    pub fn index(&self) -> Arc<Index> {
        self.index.read().clone()
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// Builds an index on the calling thread, for the command line and the benches.
pub fn build(options: &Options, privacy: &Privacy, folders: &[PathBuf]) -> (Index, Summary) {
    let built = Build { options, privacy, folders, on_progress: &|_, _| {}, stopped: &|| false }.run();
    built.map(|built| (built.index, built.summary)).unwrap_or_default()
}

/// The state of the background thread.
struct Keeper {
    options: Options,
    privacy: Arc<Privacy>,
    on_event: Box<dyn Fn(Event) + Send>,
    folders: Vec<PathBuf>,
    /// Size of each indexed file, in bytes.
    n_bytes: BTreeMap<PathBuf, usize>,
    index: Arc<RwLock<Arc<Index>>>,
    generation: Arc<AtomicU64>,
}

impl Keeper {
    fn run(&mut self, inbox: &Receiver<Message>) {
        while let Ok(message) = inbox.recv() {
            let changed = match message {
                Message::Folders(folders) => {
                    self.folders = folders;
                    self.rebuild();
                    continue;
                }
                Message::Changed(paths) => self.gather(paths, inbox),
            };
            match changed {
                Some(paths) if self.options.enabled => self.refresh(paths),
                Some(_) => {}
                None => self.rebuild(),
            }
        }
    }

    /// Takes a burst of changes together. `None` when the folders changed meanwhile.
    fn gather(&mut self, paths: Vec<PathBuf>, inbox: &Receiver<Message>) -> Option<BTreeSet<PathBuf>> {
        let mut changed = BTreeSet::from_iter(paths);
        loop {
            match inbox.recv_timeout(QUIET) {
                Ok(Message::Changed(paths)) => changed.extend(paths),
                Ok(Message::Folders(folders)) => {
                    self.folders = folders;
                    return None;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Some(changed),
            }
        }
    }

    fn rebuild(&mut self) {
        (self.on_event)(Event::Started);
        let generation = self.generation.load(Ordering::Relaxed);
        let built = Build {
            options: &self.options,
            privacy: &self.privacy,
            folders: &self.folders,
            on_progress: &|n_files, n_bytes| (self.on_event)(Event::Progress { n_files, n_bytes }),
            stopped: &|| self.generation.load(Ordering::Relaxed) != generation,
        }
        .run();
        // A build that was stopped is followed by the next one, which says when it is ready.
        if let Some(built) = built {
            self.n_bytes = built.n_bytes;
            *self.index.write() = Arc::new(built.index);
            (self.on_event)(Event::Ready(built.summary));
        }
    }

    fn refresh(&mut self, changed: BTreeSet<PathBuf>) {
        let admission = Admission { options: &self.options, privacy: &self.privacy };
        let mut files = BTreeSet::new();
        for path in changed {
            let Some(folder) = self.folders.iter().find(|folder| path.starts_with(folder)) else { continue };
            if admission::is_ignore_file(&path) {
                return self.rebuild();
            }
            // A folder that came brings its files; one that went takes them along.
            files.extend(admission.walk(&path, folder).0.into_iter().map(|file| file.path));
            files.extend(self.n_bytes.keys().filter(|file| file.starts_with(&path)).cloned());
        }
        if files.len() > MAX_CHANGED_FILES {
            return self.rebuild();
        }

        let texts: Vec<(PathBuf, Option<String>)> = files
            .into_iter()
            .map(|path| {
                let text = admission.read(&path).ok().filter(|text| self.has_room(&path, text.len()));
                (path, text)
            })
            .collect();
        if texts.is_empty() {
            return;
        }
        let started = Instant::now();
        let changes: Vec<Changed> = texts.iter().map(change).collect();
        let index = Arc::new(self.index.read().with(&changes));
        for (path, text) in &texts {
            match text {
                Some(text) => self.n_bytes.insert(path.clone(), text.len()),
                None => self.n_bytes.remove(path),
            };
        }
        let (n_files, n_bytes) = (index.n_files(), index.n_bytes());
        *self.index.write() = index;
        (self.on_event)(Event::Ready(Summary { n_files, n_bytes, left_out: Vec::new(), took: started.elapsed() }));
    }

    fn has_room(&self, path: &Path, n_bytes: usize) -> bool {
        let others: usize = self.n_bytes.iter().filter(|(other, _)| *other != path).map(|(_, n_bytes)| n_bytes).sum();
        others + n_bytes <= self.options.max_bytes
    }
}

fn change((path, text): &(PathBuf, Option<String>)) -> Changed<'_> {
    Changed { path: path.as_path().into(), language: Language::from_path(path), text: text.as_deref() }
}

/// One build from scratch.
struct Build<'a> {
    options: &'a Options,
    privacy: &'a Privacy,
    folders: &'a [PathBuf],
    on_progress: &'a dyn Fn(usize, usize),
    stopped: &'a dyn Fn() -> bool,
}

struct Built {
    index: Index,
    n_bytes: BTreeMap<PathBuf, usize>,
    summary: Summary,
}

impl Build<'_> {
    /// `None` when it was stopped.
    fn run(&self) -> Option<Built> {
        let started = Instant::now();
        let mut summary = Summary::default();
        let mut builder = Builder::default();
        let mut n_bytes = BTreeMap::new();
        if self.options.enabled {
            self.read_into(&mut builder, &mut n_bytes, &mut summary)?;
        }
        let index = builder.finish();
        summary.took = started.elapsed();
        Some(Built { index, n_bytes, summary })
    }

    /// One thread reads and judges the files, this one tokenises them.
    fn read_into(
        &self,
        builder: &mut Builder,
        n_bytes: &mut BTreeMap<PathBuf, usize>,
        summary: &mut Summary,
    ) -> Option<()> {
        let admission = Admission { options: self.options, privacy: self.privacy };
        let mut files = Vec::new();
        let mut left_out = LeftOut::default();
        for folder in self.folders {
            let (found, not_found) = admission.walk(folder, folder);
            files.extend(found);
            left_out.extend(not_found);
        }
        admission::rank(&mut files);

        let (send, texts) = sync_channel(READ_AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for file in files {
                    let text = admission.read(&file.path);
                    if send.send((file, text)).is_err() {
                        return;
                    }
                }
            });
            for (file, text) in texts {
                if (self.stopped)() {
                    return None;
                }
                match text {
                    Err(reason) => left_out.add(reason),
                    Ok(text) if summary.n_bytes + text.len() > self.options.max_bytes => {
                        left_out.add("over the index's limit of bytes");
                    }
                    Ok(text) if n_bytes.contains_key(&file.path) || text.is_empty() => {}
                    Ok(text) => {
                        summary.n_files += 1;
                        summary.n_bytes += text.len();
                        builder.add(file.path.as_path().into(), file.language, &text);
                        n_bytes.insert(file.path, text.len());
                        if summary.n_files.is_multiple_of(PROGRESS_FILES) {
                            (self.on_progress)(summary.n_files, summary.n_bytes);
                        }
                    }
                }
            }
            Some(())
        })?;
        summary.left_out = left_out.into_counts();
        Some(())
    }
}
