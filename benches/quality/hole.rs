//! Holes in code: where text is missing, what stands around it, and the questions that are made of it.

use std::path::Path;
use std::sync::Arc;

use foretype::document::{Clearance, DocumentId, Edited, Snapshot};
use foretype::syntax::Language;
use foretype::text::Text;
use serde::{Deserialize, Serialize};

/// A place where text is missing, and all that an editor would know there.
pub struct Hole {
    /// Unique in its set.
    pub id: String,
    /// Empty for a file that stands alone.
    pub repository: String,
    pub path: Arc<Path>,
    pub kind: Kind,
    /// The text above, and the hole's line up to it, with the indentation where the whole line is missing.
    pub before: String,
    pub missing: String,
    pub after: String,
    /// The files that were changed just before, as they were left, and where.
    pub others: Arc<[Snapshot]>,
    /// Places in `before` that were changed just before, later than those of `others`.
    pub edited: Arc<[Edited]>,
}

/// What has to be known to fill a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A name that stands in other files of the language, and not in this one.
    CrossFile,
    InFile,
}

/// What comes at `offset` of `document`?
pub struct Question<'a> {
    pub hole: &'a Hole,
    /// Characters of what is missing that are typed.
    pub n_typed: usize,
    /// The same document for every question of a hole; not parsed.
    pub document: Snapshot,
    pub offset: usize,
    /// The typed part of the answer, and the rest.
    pub typed: &'a str,
    pub answer: &'a str,
}

impl Hole {
    /// The questions after so many typed characters, each as the key after the one before it.
    pub fn questions<'a>(&'a self, typed: &'a [usize]) -> impl Iterator<Item = Question<'a>> {
        typed.iter().enumerate().filter_map(|(version, n_typed)| self.question(*n_typed, version as i32))
    }

    /// Whether there is a question after so many characters: something of the line must be left.
    pub fn asks_after(&self, n_typed: usize) -> bool {
        self.n_bytes(n_typed).is_some()
    }

    fn n_bytes(&self, n_typed: usize) -> Option<usize> {
        let line = self.missing.split('\n').next().unwrap_or_default();
        if n_typed == 0 { Some(0) } else { line.char_indices().nth(n_typed).map(|(at, _)| at) }
    }

    fn question(&self, n_typed: usize, version: i32) -> Option<Question<'_>> {
        let n_bytes = self.n_bytes(n_typed)?;
        let (typed, answer) = self.missing.split_at(n_bytes);
        let text = Text::new(&[&self.before, typed, &self.after].concat());
        let language = Language::from_path(&self.path);
        let document = Snapshot {
            id: DocumentId(self.id.as_str().into()),
            path: Some(self.path.clone()),
            language,
            version,
            text,
            tree: None,
            clearance: Clearance::Cleared,
            edited: self.edited.clone(),
        };
        let offset = self.before.len() + n_bytes;
        Some(Question { hole: self, n_typed, document, offset, typed, answer })
    }

    /// 1-based.
    pub fn line(&self) -> usize {
        self.before.matches('\n').count() + 1
    }
}
