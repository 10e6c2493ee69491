//! One reading of the folders, from scratch: a thread reads and judges the files, this one tokenises and sorts them,
//! a third takes their outlines.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Instant;

use super::admission::{self, Admission, Found, LeftOut};
use super::index::{Builder, Index};
use super::symbols::{Admitted, Outlined, Outliner, Symbols};
use super::{Options, Summary};
use crate::privacy::Privacy;
use crate::syntax::Language;

pub struct Build<'a> {
    pub options: &'a Options,
    pub privacy: &'a Privacy,
    pub folders: &'a [PathBuf],
    /// Folders of packages that come first where not all has room.
    pub first: &'a [PathBuf],
    /// Of the build before: files that have not changed are not parsed again.
    pub known: Symbols,
    pub on_progress: &'a dyn Fn(usize, usize),
    /// Called on another thread, and before the index is handed out if all outlines are known.
    pub on_outlined: &'a (dyn Fn(&Symbols) + Sync),
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

/// The index, and what it was made from.
pub struct Indexed {
    pub index: Index,
    /// Size of each indexed file, in bytes.
    pub n_bytes: BTreeMap<PathBuf, usize>,
    pub summary: Summary,
}

/// A file on its way to the outliner.
enum ToOutline {
    Text(Admitted),
    /// To be read again, as its text would wait in memory until all before it are parsed.
    Place(Arc<Path>, Option<Language>),
}

/// Why a file is left out for want of room.
pub const NO_ROOM: &str = "over the index's limit of bytes";

/// How many files pass between two progress events.
const PROGRESS_FILES: usize = 256;

/// Files read ahead of the tokeniser.
const READ_AHEAD: usize = 64;

type Text = (Found, Result<String, &'static str>);

impl Build<'_> {
    /// `None` when it was stopped. The index and the symbols do not wait for each other: where one is known, the other
    /// may take seconds.
    pub fn run(&self, on_indexed: impl FnOnce(Indexed)) -> Option<Outlined> {
        let started = Instant::now();
        let admission = Admission { options: self.options, privacy: self.privacy };
        let mut left_out = LeftOut::default();
        let files = if self.options.enabled { self.walk(admission, &mut left_out) } else { Vec::new() };
        let (known, folders) = (self.known.clone(), self.folders);
        let (on_outlined, stopped) = (self.on_outlined, self.stopped);
        let (to_index, texts) = sync_channel(READ_AHEAD);
        let (to_outline, admitted) = channel();
        std::thread::scope(|scope| {
            scope.spawn(move || read(files, admission, &to_index));
            let outlining = scope.spawn(move || {
                let mut outliner = Outliner::new(&admission.options.symbols, known).with_cache(folders);
                outline(&admitted, admission, &mut outliner, stopped)?;
                let outlined = outliner.finish(started);
                on_outlined(&outlined.symbols);
                outlined.save();
                Some(outlined)
            });
            let mut indexed = self.index(texts, to_outline, left_out)?;
            indexed.summary.took = started.elapsed();
            on_indexed(indexed);
            outlining.join().ok()?
        })
    }

    /// The admitted files, each once, what is worth most first.
    fn walk(&self, admission: Admission, left_out: &mut LeftOut) -> Vec<Found> {
        let mut files = Vec::new();
        for folder in self.folders {
            let (found, not_found) = admission.walk(folder, folder);
            files.extend(found);
            left_out.extend(not_found);
        }
        admission::rank(&mut files, self.first);
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(file.path.clone()));
        files
    }

    fn index(&self, texts: Receiver<Text>, to_outline: Sender<ToOutline>, mut left_out: LeftOut) -> Option<Indexed> {
        let mut summary = Summary::default();
        let mut builder = Builder::default();
        let mut n_bytes = BTreeMap::new();
        for (Found { path, language, .. }, text) in texts {
            if (self.stopped)() {
                return None;
            }
            let place: Arc<Path> = path.as_path().into();
            let to_come = match text {
                Err(reason) => {
                    left_out.add(reason);
                    continue;
                }
                Ok(text) if text.is_empty() => continue,
                Ok(text) if summary.n_bytes + text.len() > self.options.max_bytes => {
                    left_out.add(NO_ROOM);
                    ToOutline::Place(place, language)
                }
                Ok(text) => {
                    summary.n_files += 1;
                    summary.n_bytes += text.len();
                    builder.add(place.clone(), language, &text);
                    n_bytes.insert(path, text.len());
                    if summary.n_files.is_multiple_of(PROGRESS_FILES) {
                        (self.on_progress)(summary.n_files, summary.n_bytes);
                    }
                    ToOutline::Text(Admitted { path: place, language, text, tree: None })
                }
            };
            // The other end lives until this one is gone.
            let _ = to_outline.send(to_come);
        }
        drop(to_outline);
        summary.left_out = left_out.into_counts();
        Some(Indexed { index: builder.finish(), n_bytes, summary })
    }
}

fn read(files: Vec<Found>, admission: Admission, to_index: &SyncSender<Text>) {
    for file in files {
        let text = admission.read(&file.path);
        if to_index.send((file, text)).is_err() {
            return;
        }
    }
}

/// `None` when it was stopped.
fn outline(
    admitted: &Receiver<ToOutline>,
    admission: Admission,
    outliner: &mut Outliner,
    stopped: &dyn Fn() -> bool,
) -> Option<()> {
    for file in admitted {
        if stopped() {
            return None;
        }
        match file {
            ToOutline::Text(file) => outliner.add(&file, stopped),
            ToOutline::Place(path, language) if language.is_some() && outliner.has_room() => {
                let text = admission.read(&path).ok();
                let file = text.map(|text| Admitted { path, language, text, tree: None });
                file.iter().for_each(|file| outliner.add(file, stopped));
            }
            ToOutline::Place(..) => {}
        }
    }
    (!stopped()).then_some(())
}
