//! Overlap: text that a candidate repeats from before the cursor, or that stands after it already.

use super::brackets::Unmatched;
use super::{Hole, Rejected, indent_of, last_lines};

/// So much of a word left of the cursor, repeated at the candidate's start, is an echo and no coincidence.
const MIN_ECHO_LETTERS: usize = 3;

/// At most so many lines left of the cursor are looked for at the candidate's start.
const MAX_ECHO_LINES: usize = 10;

/// A line with fewer letters (`}`, `else {`, `return;`) may well follow itself.
const MIN_TELLING_LETTERS: usize = 8;

/// Source: Tabby, first three lines within 5 %.
const N_COMPARED_LINES: usize = 3;
const MAX_DISTANCE: f64 = 0.05;

/// Longer lines are compared for equality only: the edit distance is quadratic.
const MAX_COMPARED_BYTES: usize = 240;

/// Drops what the candidate repeats of the text left of the cursor: whole lines, the cursor's line so far, or the word
/// begun. Chat models do so, and engines that answer from the start of the line.
pub(super) fn without_echo(draft: &str, hole: &Hole) -> Result<String, Rejected> {
    let start = draft.trim_start();
    let echo = (0..MAX_ECHO_LINES)
        .rev()
        .map(|n_above| last_lines(&hole.before, n_above).trim_start())
        .find(|echo| n_letters(echo) > MIN_ECHO_LETTERS && start.starts_with(echo));
    let rest = match echo {
        Some(echo) => &start[echo.len()..],
        None => without_word_echo(draft, hole),
    };
    if rest.trim().is_empty() { Err(Rejected::EchoesPrefix) } else { Ok(rest.to_owned()) }
}

/// `it` + `items` is not `ititems`, once the word begun is long enough.
fn without_word_echo<'a>(draft: &'a str, hole: &Hole) -> &'a str {
    let line = hole.line_before();
    let word = &line[line.trim_end_matches(is_word).len()..];
    match draft.strip_prefix(word) {
        Some(rest) if word.len() >= MIN_ECHO_LETTERS && rest.starts_with(is_word) => rest,
        _ => draft,
    }
}

/// Rejects what the lines below say already, exactly or nearly. Source: Copilot, Cody and llama.vim compare the next
/// line, Tabby the first three.
pub(super) fn check_below(draft: &str, hole: &Hole) -> Result<(), Rejected> {
    let with_line = format!("{}{draft}", hole.line_before());
    let ours: Vec<&str> = with_line.lines().filter(|line| !line.trim().is_empty()).collect();
    let below: Vec<&str> = hole.lines_below().take(ours.len()).collect();
    if below.is_empty() {
        return Ok(());
    }
    let is_same = below.len() == ours.len() && ours.iter().zip(&below).all(|(our, line)| is_same_line(our, line));
    let n_compared = ours.len().min(N_COMPARED_LINES);
    if is_same || (below.len() >= n_compared && is_similar(&ours[..n_compared], &below[..n_compared])) {
        return Err(Rejected::AlreadyThere);
    }
    Ok(())
}

/// Whether the beginning of a line may still become the cursor's line or the one below: then it is too early to say
/// whether it is worth anything.
pub(super) fn may_become_known(draft: &str, hole: &Hole) -> bool {
    let line = format!("{}{draft}", hole.line_before());
    let begins = |other: &str, draft: &str| other.trim_start().starts_with(draft.trim());
    begins(hole.line_before(), draft) || hole.lines_below().next().is_some_and(|below| begins(below, &line))
}

fn is_similar(ours: &[&str], theirs: &[&str]) -> bool {
    let joined = |lines: &[&str]| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
    let (ours, theirs) = (joined(ours), joined(theirs));
    let is_short = |text: &str| text.len() <= MAX_COMPARED_BYTES * N_COMPARED_LINES;
    n_letters(&ours) >= MIN_TELLING_LETTERS
        && is_short(&ours)
        && is_short(&theirs)
        && strsim::normalized_levenshtein(&ours, &theirs) >= 1.0 - MAX_DISTANCE
}

/// A line that says something is the same at any indentation; of `}` and the like the indentation is the meaning.
fn is_same_line(our: &str, line: &str) -> bool {
    our.trim() == line.trim() && (n_letters(our) >= MIN_TELLING_LETTERS || indent_of(our) == indent_of(line))
}

