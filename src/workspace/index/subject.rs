//! What a file is about, by its name: a test and what it tests are about the same.
//!
//! `parse.rs` and `tests/parse.rs`, `parse.go` and `parse_test.go`, `parse.py` and `test_parse.py`, `parse.ts` and
//! `parse.test.ts`, `Parse.java` and `ParseTest.java`, `parse.rb` and `parse_spec.rb`.

use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// In lower case.
    pub name: String,
    pub is_test: bool,
}

/// Names of folders that hold tests.
const FOLDERS: [&str; 6] = ["test", "tests", "spec", "specs", "__tests__", "testing"];

const PREFIXES: [&str; 1] = ["test_"];
const SUFFIXES: [&str; 10] =
    ["_test", "_tests", "_spec", ".test", ".tests", ".spec", "-test", "-tests", "-spec", "_unittest"];
/// Only behind a lower-case letter or a digit, where a word ends: `ParseTest`, and not `Latest`.
const WORDS: [&str; 5] = ["Test", "Tests", "Spec", "TestCase", "IT"];

/// Names that stand for their folder's, and those that say nothing.
const OF_FOLDER: [&str; 3] = ["mod", "index", "__init__"];
const NAMELESS: [&str; 3] = ["", "lib", "main"];

impl Subject {
    /// Of a path from the project's folder. `None` for a name that says nothing.
    pub fn of(path: &Path) -> Option<Subject> {
        let stem = path.file_stem()?.to_str()?;
        let marked = PREFIXES.iter().find_map(|mark| stem.strip_prefix(mark));
        let marked = marked.or_else(|| SUFFIXES.iter().find_map(|mark| stem.strip_suffix(mark)));
        let marked = marked.or_else(|| WORDS.iter().find_map(|word| before_word(stem, word)));
        let folders = || path.parent().into_iter().flatten().rev().filter_map(|folder| folder.to_str());
        let name = marked.unwrap_or(stem);
        let name = if OF_FOLDER.contains(&name) { folders().next()? } else { name };
        let is_test = marked.is_some() || folders().any(|folder| FOLDERS.contains(&folder));
        (!NAMELESS.contains(&name)).then(|| Subject { name: name.to_lowercase(), is_test })
    }
}

fn before_word<'a>(stem: &'a str, word: &str) -> Option<&'a str> {
    let ends_a_word = |name: &&str| name.ends_with(|c: char| c.is_lowercase() || c.is_ascii_digit());
    stem.strip_suffix(word).filter(ends_a_word)
}
