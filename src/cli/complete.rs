//! `foretype complete`: the suggestion for one place; `--batch`: for many, in JSON lines.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::batch;
use super::input::Place;
use super::output::{self, Output};
use super::session::{Session, Wish};
use crate::document::Clearance;
use crate::predictor::Trigger;

#[derive(clap::Args)]
#[command(
    override_usage = "foretype complete <FILE:LINE:COL> [--engine <NAME>] [--model <NAME|PATH>] [--json]\n       \
                      foretype complete --batch [--engine <NAME>] [--model <NAME|PATH>] [--workspace <DIR>]",
    after_help = "\
Exit codes: 0 with a suggestion, 1 without one (the reason is on stderr), 2 on bad input.

A question is a line {\"id\": …, \"path\": \"src/a.rs\", \"prefix\": \"…\", \"suffix\": \"…\"}, its answer a line
{\"id\": …, \"text\": …, \"engine\": …, \"ms\": …, \"reason\": …}; `text` is null where there is no suggestion.

Examples:
  foretype complete src/main.rs:12:5
  foretype complete src/main.rs:12:5 --engine local --model qwen2.5-coder-0.5b
  foretype complete --batch --workspace . < questions.jsonl"
)]
pub struct Arguments {
    /// Where: a line from 1, a column in bytes from 1
    #[arg(value_name = "FILE:LINE:COL", required_unless_present = "batch", conflicts_with = "batch")]
    place: Option<String>,
    /// Print the answer as one JSON object
    #[arg(long, conflicts_with = "batch")]
    json: bool,
    /// Answer JSON lines from stdin
    #[arg(long)]
    batch: bool,
    #[command(flatten)]
    wish: Wish,
    /// Learn from this project; without it a question's own text is all there is
    #[arg(long, value_name = "DIR", requires = "batch")]
    workspace: Option<PathBuf>,
}

pub fn run(arguments: Arguments, output: &mut Output) -> Result<i32> {
    match arguments.place {
        Some(place) => complete(&place, &arguments.wish, arguments.json, output),
        None => batch::run(&arguments.wish, arguments.workspace.as_deref(), output),
    }
}

fn complete(place: &str, wish: &Wish, json: bool, output: &mut Output) -> Result<i32> {
    let Place { file, offset } = Place::read(place)?;
    let session = Session::around(file.path.parent().unwrap_or(Path::new("/")), wish)?.with_warnings();
    let document = session.document(&file);
    if let Clearance::Denied(denied) = &document.clearance {
        bail!("{}: {denied}", file.named.display());
    }
    // Whoever asks by hand wants to hear what there is, in a comment or before other text, too.
    let (_, reply) = session.ask(document, offset, Trigger::Invoked);
    if json {
        serde_json::to_writer(&mut *output, &reply).map_err(std::io::Error::from)?;
        writeln!(output)?;
    } else if let Some(text) = &reply.text {
        writeln!(output, "{text}")?;
    }
    match reply.reason {
        None => Ok(0),
        Some(reason) => {
            output::warn(&format!("no suggestion: {reason}"));
            Ok(1)
        }
    }
}
