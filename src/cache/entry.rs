//! An entry: the text before an anchor, and the suggestions that were made behind it.

use super::reindent::{Reindent, split_indent};
use super::surroundings::{AFTER_BYTES, Anchor, MAX_CLOSER_BYTES, Surroundings};
use super::{Offer, Via};
use crate::document::DocumentId;
use crate::suggestion::{Odds, Suggestion};

/// Older suggestions of the same anchor go.
const MAX_SUGGESTIONS: usize = 12;

pub(super) struct Entry {
    pub document: DocumentId,
    head: String,
    line_head: String,
    /// The newest first, of those made together the best first.
    made: Vec<Made>,
}

/// A suggestion as it stands from the anchor on, and the text it was made for.
struct Made {
    /// What stood between the anchor and the cursor, then what was suggested.
    text: String,
    /// How much of `text` stood there.
    n_typed: usize,
    /// How many bytes of `after` the suggestion replaces.
    n_replaced: usize,
    indent: String,
    /// The text after the cursor, to the window's end.
    after: String,
    /// Whether the document ends with `after`.
    is_end: bool,
    /// Of `text`.
    odds: Odds,
    source: &'static str,
    is_open: bool,
    /// What the user was not shown of it; `None` when nothing was.
    hidden: Option<Hidden>,
}

/// The end of a text that was not shown, counted so that it holds with any indentation.
#[derive(Clone, Copy)]
struct Hidden {
    n_lines: usize,
    /// Of the last line that was shown.
    n_bytes: usize,
}

impl Entry {
    pub(super) fn new(document: &DocumentId, around: &Surroundings, anchor: &Anchor) -> Entry {
        Entry {
            document: document.clone(),
            head: around.head(anchor).to_owned(),
            line_head: around.line_head(anchor).to_owned(),
            made: Vec::new(),
        }
    }

    pub(super) fn is_at(&self, document: &DocumentId, around: &Surroundings, anchor: &Anchor) -> bool {
        self.line_head == around.line_head(anchor) && self.head == around.head(anchor) && self.document == *document
    }

    pub(super) fn add(&mut self, around: &Surroundings, anchor: &Anchor, offers: Vec<Offer>) {
        let typed = around.typed(anchor);
        let after_len = around.after.floor_char_boundary(AFTER_BYTES);
        let new = offers.into_iter().map(|Offer { suggestion, odds, source, is_open, .. }| Made {
            text: format!("{typed}{}", suggestion.text),
            n_typed: typed.len(),
            n_replaced: suggestion.n_replaced,
            indent: around.indent(anchor).to_owned(),
            after: around.after[..after_len].to_owned(),
            is_end: after_len == around.after.len(),
            odds: odds.behind(typed.len()),
            source,
            is_open,
            hidden: None,
        });
        let mut made: Vec<Made> = new.collect();
        for old in std::mem::take(&mut self.made) {
            // What goes on from texts that are shown is shown as far as the longest of them.
            let n_shown = old.n_shown();
            for new in made.iter_mut().filter(|new| new.is_for_same_text(&old) && new.n_shown() < n_shown) {
                if new.text.starts_with(&old.text[..n_shown]) {
                    new.hidden = Some(Hidden::of(&new.text, n_shown));
                }
            }
            let is_told_anew = |new: &Made| {
                let is_same = new.is_for_same_text(&old) && new.n_replaced == old.n_replaced;
                is_same && new.n_typed == old.n_typed && new.text.starts_with(&old.text)
            };
            if !made.iter().any(is_told_anew) {
                made.push(old);
            }
        }
        made.truncate(MAX_SUGGESTIONS);
        self.made = made;
    }

