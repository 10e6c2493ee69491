//! `foretype why`: each step on the way to a suggestion, with its verdict and time.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::input::Place;
use super::output::{Output, Style};
use super::session::{Reply, Session, Wish};
use crate::predictor::{Row, RowKind, Trace, Trigger};

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
    for Row { label, took, text, kind } in trace.rows() {
        let style = match kind {
            RowKind::Step | RowKind::ContextUsed => Style::Plain,
            RowKind::ContextLeftOut => Style::Dim,
            RowKind::Outcome if reply.text.is_some() => Style::Good,
            RowKind::Outcome => Style::Bad,
        };
        writeln!(output, "  {label}  {}  {}", output.paint(Style::Dim, &took), output.paint(style, &text))?;
        if kind == RowKind::Outcome {
            for line in reply.text.iter().flat_map(|text| text.lines()) {
                let (label, took) = (" ".repeat(label.len()), " ".repeat(took.len()));
                writeln!(output, "  {label}  {took}  {}", output.paint(Style::Ghost, line))?;
            }
        }
    }
    Ok(())
}
