//! Makes a question of each problem.

use std::path::Path;

use anyhow::Result;

use crate::problems::{self, Problem, SAFIM_API, SINGLE_LINE};

/// How much of a hole is typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// The hole as it is in the data, without even the indentation.
    Nothing,
    /// The indentation and so many characters.
    Characters(usize),
}

/// What stands after a missing line.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suffix {
    /// The start of the next line, as in the data.
    Bare,
    /// The line break, as in an editor.
    Break,
}

/// What comes at `offset` of `text`?
pub struct Question<'a> {
    pub text: String,
    pub offset: usize,
    /// The rest of the line, without blanks at its end.
    pub answer: &'a str,
}

impl<'a> Question<'a> {
    /// `None` where nothing is left to ask for.
    pub fn new(problem: &'a Problem, typed: Typed, suffix: Suffix) -> Option<Question<'a>> {
        let line = problem.hole.trim_end();
        let (head, answer) = line.split_at(typed.n_bytes(line)?);
        let text = format!("{}{head}", problem.before);
        let offset = text.len();
        let line_break = if suffix == Suffix::Break && problem.hole.ends_with('\n') { "\n" } else { "" };
        Some(Question { text: text + line_break + &problem.after, offset, answer })
    }
}

impl Typed {
    fn n_bytes(self, line: &str) -> Option<usize> {
        let Typed::Characters(n) = self else { return (!line.is_empty()).then_some(0) };
        let content = line.trim_start();
        let (n_bytes, _) = content.char_indices().nth(n)?;
        Some(line.len() - content.len() + n_bytes)
    }
}

/// All problems of a folder; none where it holds neither the single lines nor SAFIM's calls.
pub fn read(data: &Path) -> Result<Vec<Problem>> {
    let path = [SINGLE_LINE, SAFIM_API].map(|name| data.join(name)).into_iter().find(|path| path.exists());
    path.map_or(Ok(Vec::new()), |path| problems::read(&path))
}

/// `n` of all, evenly spread; all where there are fewer.
pub fn spread<T>(all: Vec<T>, n: usize) -> Vec<T> {
    let (n_all, n) = (all.len(), n.min(all.len()));
    let is_taken = |i: usize| i * n / n_all != (i + 1) * n / n_all;
    all.into_iter().enumerate().filter_map(|(i, item)| is_taken(i).then_some(item)).collect()
}
