//! How many places agree, and how far: the votes for a candidate.

use super::context::Context;
use super::group::Group;
use super::place::{Names, Place, Source};
use crate::workspace::index::{MAX_CONTEXT, fold};

/// Levels of agreement with the text before the cursor: none, the line as typed so far, the change of depth before it,
/// and one to three lines above.
pub const N_LEVELS: usize = 6;

/// Common bytes from which on a place is on each level above 0.
pub struct Levels([usize; N_LEVELS - 1]);

impl Levels {
    pub fn new(context: &Context) -> Levels {
        let (before, key) = (&context.before, context.token_start);
        let mut levels = [usize::MAX; N_LEVELS - 1];
        levels[0] = key - context.line_start;
        let end_above = before[..context.line_start].iter().rposition(|&byte| byte > b'\n').map_or(0, |at| at + 1);
        levels[1] = key - end_above;
        for (level, line) in levels[2..].iter_mut().zip(fold::lines_back(before, context.line_start)) {
            let start = line.as_ptr() as usize - before.as_ptr() as usize;
            *level = (key - start).min(MAX_CONTEXT);
        }
        Levels(levels)
    }

    /// Bytes of the cursor's line.
    pub fn n_line(&self) -> usize {
        self.0[0]
    }

    fn of(&self, place: &Place) -> usize {
        self.0.iter().take_while(|&&n_bytes| place.n_common >= n_bytes).count()
    }
}

/// What is counted of one candidate, or of all.
#[derive(Default)]
pub struct Tally {
    /// Places on this level or a higher one.
    pub at_level: [usize; N_LEVELS],
    pub top: usize,
    pub max_common: usize,
    /// Places that are followed by the line that follows the cursor.
    pub n_next: usize,
    pub votes: f32,
}

impl Tally {
    /// `below` is the line that follows the cursor, or empty.
    pub fn new(levels: &Levels, below: &[u8], group: &Group) -> Tally {
        let mut tally = Tally::default();
        for place in &group.places {
            let level = levels.of(place);
            let is_next = !below.is_empty() && next_line(place) == below;
            tally.at_level[..=level].iter_mut().for_each(|n| *n += 1);
            tally.top = tally.top.max(level);
            tally.max_common = tally.max_common.max(place.n_common);
            tally.n_next += is_next as usize;
            tally.votes += votes(level, place, is_next);
        }
        tally
    }

    pub fn sum(tallies: &[Tally]) -> Tally {
        let mut all = Tally::default();
        for tally in tallies {
            all.at_level.iter_mut().zip(tally.at_level).for_each(|(all, n)| *all += n);
            all.top = all.top.max(tally.top);
            all.max_common = all.max_common.max(tally.max_common);
            all.n_next += tally.n_next;
            all.votes += tally.votes;
        }
        all
    }
}

/// A first guess at what a place's word is worth: it orders the candidates that the forest gets to see.
fn votes(level: usize, place: &Place, is_next: bool) -> f32 {
    let by_level = [0.05, 0.3, 1.0, 4.0, 10.0, 20.0][level] + [0.0, 0.05, 0.5, 2.0, 5.0][place.n_alike];
    let by_source = match place.source {
        Source::Document { .. } => 3.0,
        Source::Open { .. } => 2.0,
        Source::File { .. } => 1.0,
    };
    let by_names = if place.names == Names::Theirs { 0.5 } else { 1.0 };
    100.0 * by_level * by_source * by_names * if is_next { 4.0 } else { 1.0 }
}

/// The content of the first line below a place that has one.
fn next_line<'a>(place: &Place<'a>) -> &'a [u8] {
    let below = &place.text[place.token + place.rest().len()..];
    match fold::contents(below).next() {
        Some(at) => fold::rest_of_line(below, at),
        None => &[],
    }
}
