//! What an agent made, shown and taken over: `review` opens a document, `apply` merges onto the buffers as they are now.
//!
//! Texts go through the editor, so that its undo holds and what is not saved is not overwritten; what an editor cannot do
//! (modes, links, what is no text) goes to the disk, after it. A file that has moved on meanwhile is merged anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types as lsp;

use super::{Refused, blocking, commands};
use crate::agent::merge::Wanted;
use crate::agent::plan::{Chosen, Conflict, Present, Step, carry_out, conflicts_markdown, on_disk, plan};
use crate::agent::review::text;
use crate::agent::{Desk, HandOff};
use crate::document::Snapshot;
use crate::server::client::{self, Abilities};
use crate::server::state::State;
use crate::text::{Encoding, Position, Text};

/// Arguments of an apply: all, or some files, or some hunks (numbers from 0) of some.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub id: Option<String>,
    pub files: Option<Vec<PathBuf>>,
    pub hunks: BTreeMap<PathBuf, BTreeSet<usize>>,
}

/// Merged so often, when the user types on meanwhile.
const MAX_TRIES: usize = 3;

/// Opens the review; answers its rows and where it is.
pub async fn review(state: &State, desk: &Desk, id: String) -> Result<Value, Refused> {
    let desk = desk.clone();
    let (hand_off, review, path) = blocking(move || {
        let (hand_off, review) = desk.review(&id)?;
        let path = desk.store().folder(&hand_off.id).join("review.md");
        std::fs::write(&path, review.markdown(&hand_off.title))?;
        Ok((hand_off, review, path))
    })
    .await?;
    let uri = uri(&path)?;
    commands::open(state, uri.clone()).await;
    Ok(json!({"id": hand_off.id, "summary": review.summary(), "files": review.rows(), "uri": uri}))
}

/// Takes it over; nothing is changed where anything conflicts.
pub async fn apply(state: &State, desk: &Desk, id: String, wish: Wish) -> Result<Value, Refused> {
    let chosen = wish.chosen();
    let looked = desk.clone();
    let (hand_off, review) = blocking(move || looked.review(&id)).await?;
    let root = hand_off.snapshot.as_ref().map(|snapshot| snapshot.root.clone()).ok_or("its copy is gone")?;
    let mut refusal = String::new();
    for _ in 0..MAX_TRIES {
        let buffers = buffers(state, &root);
        let planned = {
            let (review, chosen, root, buffers) = (review.clone(), chosen.clone(), root.clone(), buffers.clone());
            let merge = move || Ok(plan(&review, &chosen, &root, |path| present(&buffers, &root, path)));
            blocking(merge).await?
        };
        let steps = match planned {
            Ok(steps) => steps,
            Err(conflicts) => return Err(show_conflicts(state, desk, &hand_off, &conflicts).await),
        };
        let n_steps = steps.len();
        let (edit, rest) = divide(steps, &buffers, &root, state.abilities())?;
        if let Some(edit) = edit
            && let Err(why) = client::apply(&state.client, edit).await
        {
            refusal = why;
            continue;
        }
        let place = root.clone();
        blocking(move || carry_out(&place, &rest).map_err(|half| anyhow::anyhow!("{half}"))).await?;
        let (desk, is_all) = (desk.clone(), matches!(chosen, Chosen::All));
        let now = blocking(move || if is_all { desk.applied(&hand_off.id) } else { Ok(hand_off) }).await?;
        return Ok(json!({"id": now.id, "state": now.state, "steps": n_steps}));
    }
    Err(format!("the editor did not make the changes: {refusal}"))
}

impl Wish {
    fn chosen(&self) -> Chosen {
        if self.files.is_none() && self.hunks.is_empty() {
            return Chosen::All;
        }
        let whole = self.files.iter().flatten().map(|path| (path.clone(), Wanted::All));
        let parts = self.hunks.iter().map(|(path, hunks)| (path.clone(), Wanted::Some(hunks.clone())));
        Chosen::Files(whole.chain(parts).collect())
    }
}

async fn show_conflicts(state: &State, desk: &Desk, hand_off: &HandOff, conflicts: &[Conflict]) -> Refused {
    let path = desk.store().folder(&hand_off.id).join("conflicts.md");
    let text = conflicts_markdown(conflicts);
    let at = path.clone();
    if blocking(move || Ok(std::fs::write(at, text)?)).await.is_ok()
        && let Ok(uri) = uri(&path)
    {
        commands::open(state, uri).await;
    }
    let lines: Vec<String> = conflicts.iter().map(Conflict::to_string).collect();
    format!("nothing was changed: {}. Both sides are in {}", lines.join("; "), path.display())
}

/// Open documents, by their paths from the root.
fn buffers(state: &State, root: &Path) -> HashMap<PathBuf, Snapshot> {
    let documents = state.documents.lock().snapshots();
    let within = |document: Snapshot| {
        let path = document.path.clone()?;
        // The root has no links; the editor's path may.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        Some((real.strip_prefix(root).ok()?.to_path_buf(), document))
    };
    documents.into_iter().filter_map(within).collect()
}

