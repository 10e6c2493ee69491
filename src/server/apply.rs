//! Brings reviewed changes into the user's files: open texts by the editor, so that what is not saved is kept and all of it
//! can be undone there; the rest on the disk.
//!
//! Everything is checked before anything is changed. The client gets the version that each edit was merged onto; where the
//! user has typed on meanwhile, it refuses, or skips the file, and the merge is made anew on what is there then. No edit can
//! say what a closed file must hold: a client puts it onto whatever it finds, and one of them empties what is there already
//! where a new file should be. So these are changed by us, who look once more at each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tower_lsp::gen_lsp_types as lsp;

use super::client::{self, Abilities};
use super::convert;
use super::state::State;
use crate::agent::plan::{Chosen, Conflict, Half, Present, Step, carry_out, on_disk, plan};
use crate::agent::review::Review;
use crate::document::{DocumentId, Snapshot};
use crate::text::{Encoding, Text};

/// What is to be brought in.
#[derive(Clone)]
pub struct Wanted {
    /// Of the project, links resolved.
    pub root: PathBuf,
    pub review: Arc<Review>,
    pub chosen: Chosen,
    /// Whose changes these are, where the editor shows that.
    pub label: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// These files have it, from the root; those that had it already are not among them.
    Applied(Vec<PathBuf>),
    /// Nothing was changed.
    Conflicts(Vec<Conflict>),
    /// The sentence for the user says what was changed, if anything.
    Failed(String),
}

/// The open documents of the project, by their paths from the root.
type Open = BTreeMap<PathBuf, Snapshot>;

/// Who types on this steadily should wait a moment.
const TRIES: usize = 4;

/// How soon an editor tells what has changed in a buffer; Neovim gathers for 150 ms.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub async fn apply(state: &State, wanted: Wanted) -> Outcome {
    // One after the other: what one has changed is what the next is merged onto.
    let _turn = state.applying.lock().await;
    let mut applied: Vec<PathBuf> = Vec::new();
    for _ in 0..TRIES {
        let (open, steps) = match planned(state, &wanted).await {
            Ok((_, Ok(steps))) if steps.is_empty() => return Outcome::Applied(applied),
            Ok((open, Ok(steps))) => (open, steps),
            Ok((_, Err(conflicts))) if applied.is_empty() => return Outcome::Conflicts(conflicts),
            Ok((_, Err(conflicts))) => return Outcome::Failed(in_between(&conflicts, &applied)),
            Err(failed) => return Outcome::Failed(failed),
        };
        let Split { by_client, by_us } = split(&open, &steps, state.abilities());
        if !by_client.is_empty() {
            let edit = workspace_edit(&wanted, &open, &by_client, state.abilities());
            if let Err(reason) = client::apply(&state.client, edit).await {
                if has_moved(state, &open, &by_client).await {
                    continue;
                }
                return Outcome::Failed(format!("the editor did not take the changes: {reason}"));
            }
        }
        if let Err(failed) = on_our_own(&wanted.root, by_us, &by_client).await {
            return Outcome::Failed(failed);
        }
        applied.extend(steps.iter().map(|step| step.path().to_owned()));
        applied.sort();
        applied.dedup();
        // Neovim says yes, and leaves out a buffer in which the user has typed on.
        let is_skipped = is_skipped(state, &wanted, &open, &by_client).await;
        if !(is_skipped && state.abilities().versioned()) {
            return Outcome::Applied(applied);
        }
    }
    Outcome::Failed("the files were changed each time; pause for a moment, then apply once more".to_string())
}

/// The user has changed, while it was brought in, what was still to come.
fn in_between(conflicts: &[Conflict], applied: &[PathBuf]) -> String {
    let conflicts: Vec<String> = conflicts.iter().map(Conflict::to_string).collect();
    let applied: Vec<String> = applied.iter().map(|path| path.display().to_string()).collect();
    format!("{}. Changed before that, some of it perhaps in part: {}", conflicts.join("; "), applied.join(", "))
}

type Planned = (Open, Result<Vec<Step>, Vec<Conflict>>);

/// What is to do as things are now. Reads the disk, on a thread that may.
async fn planned(state: &State, wanted: &Wanted) -> Result<Planned, String> {
    let (documents, wanted) = (state.documents.lock().snapshots(), wanted.clone());
    let work = move || {
        let open = open(&wanted.root, documents);
        let present = |path: &Path| {
            let on_disk = on_disk(&wanted.root.join(path))?;
            let Some(document) = open.get(path) else { return Ok(on_disk) };
            let content = document.text.slice(0..document.text.len()).into_owned().into_bytes();
            let is_executable = on_disk.is_some_and(|on_disk| on_disk.is_executable);
            Ok(Some(Present { content, is_executable, is_link: false, version: Some(document.version) }))
        };
        let steps = plan(&wanted.review, &wanted.chosen, &wanted.root, present);
        (open, steps)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| "the server failed; see its log".to_string())
}

/// Links may lead to a project in two ways; the client's names count.
fn open(root: &Path, documents: Vec<Snapshot>) -> Open {
    let within = |document: &Snapshot| {
        let path = document.path.as_ref()?;
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        real.strip_prefix(root).ok().map(Path::to_owned)
    };
    documents.into_iter().filter_map(|document| Some((within(&document)?, document))).collect()
}

struct Split {
    by_client: Vec<Step>,
    by_us: Vec<Step>,
}

