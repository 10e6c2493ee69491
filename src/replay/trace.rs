//! What somebody typed, key by key: reading it, and giving it a clock.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// A session in one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// For people.
    pub name: String,
    /// The document's file name, from which its language is known.
    pub path: PathBuf,
    /// Before the first edit.
    pub text: String,
    pub edits: Vec<Edit>,
}

/// One change at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Seconds from the start.
    pub at: f64,
    /// Bytes of the text before it.
    pub offset: usize,
    /// Bytes.
    pub n_deleted: usize,
    pub inserted: String,
}

/// Which part is played, and at what pace.
#[derive(Clone, Debug)]
pub struct Window {
    /// Longer pauses are cut to this, in seconds.
    pub max_pause: f64,
    /// Minutes of the middle, by the clock with its pauses cut; all of it when absent.
    pub middle: Option<f64>,
    pub speed: f64,
    pub seed: u64,
}

/// The gaps between keys within one second of a trace that tells no more: log-normal, in natural logarithms of
/// milliseconds. Fitted on traces with milliseconds of the same collection.
const GAP_MU: f64 = 4.593;
const GAP_SIGMA: f64 = 0.685;

/// A trace of <https://github.com/josephg/editing-traces>: positions in code points, times to the second or finer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sequential {
    start_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    time: String,
    patches: Vec<(usize, usize, String)>,
}

