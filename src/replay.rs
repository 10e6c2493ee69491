//! A replay of real typing, at its own pace, against a real server: what would have been on the screen, and when.
//!
//! The loop is open: each key goes out at its time, whether or not anything has come back, and each typed character asks
//! as the imitated editor would ([`play`]). What came is laid out against the keys afterwards ([`screen`]), and judged by
//! what was typed next in the trace ([`future`]). The text follows the trace, always: nothing is accepted, and what an
//! accept would have saved is counted. Reads files and starts a process; only `cli` may use it. Read [`run`] first.

pub mod client;
pub mod future;
pub mod peer;
pub mod picture;
pub mod play;
pub mod report;
pub mod screen;
pub mod trace;
pub mod usage;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::Value;

use report::Report;
use trace::{Trace, Window};

pub struct Options {
    pub window: Window,
    pub habit: Habit,
    /// The server's command line; this program's `lsp` when empty.
    pub server: Vec<String>,
    pub settings: Value,
    /// A peer to be played instead, with the address and the process of its server.
    pub peer: Option<Peer>,
    /// Each key waits for the answer to the one before: what a model knows, whatever time it takes.
    pub waits: bool,
    /// The user looks this long before taking something, on average, in milliseconds.
    pub decide_ms: f64,
    /// Says how far it is.
    pub progress: Box<dyn Fn(&str)>,
}

/// Where the server of llama.vim listens, and its process.
pub struct Peer {
    pub url: String,
    pub pid: u32,
}

/// How an editor asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Habit {
    /// At every key at once; the request before is cancelled
    Vscode,
    /// When 200 ms have passed without a key; nothing is cancelled, and late answers are shown
    Neovim,
    /// At every key at once; nothing is cancelled
    Plain,
}

/// Plays all traces, one after the other, each with a server of its own.
pub fn run(paths: &[PathBuf], options: &Options) -> Result<Report> {
    let mut report = Report::default();
    for path in paths {
        for trace in Trace::read(path, options.window.seed)? {
            let trace = trace.windowed(&options.window);
            if trace.edits.is_empty() {
                continue;
            }
            let minutes = trace.edits.last().map_or(0.0, |edit| edit.at / 60.0);
            (options.progress)(&format!("{}: {} edits, {minutes:.1} minutes", trace.name, trace.edits.len()));
            let played = match &options.peer {
                Some(Peer { url, pid }) => peer::play(&trace, url, *pid)?,
                None => play::play(&trace, options)?,
            };
            report.add(played, options);
        }
    }
    ensure!(report.n_keys() > 0, "nothing was typed in this part of the traces; choose another by --middle");
    Ok(report)
}
