//! Edits that people made, and the holes that they filled.
//!
//! A folder holds, for each project, `NAME.jsonl.gz` with an edited file a line, in the order of the commits, and
//! `NAME.snapshot.tar.gz`, the project before the first of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use foretype::document::{Clearance, DocumentId, Edited, MAX_EDITED, Snapshot};
use foretype::syntax::Language;
use foretype::text::Text;
use foretype::workspace::symbols::{self, FileSymbols, Symbols};
use foretype::workspace::{Builder, Changed, Project};
use serde::Deserialize;

use crate::hole::{Hole, Kind};
use crate::names::Code;
use crate::problems::read_lines;
use crate::statistics::sample;

pub struct Repository {
    name: String,
    /// The texts before the first edit.
    files: Files,
    edits: Vec<Edit>,
}

pub type Files = BTreeMap<Arc<Path>, String>;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Line,
    /// Lines that were added together.
    Block,
}

/// One file, before and after.
#[derive(Deserialize)]
struct Edit {
    #[serde(default)]
    commit: String,
    path: String,
    hunks: Vec<Hunk>,
    #[serde(default)]
    before: Option<String>,
    after: String,
}

/// Ranges of lines.
#[derive(Deserialize)]
struct Hunk {
    old: [usize; 2],
    new: [usize; 2],
}

/// The added lines `start..end` of a hunk.
struct Added<'a> {
    hunk: &'a Hunk,
    start: usize,
    end: usize,
}

const MAX_FILE_BYTES: usize = 1 << 20;

/// Fewer characters, blanks not counted, are not worth a suggestion.
const MIN_CHARACTERS: usize = 8;

impl Repository {
    pub fn paths(data: &Path) -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(data).with_context(|| format!("{}: cannot be read", data.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
        paths.sort();
        ensure!(!paths.is_empty(), "{}: holds no NAME.jsonl.gz", data.display());
        Ok(paths)
    }

    pub fn read(edits: &Path) -> Result<Repository> {
        let name = edits.file_name().unwrap_or_default().to_string_lossy().trim_end_matches(".jsonl.gz").to_owned();
        let tree = tempfile::tempdir()?;
        let snapshot = edits.with_file_name(format!("{name}.snapshot.tar.gz"));
        let unpacked = Command::new("tar").arg("-xzf").arg(&snapshot).arg("-C").arg(tree.path()).status()?;
        ensure!(unpacked.success(), "{}: tar cannot unpack it", snapshot.display());
        let lines = read_lines(edits)?;
        let edits = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<Result<_>>()?;
        Ok(Repository { name, files: files(tree.path()), edits })
    }

    /// One in `every` of all added lines that are not blank, with those below it, in the project as it was before the
    /// first edit.
    pub fn every_line(&self, every: usize, visit: &mut dyn FnMut(Hole, &Project) -> Result<()>) -> Result<()> {
        let whole = project(&self.files);
        let mut n_lines = 0;
        for (i_edit, edit) in self.edits.iter().enumerate() {
            let project = Project { index: whole.index.with(&[edit.gone()]).into(), ..whole.clone() };
            for added in edit.hunks.iter().flat_map(Hunk::lines) {
                n_lines += 1;
                if n_lines % every == 0 && !edit.line(added.start).trim().is_empty() {
                    let to_end = Added { end: added.hunk.new[1], ..added };
                    visit(self.hole(i_edit, &to_end), &project)?;
                }
            }
        }
        Ok(())
    }

    /// `n` of the lines or blocks of code, in the project as the edits before left it. The same seed gives the same,
    /// and those of a smaller sample are in every larger one.
    pub fn sampled(
        &self,
        unit: Unit,
        n: usize,
        seed: u64,
        visit: &mut dyn FnMut(Hole, &Project) -> Result<()>,
    ) -> Result<()> {
        let mut all: Vec<(usize, Added)> = Vec::new();
        for (i_edit, edit) in self.edits.iter().enumerate() {
            let code = edit.code();
            let starts = line_starts(&edit.after);
            let is_asked = |added: &Added| is_worth(edit.line(added.start)) && code.is_code(starts[added.start]);
            all.extend(edit.added(unit).filter(is_asked).map(|added| (i_edit, added)));
        }
        let chosen = sample(all.len(), n, seed);
        let mut chosen = chosen.into_iter().map(|i| &all[i]).peekable();

        let (mut base, mut files) = (project(&self.files), self.files.clone());
        let mut edited: BTreeMap<&str, &str> = BTreeMap::new();
        for (i_edit, edit) in self.edits.iter().enumerate() {
            if chosen.peek().is_some_and(|(i, _)| *i == i_edit) {
                let others = edited.iter().filter(|(path, _)| **path != edit.path);
                let mut changed: Vec<Changed> = others.map(|(path, text)| change(path, Some(text))).collect();
                changed.push(edit.gone());
                let project = Project { index: base.index.with(&changed).into(), ..base.clone() };
                let code = edit.code();
                while let Some((_, added)) = chosen.next_if(|(i, _)| *i == i_edit) {
                    let mut hole = self.hole(i_edit, added);
                    hole.others = self.earlier(i_edit).map(|(at, edit)| edit.left(at)).collect();
                    hole.edited = edit.edited(added.start, at(i_edit));
                    hole.kind = code.kind(&edit.lines(added.start..added.end), &hole, &files);
                    visit(hole, &project)?;
                }
            }
            edited.insert(&edit.path, &edit.after);
            files.insert(edit.path(), edit.after.clone());
            let changed = symbols::Changed { path: edit.path(), file: outline(&edit.path(), &edit.after) };
            base.symbols = base.symbols.with(&[changed]).into();
        }
        Ok(())
    }

    /// What the commit adds below the lines is not there yet, and what it takes away in this place is gone.
    fn hole(&self, i_edit: usize, added: &Added) -> Hole {
        let edit = &self.edits[i_edit];
        let (mut lines, repository, path) = (edit.after.split_inclusive('\n'), &self.name, edit.path());
        let mut before = lines.by_ref().take(added.start).collect::<String>();
        let missing: Vec<&str> = lines.take(added.end - added.start).map(str::trim_end).collect();
        let missing = missing.join("\n");
        let content = missing.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
        before.push_str(&missing[..missing.len() - content.len()]);
        let old = edit.before.as_deref().unwrap_or_default();
        let below: String = old.split_inclusive('\n').skip(added.hunk.old[1]).collect();
        Hole {
            // One commit has a path once; releases have no commits.
            id: format!("{repository}:{}:{}:{}", edit.commit, edit.path, added.start + 1),
            repository: repository.clone(),
            path,
            kind: Kind::InFile,
            before,
            missing: content.to_string(),
            after: format!("\n{below}"),
            others: Arc::default(),
            edited: Arc::default(),
        }
    }

    /// The edits that the commit made before this one, each with when it was: its number, in seconds.
    fn earlier(&self, i_edit: usize) -> impl Iterator<Item = (Duration, &Edit)> {
        let commit = &self.edits[i_edit].commit;
        let edits = self.edits[..i_edit].iter().enumerate();
        let same = edits.filter(move |(_, other)| !commit.is_empty() && other.commit == *commit);
        same.map(|(i, other)| (at(i), other))
    }
}

impl Edit {
    fn path(&self) -> Arc<Path> {
        Arc::from(Path::new(&self.path))
    }

