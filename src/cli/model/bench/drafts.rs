//! Real code, continued with and without guesses of what comes next.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use serde::Serialize;

use super::{SAMPLE, stopped};
use crate::config::Settings;
use crate::document::{Clearance, DocumentId, Snapshot};
use crate::engine::instant::Instant;
use crate::engine::local::decode::{Effort, Task};
use crate::engine::local::draft::Draft;
use crate::engine::local::loaded::Loaded;
use crate::engine::local::sampler::Sampling;
use crate::engine::{Ask, Cancel};
use crate::privacy::{self, Privacy};
use crate::syntax::Language;
use crate::text::Text;
use crate::workspace::{self, Changed, Index};

/// The same tokens said twice: one by one, and with guesses from the prompt and the instant engine's continuations.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Drafts {
    pub n_places: usize,
    /// Tokens a second.
    pub plain: f64,
    pub drafted: f64,
    pub tokens_per_pass: f64,
    /// Share of the guesses.
    pub right: f64,
    /// `drafted` over llama.cpp's rate after 512 tokens.
    pub over_peer: Option<f64>,
}

/// Where code is continued, and what is known there.
struct Place {
    document: Snapshot,
    offset: usize,
    /// The project without the document.
    index: Arc<Index>,
}

/// Places are spread over the project's files.
const MAX_PLACES: usize = 24;
/// Lines above a place, at least: what a draft is taken from.
const MIN_LINES: usize = 40;
/// Tokens before a place, at most.
const PROMPT_TOKENS: usize = 768;
const N_SAID: usize = 64;

pub fn measure(loaded: &mut Loaded, folder: Option<&Path>, peer: Option<f64>) -> Result<Drafts> {
    let places = folder.map_or_else(|| Ok(sample()), project)?;
    let (mut plain, mut drafted) = (Vec::new(), Vec::new());
    for place in &places {
        let efforts = place.say(loaded)?;
        plain.push(efforts.0);
        drafted.push(efforts.1);
    }
    let sum = |efforts: &[Effort], count: fn(&Effort) -> usize| efforts.iter().map(count).sum::<usize>() as f64;
    // The first token is the prompt's business.
    let rate = |efforts: &[Effort]| {
        let seconds: f64 = efforts.iter().map(|effort| (effort.total - effort.until_first).as_secs_f64()).sum();
        sum(efforts, |effort| effort.n_said.saturating_sub(1)) / seconds
    };
    Ok(Drafts {
        n_places: places.len(),
        plain: rate(&plain),
        drafted: rate(&drafted),
        tokens_per_pass: sum(&drafted, |effort| effort.n_said) / sum(&drafted, |effort| effort.n_passes),
        right: sum(&drafted, |effort| effort.n_right) / sum(&drafted, |effort| effort.n_guessed),
        over_peer: peer.map(|peer| rate(&drafted) / peer),
    })
}

impl Place {
    /// Without and with guesses.
    fn say(&self, loaded: &mut Loaded) -> Result<(Effort, Effort)> {
        let decoder = loaded.decoder();
        let text = self.document.text.slice(0..self.offset);
        let tokens = decoder.tokenizer.encode(&text)?;
        let tokens = &tokens[tokens.len().saturating_sub(PROMPT_TOKENS)..];
        let index = self.index.clone();
        let instant = Instant::new(Arc::new(move || index.clone()));
        let ask = Ask { max_lines: 8, n_candidates: usize::MAX, ..Ask::at(&self.document, self.offset) };
        let mut draft = Draft::default();
        for continuation in instant.continuations(&ask, &Cancel::default()).iter().rev() {
            draft.add(decoder.tokenizer.encode(continuation)?);
        }
        let mut say = |draft| {
            let sampling = Sampling::Greedy;
            let task = Task { prompt: tokens, n_settled: 0, forced: "", sampling, draft, max_tokens: N_SAID };
            decoder.decode(&task, &Cancel::default(), &mut |_| ControlFlow::Continue(())).map_err(stopped)
        };
        Ok((say(None)?, say(Some(&draft))?))
    }
}

/// The middle of every long file, or of some that are evenly spread.
fn project(folder: &Path) -> Result<Vec<Place>> {
    let name = folder.display();
    let folder = std::fs::canonicalize(folder).map_err(|error| anyhow!("{name}: {error}. Give a project's folder"))?;
    let privacy = Privacy::new(&privacy::Options::default()).map_err(|why| anyhow!("the privacy rules: {why}"))?;
    let index = workspace::build(&Settings::default().workspace, &privacy, &[folder]).index;
    let mut paths: Vec<_> =
        index.files().filter(|file| file.language.is_some()).map(|file| file.path.clone()).collect();
    paths.sort();
    let mut places = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let n_lines = text.lines().count();
        if n_lines >= 2 * MIN_LINES {
            let gone = Changed { path: path.clone(), language: None, text: None };
            places.push(Place::new(&path, &text, n_lines / 2, Arc::new(index.with(&[gone]))));
        }
    }
    if places.is_empty() {
        bail!("{name}: there is no file of code with {} lines. Give a larger project", 2 * MIN_LINES);
    }
    let step = places.len().div_ceil(MAX_PLACES);
    Ok(places.into_iter().step_by(step).collect())
}

fn sample() -> Vec<Place> {
    let lines = (MIN_LINES..SAMPLE.lines().count()).step_by(16);
    lines.map(|line| Place::new(Path::new("sample.py"), SAMPLE, line, Arc::default())).collect()
}

impl Place {
    /// At the start of a line.
    fn new(path: &Path, text: &str, line: usize, index: Arc<Index>) -> Place {
        let text = Text::new(text);
        let offset = text.line_range(line).start;
        let above = Text::new(&text.slice(0..offset));
        let document = Snapshot {
            id: DocumentId(path.to_string_lossy().into()),
            path: Some(path.into()),
            language: Language::from_path(path),
            version: 0,
            text: above,
            tree: None,
            clearance: Clearance::Cleared,
            edited: Arc::default(),
        };
        Place { document, offset, index }
    }
}

impl fmt::Display for Drafts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Drafts { n_places, plain, drafted, tokens_per_pass, right, over_peer } = self;
        write!(f, "{drafted:.1} tokens a second ({plain:.1} without) at {n_places} places, ")?;
        write!(f, "{tokens_per_pass:.2} a pass, {:.0} % of the guesses right", 100.0 * right)?;
        over_peer.map_or(Ok(()), |ratio| write!(f, "; {ratio:.2} times llama.cpp"))
    }
}
