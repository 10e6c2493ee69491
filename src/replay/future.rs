//! What the user was about to type: the text that a suggestion is right about.
//!
//! From a key on, as long as the edits go on at the cursor: what they insert, less what they delete again. A typo that
//! is taken back within the run is not part of it; the run ends where the user edits elsewhere, or deletes what stood
//! there before the key.

use super::trace::Edit;

/// Longer futures make no difference to what is shown.
const MAX_BYTES: usize = 400;
const MAX_EDITS: usize = 600;

/// So much of the right text must be visible; less where the line has less left, in characters.
const MIN_CHARS: usize = 3;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Future(String);

impl Future {
    /// After edit number `i`.
    pub fn after(edits: &[Edit], i: usize) -> Future {
        let start = edits[i].offset + edits[i].inserted.len();
        let mut text = String::new();
        for edit in edits.iter().skip(i + 1).take(MAX_EDITS) {
            let end = start + text.len();
            let (from, to) = (edit.offset, edit.offset + edit.n_deleted);
            if from < start || to != end {
                break;
            }
            text.truncate(from - start);
            text.push_str(&edit.inserted);
            if text.len() > MAX_BYTES {
                break;
            }
        }
        Future(text)
    }

    /// What has to be visible: the next three characters, or the rest of the line. Nothing where the line ends.
    pub fn due(&self) -> Option<&str> {
        let line = self.line();
        let end = line.char_indices().nth(MIN_CHARS).map_or(line.len(), |(at, _)| at);
        (!line[..end].trim().is_empty()).then(|| &line[..end])
    }

    /// Whether the first line of a text, or what is shown of it, is what comes.
    pub fn agrees(&self, text: &str) -> bool {
        let n_breaks = text.len() - text.trim_start_matches(['\r', '\n']).len();
        let end = text[n_breaks..].find(['\r', '\n']).map_or(text.len(), |at| n_breaks + at);
        self.0.starts_with(text[..end].trim_end())
    }

    /// How many characters a user saves who takes as much of `text` as is right: all, a line, or a word of it.
    pub fn n_saved(&self, text: &str) -> usize {
        let n_common = text.bytes().zip(self.0.bytes()).take_while(|(a, b)| a == b).count();
        let n_common = (0..=n_common).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
        if n_common == text.len() {
            return text.chars().count();
        }
        let common = &text[..n_common];
        let next_is_word = text[n_common..].chars().next().is_some_and(is_word);
        let taken = match common.rfind('\n') {
            Some(at) => &common[..at],
            // Within a line, words that are whole in the suggestion.
            None if next_is_word => common.trim_end_matches(is_word),
            None => common,
        };
        taken.trim_end().chars().count()
    }

    fn line(&self) -> &str {
        self.0.split(['\r', '\n']).next().unwrap_or_default()
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
