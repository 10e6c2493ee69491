//! The language table: one line a language.

use std::path::Path;

/// One language that foretype knows. Equality is identity.
#[derive(Clone, Copy)]
pub struct Language(&'static Definition);

struct Definition {
    /// The protocol's language identifier, also the folder under `grammars/`.
    id: &'static str,
}

impl Language {
    /// By the protocol's `languageId` (aliases like `javascriptreact` or `shellscript` included).
    pub fn from_id(_id: &str) -> Option<Language> {
        todo!()
    }

    /// By file name or extension.
    pub fn from_path(_path: &Path) -> Option<Language> {
        todo!()
    }

    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What opens a comment to the end of the line, such as `//` or `#`.
    pub fn line_comment(self) -> Option<&'static str> {
        todo!()
    }

    /// Whether indentation alone delimits blocks (Python, YAML).
    pub fn is_indented(self) -> bool {
        todo!()
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Language) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Language {}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}
