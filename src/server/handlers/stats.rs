//! The command `foretype.stats`: what `foretype stats --json` prints, and today of it in short, for a status line.

use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, Result};

use crate::ledger::{self, Costs, Latency, Report};
use crate::server::record::Recorder;
use crate::server::state::State;

const USUAL_DAYS: u32 = 30;

/// `argument`: how many days. `null` where nothing is recorded; else a report's fields, `today` and `text`.
pub async fn handle(state: &State, argument: Option<u64>) -> Result<Value> {
    let services = state.services().ok_or_else(Error::internal_error)?;
    let n_days = argument.map_or(USUAL_DAYS, |n| n.clamp(1, u64::from(u32::MAX)) as u32);
    let recorder = state.recorder.clone();
    let read = move || read(&recorder, n_days, &services.settings.money);
    let stats = tokio::task::spawn_blocking(read).await.map_err(|_| Error::internal_error())?;
    stats.map_err(|error| Error { message: format!("{error:#}").into(), ..Error::internal_error() })
}

fn read(recorder: &Recorder, n_days: u32, money: &ledger::money::Options) -> anyhow::Result<Value> {
    recorder.finish();
    let Some(file) = recorder.file() else { return Ok(Value::Null) };
    let of = |n_days| anyhow::Ok(ledger::report(&file, n_days)?.zip(ledger::costs(&file, n_days, money)?));
    let (Some(today), Some(all)) = (of(1)?, of(n_days)?) else { return Ok(Value::Null) };
    let mut answer = serde_json::to_value(&all.0)?;
    answer["today"] = json!({"saved_characters": today.0.all.chars_saved, "cost_usd": known(&today.1)});
    answer["text"] = text(&today, &all).into();
    Ok(answer)
}

/// Nothing asked costs nothing; what was asked may have no known price.
fn known(costs: &Costs) -> Option<f64> {
    if costs.all.requests == 0 { Some(0.0) } else { costs.all.cost }
}

fn text(today: &(Report, Costs), all: &(Report, Costs)) -> String {
    let days = format!("The last {} days", all.0.n_days);
    let mut lines = vec![sum("Today (UTC)", today), sum(&days, all)];
    lines.extend(all.0.latencies.iter().map(latency));
    lines.push("`foretype stats` in a terminal says more.".to_string());
    lines.join("\n")
}

fn sum(title: &str, (report, costs): &(Report, Costs)) -> String {
    let tally = &report.all;
    let taken = tally.accepted + tally.partially_accepted;
    let rate = tally.acceptance.map(|share| format!(" ({:.0} % of those that could be read)", 100.0 * share));
    let cost = known(costs).map_or("a cost that is not known".to_string(), |usd| format!("${usd:.2}"));
    format!(
        "{title}: {} shown, {taken} taken{}, {} characters not typed, {cost}",
        tally.shown,
        rate.unwrap_or_default(),
        tally.chars_saved
    )
}

fn latency((source, latency): (&String, &Latency)) -> String {
    let Latency { n, p50_ms, p95_ms, .. } = latency;
    format!("  {source}: {n} answers, half of them within {p50_ms:.1} ms, 95 of 100 within {p95_ms:.1} ms")
}
