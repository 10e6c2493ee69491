//! Definitions of what is named near the cursor, of what the document imports, and of the types of its variables.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::{Kind, Piece, Place, Project, speaks_like, words};
use crate::syntax::Language;
use crate::syntax::outline::{self, Import, Symbol};
use crate::workspace::symbols::FileSymbols;

/// Lines whose names are looked up.
const ABOVE: usize = 24;
const BELOW: usize = 2;

/// A name with more definitions than this says nothing.
const MAX_HOMONYMS: usize = 40;
/// Of equally near ones, no more can be shown.
const MAX_EQUALS: usize = 2;

/// Files that are searched for a module's.
const MAX_FILES: usize = 10_000;

/// How far above the cursor a variable may be declared, bytes.
const MAX_LOCALS: usize = 8 << 10;

/// A type is shown with its members, up to so many bytes.
const MAX_TYPE: usize = 900;
const MAX_PIECES: usize = 24;

/// The lines below which a name counts half as much.
const HALF_DISTANCE: f32 = 6.0;

/// How a definition stands to the document: the nearer, the likelier it is the one that is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Elsewhere,
    SamePackage,
    SameFolder,
    Imported,
    SameFile,
}

/// A name to look up, and how much it says.
struct Wanted<'a> {
    name: &'a str,
    weight: f32,
    reason: &'static str,
    /// Whether it is used as a function here.
    is_called: bool,
}

struct Search<'a> {
    project: &'a Project,
    path: Option<&'a Path>,
    language: Option<Language>,
    imports: &'a [Import],
    shown: &'a str,
}

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let document = place.document;
    let path = document.path.as_deref();
    let outline = path.and_then(|path| project.symbols.file(path)).map(|file| &file.outline);
    let imports = outline.map(|outline| &outline.imports[..]).unwrap_or_default();
    let shown = place.shown_text();
    let search = Search { project, path, language: document.language, imports, shown: &shown };

    let (above, below) = place.lines_around(ABOVE, BELOW);
    let types = types_of_variables(place);
    let mut wanted: Vec<Wanted> = Vec::new();
    if let Some(receiver) = receiver(&above) {
        match types.get(receiver) {
            Some(name) => wanted.push(Wanted { name, weight: 1.0, reason: "type of the receiver", is_called: false }),
            None => search.look_into(receiver, pieces),
        }
    }
    for (word, distance) in words::nearest_first(&above) {
        let weight = HALF_DISTANCE / (HALF_DISTANCE + distance as f32);
        let is_called = is_called(word, &above);
        wanted.push(Wanted { name: word, weight: 0.9 * weight, reason: "named above", is_called });
        if let Some(type_name) = types.get(word) {
            wanted.push(Wanted {
                name: type_name,
                weight: 0.8 * weight,
                reason: "type of a variable",
                is_called: false,
            });
        }
    }
    wanted.extend(words::in_line(&below).map(|name| {
        let is_called = is_called(name, &below);
        Wanted { name, weight: 0.5, reason: "named below", is_called }
    }));
    wanted.extend(imports.iter().map(|import| {
        let name = &*import.original;
        Wanted { name, weight: 0.15, reason: "imported", is_called: false }
    }));
    wanted.sort_by(|a, b| b.weight.total_cmp(&a.weight));

    let mut seen = HashSet::new();
    let near: HashSet<&str> = wanted.iter().map(|wanted| wanted.name).collect();
    let first = pieces.len();
    for wanted in wanted.iter().filter(|wanted| seen.insert(wanted.name)) {
        search.look_up(wanted, &near, pieces);
        if pieces.len() - first >= MAX_PIECES {
            return;
        }
    }
}

