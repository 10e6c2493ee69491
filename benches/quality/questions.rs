//! Reads edits that people made, and makes a question of every line that they added.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::syntax::Language;
use foretype::text::Text;
use foretype::workspace::index::{Builder, Changed, Index};
use serde::Deserialize;

/// A project before the first edit, and the edits.
pub struct Repository {
    pub name: String,
    pub index: Index,
    edits: Vec<Edit>,
}

/// One file, before and after.
#[derive(Deserialize)]
struct Edit {
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

/// What comes at `offset` of `document`?
pub struct Question<'a> {
    /// Characters of the line's content that are typed.
    pub n_typed: usize,
    pub document: Snapshot,
    pub offset: usize,
    /// The rest of the line, and the added lines below it.
    pub answer: Vec<&'a str>,
}

impl Repository {
    /// All repositories of a folder: `NAME.jsonl.gz` with an edit a line, and `NAME.snapshot.tar.gz`.
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
        Ok(Repository { name, index: index(tree.path()), edits: read_edits(edits)? })
    }

    /// Asks one question in `sample`. Each comes with the index of the project without the file that was edited.
    pub fn ask(&self, typed: &[usize], sample: usize, mut ask: impl FnMut(Question, &Arc<Index>)) {
        let mut n_lines = 0;
        let mut id = 0;
        for edit in &self.edits {
            let path: Arc<Path> = Arc::from(Path::new(&edit.path));
            let gone = Changed { path: path.clone(), language: None, text: None };
            let index = Arc::new(self.index.with(&[gone]));
            for (hunk, i_line) in edit.added_lines() {
                n_lines += 1;
                if n_lines % sample != 0 {
                    continue;
                }
                for &n_typed in typed {
                    id += 1;
                    if let Some(question) = edit.question(hunk, i_line, n_typed, id) {
                        ask(question, &index);
                    }
                }
            }
        }
    }
}

impl Edit {
    fn added_lines(&self) -> impl Iterator<Item = (&Hunk, usize)> {
        self.hunks.iter().flat_map(|hunk| (hunk.new[0]..hunk.new[1]).map(move |i_line| (hunk, i_line)))
    }

    /// `None` when the line has no more than `n_typed` characters. What the commit adds below the line is not there yet,
    /// and what it takes away in this place is gone.
    fn question(&self, hunk: &Hunk, i_line: usize, n_typed: usize, id: usize) -> Option<Question<'_>> {
        let lines: Vec<&str> = self.after.split_inclusive('\n').collect();
        let line = lines[i_line].trim_end();
        let content = line.trim_start();
        let (n_bytes, _) = content.char_indices().nth(n_typed)?;
        let (head, rest) = line.split_at(line.len() - content.len() + n_bytes);

        let mut text = lines[..i_line].concat();
        text.push_str(head);
        let offset = text.len();
        text.push('\n');
        let old: Vec<&str> = self.before.as_deref().unwrap_or_default().split_inclusive('\n').collect();
        text.push_str(&old[hunk.old[1].min(old.len())..].concat());

        let below = lines[i_line + 1..hunk.new[1]].iter().map(|line| line.trim_end());
        let path: Arc<Path> = Arc::from(Path::new(&self.path));
        let document = Snapshot {
            id: DocumentId(format!("question:{id}").into()),
            language: Language::from_path(&path),
            path: Some(path),
            version: 1,
            text: Text::new(&text),
            tree: None,
            clearance: Clearance::Cleared,
        };
        Some(Question { n_typed, document, offset, answer: std::iter::once(rest).chain(below).collect() })
    }
}

fn read_edits(path: &Path) -> Result<Vec<Edit>> {
    let mut unzip = Command::new("gzip").arg("-dc").arg(path).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(unzip.stdout.take().context("gzip says nothing")?).lines();
    let edits: Result<Vec<Edit>> = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect();
    ensure!(unzip.wait()?.success(), "{}: gzip cannot unpack it", path.display());
    edits
}

fn index(root: &Path) -> Index {
    let mut builder = Builder::default();
    let mut paths: Vec<PathBuf> = ignore::Walk::new(root).filter_map(|entry| Some(entry.ok()?.into_path())).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let (Ok(text), Ok(name)) = (std::fs::read_to_string(path), path.strip_prefix(root)) else { continue };
        if text.len() < 1 << 20 {
            builder.add(Arc::from(name), Language::from_path(path), &text);
        }
    }
    builder.finish()
}
