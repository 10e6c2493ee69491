//! What was shown, what of it was right, and what it saved.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;

use super::scene::Scene;
use super::typist::Typist;
use crate::cli::output::{Output, Style};

#[derive(Default)]
pub struct Tally {
    /// Different suggestions; one that is typed along counts once.
    pub n_shown: usize,
    /// Those whose first line was exactly what came.
    pub n_right: usize,
    /// Keys that the text takes in an editor that indents by itself.
    pub n_needed: usize,
    pub n_pressed: usize,
    /// How long each answer took, the silent ones included.
    pub answers: Vec<Duration>,
    pub examples: Vec<Example>,
    /// By name, in the order in which they were asked first.
    pub engines: Vec<(&'static str, EngineTally)>,
    /// Where the last suggestion began, and its text.
    last: Option<(usize, String)>,
}

/// One engine's part in it.
#[derive(Default)]
pub struct EngineTally {
    pub n_shown: usize,
    pub n_right: usize,
    pub answers: Vec<Duration>,
}

/// One suggestion that was taken.
pub struct Example {
    /// 1-based.
    pub line: usize,
    /// What stood in the line.
    pub before: String,
    pub taken: String,
}

impl Example {
    fn whole_line(&self) -> String {
        format!("{}{}", self.before, self.taken)
    }
}

const N_EXAMPLES: usize = 8;

impl Tally {
    pub fn engine(&mut self, name: &'static str) -> &mut EngineTally {
        let i = self.engines.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.engines.push((name, EngineTally::default()));
            self.engines.len() - 1
        });
        &mut self.engines[i].1
    }

    pub fn count_shown(&mut self, source: &'static str, at: usize, ghost: &str, is_right: bool) {
        let is_same =
            |(start, text): &(usize, String)| at.checked_sub(*start).and_then(|n| text.get(n..)) == Some(ghost);
        if self.last.as_ref().is_some_and(is_same) {
            return;
        }
        self.last = Some((at, ghost.to_string()));
        self.n_shown += 1;
        self.n_right += usize::from(is_right);
        if let Some((_, engine)) = self.engines.iter_mut().find(|(name, _)| *name == source) {
            engine.n_shown += 1;
            engine.n_right += usize::from(is_right);
        }
    }

    pub fn n_saved(&self) -> usize {
        self.n_needed.saturating_sub(self.n_pressed)
    }
}

/// The answer time that so many of 100 answers keep.
pub fn percentile(answers: &[Duration], percent: usize) -> Duration {
    let mut answers = answers.to_vec();
    answers.sort_unstable();
    let rank = (answers.len() * percent).div_ceil(100).saturating_sub(1);
    answers.get(rank).copied().unwrap_or_default()
}

/// The longest of what was taken, each once, in the order of the file.
pub fn print_examples(tally: &Tally, output: &mut Output) -> Result<()> {
    let mut best: Vec<&Example> = tally.examples.iter().collect();
    best.sort_by_key(|example| std::cmp::Reverse(example.taken.len()));
    let mut lines = HashSet::new();
    best.retain(|example| lines.insert(example.whole_line()));
    best.truncate(N_EXAMPLES);
    best.sort_by_key(|example| example.line);
    for Example { line, before, taken } in &best {
        let mut lines = taken.lines();
        let taken = output.paint(Style::Good, lines.next().unwrap_or_default());
        let number = output.paint(Style::Dim, &format!("{line:>5}"));
        let more = match lines.count() {
            0 => String::new(),
            n => output.paint(Style::Dim, &format!(" … and {n} more lines")),
        };
        writeln!(output, "{number}  {before}{}{taken}{more}", output.paint(Style::Dim, "▸"))?;
    }
    if !best.is_empty() {
        writeln!(output, "{}\n", output.paint(Style::Dim, "       typed ▸ suggested"))?;
    }
    Ok(())
}

pub fn print(typist: &Typist, scene: &Scene, output: &mut Output) -> Result<()> {
    let tally = &typist.tally;
    let (first, last) = (scene.lines.start + 1, typist.document.text.line_of(typist.cursor) + 1);
    let (shown, right) = (tally.n_shown, tally.n_right);
    let (saved, needed) = (tally.n_saved(), tally.n_needed);
    let mut rows = vec![
        ("typed", format!("lines {first} to {last} of {}, cut out before", scene.name)),
        ("shown", format!("{shown} suggestions")),
        ("right", format!("{right} ({} %): their first line was exactly what came", percent(right, shown))),
        ("saved", format!("{saved} of {needed} keystrokes ({} %)", percent(saved, needed))),
        ("answer", times(&tally.answers)),
    ];
    // Where only one engine had something to show, its part is the whole.
    let n_heard = tally.engines.iter().filter(|(_, engine)| engine.n_shown > 0).count();
    for (name, EngineTally { n_shown, n_right, answers }) in tally.engines.iter().filter(|_| n_heard > 1) {
        let right = percent(*n_right, *n_shown);
        rows.push((name, format!("{n_shown} shown, {n_right} right ({right} %); answer {}", times(answers))));
    }
    for (name, value) in rows {
        let name = output.paint(Style::Bold, &format!("{name:>8}"));
        writeln!(output, "{name}  {value}")?;
    }
    if scene.is_picked {
        let say =
            "This text was picked for being much like the rest here. For a file of your choice: foretype try FILE";
        writeln!(output, "\n{}", output.paint(Style::Dim, say))?;
    }
    Ok(())
}

fn times(answers: &[Duration]) -> String {
    let [p50, p95] = [50, 95].map(|percent| milliseconds(percentile(answers, percent)));
    format!("p50 {p50} ms, p95 {p95} ms")
}

pub fn percent(part: usize, whole: usize) -> usize {
    (100 * part + whole / 2).checked_div(whole).unwrap_or(0)
}

pub fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}
