//! `foretype complete --batch`: questions in JSON lines on stdin, one answer each on stdout, in their order.
//!
//! A line that is no question is answered with its reason, and the run goes on. Every answer is flushed, so that a
//! program may wait for one before it asks the next.

use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::output::Output;
use super::session::{Reply, Session, Wish};
use crate::predictor::Trigger;

/// Many times the largest text that is completed.
const MAX_LINE_BYTES: usize = 32 << 20;

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

pub fn run(wish: &Wish, workspace: Option<&Path>, output: &mut Output) -> Result<i32> {
    let session = Session::open(workspace.map(folder).transpose()?, wish)?.with_warnings();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    for number in 1.. {
        let is_end = !read_line(&mut input, &mut line).map_err(|error| anyhow!("the input cannot be read: {error}"))?;
        if is_end {
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

/// False at the end of the input. Of a line that is too long, only the beginning is kept.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let n_bytes = input.by_ref().take(MAX_LINE_BYTES as u64).read_until(b'\n', line)?;
    if n_bytes == MAX_LINE_BYTES && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
    }
    Ok(n_bytes > 0)
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
    if line.len() == MAX_LINE_BYTES {
        let reason =
            format!("line {number} is longer than {MAX_LINE_BYTES} bytes. Ask with less text around the cursor");
        return Answer { id: Value::Null, reply: Reply::none(reason) };
    }
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
        let path = session.root.as_deref().unwrap_or(Path::new(".")).join(path);
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
