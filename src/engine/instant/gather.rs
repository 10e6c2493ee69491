//! The places whose text may come next, and the candidates that they agree on.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use crate::engine::Cancel;
use crate::syntax::Language;
use crate::workspace::Index;
use crate::workspace::index::{Segment, fold};

/// Places taken of one segment for the text before the cursor, and places looked at for them.
const MAX_AFTER: usize = 128;
const MAX_LOOKED_AT: usize = 1024;
/// Places taken of one segment for the beginning of the line.
const MAX_LINES: usize = 256;
/// Least context in bytes of a place that does not share the beginning of the line.
const MIN_COMMON: usize = 3;

/// One place of the document or of a file where the cursor's text stands, too.
pub struct Place<'a> {
    pub text: &'a [u8],
    /// Where what comes next stands in `text`.
    pub at: usize,
    /// Bytes of context in common before the cursor's token.
    pub n_common: usize,
    pub source: Source<'a>,
}

#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// The document itself, so many folded bytes from the cursor.
    Document {
        distance: usize,
    },
    /// Another open document.
    Open,
    File {
        path: &'a Path,
        language: Option<Language>,
    },
}

/// The rest of the line that some places agree on.
pub struct Group<'a> {
    pub rest: &'a [u8],
    /// The nearest first.
    pub places: Vec<Place<'a>>,
}

impl<'a> Place<'a> {
    pub fn rest(&self) -> &'a [u8] {
        fold::rest_of_line(self.text, self.at)
    }
}

/// All places, by what comes next.
pub fn gather<'a>(
    context: &'a Context,
    buffers: &'a [Arc<Segment>],
    index: &'a Index,
    shadowed: &[&Path],
    cancel: &Cancel,
) -> Vec<Group<'a>> {
    let mut places = Vec::new();
    in_document(context, &mut places);
    for buffer in buffers {
        in_segment(context, buffer, |_| true, |_| Source::Open, &mut places);
    }
    for (segment, dead) in index.segments() {
        if cancel.is_cancelled() {
            break;
        }
        let shadowed: Vec<usize> = shadowed.iter().filter_map(|path| segment.file_named(path)).collect();
        let lives = |i: usize| !dead.contains(&i) && !shadowed.contains(&i);
        let source = |i: usize| {
            let file = &segment.files()[i];
            Source::File { path: &file.path, language: file.language }
        };
        in_segment(context, segment, lives, source, &mut places);
    }
    let mut groups: HashMap<&[u8], Vec<Place>> = HashMap::new();
    for place in places {
        groups.entry(place.rest()).or_default().push(place);
    }
    groups.into_iter().map(|(rest, places)| Group { rest, places }).collect()
}

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
    let hits = hits.filter(|hit| text[hit.at..].starts_with(half)).map(|hit| (hit.at + half.len(), hit.n_common));
    for (at, n_common) in hits.filter(|hit| lives(segment.file_at(hit.0))).take(MAX_AFTER) {
        seen.insert(at);
        places.push(Place { text, at, n_common, source: source(segment.file_at(at)) });
    }
    if typed.is_empty() {
        return;
    }
    let lines = segment.lines_with(typed);
    for &line in lines.iter().step_by(lines.len().div_ceil(MAX_LINES).max(1)) {
        let at = line as usize + typed.len();
        let i = segment.file_at(at);
        if lives(i) && seen.insert(at) {
            let n_common = fold::common_suffix(&text[..at - half.len()], key);
            places.push(Place { text, at, n_common, source: source(i) });
        }
    }
}

/// The document itself is not sorted, it is read through.
fn in_document<'a>(context: &'a Context, places: &mut Vec<Place<'a>>) {
    let n_before = context.before.len();
    for (text, is_before) in [(&context.before[..context.line_start], true), (&context.below[..], false)] {
        let mut line = 0;
        while line < text.len() {
            let rest = fold::rest_of_line(text, line);
            let start = line + rest.iter().take_while(|&&byte| byte < b' ').count();
            line += rest.len() + 1;
            if !text[start..].starts_with(context.typed()) {
                continue;
            }
            let at = start + context.typed().len();
            let n_common = fold::common_suffix(&text[..at - context.half().len()], context.key());
            if context.typed().is_empty() && n_common < MIN_COMMON {
                continue;
            }
            let distance = if is_before { n_before - at } else { at };
            places.push(Place { text, at, n_common, source: Source::Document { distance } });
        }
    }
    let needle = &context.before[needle_start(context)..];
    if needle.len() < MIN_COMMON {
        return;
    }
    let typed = context.typed();
    for (text, is_before) in [(&context.before[..context.line_start], true), (&context.below[..], false)] {
        for found in memchr::memmem::find_iter(text, needle) {
            let at = found + needle.len();
            let token = at - context.half().len();
            if !fold::starts_token(text, token)
                || text[..at].ends_with(typed) && at == line_content(text, at) + typed.len()
            {
                continue;
            }
            let n_common = fold::common_suffix(&text[..token], context.key());
            let distance = if is_before { n_before - at } else { at };
            places.push(Place { text, at, n_common, source: Source::Document { distance } });
        }
    }
}

/// Where the content of the line that holds `at` starts.
fn line_content(text: &[u8], at: usize) -> usize {
    memchr::memrchr2(b'\n', fold::DEEPER, &text[..at])
        .max(memchr::memrchr(fold::SHALLOWER, &text[..at]))
        .map_or(0, |at| at + 1)
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
