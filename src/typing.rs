//! Typing as JSON lines: what `foretype lsp --record` writes and `foretype replay` reads, for anyone to produce.
//!
//! A file opens with its document; it may open more of them later, or the same one anew:
//!
//! ```json
//! {"open": {"path": "src/a.rs", "language": "rust", "text": "fn main() {}\n"}}
//! {"t_ms": 120, "path": "src/a.rs", "edits": [{"offset": 11, "delete": 0, "insert": "x"}]}
//! ```
//!
//! Times count from the first line and never fall. Offsets and lengths are **bytes** of UTF-8; the edits of a line
//! apply one after the other, each to the text that the one before has left. Knows no files and no threads.

use serde::{Deserialize, Serialize};

/// One line of a recording. It has either `open`, or `path` and `edits`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    #[serde(default)]
    pub t_ms: u64,
    /// Of the document that is edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
}

/// A document as it is when it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub path: String,
    /// The protocol's language identifier.
    pub language: String,
    pub text: String,
}

/// Text that is replaced by other text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Bytes.
    pub offset: usize,
    /// Bytes.
    pub delete: usize,
    pub insert: String,
}

/// What a line says, once it is known to say one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Open(Open),
    Edited { path: String, edits: Vec<Edit> },
}

impl Said {
    /// Of the document that is spoken of.
    pub fn path(&self) -> &str {
        match self {
            Said::Open(open) => &open.path,
            Said::Edited { path, .. } => path,
        }
    }
}

impl Line {
    pub fn new(t_ms: u64, said: Said) -> Line {
        let line = Line { t_ms, ..Line::default() };
        match said {
            Said::Open(open) => Line { open: Some(open), ..line },
            Said::Edited { path, edits } => Line { path: Some(path), edits, ..line },
        }
    }

    /// Reads one line; an error says what is wrong with it.
    pub fn parse(line: &str) -> Result<(u64, Said), String> {
        let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let said = match line {
            Line { open: Some(open), path: None, edits, .. } if edits.is_empty() => Said::Open(open),
            Line { open: None, path: Some(path), edits, .. } => Said::Edited { path, edits },
            _ => return Err("a line has either `open`, or `path` and `edits`".to_string()),
        };
        Ok((line.t_ms, said))
    }

    /// Without the line break.
    pub fn to_json(&self) -> String {
        // Strings and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Edit {
    /// Where the inserted text ends.
    pub fn end(&self) -> usize {
        self.offset + self.insert.len()
    }
}
