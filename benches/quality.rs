//! How often an engine is right about missing text, and what that takes.
//!
//!     cargo bench --bench quality -- --set SET --data DIR [--engine instant|local] [--model NAME|PATH]
//!                                    [--context none|all] [--n 300] [--seed 1] [--typed 0,3,8] [--answers FILE]
//!                                    [--kind cross-file|in-file]
//!     cargo bench --bench quality -- --set added-lines --data DIR [--every N] [--dump FILE]
//!     cargo bench --bench quality -- --compare FILE_A FILE_B
//!     cargo bench --bench quality -- --set git-edits --data DIR --model NAME|PATH --likelihood none --likelihood all
//!
//! The sets are those of `benches/quality/sets.rs`; `FORETYPE_GIT_EDITS`, `FORETYPE_HUMAN_EVAL` and `FORETYPE_SAFIM`
//! stand in for `--data`. Each hole is asked when nothing and when more and more of its line is typed, as one key after
//! the other. An answer is right when its first line is the rest of the hole's. Prints tables in Markdown; the
//! intervals are of 1,000 bootstrap resamples of the holes. `--answers` writes a JSON line for each question at once,
//! and asks only what FILE does not answer yet; `--compare` sets two such files side by side; `--dump` writes what
//! `benches/quality/fit.py` reads, and asks nothing; `--likelihood` compares contexts by how likely a model finds the right
//! lines. Read `benches/quality/hole.rs` first.

#![allow(clippy::print_stdout)]

#[path = "quality/asker.rs"]
mod asker;
#[path = "quality/dump.rs"]
mod dump;
#[path = "quality/edits.rs"]
mod edits;
#[path = "quality/hole.rs"]
mod hole;
#[path = "quality/likelihood.rs"]
mod likelihood;
#[path = "quality/names.rs"]
mod names;
#[path = "shared/problems.rs"]
mod problems;
#[path = "quality/record.rs"]
mod record;
#[path = "quality/sets.rs"]
mod sets;
#[path = "quality/statistics.rs"]
mod statistics;
#[path = "quality/tables.rs"]
mod tables;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use asker::{Asker, Wish};
use clap::Parser;
use dump::Dump;
use hole::Kind;
use likelihood::Likelihood;
use record::Answers;
use sets::{Choice, Set};

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value = "git-edits")]
    set: Set,
    #[arg(long)]
    data: Option<PathBuf>,
    #[command(flatten)]
    wish: Wish,
    /// Holes, of all sets but added-lines
    #[arg(long, default_value_t = 300)]
    n: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Of added-lines, one hole in so many
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Only holes of this kind, of those chosen
    #[arg(long)]
    kind: Option<Kind>,
    /// Characters of a hole's line that are typed
    #[arg(long, value_delimiter = ',', default_value = "0,3,8")]
    typed: Vec<usize>,
    #[arg(long)]
    answers: Option<PathBuf>,
    #[arg(long)]
    dump: Option<PathBuf>,
    #[arg(long, num_args = 2, value_names = ["FILE_A", "FILE_B"])]
    compare: Vec<PathBuf>,
    /// Contexts that are compared by it, with the first of them
    #[arg(long, value_name = "none|all|KIND,…", requires = "model")]
    likelihood: Vec<String>,
    /// Cargo adds this one by itself.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let mut arguments = Arguments::parse();
    arguments.typed.sort();
    if let [a, b] = arguments.compare.as_slice() {
        return compare(a, b);
    }
    let variable = arguments.set.variable();
    let Some(data) = arguments.data.clone().or_else(|| std::env::var_os(variable).map(PathBuf::from)) else {
        println!("skipped: holes not found; name their folder by --data DIR or {variable}");
        return Ok(());
    };
    let choice = Choice { n: arguments.n, seed: arguments.seed, every: arguments.every };
    if !arguments.likelihood.is_empty() {
        return likelihood(&arguments, &data, &choice);
    }
    match &arguments.dump {
        Some(path) => dump(&arguments, &data, &choice, path),
        None => ask(&arguments, &data, &choice),
    }
}

fn ask(arguments: &Arguments, data: &Path, choice: &Choice) -> Result<()> {
    let (set, typed) = (arguments.set, &arguments.typed);
    let asker = Asker::new(&arguments.wish, set)?;
    let mut answers = Answers::open(arguments.answers.as_deref(), &asker.run)?;
    set.visit(data, choice, &mut |hole, project| {
        if arguments.kind.is_some_and(|kind| hole.kind != kind) {
            return Ok(());
        }
        if answers.recall(&hole, typed) {
            return Ok(());
        }
        asker.enter(project);
        hole.questions(typed).try_for_each(|question| answers.add(asker.ask(&question)?))
    })?;
    ensure!(!answers.records.is_empty(), "{}: nothing is missing there", data.display());
    println!("{}:\n", asker.run);
    if set == Set::AddedLines {
        tables::added_lines(&answers.records);
    } else {
        tables::fill(&answers.records);
        println!();
        tables::bars(&answers.records);
    }
    Ok(())
}

fn likelihood(arguments: &Arguments, data: &Path, choice: &Choice) -> Result<()> {
    let n_typed = arguments.typed.last().copied().unwrap_or_default();
    let model = arguments.wish.model.as_deref().unwrap_or_default();
    let mut likelihood = Likelihood::new(model, &arguments.likelihood, n_typed)?;
    arguments.set.visit(data, choice, &mut |hole, project| match arguments.kind {
        Some(kind) if hole.kind != kind => Ok(()),
        _ => likelihood.add(&hole, project),
    })?;
    likelihood.print();
    Ok(())
}

fn dump(arguments: &Arguments, data: &Path, choice: &Choice, path: &Path) -> Result<()> {
    let mut dump = Dump::create(path)?;
    arguments.set.visit(data, choice, &mut |hole, project| dump.add(&hole, project, &arguments.typed))?;
    println!("{} questions", dump.n_asked);
    Ok(())
}

fn compare(a: &Path, b: &Path) -> Result<()> {
    let (ours, theirs) = (record::read(a)?, record::read(b)?);
    let run = |records: &[record::Record]| records.first().map_or(String::new(), |record| record.run.clone());
    println!("A: {}. B: {}.\n", run(&ours), run(&theirs));
    tables::comparison(&ours, &theirs);
    Ok(())
}
