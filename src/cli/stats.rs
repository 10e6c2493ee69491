//! `foretype stats`: what was shown and taken, how fast it came, what was wasted, what was learned; with `--cost`, what
//! it cost.

mod cost;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::output::{self, Output, Style};
use crate::config;
use crate::ledger::{self, LATENCY_ERROR, Latency, Learned, Report, Tally, totals};

#[derive(clap::Args)]
#[command(after_help = "\
Servers of all your editors count into one file on this machine; it holds numbers, no text, and is sent nowhere.
Switch it off with `ledger.enabled = false`. To delete all of it, delete the file.

Examples:
  foretype stats --days 7
  foretype stats --cost")]
pub struct Arguments {
    /// Count back so many days, today (UTC) included
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// Show what requests to providers cost, and where your budgets stand
    #[arg(long)]
    cost: bool,
    /// Print one JSON object; `null` without records
    #[arg(long)]
    json: bool,
    /// Forget what was learned from your accepts and rejections; the counts stay
    #[arg(long, conflicts_with_all = ["json", "days", "cost"])]
    reset: bool,
}

/// A label's column, and a number's.
const LABEL: usize = 16;
const NUMBER: usize = 10;

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let file = ledger::usual_file().ok_or_else(off)?;
    if arguments.reset {
        let is_there = ledger::reset_learning(&file)?;
        let said = if is_there { "what was learned is forgotten; the counts stay" } else { "nothing was learned yet" };
        writeln!(output, "{said} ({})", file.display())?;
        return Ok(0);
    }
    if arguments.cost {
        return costs(arguments, &file, output);
    }
    let report = ledger::report(&file, arguments.days)?.filter(|report| !report.is_empty());
    if arguments.json {
        return json(&report, output);
    }
    let Some(report) = report else {
        output::warn(&format!(
            "nothing was recorded in the last {} days ({}). Suggestions that an editor shows are: open a file in one \
             that runs `foretype lsp`, and type",
            arguments.days,
            file.display()
        ));
        return Ok(1);
    };
    print(&report, output)?;
    Ok(0)
}

fn costs(arguments: &Arguments, file: &Path, output: &mut Output) -> Result<i32> {
    let (settings, problems) = config::load(None, None);
    problems.iter().for_each(|problem| output::warn(&problem.to_string()));
    let costs = ledger::costs(file, arguments.days, &settings.money)?.filter(|costs| !costs.is_empty());
    if arguments.json {
        return json(&costs, output);
    }
    let Some(costs) = costs else {
        output::warn(&format!(
            "no request was made to a provider in the last {} days ({}). A model that is asked over the network is \
             named in your settings",
            arguments.days,
            file.display()
        ));
        return Ok(1);
    };
    cost::print(&costs, output)?;
    Ok(0)
}

fn json(report: &Option<impl Serialize>, output: &mut Output) -> Result<i32> {
    serde_json::to_writer_pretty(&mut *output, report).map_err(io::Error::from)?;
    writeln!(output)?;
    Ok(i32::from(report.is_none()))
}

fn off() -> anyhow::Error {
    let variable = ledger::FILE_VARIABLE;
    anyhow!("nothing is recorded: {variable} is empty, or there is no home. Set {variable} to a file")
}

fn print(report: &Report, output: &mut Output) -> io::Result<()> {
    let Report { n_days, all, latencies, .. } = report;
    let title = if *n_days == 1 { "Today (UTC)".to_string() } else { format!("The last {n_days} days") };
    writeln!(output, "{}", output.paint(Style::Bold, &title))?;
    line(output, "shown", &shown(all))?;
    line(output, "accepted", &accepted(all))?;
    line(output, "saved", &format!("{} characters that were not typed", grouped(all.chars_saved)))?;
    line(output, "kept", &kept(all))?;
    line(output, "wasted", &wasted(&report.totals))?;

    tallies(output, "language", &report.languages)?;
    tallies(output, "source", &report.sources)?;
    if !latencies.is_empty() {
        let error = LATENCY_ERROR * 100.0;
        header(output, "answered in", &["n", "p50 ms", "p95 ms", "p99 ms"])?;
        for (source, latency) in latencies {
            latency_row(output, source, latency)?;
        }
        line(output, "", &format!("from the request to the answer; each within {error:.1} %"))?;
    }
    learned(output, &report.learned)?;
    writeln!(output, "\n{}", output.paint(Style::Dim, &report.file.display().to_string()))
}

