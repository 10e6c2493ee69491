//! `foretype replay`: real typing, at its own pace, against a real server.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::output::{self, Output};
use crate::predictor::Without;
use crate::replay::trace::Window;
use crate::replay::{self, Habit, Options, Peer, picture};

/// Play recorded typing against a server, at its own pace, and say what was on the screen before each next key
///
/// TRACE is a file of <https://github.com/josephg/editing-traces> (packed or not) or a recording of
/// `foretype lsp --record`. The server may be any that answers `textDocument/inlineCompletion`.
///
/// The text follows the trace: nothing is accepted. `right` is the share of typed characters, of those with something
/// to show, after which the next three characters that the user typed there (or the rest of the line) stood on the
/// screen before the next key. `wrong` counts texts that came up and whose first line is not what was typed there.
/// What an accept would have saved is counted: all of a text, a line or a word of it, at least three characters.
#[derive(clap::Args)]
pub struct Arguments {
    #[arg(required = true, value_name = "TRACE")]
    traces: Vec<PathBuf>,
    /// How the editor asks
    #[arg(long, default_value = "vscode")]
    client: Habit,
    /// Another server's command line, its words with blanks between them
    #[arg(long, value_name = "COMMAND")]
    server: Option<String>,
    /// Its initializationOptions, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}")]
    settings: String,
    /// Mechanisms of this program's server to leave out: of cache, adoption, speculation, restraint, drafts, parts
    #[arg(long, value_name = "LIST", conflicts_with = "server")]
    without: Option<String>,
    /// Play a peer's policy instead, with the `llama-server` that listens at this address
    #[arg(long, value_name = "llama.vim", value_parser = ["llama.vim"], conflicts_with_all = ["server", "without", "wait"])]
    against: Option<String>,
    /// Of the peer's server, such as http://127.0.0.1:8012; without it, what LLAMA_SERVER says
    #[arg(long, requires = "against")]
    url: Option<String>,
    /// The process of the peer's server, for what it uses
    #[arg(long, default_value_t = 0)]
    pid: u32,
    /// Only so many minutes of the middle
    #[arg(long, value_name = "MINUTES")]
    middle: Option<f64>,
    /// Longer pauses are cut to this
    #[arg(long, value_name = "MS", default_value_t = 2000.0)]
    max_pause: f64,
    /// So many times as fast
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Wait for each answer before the next key: what the engines know, whatever time they take
    #[arg(long)]
    wait: bool,
    /// Mean time that the user looks at a text before taking it; 0 for the upper bound
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    decide: f64,
    /// Of the times within a second, where a trace has none
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Draw latency and visible share over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let settings: Value = serde_json::from_str(&arguments.settings).context("--settings is no JSON")?;
    anyhow::ensure!(arguments.speed > 0.0, "--speed must be more than 0");
    let server = match (&arguments.server, &arguments.without) {
        (Some(server), _) => server.split_whitespace().map(str::to_string).collect(),
        (None, without) => own_server(without.as_deref())?,
    };
    let options = Options {
        window: Window {
            max_pause: arguments.max_pause / 1e3,
            middle: arguments.middle,
            speed: arguments.speed,
            seed: arguments.seed,
        },
        habit: arguments.client,
        server,
        settings,
        peer: arguments.against.as_ref().map(|_| peer(arguments)).transpose()?,
        waits: arguments.wait,
        decide_ms: arguments.decide,
        progress: Box::new(|line| output::warn(line)),
    };
    let report = replay::run(&arguments.traces, &options)?;
    if let Some(path) = &arguments.svg {
        std::fs::write(path, picture::svg(&report.played))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let figures = report.figures();
    let text = if arguments.json { serde_json::to_string(&figures)? } else { figures.text() };
    writeln!(output, "{}", text.trim_end())?;
    Ok(0)
}

fn peer(arguments: &Arguments) -> Result<Peer> {
    let url = arguments.url.clone().or_else(|| std::env::var("LLAMA_SERVER").ok());
    let url = url.context("start `llama-server --model FILE` and name its address by --url or LLAMA_SERVER")?;
    Ok(Peer { url, pid: arguments.pid })
}

fn own_server(without: Option<&str>) -> Result<Vec<String>> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let mut words = vec![program.to_string_lossy().into_owned(), "lsp".to_string()];
    if let Some(without) = without {
        without.parse::<Without>().map_err(anyhow::Error::msg)?;
        words.extend(["--without".to_string(), without.to_string()]);
    }
    Ok(words)
}
