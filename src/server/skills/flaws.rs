//! What is wrong with a `SKILL.md`, shown while it is edited. For every other document this is one comparison of a name.

use std::path::Path;

use tower_lsp::gen_lsp_types as lsp;

use crate::document::{DocumentId, Snapshot};
use crate::server::convert;
use crate::server::state::State;
use crate::skills::FILE;
use crate::skills::frontmatter::{Frontmatter, Severity};

/// A text was opened or changed.
pub fn look(state: &State, snapshot: &Snapshot) {
    let Some(path) = snapshot.path.clone().filter(|path| is_skill(path)) else { return };
    let (state, snapshot) = (state.clone(), snapshot.clone());
    tokio::spawn(async move {
        let text = snapshot.text.slice(0..snapshot.text.len());
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let flaws = Frontmatter::of(&text).in_folder(&text, &folder).flaws;
        let diagnostic = |flaw: &crate::skills::frontmatter::Flaw| lsp::Diagnostic {
            range: lsp::Range {
                start: convert::wire_position(&snapshot, flaw.range.start, state.encoding()),
                end: convert::wire_position(&snapshot, flaw.range.end, state.encoding()),
            },
            severity: Some(match flaw.severity {
                Severity::Error => lsp::DiagnosticSeverity::Error,
                Severity::Warning => lsp::DiagnosticSeverity::Warning,
                Severity::Hint => lsp::DiagnosticSeverity::Hint,
            }),
            source: Some("foretype".to_string()),
            message: flaw.message.clone().into(),
            ..lsp::Diagnostic::default()
        };
        // A newer text has flaws of its own.
        let is_newest = || {
            let current = state.documents.lock().snapshot(&snapshot.id);
            current.is_some_and(|current| current.version == snapshot.version)
        };
        if is_newest() {
            publish(&state, &snapshot.id, flaws.iter().map(diagnostic).collect(), Some(snapshot.version)).await;
        }
    });
}

/// It is closed: what nobody sees has no flaws.
pub async fn forget(state: &State, id: &DocumentId, path: Option<&Path>) {
    if path.is_some_and(is_skill) {
        publish(state, id, Vec::new(), None).await;
    }
}

fn is_skill(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == FILE)
}

async fn publish(state: &State, id: &DocumentId, diagnostics: Vec<lsp::Diagnostic>, version: Option<i32>) {
    if let Ok(uri) = id.0.parse::<lsp::Uri>() {
        state.client.publish_diagnostics(uri, diagnostics, version).await;
    }
}
