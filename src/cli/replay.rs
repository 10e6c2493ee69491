//! `foretype replay`: recorded typing against a completion server, and what a user would have seen.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use super::output::{self, Output};
use crate::engine::local;
use crate::predictor::Without;
use crate::replay::editor::{Editor, Imitated};
use crate::replay::habits::Client;
use crate::replay::llama_vim::{self, LlamaVim};
use crate::replay::measure::{Decisions, measure};
use crate::replay::play::{Pace, play};
use crate::replay::report::{About, Report};
use crate::replay::{Log, Script, Trace, picture, trace};
use crate::{config, ledger};

#[derive(clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Recordings of `foretype lsp --record`, or traces of editing-traces (.json, .json.gz)
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,
    /// The editor that is imitated
    #[arg(long, value_enum, default_value = "vscode")]
    client: Client,
    /// Any server with textDocument/inlineCompletion; by default `foretype lsp`
    #[arg(long, value_name = "COMMAND")]
    server: Option<String>,
    /// Instead of a server: a peer's policy, against the `llama-server` that LLAMA_SERVER names
    #[arg(long, value_enum, value_name = "PEER", conflicts_with_all = ["server", "without"])]
    against: Option<Peer>,
    /// The server's initializationOptions
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Mechanisms that our server leaves out: cache, adoption, speculation, restraint, drafts, parts, beginnings
    #[arg(long, value_name = "LIST", conflicts_with = "server")]
    without: Option<String>,
    /// Times as fast as it was typed
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    speed: f64,
    /// Longer pauses are cut to this
    #[arg(long, value_name = "MS", default_value_t = 2000.0)]
    max_pause: f64,
    /// The minute of the trace, by its capped clock, to begin at
    #[arg(long, value_name = "MINUTE", default_value_t = 0.0)]
    from: f64,
    /// How many minutes to replay; by default all
    #[arg(long, value_name = "N")]
    minutes: Option<f64>,
    /// The middle N minutes
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "minutes"])]
    middle: Option<f64>,
    /// Wait for each answer before the next key: the server without a time limit
    #[arg(long)]
    wait: bool,
    /// Mean time that the oracle looks at a text before it takes it; 0 for the upper bound
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    decide: f64,
    /// Of all that is drawn: times within a second, decision times, intervals
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Do not watch the server for 10 s after the last key
    #[arg(long)]
    no_rest: bool,
    /// Print a JSON object for each trace
    #[arg(long)]
    json: bool,
    /// Draw latency and what was visible over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Peer {
    /// Its cache, its walk-back, its time limits; with the model and the threads that our server would take
    #[value(name = "llama.vim")]
    LlamaVim,
}

const HELP: &str = "\
Open loop: every edit is sent at its time, whatever is unanswered. After each keystroke (one edit of up to four
characters within a line, or a line break with its indentation) the imitated editor asks for inline completion:
  vscode   at once; an edit cancels what was asked before, and only an answer for the text as it is gets shown
  neovim   200 ms after the last edit; cancels nothing; shows the last answer while what was typed since begins it
  plain    at once; cancels nothing; shows no answer that is older than the one shown
Text that is typed along stays visible, less what was typed; an edit that disagrees hides it. The first two say in
`experimental` that they know `foretype/suggestionReady`, and ask again after it (not with --wait); that answer is shown,
and counts in no latency.

What is right is known from the rest of the trace: what comes is the text that the following edits leave at the
cursor, until the user goes elsewhere, so corrected typos never come. A visible text is right if it begins with the
next 3 characters, or is the rest of what is typed on the line where that is shorter; it counts if it is visible before
the next edit. A text is wrong if its first line, when it appears, is not what comes.

The oracle never changes the text: what it takes (all, the first line or the first word; 3 characters or more) is
counted as keys saved, less one for taking it. Intervals are 95 %, by bootstrap over blocks of one minute.

