//! `foretype lsp`: the server on stdin and stdout.

use crate::server;

#[derive(clap::Args)]
pub struct Arguments {
    /// Accepted and without effect: stdin and stdout are always used
    #[arg(long)]
    stdio: bool,
}

pub fn run() -> i32 {
    server::run()
}