    /// Remembers how much of what is left the user sees now.
    pub(super) fn show(&mut self, around: &Surroundings, anchor: &Anchor, shown: &Suggestion) {
        let (typed, indent) = (around.typed(anchor), around.indent(anchor));
        for made in &mut self.made {
            let Some((n_consumed, rest)) = made.rest_behind(typed, indent) else { continue };
            let fitted = made.via(n_consumed).and_then(|_| made.fitted(rest, n_consumed, &around.after));
            if let Some(fitted) = fitted.filter(|fitted| fitted.text.starts_with(&shown.text)) {
                made.hidden = Some(Hidden::of(&fitted.text, shown.text.len()));
            }
        }
    }

    /// What is left of the suggestions that still agree, and how each was found.
    pub(super) fn offers<'a>(
        &'a self,
        around: &'a Surroundings,
        anchor: &'a Anchor,
    ) -> impl Iterator<Item = Offer> + 'a {
        let (typed, indent) = (around.typed(anchor), around.indent(anchor));
        self.made.iter().filter_map(move |made| {
            let (n_consumed, rest) = made.rest_behind(typed, indent)?;
            let via = made.via(n_consumed)?;
            let suggestion = made.fitted(rest, n_consumed, &around.after)?;
            let n_shown = made.hidden.map_or(0, |hidden| hidden.n_shown(&suggestion.text));
            let odds = made.odds.after(n_consumed);
            Some(Offer { suggestion, odds, source: made.source, is_open: made.is_open, n_shown, via })
        })
    }

    pub(super) fn n_bytes(&self) -> usize {
        let made = self.made.iter().map(|made| {
            size_of::<Made>() + made.text.len() + made.indent.len() + made.after.len() + made.odds.n_bytes()
        });
        size_of::<Entry>() + self.head.len() + self.line_head.len() + made.sum::<usize>()
    }
}

impl Made {
    /// Of its text, with what stood there.
    fn n_shown(&self) -> usize {
        self.hidden.map_or(0, |hidden| hidden.n_shown(&self.text))
    }

    fn is_for_same_text(&self, other: &Made) -> bool {
        (self.is_end, &self.indent, &self.after) == (other.is_end, &other.indent, &other.after)
    }

    /// A line that was cleared is not written anew: whoever deletes all of it wants it gone.
    fn via(&self, n_consumed: usize) -> Option<Via> {
        match n_consumed.checked_sub(self.n_typed) {
            Some(0) => Some(Via::Exact),
            Some(n_bytes) => Some(Via::TypedAlong(n_bytes)),
            None if n_consumed == 0 => None,
            None => Some(Via::WalkedBack(self.n_typed - n_consumed)),
        }
    }

    /// If the text begins with what stands between anchor and cursor now, up to the indentation of its lines: how many
    /// bytes of it that is, and what is left, indented as the document is.
    fn rest_behind(&self, typed: &str, indent: &str) -> Option<(usize, String)> {
        let mut ours: Vec<&str> = self.text.split('\n').collect();
        let typed: Vec<&str> = typed.split('\n').collect();
        let (last, whole) = typed.split_last()?;
        // Of the blanks that a suggestion for a blank line begins with, the line may have got some since.
        let n_had = if self.n_typed == 0 { self.blanks_had(ours[0], indent) } else { 0 };
        let (had, first) = ours[0].split_at(n_had);
        ours[0] = first;
        let then = format!("{}{had}", self.indent);
        let mut reindent = Reindent::new(&then, indent);
        let mut n_consumed = n_had;
        for (row, line) in whole.iter().enumerate() {
            let our = ours.get(row)?;
            if row == 0 && our != line || row > 0 && !reindent.is_same_line(our, line) {
                return None;
            }
            n_consumed += our.len() + 1;
        }
        let our = ours.get(whole.len())?;
        let (n_in_line, mut rest) = match whole.is_empty() {
            true => (last.len(), our.strip_prefix(last)?.to_owned()),
            false => reindent.rest_of_line(our, last)?,
        };
        for line in &ours[whole.len() + 1..] {
            let (blanks, content) = split_indent(line);
            match reindent.apply(blanks) {
                _ if content.trim().is_empty() => rest.extend(["\n", line]),
                Some(blanks) => rest.extend(["\n", &blanks, content]),
                None => break,
            }
        }
        Some((n_consumed + n_in_line, rest))
    }

