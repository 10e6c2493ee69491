//! What the engine knows of the cursor: the document around it, folded, within a window.

use crate::document::Snapshot;
use crate::workspace::index::{MAX_CONTEXT, fold};

/// How much of the document is looked at on either side, in bytes: folding runs at about 0.3 ms for 100 KB.
const WINDOW_BEFORE: usize = 64 << 10;
const WINDOW_AFTER: usize = 32 << 10;

pub struct Context {
    /// Folded text up to the cursor; its last line is the cursor's, as typed so far.
    pub before: Vec<u8>,
    /// Folded text below the cursor's line.
    pub below: Vec<u8>,
    /// What stands right of the cursor on its line.
    pub right: String,
    /// Where the content of the cursor's line starts in `before`.
    pub line_start: usize,
    /// Where the token that the cursor is in starts in `before`, with the blanks before it: what follows must begin
    /// with these bytes.
    pub token_start: usize,
    /// The blanks that the cursor's line starts with.
    pub indent: String,
    /// One level of indentation in the document's style.
    pub indent_unit: String,
}

impl Context {
    pub fn new(document: &Snapshot, offset: usize) -> Context {
        let text = &document.text;
        let offset = text.floor_char_boundary(offset);
        let prefix = text.slice(text.floor_char_boundary(offset.saturating_sub(WINDOW_BEFORE))..offset);
        let suffix = text.slice(offset..text.floor_char_boundary(offset + WINDOW_AFTER));
        let prefix = if prefix.len() < offset { from_line_start(&prefix) } else { &prefix };
        let mut lines_below = fold::lines(&suffix);
        let right = lines_below.next().unwrap_or_default().to_owned();

        let mut folder = fold::Folder::default();
        let mut before = Vec::with_capacity(prefix.len());
        let mut line = "";
        let mut lines = fold::lines(prefix).peekable();
        while let Some(next) = lines.next() {
            match lines.peek() {
                Some(_) => folder.push_line(next, &mut before),
                None => line = next,
            }
        }
        folder.push_partial(line, &mut before);
        let content = line.trim_start();
        let line_start = before.len() - content.len();
        let mut below = Vec::with_capacity(suffix.len());
        for line in lines_below {
            folder.push_line(line, &mut below);
        }
        Context {
            token_start: token_start(&before, line_start),
            line_start,
            right,
            indent: line[..line.len() - content.len()].to_owned(),
            indent_unit: indent_unit(prefix, &suffix),
            before,
            below,
        }
    }

    /// What a place's text before must agree with.
    pub fn key(&self) -> &[u8] {
        &self.before[self.token_start.saturating_sub(MAX_CONTEXT)..self.token_start]
    }

    /// The part of the cursor's token that is typed, with the blanks before it.
    pub fn half(&self) -> &[u8] {
        &self.before[self.token_start..]
    }

    /// The cursor's line as typed so far, from its content on.
    pub fn typed(&self) -> &[u8] {
        &self.before[self.line_start..]
    }
}

/// `text` from its second line on; all of it when it has but one.
fn from_line_start(text: &str) -> &str {
    text.find('\n').map_or(text, |at| &text[at + 1..])
}

fn token_start(before: &[u8], line_start: usize) -> usize {
    let typed = &before[line_start..];
    let n_word = typed.iter().rev().take_while(|&&byte| fold::is_word(byte)).count();
    let n_blank = typed[..typed.len() - n_word].iter().rev().take_while(|&&byte| fold::is_blank(byte)).count();
    before.len() - n_word - n_blank
}

/// A tab when a line nearby starts with one, else the smallest indentation, else four spaces.
fn indent_unit(prefix: &str, suffix: &str) -> String {
    let near = prefix.rsplit('\n').take(200).chain(suffix.split('\n').take(200));
    let mut least = None;
    for line in near {
        if line.starts_with('\t') {
            return "\t".to_owned();
        }
        let n = line.len() - line.trim_start_matches(' ').len();
        // One blank is a comment's, not a level.
        if n > 1 && n < line.len() && least.is_none_or(|least| n < least) {
            least = Some(n);
        }
    }
    " ".repeat(least.unwrap_or(4))
}