fn present(buffers: &HashMap<PathBuf, Snapshot>, root: &Path, path: &Path) -> io::Result<Option<Present>> {
    let disk = on_disk(&root.join(path))?;
    let Some(document) = buffers.get(path) else { return Ok(disk) };
    let (is_executable, is_link) = disk.map_or((false, false), |disk| (disk.is_executable, disk.is_link));
    let content = document.text.slice(0..document.text.len()).into_owned().into_bytes();
    Ok(Some(Present { content, is_executable, is_link, version: Some(document.version) }))
}

/// What the editor does, and what is left for the disk.
fn divide(
    steps: Vec<Step>,
    buffers: &HashMap<PathBuf, Snapshot>,
    root: &Path,
    abilities: Abilities,
) -> Result<(Option<lsp::WorkspaceEdit>, Vec<Step>), Refused> {
    let (mut changes, mut rest) = (Vec::new(), Vec::new());
    let renamed: Vec<PathBuf> = steps
        .iter()
        .filter(|step| matches!(step, Step::Rename { .. }) && !abilities.renames_files)
        .map(|step| step.path().to_path_buf())
        .collect();
    if let Some(open) = renamed.iter().find(|path| buffers.contains_key(*path)) {
        return Err(format!(
            "the agent has renamed {}, which is open, and your editor cannot rename files for a server; close it first",
            open.display()
        ));
    }
    for step in steps {
        let is_for_disk = renamed.iter().any(|path| path == step.path());
        match change(&step, buffers, root, abilities).filter(|_| !is_for_disk) {
            Some(change) => changes.extend(change),
            None => rest.push(step),
        }
    }
    let edit = (!changes.is_empty()).then(|| workspace_edit(changes, abilities));
    Ok((edit, rest))
}

/// As the editor is told; `None` for what it cannot do.
fn change(
    step: &Step,
    buffers: &HashMap<PathBuf, Snapshot>,
    root: &Path,
    abilities: Abilities,
) -> Option<Vec<lsp::DocumentChange>> {
    let uri = |path: &Path| match buffers.get(path) {
        // In the client's own words.
        Some(document) => document.id.0.parse::<lsp::Uri>().ok(),
        None => lsp::Uri::from_file_path(root.join(path)).ok(),
    };
    let edits = |uri: lsp::Uri, version: Option<i32>, edits: Vec<lsp::TextEdit>| {
        lsp::DocumentChange::TextDocumentEdit(lsp::TextDocumentEdit {
            text_document: lsp::OptionalVersionedTextDocumentIdentifier {
                version,
                text_document_identifier: lsp::TextDocumentIdentifier { uri },
            },
            edits: edits.into_iter().map(lsp::Edit::TextEdit).collect(),
        })
    };
    match step {
        Step::Edit { path, text, version, edits: wanted } => {
            let whole = Text::new(text);
            let range = |bytes: &std::ops::Range<usize>| lsp::Range {
                start: position(&whole, bytes.start, abilities.encoding),
                end: position(&whole, bytes.end, abilities.encoding),
            };
            let wire =
                wanted.iter().map(|edit| lsp::TextEdit { range: range(&edit.range), new_text: edit.text.clone() });
            Some(vec![edits(uri(path)?, *version, wire.collect())])
        }
        Step::Create { path, content, is_executable: false, is_link: false } if abilities.creates_files => {
            let (uri, new_text) = (uri(path)?, text(Some(content))?.to_string());
            let create = lsp::CreateFile { uri: uri.clone(), options: None, annotation_id: None };
            let start = lsp::Position { line: 0, character: 0 };
            let insert = lsp::TextEdit { range: lsp::Range { start, end: start }, new_text };
            Some(vec![lsp::DocumentChange::CreateFile(create), edits(uri, None, vec![insert])])
        }
        Step::Rename { from, to } if abilities.renames_files => {
            let (old_uri, new_uri) = (uri(from)?, uri(to)?);
            let rename = lsp::RenameFile { old_uri, new_uri, options: None, annotation_id: None };
            Some(vec![lsp::DocumentChange::RenameFile(rename)])
        }
        Step::Delete { path, .. } if abilities.deletes_files => {
            let delete = lsp::DeleteFile { uri: uri(path)?, options: None, annotation_id: None };
            Some(vec![lsp::DocumentChange::DeleteFile(delete)])
        }
        _ => None,
    }
}

fn position(text: &Text, offset: usize, encoding: Encoding) -> lsp::Position {
    let Position { line, character } = text.position(offset, encoding);
    lsp::Position { line, character }
}

fn workspace_edit(changes: Vec<lsp::DocumentChange>, abilities: Abilities) -> lsp::WorkspaceEdit {
    if abilities.versioned_edits {
        return lsp::WorkspaceEdit { document_changes: Some(changes), ..lsp::WorkspaceEdit::default() };
    }
    let mut by_uri: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
    for change in changes {
        if let lsp::DocumentChange::TextDocumentEdit(edit) = change {
            let edits = edit.edits.into_iter().filter_map(|edit| match edit {
                lsp::Edit::TextEdit(edit) => Some(edit),
                _ => None,
            });
            by_uri.entry(edit.text_document.text_document_identifier.uri).or_default().extend(edits);
        }
    }
    lsp::WorkspaceEdit { changes: Some(by_uri), ..lsp::WorkspaceEdit::default() }
}

fn uri(path: &Path) -> Result<lsp::Uri, Refused> {
    lsp::Uri::from_file_path(path).map_err(|()| format!("{} has no address", path.display()))
}
