//! From what places agree on to the chance that it is right.
//!
//! A candidate is described by [`Features`]: how far its places agree with the cursor's text, where they are, how like
//! the cursor's their surroundings are, and how the candidate itself reads. The forest of `forest.rs`, fitted on lines
//! that were really added to other projects, turns these into a chance.

use std::path::Path;

use super::context::Context;
use super::forest;
use super::group::Group;
use super::place::{Names, Source};
use super::tally::{Levels, Tally};
use super::words::{Words, words};
use crate::workspace::index::fold;

/// In the order of the functions below that make them; the forest knows them by their place.
pub type Features = Vec<f32>;

/// Candidates that are looked at closely, those with the most votes.
const MAX_CANDIDATES: usize = 24;
/// Places of one candidate whose surroundings are compared.
const MAX_COMPARED: usize = 8;
/// Surroundings that are compared, in bytes.
const ABOVE: usize = 512;
const BELOW: usize = 384;
/// What counts as the text near the cursor, in bytes before and after it.
const NEAR: (usize, usize) = (2 << 10, 1 << 10);
const FAR: (usize, usize) = (16 << 10, 8 << 10);
/// How far back an open bracket is looked for, in bytes.
const BRACKET_WINDOW: usize = 4 << 10;

/// The best candidates, as indices into `groups`, with what is known of each.
pub fn describe(context: &Context, path: Option<&Path>, groups: &[Group]) -> Vec<(usize, Features)> {
    let cursor = Cursor::new(context);
    let tallies: Vec<Tally> = groups.iter().map(|group| Tally::new(&cursor.levels, cursor.below, group)).collect();
    let all = Tally::sum(&tallies);
    let mut best: Vec<usize> = (0..groups.len()).filter(|&i| !groups[i].rest.is_empty()).collect();
    best.sort_by(|&a, &b| {
        tallies[b].votes.total_cmp(&tallies[a].votes).then_with(|| groups[a].rest.cmp(&groups[b].rest))
    });
    best.truncate(MAX_CANDIDATES);
    let likeness: Vec<Likeness> = best.iter().map(|&i| Likeness::new(&cursor, &groups[i])).collect();
    let most_like = likeness.iter().map(|likeness| likeness.above).fold(0.0, f32::max);
    let describe = |(&i, likeness): (&usize, &Likeness)| {
        let (group, tally) = (&groups[i], &tallies[i]);
        let mut features = agreement(&cursor, tally, &all, groups.len());
        features.extend(sources(&cursor, path, group));
        features.extend([
            likeness.above,
            likeness.below,
            (likeness.above == most_like) as u8 as f32,
            most_like,
            likeness.n_alike as f32,
        ]);
        features.extend(names(group));
        features.extend(reading(&cursor, group));
        (i, features)
    };
    best.iter().zip(&likeness).map(describe).collect()
}

/// The chance, 0 to 1, that a candidate is exactly what comes next.
pub fn confidence(features: &Features) -> f32 {
    1.0 / (1.0 + (-forest::log_odds(features)).exp())
}

/// What is known of the cursor, once for all candidates.
struct Cursor<'a> {
    context: &'a Context,
    levels: Levels,
    /// The lines next to the cursor's.
    above: &'a [u8],
    below: &'a [u8],
    around_above: Words,
    around_below: Words,
    near: Words,
    far: Words,
    bracket: Option<Bracket>,
}

/// The innermost bracket that is open at the cursor's line.
struct Bracket {
    closer: u8,
    /// How many levels deeper the cursor's line is than the bracket's.
    depth: i32,
}

