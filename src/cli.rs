//! The command line: one file a subcommand.
//!
//! A subcommand returns the exit code: 0 when it did what was asked, 1 when the answer is no (no suggestion, not
//! healthy). Bad input is an error: printed here, once, and exit code 2. What goes to stdout goes through one
//! [`Output`]. `session.rs` holds what the subcommands share; read `complete.rs` as the example of one.

mod agent;
mod batch;
mod complete;
mod config;
mod doctor;
mod http;
mod input;
mod key;
mod lsp;
mod model;
mod output;
mod privacy;
mod replay;
mod session;
mod skill;
mod stats;
mod status;
mod trust;
mod r#try;
mod why;

use std::io::{self, Write};

use clap::{Parser, Subcommand};

use output::Output;

#[derive(Parser)]
#[command(
    name = "foretype",
    version,
    about = "A completion server that types ahead: ghost text for your editor",
    arg_required_else_help = true,
    after_help = "\
Examples:
  foretype try                         see it type, in your project
  foretype complete src/main.rs:12:5   what would be suggested there
  foretype why src/main.rs:12:5        why that, or why nothing
  foretype privacy .                   which files are blocked, and which stay on this machine
  foretype stats                       what was suggested to you, and taken
  foretype doctor                      what is found, what is missing, what to do
  foretype model pull qwen2.5-coder-0.5b   get a code model, to be run on this machine"
)]
struct Arguments {
    /// The same as `foretype lsp`, for editors that always pass it
    #[arg(long)]
    stdio: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an editor on stdin and stdout
    Lsp(lsp::Arguments),
    /// Watch a file of yours being typed with ghost text, and see what it saves
    Try(r#try::Arguments),
    /// Print the suggestion for one place, or answer questions in JSON lines
    Complete(complete::Arguments),
    /// Show each step on the way to a suggestion, or to none
    Why(why::Arguments),
    /// Show how far the text of files may go: which rule blocks them or keeps them on this machine
    Privacy(privacy::Arguments),
    /// Show what is found, what is missing, and what to do
    Doctor,
    /// Show, get and remove code models that run on this machine
    Model(model::Arguments),
    /// Show what was suggested and taken, how fast it came, and what was learned
    Stats(stats::Arguments),
    /// Hand a task to an agent of yours, and see what was handed over
    Agent(agent::Arguments),
    /// Replay recorded typing against a completion server, and measure what a user would have seen
    Replay(replay::Arguments),
    /// Ask each endpoint of the settings whether it answers, and show who would answer now
    Status(status::Arguments),
    /// Put an endpoint's key into the system's keyring, or take it out
    Key(key::Arguments),
    /// Show the skills of a project and yours, and check how they are written
    Skill(skill::Arguments),
    /// Show what a project would have models and agents told (skills, a team), and trust it
    Trust(trust::Arguments),
    /// Answer over HTTP on this machine, without an editor, or print the key for that
    Http(http::Arguments),
    /// Print the schema of the settings, check settings, or say where they are
    Config(config::Arguments),
}

/// Parses the arguments, runs the subcommand, returns the process's exit code.
pub fn run() -> i32 {
    let arguments = Arguments::parse();
    let command = match arguments.command {
        // The server's transport writes to stdout by itself.
        None if arguments.stdio => return lsp::run(&lsp::Arguments::default()),
        Some(Command::Lsp(lsp)) => return lsp::run(&lsp),
        None => return 2,
        Some(command) => command,
    };
    let mut output = Output::stdout();
    let ended = command.run(&mut output).and_then(|code| Ok(output.flush().map(|()| code)?));
    ended.unwrap_or_else(|error| report(&error))
}

impl Command {
    fn run(self, output: &mut Output) -> anyhow::Result<i32> {
        match self {
            Command::Lsp(lsp) => Ok(lsp::run(&lsp)),
            Command::Try(arguments) => r#try::run(&arguments, output),
            Command::Complete(arguments) => complete::run(arguments, output),
            Command::Why(arguments) => why::run(&arguments, output),
            Command::Privacy(arguments) => privacy::run(&arguments, output),
            Command::Doctor => doctor::run(output),
            Command::Model(arguments) => model::run(arguments, output),
            Command::Stats(arguments) => stats::run(&arguments, output),
            Command::Agent(arguments) => agent::run(arguments, output),
            Command::Replay(arguments) => replay::run(&arguments, output),
            Command::Status(arguments) => status::run(&arguments, output),
            Command::Key(arguments) => key::run(&arguments, output),
            Command::Skill(arguments) => skill::run(&arguments, output),
            Command::Trust(arguments) => trust::run(&arguments, output),
            Command::Http(arguments) => http::run(arguments, output),
            Command::Config(arguments) => config::run(arguments, output),
        }
    }
}

/// Says what went wrong. A reader that has seen enough (`| head`) is no error.
fn report(error: &anyhow::Error) -> i32 {
    let is_broken_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error.downcast_ref().is_some_and(is_broken_pipe) {
        return 0;
    }
    output::warn(&format!("{error:#}"));
    2
}