/// A line of this program's own format: first what is opened, then each change.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Line {
    Open { open: Open },
    Changed(Changed),
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct Open {
    pub path: PathBuf,
    pub text: String,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct Changed {
    /// Milliseconds from the start.
    pub t_ms: u64,
    pub path: PathBuf,
    pub edits: Vec<Patch>,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct Patch {
    /// Bytes of the text that the patch before it left.
    pub offset: usize,
    /// Bytes.
    pub delete: usize,
    pub insert: String,
}

impl Trace {
    /// Reads a file of either format, packed with gzip or not. A recording of several documents gives several traces.
    pub fn read(path: &Path, seed: u64) -> Result<Vec<Trace>> {
        let text = unpacked(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default().to_string();
        let traces = match serde_json::from_str::<Sequential>(&text) {
            Ok(sequential) => vec![sequential.into_trace(&name, seed)?],
            Err(_) => recorded(&name, &text).with_context(|| {
                format!("{}: neither an editing trace nor a recording of `foretype lsp --record`", path.display())
            })?,
        };
        ensure!(traces.iter().any(|trace| !trace.edits.is_empty()), "{}: nothing was typed there", path.display());
        Ok(traces)
    }

    /// The part that is played, its clock starting at 0.
    pub fn windowed(mut self, window: &Window) -> Trace {
        let (mut clock, mut before) = (0.0, None);
        for edit in &mut self.edits {
            let gap = before.map_or(0.0, |before| edit.at - before);
            before = Some(edit.at);
            clock += gap.clamp(0.0, window.max_pause);
            edit.at = clock;
        }
        if let Some(minutes) = window.middle {
            let (from, to) = (clock / 2.0 - minutes * 30.0, clock / 2.0 + minutes * 30.0);
            let n_before = self.edits.iter().take_while(|edit| edit.at < from).count();
            let n_played = self.edits.iter().take_while(|edit| edit.at < to).count() - n_before;
            for edit in self.edits.drain(..n_before) {
                edit.apply(&mut self.text);
            }
            self.edits.truncate(n_played);
        }
        let start = self.edits.first().map_or(0.0, |edit| edit.at);
        self.edits.iter_mut().for_each(|edit| edit.at = (edit.at - start) / window.speed);
        self
    }
}

impl Edit {
    pub fn apply(&self, text: &mut String) {
        text.replace_range(self.offset..self.offset + self.n_deleted, &self.inserted);
    }

    /// A single character, as a key makes it.
    pub fn is_typed(&self) -> bool {
        self.n_deleted == 0 && self.inserted.chars().count() == 1
    }
}

impl Sequential {
    fn into_trace(self, name: &str, seed: u64) -> Result<Trace> {
        let mut transactions = self.txns.into_iter().peekable();
        let mut content: Vec<char> = self.start_content.chars().collect();
        // The first one sets the text up and carries no real time.
        if transactions.peek().is_some_and(|first| first.time.starts_with("1970")) {
            for (position, n_deleted, inserted) in transactions.next().into_iter().flat_map(|first| first.patches) {
                content.splice(position..position + n_deleted, inserted.chars());
            }
        }
        let text: String = content.iter().collect();
        let mut lengths = Lengths::new(&text);
        let (mut edits, mut times) = (Vec::new(), Vec::new());
        for (i, transaction) in transactions.enumerate() {
            let at = seconds(&transaction.time)
                .with_context(|| format!("transaction {i}: no time: {}", transaction.time))?;
            for (position, n_deleted, inserted) in transaction.patches {
                let Some(range) = lengths.replace(position, n_deleted, &inserted) else {
                    bail!("transaction {i}: position {position} is outside of the text");
                };
                edits.push(Edit { at, offset: range.start, n_deleted: range.len(), inserted });
                times.push(at);
            }
        }
        for (edit, at) in edits.iter_mut().zip(spread(&times, seed)) {
            edit.at = at;
        }
        Ok(Trace { name: name.to_string(), path: PathBuf::from(format!("{name}.{}", extension(name))), text, edits })
    }
}

/// Of a trace without a file name: its own name tells its language.
fn extension(name: &str) -> &'static str {
    match name {
        _ if name.contains("rust") => "rs",
        _ if name.contains("svelte") => "svelte",
        _ => "md",
    }
}

/// The bytes of each character of a text, for positions in code points.
struct Lengths(Vec<u8>);

impl Lengths {
    fn new(text: &str) -> Lengths {
        Lengths(text.chars().map(|c| c.len_utf8() as u8).collect())
    }

    /// The bytes that were there.
    fn replace(&mut self, position: usize, n_deleted: usize, inserted: &str) -> Option<std::ops::Range<usize>> {
        let sum = |lengths: &[u8]| lengths.iter().map(|n| usize::from(*n)).sum::<usize>();
        let end = position.checked_add(n_deleted).filter(|end| *end <= self.0.len())?;
        let start_byte = sum(&self.0[..position]);
        let n_bytes = sum(&self.0[position..end]);
        self.0.splice(position..end, inserted.chars().map(|c| c.len_utf8() as u8));
        Some(start_byte..start_byte + n_bytes)
    }
}

/// Spreads keys of the same second over it; times with fractions stay.
pub fn spread(times: &[f64], seed: u64) -> Vec<f64> {
    if times.iter().any(|at| at.fract() != 0.0) {
        return times.to_vec();
    }
    let mut random = Random(seed);
    let mut spread = Vec::with_capacity(times.len());
    for second in times.chunk_by(|a, b| a == b) {
        let gaps: Vec<f64> = second.iter().map(|_| random.gap()).collect();
        let total: f64 = gaps.iter().sum();
        let scale = if total > 1.0 { 1.0 / total } else { 1.0 };
        let mut within = 0.0;
        for gap in gaps {
            within += gap * scale;
            spread.push(second[0] + within);
        }
    }
    spread
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0, at most 1.
    pub fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Seconds between two keys.
    fn gap(&mut self) -> f64 {
        // Box and Muller (1958).
        let normal = (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos();
        (GAP_MU + GAP_SIGMA * normal).exp() / 1e3
    }
}

fn recorded(name: &str, text: &str) -> Result<Vec<Trace>> {
    let mut traces: Vec<Trace> = Vec::new();
    let mut texts: HashMap<PathBuf, (usize, String)> = HashMap::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).with_context(|| format!("line {}", i + 1))?;
        match line {
            Line::Open { open: Open { path, text } } => {
                texts.insert(path.clone(), (traces.len(), text.clone()));
                traces.push(Trace { name: name.to_string(), path, text, edits: Vec::new() });
            }
            Line::Changed(Changed { t_ms, path, edits }) => {
                let Some((trace, text)) = texts.get_mut(&path) else {
                    bail!("line {}: {} was not opened before", i + 1, path.display());
                };
                for Patch { offset, delete, insert } in edits {
                    let end = offset.saturating_add(delete);
                    ensure!(
                        text.get(offset..end).is_some(),
                        "line {}: {offset} to {end} is outside of the text",
                        i + 1
                    );
                    let edit = Edit { at: t_ms as f64 / 1e3, offset, n_deleted: delete, inserted: insert };
                    edit.apply(text);
                    traces[*trace].edits.push(edit);
                }
            }
        }
    }
    ensure!(!traces.is_empty(), "it opens nothing");
    Ok(traces)
}

fn unpacked(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let mut file = std::fs::File::open(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    } else {
        file.read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Of a time such as `2021-05-04T03:02:01.5Z`, from 1970 on.
fn seconds(time: &str) -> Option<f64> {
    let (date, clock) = time.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let clock = clock.trim_end_matches('Z');
    let (clock, shift) = match clock.rfind(['+', '-']) {
        Some(at) => (&clock[..at], offset_seconds(&clock[at..])?),
        None => (clock, 0.0),
    };
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // Days from the civil calendar (Hinnant).
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days as f64 * 86_400.0 + hour * 3600.0 + minute * 60.0 + second - shift)
}

fn offset_seconds(offset: &str) -> Option<f64> {
    let sign = if offset.starts_with('-') { -1.0 } else { 1.0 };
    let (hours, minutes) = offset[1..].split_once(':').unwrap_or((&offset[1..], "0"));
    Some(sign * (hours.parse::<f64>().ok()? * 3600.0 + minutes.parse::<f64>().ok()? * 60.0))
}
