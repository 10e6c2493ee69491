//! How often a local model fills a hole exactly, by layout of the prompt, and against llama.cpp on the same tokens.
//!
//!     cargo bench --bench infill -- --data DIR --model FILE.gguf [--n N] [--typed 0,4,10] [--layout NAME,..|all]
//!                                   [--suffix bare|break] [--peer http://127.0.0.1:PORT] [--answers FILE]
//!
//! `benches/shared/problems.rs` says what DIR holds. `--typed` says how much of the line stands there: `0` nothing at
//! all, `indentation` only that, `N` that and N characters. The layouts are `VARIANTS` of `benches/infill/ours.rs`. The
//! peer is a `llama-server` with the same file; it is asked where no text is forced. Greedy, the first line of at most
//! 64 tokens. An answer is right when it is the rest of the line. Prints tables; `--answers` writes every answer as
//! JSON lines.

#![allow(clippy::print_stdout)]

#[path = "infill/ours.rs"]
mod ours;
#[path = "infill/peer.rs"]
mod peer;
#[path = "shared/problems.rs"]
mod problems;
#[path = "infill/questions.rs"]
mod questions;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use foretype::prompt::Healing;
use ours::{Ours, VARIANTS, Variant};
use peer::Peer;
use problems::Problem;
use questions::{Question, Suffix, Typed, spread};
use serde_json::json;

#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long)]
    model: Option<PathBuf>,
    #[arg(long, default_value_t = 150)]
    n: usize,
    #[arg(long, value_delimiter = ',', value_parser = Typed::parse, default_value = "0")]
    typed: Vec<Typed>,
    #[arg(long, value_delimiter = ',', default_value = VARIANTS[0].name)]
    layout: Vec<String>,
    #[arg(long, default_value = "bare")]
    suffix: Suffix,
    #[arg(long)]
    peer: Option<String>,
    #[arg(long)]
    answers: Option<PathBuf>,
    /// Cargo adds this one by itself.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Who is asked, and where the answers are written.
struct Run {
    ours: Ours,
    peer: Option<Peer>,
    answers: Option<BufWriter<File>>,
}

/// What came of the questions of one kind.
#[derive(Default)]
struct Tally {
    n: usize,
    n_right: usize,
    peer: PeerTally,
}

/// The peer's answers to the same questions.
#[derive(Default)]
struct PeerTally {
    n: usize,
    n_right: usize,
    n_same: usize,
    n_only_ours: usize,
    n_only_peer: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let problems = questions::read(&arguments.data.unwrap_or_default())?;
    if problems.is_empty() {
        println!("skipped: problems to infill not found; name their folder by --data DIR");
        return Ok(());
    }
    let Some(model) = arguments.model.filter(|model| model.is_file()) else {
        println!("skipped: model not found; name its file by --model FILE.gguf");
        return Ok(());
    };
    let variants = variants(&arguments.layout)?;
    let mut run = Run {
        ours: Ours::load(&model)?,
        peer: arguments.peer.as_deref().map(Peer::new).transpose()?,
        answers: arguments.answers.map(File::create).transpose()?.map(BufWriter::new),
    };
    println!("| typed | layout | n | right | | peer right | | same answer | only ours right | only peer right |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for typed in arguments.typed {
        let questions: Vec<(&Problem, Question)> = problems
            .iter()
            .filter_map(|problem| Some((problem, Question::new(problem, typed, arguments.suffix)?)))
            .collect();
        let mut tallies: Vec<Tally> = variants.iter().map(|_| Tally::default()).collect();
        // One question after the other, so that its layouts share what is evaluated.
        for (problem, question) in spread(questions, arguments.n) {
            for (variant, tally) in variants.iter().zip(&mut tallies) {
                tally.ask(&mut run, variant, problem, &question)?;
            }
        }
        for (variant, tally) in variants.iter().zip(&tallies) {
            println!("| {} | {} | {} |", typed.name(), variant.name, tally.row());
        }
    }
    Ok(())
}

fn variants(names: &[String]) -> Result<Vec<&'static Variant>> {
    if names == ["all"] {
        return Ok(VARIANTS.iter().collect());
    }
    let known = || VARIANTS.iter().map(|variant| variant.name).collect::<Vec<_>>().join(", ");
    let find = |name: &String| VARIANTS.iter().find(|variant| variant.name == name);
    names.iter().map(|name| find(name).with_context(|| format!("{name} is none of all, {}", known()))).collect()
}

impl Typed {
    fn parse(value: &str) -> Result<Typed> {
        Ok(match value {
            "0" => Typed::Nothing,
            "indentation" => Typed::Characters(0),
            n => Typed::Characters(n.parse().context("--typed needs numbers, or `indentation`")?),
        })
    }

    fn name(self) -> String {
        match self {
            Typed::Nothing => "0".into(),
            Typed::Characters(0) => "indentation".into(),
            Typed::Characters(n) => n.to_string(),
        }
    }
}

impl Tally {
    fn ask(&mut self, run: &mut Run, variant: &Variant, problem: &Problem, question: &Question) -> Result<()> {
        let Run { ours, peer, answers } = run;
        let asked = ours.lay_out(question, variant)?;
        let answer = ours.answer(&asked)?;
        let is_right = answer == question.answer;
        self.n += 1;
        self.n_right += is_right as usize;
        let mut peers = None;
        if let Some(peer) = peer.as_ref().filter(|_| variant.healing == Healing::Off) {
            let peers_answer = peer.answer(&asked.tokens)?;
            let is_same_prompt = peer.agrees(&asked.prompt, |text| ours.decoder.tokenizer.encode(text))?;
            ensure!(is_same_prompt, "{}: the peer makes other tokens of it; the tokenizer is wrong", problem.name);
            self.peer.add(is_right, peers_answer == question.answer, peers_answer == answer);
            peers = Some(peers_answer);
        }
        if let Some(file) = answers {
            let (Problem { language, name, .. }, layout, right) = (problem, variant.name, question.answer);
            let told = json!({
                "language": language, "name": name, "layout": layout, "right": right, "ours": answer, "peer": peers,
            });
            writeln!(file, "{told}")?;
        }
        Ok(())
    }

    fn row(&self) -> String {
        let Tally { n, n_right, peer } = self;
        let ours = format!("{n} | {n_right} | {}", percent(*n_right, *n));
        if peer.n == 0 {
            return format!("{ours} | | | | |");
        }
        let PeerTally { n, n_right, n_same, n_only_ours, n_only_peer } = peer;
        format!("{ours} | {n_right} | {} | {n_same} | {n_only_ours} | {n_only_peer}", percent(*n_right, *n))
    }
}

impl PeerTally {
    fn add(&mut self, is_ours_right: bool, is_peer_right: bool, is_same: bool) {
        self.n += 1;
        self.n_right += is_peer_right as usize;
        self.n_same += is_same as usize;
        self.n_only_ours += (is_ours_right && !is_peer_right) as usize;
        self.n_only_peer += (is_peer_right && !is_ours_right) as usize;
    }
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f32 / whole.max(1) as f32)
}
