//! Which text a model is shown, laid out so that a key costs only its own tokens.
//!
//! Prefix and suffix stand still at an anchor; what was typed since stands after the middle token, less its end, which
//! is forced on the first tokens of the answer. Measured on 100 single lines of HumanEval-Infilling of which 4 / 10
//! characters were typed, exact rest of the line, Qwen2.5-Coder 0.5B (`benches/infill.md`): typed text at the end of the
//! prefix 52 / 54, after the middle token as it is 15 / 24, there and healed by [`Healing::Word`] 59 / 61, by
//! [`Healing::Punctuation`] 60 / 68, and that with the anchor behind the indentation 62 / 69.
//!
//! Must not know families or tokens. Read [`plan`] first; it is bounded by the windows, never by the document.

use std::sync::Arc;

use memchr::memmem;

use super::Budget;
use crate::text::Text;

/// The rules by which text is laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub budget: Budget,
    pub place: Place,
    pub healing: Healing,
}

/// Where a new anchor is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// At the start of the cursor's line: tokens end at a line break more than anywhere else, the indentation is one
    /// with the word that it stands before, and a line is begun again from its start when something else changes.
    #[default]
    LineStart,
    /// Behind the indentation of the cursor's line. No better than by chance (see the module), and on a line that holds
    /// nothing else yet there would be nothing to heal.
    Indentation,
    /// At the cursor: the usual layout, as long as nothing is typed. For engines on which no text can be forced.
    Cursor,
}

/// How much of the typed text is forced on the answer, so that its last token can be another one than the typed
/// characters alone would make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Healing {
    Off,
    /// The last word and the blanks before it.
    Word,
    /// As [`Healing::Word`], and the punctuation that ends the text or touches the word: the pre-tokenizers of GPT-2
    /// and after join `.` with `len`, and `(` with `);`. Right more often (see the module).
    #[default]
    Punctuation,
}

/// What stays as it is while somebody types. The caller keeps it for each document from one request to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Where the prefix starts in the document, bytes.
    pub start: usize,
    /// Where the prefix ends, bytes: the anchor itself.
    pub offset: usize,
    pub prefix: Arc<str>,
    /// From the cursor on; whole lines, unless the first one is longer than the window.
    pub suffix: Arc<str>,
}

/// The text of one request. `prefix + typed + forced` is the document from the prefix's start to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub anchor: Anchor,
    /// What stands after the middle token.
    pub typed: String,
    /// What the answer must start with; it is not news to the user.
    pub forced: String,
}

/// Most bytes of a word that are forced: each of its tokens costs a step, and no token of code is longer.
const MAX_WORD: usize = 32;

/// Longest run of punctuation that is forced; a longer one is a rule or a border, and one token for itself.
const MAX_PUNCTUATION: usize = 4;

/// How far an edit above the window may have moved it and it is still found, bytes. An import is a line.
const MAX_SHIFT: usize = 1024;

/// Bytes of the prefix that are searched for when it is not where it was, and how many places are looked at closely.
const PROBE: usize = 128;
const MAX_PLACES: usize = 8;

/// Lays out the text around `offset` (clamped, rounded down). The anchor of the request before is kept while the prefix
/// before it and the suffix after the cursor are what they were and the text between fits the budget.
pub fn plan(text: &Text, offset: usize, previous: Option<&Anchor>, layout: &Layout) -> Plan {
    let offset = text.floor_char_boundary(offset);
    let suffix = suffix_at(text, offset, &layout.budget);
    let previous = previous.map(|anchor| anchor.found_in(text));
    let anchor = match previous {
        Some(Found::Same(anchor)) if anchor.holds(offset, &suffix, &layout.budget) => anchor,
        Some(Found::Same(anchor) | Found::Changed(anchor)) => set(text, offset, suffix, Some(anchor.start), layout),
        None => set(text, offset, suffix, None, layout),
    };
    let since = text.slice(anchor.offset..offset);
    let (typed, forced) = heal(&since, layout.healing);
    Plan { typed: typed.to_owned(), forced: forced.to_owned(), anchor }
}

/// Splits the text since the anchor into what the model reads and what is forced on it. Never goes across a line break:
/// a line's indentation is forced, the break before it is read.
pub fn heal(typed: &str, healing: Healing) -> (&str, &str) {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let without_word = typed.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let kept = match healing {
        Healing::Off => typed,
        _ if typed.len() - without_word.len() > MAX_WORD => &typed[..typed.ceil_char_boundary(typed.len() - MAX_WORD)],
        Healing::Word => without_word.trim_end_matches(is_blank),
        Healing::Punctuation => without_punctuation(without_word).trim_end_matches(is_blank),
    };
    typed.split_at(kept.len())
}

