//! `foretype try`: types a stretch of a real file before your eyes, with ghost text, and counts what it saves.
//!
//! Honest by construction: the stretch is cut out of the document before the first question and the file is not in
//! the index, so no engine has seen what is still to be typed. Read `try/typist.rs` first.

mod pick;
mod scene;
mod screen;
mod show;
mod tally;
mod typist;
mod view;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::output::Output;
use super::session::Wish;
use crate::predictor::Trigger;
use scene::Scene;
use screen::Screen;
use typist::Typist;

#[derive(clap::Args)]
#[command(after_help = "\
A stretch from the middle of the file is cut out and typed again. The rest of the file and the project are
known, the stretch is not. Without FILE one of this folder is picked that is much like the others, or a sample
where there is none.
`q` or Ctrl-C ends it early, space pauses.

Examples:
  foretype try
  foretype try src/main.rs --seconds 60
  foretype try --fast")]
pub struct Arguments {
    /// What to type; picked from this folder when it is not given
    file: Option<PathBuf>,
    /// No animation, no waiting: only the result; the same where stdout is no terminal
    #[arg(long)]
    fast: bool,
    /// How long to type
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    #[command(flatten)]
    wish: Wish,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let (session, scene) = Scene::open(arguments.file.as_deref(), &arguments.wish)?;
    // A model is loaded at its first question, which is not to be counted.
    session.ask(scene.document.clone(), scene.start, Trigger::Automatic);
    session.forget(&scene.document.id);
    let mut typist = Typist::new(&session, &scene);
    let is_shown = !arguments.fast && is_terminal();
    // A terminal that cannot be taken over is as good as none.
    if let Some(mut screen) = is_shown.then(|| Screen::open(output).ok()).flatten() {
        show::play(&mut typist, &scene, Duration::from_secs(arguments.seconds), &mut screen)?;
    } else {
        let started = Instant::now();
        while let Some(act) = typist.plan().filter(|_| started.elapsed() < Duration::from_secs(arguments.seconds)) {
            typist.perform(act);
        }
        tally::print_examples(&typist.tally, output)?;
    }
    tally::print(&typist, &scene, output)?;
    Ok(0)
}

fn is_terminal() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
