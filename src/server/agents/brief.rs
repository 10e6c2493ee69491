//! The task of a hand-off, from what the client says and the session knows. Every part of it is cleared by `privacy`, as
//! whatever an agent is given leaves the machine.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tower_lsp::gen_lsp_types as lsp;

use super::Refused;
use crate::agent::{Part, Skill, Task};
use crate::context::{self, Place};
use crate::document::Snapshot;
use crate::privacy;
use crate::server::convert;
use crate::server::state::State;
use crate::syntax::Tree;

/// Arguments of a start.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    pub agent: Option<String>,
    pub instruction: Option<String>,
    pub skill: Option<SkillGiven>,
    pub uri: Option<lsp::Uri>,
    pub range: Option<lsp::Range>,
    pub diagnostics: Vec<lsp::Diagnostic>,
    /// The user's own budget of the agent holds all the same.
    pub budget_usd: Option<f64>,
}

/// As whoever knows skills has read it.
#[derive(Clone, Deserialize)]
pub struct SkillGiven {
    pub name: String,
    pub body: String,
    pub folder: PathBuf,
}

/// For clients that cannot ask for words.
const USUAL: &str = "Do what the comments in the selection ask for. Where there are none, finish or repair the selected \
                     code, and what is reported there.";

/// Bytes of what goes along beside the selection; an agent finds the rest by itself.
const MAX_BYTES: usize = 16 << 10;

/// Pieces of one kind.
const MAX_PIECES: usize = 4;

pub async fn task(state: &State, wanted: Wanted) -> Result<Task, Refused> {
    let Wanted { instruction, skill, uri, range, diagnostics, .. } = wanted;
    let document = uri.map(|uri| {
        let found = state.documents.lock().snapshot(&convert::document_id(&uri));
        found.ok_or_else(|| format!("{} is not open", uri.as_str()))
    });
    let document = document.transpose()?;
    let path = document.as_ref().and_then(|document| document.path.clone());
    let workspace = state.folder_of(path.as_deref()).ok_or("open a folder first")?;
    let mut task = Task { unsaved: buffers(state), workspace, ..Task::default() };
    let instruction = instruction.unwrap_or_default();
    let needs_words = instruction.trim().is_empty() && skill.is_none();
    if needs_words && range.is_none() {
        return Err("say what is to be done as `instruction`, or select what it is about".to_string());
    }
    task.instruction = if needs_words { USUAL.to_string() } else { instruction };
    task.skill = skill.map(|SkillGiven { name, body, folder }| Skill { name, body, folder });
    if let Some(mut document) = document {
        // Whoever has just opened it need not ask twice.
        document.clearance = state.analysis.verdict(&document).await;
        if document.tree.is_none() {
            document.tree = parse(&document).await;
        }
        document.may_leave().map_err(|why| format!("this file cannot be handed over: {why}"))?;
        add(state, &mut task, &document, range, &diagnostics)?;
    }
    Ok(task)
}

async fn parse(document: &Snapshot) -> Option<Tree> {
    let (text, language) = (document.text.clone(), document.language?);
    let parse = move || Tree::parse(&text, language, None, &mut || false).ok();
    tokio::task::spawn_blocking(parse).await.ok()?
}

/// The selection, and what helps with it.
fn add(
    state: &State,
    task: &mut Task,
    document: &Snapshot,
    range: Option<lsp::Range>,
    diagnostics: &[lsp::Diagnostic],
) -> Result<(), Refused> {
    let path = document.path.as_deref();
    let within = path.and_then(|path| path.strip_prefix(&task.workspace).ok());
    let within = within.map_or_else(|| "untitled".to_string(), |path| path.to_string_lossy().replace('\\', "/"));
    let bytes = range.map(|range| {
        let at = |wire| document.text.offset(convert::position(wire), state.encoding());
        at(range.start)..at(range.end).max(at(range.start))
    });
    if let Some(bytes) = bytes.clone().filter(|bytes| !bytes.is_empty()) {
        let text = document.text.slice(bytes.clone()).into_owned();
        privacy::clear_piece(&text).map_err(|found| {
            let line = document.text.line_of(bytes.start) + found.line(&text);
            format!("the selection is not handed over: line {line} looks like a {}", found.kind)
        })?;
        let lines = document.text.line_of(bytes.start)..document.text.line_of(bytes.end.max(1) - 1) + 1;
        let what = format!("the selection{}", around(document, &bytes));
        task.selection = Some(Part { path: within.clone(), lines: Some(lines), text, what });
    }
    let said = diagnostics.iter().map(|said| format!("{within}:{}: {}", said.range.start.line + 1, message(said)));
    task.diagnostics = said.filter(|said| privacy::clear_piece(said).is_ok()).collect();
    let offset = bytes.map_or(0, |bytes| bytes.start);
    task.parts = pieces(state, document, offset);
    Ok(())
}

fn message(said: &lsp::Diagnostic) -> String {
    // A message may be a text or, since 3.18, marked up.
    let message = serde_json::to_value(&said.message).unwrap_or_default();
    message.as_str().or(message["value"].as_str()).unwrap_or_default().to_string()
}

/// Such as `, in impl Store, fn write`.
fn around(document: &Snapshot, bytes: &Range<usize>) -> String {
    let Some(tree) = &document.tree else { return String::new() };
    let text = document.text.slice(0..document.text.len());
    let names: Vec<String> = tree.scopes(&text, bytes.start).iter().map(|scope| scope.name.to_string()).collect();
    if names.is_empty() { String::new() } else { format!(", in {}", names.join(", ")) }
}

/// What `context` ranks first, as far as it may leave.
fn pieces(state: &State, document: &Snapshot, offset: usize) -> Vec<Part> {
    let Some(services) = state.services() else { return Vec::new() };
    let mut others = state.documents.lock().snapshots();
    others.retain(|other| other.id != document.id && other.may_leave().is_ok());
    let project = services.workspace.project();
    let place = Place { document, others: &others, offset, shown: offset..offset };
    let mut gathered = context::gather(&place, &project, &context::Options::ALL).pieces;
    let keeps = |path: &str| project.folders.iter().any(|folder| services.privacy.keeps(&folder.join(Path::new(path))));
    gathered.retain(|piece| !keeps(&piece.path) && privacy::clear_piece(&piece.text).is_ok());
    gathered.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.score.total_cmp(&a.score)));
    let mut parts: Vec<Part> = Vec::new();
    let mut n_bytes = 0;
    for kind in context::Kind::ALL {
        for piece in gathered.iter().filter(|piece| piece.kind == kind).take(MAX_PIECES) {
            n_bytes += piece.text.len();
            if n_bytes <= MAX_BYTES {
                let what = format!("{}: {}", kind.name(), piece.reason);
                parts.push(Part { path: piece.path.to_string(), lines: None, text: piece.text.clone(), what });
            }
        }
    }
    parts
}

/// All open files; what may not leave is left out of the copy by itself.
fn buffers(state: &State) -> Vec<(PathBuf, String)> {
    let documents = state.documents.lock().snapshots();
    let buffer = |document: &Snapshot| {
        let text = document.text.slice(0..document.text.len()).into_owned();
        Some((document.path.as_ref()?.to_path_buf(), text))
    };
    documents.iter().filter_map(buffer).collect()
}

/// With the buffers that the disk does not have yet. Reads the disk.
pub fn with_unsaved(task: Task) -> Task {
    let is_unsaved = |(path, text): &(PathBuf, String)| std::fs::read(path).ok().as_deref() != Some(text.as_bytes());
    let unsaved = task.unsaved.into_iter().filter(is_unsaved).collect();
    Task { unsaved, ..task }
}
