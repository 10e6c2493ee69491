//! How often the instant engine is right on the lines that people really added to their projects.
//!
//!     cargo bench --bench quality -- --data DIR [--sample N] [--typed 0,3,8] [--answers FILE] [--dump FILE]
//!
//! `FORETYPE_GIT_EDITS` stands in for `--data`; `benches/quality/questions.rs` says what DIR holds. Asks at the line's
//! start and after its first 3 and 8 characters, and prints a table. `--sample N` takes one line in N; `--answers` writes
//! every question's answer as JSON lines; `--dump` writes what `benches/quality/fit.py` reads, and asks nothing else.

#![allow(clippy::print_stdout)]

#[path = "quality/questions.rs"]
mod questions;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context as _, Result};
use foretype::config;
use foretype::engine::instant::{self, Instant};
use foretype::engine::{Ask, Cancel, Engine};
use foretype::predictor::{Outcome, Predictor, Request, Trigger};
use foretype::workspace::Index;
use questions::{Question, Repository};
use serde_json::json;

struct Arguments {
    data: PathBuf,
    sample: usize,
    typed: Vec<usize>,
    answers: Option<BufWriter<File>>,
    dump: Option<BufWriter<File>>,
}

/// What came of the questions of one kind.
#[derive(Default)]
struct Tally {
    n_questions: usize,
    n_shown: usize,
    n_right: usize,
    /// Lines shown below a first line that is right, and how many of them are.
    n_more: usize,
    n_more_right: usize,
    took: Vec<Duration>,
}

fn main() -> Result<()> {
    let Some(mut arguments) = arguments()? else {
        println!("skipped: no edits found; name their folder by --data DIR or FORETYPE_GIT_EDITS");
        return Ok(());
    };
    if let Some(mut file) = arguments.dump.take() {
        return dump(&arguments, &mut file);
    }
    let mut tallies = BTreeMap::new();
    for path in Repository::paths(&arguments.data)? {
        let repository = Repository::read(&path)?;
        let (sample, typed) = (arguments.sample, arguments.typed.clone());
        repository.ask(&typed, sample, |question, index| {
            let tally: &mut Tally = tallies.entry((repository.name.clone(), question.n_typed)).or_default();
            let answer = tally.ask(&question, index);
            if let Some(file) = &mut arguments.answers {
                let _ = writeln!(file, "{}", told(&repository.name, &question, answer.as_deref()));
            }
        });
    }
    anyhow::ensure!(!tallies.is_empty(), "{}: no line was added in its edits", arguments.data.display());
    print_table(&mut tallies);
    Ok(())
}

fn arguments() -> Result<Option<Arguments>> {
    let mut data = std::env::var_os("FORETYPE_GIT_EDITS").map(PathBuf::from);
    let (mut sample, mut typed, mut answers, mut dump) = (1, vec![0, 3, 8], None, None);
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        // Cargo adds this one by itself.
        if name == "--bench" {
            continue;
        }
        let value = given.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--data" => data = Some(value.into()),
            "--sample" => sample = value.parse().context("--sample needs a number")?,
            "--typed" => typed = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--answers" => answers = Some(BufWriter::new(File::create(value)?)),
            "--dump" => dump = Some(BufWriter::new(File::create(value)?)),
            _ => anyhow::bail!("{name} is none of --data, --sample, --typed, --answers, --dump"),
        }
    }
    Ok(data.map(|data| Arguments { data, sample, typed, answers, dump }))
}

impl Tally {
    /// Asks as the server would, and returns what would be shown.
    fn ask(&mut self, question: &Question, index: &Arc<Index>) -> Option<String> {
        let predictor = predictor(index.clone());
        // By hand, for the gates of taste are no part of the question.
        let request = Request {
            document: question.document.clone(),
            offset: question.offset,
            others: Vec::new(),
            trigger: Trigger::Invoked,
            selected: None,
        };
        let started = Clock::now();
        let answer = predictor.answer(&request, &Cancel::default());
        self.took.push(started.elapsed());
        self.n_questions += 1;
        let Outcome::Suggest { suggestions, .. } = answer.outcome else { return None };
        let shown = suggestions.into_iter().next()?.text;
        self.judge(&shown, &question.answer);
        Some(shown)
    }

