//! Names of skills as menu items, behind a `$` or `/skill:` in a comment.

use std::ops::Range;

use tower_lsp::gen_lsp_types as lsp;

use super::find;
use crate::document::Snapshot;
use crate::server::convert;
use crate::server::state::State;
use crate::skills::Skill;
use crate::syntax::{Language, Place};

const SIGNS: [&str; 2] = ["/skill:", "$"];

/// A name that is being typed.
pub struct Typed {
    document: Snapshot,
    range: Range<usize>,
    sign: &'static str,
}

/// `None` where the cursor is not behind a sign: the menu is for suggestions then. Takes its snapshot at once.
pub fn typed(state: &State, params: &lsp::TextDocumentPositionParams) -> Option<Typed> {
    let document = state.documents.lock().snapshot(&convert::document_id(&params.text_document.uri))?;
    let offset = document.text.offset(convert::position(params.position), state.encoding());
    let (range, sign) = behind_sign(&document, offset)?;
    Some(Typed { document, range, sign })
}

impl Typed {
    pub async fn items(self, state: &State) -> Vec<lsp::CompletionItem> {
        let Typed { document, range, sign } = self;
        let Ok(found) = find(state, document.path.as_deref()).await else { return Vec::new() };
        let range = lsp::Range {
            start: convert::wire_position(&document, range.start, state.encoding()),
            end: convert::wire_position(&document, range.end, state.encoding()),
        };
        let item = |skill: &Skill| {
            let new_text = format!("{sign}{}", skill.name);
            lsp::CompletionItem {
                label: skill.name.clone(),
                kind: Some(lsp::CompletionItemKind::Reference),
                detail: Some("skill".to_string()),
                documentation: Some(lsp::Documentation::String(skill.description.clone())),
                filter_text: Some(new_text.clone()),
                text_edit: Some(lsp::CompletionItemTextEdit::TextEdit(lsp::TextEdit { range, new_text })),
                ..lsp::CompletionItem::default()
            }
        };
        found.usable().map(item).collect()
    }
}

/// The bytes of the sign and what is typed of a name behind it, where the cursor stands behind one in a comment.
fn behind_sign(document: &Snapshot, offset: usize) -> Option<(Range<usize>, &'static str)> {
    let line = document.text.line_range(document.text.line_of(offset)).start;
    let before = document.text.slice(line..offset);
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    let name = before.len() - before.chars().rev().take_while(|c| is_part(*c)).map(char::len_utf8).sum::<usize>();
    let sign = SIGNS.into_iter().find(|sign| before[..name].ends_with(sign))?;
    let start = name - sign.len();
    let stands_alone = before[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '$');
    let in_comment = || match (&document.tree, document.language.and_then(Language::line_comment)) {
        (Some(tree), _) => tree.place(&document.text, offset) == Place::Comment,
        // Not parsed yet.
        (None, opener) => opener.is_some_and(|opener| before.contains(opener)),
    };
    (stands_alone && in_comment()).then_some((line + start..offset, sign))
}
