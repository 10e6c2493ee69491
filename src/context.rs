//! What else a model should see: parts of the project that tell about the place of the cursor.
//!
//! [`gather`] finds [`Piece`]s, each with a reason and a score; [`choose`] takes what fits a budget. All of it is looked up
//! in memory: the documents, the symbol index and the n-gram index. Must not know prompts, models or tokens.

mod choose;
mod definitions;
mod edits;
mod similar;
mod words;

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::document::Snapshot;
use crate::syntax::Language;
use crate::workspace::Project;

pub use choose::{Considered, choose, files};

/// A part of some file.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    pub kind: Kind,
    /// From the project's folder, with `/`.
    pub path: Arc<str>,
    pub text: String,
    /// 0 to 1, comparable within a kind.
    pub score: f32,
    /// For `why`: names and numbers, no text.
    pub reason: String,
}

/// What was found, and the names that go with it.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// The project's name.
    pub repository: String,
    /// The document's, like a piece's.
    pub path: Arc<str>,
    /// In no particular order.
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Definitions of what the document imports and what is named near the cursor.
    Definitions,
    /// Windows of other files that read like the lines above the cursor.
    Similar,
    /// What was changed lately, in this document and in the other open ones.
    Edits,
}

/// Bytes on either side of the cursor that are looked at for words: a minified file is one line.
const MAX_AROUND: usize = 8 << 10;

/// Where something is to be written.
#[derive(Clone)]
pub struct Place<'a> {
    pub document: &'a Snapshot,
    /// The other open documents.
    pub others: &'a [Snapshot],
    /// Bytes.
    pub offset: usize,
    /// Where the part of the document starts and ends that the prompt shows anyway, bytes.
    pub shown: Range<usize>,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub definitions: bool,
    pub similar: bool,
    pub edits: bool,
}

impl Default for Options {
    /// What paid where it was measured (`benches/context.md`).
    fn default() -> Options {
        Options { edits: true, ..Options::NONE }
    }
}

impl Options {
    pub const ALL: Options = Options { definitions: true, similar: true, edits: true };
    pub const NONE: Options = Options { definitions: false, similar: false, edits: false };

    /// Whether the text of other files is looked at, be it saved or not.
    pub fn needs_files(&self) -> bool {
        self.definitions || self.similar
    }

    pub fn slot(&mut self, kind: Kind) -> &mut bool {
        match kind {
            Kind::Definitions => &mut self.definitions,
            Kind::Similar => &mut self.similar,
            Kind::Edits => &mut self.edits,
        }
    }
}

/// Reads `none`, `all`, or kinds by their names with commas between.
impl FromStr for Options {
    type Err = String;

    fn from_str(text: &str) -> Result<Options, String> {
        let mut options = Options::NONE;
        match text {
            "none" => return Ok(options),
            "all" => return Ok(Options::ALL),
            _ => {}
        }
        for name in text.split(',').map(str::trim) {
            let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
            let known = || Kind::ALL.map(Kind::name).join(", ");
            *options.slot(kind.ok_or_else(|| format!("`{name}` is none of none, all, {}", known()))?) = true;
        }
        Ok(options)
    }
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Definitions, Kind::Similar, Kind::Edits];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Definitions => "definitions",
            Kind::Similar => "similar",
            Kind::Edits => "edits",
        }
    }
}

/// Everything that may help at `place`.
pub fn gather(place: &Place, project: &Project, options: &Options) -> Gathered {
    let path = place.document.path.as_deref().map(|path| project.path_within(path)).unwrap_or_default().into();
    let mut pieces = Vec::new();
    if options.definitions {
        definitions::find(place, project, &mut pieces);
    }
    if options.edits {
        edits::find(place, project, &mut pieces);
    }
    if options.similar {
        similar::find(place, project, &mut pieces);
    }
    Gathered { repository: project.name(), path, pieces }
}

/// Whether what one language defines can be used in another.
fn speaks_like(ours: Option<Language>, theirs: Option<Language>) -> bool {
    let family = |language: Language| match language.id() {
        "typescript" | "typescriptreact" => "javascript",
        "cpp" => "c",
        id => id,
    };
    ours.map(family) == theirs.map(family)
}

impl Place<'_> {
    fn speaks(&self, theirs: Option<Language>) -> bool {
        speaks_like(self.document.language, theirs)
    }

    /// What the prompt shows of the document.
    fn shown_text(&self) -> String {
        self.document.text.slice(self.shown.clone()).into_owned()
    }

    /// Some lines above the cursor's, the cursor's up to the cursor, and some below; of long lines, what is near.
    fn lines_around(&self, above: usize, below: usize) -> (String, String) {
        let text = &self.document.text;
        let line = text.line_of(self.offset);
        let start = text.line_range(line.saturating_sub(above)).start.max(self.offset.saturating_sub(MAX_AROUND));
        let end = text.line_range((line + below).min(text.n_lines().saturating_sub(1))).end;
        let end = end.clamp(self.offset, self.offset + MAX_AROUND);
        let slice =
            |start, end| text.slice(text.floor_char_boundary(start)..text.floor_char_boundary(end)).into_owned();
        (slice(start, self.offset), slice(self.offset, end))
    }
}
