//! The places that read like the cursor's: in the document, in the other open ones, in the workspace's files.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::adapt::{self, Renames};
use super::context::Context;
use crate::engine::Cancel;
use crate::workspace::Index;
use crate::workspace::index::{Segment, fold};

/// Places taken of one segment for the text before the cursor, and places looked at for them.
const MAX_AFTER: usize = 128;
const MAX_LOOKED_AT: usize = 1024;
/// Places taken of the document above the cursor, and as many below.
const MAX_IN_DOCUMENT: usize = 256;
/// Places taken of one segment for the beginning of the line.
const MAX_LINES: usize = 256;
/// Least context in bytes of a place that does not share the beginning of the line.
const MIN_COMMON: usize = 3;
/// Places taken of each side of the document because they are alike but for names, the nearest.
const MAX_RENAMED: usize = 64;

/// One place of the document or of a file that reads like the cursor's.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub text: &'a [u8],
    /// Where the token stands in `text` that is like the cursor's.
    pub token: usize,
    /// Bytes of context in common before the cursor's token.
    pub n_common: usize,
    /// How many lines, the cursor's own as typed so far first, are the same but for names.
    pub n_alike: usize,
    pub names: Names,
    pub source: Source<'a>,
}

/// Whose names a place is read with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// They are the same, as far as the lines are alike.
    Same,
    /// The place's, although they differ from the cursor's.
    Theirs,
    /// The cursor's, put in where they differ.
    Ours,
}

#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// The document itself, so many folded bytes from the cursor.
    Document {
        distance: usize,
    },
    /// Another open document.
    Open {
        path: &'a Path,
    },
    File {
        path: &'a Path,
    },
}

impl<'a> Place<'a> {
    fn new(text: &'a [u8], token: usize, n_common: usize, source: Source<'a>) -> Place<'a> {
        Place { text, token, n_common, n_alike: 0, names: Names::Same, source }
    }

    fn in_document(context: &Context, text: &'a [u8], token: usize, distance: usize) -> Place<'a> {
        let n_common = fold::common_suffix(&text[..token], context.key());
        Place::new(text, token, n_common, Source::Document { distance })
    }

    /// From the token on.
    pub fn rest(&self) -> &'a [u8] {
        fold::rest_of_line(self.text, self.token)
    }

    /// The content of its line before the token.
    pub fn line_before(&self) -> &'a [u8] {
        &self.text[fold::line_content(self.text, self.token)..self.token]
    }
}

/// All places, those of the document first.
pub fn find<'a>(
    context: &'a Context,
    buffers: &'a [Arc<Segment>],
    index: &'a Index,
    shadowed: &[&Path],
    cancel: &Cancel,
) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    in_document(context, &mut places);
    for buffer in buffers {
        let source = |i: usize| Source::Open { path: &buffer.files()[i].path };
        in_segment(context, buffer, |_| true, source, &mut places);
    }
    for (segment, dead) in index.segments() {
        if cancel.is_cancelled() {
            break;
        }
        let shadowed: Vec<usize> = shadowed.iter().filter_map(|path| segment.file_named(path)).collect();
        let lives = |i: usize| !dead.contains(&i) && !shadowed.contains(&i);
        let source = |i: usize| Source::File { path: &segment.files()[i].path };
        in_segment(context, segment, lives, source, &mut places);
    }
    places
}

/// Places of sorted text: by the text before the cursor, and by the beginning of its line.
fn in_segment<'a>(
    context: &'a Context,
    segment: &'a Segment,
    lives: impl Fn(usize) -> bool,
    source: impl Fn(usize) -> Source<'a>,
    places: &mut Vec<Place<'a>>,
) {
    if segment.files().is_empty() {
        return;
    }
    let (key, half, typed) = (context.key(), context.half(), context.typed());
    let text = segment.text();
    let mut seen = HashSet::new();
    let hits = segment.after(key).take_while(|hit| hit.n_common >= MIN_COMMON).take(MAX_LOOKED_AT);
    let hits = hits.filter(|hit| text[hit.at..].starts_with(half) && lives(segment.file_at(hit.at)));
    for hit in hits.take(MAX_AFTER) {
        seen.insert(hit.at);
        places.push(Place::new(text, hit.at, hit.n_common, source(segment.file_at(hit.at))));
    }
    if typed.is_empty() {
        return;
    }
    let lines = segment.lines_with(typed);
    for &line in lines.iter().step_by(lines.len().div_ceil(MAX_LINES).max(1)) {
        let token = line as usize + typed.len() - half.len();
        let i = segment.file_at(token);
        if lives(i) && seen.insert(token) {
            let n_common = fold::common_suffix(&text[..token], key);
            places.push(Place::new(text, token, n_common, source(i)));
        }
    }
}

