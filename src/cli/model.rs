//! `foretype model`: the model files on this machine, and how they get here.

mod bench;
mod list;
mod pull;

use std::io::Write;

use anyhow::{Result, bail};

use super::output::{self, Output};
use crate::weights::{Store, size};

#[derive(clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Models lie in the folder that FORETYPE_MODELS names, or else in your data folder, under foretype/models.

Examples:
  foretype model list
  foretype model pull qwen2.5-coder-0.5b
  foretype model pull hf:OWNER/REPO/FILE.gguf
  foretype model bench qwen2.5-coder-0.5b
  foretype model remove qwen2.5-coder-0.5b"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show the known models, and which of them are here
    List(list::Arguments),
    /// Get a model; goes on from where the last pull stopped
    Pull(pull::Arguments),
    /// Print where a model's file is; exit code 1 if it is not here
    Path {
        /// A model's name
        name: String,
    },
    /// Measure a model on this machine, beside llama.cpp where that is named
    Bench(bench::Arguments),
    /// Delete a model's file and whatever was pulled of it
    Remove {
        /// A model's name
        name: String,
    },
}

pub fn run(arguments: Arguments, output: &mut Output) -> Result<i32> {
    let store = Store::open()?;
    match arguments.command {
        Command::List(arguments) => list::run(&arguments, &store, output),
        Command::Pull(arguments) => pull::run(&arguments, &store, output),
        Command::Bench(arguments) => bench::run(&arguments, &store, output),
        Command::Path { name } => path(&name, &store, output),
        Command::Remove { name } => remove(&name, &store),
    }
}

fn path(name: &str, store: &Store, output: &mut Output) -> Result<i32> {
    if store.model(name).is_none() {
        bail!("there is no model `{name}`; `foretype model list` shows the models");
    }
    match store.present(name) {
        Some(path) => writeln!(output, "{}", path.display())?,
        None => {
            output::warn(&format!("`{name}` is not here; `foretype model pull {name}` gets it"));
            return Ok(1);
        }
    }
    Ok(0)
}

fn remove(name: &str, store: &Store) -> Result<i32> {
    match store.remove(name)? {
        Some(n_bytes) => output::warn(&format!("removed `{name}`: {} are free again", size(n_bytes))),
        None => output::warn(&format!("`{name}` is not here; nothing to remove")),
    }
    Ok(0)
}
