//! `foretype http`: completions over HTTP without an editor; `token`: the key that they ask for.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};

use super::output::{self, Output};
use crate::http::Token;
use crate::server::{Alone, run_alone};

#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
An editor's server does the same with `http.enabled = true` in the settings, and knows the editor's open files.

Examples:
  foretype http .
  curl -s http://127.0.0.1:4477/v1/completions -H \"Authorization: Bearer $(foretype http token)\" \\
    -d '{\"prompt\": \"fn main() {\\n    let args = \", \"suffix\": \"\\n}\\n\", \"path\": \"src/main.rs\"}'"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The project to learn from
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long)]
    port: Option<u16>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the key, for `Authorization: Bearer`
    Token,
}

pub fn run(arguments: Arguments, output: &mut Output) -> Result<i32> {
    if let Some(Command::Token) = arguments.command {
        let file = Token::usual_file().ok_or_else(|| anyhow!("there is no folder for the key. Set HOME"))?;
        writeln!(output, "{}", Token::open(&file)?.text())?;
        return Ok(0);
    }
    let named = arguments.folder;
    let folder = named.canonicalize().with_context(|| format!("{}: give the folder of a project", named.display()))?;
    if !folder.is_dir() {
        bail!("{}: this is a file; give the folder of a project", named.display());
    }
    run_alone(&Alone { folder, port: arguments.port, say: output::warn })?;
    Ok(0)
}
