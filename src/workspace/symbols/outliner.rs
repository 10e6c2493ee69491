//! Takes the outlines of many files, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::cache::Cache;
use super::file::{self, FileSymbols, Key};
use super::{Options, Summary, Symbols};
use crate::syntax::outline::Outline;
use crate::syntax::{Language, Tree};

/// A file that is admitted, text and all.
pub struct Admitted {
    pub path: Arc<Path>,
    pub language: Option<Language>,
    pub text: String,
    /// Of this text, or of one that it was not long ago.
    pub tree: Option<Tree>,
}

pub struct Outliner<'a> {
    options: &'a Options,
    /// Where an unchanged file's outline is found.
    known: Symbols,
    cache: Option<Cache>,
    files: Vec<Arc<FileSymbols>>,
    /// Of the texts of `files`.
    n_bytes: usize,
    n_parsed: usize,
    n_unfinished: usize,
}

/// All outlines of a workspace.
pub struct Outlined {
    pub symbols: Symbols,
    pub summary: Summary,
    cache: Option<Cache>,
}

impl<'a> Outliner<'a> {
    pub fn new(options: &'a Options, known: Symbols) -> Outliner<'a> {
        Outliner { options, known, cache: None, files: Vec::new(), n_bytes: 0, n_parsed: 0, n_unfinished: 0 }
    }

    /// Looks into the file of these folders' symbols, too.
    pub fn with_cache(mut self, folders: &[PathBuf]) -> Outliner<'a> {
        self.cache = self.options.cache.as_ref().map(|folder| Cache::open(folder, folders));
        self
    }

    /// Whether a file would be taken, as far as can be said without its text.
    pub fn has_room(&self) -> bool {
        self.files.len() < self.options.max_files && self.n_bytes < self.options.max_bytes
    }

    pub fn add(&mut self, file: &Admitted, stopped: &dyn Fn() -> bool) {
        if !self.has_room() || self.n_bytes + file.text.len() > self.options.max_bytes {
            return;
        }
        if let Some(symbols) = self.outline(file, stopped) {
            self.n_bytes += file.text.len();
            self.files.push(symbols);
        }
    }

    /// `started` is when the files began to be read.
    pub fn finish(self, started: Instant) -> Outlined {
        let symbols = Symbols::new(self.files);
        let summary = Summary {
            n_files: symbols.n_files(),
            n_parsed: self.n_parsed,
            n_unfinished: self.n_unfinished,
            cache: self.cache.as_ref().map(|cache| cache.path().to_path_buf()),
            took: started.elapsed(),
        };
        Outlined { symbols, summary, cache: self.cache }
    }

    /// `None` for a file that has none.
    pub fn outline(&mut self, file: &Admitted, stopped: &dyn Fn() -> bool) -> Option<Arc<FileSymbols>> {
        let language = file.language.filter(|language| file::is_outlined(*language, &file.text))?;
        let key = Key::of(language, &file.text);
        if let Some(known) = self.known.file(&file.path).filter(|known| known.key == key) {
            return Some(known.clone());
        }
        let outline = match self.cache.as_ref().and_then(|cache| cache.get(key)) {
            Some(outline) => outline,
            None => self.parse(language, file, stopped)?,
        };
        Some(Arc::new(FileSymbols { path: file.path.clone(), language, outline, key }))
    }

    fn parse(&mut self, language: Language, file: &Admitted, stopped: &dyn Fn() -> bool) -> Option<Outline> {
        self.n_parsed += 1;
        let outline = file::outline(language, &file.text, file.tree.as_ref(), stopped);
        self.n_unfinished += usize::from(outline.is_none());
        outline
    }
}

impl Outlined {
    /// Keeps them for the next start.
    pub fn save(&self) {
        self.cache.iter().for_each(|cache| cache.save(&self.symbols));
    }
}
