//! Where two texts differ, in whole lines.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Lines of the old text that became lines of the new one; counted from 0. Between two hunks there is a common line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// A text by its lines, each with its own end.
pub struct Lines<'a> {
    text: &'a str,
    /// Where each begins, and the text's length.
    starts: Vec<usize>,
}

pub fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let mut input = InternedInput::default();
    input.update_before(old.split_inclusive('\n'));
    input.update_after(new.split_inclusive('\n'));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let lines = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Hunk { old: lines(hunk.before), new: lines(hunk.after) }).collect()
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Lines<'a> {
        let mut starts = vec![0];
        starts.extend(text.split_inclusive('\n').scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        }));
        Lines { text, starts }
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the text.
    pub fn bytes(&self, lines: Range<usize>) -> Range<usize> {
        self.starts[lines.start]..self.starts[lines.end]
    }

    pub fn slice(&self, lines: Range<usize>) -> &'a str {
        &self.text[self.bytes(lines)]
    }
}
