//! `foretype lsp`: the server on stdin and stdout.

use crate::predictor::Without;
use crate::server;

#[derive(Default, clap::Args)]
pub struct Arguments {
    /// Accepted and without effect: stdin and stdout are always used
    #[arg(long)]
    stdio: bool,
    /// For measurements: mechanisms to leave out, of cache, adoption, speculation, restraint, drafts, parts
    #[arg(long, value_name = "LIST", default_value = "", hide_default_value = true)]
    without: Without,
}

pub fn run(arguments: &Arguments) -> i32 {
    server::run(arguments.without)
}
