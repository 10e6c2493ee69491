//! Where the cursor is after a change, which the protocol does not tell.

use std::ops::Range;

/// After a change, most probably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Bytes.
    pub offset: usize,
    /// Somebody writes there; false where whole lines went.
    pub is_typing: bool,
}

/// What editors put in by themselves when its first half is typed.
const PAIRS: [&str; 8] = ["()", "[]", "{}", "<>", "\"\"", "''", "``", "||"];

impl Cursor {
    /// `replaced` counts in the text before the change.
    pub fn after(replaced: &Range<usize>, deleted: &str, inserted: &str) -> Cursor {
        let is_typing = !inserted.is_empty() || !deleted.contains(['\n', '\r']);
        Cursor { offset: replaced.start + inserted.len() - n_put_behind(inserted), is_typing }
    }
}

/// Bytes at the end of what was inserted that the editor has put behind the cursor: the closing half of a pair, or the line
/// that it goes to.
fn n_put_behind(inserted: &str) -> usize {
    if PAIRS.contains(&inserted) {
        return inserted.len() / 2;
    }
    let n_breaks = inserted.matches('\n').count();
    match inserted.rfind('\n') {
        Some(last) if n_breaks == 2 && inserted.trim().is_empty() => {
            let line = inserted[..last].trim_end_matches('\r').len();
            inserted.len() - line
        }
        _ => 0,
    }
}
