//! `foretype model list`: what there is, and what is here.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::cli::output::{Output, Style};
use crate::weights::{Card, Model, Source, Store, size};

#[derive(clap::Args)]
pub struct Arguments {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

/// One model as `--json` gives it; `null` where nothing is known.
#[derive(Serialize)]
struct Row {
    name: String,
    bytes: u64,
    sha256: String,
    licence: Option<&'static str>,
    languages: Option<&'static str>,
    fim: Option<&'static str>,
    about: Option<&'static str>,
    sources: Vec<String>,
    present: bool,
    /// Where it lies, or would.
    path: PathBuf,
}

pub fn run(arguments: &Arguments, store: &Store, output: &mut Output) -> Result<i32> {
    let rows: Vec<Row> = store.models().iter().map(|model| Row::new(model, store)).collect();
    if arguments.json {
        serde_json::to_writer_pretty(&mut *output, &rows).map_err(io::Error::from)?;
        writeln!(output)?;
        return Ok(0);
    }
    for row in &rows {
        row.write(output)?;
    }
    writeln!(output, "`foretype model pull NAME` gets one; any GGUF file of your own works by its path")?;
    Ok(0)
}

impl Row {
    fn new(model: &Model, store: &Store) -> Row {
        let card: Option<&Card> = model.card.as_ref();
        Row {
            name: model.name.clone(),
            bytes: model.n_bytes,
            sha256: model.sha256.clone(),
            licence: card.map(|card| card.licence),
            languages: card.map(|card| card.languages),
            fim: card.and_then(|card| card.fim),
            about: card.map(|card| card.about),
            sources: model.sources.iter().map(Source::to_string).collect(),
            present: store.holds(model).is_some(),
            path: store.file(&model.name),
        }
    }

    fn write(&self, output: &mut Output) -> io::Result<()> {
        let here = if self.present { output.paint(Style::Good, "here") } else { format!("{:4}", "") };
        let name = output.paint(Style::Bold, &format!("{:24}", self.name));
        let first = self.sources.first().map_or("", String::as_str);
        writeln!(output, "{name} {:>7}  {here}  {}", size(self.bytes), self.about.unwrap_or(first))?;
        let detail = match (self.licence, self.languages) {
            (Some(licence), Some(languages)) => {
                format!("{licence}; {languages}; fill in the middle: {}", self.fim.unwrap_or("no"))
            }
            _ => "licence and languages: see its page at the hub".to_string(),
        };
        writeln!(output, "    {}", output.paint(Style::Dim, &detail))?;
        if self.present {
            writeln!(output, "    {}", output.paint(Style::Dim, &self.path.display().to_string()))?;
        }
        Ok(())
    }
}
