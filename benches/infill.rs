//! How often a local model fills a hole exactly, by layout of the prompt, and against llama.cpp on the same tokens.
//!
//!     cargo bench --bench infill -- --data DIR --model FILE.gguf [--n N] [--typed 0,4,10] [--layout NAME,..|all]
//!                                   [--suffix bare|break] [--peer http://127.0.0.1:PORT] [--answers FILE]
//!
//! `benches/infill/problems.rs` says what DIR holds. `--typed` says how much of the line stands there: `0` nothing at
//! all, `indentation` only that, `N` that and N characters. The layouts are `VARIANTS` of `benches/infill/ours.rs`. The
//! peer is a `llama-server` with the same file; it is asked where no text is forced. Greedy, the first line of at most
//! 64 tokens. An answer is right when it is the rest of the line. Prints tables; `--answers` writes every answer as
//! JSON lines.

#![allow(clippy::print_stdout)]

#[path = "infill/ours.rs"]
mod ours;
#[path = "infill/peer.rs"]
mod peer;
#[path = "infill/problems.rs"]
mod problems;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use foretype::prompt::Healing;
use ours::{Ours, VARIANTS, Variant};
use peer::Peer;
use problems::{Problem, Question, Suffix, Typed, spread};
use serde_json::json;

struct Arguments {
    data: PathBuf,
    model: PathBuf,
    n: usize,
    typed: Vec<Typed>,
    variants: Vec<&'static Variant>,
    suffix: Suffix,
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
    let mut arguments = arguments()?;
    let problems = Problem::read(&arguments.data)?;
    if problems.is_empty() {
        println!("skipped: problems to infill not found; name their folder by --data DIR");
        return Ok(());
    }
    if !arguments.model.is_file() {
        println!("skipped: model not found; name its file by --model FILE.gguf");
        return Ok(());
    }
    let mut ours = Ours::load(&arguments.model)?;
    println!("| typed | layout | n | right | | peer right | | same answer | only ours right | only peer right |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for typed in std::mem::take(&mut arguments.typed) {
        let questions: Vec<(&str, Question)> = problems
            .iter()
            .filter_map(|problem| Some((problem.name.as_str(), problem.question(typed, arguments.suffix)?)))
            .collect();
        let variants = arguments.variants.clone();
        let mut tallies: Vec<Tally> = variants.iter().map(|_| Tally::default()).collect();
        // One question after the other, so that its layouts share what is evaluated.
        for (name, question) in spread(questions, arguments.n) {
            for (variant, tally) in variants.iter().zip(&mut tallies) {
                tally.ask(&mut arguments, &mut ours, variant, name, &question)?;
            }
        }
        for (variant, tally) in variants.iter().zip(&tallies) {
            println!("| {} | {} | {} |", typed.name(), variant.name, tally.row());
        }
    }
    Ok(())
}

fn arguments() -> Result<Arguments> {
    let mut arguments = Arguments {
        data: PathBuf::new(),
        model: PathBuf::new(),
        n: 150,
        typed: vec![Typed::Nothing],
        variants: vec![&VARIANTS[0]],
        suffix: Suffix::Bare,
        peer: None,
        answers: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        // Cargo adds this one by itself.
        if name == "--bench" {
            continue;
        }
        let value = given.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--data" => arguments.data = value.into(),
            "--model" => arguments.model = value.into(),
            "--n" => arguments.n = value.parse().context("--n needs a number")?,
            "--typed" => arguments.typed = value.split(',').map(Typed::parse).collect::<Result<_>>()?,
            "--layout" => arguments.variants = variants(&value)?,
            "--suffix" => arguments.suffix = Suffix::parse(&value)?,
            "--peer" => arguments.peer = Some(Peer::new(&value)?),
            "--answers" => arguments.answers = Some(BufWriter::new(File::create(value)?)),
            _ => bail!("{name} is none of --data, --model, --n, --typed, --layout, --suffix, --peer, --answers"),
        }
    }
    Ok(arguments)
}

fn variants(names: &str) -> Result<Vec<&'static Variant>> {
    if names == "all" {
        return Ok(VARIANTS.iter().collect());
    }
    let known = || VARIANTS.iter().map(|variant| variant.name).collect::<Vec<_>>().join(", ");
    let find = |name| VARIANTS.iter().find(|variant| variant.name == name);
    names.split(',').map(|name| find(name).with_context(|| format!("{name} is none of all, {}", known()))).collect()
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

impl Suffix {
    fn parse(value: &str) -> Result<Suffix> {
        match value {
            "bare" => Ok(Suffix::Bare),
            "break" => Ok(Suffix::Break),
            _ => bail!("--suffix is bare or break"),
        }
    }
}

impl Tally {
    fn ask(
        &mut self,
        arguments: &mut Arguments,
        ours: &mut Ours,
        variant: &Variant,
        name: &str,
        question: &Question,
    ) -> Result<()> {
        let asked = ours.lay_out(question, variant)?;
        let answer = ours.answer(&asked)?;
        let is_right = answer == question.answer;
        self.n += 1;
        self.n_right += is_right as usize;
        let mut peers = None;
        if let Some(peer) = arguments.peer.as_ref().filter(|_| variant.healing == Healing::Off) {
            let peers_answer = peer.answer(&asked.tokens)?;
            let is_same_prompt = peer.agrees(&asked.prompt, |text| ours.decoder.tokenizer.encode(text))?;
            ensure!(is_same_prompt, "{name}: the peer makes other tokens of it; the tokenizer is wrong");
            self.peer.add(is_right, peers_answer == question.answer, peers_answer == answer);
            peers = Some(peers_answer);
        }
        if let Some(file) = &mut arguments.answers {
            let right = question.answer;
            let told = json!({ "name": name, "layout": variant.name, "right": right, "ours": answer, "peer": peers });
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
