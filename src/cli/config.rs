//! `foretype config`: the settings' schema, their check, where they are, and the lines that an editor needs.

mod helix;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};

use super::input;
use super::output::{self, Output};
use crate::config::{self, Problem};
use helix::Route;

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  foretype config schema > foretype.schema.json
  foretype config check
  $EDITOR \"$(foretype config path)\"
  foretype config helix >> ~/.config/helix/languages.toml")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the JSON Schema of the settings
    Schema,
    /// Check a file of settings, or all that hold in this folder
    Check {
        /// A file of settings
        file: Option<PathBuf>,
    },
    /// Print the path of your own settings
    Path,
    /// Print what Helix's languages.toml needs to start the server
    Helix {
        /// For suggestions in the text, as inlay hints, instead of in the menu
        #[arg(long)]
        ghost_text: bool,
    },
}

pub fn run(arguments: Arguments, output: &mut Output) -> Result<i32> {
    match arguments.command {
        Command::Schema => write!(output, "{}", config::schema())?,
        Command::Helix { ghost_text } => {
            let route = if ghost_text { Route::GhostText } else { Route::Menu };
            write!(output, "{}", helix::languages(route))?;
        }
        Command::Path => writeln!(output, "{}", user_file()?.display())?,
        Command::Check { file: Some(file) } => return check_file(&file, output),
        Command::Check { file: None } => return check_here(output),
    }
    Ok(0)
}

fn user_file() -> Result<PathBuf> {
    config::user_file().ok_or_else(|| anyhow!("there is no home folder, so no settings of your own. Set HOME"))
}

fn check_file(file: &Path, output: &mut Output) -> Result<i32> {
    let name = file.display();
    let problems = config::check(file)
        .map_err(|error| anyhow!("{name}: {error}. Give a file of settings; yours is at `foretype config path`"))?;
    conclude(&problems, &name.to_string(), output)
}

fn check_here(output: &mut Output) -> Result<i32> {
    let here = std::env::current_dir().context("the current folder cannot be read; go to another one")?;
    let (_, problems) = config::load(input::root_of(&here).as_deref(), None);
    conclude(&problems, "the settings that hold in this folder", output)
}

fn conclude(problems: &[Problem], what: &str, output: &mut Output) -> Result<i32> {
    problems.iter().for_each(|problem| output::warn(&problem.to_string()));
    if !problems.is_empty() {
        return Ok(1);
    }
    writeln!(output, "{what}: nothing wrong")?;
    Ok(0)
}