/// Cuts the lines at the end that stand below already, and everything from a telling line that stands right below.
/// Source: Tabby drops duplicate closing lines, Continue stops where the output repeats the suffix.
pub(super) fn without_lines_below(draft: String, hole: &Hole) -> Result<String, Rejected> {
    let lines: Vec<&str> = draft.split('\n').collect();
    let below: Vec<&str> = hole.lines_below().take(lines.len()).collect();
    let Some(next) = below.first() else { return Ok(draft) };
    let repeats_from = |row: &usize| {
        let ours = lines[*row..].iter().filter(|line| !line.trim().is_empty());
        let is_telling = n_letters(next) >= MIN_TELLING_LETTERS && is_same_line(lines[*row], next);
        is_telling
            || (!lines[*row].trim().is_empty()
                && ours.clone().count() <= below.len()
                && ours.zip(&below).all(|(our, line)| is_same_line(our, line)))
    };
    let Some(row) = (1..lines.len()).find(repeats_from) else { return Ok(draft) };
    let kept = lines[..row].join("\n");
    // What closes a block of the candidate's own is not the closer below.
    if !Unmatched::of(&kept, hole).openers.is_empty() {
        return Ok(draft);
    }
    if kept.trim().is_empty() { Err(Rejected::AlreadyThere) } else { Ok(kept) }
}

/// Fits the candidate to the text right of the cursor on its line: what it ends with and stands there is cut, closers
/// that it brings itself are replaced, and before other text it stops. Returns it and the number of bytes replaced.
pub(super) fn fitted_to_rest(draft: String, hole: &Hole) -> Result<(String, usize), Rejected> {
    let rest = hole.rest().trim_end();
    if rest.trim().is_empty() {
        return Ok((draft, 0));
    }
    let is_closing =
        rest.chars().all(|c| matches!(c, ')' | ']' | '}' | '>' | '"' | '\'' | '`' | ';' | ',' | ':' | ' '));
    let (draft, n_replaced) = match is_closing {
        true => fitted_to_closers(&draft, rest, hole),
        false => (fitted_to_words(&draft, rest), 0),
    };
    if draft.trim().is_empty() { Err(Rejected::AlreadyThere) } else { Ok((draft.to_owned(), n_replaced)) }
}

fn fitted_to_closers<'a>(draft: &'a str, rest: &str, hole: &Hole) -> (&'a str, usize) {
    let unmatched = Unmatched::of(draft, hole);
    let kept = without_shared_end(draft, rest, &unmatched);
    // A closer on a line of its own would be pulled up to the line above: there the candidate's is used instead.
    if kept.len() < draft.len() && !(kept.contains('\n') && super::last_line(kept).trim().is_empty()) {
        return (kept, 0);
    }
    (draft, n_closed_by(draft, rest, &unmatched))
}

/// `draft` without the longest end that `rest` begins with, unless it closes something of the draft's own.
fn without_shared_end<'a>(draft: &'a str, rest: &str, unmatched: &Unmatched) -> &'a str {
    let draft = draft.trim_end();
    let is_shared = |n: &usize| {
        let start = draft.len() - n;
        let is_own = |(at, c): (usize, char)| {
            matches!(c, ')' | ']' | '}' | '"' | '\'' | '`') && !unmatched.has_closer_at(start + at)
        };
        rest.get(..*n).is_some_and(|head| draft.ends_with(head) && !head.char_indices().any(is_own))
    };
    let n_shared = (1..=rest.len().min(draft.len())).rev().find(is_shared).unwrap_or(0);
    &draft[..draft.len() - n_shared]
}

/// How many bytes of `rest` hold the closers that the draft brings itself, in their order; a `;` or `,` behind the last
/// of them goes too when the draft ends with it.
fn n_closed_by(draft: &str, rest: &str, unmatched: &Unmatched) -> usize {
    let theirs = rest.char_indices().filter(|(_, c)| matches!(c, ')' | ']' | '}' | '"' | '\'' | '`'));
    let shared = theirs.zip(&unmatched.closers).take_while(|((_, c), ours)| *c == ours.char);
    let Some(((last, _), _)) = shared.last() else { return 0 };
    let tail = &rest[last + 1..];
    if !tail.is_empty() && matches!(tail, ";" | ",") && draft.trim_end().ends_with(tail) {
        rest.len()
    } else {
        last + 1
    }
}

/// Right of the cursor there are words: one line at most fits in, and it ends where they begin.
fn fitted_to_words<'a>(draft: &'a str, rest: &str) -> &'a str {
    let line = draft.split('\n').next().unwrap_or_default();
    if let Some(at) = line.find(rest.trim()) {
        return &line[..at];
    }
    let n_shared =
        (1..=rest.len().min(line.len())).rev().find(|n| rest.get(..*n).is_some_and(|head| line.ends_with(head)));
    &line[..line.len() - n_shared.unwrap_or(0)]
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn n_letters(text: &str) -> usize {
    text.chars().filter(|c| is_word(*c)).count()
}