    fn gone(&self) -> Changed<'_> {
        change(&self.path, None)
    }

    fn code(&self) -> Code<'_> {
        Code::new(&self.after, Language::from_path(Path::new(&self.path)))
    }

    fn added(&self, unit: Unit) -> Box<dyn Iterator<Item = Added<'_>> + '_> {
        match unit {
            Unit::Line => Box::new(self.hunks.iter().flat_map(Hunk::lines)),
            Unit::Block => Box::new(self.hunks.iter().filter_map(Hunk::block)),
        }
    }

    fn line(&self, i: usize) -> &str {
        self.after.split_inclusive('\n').nth(i).unwrap_or_default()
    }

    /// Bytes of these lines in the text after.
    fn lines(&self, lines: Range<usize>) -> Range<usize> {
        let starts = line_starts(&self.after);
        let start = |i: usize| starts.get(i).copied().unwrap_or(self.after.len());
        start(lines.start)..start(lines.end)
    }

    /// The file as the commit leaves it.
    fn left(&self, at: Duration) -> Snapshot {
        Snapshot {
            id: DocumentId(self.path.as_str().into()),
            path: Some(self.path()),
            language: Language::from_path(&self.path()),
            version: 0,
            text: Text::new(&self.after),
            tree: None,
            clearance: Clearance::Cleared,
            edited: self.edited(usize::MAX, at),
        }
    }

    /// What was changed above a line.
    fn edited(&self, line: usize, at: Duration) -> Arc<[Edited]> {
        let starts = line_starts(&self.after);
        let start = |line: usize| starts.get(line).copied().unwrap_or(self.after.len());
        let above = self.hunks.iter().filter(|hunk| hunk.new[0] < hunk.new[1].min(line));
        let range = |hunk: &Hunk| start(hunk.new[0])..start(hunk.new[1].min(line));
        let edited: Vec<Edited> = above.map(|hunk| Edited { range: range(hunk), at }).collect();
        Arc::from(&edited[edited.len().saturating_sub(MAX_EDITED)..])
    }
}

impl Hunk {
    fn lines(&self) -> impl Iterator<Item = Added<'_>> {
        (self.new[0]..self.new[1]).map(|start| Added { hunk: self, start, end: start + 1 })
    }

    fn block(&self) -> Option<Added<'_>> {
        let [start, end] = self.new;
        (end > start + 1).then_some(Added { hunk: self, start, end })
    }
}

/// When an edit was made, in the order of the commits.
fn at(i_edit: usize) -> Duration {
    Duration::from_secs(i_edit as u64)
}

fn is_worth(line: &str) -> bool {
    let n_characters = line.chars().filter(|c| !c.is_whitespace()).count();
    n_characters >= MIN_CHARACTERS && line.contains(char::is_alphanumeric)
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn change<'a>(path: &str, text: Option<&'a str>) -> Changed<'a> {
    let path = Path::new(path);
    Changed { path: Arc::from(path), language: Language::from_path(path), text }
}

fn project(files: &Files) -> Project {
    let mut index = Builder::default();
    for (path, text) in files {
        index.add(path.clone(), Language::from_path(path), text);
    }
    let outlines = files.iter().filter_map(|(path, text)| outline(path, text)).collect();
    let (index, symbols) = (Arc::new(index.finish()), Arc::new(Symbols::new(outlines)));
    Project { folders: Arc::default(), index, symbols }
}

fn outline(path: &Arc<Path>, text: &str) -> Option<Arc<FileSymbols>> {
    let symbols = FileSymbols::parse(path.clone(), Language::from_path(path)?, text, None)?;
    Some(Arc::new(symbols))
}

fn files(root: &Path) -> Files {
    let paths = ignore::Walk::new(root).filter_map(|entry| Some(entry.ok()?.into_path()));
    let named = paths.filter(|path| path.is_file()).filter_map(|path| {
        let text = std::fs::read_to_string(&path).ok().filter(|text| text.len() < MAX_FILE_BYTES)?;
        Some((Arc::from(path.strip_prefix(root).ok()?), text))
    });
    named.collect()
}