An item should say who made it as the second of its command's arguments, for latency by source. The server runs in an
empty project, with your settings and --settings above them; ours keeps no records of it and forgets what it learns.

Examples:
  foretype lsp --record typing.jsonl              what your editor runs, to record what you type
  foretype replay typing.jsonl --svg typing.svg
  foretype replay rustcode.json.gz --middle 10 --without cache --json
  foretype replay typing.jsonl --server \"my-server --stdio\" --client neovim";

const MS_PER_MINUTE: f64 = 60_000.0;

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    arguments.check()?;
    let settings = arguments.settings.as_deref().map(serde_json::from_str).transpose();
    let settings: Value =
        settings.context("--settings is no JSON; write {\"section\": {\"key\": value}}")?.unwrap_or_default();
    // All are read before the first is played, which may take an hour.
    let options = trace::Options { max_pause_ms: arguments.max_pause, seed: arguments.seed };
    let traces: Vec<Trace> = arguments.traces.iter().map(|file| Trace::read(file, options)).collect::<Result<_>>()?;
    let scripts = traces.iter().zip(&arguments.traces).map(|(trace, file)| {
        Script::new(trace, arguments.window(trace)).with_context(|| format!("{}", file.display()))
    });
    let scripts: Vec<Script> = scripts.collect::<Result<_>>()?;
    for (trace, script) in traces.iter().zip(&scripts) {
        let report = replay(arguments, trace, script, &settings)?;
        if arguments.json {
            serde_json::to_writer(&mut *output, &report).map_err(std::io::Error::from)?;
            writeln!(output)?;
        } else {
            writeln!(output, "{report}")?;
        }
        output.flush()?;
    }
    Ok(0)
}

impl Arguments {
    fn check(&self) -> Result<()> {
        if let Some(without) = &self.without {
            without.parse::<Without>().map_err(|why| anyhow!("--without: {why}"))?;
        }
        let is_positive = |value: f64| value.is_finite() && value > 0.0;
        if !is_positive(self.speed) {
            bail!("--speed {}: give a number above 0, such as 1 for the real pace", self.speed);
        }
        let others = [("max-pause", self.max_pause), ("from", self.from), ("decide", self.decide)];
        for (name, value) in others {
            if !value.is_finite() || value < 0.0 {
                bail!("--{name} {value}: give a number from 0 on");
            }
        }
        for (name, value) in [("minutes", self.minutes), ("middle", self.middle)] {
            if value.is_some_and(|value| !is_positive(value)) {
                bail!("--{name}: give a number of minutes above 0");
            }
        }
        if self.svg.is_some() && self.traces.len() > 1 {
            bail!("--svg draws one trace; give one, or replay them one by one");
        }
        Ok(())
    }

    /// In milliseconds of the trace's clock.
    fn window(&self, trace: &Trace) -> std::ops::Range<f64> {
        let (from, minutes) = match self.middle {
            Some(minutes) => (((trace.minutes() - minutes) / 2.0).max(0.0), Some(minutes)),
            None => (self.from, self.minutes),
        };
        let end = minutes.map_or(f64::INFINITY, |minutes| (from + minutes) * MS_PER_MINUTE);
        from * MS_PER_MINUTE..end
    }

    fn pace(&self) -> Pace {
        Pace { speed: self.speed, waits: self.wait, rests: !self.no_rest }
    }

    /// Who waits for each answer waits for all of it.
    fn imitated(&self) -> Imitated {
        Imitated { client: self.client, hears_of_more: self.client != Client::Plain && !self.wait }
    }

    /// The server's name, and how it is started.
    fn command(&self, home: &Path) -> Result<(String, Command)> {
        if let Some(server) = &self.server {
            return Ok((server.clone(), shell(server)));
        }
        let mut command = Command::new(std::env::current_exe().context("this program cannot find itself")?);
        command.arg("lsp");
        // What is learned from an imitated user is not for the real one.
        command.env(ledger::FILE_VARIABLE, home.join("ledger.sqlite"));
        let mut name = "foretype lsp".to_string();
        if let Some(without) = &self.without {
            command.args(["--without", without]);
            name = format!("{name} --without {without}");
        }
        Ok((name, command))
    }
}