    /// How many of the blanks that `line` begins with stand before the cursor by now, where it was indented further since:
    /// as many as are the same, or all where the user indents otherwise.
    fn blanks_had(&self, line: &str, indent: &str) -> usize {
        let (blanks, _) = split_indent(line);
        match indent.strip_prefix(&self.indent) {
            Some(added) if blanks.starts_with(added) => added.len(),
            Some(_) => blanks.len(),
            None => 0,
        }
    }

    /// Puts what is left before the text after the cursor, if that agrees: it is the same, or the user has typed what
    /// was to be replaced, or the editor has put closers in for what the user typed.
    fn fitted(&self, rest: String, n_consumed: usize, after: &str) -> Option<Suggestion> {
        if rest.trim().is_empty() {
            return None;
        }
        let n_typed_since = n_consumed.saturating_sub(self.n_typed);
        let overtyped = (0..=self.n_replaced.min(n_typed_since)).find(|n| self.agrees_from(*n, after));
        if let Some(n_overtyped) = overtyped {
            return Some(Suggestion { text: rest, n_replaced: self.n_replaced - n_overtyped });
        }
        let is_closing = |c: char| matches!(c, ')' | ']' | '}' | '>' | '"' | '\'' | '`') || c.is_ascii_whitespace();
        let n_closing = after.find(|c| !is_closing(c)).unwrap_or(after.len()).min(MAX_CLOSER_BYTES - 1);
        let n_added = (1..=n_closing).find(|n| self.agrees_from(0, &after[*n..]))?;
        let added = &after[..n_added];
        match rest.strip_suffix(added) {
            Some(head) if self.n_replaced == 0 => {
                (!head.trim().is_empty()).then(|| Suggestion { text: head.to_owned(), n_replaced: 0 })
            }
            _ => {
                let since = self.text.get(self.n_typed..n_consumed)?;
                is_closing_of(added, since).then_some(Suggestion { text: rest, n_replaced: self.n_replaced + n_added })
            }
        }
    }

    /// Whether `after` is the text that the suggestion was made for, from its byte `start` on.
    fn agrees_from(&self, start: usize, after: &str) -> bool {
        let Some(expected) = self.after.get(start..) else { return false };
        if self.is_end { after == expected } else { after.starts_with(expected) }
    }
}

impl Hidden {
    fn of(text: &str, n_shown: usize) -> Hidden {
        let hidden = &text[n_shown..];
        Hidden { n_lines: hidden.matches('\n').count(), n_bytes: hidden.find('\n').unwrap_or(hidden.len()) }
    }

    /// How many bytes of `text`, which ends as the other did, were shown.
    fn n_shown(self, text: &str) -> usize {
        let last_shown = match self.n_lines {
            0 => Some(text.len()),
            n => text.rmatch_indices('\n').nth(n - 1).map(|(at, _)| at),
        };
        let n_shown = last_shown.and_then(|end| end.checked_sub(self.n_bytes)).unwrap_or(0);
        text.floor_char_boundary(n_shown)
    }
}

/// Whether `added` is what an editor puts in, on the same line, when `typed` is typed: closers of what is open in it.
fn is_closing_of(added: &str, typed: &str) -> bool {
    let mut open: Vec<char> = Vec::new();
    for c in typed.chars() {
        if open.last() == Some(&c) {
            open.pop();
        } else if let Some(closer) = closer_of(c) {
            open.push(closer);
        }
    }
    let mut expected = open.iter().rev();
    added.chars().all(|c| expected.any(|closer| *closer == c))
}

fn closer_of(opener: char) -> Option<char> {
    match opener {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        '"' | '\'' | '`' => Some(opener),
        _ => None,
    }
}
