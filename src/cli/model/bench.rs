//! `foretype model bench`: how fast a model is on this machine, beside llama.cpp where there is one.
//!
//! Both read the same file with the same number of threads, in turns, so that what else the machine does meets both
//! alike. A figure is the median of the rounds.

mod drafts;
mod peer;
mod typing;

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::cli::output::{Output, Style};
use crate::engine::Cancel;
use crate::engine::local::evaluator::Stopped;
use crate::engine::local::loaded::Loaded;
use crate::engine::local::{Options, threads};
use crate::weights::Store;
use drafts::Drafts;
use typing::Typing;

#[derive(clap::Args)]
#[command(after_help = "\
With LLAMA_BENCH set to llama.cpp's program of that name, that is measured too, in turns with ours.

Examples:
  foretype model bench qwen2.5-coder-0.5b
  LLAMA_BENCH=llama-bench foretype model bench qwen2.5-coder-0.5b --json
  foretype model bench qwen2.5-coder-0.5b --folder .")]
pub struct Arguments {
    /// A model's name, or the path of a GGUF file
    name: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Threads, for both
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Rounds, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
    /// A project whose code is continued with and without drafts; without it, a short sample
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Tokens a second.
#[derive(Clone, Copy, Debug, Serialize)]
struct Rates {
    /// Reading a prompt of 256 tokens.
    prefill_256: f64,
    prefill_1024: f64,
    /// Saying one token after another, after 512.
    decode_512: f64,
}

#[derive(Serialize)]
struct Report {
    model: String,
    cpu: String,
    kernels: &'static str,
    threads: usize,
    /// With [`CONTEXT_TOKENS`] in the cache.
    resident_mb: Option<f64>,
    ours: Rates,
    peer: Option<Rates>,
    ratio: Option<Rates>,
    /// From opening the file to the first token.
    load_ms: f64,
    /// From a cancel to the end of all work, at worst.
    cancel_ms: f64,
    typing: Typing,
    drafts: Drafts,
}

const N_DECODED: usize = 48;

/// What the cache has room for.
const CONTEXT_TOKENS: usize = 4096;

/// What is read and typed.
const SAMPLE: &str = include_str!("../try/sample.py");

pub fn run(arguments: &Arguments, store: &Store, output: &mut Output) -> Result<i32> {
    let path = store.find(&arguments.name)?;
    let n_threads = arguments.threads.unwrap_or_else(threads::usual);
    let program = std::env::var_os("LLAMA_BENCH").filter(|program| !program.is_empty());

    let started = Instant::now();
    let mut bench = Bench::load(&arguments.name, &path, n_threads)?;
    bench.evaluate(0..1)?;
    let load_ms = milliseconds(started.elapsed());
    let mut ours = Vec::new();
    let mut peer = Vec::new();
    for _ in 0..arguments.rounds {
        ours.push(bench.rates()?);
        peer.extend(program.as_deref().map(|program| peer::rates(program, &path, n_threads)).transpose()?);
    }
    let (ours, peer) = (median(&ours), (!peer.is_empty()).then(|| median(&peer)));
    let report = Report {
        model: arguments.name.clone(),
        cpu: cpu(),
        kernels: bench.loaded.decoder().evaluator().name(),
        threads: n_threads,
        ours,
        peer,
        ratio: peer.map(|peer| ours.over(&peer)),
        load_ms,
        cancel_ms: bench.cancel_ms()?,
        typing: typing::measure(&mut bench.loaded)?,
        drafts: drafts::measure(&mut bench.loaded, arguments.folder.as_deref(), peer.map(|peer| peer.decode_512))?,
        resident_mb: bench.resident_mb()?,
    };
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &report).map_err(std::io::Error::from)?;
        writeln!(output)?;
    } else {
        print(&report, output)?;
    }
    Ok(0)
}

fn print(report: &Report, output: &mut Output) -> Result<()> {
    let Report { model, cpu, kernels, threads, ours, peer, ratio, typing, drafts, .. } = report;
    writeln!(output, "{}", output.paint(Style::Bold, model))?;
    writeln!(output, "  {cpu}, {threads} threads, {kernels}")?;
    if let Some(resident) = report.resident_mb {
        writeln!(output, "  {resident:.0} MB resident with {CONTEXT_TOKENS} tokens in the cache")?;
    }
    let dashes = || "-".to_string();
    writeln!(output, "\n  {:28}{:>10}{:>12}{:>8}", "tokens a second", "foretype", "llama.cpp", "ratio")?;
    let names = ["reading 256 tokens", "reading 1024 tokens", "saying, after 512"];
    for (i, name) in names.into_iter().enumerate() {
        let peer = peer.map_or_else(dashes, |peer| format!("{:.1}", peer.all()[i]));
        let ratio = ratio.map_or_else(dashes, |ratio| format!("{:.2}", ratio.all()[i]));
        writeln!(output, "  {name:28}{:>10.1}{peer:>12}{ratio:>8}", ours.all()[i])?;
    }
    let rows = [
        ("load to first token", format!("{:.0} ms", report.load_ms)),
        ("cancel to quiet", format!("{:.1} ms at worst", report.cancel_ms)),
        ("key to line", format!("p50 {:.0} ms, p95 {:.0} ms", typing.line_ms_p50, typing.line_ms_p95)),
        ("key to first token", format!("p50 {:.0} ms", typing.first_ms_p50)),
        (
            "evaluated before it",
            format!(
                "p50 {}, p90 {} tokens for a typed character; {} where the anchor moves",
                typing.evaluated_p50, typing.evaluated_p90, typing.evaluated_max
            ),
        ),
        ("saying with drafts", drafts.to_string()),
    ];
    writeln!(output)?;
    for (name, value) in rows {
        writeln!(output, "  {name:28}{value}")?;
    }
    Ok(())
}

