//! `foretype status`: who would answer now. Each endpoint is asked to say one word; a running server knows more of the past
//! (`foretype.status`).

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::input;
use super::output::{self, Output, Style};
use crate::config::{self, Settings};
use crate::context::{Gathered, Place};
use crate::engine::remote::{Endpoint, Net, Remote};
use crate::engine::{Cancel, Engine, local};
use crate::{ledger, server};

#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 when every endpoint of the settings answers, 1 when one does not.

Each is asked for a word that tells nothing of your files; it costs about 200 tokens of prompt at most.")]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Status {
    /// In the order in which they are asked.
    engines: Vec<Row>,
    /// The first that answers.
    answers: Option<String>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    /// What it is.
    what: String,
    is_remote: bool,
    /// Absent where nobody was asked.
    ms: Option<u128>,
    /// Why it does not answer.
    problem: Option<String>,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let here = std::env::current_dir().context("the current folder cannot be read; go to another one")?;
    let (settings, problems) = config::load(input::root_of(&here).as_deref(), None);
    problems.iter().for_each(|problem| output::warn(&problem.to_string()));
    let mut engines = endpoints(&settings);
    engines.extend(local(&settings));
    engines.extend(settings.instant.then(|| Row::well("instant", "your project's own text".to_string())));
    // The instant one speaks where it is sure, before all others.
    let answers = engines.iter().find(|row| row.problem.is_none()).map(|row| row.name.clone());
    let status = Status { engines, answers };
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &status).map_err(std::io::Error::from)?;
        writeln!(output)?;
    } else {
        print(&status, &settings, output)?;
    }
    Ok(status.engines.iter().any(|row| row.is_remote && row.problem.is_some()).into())
}

fn print(status: &Status, settings: &Settings, output: &mut Output) -> Result<()> {
    for Row { name, what, ms, problem, .. } in &status.engines {
        let mark = match problem {
            None => output.paint(Style::Good, "ok  "),
            Some(_) => output.paint(Style::Bad, "down"),
        };
        let name = output.paint(Style::Bold, &format!("{name:12}"));
        let time = ms.map_or(String::new(), |ms| format!(", answers after {ms} ms"));
        match problem {
            None => writeln!(output, "  {mark}  {name}  {what}{time}")?,
            Some(problem) => writeln!(output, "  {mark}  {name}  {what}: {problem}")?,
        }
    }
    let n_unasked = settings.remote.endpoints.len();
    if !settings.remote.enabled && n_unasked > 0 {
        writeln!(output, "\n  {n_unasked} of `remote.endpoints` are not asked: `remote.enabled` is false")?;
    }
    Ok(())
}

/// All at once: one that stalls does not hold up the others.
fn endpoints(settings: &Settings) -> Vec<Row> {
    if !settings.remote.enabled || settings.remote.endpoints.is_empty() {
        return Vec::new();
    }
    let net = match Net::start() {
        Ok(net) => Arc::new(net),
        Err(error) => {
            output::warn(&format!("the thread for remote models could not be started: {error}"));
            return Vec::new();
        }
    };
    let purse = server::purse(settings, ledger::usual_file(), None, |notice| output::warn(&notice));
    let ask = |endpoint: &Endpoint| {
        let contexts = Arc::new(|_: &Place| Gathered::default());
        let (started, waits) = (Instant::now(), settings.remote.client_waits);
        let answered = Remote::new(endpoint.clone(), net.clone(), contexts, purse.clone(), waits)
            .and_then(|remote| remote.probe(&Cancel::default()).map_err(|failure| failure.to_string()));
        let ms = answered.is_ok().then(|| started.elapsed().as_millis());
        let host = endpoint.base().ok().and_then(|url| url.host_str().map(str::to_string)).unwrap_or_default();
        let what = if endpoint.model.is_empty() { host } else { format!("{} at {host}", endpoint.model) };
        Row { name: endpoint.name.clone(), what, is_remote: true, ms, problem: answered.err() }
    };
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            settings.remote.endpoints.iter().map(|endpoint| scope.spawn(move || ask(endpoint))).collect();
        asked.into_iter().filter_map(|row| row.join().ok()).collect()
    })
}

/// It is not loaded for this.
fn local(settings: &Settings) -> Option<Row> {
    if !settings.local.enabled {
        return None;
    }
    Some(match local::locate(&settings.local) {
        Ok(models) => {
            let names: Vec<String> = models.into_iter().map(|(name, _)| name).collect();
            Row::well("local", names.join(", or "))
        }
        Err(missing) => {
            let problem = Some(format!("{missing:#}"));
            Row { problem, ..Row::well("local", "a model on this machine".to_string()) }
        }
    })
}

impl Row {
    fn well(name: &str, what: String) -> Row {
        Row { name: name.to_string(), what, is_remote: false, ms: None, problem: None }
    }
}
