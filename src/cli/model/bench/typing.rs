//! Lines of a file, typed key by key: how long a suggestion takes, and what it costs.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::{SAMPLE, milliseconds, percentile, sorted, stopped};
use crate::context::Gathered;
use crate::document::{Clearance, DocumentId, Snapshot};
use crate::engine::local::loaded::{Answer, Help, Loaded};
use crate::engine::local::sampler::Sampling;
use crate::engine::{Ask, Cancel};
use crate::syntax::Language;
use crate::text::Text;

/// What an editor would see. Lines of a file of 120 lines are typed; each key asks for the rest of its line.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Typing {
    pub n_keys: usize,
    /// From a key to the whole line.
    pub line_ms_p50: f64,
    pub line_ms_p95: f64,
    /// From a key to the first token.
    pub first_ms_p50: f64,
    /// Tokens evaluated before the first new one, where one character was typed since the question before: what it made of
    /// the text's end, what is forced, and the last one before. Most where the anchor moves, as it does every 512 bytes.
    pub evaluated_p50: usize,
    pub evaluated_p90: usize,
    pub evaluated_max: usize,
}

/// Lines that are typed, of those with something to say.
const TYPED_LINES: Range<usize> = 40..80;
/// Characters of each line, each of which asks.
const KEYS: Range<usize> = 0..10;

pub fn measure(loaded: &mut Loaded) -> Result<Typing> {
    loaded.decoder().evaluator();
    let mut answers = Vec::new();
    let mut warm = Vec::new();
    for (number, line) in SAMPLE.lines().enumerate().filter(|(i, line)| TYPED_LINES.contains(i) && line.len() > 20) {
        for n_typed in KEYS.map(|n| indent(line) + n).filter(|n| *n < line.len()) {
            let answer = ask(loaded, number, n_typed)?;
            // The first question of a line comes after the whole line before.
            if n_typed > indent(line) {
                warm.push(answer.effort.n_before_first);
            }
            answers.push(answer);
        }
    }
    let times = |time: fn(&Answer) -> Duration| sorted(answers.iter().map(|answer| milliseconds(time(answer))));
    let (line, first) = (times(|answer| answer.effort.total), times(|answer| answer.effort.until_first));
    warm.sort_unstable();
    Ok(Typing {
        n_keys: answers.len(),
        line_ms_p50: percentile(&line, 50),
        line_ms_p95: percentile(&line, 95),
        first_ms_p50: percentile(&first, 50),
        evaluated_p50: warm.get(warm.len() / 2).copied().unwrap_or_default(),
        evaluated_p90: warm.get(warm.len() * 9 / 10).copied().unwrap_or_default(),
        evaluated_max: warm.last().copied().unwrap_or_default(),
    })
}

/// Asks for the rest of a line, where the lines above are typed, and what comes after the last line to be typed is known.
fn ask(loaded: &mut Loaded, number: usize, n_typed: usize) -> Result<Answer> {
    let offset = line_start(number) + n_typed;
    let text = format!("{}{}", &SAMPLE[..offset], &SAMPLE[line_start(TYPED_LINES.end) - 1..]);
    let document = Snapshot {
        id: DocumentId("sample.py".into()),
        path: None,
        language: Language::from_path(Path::new("sample.py")),
        version: 0,
        text: Text::new(&text),
        tree: None,
        clearance: Clearance::Cleared,
        edited: Default::default(),
    };
    let ask = Ask::at(&document, offset);
    let help = Help { continuations: &[], context: &|_| Gathered::default() };
    loaded.answer(&ask, Sampling::Greedy, &help, &Cancel::default(), &mut |_| ()).map_err(stopped)
}

fn line_start(number: usize) -> usize {
    SAMPLE.lines().take(number).map(|line| line.len() + 1).sum()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
