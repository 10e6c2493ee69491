//! `foretype agent`: hand a task over from the command line, and see what all windows have handed over.

mod list;
mod run;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::output::Output;
use crate::agent::{Desk, FOLDER_VARIABLE, Store};
use crate::ledger;

#[derive(clap::Args)]
#[command(after_help = "\
An agent works in a copy of your project; nothing of it reaches your files before you apply it. It is kept there by
convention, not by a sandbox. Choose agents by name in your settings: agents.use = [\"claude\", \"qwen\"].

Examples:
  foretype agent run \"Write a test for the parser\" --about src/parser.rs
  foretype agent list
  foretype agent show qwen-3fa81c
  foretype agent cancel qwen-3fa81c")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show what was handed over, by this and all editors
    List(list::Arguments),
    /// Hand a task over and watch it; Ctrl-C ends the agent
    Run(run::Arguments),
    /// Print the log of one
    Log {
        /// Its id, or the beginning of one
        id: String,
    },
    /// Answer an agent's question
    Permit {
        id: String,
        /// Yes, for this time; without it, no
        #[arg(long)]
        allow: bool,
    },
    /// End an agent; what it has made stays
    Cancel { id: String },
    /// Forget what an agent has made
    Discard { id: String },
    /// Take one out of the list
    Hide { id: String },
}

pub fn run(arguments: Arguments, output: &mut Output) -> Result<i32> {
    let store = Store::at(folder()?);
    let desk = |store: Store| Desk::new(store, ledger::usual_file(), |_| ());
    match arguments.command {
        Command::List(arguments) => return list::run(&arguments, &store, output),
        Command::Run(arguments) => return run::run(arguments, store, output),
        Command::Log { id } => {
            let id = store.find(&id)?.id;
            let path = store.log(&id);
            let log = std::fs::read_to_string(&path).map_err(|error| anyhow!("{}: {error}", path.display()))?;
            output.write_all(log.as_bytes())?;
        }
        Command::Permit { id, allow } => {
            let hand_off = store.find(&id)?;
            let asked = hand_off.question.ok_or_else(|| anyhow!("`{}` asks nothing now", hand_off.id))?;
            desk(store).permit(&hand_off.id, asked.number, allow)?;
            writeln!(output, "{}: {}", if allow { "allowed" } else { "denied" }, asked.text)?;
        }
        Command::Cancel { id } => {
            let id = store.find(&id)?.id;
            desk(store).cancel(&id)?;
            writeln!(output, "{id} is being ended")?;
        }
        Command::Discard { id } => {
            let gone = desk(store).discard(&id)?;
            writeln!(output, "what {} had made is gone; your files are as they were", gone.id)?;
        }
        Command::Hide { id } => desk(store).hide(&id, true)?,
    }
    Ok(0)
}

fn folder() -> Result<PathBuf> {
    let off =
        || anyhow!("hand-offs cannot be kept: {FOLDER_VARIABLE} is empty, or there is no home. Set it to a folder");
    Store::usual_folder().ok_or_else(off)
}
