//! A user who knows what is about to be typed, and takes it when it is shown.
//!
//! The replay itself **never accepts**: its text follows the trace, key by key. What the oracle takes is counted as
//! keys that would have been saved; the keys of what it took still come, and nothing else is taken until they have.
//!
//! It takes the most that agrees with what comes: all, the first line, or the first word; at least three characters;
//! once the text has been visible for a decision time, typed along or not, and still is. The time is drawn anew for
//! each text that appears, log-normal about the given mean; 0 is the upper bound. Taking costs one key.

use std::collections::HashMap;

use super::coming::{Coming, first_line, typed_by};
use super::random::Random;
use super::screen::{Cause, Sight};
use super::script::Moment;

/// Less is not worth the look.
const MIN_CHARS: usize = 3;

/// Of the decision time's logarithm.
const SIGMA: f64 = 0.5;

/// Something that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub moment: usize,
    pub n_chars: usize,
}

impl Taken {
    pub fn n_saved(self) -> usize {
        self.n_chars - 1
    }
}

/// `coming` is what comes at each moment with a sight; `mean_ms` the mean decision time.
pub fn taken(
    moments: &[Moment],
    sights: &[Sight],
    coming: &HashMap<usize, Coming>,
    mean_ms: f64,
    seed: u64,
) -> Vec<Taken> {
    let mut random = Random::new(seed);
    let mut taken = Vec::new();
    // The moment up to which everything is typed by what was taken.
    let mut done = 0;
    let mut decided_ms = f64::INFINITY;
    for (i, sight) in sights.iter().enumerate() {
        let at_ms = sight.at.as_secs_f64() * 1000.0;
        if is_new(sights, i) {
            decided_ms = at_ms + delay_ms(&mut random, mean_ms);
        }
        let end_ms = sights.get(i + 1).map_or(f64::INFINITY, |next| next.at.as_secs_f64() * 1000.0);
        let is_seen = !sight.text.is_empty() && decided_ms.max(at_ms) < end_ms;
        if !is_seen || sight.moment < done {
            continue;
        }
        let part = coming.get(&sight.moment).and_then(|coming| acceptable(&sight.text, coming));
        if let Some(part) = part {
            taken.push(Taken { moment: sight.moment, n_chars: part.chars().count() });
            done = typed_by(moments, sight.moment, part);
            decided_ms = f64::INFINITY;
        }
    }
    taken
}

/// The most that is worth taking: of `shown`, as much as is typed.
fn acceptable<'a>(shown: &'a str, coming: &Coming) -> Option<&'a str> {
    let parts = [shown, first_line(shown), first_word(shown)];
    let typed = parts.into_iter().find_map(|part| {
        if coming.typed.starts_with(part) {
            return Some(part);
        }
        // It goes on with text that is there already, and is to be replaced.
        let is_end = part.strip_prefix(&*coming.typed).is_some_and(|more| coming.rest.starts_with(more));
        is_end.then(|| &part[..coming.typed.len()])
    });
    typed.filter(|part| part.chars().count() >= MIN_CHARS)
}

/// A text that is not the rest of the one before.
fn is_new(sights: &[Sight], i: usize) -> bool {
    let before = i.checked_sub(1).map_or("", |before| &sights[before].text);
    before.is_empty() || (sights[i].cause == Cause::Answer && !sights[i].text.starts_with(before))
}

/// As VS Code takes words: blanks, then letters or signs.
fn first_word(text: &str) -> &str {
    let start = text.len() - text.trim_start().len();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let first = text[start..].chars().next().is_some_and(is_word);
    let ends = |c: char| c.is_whitespace() || is_word(c) != first;
    text[start..].find(ends).map_or(text, |end| &text[..start + end])
}

fn delay_ms(random: &mut Random, mean_ms: f64) -> f64 {
    if mean_ms <= 0.0 {
        return 0.0;
    }
    random.log_normal(mean_ms.ln() - SIGMA * SIGMA / 2.0, SIGMA)
}
