//! Requests to providers as counters in Prometheus' text format (version 0.0.4).
//!
//! Names are those of OpenTelemetry's GenAI conventions where these have one (dots become underscores, the unit and
//! `_total` are added), otherwise ours. Labels hold names from the settings; no session, folder or text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use rusqlite::Connection;

use super::UnixMs;
use super::costs::count;
use super::money::{MicroUsd, to_usd};
use super::store::{MS_A_DAY, Store};

/// Since the file was begun, by provider and model.
pub type All = BTreeMap<(String, String), Counters>;

/// Of one provider and model.
#[derive(Default)]
pub struct Counters {
    /// `done`, `cancelled`, or why they failed.
    pub endings: BTreeMap<String, Ending>,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub output_tokens: u64,
    pub cost: MicroUsd,
    pub n_unpriced: u64,
}

/// Requests that ended alike.
#[derive(Clone, Copy, Default)]
pub struct Ending {
    pub n: u64,
    pub ms: u64,
}

struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: fn(&Counters) -> Vec<Sample>,
}

struct Sample {
    suffix: &'static str,
    /// Besides provider and model.
    label: Option<(&'static str, String)>,
    value: f64,
}

const FAMILIES: [Family; 6] = [
    Family {
        name: "foretype_remote_requests_total",
        kind: "counter",
        help: "Requests to providers by how they ended: done, cancelled, or why they failed.",
        samples: |counters| {
            let endings = counters.endings.iter();
            endings.map(|(ended, ending)| Sample::labelled("ended", ended, ending.n)).collect()
        },
    },
    Family {
        name: "gen_ai_client_token_usage_tokens_total",
        kind: "counter",
        help: "Tokens of requests that have ended; input includes what the provider had in its cache.",
        samples: |counters| {
            let by_type = [("input", counters.input_tokens), ("output", counters.output_tokens)];
            by_type.map(|(kind, n)| Sample::labelled("gen_ai_token_type", kind, n)).into()
        },
    },
    Family {
        name: "gen_ai_usage_cache_read_input_tokens_total",
        kind: "counter",
        help: "Input tokens from the provider's cache.",
        samples: |counters| vec![Sample::bare("", counters.cached_input_tokens as f64)],
    },
    Family {
        name: "gen_ai_usage_cost_usd_total",
        kind: "counter",
        help: "US dollars, of requests whose price is known.",
        samples: |counters| vec![Sample::bare("", to_usd(counters.cost))],
    },
    Family {
        name: "foretype_remote_unpriced_requests_total",
        kind: "counter",
        help: "Requests whose price is not known.",
        samples: |counters| vec![Sample::bare("", counters.n_unpriced as f64)],
    },
    Family {
        name: "gen_ai_client_operation_duration_seconds",
        kind: "summary",
        help: "From a request to its end.",
        samples: |counters| {
            let (n, ms) = counters.endings.values().fold((0, 0), |(n, ms), ending| (n + ending.n, ms + ending.ms));
            vec![Sample::bare("_sum", ms as f64 / 1000.0), Sample::bare("_count", n as f64)]
        },
    },
];

pub fn text(path: &Path) -> anyhow::Result<String> {
    let (counters, _) = read(path)?;
    let mut text = String::new();
    for Family { name, kind, help, samples } in &FAMILIES {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for ((provider, model), counters) in &counters {
            for Sample { suffix, label, value } in samples(counters) {
                let mut labels = vec![("gen_ai_provider_name", provider), ("gen_ai_request_model", model)];
                labels.extend(label.as_ref().map(|(name, value)| (*name, value)));
                let labels: Vec<String> =
                    labels.into_iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
                let _ = writeln!(text, "{name}{suffix}{{{}}} {value}", labels.join(","));
            }
        }
    }
    Ok(text)
}

/// The counters, and the beginning of the day on which the first of them began; nothing without a file. What is open is
/// left out: a counter never falls.
pub fn read(path: &Path) -> anyhow::Result<(All, UnixMs)> {
    let Some(store) = Store::existing(path)? else { return Ok((All::new(), 0)) };
    let first: Option<i64> = store.connection.query_row("SELECT min(day) FROM remote_tally", [], |row| row.get(0))?;
    Ok((sums(&store.connection)?, first.unwrap_or_default() * MS_A_DAY))
}

fn sums(connection: &Connection) -> rusqlite::Result<All> {
    let mut statement = connection.prepare(
        "SELECT provider_name, request_model, ended, sum(n), sum(input_tokens), sum(cache_read_input_tokens),
            sum(output_tokens), sum(latency_ms), sum(cost_micro_usd), sum(n_unpriced)
         FROM remote_tally WHERE ended != 'open' GROUP BY 1, 2, 3",
    )?;
    let mut rows = statement.query([])?;
    let mut all = All::new();
    while let Some(row) = rows.next()? {
        let counters = all.entry((row.get(0)?, row.get(1)?)).or_default();
        counters.endings.insert(row.get(2)?, Ending { n: count(row, 3)?, ms: count(row, 7)? });
        counters.input_tokens += count(row, 4)?;
        counters.cached_input_tokens += count(row, 5)?;
        counters.output_tokens += count(row, 6)?;
        counters.cost += row.get::<_, MicroUsd>(8)?;
        counters.n_unpriced += count(row, 9)?;
    }
    Ok(all)
}

impl Sample {
    fn bare(suffix: &'static str, value: f64) -> Sample {
        Sample { suffix, label: None, value }
    }

    fn labelled(name: &'static str, value: &str, n: u64) -> Sample {
        Sample { suffix: "", label: Some((name, value.to_string())), value: n as f64 }
    }
}

/// For a label's value.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
