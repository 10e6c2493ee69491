//! The suggestion on the screen: what of it is in the text by now, and how it ends.
//!
//! Every text is compared with the one in which it was first shown, around its place; so a backspace is a step back, and
//! what was accepted and undone is not there.

use std::ops::Range;
use std::time::Duration;

use super::{End, Ended, Event, MIN_VISIBLE, Offered, Outcome, Surface};
use crate::document::DocumentId;
use crate::suggestion::Suggestion;
use crate::text::Text;

/// Text on each side of a suggestion that must be as it was, in bytes: the rest of the document may change.
const WINDOW: usize = 64;

/// Requests of one suggestion that are remembered.
const MAX_REQUESTS: usize = 64;

/// More characters in one change were not typed: Neovim gathers what is typed within 150 ms.
const MAX_TYPED_CHARS: usize = 4;

/// The suggestion on the screen.
pub struct Live {
    /// All that showed it or its rest, the first first.
    pub requests: Vec<u64>,
    pub document: DocumentId,
    /// The text in which it was first shown, and where.
    text: Text,
    pub offset: usize,
    suggestions: Vec<Suggestion>,
    surface: Surface,
    pub since: Duration,
    /// Bytes of it that are in the text.
    pub n_bytes: usize,
    /// Characters of it that came more than a few at once, that came with the last change, and that the editor says were
    /// accepted.
    n_at_once: usize,
    n_last: usize,
    n_commanded: usize,
}

/// How a changed text relates to a suggestion.
pub enum Progress {
    /// The whole of one of them stands there.
    Whole(usize),
    /// So many bytes of the first.
    Along(usize),
    /// The change is at another place.
    Elsewhere,
    Diverged,
}

impl Live {
    /// `None` for nothing to show.
    pub fn new(offered: &Offered, now: Duration) -> Option<Live> {
        offered.suggestions.first().filter(|first| !first.text.is_empty())?;
        Some(Live {
            requests: vec![offered.request],
            document: offered.document.id.clone(),
            text: offered.document.text.clone(),
            offset: offered.document.text.floor_char_boundary(offered.offset),
            suggestions: offered.suggestions.to_vec(),
            surface: offered.surface,
            since: now,
            n_bytes: 0,
            n_at_once: 0,
            n_last: 0,
            n_commanded: 0,
        })
    }

    fn first(&self) -> &str {
        self.suggestions.first().map_or("", |first| &first.text)
    }

    fn n_chars(&self) -> usize {
        self.first().chars().count()
    }

    pub fn n_accepted(&self) -> usize {
        self.n_at_once.max(self.n_commanded)
    }

    /// The editor says that so many characters, from its beginning, were accepted.
    pub fn command(&mut self, n_chars: usize) {
        self.n_commanded = self.n_commanded.max(n_chars.min(self.n_chars()));
    }

    /// The same place, and what is left of this, or more.
    pub fn continues(&self, offered: &Offered) -> bool {
        let rest = self.first().get(self.n_bytes..).unwrap_or_default();
        let next = offered.suggestions.first().map_or("", |first| &first.text);
        let is_here = offered.document.id == self.document && offered.offset == self.offset + self.n_bytes;
        is_here && !rest.is_empty() && !next.is_empty() && (next.starts_with(rest) || rest.starts_with(next))
    }

    pub fn go_on(&mut self, offered: &Offered) {
        self.requests.truncate(MAX_REQUESTS - 1);
        self.requests.push(offered.request);
        // Its end may have come or gone: a longer answer, or a bracket that the editor has put there.
        let there = self.first().get(..self.n_bytes).unwrap_or_default();
        let whole = |rest: &Suggestion| Suggestion { text: format!("{there}{}", rest.text), ..rest.clone() };
        self.suggestions = offered.suggestions.iter().map(whole).collect();
    }

