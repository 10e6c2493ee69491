//! What of a text is code, and which names it takes from elsewhere.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use foretype::syntax::{Language, Place, Tree};
use foretype::text::Text;
use regex::Regex;

use crate::edits::Files;
use crate::hole::{Hole, Kind};

/// Shorter ones stand everywhere.
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\p{L}_][\p{L}\p{N}_]{2,}").expect("a valid pattern"));

/// A file's text, parsed.
pub struct Code<'a> {
    text: &'a str,
    rope: Text,
    tree: Option<Tree>,
    language: Option<Language>,
}

impl<'a> Code<'a> {
    pub fn new(text: &'a str, language: Option<Language>) -> Code<'a> {
        let rope = Text::new(text);
        let tree = language.and_then(|language| Tree::parse(&rope, language, None, &mut || false).ok());
        Code { text, rope, tree, language }
    }

    /// Whether the line that starts at `start` is neither a comment nor inside of a string, such as a docstring.
    pub fn is_code(&self, start: usize) -> bool {
        let line = self.text[start..].lines().next().unwrap_or_default();
        let content = line.trim_start();
        let is_comment = self.language.and_then(Language::line_comment).is_some_and(|mark| content.starts_with(mark));
        let is_prose = content.starts_with("/*") || content.starts_with(r#"""""#);
        !is_comment && !is_prose && self.place(start + line.len() - content.len()) == Place::Code
    }

    /// What has to be known to write `added`, a part of this text, in the hole, with these files around it.
    pub fn kind(&self, added: &Range<usize>, hole: &Hole, files: &Files) -> Kind {
        let here: HashSet<&str> = [&hole.before, &hole.after].into_iter().flat_map(|text| names(text)).collect();
        let is_of_code = |name: &str, at: usize| self.place(added.start + at + name.len() / 2) == Place::Code;
        let found = NAME.find_iter(&self.text[added.clone()]);
        let mut new = found.filter(|name| is_of_code(name.as_str(), name.start())).map(|name| name.as_str());
        let is_elsewhere = |name: &str| {
            let others = files.iter().filter(|(path, _)| **path != hole.path);
            let mut same = others.filter(|(path, _)| Language::from_path(path) == self.language);
            same.any(|(_, text)| text.contains(name) && names(text).any(|other| other == name))
        };
        if new.any(|name| !here.contains(name) && is_elsewhere(name)) { Kind::CrossFile } else { Kind::InFile }
    }

    fn place(&self, offset: usize) -> Place {
        self.tree.as_ref().map_or(Place::Code, |tree| tree.place(&self.rope, offset))
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    NAME.find_iter(text).map(|found| found.as_str())
}