/// What is open is the client's, where it can.
fn split(open: &Open, steps: &[Step], abilities: Abilities) -> Split {
    let is_renamed = |path: &Path| steps.iter().any(|step| matches!(step, Step::Rename { from, .. } if from == path));
    let is_clients = |step: &&Step| match step {
        Step::Edit { path, .. } => open.contains_key(path) && (abilities.file_operations || !is_renamed(path)),
        Step::Rename { from, .. } => open.contains_key(from) && abilities.file_operations,
        // A buffer whose file has gone stays with the user, who may have typed into it.
        Step::Create { .. } | Step::Replace { .. } | Step::Delete { .. } | Step::SetExecutable { .. } => false,
    };
    let (by_client, by_us) = steps.iter().partition::<Vec<&Step>, _>(is_clients);
    Split { by_client: by_client.into_iter().cloned().collect(), by_us: by_us.into_iter().cloned().collect() }
}

/// After what the client has done.
async fn on_our_own(root: &Path, steps: Vec<Step>, by_client: &[Step]) -> Result<(), String> {
    if steps.is_empty() {
        return Ok(());
    }
    let (root, done) = (root.to_owned(), by_client.iter().map(|step| root.join(step.path())).collect::<Vec<_>>());
    let work =
        move || carry_out(&root, &steps).map_err(|half| Half { done: [done, half.done].concat(), ..half }.to_string());
    tokio::task::spawn_blocking(work).await.map_err(|_| "the server failed; see its log".to_string())?
}

/// Whether a document that an edit was for is not the one any more for which it was made.
async fn has_moved(state: &State, open: &Open, steps: &[Step]) -> bool {
    for _ in 0..SETTLED_AFTER.as_millis() / LOOK_EVERY.as_millis() {
        if edited(open, steps).any(|document| version(state, &document.id) != Some(document.version)) {
            return true;
        }
        if edited(open, steps).next().is_none() {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    false
}

/// Whether a buffer has changed since, and still lacks what it should have by now.
async fn is_skipped(state: &State, wanted: &Wanted, open: &Open, steps: &[Step]) -> bool {
    for _ in 0..SETTLED_AFTER.as_millis() / LOOK_EVERY.as_millis() {
        if edited(open, steps).all(|document| version(state, &document.id) != Some(document.version)) {
            let left = planned(state, wanted).await.ok().and_then(|(_, steps)| steps.ok()).unwrap_or_default();
            return left.iter().any(|left| steps.iter().any(|step| step.path() == left.path()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    false
}

fn edited<'a>(open: &'a Open, steps: &'a [Step]) -> impl Iterator<Item = &'a Snapshot> {
    let texts = steps.iter().filter(|step| matches!(step, Step::Edit { .. }));
    texts.filter_map(|step| open.get(step.path()))
}

fn version(state: &State, id: &DocumentId) -> Option<i32> {
    state.documents.lock().snapshot(id).map(|document| document.version)
}

const ANNOTATION: &str = "foretype";

fn workspace_edit(wanted: &Wanted, open: &Open, steps: &[Step], abilities: Abilities) -> lsp::WorkspaceEdit {
    let uri = |path: &Path| match open.get(path) {
        Some(document) => document.id.0.parse().ok(),
        None => lsp::Uri::from_file_path(wanted.root.join(path)).ok(),
    };
    if !abilities.versioned() {
        let edits = steps.iter().filter_map(|step| match step {
            Step::Edit { path, text, edits, .. } => Some((uri(path)?, text_edits(text, edits, abilities.encoding))),
            _ => None,
        });
        return lsp::WorkspaceEdit { changes: Some(edits.collect()), ..lsp::WorkspaceEdit::default() };
    }
    let annotation = abilities.annotated_edits.then(|| ANNOTATION.to_string());
    let annotated = |edit: lsp::TextEdit| match annotation.clone() {
        Some(annotation_id) => lsp::Edit::AnnotatedTextEdit(lsp::AnnotatedTextEdit { annotation_id, text_edit: edit }),
        None => lsp::Edit::TextEdit(edit),
    };
    let in_text = |uri: lsp::Uri, version: Option<i32>, edits: Vec<lsp::TextEdit>| {
        let text_document_identifier = lsp::TextDocumentIdentifier { uri };
        let text_document = lsp::OptionalVersionedTextDocumentIdentifier { version, text_document_identifier };
        let edits = edits.into_iter().map(annotated).collect();
        lsp::DocumentChange::TextDocumentEdit(lsp::TextDocumentEdit { text_document, edits })
    };
    let changes = steps.iter().filter_map(|step| {
        let annotation_id = annotation.clone();
        Some(match step {
            Step::Edit { path, text, version, edits } => {
                vec![in_text(uri(path)?, *version, text_edits(text, edits, abilities.encoding))]
            }
            Step::Rename { from, to } => vec![lsp::DocumentChange::RenameFile(lsp::RenameFile {
                old_uri: uri(from)?,
                new_uri: uri(to)?,
                options: None,
                annotation_id,
            })],
            // These are ours.
            Step::Create { .. } | Step::Replace { .. } | Step::Delete { .. } | Step::SetExecutable { .. } => {
                return None;
            }
        })
    });
    let change_annotations = annotation.clone().map(|id| {
        // The user has reviewed it: nothing is to be confirmed once more.
        let annotation = lsp::ChangeAnnotation::new(wanted.label.clone(), Some(false), None);
        [(id, annotation)].into()
    });
    let document_changes = Some(changes.flatten().collect());
    lsp::WorkspaceEdit { document_changes, change_annotations, ..lsp::WorkspaceEdit::default() }
}

fn text_edits(text: &str, edits: &[crate::agent::merge::Edit], encoding: Encoding) -> Vec<lsp::TextEdit> {
    let text = Text::new(text);
    let at = |offset| convert::wire(text.position(offset, encoding));
    let edit = |edit: &crate::agent::merge::Edit| lsp::TextEdit {
        range: lsp::Range { start: at(edit.range.start), end: at(edit.range.end) },
        new_text: edit.text.clone(),
    };
    edits.iter().map(edit).collect()
}