/// Without the run of punctuation at the end, if it is a short one.
fn without_punctuation(text: &str) -> &str {
    let is_punctuation = |c: char| !(c.is_alphanumeric() || c.is_whitespace() || c == '_');
    let rest = text.trim_end_matches(is_punctuation);
    if text.len() - rest.len() <= MAX_PUNCTUATION { rest } else { text }
}

enum Found {
    /// With the same prefix, at the same place or moved by an edit above it.
    Same(Anchor),
    Changed(Anchor),
}

impl Anchor {
    fn found_in(&self, text: &Text) -> Found {
        let starts = |start: usize| {
            text.floor_char_boundary(start) == start && text.slice(start..start + self.prefix.len()) == *self.prefix
        };
        if starts(self.start) {
            return Found::Same(self.clone());
        }
        // A window that starts with the document takes in what is added above it.
        let low = text.floor_char_boundary(self.start.saturating_sub(MAX_SHIFT));
        let near = text.slice(low..self.start + MAX_SHIFT + PROBE);
        let probe = &self.prefix.as_bytes()[..self.prefix.len().min(PROBE)];
        let mut places = memmem::find_iter(near.as_bytes(), probe).map(|at| low + at).take(MAX_PLACES);
        match places.find(|start| starts(*start)) {
            Some(start) if self.start > 0 => {
                Found::Same(Anchor { start, offset: start + self.prefix.len(), ..self.clone() })
            }
            _ => Found::Changed(self.clone()),
        }
    }

    /// Whether most of its prefix is what another one's is: then what stands before it in the prompt must stay.
    pub fn goes_on(&self, other: &Anchor) -> bool {
        let n_common = self.prefix.bytes().zip(other.prefix.bytes()).take_while(|(a, b)| a == b).count();
        2 * n_common >= self.prefix.len()
    }

    /// Whether a cursor at `offset` before `suffix` can go on at this anchor, its prefix being as it was.
    fn holds(&self, offset: usize, suffix: &str, budget: &Budget) -> bool {
        offset >= self.offset && offset - self.offset <= budget.typed_bytes && *self.suffix == *suffix
    }
}

/// A new anchor for a cursor at `offset`, with the prefix started where the old one did if that leaves enough of it.
fn set(text: &Text, offset: usize, suffix: String, start: Option<usize>, layout: &Layout) -> Anchor {
    let Layout { budget, place, .. } = layout;
    let at = place.of(text, offset, budget);
    let most = budget.prefix_bytes() + budget.suffix_bytes().saturating_sub(suffix.len());
    let start = match start.map(|start| line_start(text, start, at)) {
        // As long as the start stands still, the old prefix is the beginning of the new prompt.
        Some(start) if at - start <= most && (start == 0 || at - start >= most / 2) => start,
        _ if at <= most => 0,
        // The start moves in steps of a quarter: a prefix between three quarters and all of what it may be.
        _ => line_start(text, at - most * 3 / 4, at),
    };
    let prefix = text.slice(start..at);
    Anchor { start, offset: at, prefix: prefix.into(), suffix: suffix.into() }
}

impl Place {
    fn of(self, text: &Text, offset: usize, budget: &Budget) -> usize {
        let line = text.line_range(text.line_of(offset)).start;
        let at = match self {
            Place::LineStart => line,
            Place::Indentation => {
                let before = text.slice(line..offset);
                offset - before.trim_start_matches([' ', '\t']).len()
            }
            Place::Cursor => offset,
        };
        if offset - at <= budget.typed_bytes {
            return at;
        }
        // A line of a minified file: with half the room left, the next keys do not move the anchor again.
        text.floor_char_boundary(offset - budget.typed_bytes / 2)
    }
}

/// The text from `offset` on, cut at a line's end. A closing bracket that the editor put there is part of it.
fn suffix_at(text: &Text, offset: usize, budget: &Budget) -> String {
    let most = offset + budget.suffix_bytes();
    if most >= text.len() {
        return text.slice(offset..text.len()).into_owned();
    }
    let line = text.line_range(text.line_of(most)).start;
    let end = if line > offset { line } else { text.floor_char_boundary(most) };
    text.slice(offset..end).into_owned()
}

/// The first start of a line at or after `offset`, or `offset` itself, rounded down, where none is left before `end`.
fn line_start(text: &Text, offset: usize, end: usize) -> usize {
    let line = text.line_of(offset);
    let here = text.line_range(line).start;
    let start = if here >= offset { here } else { text.line_range(line + 1).start };
    if (offset..=end).contains(&start) { start } else { text.floor_char_boundary(offset).min(end) }
}