struct Bench {
    loaded: Loaded,
    tokens: Vec<u32>,
}

impl Bench {
    fn load(name: &str, path: &Path, n_threads: usize) -> Result<Bench> {
        let options = Options { n_threads, context_tokens: CONTEXT_TOKENS, ..Options::default() };
        let mut loaded = Loaded::load(name, path, &options)?;
        let sample = loaded.decoder().tokenizer.encode(SAMPLE)?;
        let tokens = sample.into_iter().cycle().take(CONTEXT_TOKENS).collect();
        Ok(Bench { loaded, tokens })
    }

    /// Evaluates some of the sample after what is evaluated.
    fn evaluate(&mut self, range: Range<usize>) -> Result<()> {
        let evaluator = self.loaded.decoder().evaluator_as_it_is();
        evaluator.evaluate(&self.tokens[range], 1, &Cancel::default()).map(drop).map_err(stopped)
    }

    fn forget(&mut self) {
        self.loaded.decoder().evaluator();
    }

    fn rates(&mut self) -> Result<Rates> {
        let mut prefill = [0.0; 2];
        for (rate, n) in prefill.iter_mut().zip([256, 1024]) {
            self.forget();
            let started = Instant::now();
            self.evaluate(0..n)?;
            *rate = n as f64 / started.elapsed().as_secs_f64();
        }
        self.forget();
        self.evaluate(0..512)?;
        let started = Instant::now();
        for i in 512..512 + N_DECODED {
            self.evaluate(i..i + 1)?;
        }
        let decode_512 = N_DECODED as f64 / started.elapsed().as_secs_f64();
        let [prefill_256, prefill_1024] = prefill;
        Ok(Rates { prefill_256, prefill_1024, decode_512 })
    }

    /// Cancels a long prefill at some moments.
    fn cancel_ms(&mut self) -> Result<f64> {
        let mut worst = Duration::ZERO;
        for after_ms in [50, 83, 127, 210, 330] {
            self.forget();
            let cancel = Cancel::default();
            let evaluator = self.loaded.decoder().evaluator_as_it_is();
            let tokens = &self.tokens[..1024];
            let took = std::thread::scope(|scope| {
                let canceller = scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(after_ms));
                    cancel.cancel();
                    Instant::now()
                });
                let ended = evaluator.evaluate(tokens, 1, &cancel).map(drop);
                let now = Instant::now();
                let cancelled = canceller.join().map_err(|_| anyhow!("the measuring thread panicked"))?;
                match ended {
                    Err(Stopped::Cancelled) => Ok(now.saturating_duration_since(cancelled)),
                    // It was done before.
                    Ok(()) => Ok(Duration::ZERO),
                    Err(failed) => Err(stopped(failed)),
                }
            })?;
            worst = worst.max(took);
        }
        Ok(milliseconds(worst))
    }

    /// With a full cache.
    fn resident_mb(&mut self) -> Result<Option<f64>> {
        self.forget();
        self.evaluate(0..CONTEXT_TOKENS)?;
        Ok(resident_mb())
    }
}

impl Rates {
    fn all(&self) -> [f64; 3] {
        [self.prefill_256, self.prefill_1024, self.decode_512]
    }

    fn of([prefill_256, prefill_1024, decode_512]: [f64; 3]) -> Rates {
        Rates { prefill_256, prefill_1024, decode_512 }
    }

    fn over(&self, other: &Rates) -> Rates {
        let (ours, theirs) = (self.all(), other.all());
        Rates::of(std::array::from_fn(|i| ours[i] / theirs[i]))
    }
}

fn median(rounds: &[Rates]) -> Rates {
    Rates::of(std::array::from_fn(|i| percentile(&sorted(rounds.iter().map(|rates| rates.all()[i])), 50)))
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn stopped(stopped: Stopped) -> anyhow::Error {
    match stopped {
        Stopped::Cancelled => anyhow!("cancelled"),
        Stopped::Failed(why) => anyhow!(why),
    }
}

/// As the system calls it.
fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, name)| name.to_string())
}

/// Of this process, where the system says so.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Some(kilobytes?.parse::<f64>().ok()? / 1e3)
}