    pub fn progress(&self, text: &Text) -> Progress {
        let stands = |suggestion: &Suggestion| {
            let replaced = self.offset..self.offset + suggestion.n_replaced;
            let is_length = text.len() + suggestion.n_replaced == self.text.len() + suggestion.text.len();
            is_length && self.surrounds(text, replaced, &suggestion.text)
        };
        if let Some(which) = self.suggestions.iter().position(stands) {
            return Progress::Whole(which);
        }
        let here = self.offset..self.offset;
        let n_inserted = text.len().saturating_sub(self.text.len());
        let inserted = text.slice(here.start..here.start + n_inserted);
        if text.len() < self.text.len() || !self.surrounds(text, here, &inserted) {
            return if self.is_untouched(text) { Progress::Elsewhere } else { Progress::Diverged };
        }
        let n_bytes = common_prefix(&inserted, self.first());
        // What is left of the insert may be the other half of a pair, which the editor has put behind the cursor.
        let is_pair = |c: char| ")]}>\"'`".contains(c);
        match inserted[n_bytes..].chars().all(is_pair) && (n_bytes > 0 || inserted.is_empty()) {
            true if n_bytes == self.first().len() => Progress::Whole(0),
            true => Progress::Along(n_bytes),
            false => Progress::Diverged,
        }
    }

    /// Whether `text` is the one before around `inserted`, which replaces `replaced`.
    fn surrounds(&self, text: &Text, replaced: Range<usize>, inserted: &str) -> bool {
        let end = self.offset + inserted.len();
        let before = self.offset.saturating_sub(WINDOW)..self.offset;
        text.slice(self.offset..end) == inserted
            && text.slice(before.clone()) == self.text.slice(before)
            && text.slice(end..end + WINDOW) == self.text.slice(replaced.end..replaced.end + WINDOW)
    }

    /// Whether both sides of the place are as they were, next to each other, there or moved by what changed above.
    fn is_untouched(&self, text: &Text) -> bool {
        let around = |text: &Text, at: usize| {
            text.slice(at.saturating_sub(WINDOW)..at).into_owned() + &text.slice(at..at + WINDOW)
        };
        let moved = (self.offset + text.len()).checked_sub(self.text.len());
        let before = around(&self.text, self.offset);
        self.n_bytes == 0 && moved.into_iter().chain([self.offset]).any(|at| around(text, at) == before)
    }

    pub fn advance(&mut self, n_bytes: usize) {
        self.n_last = self.first().get(self.n_bytes..n_bytes).map_or(0, |added| added.chars().count());
        self.n_bytes = n_bytes;
        if self.n_last > MAX_TYPED_CHARS {
            self.n_at_once += self.n_last;
        }
        // What was accepted may have been deleted again.
        self.n_at_once = self.n_at_once.min(self.n_there());
    }

    /// Characters of it that are in the text.
    fn n_there(&self) -> usize {
        self.first().get(..self.n_bytes).map_or(0, |there| there.chars().count())
    }

    /// All of one of them stands there; whether it came in one change, with nothing of it typed before.
    pub fn complete(&mut self, which: usize) -> bool {
        self.suggestions.swap(0, which);
        let n_bytes = self.first().len();
        let is_at_once = self.n_bytes == 0 && self.n_chars() > 1;
        self.n_bytes = self.n_bytes.min(n_bytes);
        self.advance(n_bytes);
        is_at_once
    }

    pub fn diverged(&self, now: Duration) -> End {
        match (self.n_accepted() > 0, now.saturating_sub(self.since) < MIN_VISIBLE) {
            (true, _) => End::Partial,
            (false, true) => End::Unseen,
            (false, false) if self.surface == Surface::Menu => End::Ignored,
            (false, false) => End::Rejected,
        }
    }

    pub fn left(&self, now: Duration) -> End {
        match self.diverged(now) {
            End::Rejected => End::Ignored,
            end => end,
        }
    }

    pub fn end(self, now: Duration, end: End) -> Event {
        let (n_there, n_accepted) = (self.n_there(), self.n_accepted());
        let (n_taken, n_typed) = match end {
            // The last change put its end there, however short that was.
            End::Accepted if n_there == self.n_chars() => {
                (n_there, n_there.saturating_sub(n_accepted.max(self.n_last)))
            }
            // Before the command nothing of its end was seen.
            End::Accepted => (self.n_chars(), n_there.saturating_sub(n_accepted)),
            _ => (n_there.max(n_accepted), n_there.saturating_sub(n_accepted)),
        };
        let ended = Ended { end, n_taken, n_typed, visible: now.saturating_sub(self.since) };
        Event { request: self.requests[0], outcome: Outcome::Ended(ended) }
    }
}

/// Bytes, at a character boundary.
fn common_prefix(a: &str, b: &str) -> usize {
    let n = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    b.floor_char_boundary(n).min(a.floor_char_boundary(n))
}
