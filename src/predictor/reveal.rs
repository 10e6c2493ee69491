//! How much of an offer is sure enough to be seen.
//!
//! Whole lines as long as each one's chance is over the bar; where the first is not, or is still being said, its
//! beginning up to a word's end, if that is surer still. What the user sees already stays, whatever is thought of it
//! now. Pure.

use crate::cache::Offer;
use crate::suggestion::Suggestion;

/// Chances, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bars {
    /// Of a whole line.
    pub line: f32,
    /// Of the beginning of a line.
    pub part: f32,
}

impl Bars {
    /// For what is taken at odds that are `factor` times those of being right.
    pub fn where_odds_are(&self, factor: f32) -> Bars {
        let raised = |bar: f32| bar / (bar + (1.0 - bar) * factor);
        // A bar that nothing passes stays one.
        Bars { line: raised(self.line), part: if self.part < 1.0 { raised(self.part) } else { self.part } }
    }
}

/// A shorter beginning of a line is not worth a look (in characters).
const MIN_PART_CHARS: usize = 3;

/// `None` when nothing of it is.
pub fn reveal(offer: &Offer, bars: &Bars) -> Option<Suggestion> {
    let Suggestion { text, n_replaced } = &offer.suggestion;
    let n_lines = if offer.is_open { 0 } else { sure_lines(offer, bars.line) };
    let n = match offer.n_shown.max(n_lines) {
        // What replaces text right of the cursor is fitted to it as a whole.
        n if *n_replaced > 0 && n < offer.first_line_len() => return None,
        _ if *n_replaced > 0 => text.len(),
        n if n < offer.first_line_len() => n.max(sure_part(offer, bars.part)),
        n => n,
    };
    let shown = text[..n].trim_end();
    let shown = if n == text.len() { text.as_str() } else { shown };
    (!shown.trim().is_empty()).then(|| Suggestion { text: shown.to_string(), n_replaced: *n_replaced })
}

fn sure_lines(offer: &Offer, bar: f32) -> usize {
    let text = &offer.suggestion.text;
    let (mut start, mut sure) = (0, 0);
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        if line.trim().is_empty() {
            start += line.len();
            continue;
        }
        // Blank lines belong to the line that follows them.
        if offer.odds.chance(sure..end) < bar {
            break;
        }
        sure = end;
        start += line.len();
    }
    if text[sure..].trim().is_empty() { text.len() } else { sure }
}

/// The longest beginning of the first line that is sure and ends with a word or a closing bracket.
fn sure_part(offer: &Offer, bar: f32) -> usize {
    let line = &offer.suggestion.text[..offer.first_line_len()];
    let ends = line.char_indices().filter_map(|(at, c)| {
        let end = at + c.len_utf8();
        let next = line[end..].chars().next();
        let is_end = closes(c) || is_word(c) && !next.is_some_and(is_word);
        (is_end && line[..end].trim().chars().count() >= MIN_PART_CHARS).then_some(end)
    });
    ends.take_while(|end| offer.odds.chance(0..*end) >= bar).last().unwrap_or(0)
}

fn closes(c: char) -> bool {
    matches!(c, ')' | ']' | '}')
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
