//! What places say comes next, and which of them say the same.

use std::collections::HashMap;

use super::adapt::Renames;
use super::context::Context;
use super::place::{Names, Place};
use crate::workspace::index::fold;

/// Lines above that are compared.
const MAX_ALIKE: usize = 3;

/// The rest of the line that some places agree on.
pub struct Group<'a> {
    pub rest: Vec<u8>,
    pub places: Vec<Place<'a>>,
}

/// Groups places by what they say: each as it stands and, where its names differ, with the cursor's.
pub fn group<'a>(context: &'a Context, places: Vec<Place<'a>>) -> Vec<Group<'a>> {
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
