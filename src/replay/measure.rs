//! From what happened to what is counted, in blocks of one minute, which are what the intervals are drawn from.

use std::collections::{BTreeMap, HashMap};

use super::coming::{Coming, first_line};
use super::habits::Client;
use super::log::{Given, Log};
use super::oracle;
use super::screen::{self, Cause, Sight};
use super::script::{Moment, Script};

/// An answer that is as fast is felt as being there at once.
pub const FAST_MS: f64 = 20.0;

const BLOCK_MS: f64 = 60_000.0;

/// What is counted in one minute of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    pub n_keys: usize,
    /// Keys with some ghost text visible before the next edit.
    pub n_visible: usize,
    /// Keys after which something is typed on the line.
    pub n_with_right: usize,
    /// Of these, with the right text visible before the next edit.
    pub n_right: usize,
    /// Distinct texts that became visible, and those whose first line did not come.
    pub n_displays: usize,
    pub n_wrong: usize,
    /// Visible text that was replaced by what does not begin with it, and that was taken away, by an answer.
    pub n_replaced: usize,
    pub n_withdrawn: usize,
    /// Answers with text, milliseconds from the key, by source.
    pub latencies_ms: BTreeMap<String, Vec<f64>>,
    /// Answers without text, and those of them that were fast.
    pub n_empty: usize,
    pub n_empty_fast: usize,
    /// Errors, cancelled requests among them.
    pub n_failed: usize,
    pub n_misfits: usize,
    /// By the oracle.
    pub n_taken: usize,
    pub n_saved: usize,
}

pub struct Measured {
    pub blocks: Vec<Block>,
    /// For the picture, in the order of time.
    pub keys: Vec<Key>,
    pub latencies: Vec<Latency>,
    /// What was wrong with the first answer that did not fit.
    pub misfit: Option<String>,
    /// The first text that was replaced or withdrawn, and by what.
    pub replaced: Option<String>,
}

/// A keystroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    pub at_ms: f64,
    pub is_visible: bool,
    pub is_right: bool,
}

/// Of an answer with text; `at_ms` is the key's.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    pub at_ms: f64,
    pub ms: f64,
    pub source: String,
}

/// The oracle's settings.
#[derive(Clone, Copy, Debug)]
pub struct Decisions {
    /// 0 for the upper bound.
    pub mean_ms: f64,
    pub seed: u64,
}

pub fn measure(script: &Script, log: &Log, client: Client, decisions: Decisions) -> Measured {
    let moments = &script.moments;
    let sights = screen::sights(moments, log, client);
    let n_blocks = moments.last().map_or(0, |last| (last.at_ms / BLOCK_MS) as usize + 1);
    let mut measured = Measured {
        blocks: vec![Block::default(); n_blocks],
        keys: Vec::new(),
        latencies: Vec::new(),
        misfit: None,
        replaced: None,
    };
    let needs_coming = |i: &usize| moments[*i].is_key;
    let mut coming: HashMap<usize, Coming> =
        (0..log.played.len()).filter(needs_coming).map(|i| (i, Coming::at(moments, i))).collect();
    for sight in &sights {
        coming.entry(sight.moment).or_insert_with(|| Coming::at(moments, sight.moment));
    }
    count_answers(script, log, &mut measured);
    count_sights(script, &sights, &coming, &mut measured);
    count_keys(script, log, &sights, &coming, &mut measured);
    for taken in oracle::taken(moments, &sights, &coming, decisions.mean_ms, decisions.seed) {
        let block = &mut measured.blocks[block_of(script, taken.moment)];
        block.n_taken += 1;
        block.n_saved += taken.n_saved();
    }
    measured
}

fn block_of(script: &Script, moment: usize) -> usize {
    (script.moments[moment].at_ms / BLOCK_MS) as usize
}

fn count_answers(script: &Script, log: &Log, measured: &mut Measured) {
    for answer in &log.answers {
        let block = &mut measured.blocks[block_of(script, answer.moment)];
        let ms = answer.at.saturating_sub(log.played[answer.moment]).as_secs_f64() * 1000.0;
        match &answer.given {
            Given::Item(_) | Given::Nothing if answer.is_again => {}
            Given::Item(item) => {
                block.latencies_ms.entry(item.source.clone()).or_default().push(ms);
                let at_ms = script.moments[answer.moment].at_ms;
                measured.latencies.push(Latency { at_ms, ms, source: item.source.clone() });
            }
            Given::Nothing => {
                block.n_empty += 1;
                block.n_empty_fast += usize::from(ms <= FAST_MS);
            }
            Given::Failed => block.n_failed += 1,
            Given::Misfit(why) => {
                block.n_misfits += 1;
                measured.misfit.get_or_insert_with(|| why.clone());
            }
        }
    }
}

fn count_sights(script: &Script, sights: &[Sight], coming: &HashMap<usize, Coming>, measured: &mut Measured) {
    let mut before = "";
    for sight in sights {
        let block = &mut measured.blocks[block_of(script, sight.moment)];
        if sight.cause == Cause::Answer {
            let is_replaced = !before.is_empty() && !sight.text.starts_with(before);
            block.n_replaced += usize::from(is_replaced && !sight.text.is_empty());
            block.n_withdrawn += usize::from(is_replaced && sight.text.is_empty());
            if is_replaced {
                let Moment { text, cursor, .. } = &script.moments[sight.moment];
                let line = text.slice(text.line_range(text.line_of(*cursor)).start..*cursor);
                let why = || format!("{before:?} by {:?} behind {line:?}", sight.text);
                measured.replaced.get_or_insert_with(why);
            }
            let is_distinct = before.is_empty() || first_line(before) != first_line(&sight.text);
            if !sight.text.is_empty() && is_distinct {
                block.n_displays += 1;
                block.n_wrong += usize::from(!coming[&sight.moment].holds_line(&sight.text));
            }
        }
        before = &sight.text;
    }
}

fn count_keys(script: &Script, log: &Log, sights: &[Sight], coming: &HashMap<usize, Coming>, measured: &mut Measured) {
    let mut seen: HashMap<usize, Vec<&str>> = HashMap::new();
    for sight in sights.iter().filter(|sight| !sight.text.is_empty()) {
        seen.entry(sight.moment).or_default().push(&sight.text);
    }
    for (i, moment) in script.moments[..log.played.len()].iter().enumerate().filter(|(_, moment)| moment.is_key) {
        let (coming, texts) = (&coming[&i], seen.get(&i).map_or(&[][..], Vec::as_slice));
        let is_right = coming.has_right() && texts.iter().any(|text| coming.is_right(text));
        measured.keys.push(Key { at_ms: moment.at_ms, is_visible: !texts.is_empty(), is_right });
        let block = &mut measured.blocks[block_of(script, i)];
        block.n_keys += 1;
        block.n_visible += usize::from(!texts.is_empty());
        block.n_with_right += usize::from(coming.has_right());
        block.n_right += usize::from(is_right);
    }
}