fn shown(all: &Tally) -> String {
    format!("{}, of which {} were there to be read", grouped(all.shown), grouped(all.read_by_user()))
}

fn accepted(all: &Tally) -> String {
    let Some(acceptance) = all.acceptance else { return "none could be read".to_string() };
    let Tally { accepted, partially_accepted, typed_through, .. } = all;
    format!(
        "{} of those: {accepted} whole, {partially_accepted} in part; {typed_through} more were typed by hand to the end",
        percent(acceptance)
    )
}

fn kept(all: &Tally) -> String {
    match all.kept_share {
        None => "none was looked for yet (30 seconds after an accept)".to_string(),
        Some(share) => format!(
            "{} of {} were there 30 s later, and {} of their text",
            percent(all.kept as f64 / all.looked_for as f64),
            grouped(all.looked_for),
            percent(share)
        ),
    }
}

fn wasted(totals: &BTreeMap<String, f64>) -> String {
    let total = |name| totals.get(name).copied().unwrap_or_default();
    let count = |name| grouped(total(name) as u64);
    let superseded = format!("{} of {} requests superseded", count(totals::SUPERSEDED), count(totals::REQUESTS));
    match (total(totals::WASTED_TOKENS), total(totals::WASTED_SECONDS)) {
        (0.0, 0.0) => superseded,
        (_, seconds) => {
            format!("{} tokens and {seconds:.1} s of engines' work; {superseded}", count(totals::WASTED_TOKENS))
        }
    }
}

fn tallies(output: &mut Output, by: &str, tallies: &BTreeMap<String, Tally>) -> io::Result<()> {
    if tallies.is_empty() {
        return Ok(());
    }
    header(output, by, &["shown", "read", "taken", "rate", "saved"])?;
    for (name, tally) in tallies {
        let name = if name.is_empty() { "other" } else { name };
        let acceptance = tally.acceptance.map_or("-".to_string(), percent);
        let (shown, read) = (grouped(tally.shown), grouped(tally.read_by_user()));
        let (taken, saved) = (grouped(tally.accepted + tally.partially_accepted), grouped(tally.chars_saved));
        row(output, name, &[shown, read, taken, acceptance, saved])?;
    }
    Ok(())
}

fn latency_row(output: &mut Output, source: &str, latency: &Latency) -> io::Result<()> {
    let ms = |ms: f64| if ms < 10.0 { format!("{ms:.2}") } else { format!("{ms:.0}") };
    let numbers = [grouped(latency.n), ms(latency.p50_ms), ms(latency.p95_ms), ms(latency.p99_ms)];
    row(output, source, &numbers)
}

fn learned(output: &mut Output, learned: &Learned) -> io::Result<()> {
    let n = learned.outcomes;
    writeln!(output, "\n  {}", output.paint(Style::Bold, &format!("learned from {} outcomes", grouped(n))))?;
    if learned.odds.is_empty() {
        return line(output, "", "nothing that differs from what the engines say");
    }
    for (what, by) in &learned.odds {
        writeln!(output, "  {what}: {} (odds x{by:.2})", in_words(*by))?;
    }
    Ok(())
}

/// Of a factor of the odds.
fn in_words(by: f32) -> &'static str {
    match by {
        by if by < 0.5 => "taken much less often than the engine says",
        by if by < 1.0 => "taken less often than the engine says",
        by if by < 2.0 => "taken more often than the engine says",
        _ => "taken much more often than the engine says",
    }
}

fn line(output: &mut Output, label: &str, text: &str) -> io::Result<()> {
    writeln!(output, "  {label:LABEL$} {text}")
}

fn header(output: &mut Output, label: &str, names: &[&str]) -> io::Result<()> {
    let columns: String = names.iter().map(|name| format!("{name:>NUMBER$}")).collect();
    let header = output.paint(Style::Bold, &format!("{label:LABEL$} {columns}"));
    writeln!(output, "\n  {header}")
}

fn row(output: &mut Output, label: &str, numbers: &[String]) -> io::Result<()> {
    let columns: String = numbers.iter().map(|number| format!("{number:>NUMBER$}")).collect();
    line(output, label, &columns)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// With commas between thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join(",")
}
