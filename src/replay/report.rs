//! What a replay found: in JSON as it stands here, and as text for people.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::estimate::{Estimate, quantile};
use super::log::Log;
use super::measure::{Block, FAST_MS, Measured};

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub trace: String,
    pub server: String,
    pub client: String,
    pub speed: f64,
    /// Whether each key waited for the answer to the one before.
    pub waits: bool,
    /// Of the trace's capped clock.
    pub minutes: f64,
    pub n_keys: usize,
    /// The most that an edit was played after its time.
    pub max_late_ms: f64,
    /// Milliseconds from the key to the answer, of answers with text: all, then by source.
    pub latency_ms: Vec<Latency>,
    pub n_answers: usize,
    pub n_with_text: usize,
    pub n_failed: usize,
    pub n_misfits: usize,
    pub n_replaced: usize,
    pub n_withdrawn: usize,
    /// What was wrong with the first answer that did not fit.
    pub misfit: Option<String>,
    pub replaced: Option<String>,
    pub figures: Vec<Figure>,
    pub resting_cpu_s: Option<f64>,
    pub peak_mb: Option<f64>,
    /// What the server says of itself, where it has the command `foretype.session`.
    pub session: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    pub source: String,
    pub n: usize,
    pub p50: Option<Estimate>,
    pub p90: Option<Estimate>,
    pub p95: Option<Estimate>,
    pub p99: Option<Estimate>,
}

/// One figure with its interval; absent where there is nothing to count.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// For programs.
    pub name: &'static str,
    /// For people.
    #[serde(skip)]
    pub label: &'static str,
    pub unit: &'static str,
    pub estimate: Option<Estimate>,
}

/// What a replay was.
#[derive(Clone, Debug)]
pub struct About {
    pub trace: String,
    pub server: String,
    pub client: String,
    pub speed: f64,
    pub waits: bool,
    pub minutes: f64,
    pub seed: u64,
}

impl Report {
    pub fn new(about: About, measured: &Measured, log: &Log) -> Report {
        let blocks = &measured.blocks;
        let sum = |count: fn(&Block) -> usize| blocks.iter().map(count).sum::<usize>();
        let n_keys = sum(|block| block.n_keys);
        let mut figures = figures(blocks, about.seed);
        for (name, label) in [("n_evaluated", "tokens evaluated per key"), ("n_decoded", "tokens decoded per key")] {
            figures.extend(per_key(name, label, "tokens", log.session.get(name).and_then(Value::as_f64), n_keys));
        }
        let cpu_s = log.usage.map(|usage| usage.typing_cpu_s);
        figures.extend(per_key("cpu_s", "CPU time per key", "s", cpu_s, n_keys));
        Report {
            latency_ms: latencies(blocks, about.seed),
            n_keys,
            max_late_ms: log.max_late.as_secs_f64() * 1000.0,
            n_answers: sum(|block| n_with_text(block) + block.n_empty + block.n_failed + block.n_misfits),
            n_with_text: sum(n_with_text),
            n_failed: sum(|block| block.n_failed),
            n_misfits: sum(|block| block.n_misfits),
            n_replaced: sum(|block| block.n_replaced),
            n_withdrawn: sum(|block| block.n_withdrawn),
            misfit: measured.misfit.clone(),
            replaced: measured.replaced.clone(),
            figures,
            resting_cpu_s: log.usage.and_then(|usage| usage.resting_cpu_s),
            peak_mb: log.usage.map(|usage| usage.peak_bytes as f64 / 1e6),
            session: log.session.clone(),
            trace: about.trace,
            server: about.server,
            client: about.client,
            speed: about.speed,
            waits: about.waits,
            minutes: about.minutes,
        }
    }
}

fn n_with_text(block: &Block) -> usize {
    block.latencies_ms.values().map(Vec::len).sum()
}

fn n_fast(block: &Block) -> usize {
    block.latencies_ms.values().flatten().filter(|ms| **ms <= FAST_MS).count()
}

fn figures(blocks: &[Block], seed: u64) -> Vec<Figure> {
    let figure = |name, label, unit, scale, counts: fn(&Block) -> (usize, usize)| {
        let estimate = Estimate::ratio(blocks, seed, scale, counts);
        Figure { name, label, unit, estimate }
    };
    let share = |name, label, counts| figure(name, label, "%", 100.0, counts);
    let per_100 = |name, label, counts| figure(name, label, "", 100.0, counts);
    vec![
        share("fast_with_text", "answers with text within 20 ms, of those with text", |b| (n_fast(b), n_with_text(b))),
        share("fast", "answers within 20 ms, of all but errors", |b| {
            (n_fast(b) + b.n_empty_fast, n_with_text(b) + b.n_empty)
        }),
        share("visible", "keys with a visible suggestion", |b| (b.n_visible, b.n_keys)),
        share("right", "keys with the right text visible", |b| (b.n_right, b.n_keys)),
        share("right_of_possible", "the same, of keys that had one to show", |b| (b.n_right, b.n_with_right)),
        per_100("displays_per_100", "texts shown per 100 keys", |b| (b.n_displays, b.n_keys)),
        per_100("wrong_per_100", "wrong texts shown per 100 keys", |b| (b.n_wrong, b.n_keys)),
        per_100("taken_per_100", "taken by the oracle per 100 keys", |b| (b.n_taken, b.n_keys)),
        share("saved", "keys saved by the oracle", |b| (b.n_saved, b.n_keys)),
    ]
}

