//! What is asked of a provider, before any provider's format: text windows, files, limits.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::prompt::{ContextFile, Family, Format, Parts, Piece};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    pub repository: String,
    /// From the project's folder.
    pub path: Arc<str>,
    /// The protocol's identifier, for those who are asked in words.
    pub language: Option<&'static str>,
    pub files: Vec<ContextFile>,
    pub prefix: String,
    pub suffix: String,
    pub max_tokens: usize,
    pub max_lines: usize,
    /// Text stands right of the cursor: only the rest of its line is wanted.
    pub is_one_line: bool,
}

/// Where the hole is, for those who are asked in words.
const HOLE: &str = "<|hole|>";

/// Tokens of a prompt that are none of its text: markers, or the instruction in words.
const MAX_MARKERS: u64 = 200;

/// Code takes so many bytes a token, in vocabularies of 50,000 to 150,000 tokens.
const BYTES_PER_TOKEN: f32 = 3.3;

impl Question {
    /// What a provider is asked when it is to show that it works: nobody's text.
    pub fn probe() -> Question {
        let (prefix, max_lines) = ("fn main() {\n    println!(".to_string(), 1);
        Question { prefix, suffix: "\n}\n".to_string(), max_tokens: 1, max_lines, ..Question::default() }
    }

    /// Texts that end the answer at the provider's already.
    pub fn stops(&self) -> Vec<&'static str> {
        if self.is_one_line { vec!["\n"] } else { Vec::new() }
    }

    /// With a family's markers. Which pieces are markers is lost in a text: see [`Question::holds_marker`].
    pub fn rendered(&self, family: Family) -> String {
        let prompt = Format::Fim(family).render(&Parts {
            repository: &self.repository,
            path: &self.path,
            files: &self.files,
            prefix: &self.prefix,
            suffix: &self.suffix,
            typed: "",
        });
        let texts = prompt.pieces.iter().map(|piece| match piece {
            // Its server adds this one itself.
            Piece::Special(token) if family.begins_with(token) => "",
            Piece::Special(token) => *token,
            Piece::Text(text) => text.as_str(),
        });
        texts.collect()
    }

    /// A marker of the family that stands in the text: a server would take it for the real one.
    pub fn holds_marker(&self, family: Family) -> Option<&'static str> {
        let texts = || self.files.iter().map(|file| &file.text).chain([&self.prefix, &self.suffix]);
        family.ends().into_iter().find(|marker| texts().any(|text| text.contains(marker)))
    }

    /// The other files, each under its path, and this one's path; empty without other files.
    pub fn headed(&self, before_path: &str, after_file: &str) -> String {
        let mut text = String::new();
        for ContextFile { path, text: file } in &self.files {
            text.extend([before_path, path, "\n", file, after_file]);
        }
        if !self.files.is_empty() {
            text.extend([before_path, &self.path, "\n"]);
        }
        text
    }

    pub fn instruction(&self) -> String {
        let lines = match (self.is_one_line, self.max_lines) {
            (true, _) | (_, ..=1) => "It ends before the next line break.".to_string(),
            (false, most) => format!("Mostly that is the rest of the line; never more than {most} lines."),
        };
        format!(
            "You fill holes in source code. The user shows a file in which {HOLE} stands where the cursor is. Answer \
             with exactly the text that belongs in its place, beginning with the very next character, and with nothing \
             else: no explanation, no code fence, nothing of what stands before or after the hole. {lines}"
        )
    }

    pub fn in_words(&self) -> String {
        let Question { path, prefix, suffix, files, .. } = self;
        let mut text = String::new();
        for ContextFile { path, text: file } in files {
            text.extend(["Part of ", path, ":\n", file, "\n\n"]);
        }
        let language = self.language.map_or(String::new(), |language| format!(" ({language})"));
        let name = if path.is_empty() { "The file" } else { path };
        text + &format!("{name}{language}:\n{prefix}{HOLE}{suffix}")
    }

    /// The cursor's line, left of the cursor.
    pub fn line_before(&self) -> &str {
        &self.prefix[self.prefix.rfind('\n').map_or(0, |at| at + 1)..]
    }

    /// Tokens of the prompt, by experience.
    pub fn n_prompt(&self) -> u64 {
        n_tokens(self.n_bytes())
    }

    /// No vocabulary of today needs more for code: a budget must hold whatever the provider counts.
    pub fn most_prompt(&self) -> u64 {
        MAX_MARKERS + (self.n_bytes() / 2) as u64
    }

    fn n_bytes(&self) -> usize {
        let files: usize = self.files.iter().map(|file| file.text.len() + file.path.len()).sum();
        files + self.prefix.len() + self.suffix.len()
    }

    /// For load balancers: the same for all questions about a document of a session, and telling nothing of either.
    pub fn affinity(&self, session: u64) -> String {
        let mut hasher = DefaultHasher::new();
        (session, &self.repository, &self.path).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

/// By experience.
pub fn n_tokens(n_bytes: usize) -> u64 {
    (n_bytes as f32 / BYTES_PER_TOKEN).ceil() as u64
}
