//! Wire types to ours and back.

use std::path::Path;
use std::sync::Arc;

use tower_lsp::gen_lsp_types as lsp;

use super::client::Abilities;
use super::handlers::execute_command::ACCEPT;
use crate::document::{Change, DocumentId, Snapshot};
use crate::predictor::Selected;
use crate::suggestion::Suggestion;
use crate::text::{Encoding, Position};

pub fn document_id(uri: &lsp::Uri) -> DocumentId {
    DocumentId(uri.as_str().into())
}

/// Absent for what is no file: untitled buffers, diffs, remote files.
pub fn path(uri: &lsp::Uri) -> Option<Arc<Path>> {
    uri.to_file_path().ok().map(Arc::from)
}

pub fn position(position: lsp::Position) -> Position {
    Position { line: position.line, character: position.character }
}

pub fn change(event: lsp::TextDocumentContentChangeEvent) -> Change {
    use lsp::TextDocumentContentChangeEvent as Event;
    match event {
        Event::TextDocumentContentChangePartial(lsp::TextDocumentContentChangePartial { range, text, .. }) => {
            Change::Ranged { start: position(range.start), end: position(range.end), text }
        }
        Event::TextDocumentContentChangeWholeDocument(whole) => Change::Whole(whole.text),
    }
}

/// `None` when the client's range does not end on the cursor's line or leaves the cursor out: then there is nothing
/// that we could extend.
pub fn selected(
    info: &lsp::SelectedCompletionInfo,
    document: &Snapshot,
    offset: usize,
    encoding: Encoding,
) -> Option<Selected> {
    let at = |wire| document.text.offset(position(wire), encoding);
    let replaced = at(info.range.start)..at(info.range.end);
    let same_line = document.text.line_of(replaced.start) == document.text.line_of(replaced.end);
    let holds = same_line && replaced.start <= offset && offset <= replaced.end;
    holds.then(|| Selected { replaced, text: info.text.clone() })
}

/// An inline item with an explicit range on one line. Without a selection the range starts at the cursor: Neovim
/// paints over the text of a longer one.
pub fn inline_item(
    suggestion: &Suggestion,
    document: &Snapshot,
    offset: usize,
    selected: Option<&Selected>,
    encoding: Encoding,
    (trace_id, source): (u64, &'static str),
) -> lsp::InlineCompletionItem {
    let (replaced, typed) = match selected {
        Some(selected) => (selected.replaced.clone(), selected.text.as_str()),
        None => (offset..offset, ""),
    };
    lsp::InlineCompletionItem {
        insert_text: lsp::InsertText::String(format!("{typed}{}", suggestion.text)),
        filter_text: None,
        range: Some(range(document, replaced.start..replaced.end + suggestion.n_replaced, encoding)),
        command: Some(accept_command(trace_id, source)),
    }
}

/// A menu item for editors without ghost text: the whole word and what follows it, so that the menu's filter finds it.
pub fn completion_item(
    suggestion: &Suggestion,
    rank: usize,
    document: &Snapshot,
    offset: usize,
    encoding: Encoding,
    (trace_id, source): (u64, &'static str),
) -> lsp::CompletionItem {
    let line_start = document.text.line_range(document.text.line_of(offset)).start;
    let typed = document.text.slice(line_start..offset);
    let word_start = typed
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |at| at + typed[at..].chars().next().map_or(0, char::len_utf8));
    let word = &typed[word_start..];
    let new_text = format!("{word}{}", suggestion.text);
    let replaced = line_start + word_start..offset + suggestion.n_replaced;
    let first_line = new_text.trim_start().lines().next().unwrap_or_default();
    lsp::CompletionItem {
        label: first_line.to_string(),
        label_details: Some(lsp::CompletionItemLabelDetails {
            detail: None,
            description: Some("foretype".to_string()),
        }),
        kind: Some(lsp::CompletionItemKind::Text),
        documentation: new_text.contains('\n').then(|| lsp::Documentation::String(new_text.clone())),
        sort_text: Some(format!("{rank:04}")),
        filter_text: Some(if word.is_empty() { first_line.to_string() } else { word.to_string() }),
        // As it is: its lines are indented already.
        insert_text_mode: Some(lsp::InsertTextMode::AsIs),
        text_edit: Some(lsp::CompletionItemTextEdit::TextEdit(lsp::TextEdit {
            range: range(document, replaced, encoding),
            new_text,
        })),
        command: Some(accept_command(trace_id, source)),
        ..lsp::CompletionItem::default()
    }
}

/// A suggestion as an edit.
pub fn insertion(document: &Snapshot, offset: usize, suggestion: &Suggestion, encoding: Encoding) -> lsp::TextEdit {
    let range = range(document, offset..offset + suggestion.n_replaced, encoding);
    lsp::TextEdit { range, new_text: suggestion.text.clone() }
}

/// Edits of one document, for the version that they were made for where the client can tell.
pub fn workspace_edit(document: &Snapshot, edits: Vec<lsp::TextEdit>, abilities: Abilities) -> lsp::WorkspaceEdit {
    let Ok(uri) = document.id.0.parse::<lsp::Uri>() else { return lsp::WorkspaceEdit::default() };
    if !abilities.versioned_edits {
        return lsp::WorkspaceEdit { changes: Some([(uri, edits)].into()), ..lsp::WorkspaceEdit::default() };
    }
    let text_document = lsp::OptionalVersionedTextDocumentIdentifier {
        version: Some(document.version),
        text_document_identifier: lsp::TextDocumentIdentifier { uri },
    };
    let edits = edits.into_iter().map(lsp::Edit::TextEdit).collect();
    let edit = lsp::DocumentChange::TextDocumentEdit(lsp::TextDocumentEdit { text_document, edits });
    lsp::WorkspaceEdit { document_changes: Some(vec![edit]), ..lsp::WorkspaceEdit::default() }
}

pub fn wire_position(document: &Snapshot, offset: usize, encoding: Encoding) -> lsp::Position {
    wire(document.text.position(offset, encoding))
}

pub fn wire(Position { line, character }: Position) -> lsp::Position {
    lsp::Position { line, character }
}

fn range(document: &Snapshot, bytes: std::ops::Range<usize>, encoding: Encoding) -> lsp::Range {
    let wire = |offset| wire_position(document, offset, encoding);
    lsp::Range { start: wire(bytes.start), end: wire(bytes.end) }
}

fn accept_command(trace_id: u64, source: &'static str) -> lsp::Command {
    lsp::Command {
        title: "Accepted a suggestion of foretype".to_string(),
        tooltip: None,
        command: ACCEPT.to_string(),
        arguments: Some(vec![trace_id.into(), source.into()]),
    }
}