/// A total has no blocks, hence no interval.
fn per_key(
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    total: Option<f64>,
    n_keys: usize,
) -> Option<Figure> {
    let value = total? / n_keys.max(1) as f64;
    Some(Figure { name, label, unit, estimate: Some(Estimate { value, low: value, high: value }) })
}

fn latencies(blocks: &[Block], seed: u64) -> Vec<Latency> {
    let sources: BTreeSet<&String> = blocks.iter().flat_map(|block| block.latencies_ms.keys()).collect();
    let rows = std::iter::once(None).chain(sources.into_iter().map(Some));
    rows.map(|source| {
        let of = |block: &Block| -> Vec<f64> {
            let wanted = |name: &String| source.is_none_or(|source| source == name);
            block.latencies_ms.iter().filter(|(name, _)| wanted(name)).flat_map(|(_, ms)| ms).copied().collect()
        };
        let percentile = |share: f64| {
            Estimate::of(blocks, seed, |blocks| {
                let mut all: Vec<f64> = blocks.iter().flat_map(|block| of(block)).collect();
                all.sort_by(f64::total_cmp);
                quantile(&all, share)
            })
        };
        Latency {
            source: source.map_or("all", String::as_str).to_string(),
            n: blocks.iter().map(|block| of(block).len()).sum(),
            p50: percentile(0.5),
            p90: percentile(0.9),
            p95: percentile(0.95),
            p99: percentile(0.99),
        }
    })
    .collect()
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { trace, server, client, speed, minutes, n_keys, .. } = self;
        writeln!(f, "{trace}: {minutes:.1} minutes, {n_keys} keys, as {client}, against `{server}`")?;
        let loop_ = if self.waits { "closed loop: every key waited for its answer" } else { "open loop" };
        writeln!(f, "{loop_}, {speed} x the pace; at most {:.0} ms late\n", self.max_late_ms)?;
        writeln!(
            f,
            "{:<12} {:>6} {:>9} {:>9} {:>9} {:>9}   ms, key to suggestion",
            "source", "n", "p50", "p90", "p95", "p99"
        )?;
        for row in &self.latency_ms {
            write!(f, "{:<12} {:>6}", row.source, row.n)?;
            for percentile in [row.p50, row.p90, row.p95, row.p99] {
                write!(f, " {:>9}", percentile.map_or_else(|| "-".to_string(), |p| rounded(p.value)))?;
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        for Figure { label, unit, estimate, .. } in &self.figures {
            writeln!(f, "{label:<52} {}", shown(*estimate, unit))?;
        }
        write_counts(self, f)
    }
}

fn write_counts(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Report { n_answers, n_with_text, n_failed, .. } = report;
    writeln!(f, "\n{n_answers} answers: {n_with_text} with text, {n_failed} cancelled or errors")?;
    let Report { n_replaced, n_withdrawn, n_misfits, .. } = report;
    let what = report.replaced.as_ref().map(|what| format!("; the first: {what}")).unwrap_or_default();
    writeln!(f, "{n_replaced} texts replaced under the user's eyes, {n_withdrawn} withdrawn{what}")?;
    let why = report.misfit.as_ref().map(|why| format!("; the first: {why}")).unwrap_or_default();
    writeln!(f, "{n_misfits} answers that do not fit their text{why}")?;
    if let Some(peak) = report.peak_mb {
        write!(f, "peak memory {peak:.0} MB")?;
        match report.resting_cpu_s {
            Some(cpu) => writeln!(f, "; {cpu:.2} s of CPU in 5 s of rest")?,
            None => writeln!(f)?,
        }
    }
    let numbers = report.session.iter().filter(|(_, value)| value.is_number());
    let numbers: Vec<String> = numbers.map(|(name, value)| format!("{name} {value}")).collect();
    if !numbers.is_empty() {
        writeln!(f, "the server's own counts: {}", numbers.join(", "))?;
    }
    Ok(())
}

fn shown(estimate: Option<Estimate>, unit: &str) -> String {
    let Some(Estimate { value, low, high }) = estimate else { return "-".to_string() };
    let mut text = rounded(value);
    if !unit.is_empty() {
        let _ = write!(text, " {unit}");
    }
    if low < high {
        let _ = write!(text, " ({} to {})", rounded(low), rounded(high));
    }
    text
}

/// With three digits that say something.
fn rounded(value: f64) -> String {
    let n_decimals = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.n_decimals$}")
}
