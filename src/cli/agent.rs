//! `foretype agent`: hand a task over from the command line, and see what all windows have handed over.

mod list;
mod run;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::input;
use super::output::Output;
use crate::agent::merge::Wanted;
use crate::agent::plan::{Chosen, carry_out, conflicts_markdown, on_disk, plan};
use crate::agent::{Desk, FOLDER_VARIABLE, HandOff, Store};
use crate::ledger;

#[derive(clap::Args)]
#[command(after_help = "\
An agent works in a copy of your project; nothing of it reaches your files before you apply it. It is kept there by
convention, not by a sandbox. Choose agents by name in your settings: agents.use = [\"claude\", \"qwen\"].

Examples:
  foretype agent run \"Write a test for the parser\" --about src/parser.rs
  foretype agent show
  foretype agent apply
  foretype agent list
  foretype agent cancel qwen-3fa81c

Without an id, the newest of this project is meant for which the command makes sense.")]
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
    Log { id: Option<String> },
    /// Print what an agent has made: a summary, and every change
    Show { id: Option<String> },
    /// Merge what an agent has made into your files, as they are on the disk; nothing is changed where anything conflicts
    Apply {
        id: Option<String>,
        /// Only this file; may be given again
        #[arg(long, value_name = "PATH")]
        file: Vec<PathBuf>,
    },
    /// Answer an agent's question
    Permit {
        id: Option<String>,
        /// Yes, for this time; without it, no
        #[arg(long)]
        allow: bool,
    },
    /// End an agent; what it has made stays
    Cancel { id: Option<String> },
    /// Forget what an agent has made
    Discard {
        /// Always by its name: there is no way back
        id: String,
    },
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
            let path = store.log(&one(&store, id, |_| true)?.id);
            let log = std::fs::read_to_string(&path).map_err(|error| anyhow!("{}: {error}", path.display()))?;
            output.write_all(log.as_bytes())?;
        }
        Command::Show { id } => {
            let id = one(&store, id, HandOff::has_made)?.id;
            let (hand_off, review) = desk(store).review(&id)?;
            output.write_all(review.markdown(&hand_off.title).as_bytes())?;
        }
        Command::Apply { id, file } => {
            let id = one(&store, id, HandOff::has_made)?.id;
            return apply(&desk(store), &id, file, output);
        }
        Command::Permit { id, allow } => {
            let hand_off = one(&store, id, |hand_off| hand_off.question.is_some())?;
            let asked = hand_off.question.ok_or_else(|| anyhow!("`{}` asks nothing now", hand_off.id))?;
            desk(store).permit(&hand_off.id, asked.number, allow)?;
            writeln!(output, "{}: {}", if allow { "allowed" } else { "denied" }, asked.text)?;
        }
        Command::Cancel { id } => {
            let id = one(&store, id, |hand_off| hand_off.state.is_running())?.id;
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

/// The named one, or the newest of this project that fits.
fn one(store: &Store, id: Option<String>, fits: impl Fn(&HandOff) -> bool) -> Result<HandOff> {
    let Some(id) = id else {
        let here = std::env::current_dir()?.canonicalize()?;
        let project = input::root_of(&here).unwrap_or(here);
        let is_here = |hand_off: &HandOff| hand_off.workspace.starts_with(&project);
        let found = store.recover().into_iter().find(|hand_off| is_here(hand_off) && fits(hand_off));
        return found.ok_or_else(|| {
            anyhow!("nothing of {} is to be done that with; `foretype agent list` shows all", project.display())
        });
    };
    store.find(&id)
}

fn apply(desk: &Desk, id: &str, files: Vec<PathBuf>, output: &mut Output) -> Result<i32> {
    let (hand_off, review) = desk.review(id)?;
    let root = hand_off.snapshot.as_ref().map(|snapshot| snapshot.root.clone());
    let root = root.ok_or_else(|| anyhow!("the copy of `{}` is gone", hand_off.id))?;
    let chosen = match files.is_empty() {
        true => Chosen::All,
        false => Chosen::Files(files.into_iter().map(|file| (file, Wanted::All)).collect()),
    };
    let steps = match plan(&review, &chosen, &root, |path| on_disk(&root.join(path))) {
        Ok(steps) => steps,
        Err(conflicts) => {
            output.write_all(conflicts_markdown(&conflicts).as_bytes())?;
            return Ok(1);
        }
    };
    carry_out(&root, &steps).map_err(|half| anyhow!("{half}"))?;
    if chosen == Chosen::All {
        desk.applied(&hand_off.id)?;
    }
    writeln!(output, "{}; it is in your files now", review.summary())?;
    Ok(0)
}

fn folder() -> Result<PathBuf> {
    let off =
        || anyhow!("hand-offs cannot be kept: {FOLDER_VARIABLE} is empty, or there is no home. Set it to a folder");
    Store::usual_folder().ok_or_else(off)
}