fn replay(arguments: &Arguments, trace: &Trace, script: &Script, settings: &Value) -> Result<Report> {
    let home = tempfile::tempdir().context("no temporary folder can be made")?;
    let project = home.path().join("project");
    std::fs::create_dir(&project).with_context(|| format!("{}", project.display()))?;
    // Its name as the system has it: servers compare paths.
    let project = std::fs::canonicalize(&project)?;
    announce(arguments, trace, script);
    let (about, client, log) = if arguments.against.is_some() {
        let (model, log) = play_peer(arguments, script, settings)?;
        let about = About { client: "llama.vim".to_string(), ..arguments.about(trace, script, model) };
        // It says itself what is hidden, so nothing is left to an editor's habits.
        (about, Client::Plain, log)
    } else {
        let (name, command) = arguments.command(home.path())?;
        let mut editor = Editor::start(script, (&name, command), arguments.imitated(), &project, settings)?;
        let start = editor.warm_up()?;
        let mut log = play(script, arguments.pace(), start, &mut editor)?;
        log.session = editor.finish();
        (arguments.about(trace, script, name), arguments.client, log)
    };

    let decisions = Decisions { mean_ms: arguments.decide, seed: arguments.seed };
    let measured = measure(script, &log, client, decisions);
    if let Some(file) = &arguments.svg {
        let title = format!("{} against {}", about.trace, about.server);
        std::fs::write(file, picture::svg(&title, &measured)).with_context(|| {
            format!("{}: the picture cannot be written; give --svg a file in a folder that is there", file.display())
        })?;
    }
    Ok(Report::new(about, &measured, &log))
}

/// Returns the model's name, too.
fn play_peer(arguments: &Arguments, script: &Script, settings: &Value) -> Result<(String, Log)> {
    let variable = llama_vim::server::VARIABLE;
    let program = std::env::var_os(variable)
        .with_context(|| format!("{variable} is not set; let it name the program `llama-server` of llama.cpp"))?;
    let (settings, _) = config::load(None, Some(settings));
    let models = local::locate(&settings.local)?;
    let Some((name, model)) = models.into_iter().next() else { bail!("there is no model") };
    let server = llama_vim::server::Server::start(&program, &model, settings.local.n_threads)?;
    let mut peer = LlamaVim::new(server);
    let start = peer.start();
    let mut log = play(script, arguments.pace(), start, &mut peer)?;
    log.session = peer.session();
    Ok((format!("llama-server with {name}"), log))
}

impl Arguments {
    fn about(&self, trace: &Trace, script: &Script, server: String) -> About {
        About {
            trace: trace.name.clone(),
            server,
            client: format!("{:?}", self.client).to_lowercase(),
            speed: self.speed,
            waits: self.wait,
            minutes: script.moments.last().map_or(0.0, |last| last.at_ms / MS_PER_MINUTE),
            seed: self.seed,
        }
    }
}

/// Whoever waits for minutes is told so.
fn announce(arguments: &Arguments, trace: &Trace, script: &Script) {
    let minutes = script.moments.last().map_or(0.0, |last| last.at_ms / MS_PER_MINUTE) / arguments.speed;
    if minutes > 0.2 {
        let n_keys = script.n_keys();
        output::warn(&format!("{}: {n_keys} keys, which take at least {minutes:.1} minutes", trace.name));
    }
}

/// As the shell takes the command, but in the shell's place: the process that is measured is the server.
fn shell(command: &str) -> Command {
    let (program, flag, line): (&str, &str, OsString) =
        if cfg!(windows) { ("cmd", "/C", command.into()) } else { ("sh", "-c", format!("exec {command}").into()) };
    let mut shell = Command::new(program);
    shell.arg(flag).arg(line);
    shell
}
