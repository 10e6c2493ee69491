//! One file a subcommand.

use clap::{Parser, Subcommand};

use crate::server;

#[derive(Parser)]
#[command(name = "foretype", version, about = "A completion server that types ahead", arg_required_else_help = true)]
struct Arguments {
    /// The same as `foretype lsp`, for editors that always pass it.
    #[arg(long)]
    stdio: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an editor on stdin and stdout
    Lsp {
        /// Accepted and without effect: stdin and stdout are always used
        #[arg(long)]
        stdio: bool,
    },
}

/// Parses the arguments, runs the subcommand, returns the process's exit code.
pub fn run() -> i32 {
    let arguments = Arguments::parse();
    match arguments.command {
        None if !arguments.stdio => 2,
        None | Some(Command::Lsp { .. }) => server::run(),
    }
}
