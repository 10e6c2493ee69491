//! Brackets: which of a candidate's own are open, which of its closers close something else.

use super::{Hole, Rejected, first_lines, indent_of, last_line, last_lines};
use crate::syntax::Language;

/// A bracket, or a quote that begins or ends a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bracket {
    /// In the text that was asked for.
    pub offset: usize,
    pub char: char,
    opens: bool,
}

/// The candidate's brackets and quotes that have no partner within it.
#[derive(Debug, Default)]
pub(super) struct Unmatched {
    /// They close what stands before the cursor, or nothing.
    pub closers: Vec<Bracket>,
    /// They are open at its end.
    pub openers: Vec<Bracket>,
}

impl Unmatched {
    pub(super) fn of(draft: &str, hole: &Hole) -> Unmatched {
        let mut open = Vec::new();
        let mut closers = Vec::new();
        let (text, start) = in_context(hole.line_before(), draft, hole);
        for bracket in brackets(&text, hole.language).into_iter().take_while(|it| it.offset < start + draft.len()) {
            if bracket.opens {
                open.push(bracket);
                continue;
            }
            let partner = open.pop_if(|last: &mut Bracket| last.is_opened_for(bracket));
            if bracket.offset >= start && partner.is_none_or(|partner| partner.offset < start) {
                closers.push(bracket.moved_back(start));
            }
        }
        let openers = open.into_iter().filter(|it| it.offset >= start).map(|it| it.moved_back(start)).collect();
        Unmatched { closers, openers }
    }

    pub(super) fn has_closer_at(&self, offset: usize) -> bool {
        self.closers.iter().any(|closer| closer.offset == offset)
    }
}

impl Bracket {
    fn is_opened_for(self, closer: Bracket) -> bool {
        match closer.char {
            ')' => self.char == '(',
            ']' => self.char == '[',
            '}' => self.char == '{',
            quote => self.char == quote,
        }
    }

    fn closing(self) -> char {
        match self.char {
            '(' => ')',
            '[' => ']',
            _ => '}',
        }
    }

    fn moved_back(self, n_bytes: usize) -> Bracket {
        Bracket { offset: self.offset - n_bytes, ..self }
    }
}

/// Closers pair with the last opener. One that meets another opener of the cursor's own line, or that no opener in the
/// window waits for, is a slip of the engine: the candidate is cut before it. Source: Continue closes only what was
/// opened. A `}` is spared the second test, for its partner may stand above the window.
pub(super) fn without_foreign_closers(draft: String, hole: &Hole) -> Result<String, Rejected> {
    let Some(foreign) = first_foreign_closer(&draft, hole) else { return Ok(draft) };
    let kept = draft[..foreign.offset].trim_end();
    if kept.is_empty() { Err(Rejected::ForeignCloser(foreign.char)) } else { Ok(kept.to_owned()) }
}

/// How many lines above the cursor may open what a candidate closes.
const N_LINES_ABOVE: usize = 100;

fn first_foreign_closer(draft: &str, hole: &Hole) -> Option<Bracket> {
    let (text, start) = in_context(last_lines(&hole.before, N_LINES_ABOVE), draft, hole);
    let line_start = start - hole.line_before().len();
    let mut open: Vec<Bracket> = Vec::new();
    for bracket in brackets(&text, hole.language).into_iter().take_while(|it| it.offset < start + draft.len()) {
        if bracket.opens {
            open.push(bracket);
            continue;
        }
        let partner = open.iter().rposition(|it| it.is_opened_for(bracket));
        let crosses_line = open.last().is_some_and(|last| last.offset >= line_start && !last.is_opened_for(bracket));
        let is_foreign = crosses_line || (partner.is_none() && bracket.char != '}');
        if is_foreign && bracket.offset >= start {
            return Some(bracket.moved_back(start));
        }
        open.truncate(partner.unwrap_or(open.len()));
    }
    None
}