    fn judge(&mut self, shown: &str, answer: &[&str]) {
        self.n_shown += 1;
        let is_right: Vec<bool> = shown
            .lines()
            .enumerate()
            .map(|(i, line)| answer.get(i).is_some_and(|right| line.trim_end() == *right))
            .collect();
        if is_right.first() == Some(&true) {
            self.n_right += 1;
            self.n_more += is_right.len() - 1;
            self.n_more_right += is_right.iter().take_while(|is_right| **is_right).count() - 1;
        }
    }

    fn row(&mut self) -> String {
        self.took.sort();
        let time = |permille: usize| self.took[(self.took.len() - 1) * permille / 1000].as_secs_f64() * 1e3;
        format!(
            "{} | {:.1} % | {:.1} % | {:.1} % | {} | {:.1} % | {:.2} | {:.2}",
            self.n_questions,
            percent(self.n_shown, self.n_questions),
            percent(self.n_right, self.n_shown),
            percent(self.n_right, self.n_questions),
            self.n_more,
            percent(self.n_more_right, self.n_more),
            time(500),
            time(990),
        )
    }

    fn add(&mut self, other: &Tally) {
        self.n_questions += other.n_questions;
        self.n_shown += other.n_shown;
        self.n_right += other.n_right;
        self.n_more += other.n_more;
        self.n_more_right += other.n_more_right;
        self.took.extend(&other.took);
    }
}

fn predictor(index: Arc<Index>) -> Predictor {
    let settings = config::Settings::default();
    let engine: Arc<dyn Engine> = Arc::new(Instant::new(settings.instant, Arc::new(move || index.clone())));
    Predictor::new(settings.predictor, settings.suggestion, vec![engine])
}

fn told(repository: &str, question: &Question, shown: Option<&str>) -> serde_json::Value {
    let line = question.document.text.line_of(question.offset);
    json!({
        "repository": repository,
        "path": question.document.path.as_deref(),
        "line": line + 1,
        "typed": question.n_typed,
        "before": question.document.text.slice(question.document.text.line_range(line).start..question.offset),
        "right": question.answer[0],
        "shown": shown,
    })
}

fn print_table(tallies: &mut BTreeMap<(String, usize), Tally>) {
    println!(
        "| project | typed | lines asked | shown | of these right | right of all | more lines | of these right \
         | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut all = Tally::default();
    for ((repository, n_typed), tally) in tallies {
        println!("| {repository} | {n_typed} | {} |", tally.row());
        all.add(tally);
    }
    println!("| all | | {} |", all.row());
}

fn percent(part: usize, whole: usize) -> f32 {
    100.0 * part as f32 / whole.max(1) as f32
}

/// Writes the number of columns, then a row for each candidate: question, whether it is right, features.
fn dump(arguments: &Arguments, file: &mut impl Write) -> Result<()> {
    let mut rows: Vec<f32> = Vec::new();
    let mut n_asked = 0;
    for path in Repository::paths(&arguments.data)? {
        let repository = Repository::read(&path)?;
        repository.ask(&arguments.typed, arguments.sample, |question, index| {
            let index = index.clone();
            let engine = Instant::new(instant::Options::default(), Arc::new(move || index.clone()));
            let (document, offset) = (&question.document, question.offset);
            let ask = Ask { document, offset, others: &[], max_lines: 1, n_candidates: usize::MAX };
            n_asked += 1;
            for weighed in engine.weigh(&ask, &Cancel::default()) {
                let is_right = weighed.candidate.text.trim_end() == question.answer[0];
                if rows.is_empty() {
                    rows.push(weighed.features.len() as f32 + 2.0);
                }
                rows.extend([n_asked as f32, is_right as u8 as f32]);
                rows.extend(weighed.features);
            }
        });
    }
    rows.iter().try_for_each(|value| file.write_all(&value.to_le_bytes()))?;
    println!("{n_asked} questions");
    Ok(())
}