impl<'a> Cursor<'a> {
    fn new(context: &'a Context) -> Cursor<'a> {
        let (before, below) = (&context.before[..], &context.below[..]);
        let first_below = fold::contents(below).next().map_or(&[][..], |at| fold::rest_of_line(below, at));
        Cursor {
            context,
            levels: Levels::new(context),
            above: fold::lines_back(before, context.line_start).next().unwrap_or_default(),
            below: first_below,
            around_above: Words::new(tail(&before[..context.line_start], ABOVE)),
            around_below: Words::new(head(below, BELOW)),
            near: Words::both(tail(before, NEAR.0), head(below, NEAR.1)),
            far: Words::both(tail(before, FAR.0), head(below, FAR.1)),
            bracket: open_bracket(&before[..context.line_start]),
        }
    }
}

fn open_bracket(before: &[u8]) -> Option<Bracket> {
    let (mut n_closed, mut depth) = (0, 0);
    for &byte in tail(before, BRACKET_WINDOW).iter().rev() {
        match byte {
            fold::DEEPER => depth += 1,
            fold::SHALLOWER => depth -= 1,
            b')' | b']' | b'}' => n_closed += 1,
            b'(' | b'[' | b'{' if n_closed > 0 => n_closed -= 1,
            b'(' => return Some(Bracket { closer: b')', depth }),
            b'[' | b'{' => return Some(Bracket { closer: byte + 2, depth }),
            fold::FILE => return None,
            _ => {}
        }
    }
    None
}

/// How like the cursor's the surroundings of a candidate's places are: the best of them.
struct Likeness {
    /// Shares of the words around a place that stand around the cursor, too.
    above: f32,
    below: f32,
    n_alike: usize,
}

impl Likeness {
    fn new(cursor: &Cursor, group: &Group) -> Likeness {
        let mut likeness = Likeness { above: 0.0, below: 0.0, n_alike: 0 };
        for place in &group.places {
            likeness.n_alike = likeness.n_alike.max(place.n_alike);
        }
        for place in group.places.iter().take(MAX_COMPARED) {
            let line = place.token - place.line_before().len();
            let below = place.text.get(place.token + place.rest().len()..).unwrap_or_default();
            let above = cursor.around_above.share(within_file(tail(&place.text[..line], ABOVE)));
            likeness.above = likeness.above.max(above);
            likeness.below = likeness.below.max(cursor.around_below.share(head(below, BELOW)));
        }
        likeness
    }
}

/// How far the places agree with the text before the cursor, alone and among all.
fn agreement(cursor: &Cursor, tally: &Tally, all: &Tally, n_candidates: usize) -> Features {
    let share = |level: usize| tally.at_level[level] as f32 / all.at_level[level].max(1) as f32;
    vec![
        // The longest agreement, and that of all candidates.
        tally.top as f32,
        all.top as f32,
        lg(tally.max_common.saturating_sub(cursor.levels.n_line())),
        (tally.max_common == all.max_common) as u8 as f32,
        // How many places are for it, and how large a part of all places, level by level.
        share(all.top),
        lg(tally.at_level[all.top]),
        share(1),
        lg(tally.at_level[1]),
        share(2),
        share(3),
        lg(all.at_level[1]),
        lg(all.at_level[2]),
        lg(all.at_level[3]),
        lg(n_candidates),
        // All of this in one number, and whether the line below the cursor follows there, too.
        tally.votes / all.votes.max(1e-9),
        (tally.votes + 1.0).log2(),
        lg(tally.n_next),
        tally.n_next as f32 / tally.at_level[0] as f32,
        lg(all.n_next),
    ]
}

/// Where the places are.
fn sources(cursor: &Cursor, path: Option<&Path>, group: &Group) -> Features {
    let distances = group.places.iter().filter_map(|place| match place.source {
        Source::Document { distance } => Some(distance),
        _ => None,
    });
    let files = || {
        group.places.iter().filter_map(|place| match place.source {
            Source::File { path } | Source::Open { path } => Some(path),
            Source::Document { .. } => None,
        })
    };
    let nearest = distances.clone().min();
    let same_folder = files().any(|file| file.parent() == path.and_then(Path::parent));
    let same_kind = files().any(|file| file.extension() == path.and_then(Path::extension));
    let is_line = |other: &[u8]| {
        let typed = cursor.context.typed();
        other.strip_prefix(typed).is_some_and(|rest| rest == group.rest && !other.is_empty())
    };
    vec![
        nearest.map_or(20.0, lg),
        lg(distances.count()),
        lg(files().count()),
        same_folder as u8 as f32,
        same_kind as u8 as f32,
        is_line(cursor.above) as u8 as f32,
        is_line(cursor.below) as u8 as f32,
    ]
}

/// Whose names the candidate is made of.
fn names(group: &Group) -> Features {
    let share =
        |names| group.places.iter().filter(|place| place.names == names).count() as f32 / group.places.len() as f32;
    vec![share(Names::Ours), share(Names::Theirs)]
}

/// How the candidate reads where it would stand.
fn reading(cursor: &Cursor, group: &Group) -> Features {
    let (typed, rest) = (cursor.context.typed(), &group.rest[..]);
    let n_tokens = (0..rest.len()).filter(|&i| i == 0 || fold::starts_token(rest, i)).count();
    let first = *typed.first().or(rest.first()).unwrap_or(&0);
    let last = *rest.last().unwrap_or(&0);
    let balance = |code: &[u8]| {
        code.iter().fold((0i32, 0i32), |(net, least), byte| {
            let net = net + b"([{".contains(byte) as i32 - b")]}".contains(byte) as i32;
            (net, least.min(net))
        })
    };
    let (net, least) = balance(rest);
    let (net_of_line, least_of_line) = (balance(typed).0 + net, balance(typed).1.min(balance(typed).0 + least));
    let closes = match &cursor.bracket {
        Some(bracket) if first == bracket.closer => 1.0,
        _ if b")]}".contains(&first) => -1.0,
        _ => 0.0,
    };
    let marks = cursor.context.before[..cursor.context.line_start].iter().rev();
    let shallower = marks.clone().take_while(|&&byte| byte == fold::SHALLOWER).count();
    let deeper = marks.take_while(|&&byte| byte == fold::DEEPER).count();
    vec![
        // How much there is to go by, and how much is said.
        lg(cursor.context.before.len()),
        lg(cursor.context.below.len()),
        lg(rest.len()),
        lg(n_tokens),
        lg(typed.len()),
        lg(cursor.context.half().len()),
        // Words that the document does not know yet.
        words(rest).count() as f32,
        1.0 - cursor.near.share(rest),
        1.0 - cursor.far.share(rest),
        // What it begins and ends with; the brackets that it opens and closes.
        kind(first),
        kind(last),
        net as f32,
        least as f32,
        net_of_line as f32,
        least_of_line as f32,
        // Whether a closer stands where one is due.
        closes,
        cursor.bracket.as_ref().map_or(-9.0, |bracket| bracket.depth as f32),
        cursor.bracket.as_ref().map_or(0.0, |bracket| kind(bracket.closer)),
        deeper as f32 - shallower as f32,
        (!cursor.context.right.is_empty()) as u8 as f32,
    ]
}

/// Bytes by what they mean in most languages.
fn kind(byte: u8) -> f32 {
    match byte {
        b')' => 1.0,
        b']' => 2.0,
        b'}' => 3.0,
        b',' => 4.0,
        b';' => 5.0,
        b'(' => 6.0,
        b'[' => 7.0,
        b'{' => 8.0,
        b':' => 9.0,
        b'"' | b'\'' | b'`' => 10.0,
        b'.' => 11.0,
        b'@' => 12.0,
        byte if fold::is_word(byte) => 13.0,
        b'#' => 14.0,
        b'/' | b'*' => 15.0,
        _ => 16.0,
    }
}

fn within_file(text: &[u8]) -> &[u8] {
    memchr::memrchr(fold::FILE, text).map_or(text, |at| &text[at + 1..])
}

fn tail(text: &[u8], n: usize) -> &[u8] {
    &text[text.len().saturating_sub(n)..]
}

fn head(text: &[u8], n: usize) -> &[u8] {
    &text[..text.len().min(n)]
}

fn lg(n: usize) -> f32 {
    (n as f32 + 1.0).log2()
}
