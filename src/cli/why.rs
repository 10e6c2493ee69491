//! `foretype why`: each step on the way to a suggestion, with its verdict and time.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::input::Place;
use super::output::{Output, Style};
use super::session::{Reply, Session, Wish};
use crate::predictor::{Shown, Trace, Trigger};

#[derive(clap::Args)]
#[command(after_help = "\
The question is asked as an editor asks it while you type; `foretype complete` asks as by hand, which also
speaks before other text. The running server keeps the same for its last 200 requests:
run the command `foretype.why` in the editor.

Example:
  foretype why src/main.rs:12:5")]
pub struct Arguments {
    /// Where: a line from 1, a column in bytes from 1
    #[arg(value_name = "FILE:LINE:COL")]
    place: String,
    /// Print the steps as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    wish: Wish,
}

const OUTCOME: &str = "outcome";

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let Place { file, offset } = Place::read(&arguments.place)?;
    let session = Session::around(file.path.parent().unwrap_or(Path::new("/")), &arguments.wish)?.with_warnings();
    let (answer, reply) = session.ask(session.document(&file), offset, Trigger::Automatic);
    if arguments.json {
        serde_json::to_writer(&mut *output, &*answer.trace).map_err(std::io::Error::from)?;
        writeln!(output)?;
    } else {
        print(&answer.trace, &reply, output)?;
    }
    Ok(0)
}

fn print(trace: &Trace, reply: &Reply, output: &mut Output) -> Result<()> {
    let place = format!("{}:{}:{}", trace.document, trace.line, trace.column);
    writeln!(output, "{}", output.paint(Style::Bold, &place))?;
    let width = trace.steps.iter().map(|step| step.stage.len()).max().unwrap_or_default().max(OUTCOME.len());
    for step in &trace.steps {
        let time = output.paint(Style::Dim, &format!("{:>9}", milliseconds(step.took_us)));
        writeln!(output, "  {:width$}  {time}  {}", step.stage, step.verdict)?;
    }
    for shown in &trace.context {
        let Shown { kind, path, reason, score, n_tokens, is_used } = shown;
        let verdict = if *is_used { format!("{n_tokens} tokens") } else { "left out".to_string() };
        let line = format!("{kind} {score:.2}, {verdict}: {path}: {reason}");
        let line = if *is_used { line } else { output.paint(Style::Dim, &line) };
        writeln!(output, "  {:width$}  {:>9}  {line}", "", "")?;
    }
    let style = if reply.text.is_some() { Style::Good } else { Style::Bad };
    let outcome = output.paint(style, &trace.outcome);
    writeln!(output, "  {OUTCOME:width$}  {:>9}  {outcome}", milliseconds(trace.total_us))?;
    for line in reply.text.iter().flat_map(|text| text.lines()) {
        writeln!(output, "  {:width$}  {:>9}  {}", "", "", output.paint(Style::Ghost, line))?;
    }
    Ok(())
}

fn milliseconds(us: u64) -> String {
    format!("{}.{:03} ms", us / 1000, us % 1000)
}