impl Search<'_> {
    /// What a module defines, by the name of its file.
    fn look_into(&self, module: &str, pieces: &mut Vec<Piece>) {
        let is_module = |path: &Path| stem(path).is_some_and(|stem| stem == module) && self.path != Some(path);
        let files = self.project.symbols.files().take(MAX_FILES);
        let files = files.filter(|file| is_module(&file.path) && speaks_like(self.language, Some(file.language)));
        for (file, n) in files.take(MAX_EQUALS).zip(1u8..) {
            pieces.push(Piece {
                kind: Kind::Definitions,
                path: self.project.path_within(&file.path).into(),
                text: file.heads(MAX_TYPE, self.shown),
                score: 0.9 / f32::from(n),
                reason: format!("{module}: what it defines, named before the cursor"),
            });
        }
    }

    fn look_up(&self, wanted: &Wanted, near: &HashSet<&str>, pieces: &mut Vec<Piece>) {
        let is_called = wanted.is_called || self.imports.iter().any(|import| *import.name == *wanted.name);
        let is_meant = |symbol: &Symbol| {
            // `new` is defined a hundred times; it is the one of a type that is named here, or none. And what is called
            // `path` here is a variable rather than somebody's function.
            symbol.owner.as_deref().is_none_or(|owner| near.contains(owner))
                && (is_called || matches!(symbol.kind, outline::Kind::Type) || is_loud(&symbol.name))
        };
        let found: Vec<_> = self.project.symbols.named(wanted.name).take(MAX_HOMONYMS + 1).collect();
        if found.len() > MAX_HOMONYMS {
            return;
        }
        let mut found: Vec<(Nearness, &Arc<FileSymbols>, &Symbol)> = found
            .into_iter()
            .filter(|(file, symbol)| speaks_like(self.language, Some(file.language)) && is_meant(symbol))
            .map(|(file, symbol)| (self.nearness(file, wanted.name), file, symbol))
            .collect();
        found.sort_by_key(|found| Reverse(found.0));
        let Some(nearest) = found.first().map(|found| found.0) else { return };
        found.retain(|(nearness, ..)| *nearness == nearest);
        let n_equal = found.len();
        for (nearness, file, symbol) in found.into_iter().take(MAX_EQUALS) {
            // What the prompt shows anyway needs no second showing.
            if self.shown.contains(symbol.signature.lines().next().unwrap_or_default()) {
                continue;
            }
            pieces.push(Piece {
                kind: Kind::Definitions,
                path: self.project.path_within(&file.path).into(),
                text: self.declaration(file, symbol),
                score: wanted.weight * nearness.weight() / (n_equal as f32).sqrt(),
                reason: format!("{}: {}, {}", wanted.name, wanted.reason, nearness.reason()),
            });
        }
    }

    /// The signature, and for a type those of its members.
    fn declaration(&self, file: &FileSymbols, symbol: &Symbol) -> String {
        let mut text = symbol.signature.to_string();
        if symbol.kind != outline::Kind::Type {
            return text;
        }
        let members = self.project.symbols.owned_by(&symbol.name).filter(|(holder, _)| holder.path == file.path);
        for (_, member) in members {
            if text.len() + member.signature.len() > MAX_TYPE {
                break;
            }
            text.push('\n');
            for line in member.signature.lines() {
                text.push_str("    ");
                text.push_str(line.trim_start());
            }
        }
        text
    }

    fn nearness(&self, file: &FileSymbols, name: &str) -> Nearness {
        let Some(path) = self.path else { return Nearness::Elsewhere };
        if *file.path == *path {
            return Nearness::SameFile;
        }
        let mut imported = self.imports.iter().filter(|import| *import.original == *name || *import.name == *name);
        if imported.any(|import| leads_to(&import.statement, &file.path)) {
            return Nearness::Imported;
        }
        if file.path.parent() == path.parent() {
            return Nearness::SameFolder;
        }
        let package = |path| self.project.index.package(path);
        if package(path) == package(&*file.path) { Nearness::SamePackage } else { Nearness::Elsewhere }
    }
}

impl Nearness {
    fn weight(self) -> f32 {
        match self {
            Nearness::SameFile => 1.0,
            Nearness::Imported => 1.0,
            Nearness::SameFolder => 0.8,
            Nearness::SamePackage => 0.6,
            Nearness::Elsewhere => 0.4,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Nearness::SameFile => "defined further off in this file",
            Nearness::Imported => "imported from here",
            Nearness::SameFolder => "defined in the same folder",
            Nearness::SamePackage => "defined in the same package",
            Nearness::Elsewhere => "defined in the project",
        }
    }
}

/// Whether `name` stands before an opening bracket somewhere, or at the very end, where one may follow.
fn is_called(name: &str, text: &str) -> bool {
    let is_call = |at: usize| {
        let rest = text[at + name.len()..].trim_start_matches('!');
        rest.is_empty() || rest.starts_with(['(', '{'])
    };
    memchr::memmem::find_iter(text.as_bytes(), name).any(is_call)
}

/// A constant by the custom of most languages.
fn is_loud(name: &str) -> bool {
    !name.contains(char::is_lowercase)
}

/// Whether the words of an import name the file or its folder.
fn leads_to(statement: &str, path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    [stem(path), folder].into_iter().flatten().any(|part| words::stands_in(part, statement))
}

/// What a file is imported by: its name, or its folder's where it stands for that.
fn stem(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    match stem {
        "mod" | "lib" | "__init__" | "index" => path.parent()?.file_name()?.to_str(),
        _ => Some(stem),
    }
}

/// What stands before the dot (or `::`, `->`) that the cursor's word follows.
fn receiver(above: &str) -> Option<&str> {
    let line = above.rsplit('\n').next()?;
    let line = line.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let line = ["?.", ".", "->", "::"].iter().find_map(|mark| line.strip_suffix(mark))?;
    let start = line.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    line.get(start..).filter(|name| !name.is_empty())
}

/// The declared types of the variables around the cursor, and the owner of `self` and `this`.
fn types_of_variables(place: &Place) -> HashMap<String, String> {
    let Some(tree) = &place.document.tree else { return HashMap::new() };
    let text = place.document.text.slice(0..place.document.text.len());
    let scopes = tree.scopes(&text, place.offset);
    let start = scopes.last().map_or(0, |scope| scope.signature.start).max(place.offset.saturating_sub(MAX_LOCALS));
    let mut types = HashMap::new();
    for local in tree.locals(&text, start.min(place.offset)..place.offset) {
        types.insert(local.name.into_string(), local.type_name.into_string());
    }
    if let [.., owner, _] = &scopes[..] {
        types.insert("self".to_string(), owner.name.to_string());
        types.insert("this".to_string(), owner.name.to_string());
    }
    types
}
