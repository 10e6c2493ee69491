//! `foretype complete --batch`: questions in JSON lines on stdin, one answer each on stdout, in their order.
//!
//! A line that is no question is answered with its reason, and the run goes on. Every answer is flushed, so that a
//! program may wait for one before it asks the next.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::output::Output;
use super::session::{Reply, Session};
use crate::predictor::Trigger;

#[derive(Deserialize)]
struct Question {
    /// From the workspace's folder, or absolute; tells the language.
    path: Option<PathBuf>,
    prefix: String,
    #[serde(default)]
    suffix: String,
}

#[derive(Serialize)]
struct Answer {
    /// The question's, whatever it is; `null` where it cannot be read.
    id: Value,
    #[serde(flatten)]
    reply: Reply,
}

pub fn run(engine: Option<&str>, workspace: Option<&Path>, output: &mut Output) -> Result<i32> {
    let session = Session::open(workspace.map(folder).transpose()?, engine)?.with_warnings();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let n_bytes =
            input.read_until(b'\n', &mut line).map_err(|error| anyhow!("the input cannot be read: {error}"))?;
        if n_bytes == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer(&session, number, &line);
        serde_json::to_writer(&mut *output, &answer).map_err(io::Error::from)?;
        writeln!(output)?;
        output.flush()?;
    }
    Ok(0)
}

fn folder(named: &Path) -> Result<PathBuf> {
    let name = named.display();
    let folder = fs::canonicalize(named).map_err(|error| anyhow!("{name}: {error}. Give the folder of a project"))?;
    if !folder.is_dir() {
        bail!("{name}: this is not a folder. Give the folder of a project");
    }
    Ok(folder)
}

fn answer(session: &Session, number: usize, line: &[u8]) -> Answer {
    let mut value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => return Answer { id: Value::Null, reply: refusal(number, &error) },
    };
    let id = value.get_mut("id").map(Value::take).unwrap_or_default();
    let reply = match serde_json::from_value(value) {
        Ok(question) => ask(session, number, &question),
        Err(error) => refusal(number, &error),
    };
    Answer { id, reply }
}

fn refusal(number: usize, error: &serde_json::Error) -> Reply {
    Reply::none(format!(
        "line {number} is not a question: {error}. Write {{\"id\": …, \"path\": …, \"prefix\": …, \"suffix\": …}}"
    ))
}

fn ask(session: &Session, number: usize, question: &Question) -> Reply {
    let path = question.path.as_deref().map(|path| {
        let path = session.root.as_deref().map_or_else(|| path.to_path_buf(), |root| root.join(path));
        // The index knows files by their real paths, and leaves out the question's own by it.
        fs::canonicalize(&path).unwrap_or(path)
    });
    let text = format!("{}{}", question.prefix, question.suffix);
    // A name of its own: what was said to one question must not answer the next.
    let document = session.unsaved(&format!("question:{number}"), path.as_deref(), &text);
    let id = document.id.clone();
    let (_, reply) = session.ask(document, question.prefix.len(), Trigger::Invoked);
    session.forget(&id);
    reply
}
