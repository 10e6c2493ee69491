//! `foretype lsp`: the server on stdin and stdout.

use std::path::PathBuf;

use crate::predictor::Without;
use crate::server;

#[derive(Default, clap::Args)]
pub struct Arguments {
    /// Accepted and without effect: stdin and stdout are always used
    #[arg(long)]
    stdio: bool,
    /// For measurements: mechanisms to leave out, of cache, adoption, speculation, restraint, drafts, parts, beginnings
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true)]
    without: Without,
    /// Record what is typed, for `foretype replay`: the text of each opened document that is not private, and every edit
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> i32 {
    server::run(arguments.without, arguments.record.as_deref())
}
