//! The project's admitted files, their n-gram index and their symbols, built and kept fresh on a thread of its own.
//!
//! Reads only what the ignore files and [`privacy`](crate::privacy) admit. Hands out an immutable [`Index`] and
//! immutable [`Symbols`], each behind an `Arc`; a change of files makes new ones. Which file is admitted is decided in
//! `workspace/admission.rs`, how all of them are read in `workspace/build.rs`. Must not know engines.

mod admission;
mod build;
pub mod index;
mod open;
pub mod symbols;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use crate::document::Snapshot;
use crate::privacy::Privacy;
use crate::syntax::Language;
use admission::Admission;
use build::{Build, Indexed};
use open::Open;
use symbols::{Admitted, Outliner};

pub use admission::is_ignore_file;
pub use index::{Builder, Changed, Index};
pub use open::Unsaved;
pub use symbols::Symbols;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Nothing is read when false.
    pub enabled: bool,
    /// Most text to index, in bytes; code first, then what was written last.
    pub max_bytes: usize,
    /// Larger files are left out.
    pub max_file_bytes: usize,
    pub symbols: symbols::Options,
}

/// What the background thread tells.
#[derive(Clone, Debug)]
pub enum Event {
    Started,
    Progress {
        n_files: usize,
        n_bytes: usize,
    },
    /// The index is new; after a change of files the symbols are, too.
    Ready(Summary),
    /// A build is through: the symbols are new, too, and kept for the next start.
    Outlined(symbols::Summary),
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

/// All that is known of the workspace at one moment. Clones share it.
#[derive(Clone, Default)]
pub struct Project {
    pub folders: Arc<[PathBuf]>,
    pub index: Arc<Index>,
    pub symbols: Arc<Symbols>,
}

/// Where the newest [`Project`] is found.
pub type ProjectSource = Arc<dyn Fn() -> Project + Send + Sync>;

/// A handle to the background thread; dropping it ends the thread.
pub struct Workspace {
    messages: Sender<Message>,
    folders: RwLock<Arc<[PathBuf]>>,
    index: Arc<RwLock<Arc<Index>>>,
    symbols: Arc<RwLock<Arc<Symbols>>>,
    /// Raised by everything that makes a build in progress useless.
    generation: Arc<AtomicU64>,
}

enum Message {
    Folders(Vec<PathBuf>),
    Changed(Vec<PathBuf>),
    Open(Vec<Snapshot>, Unsaved),
}

/// Changes are taken together until none has come for this long: a checkout touches hundreds of files.
const QUIET: Duration = Duration::from_millis(100);

/// More changed files than this are a new state of the project: it is read anew, by the rules of a first build.
const MAX_CHANGED_FILES: usize = 200;

impl Workspace {
    /// Starts the thread. `on_event` is called on it.
    pub fn start(options: Options, privacy: Arc<Privacy>, on_event: Box<dyn Fn(Event) + Send>) -> Workspace {
        let (messages, inbox) = channel();
        let index = Arc::<RwLock<Arc<Index>>>::default();
        let symbols = Arc::<RwLock<Arc<Symbols>>>::default();
        let generation = Arc::<AtomicU64>::default();
        let mut keeper = Keeper {
            options,
            privacy,
            on_event,
            folders: Vec::new(),
            open: Open::default(),
            n_bytes: BTreeMap::new(),
            is_cut: false,
            index: index.clone(),
            symbols: symbols.clone(),
            generation: generation.clone(),
        };
        // Without a thread there is no index, and the engine works from the open documents alone.
        let _ = std::thread::Builder::new().name("workspace".to_string()).spawn(move || keeper.run(&inbox));
        Workspace { messages, folders: RwLock::default(), index, symbols, generation }
    }

    /// Sets the folders; starts a rebuild. Returns at once.
    pub fn set_folders(&self, folders: Vec<PathBuf>) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        *self.folders.write() = folders.as_slice().into();
        let _ = self.messages.send(Message::Folders(folders));
    }

    /// Says that these files were created, changed or deleted. Returns at once; bursts are taken together.
    pub fn files_changed(&self, paths: Vec<PathBuf>) {
        let _ = self.messages.send(Message::Changed(paths));
    }

    /// Says which documents are open. Their packages come first where not all has room. Returns at once.
    pub fn set_open(&self, documents: Vec<Snapshot>, unsaved: Unsaved) {
        let _ = self.messages.send(Message::Open(documents, unsaved));
    }

