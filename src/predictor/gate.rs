//! Where no suggestion is wanted, whatever an engine would say. Microseconds: reads a snapshot, nothing else.

use super::{Options, Trigger};
use crate::document::{Clearance, Snapshot};
use crate::syntax::Place;

/// A longer line is data or minified code: nobody types there, and every later step would pay for its length.
const MAX_LINE_BYTES: usize = 4 << 10;

/// More text than this right of the cursor, closing brackets and blanks aside, means that the user edits the middle of
/// a finished line (llama.vim's limit).
const MAX_RIGHT_BYTES: usize = 8;

/// `Err` holds the sentence for the user.
pub fn judge(options: &Options, document: &Snapshot, offset: usize, trigger: Trigger) -> Result<(), String> {
    serves(options, document)?;
    short_line(document, offset)?;
    match trigger {
        Trigger::Invoked => Ok(()),
        Trigger::Automatic => {
            place_wanted(options, document, offset)?;
            room_on_the_right(document, offset)
        }
    }
}

/// As [`judge`], of a document as a whole.
pub fn serves(options: &Options, document: &Snapshot) -> Result<(), String> {
    if !options.enabled {
        return Err("suggestions are switched off by `enabled = false`".to_string());
    }
    language_enabled(options, document)?;
    small_enough(options, document)?;
    cleared(document)
}

fn cleared(document: &Snapshot) -> Result<(), String> {
    match &document.clearance {
        Clearance::Cleared | Clearance::Local(_) => Ok(()),
        Clearance::Pending => Err("the file is still being checked for secrets; ask again".to_string()),
        Clearance::Denied(denied) => Err(denied.to_string()),
    }
}

fn language_enabled(options: &Options, document: &Snapshot) -> Result<(), String> {
    match document.language {
        Some(language) if options.disabled_languages.iter().any(|id| id == language.id()) => {
            Err(format!("the language `{}` is listed in `languages.disabled`", language.id()))
        }
        _ => Ok(()),
    }
}

fn small_enough(options: &Options, document: &Snapshot) -> Result<(), String> {
    let (n_bytes, limit) = (document.text.len(), options.max_document_bytes);
    if n_bytes > limit {
        return Err(format!("the file has {n_bytes} bytes, more than the limit of {limit}"));
    }
    Ok(())
}

fn short_line(document: &Snapshot, offset: usize) -> Result<(), String> {
    let line_bytes = document.text.line_range(document.text.line_of(offset)).len();
    if line_bytes > MAX_LINE_BYTES {
        return Err(format!(
            "the line has {line_bytes} bytes, more than the limit of {MAX_LINE_BYTES}: minified or data"
        ));
    }
    Ok(())
}

fn place_wanted(options: &Options, document: &Snapshot, offset: usize) -> Result<(), String> {
    match document.tree.as_ref().map(|tree| tree.place(&document.text, offset)) {
        Some(Place::Comment) if !options.in_comments => {
            Err("the cursor is in a comment, and `suggest.in_comments` is off".to_string())
        }
        Some(Place::String) if !options.in_strings => {
            Err("the cursor is in a string, and `suggest.in_strings` is off".to_string())
        }
        _ => Ok(()),
    }
}

fn room_on_the_right(document: &Snapshot, offset: usize) -> Result<(), String> {
    let line = document.text.line_range(document.text.line_of(offset));
    let right = document.text.slice(offset..line.end);
    if right.chars().next().is_some_and(is_word) {
        return Err("the cursor is inside a word".to_string());
    }
    let open = right.trim_matches(|c: char| c.is_whitespace() || ")]}>\"'`;,:".contains(c));
    if open.len() > MAX_RIGHT_BYTES {
        return Err(format!("more than {MAX_RIGHT_BYTES} bytes of text stand right of the cursor"));
    }
    Ok(())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
