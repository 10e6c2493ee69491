//! What the user is about to type, known from the rest of the trace; and whether a shown text is that.
//!
//! What comes at a moment is the text that the following edits leave where its cursor is: a **run** of edits, each of
//! which begins at the last one's end or ends there (a backspace), or stays on that line, and all of which lie between
//! the moment's cursor and the end of what came. A typo that is corrected in the run is therefore never in what comes.
//! A completion from a menu, which replaces a word by itself and more, counts as what it adds.
//! The run ends where the user goes elsewhere, or deletes text from before the moment (its key was a typo: then
//! nothing comes). Behind what comes stands the rest of the line that was there all the time.

use super::script::{Action, Moment};
use crate::typing::Edit;

/// A shown text is right from so many characters on.
pub const MIN_RIGHT_CHARS: usize = 3;

/// Bytes and moments after which a run is followed no further.
const MAX_BYTES: usize = 2000;
const MAX_MOMENTS: usize = 1000;

/// What comes at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coming {
    /// What is typed.
    pub typed: String,
    /// What stands right of the cursor on its line.
    pub rest: String,
}

impl Coming {
    pub fn at(moments: &[Moment], i: usize) -> Coming {
        let Moment { text, cursor, .. } = &moments[i];
        let line_end = text.line_range(text.line_of(*cursor)).end;
        Coming { typed: run(moments, i, |_, _| false), rest: text.slice(*cursor..line_end).into_owned() }
    }

    /// Whether there is a right text to show: something is typed on this line.
    pub fn has_right(&self) -> bool {
        !first_line(&self.typed).is_empty()
    }

    /// Whether `shown` begins with the next three characters, or, where the user types fewer on this line, has a first
    /// line that is just these, with or without the rest of the line.
    pub fn is_right(&self, shown: &str) -> bool {
        let (line, shown) = (first_line(&self.typed), first_line(shown));
        let next: String = line.chars().take(MIN_RIGHT_CHARS).collect();
        if next.chars().count() == MIN_RIGHT_CHARS {
            return shown.starts_with(&next);
        }
        !line.is_empty() && shown.strip_prefix(line).is_some_and(|more| more.is_empty() || more == self.rest)
    }

    /// Whether the first line of `shown` is what comes, as far as it goes; what is typed may go on with the rest.
    pub fn holds_line(&self, shown: &str) -> bool {
        let line = first_line(shown);
        if line.is_empty() {
            // It suggests a line break.
            return self.typed.starts_with(['\r', '\n']);
        }
        match self.typed.find(['\r', '\n']) {
            Some(end) => self.typed[..end].starts_with(line),
            None => format!("{}{}", self.typed, self.rest).starts_with(line) && !self.typed.is_empty(),
        }
    }
}

/// The first moment at which the first `n_bytes` of what comes at `i` are all there.
pub fn typed_by(moments: &[Moment], i: usize, wanted: &str) -> usize {
    let mut by = i;
    run(moments, i, |j, typed| {
        by = j;
        typed.starts_with(wanted)
    });
    by
}

pub fn first_line(text: &str) -> &str {
    text.split(['\r', '\n']).next().unwrap_or_default()
}

/// Follows the run of moment `i` to its end, or until `is_enough`; returns what it leaves.
fn run(moments: &[Moment], i: usize, mut is_enough: impl FnMut(usize, &str) -> bool) -> String {
    let (start, mut cursor) = (moments[i].cursor, moments[i].cursor);
    let mut typed = String::new();
    for (j, moment) in moments.iter().enumerate().skip(i + 1).take(MAX_MOMENTS) {
        let is_edit = matches!(moment.action, Action::Edit(_));
        if !is_edit || moment.document != moments[i].document || typed.len() > MAX_BYTES {
            break;
        }
        let mut next = typed.clone();
        if moment.net.iter().any(|edit| edit.offset < start && edit.offset + edit.delete > start) {
            return String::new();
        }
        if !moment.net.iter().all(|edit| follow(&mut next, start, &mut cursor, edit)) {
            break;
        }
        typed = next;
        // Where the trace says that it stands inside what was inserted.
        cursor = moment.cursor.min(start + typed.len());
        if is_enough(j, &typed) {
            break;
        }
    }
    typed
}

/// Applies an edit to what came; false when it belongs to no such run.
fn follow(typed: &mut String, start: usize, cursor: &mut usize, edit: &Edit) -> bool {
    let Edit { offset, delete, insert } = edit;
    let (Some(from), end) = (offset.checked_sub(start), offset + delete) else { return false };
    let to = from + delete;
    if to > typed.len() || !typed.is_char_boundary(from) || !typed.is_char_boundary(to) {
        return false;
    }
    let at = *cursor - start;
    let between = if end == *cursor { "" } else { typed.get(from.min(at)..from.max(at)).unwrap_or("\n") };
    if between.contains(['\r', '\n']) {
        return false;
    }
    typed.replace_range(from..to, insert);
    *cursor = edit.end();
    true
}
