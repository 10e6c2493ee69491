//! Takes the outlines of many files, one after the other.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::file::{self, FileSymbols, Key};
use super::{Options, Summary, Symbols};
use crate::syntax::Language;

/// A file that is admitted, text and all.
pub struct Admitted {
    pub path: Arc<Path>,
    pub language: Option<Language>,
    pub text: String,
}

pub struct Outliner<'a> {
    options: &'a Options,
    /// Where an unchanged file's outline is found.
    known: Symbols,
    started: Instant,
    files: Vec<Arc<FileSymbols>>,
    /// Of the texts of `files`.
    n_bytes: usize,
    n_parsed: usize,
    n_unfinished: usize,
}

impl<'a> Outliner<'a> {
    pub fn new(options: &'a Options, known: Symbols) -> Outliner<'a> {
        let (files, started) = (Vec::new(), Instant::now());
        Outliner { options, known, started, files, n_bytes: 0, n_parsed: 0, n_unfinished: 0 }
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

    pub fn finish(self) -> (Symbols, Summary) {
        let symbols = Symbols::new(self.files);
        let summary = Summary {
            n_files: symbols.n_files(),
            n_parsed: self.n_parsed,
            n_unfinished: self.n_unfinished,
            took: self.started.elapsed(),
        };
        (symbols, summary)
    }

    /// `None` for a file that has none.
    pub fn outline(&mut self, file: &Admitted, stopped: &dyn Fn() -> bool) -> Option<Arc<FileSymbols>> {
        let language = file.language.filter(|language| file::is_outlined(*language, &file.text))?;
        let key = Key::of(language, &file.text);
        if let Some(known) = self.known.file(&file.path).filter(|known| known.key == key) {
            return Some(known.clone());
        }
        self.n_parsed += 1;
        let Some(outline) = file::outline(language, &file.text, stopped) else {
            self.n_unfinished += 1;
            return None;
        };
        Some(Arc::new(FileSymbols { path: file.path.clone(), language, outline, key }))
    }
}