/// The document itself is not sorted, it is read through.
fn in_document<'a>(context: &'a Context, places: &mut Vec<Place<'a>>) {
    let n_before = context.before.len();
    let (above, below) = (&context.before[..context.line_start], &context.below[..]);

    let mut lines: Vec<usize> = fold::contents(above).collect();
    lines.reverse();
    let tokens = tokens_in(context, above, &lines).into_iter().rev();
    let place = |token| Place::in_document(context, above, token, n_before - token);
    places.extend(tokens.take(MAX_IN_DOCUMENT).map(place));

    let lines: Vec<usize> = fold::contents(below).collect();
    let tokens = tokens_in(context, below, &lines).into_iter();
    let place = |token| Place::in_document(context, below, token, token);
    places.extend(tokens.take(MAX_IN_DOCUMENT).map(place));
}

/// Tokens of one side of the document that are like the cursor's. `lines`: where its lines start, the nearest first.
fn tokens_in(context: &Context, text: &[u8], lines: &[usize]) -> BTreeSet<usize> {
    let mut tokens = BTreeSet::new();
    same_beginning(context, text, lines, &mut tokens);
    same_last_token(context, text, &mut tokens);
    same_but_for_names(context, text, lines, &mut tokens);
    tokens
}

/// Lines that begin as the cursor's does.
fn same_beginning(context: &Context, text: &[u8], lines: &[usize], tokens: &mut BTreeSet<usize>) {
    let typed = context.typed();
    for line in lines.iter().filter(|line| text[**line..].starts_with(typed)) {
        let token = line + typed.len() - context.half().len();
        if !typed.is_empty() || fold::common_suffix(&text[..token], context.key()) >= MIN_COMMON {
            tokens.insert(token);
        }
    }
}

/// Places behind the cursor's token, so far as it is typed, and the one before it on its line.
fn same_last_token(context: &Context, text: &[u8], tokens: &mut BTreeSet<usize>) {
    let needle = &context.before[needle_start(context)..];
    if needle.len() < MIN_COMMON {
        return;
    }
    for found in memchr::memmem::find_iter(text, needle) {
        let token = found + needle.len() - context.half().len();
        if fold::starts_token(text, token) {
            tokens.insert(token);
        }
    }
}

/// Lines whose beginning, or whose line above while nothing is typed, differs from the cursor's in names only.
fn same_but_for_names(context: &Context, text: &[u8], lines: &[usize], tokens: &mut BTreeSet<usize>) {
    let ours = &context.before[context.line_start..context.token_start];
    let Some(above) = fold::lines_back(&context.before, context.line_start).next() else { return };
    let n_ours = adapt::tokens(ours).count();
    let mut n_found = 0;
    for &line in lines {
        let content = fold::rest_of_line(text, line);
        let Some(end) = end_of_tokens(content, n_ours) else { continue };
        let alike = match n_ours {
            0 => fold::lines_back(text, line).next().is_some_and(|theirs| Renames::default().learn(theirs, above)),
            // One name is like any other.
            1 => false,
            _ => Renames::default().learn(&content[..end], ours),
        };
        if alike && tokens.insert(line + end) {
            n_found += 1;
            if n_found == MAX_RENAMED {
                return;
            }
        }
    }
}

/// Where the first `n` tokens of a line end; `None` when there are fewer.
fn end_of_tokens(line: &[u8], n: usize) -> Option<usize> {
    match n {
        0 => Some(0),
        _ => adapt::tokens(line).nth(n - 1).map(|token| token.as_ptr() as usize - line.as_ptr() as usize + token.len()),
    }
}

/// The cursor's token and one before it on its line.
fn needle_start(context: &Context) -> usize {
    let mut at = context.token_start;
    while at > context.line_start {
        at -= 1;
        if fold::starts_token(&context.before, at) {
            break;
        }
    }
    at
}
