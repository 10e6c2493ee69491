//! One run of folded files with two orders over it, by what stands before a token and by what a line begins with, and
//! its windows by their words.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use libsais::SuffixArrayConstruction;

use super::fold::{self, FILE};
use super::package;
use super::windows::Windows;
use crate::syntax::Language;

/// Longest context that is compared, in bytes of folded text; about six lines.
pub const MAX_CONTEXT: usize = 256;

/// Immutable once sorted. At most 2 GB of folded text, as the positions are 32 bits wide.
#[derive(Default)]
pub struct Segment {
    text: Vec<u8>,
    /// Where tokens start, ordered by the text before them read backwards: what follows a context stands together,
    /// and neighbours share the more of it the nearer they are.
    by_context: Vec<u32>,
    /// Where the contents of lines start, ordered by content.
    by_line: Vec<u32>,
    /// Made at the first question for them.
    windows: OnceLock<Windows>,
    files: Vec<File>,
    by_path: HashMap<Arc<Path>, usize>,
    /// The manifests of each folder that holds some.
    manifests: HashMap<PathBuf, Vec<usize>>,
}

#[derive(Clone)]
pub struct File {
    /// Of its folded text.
    pub start: usize,
    pub path: Arc<Path>,
    pub language: Option<Language>,
    /// Of its text before folding.
    pub n_bytes: usize,
}

/// A place where the text before agrees with a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub at: usize,
    /// Bytes in common with the context's end, at most [`MAX_CONTEXT`].
    pub n_common: usize,
}

impl Segment {
    /// Adds a file. [`Segment::sort`] must follow before anything is looked up.
    pub fn push(&mut self, path: Arc<Path>, language: Option<Language>, text: &str) {
        self.open(File { start: 0, path, language, n_bytes: text.len() });
        fold::fold(text, &mut self.text);
    }

    /// Adds the file `i` of another segment.
    pub fn push_from(&mut self, other: &Segment, i: usize) {
        self.open(other.files[i].clone());
        self.text.extend_from_slice(other.folded(i));
    }

    fn open(&mut self, file: File) {
        self.text.push(FILE);
        let start = self.text.len();
        let i = self.files.len();
        self.by_path.insert(file.path.clone(), i);
        if let Some(folder) = package::folder(&file.path) {
            self.manifests.entry(folder.to_path_buf()).or_default().push(i);
        }
        self.files.push(File { start, ..file });
    }

    /// Makes the orders. The suffix sorter is linear; its array is reused as the result.
    pub fn sort(mut self) -> Segment {
        self.text.shrink_to_fit();
        self.by_context = order_by_context(&mut self.text);
        self.by_line = order_by_line(&self.text);
        self
    }

    /// The first call reads all of the text.
    pub fn windows(&self) -> &Windows {
        self.windows.get_or_init(|| Windows::new(&self.text))
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    pub fn files(&self) -> &[File] {
        &self.files
    }

    pub fn file_named(&self, path: &Path) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The manifests in a folder.
    pub fn manifests(&self, folder: &Path) -> &[usize] {
        self.manifests.get(folder).map_or(&[], Vec::as_slice)
    }

    /// The index of the file that holds `at`.
    pub fn file_at(&self, at: usize) -> usize {
        self.files.partition_point(|file| file.start <= at).saturating_sub(1)
    }

    /// The text of file `i`.
    pub fn folded(&self, i: usize) -> &[u8] {
        &self.text[self.files[i].start..self.end_of(i)]
    }

    /// Where the folded text of file `i` ends.
    pub fn end_of(&self, i: usize) -> usize {
        self.files.get(i + 1).map_or(self.text.len(), |next| next.start - 1)
    }

    /// Token starts whose text before agrees with the end of `context`, the longest agreement first.
    pub fn after<'a>(&'a self, context: &'a [u8]) -> impl Iterator<Item = Hit> + 'a {
        let middle = self.by_context.partition_point(|&at| self.compare_context(at as usize, context).is_lt());
        let (before, behind) = self.by_context.split_at(middle);
        let hit = move |&at: &u32| Hit {
            at: at as usize,
            n_common: fold::common_suffix(before_place(&self.text, at as usize), context),
        };
        let mut left = before.iter().rev().map(hit).peekable();
        let mut right = behind.iter().map(hit).peekable();
        std::iter::from_fn(move || match (left.peek(), right.peek()) {
            (Some(l), Some(r)) if l.n_common > r.n_common => left.next(),
            (Some(_), None) => left.next(),
            _ => right.next(),
        })
    }

    fn compare_context(&self, at: usize, context: &[u8]) -> Ordering {
        before_place(&self.text, at).iter().rev().cmp(context.iter().rev())
    }

    /// Starts of the contents of all lines that begin with `beginning`, equal lines side by side.
    pub fn lines_with(&self, beginning: &[u8]) -> &[u32] {
        let content = |at: u32| fold::rest_of_line(&self.text, at as usize);
        let start = self.by_line.partition_point(|&at| content(at) < beginning);
        let n = self.by_line[start..].partition_point(|&at| content(at).starts_with(beginning));
        &self.by_line[start..start + n]
    }
}

/// What is compared of the text before `at`.
fn before_place(text: &[u8], at: usize) -> &[u8] {
    &text[at.saturating_sub(MAX_CONTEXT)..at]
}

fn order_by_context(text: &mut [u8]) -> Vec<u32> {
    let n = text.len();
    text.reverse();
    let sorted = SuffixArrayConstruction::for_text(text).in_owned_buffer32().single_threaded().run();
    // The sorter fails only for want of memory; then nothing is found.
    let sorted = sorted.map(|sorted| sorted.into_vec()).unwrap_or_default();
    text.reverse();
    let mut order: Vec<u32> = sorted.into_iter().map(|at| n as u32 - at as u32).collect();
    order.retain(|&at| fold::starts_token(text, at as usize));
    order.shrink_to_fit();
    order
}

fn order_by_line(text: &[u8]) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line = fold::rest_of_line(text, at);
        let n_marks = fold::n_marks(line);
        if line.len() > n_marks {
            keyed.push((leading_bytes(&line[n_marks..]), (at + n_marks) as u32));
        }
        at += line.len() + 1;
    }
    keyed.sort_unstable_by(|a, b| {
        let content = |at: u32| fold::rest_of_line(text, at as usize);
        a.0.cmp(&b.0).then_with(|| content(a.1).cmp(content(b.1))).then(a.1.cmp(&b.1))
    });
    keyed.into_iter().map(|(_, at)| at).collect()
}

/// The first eight bytes as a number that orders like them.
fn leading_bytes(line: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let n = line.len().min(8);
    bytes[..n].copy_from_slice(&line[..n]);
    u64::from_be_bytes(bytes)
}