/// Cuts to whole lines, and closes what the cut left open, each closer on a line of its own at its opener's
/// indentation. Source: Cody inserts the closers that a truncation took away.
pub(super) fn cut_to_lines(draft: String, max_lines: usize, hole: &Hole) -> String {
    if draft.split('\n').count() <= max_lines {
        return draft;
    }
    let closed = (2..=max_lines).rev().find_map(|n_lines| {
        let kept = first_lines(&draft, n_lines);
        let closers = block_closers(kept, hole)?;
        (n_lines + closers.len() <= max_lines).then(|| format!("{kept}{}", closers.concat()))
    });
    closed.unwrap_or_else(|| first_lines(&draft, max_lines.max(1)).to_owned())
}

/// The lines that close what `draft` leaves open, innermost first; `None` when something is open amid a line.
fn block_closers(draft: &str, hole: &Hole) -> Option<Vec<String>> {
    let text = format!("{}{draft}", hole.line_before());
    let start = hole.line_before().len();
    let openers = Unmatched::of(draft, hole).openers;
    let closer = |opener: &Bracket| {
        let (head, tail) = text.split_at(start + opener.offset + 1);
        let is_line_end = tail.split('\n').next().unwrap_or_default().trim().is_empty();
        let has_body = !tail.trim().is_empty();
        (is_line_end && has_body).then(|| format!("\n{}{}", indent_of(last_line(head)), opener.closing()))
    };
    openers.iter().rev().map(closer).collect()
}

/// Whether the candidate ends where a parser could be content. Half a statement is an error in every grammar, and a
/// fine suggestion.
pub(super) fn looks_complete(draft: &str, hole: &Hole) -> bool {
    if !Unmatched::of(draft, hole).openers.is_empty() {
        return false;
    }
    match hole.language.is_some_and(Language::is_indented) {
        true => draft.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | ']' | '}' | '"' | '\'')),
        false => draft.ends_with([';', '}']),
    }
}

/// The draft between `before` and the rest of the cursor's line, so that strings begin and end where they do; and where
/// the draft starts.
fn in_context(before: &str, draft: &str, hole: &Hole) -> (String, usize) {
    (format!("{before}{draft}{}", hole.rest()), before.len())
}

/// Brackets outside of strings and comments, and the quotes that end strings. One pass without a grammar: a string ends
/// at its line's end at the latest, a lone quote is an apostrophe or a lifetime.
fn brackets(text: &str, language: Option<Language>) -> Vec<Bracket> {
    let comment = language.and_then(Language::line_comment);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let offset = at;
        at += char.len_utf8();
        match char {
            '(' | '[' | '{' => found.push(Bracket { offset, char, opens: true }),
            ')' | ']' | '}' => found.push(Bracket { offset, char, opens: false }),
            '"' | '\'' | '`' => {
                if let Some(end) = string_end(text, offset, char, language) {
                    found.push(Bracket { offset, char, opens: true });
                    found.push(Bracket { offset: end, char, opens: false });
                    at = end + 1;
                }
            }
            _ if comment.is_some_and(|comment| text[offset..].starts_with(comment)) => {
                at = text[offset..].find('\n').map_or(text.len(), |n| offset + n);
            }
            _ => {}
        }
    }
    found
}

/// The offset of the quote that ends the string begun at `start`.
fn string_end(text: &str, start: usize, quote: char, language: Option<Language>) -> Option<usize> {
    let body = &text[start + 1..];
    let line = if quote == '`' { body } else { body.split('\n').next().unwrap_or_default() };
    let mut is_escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = *c == quote && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    let (n_body, _) = end?;
    let is_apostrophe = quote == '\'' && text[..start].ends_with(char::is_alphanumeric);
    // In Rust a quote before more than one character is a lifetime.
    let is_lifetime = quote == '\''
        && language.is_some_and(|language| language.id() == "rust")
        && !line.starts_with('\\')
        && line[..n_body].chars().count() > 1;
    (!is_apostrophe && !is_lifetime).then_some(start + 1 + n_body)
}
