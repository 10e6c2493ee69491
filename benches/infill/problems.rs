//! Reads code with a hole, and makes a question of each hole.
//!
//! Two sets are known by the names of their files: the single lines of HumanEval-Infilling (Python), and the calls of
//! SAFIM's `api` part (Python, Java, C++, C#), of which those that go over several lines are left out.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;

pub struct Problem {
    pub name: String,
    before: String,
    /// What is missing, with the line break at its end where that is missing too.
    hole: String,
    after: String,
}

/// How much of a hole is typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// The hole as it is in the data, without even the indentation.
    Nothing,
    /// The indentation and so many characters.
    Characters(usize),
}

/// What stands after a missing line.
#[derive(Clone, Copy, PartialEq, Eq)]
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

#[derive(Deserialize)]
struct HumanEval {
    task_id: String,
    prompt: String,
    suffix: String,
    canonical_solution: String,
}

#[derive(Deserialize)]
struct Safim {
    lang: String,
    task_id: String,
    eval_prompt: String,
    ground_truth: String,
}

const HUMAN_EVAL: &str = "HumanEval-SingleLineInfilling.jsonl.gz";
const SAFIM: &str = "api_completion.jsonl.gz";
/// Stands in a text of SAFIM where the hole is.
const HOLE: &str = "{{completion}}";

impl Problem {
    /// All problems of a folder; none where it holds neither set.
    pub fn read(data: &Path) -> Result<Vec<Problem>> {
        let (human_eval, safim) = (data.join(HUMAN_EVAL), data.join(SAFIM));
        match (human_eval.exists(), safim.exists()) {
            (true, _) => read_lines(&human_eval, |line| Ok(Some(serde_json::from_str::<HumanEval>(line)?.into()))),
            (_, true) => read_lines(&safim, |line| serde_json::from_str::<Safim>(line)?.problem()),
            _ => Ok(Vec::new()),
        }
    }

    /// `None` where nothing is left to ask for.
    pub fn question(&self, typed: Typed, suffix: Suffix) -> Option<Question<'_>> {
        let line = self.hole.trim_end();
        let (head, answer) = line.split_at(typed.n_bytes(line)?);
        let text = format!("{}{head}", self.before);
        let offset = text.len();
        let line_break = if suffix == Suffix::Break && self.hole.ends_with('\n') { "\n" } else { "" };
        Some(Question { text: text + line_break + &self.after, offset, answer })
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

impl From<HumanEval> for Problem {
    fn from(given: HumanEval) -> Problem {
        let HumanEval { task_id: name, prompt: before, suffix: after, canonical_solution: hole } = given;
        Problem { name, before, hole, after }
    }
}

impl Safim {
    fn problem(self) -> Result<Option<Problem>> {
        let Safim { lang, task_id, eval_prompt, ground_truth: hole } = self;
        let (before, after) = eval_prompt.split_once(HOLE).with_context(|| format!("{task_id} has no hole"))?;
        let is_line = !hole.trim_end().contains('\n');
        let name = format!("{lang} {task_id}");
        Ok(is_line.then(|| Problem { name, before: before.into(), hole, after: after.into() }))
    }
}

/// `n` of all, evenly spread; all where there are fewer.
pub fn spread<T>(all: Vec<T>, n: usize) -> Vec<T> {
    let (n_all, n) = (all.len(), n.min(all.len()));
    let is_taken = |i: usize| i * n / n_all != (i + 1) * n / n_all;
    all.into_iter().enumerate().filter_map(|(i, item)| is_taken(i).then_some(item)).collect()
}

fn read_lines(path: &Path, problem: impl Fn(&str) -> Result<Option<Problem>>) -> Result<Vec<Problem>> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.filter_map(|line| line.map_err(Into::into).and_then(|line| problem(&line)).transpose()).collect()
}
