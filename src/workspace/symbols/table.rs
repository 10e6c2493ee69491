//! The files of an index in their order, and two orders over their symbols: by name, and by the owner's name.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use super::file::FileSymbols;
use crate::syntax::outline::Symbol;

/// Immutable. The numbers of files that are to be passed over come with each question.
#[derive(Default)]
pub struct Table {
    files: Vec<Arc<FileSymbols>>,
    /// Numbers of files; what lies in one folder stands together.
    by_path: Vec<u32>,
    by_name: Vec<Place>,
    by_owner: Vec<Place>,
}

/// Where a symbol stands. Ordered by the hash of what it is looked up by, so that no name is kept twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    hash: u32,
    file: u32,
    symbol: u32,
}

impl Table {
    /// Of two files of one path the later one counts.
    pub fn new(mut files: Vec<Arc<FileSymbols>>) -> Table {
        let last: HashMap<_, _> = files.iter().enumerate().map(|(i, file)| (file.path.clone(), i)).collect();
        let mut number = 0..;
        files.retain(|file| last.get(&file.path).copied() == number.next());
        let mut by_path: Vec<u32> = (0..files.len() as u32).collect();
        by_path.sort_by(|a, b| files[*a as usize].path.cmp(&files[*b as usize].path));
        let by_name = order(&files, |symbol| Some(&symbol.name));
        let by_owner = order(&files, |symbol| symbol.owner.as_deref());
        Table { files, by_path, by_name, by_owner }
    }

    pub fn n_symbols(&self) -> usize {
        self.by_name.len()
    }

    /// An estimate of the memory it takes, without its files.
    pub fn n_bytes(&self) -> usize {
        let places = (self.by_name.len() + self.by_owner.len()) * size_of::<Place>();
        places + self.files.len() * (size_of::<Arc<FileSymbols>>() + size_of::<u32>())
    }

    pub fn file_named(&self, path: &Path, dead: &BTreeSet<u32>) -> Option<u32> {
        let file = *self.by_path.get(self.start_of(path))?;
        (*self.files[file as usize].path == *path && !dead.contains(&file)).then_some(file)
    }

    pub fn file(&self, path: &Path, dead: &BTreeSet<u32>) -> Option<&Arc<FileSymbols>> {
        self.file_named(path, dead).map(|file| &self.files[file as usize])
    }

    /// The files at `path` and below it.
    pub fn under(&self, path: &Path, dead: &BTreeSet<u32>) -> impl Iterator<Item = &Arc<FileSymbols>> {
        let live = self.by_path[self.start_of(path)..].iter().filter(|file| !dead.contains(file));
        live.map(|file| &self.files[*file as usize]).take_while(move |file| file.path.starts_with(path))
    }

    pub fn files(&self, dead: &BTreeSet<u32>) -> impl Iterator<Item = &Arc<FileSymbols>> {
        (0..).zip(&self.files).filter(|(i, _)| !dead.contains(i)).map(|(_, file)| file)
    }

    pub fn named<'a>(
        &'a self,
        name: &str,
        dead: &BTreeSet<u32>,
    ) -> impl Iterator<Item = (&'a Arc<FileSymbols>, &'a Symbol)> {
        self.at(&self.by_name, name, dead).filter(move |(_, symbol)| *symbol.name == *name)
    }

    pub fn owned_by<'a>(
        &'a self,
        owner: &str,
        dead: &BTreeSet<u32>,
    ) -> impl Iterator<Item = (&'a Arc<FileSymbols>, &'a Symbol)> {
        self.at(&self.by_owner, owner, dead).filter(move |(_, symbol)| symbol.owner.as_deref() == Some(owner))
    }

    /// What stands at the places of a word's hash.
    fn at<'a>(
        &'a self,
        order: &'a [Place],
        word: &str,
        dead: &BTreeSet<u32>,
    ) -> impl Iterator<Item = (&'a Arc<FileSymbols>, &'a Symbol)> {
        let hash = hash(word);
        let start = order.partition_point(|place| place.hash < hash);
        let places = order[start..].iter().take_while(move |place| place.hash == hash);
        places.filter(|place| !dead.contains(&place.file)).filter_map(|place| {
            let file = self.files.get(place.file as usize)?;
            Some((file, file.outline.symbols.get(place.symbol as usize)?))
        })
    }

    fn start_of(&self, path: &Path) -> usize {
        self.by_path.partition_point(|file| *self.files[*file as usize].path < *path)
    }
}

fn order(files: &[Arc<FileSymbols>], word: impl Fn(&Symbol) -> Option<&str>) -> Vec<Place> {
    let mut order = Vec::new();
    for (file, FileSymbols { outline, .. }) in (0..).zip(files.iter().map(|file| &**file)) {
        for (symbol, defined) in (0..).zip(&outline.symbols) {
            order.extend(word(defined).map(|word| Place { hash: hash(word), file, symbol }));
        }
    }
    order.sort_unstable();
    order.shrink_to_fit();
    order
}

fn hash(word: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish() as u32
}
