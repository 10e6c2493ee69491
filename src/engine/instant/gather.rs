//! The places whose text may come next, and the candidates that they agree on.

use std::collections::{BTreeSet, HashMap, HashSet};
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
/// Lines above that are compared.
const MAX_ALIKE: usize = 3;
/// Places taken of the document because they are alike but for names.
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

/// The rest of the line that some places agree on.
pub struct Group<'a> {
    pub rest: Vec<u8>,
    pub places: Vec<Place<'a>>,
}

impl<'a> Place<'a> {
    fn new(text: &'a [u8], token: usize, n_common: usize, source: Source<'a>) -> Place<'a> {
        Place { text, token, n_common, n_alike: 0, names: Names::Same, source }
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
    group(context, places)
}

/// Groups places by what they say: each as it stands and, where its names differ, with the cursor's.
fn group<'a>(context: &'a Context, places: Vec<Place<'a>>) -> Vec<Group<'a>> {
    let surroundings = Surroundings::new(context);
    let mut groups: HashMap<Vec<u8>, Group> = HashMap::new();
    let mut add = |rest: &[u8], place| {
        let Some(rest) = rest.strip_prefix(context.half()) else { return };
        match groups.get_mut(rest) {
            Some(group) => group.places.push(place),
            None => {
                let group = Group { rest: rest.to_vec(), places: vec![place] };
                groups.insert(rest.to_vec(), group);
            }
        }
    };
    for mut place in places {
        let renames = surroundings.compare(&mut place);
        match renames.and_then(|renames| renames.apply(place.rest())) {
            Some(adapted) => {
                add(place.rest(), Place { names: Names::Theirs, ..place });
                add(&adapted, Place { names: Names::Ours, ..place });
            }
            None => add(place.rest(), place),
        }
    }
    groups.into_values().collect()
}

/// The cursor's line as typed so far, without its half token, and the lines above it.
pub struct Surroundings<'a> {
    line: &'a [u8],
    above: Vec<&'a [u8]>,
}

impl<'a> Surroundings<'a> {
    pub fn new(context: &'a Context) -> Surroundings<'a> {
        Surroundings {
            line: &context.before[context.line_start..context.token_start],
            above: fold::lines_back(&context.before, context.line_start).take(MAX_ALIKE).collect(),
        }
    }

    /// Counts the lines of a place that are alike, and returns the names that differ in them, if any.
    pub fn compare(&self, place: &mut Place<'a>) -> Option<Renames<'a>> {
        let mut renames = Renames::default();
        if !renames.learn(place.line_before(), self.line) {
            return None;
        }
        place.n_alike = 1;
        let theirs_above = fold::lines_back(place.text, fold::line_content(place.text, place.token));
        for (theirs, ours) in theirs_above.zip(&self.above) {
            if theirs != *ours && !renames.learn(theirs, ours) {
                break;
            }
            place.n_alike += 1;
        }
        if renames.is_identity() {
            return None;
        }
        renames.derive_parts();
        Some(renames)
    }
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
    let parts = [(&context.before[..context.line_start], true), (&context.below[..], false)];
    for (text, is_before) in parts {
        let mut tokens = BTreeSet::new();
        same_beginning(context, text, &mut tokens);
        same_last_token(context, text, &mut tokens);
        same_but_for_names(context, text, is_before, &mut tokens);
        let place = |token| {
            let n_common = fold::common_suffix(&text[..token], context.key());
            let distance = if is_before { n_before - token } else { token };
            Place::new(text, token, n_common, Source::Document { distance })
        };
        match is_before {
            true => places.extend(tokens.into_iter().rev().take(MAX_IN_DOCUMENT).map(place)),
            false => places.extend(tokens.into_iter().take(MAX_IN_DOCUMENT).map(place)),
        }
    }
}

/// Lines that begin as the cursor's does.
fn same_beginning(context: &Context, text: &[u8], tokens: &mut BTreeSet<usize>) {
    let typed = context.typed();
    for content in fold::contents(text) {
        if !text[content..].starts_with(typed) {
            continue;
        }
        let token = content + typed.len() - context.half().len();
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

/// Lines whose beginning, or whose line above while nothing is typed, differs from the cursor's in names only; the
/// nearest.
fn same_but_for_names(context: &Context, text: &[u8], is_before: bool, tokens: &mut BTreeSet<usize>) {
    let ours = &context.before[context.line_start..context.token_start];
    let Some(above) = fold::lines_back(&context.before, context.line_start).next() else { return };
    let n_ours = adapt::tokens(ours).count();
    let mut contents: Vec<usize> = fold::contents(text).collect();
    if is_before {
        contents.reverse();
    }
    let mut n_found = 0;
    for content in contents {
        let line = fold::rest_of_line(text, content);
        let Some(end) = end_of_tokens(line, n_ours) else { continue };
        let theirs = &line[..end];
        let alike = match n_ours {
            0 => fold::lines_back(text, content).next().is_some_and(|theirs| Renames::default().learn(theirs, above)),
            1 => false,
            _ => Renames::default().learn(theirs, ours),
        };
        if alike && tokens.insert(content + end) {
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