    /// The newest index and symbols, each empty before the first is built.
    pub fn project(&self) -> Project {
        Project {
            folders: self.folders.read().clone(),
            index: self.index.read().clone(),
            symbols: self.symbols.read().clone(),
        }
    }
}

impl Project {
    /// Of its first folder.
    pub fn name(&self) -> String {
        let name = self.folders.first().and_then(|folder| folder.file_name());
        name.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// A file's path from the folder that holds it, with `/`; of a file outside, its name.
    pub fn path_within(&self, path: &Path) -> String {
        let within = self.folders.iter().find_map(|folder| path.strip_prefix(folder).ok());
        // A path without a folder is from the project's already.
        let within = within.or_else(|| path.is_relative().then_some(path));
        let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        within.map_or_else(name, |within| within.to_string_lossy().replace('\\', "/"))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether the project at `folder` is learned from this file, or why not. What there is room for is not considered.
pub fn admits(options: &Options, privacy: &Privacy, folder: &Path, path: &Path) -> Result<(), &'static str> {
    Admission { options, privacy }.admits(path, folder)
}

/// What one reading of the folders gives.
#[derive(Clone, Default)]
pub struct Built {
    pub index: Index,
    pub summary: Summary,
    pub symbols: Symbols,
    pub outlined: symbols::Summary,
}

/// Reads the folders on the calling thread, for the command line and the benches.
pub fn build(options: &Options, privacy: &Privacy, folders: &[PathBuf]) -> Built {
    let mut built = Built::default();
    let build = Build {
        options,
        privacy,
        folders,
        first: &[],
        known: Symbols::default(),
        on_progress: &|_, _| {},
        on_outlined: &|_| {},
        stopped: &|| false,
    };
    let outlined = build.run(|indexed| (built.index, built.summary) = (indexed.index, indexed.summary));
    if let Some(outlined) = outlined {
        (built.symbols, built.outlined) = (outlined.symbols, outlined.summary);
    }
    built
}

/// Files with what counts as their text, or nothing.
type Texts = Vec<(Arc<Path>, Option<String>)>;

/// The state of the background thread.
struct Keeper {
    options: Options,
    privacy: Arc<Privacy>,
    on_event: Box<dyn Fn(Event) + Send>,
    folders: Vec<PathBuf>,
    open: Open,
    /// Size of each indexed file, in bytes.
    n_bytes: BTreeMap<PathBuf, usize>,
    /// Whether the last build had no room for all.
    is_cut: bool,
    index: Arc<RwLock<Arc<Index>>>,
    symbols: Arc<RwLock<Arc<Symbols>>>,
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
                Message::Open(documents, unsaved) => {
                    self.set_open(documents, unsaved);
                    continue;
                }
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
                Ok(Message::Open(documents, unsaved)) => self.set_open(documents, unsaved),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Some(changed),
            }
        }
    }

    fn rebuild(&mut self) {
        (self.on_event)(Event::Started);
        let generation = self.generation.load(Ordering::Relaxed);
        let known = Symbols::clone(&self.symbols.read());
        let build = Build {
            options: &self.options,
            privacy: &self.privacy,
            folders: &self.folders,
            first: self.open.packages(),
            known,
            on_progress: &|n_files, n_bytes| (self.on_event)(Event::Progress { n_files, n_bytes }),
            on_outlined: &|symbols| *self.symbols.write() = Arc::new(symbols.clone()),
            stopped: &|| self.generation.load(Ordering::Relaxed) != generation,
        };
        let outlined = build.run(|Indexed { index, n_bytes, summary }| {
            self.n_bytes = n_bytes;
            self.is_cut = summary.left_out.iter().any(|(reason, _)| *reason == build::NO_ROOM);
            *self.index.write() = Arc::new(index);
            (self.on_event)(Event::Ready(summary));
        });
        // A build that was stopped is followed by the next one, which says when it is ready.
        if let Some(outlined) = outlined {
            (self.on_event)(Event::Outlined(outlined.summary));
        }
        let open = self.open.paths().map(Path::to_path_buf).collect();
        self.update_open(open);
    }

    fn set_open(&mut self, documents: Vec<Snapshot>, unsaved: Unsaved) {
        let is_new = self.open.focus(&documents, &self.index.read());
        let changed = self.open.set(documents, unsaved);
        match self.options.enabled {
            true if is_new && self.is_cut => self.rebuild(),
            true => self.update_open(changed),
            false => {}
        }
    }

    /// Takes over the texts of files that are open, or were, where they are other ones than before.
    fn update_open(&mut self, paths: BTreeSet<PathBuf>) {
        let index = self.index.read().clone();
        let symbols = self.symbols.read().clone();
        let mut texts = self.read(paths.into_iter().filter(|path| self.folder_of(path).is_some()));
        texts.retain(|(path, text)| match text {
            Some(text) => !index.holds(path, text),
            None => self.n_bytes.contains_key(&**path) || symbols.file(path).is_some(),
        });
        if !texts.is_empty() {
            self.update(texts);
        }
    }

    fn refresh(&mut self, changed: BTreeSet<PathBuf>) {
        let admission = Admission { options: &self.options, privacy: &self.privacy };
        let mut files = BTreeSet::new();
        for path in changed {
            let Some(folder) = self.folder_of(&path) else { continue };
            if is_ignore_file(&path) {
                return self.rebuild();
            }
            // A folder that came brings its files; one that went takes them along.
            files.extend(admission.walk(&path, folder).0.into_iter().map(|file| file.path));
            files.extend(self.n_bytes.keys().filter(|file| file.starts_with(&path)).cloned());
            files.extend(self.symbols.read().under(&path).map(|file| file.path.to_path_buf()));
        }
        if files.len() > MAX_CHANGED_FILES {
            return self.rebuild();
        }
        if !files.is_empty() {
            self.update(self.read(files.into_iter()));
        }
    }

    fn folder_of(&self, path: &Path) -> Option<&PathBuf> {
        self.folders.iter().find(|folder| path.starts_with(folder))
    }

    /// The texts that count; none where it may not be read, or is not there.
    fn read(&self, paths: impl Iterator<Item = PathBuf>) -> Texts {
        let admission = Admission { options: &self.options, privacy: &self.privacy };
        let text = |path: &Path| match (self.open.document(path), self.folder_of(path)) {
            (Some(open), Some(folder)) => admission.read_open(open, path, folder),
            // It may have been open, and is no file that is learned from.
            (None, Some(folder)) if admission.walk(path, folder).0.is_empty() => Err("not admitted"),
            _ => admission.read(path),
        };
        paths.map(|path| (path.as_path().into(), text(&path).ok())).collect()
    }

    fn update(&mut self, texts: Texts) {
        let started = Instant::now();
        let index = self.index_with(&texts);
        let symbols = self.symbols_with(texts);
        let (n_files, n_bytes) = (index.n_files(), index.n_bytes());
        *self.index.write() = Arc::new(index);
        *self.symbols.write() = Arc::new(symbols);
        (self.on_event)(Event::Ready(Summary { n_files, n_bytes, left_out: Vec::new(), took: started.elapsed() }));
    }

    fn index_with(&mut self, texts: &Texts) -> Index {
        let mut changes = Vec::new();
        for (path, text) in texts {
            let text = text.as_deref().filter(|text| self.has_room(path, text.len()));
            match text {
                Some(text) => self.n_bytes.insert(path.to_path_buf(), text.len()),
                None => self.n_bytes.remove(&**path),
            };
            changes.push(Changed { path: path.clone(), language: Language::from_path(path), text });
        }
        self.index.read().with(&changes)
    }

    fn symbols_with(&self, texts: Texts) -> Symbols {
        let known = self.symbols.read().clone();
        let mut outliner = Outliner::new(&self.options.symbols, Symbols::clone(&known));
        let is_full = known.n_files() >= self.options.symbols.max_files;
        let changes = texts.into_iter().map(|(path, text)| {
            let text = text.filter(|_| !is_full || known.file(&path).is_some());
            let tree = self.open.document(&path).and_then(|open| open.tree.clone());
            let language = Language::from_path(&path);
            let admitted = text.map(|text| Admitted { language, path: path.clone(), text, tree });
            let file = admitted.and_then(|admitted| outliner.outline(&admitted, &|| false));
            symbols::Changed { path, file }
        });
        known.with(&changes.collect::<Vec<_>>())
    }

    fn has_room(&self, path: &Path, n_bytes: usize) -> bool {
        let others: usize = self.n_bytes.iter().filter(|(other, _)| *other != path).map(|(_, n_bytes)| n_bytes).sum();
        others + n_bytes <= self.options.max_bytes
    }
}
