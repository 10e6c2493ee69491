//! What stands further up in the document and the prompt does not reach: imports, and the heads of what is around the cursor.

use std::sync::Arc;

use super::{Kind, Piece, Place, Project};

/// Imports that are named near the cursor come first; of the others, no more than this many bytes.
const MAX_IMPORTS: usize = 800;

pub fn find(place: &Place, project: &Project, pieces: &mut Vec<Piece>) {
    let (document, start) = (place.document, place.shown.start);
    let (Some(tree), true) = (&document.tree, start > 0) else { return };
    let path: Arc<str> = document.path.as_deref().map(|path| project.path_within(path)).unwrap_or_default().into();
    let text = document.text.slice(0..document.text.len());
    let heads: Vec<&str> = tree
        .scopes(&text, place.offset)
        .iter()
        .filter(|scope| scope.signature.start < start)
        .filter_map(|scope| text.get(scope.signature.clone()))
        .map(str::trim_end)
        .collect();
    if !heads.is_empty() {
        let reason = format!("{} around the cursor, above what the prompt shows", heads.len());
        pieces.push(Piece { kind: Kind::Scopes, path: path.clone(), text: heads.join("\n"), score: 1.0, reason });
    }
    let Some(outline) = document.path.as_deref().and_then(|path| project.symbols.file(path)).map(|file| &file.outline)
    else {
        return;
    };
    let shown = place.shown_text();
    let mut imports = String::new();
    let mut n_imports = 0;
    for import in &outline.imports {
        let is_new = !imports.contains(&*import.statement) && !shown.contains(&*import.statement);
        if is_new && imports.len() + import.statement.len() < MAX_IMPORTS {
            imports.push_str(&import.statement);
            imports.push('\n');
            n_imports += 1;
        }
    }
    if n_imports > 0 {
        let reason = format!("{n_imports} imports of this file");
        pieces.push(Piece { kind: Kind::Scopes, path, text: imports.trim_end().to_string(), score: 0.5, reason });
    }
}
