//! What came of a question, and the file of answers that a run goes on from.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use foretype::engine::Cost;
use serde::{Deserialize, Serialize};

use crate::hole::{Hole, Kind};

#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    /// Set, engine, model and context, for people.
    pub run: String,
    /// The hole's.
    pub id: String,
    pub repository: String,
    pub path: String,
    pub language: String,
    /// 1-based.
    pub line: usize,
    pub n_typed: usize,
    pub kind: Kind,
    /// What stood there of the missing text.
    pub typed: String,
    pub right: String,
    pub shown: Option<String>,
    /// Of the best that the engine said, shown or not.
    pub confidence: Option<f32>,
    /// Absent where the engine was silent.
    pub tokens: Option<Tokens>,
    pub ms: f64,
}

/// As [`Cost`].
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Tokens {
    pub prompt: usize,
    pub reused: usize,
    pub evaluated: usize,
    pub said: usize,
}

/// The answers of a run, with those of the file that it goes on from.
pub struct Answers {
    file: Option<File>,
    known: HashMap<(String, usize), Record>,
    pub records: Vec<Record>,
}

impl Record {
    /// Whether the first line, and any breaks before it, are what was missing.
    pub fn is_right(&self) -> bool {
        let n_lines = 1 + self.right.split('\n').take_while(|line| line.trim().is_empty()).count();
        self.n_right() >= n_lines.min(self.right.split('\n').count())
    }

    pub fn is_whole_right(&self) -> bool {
        let trimmed =
            |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_string();
        self.shown.as_deref().is_some_and(|shown| trimmed(shown) == trimmed(&self.right))
    }

    /// Lines that are shown.
    pub fn n_shown(&self) -> usize {
        self.shown.as_deref().map_or(0, |shown| shown.lines().count())
    }

    /// Of these, those before the first wrong one.
    pub fn n_right(&self) -> usize {
        let lines = self.shown.as_deref().unwrap_or_default().lines().zip(self.right.split('\n'));
        lines.take_while(|(shown, right)| shown.trim_end() == right.trim_end()).count()
    }

    /// 1 for what was missing, 0 for something else altogether or nothing: the Levenshtein distance over the length.
    pub fn similarity(&self) -> f64 {
        self.shown
            .as_deref()
            .map_or(0.0, |shown| strsim::normalized_levenshtein(shown.trim_end(), self.right.trim_end()))
    }
}

impl From<Cost> for Tokens {
    fn from(cost: Cost) -> Tokens {
        Tokens { prompt: cost.n_prompt, reused: cost.n_reused, evaluated: cost.n_before_first, said: cost.n_said }
    }
}

impl Answers {
    /// Goes on from the file, if it is there; it must be of the same run.
    pub fn open(path: Option<&Path>, run: &str) -> Result<Answers> {
        let (mut file, mut known) = (None, HashMap::new());
        if let Some(path) = path {
            for record in if path.exists() { read(path)? } else { Vec::new() } {
                ensure!(
                    record.run == run,
                    "{}: holds answers of another run ({}); name another",
                    path.display(),
                    record.run
                );
                known.insert((record.id.clone(), record.n_typed), record);
            }
            let opened = OpenOptions::new().create(true).append(true).open(path);
            file = Some(opened.with_context(|| format!("{} cannot be written", path.display()))?);
        }
        Ok(Answers { file, known, records: Vec::new() })
    }

    /// Takes over what the file holds of a hole. False when that is not all: then the hole is asked from its first key,
    /// for what a key costs depends on the one before.
    pub fn recall(&mut self, hole: &Hole, typed: &[usize]) -> bool {
        let asked = typed.iter().filter(|n_typed| hole.asks_after(**n_typed));
        let known = asked.map(|n_typed| self.known.get(&(hole.id.clone(), *n_typed)).cloned());
        let Some(known) = known.collect::<Option<Vec<Record>>>() else { return false };
        self.records.extend(known);
        true
    }

    pub fn add(&mut self, record: Record) -> Result<()> {
        let is_new = !self.known.contains_key(&(record.id.clone(), record.n_typed));
        if let Some(file) = self.file.as_mut().filter(|_| is_new) {
            file.write_all(format!("{}\n", serde_json::to_string(&record)?).as_bytes())?;
        }
        self.records.push(record);
        Ok(())
    }
}

/// All answers of a file.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let parsed = text.lines().enumerate().map(|(i, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: this is no answer", path.display(), i + 1))
    });
    parsed.collect()
}
