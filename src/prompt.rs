//! What a model is shown: the text around a cursor, laid out for reuse and written in its family's own format.
//!
//! `layout` chooses the text and splits it at an anchor that stands still while somebody types, `budget` says how much
//! of it, `fim` knows the families' tokens and their order, `hole` reads their prompts back. Names of tokens only: must
//! not know tokenizers, tensors or engines. Read [`plan`] first.

mod budget;
mod fim;
mod hole;
mod layout;

pub use budget::Budget;
pub use fim::Family;
pub use hole::Hole;
pub use layout::{Anchor, Healing, Layout, Place, Plan, heal, plan};

/// A prompt in pieces, so that no text can pass for a special token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One token, by its text in the vocabulary.
    Special(&'static str),
    /// To be tokenized as it is, never parsed for special tokens, and with no blank put before it: where a published
    /// format has that blank, it is in the text.
    Text(String),
}

/// A part of another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFile {
    /// Relative to the project, with `/`.
    pub path: String,
    pub text: String,
}

/// What a prompt is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The project's name; shown where there are other files and the family states it.
    pub repository: &'a str,
    /// Path of the current file, like [`ContextFile::path`]; shown where there are other files, and always to a family
    /// that wants it always.
    pub path: &'a str,
    /// What changes least comes first, for then most of the prompt stays as it was.
    pub files: &'a [ContextFile],
    pub prefix: &'a str,
    pub suffix: &'a str,
    /// What stands after the middle token: the start of the answer.
    pub typed: &'a str,
}

/// How a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// To fill in the middle.
    Fim(Family),
    /// To go on: for a model that knows no suffix.
    Plain,
}

impl Format {
    /// [`Family::detect`], and [`Format::Plain`] where it finds none.
    pub fn detect(has_token: &dyn Fn(&str) -> bool, architecture: &str, name: &str) -> Format {
        Family::detect(has_token, architecture, name).map_or(Format::Plain, Format::Fim)
    }

    pub fn render(self, parts: &Parts) -> Prompt {
        match self {
            Format::Fim(family) => family.render(parts),
            Format::Plain => {
                let mut prompt = Prompt::default();
                prompt.text(headed(parts, "# ", "\n") + parts.prefix + parts.typed);
                prompt
            }
        }
    }
}

impl Prompt {
    fn special(&mut self, token: &'static str) {
        self.pieces.push(Piece::Special(token));
    }

    fn text(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.pieces.push(Piece::Text(text));
        }
    }
}

/// The other files as text, each under its path, and the current file's path; empty without other files.
fn headed(parts: &Parts, before_path: &str, after_file: &str) -> String {
    let mut text = String::new();
    for ContextFile { path, text: file } in parts.files {
        text.extend([before_path, path, "\n", file, after_file]);
    }
    if !parts.files.is_empty() {
        text.extend([before_path, parts.path, "\n"]);
    }
    text
}
