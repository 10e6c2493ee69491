//! Traces of typing: our own JSON lines, and the JSON of <https://github.com/josephg/editing-traces>.
//!
//! Reading checks the form; whether every edit lies inside its text is checked by [`Script`](super::script::Script).

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::times;
use crate::syntax::Language;
use crate::text::Text;
use crate::typing::{Edit, Line, Open, Said};

/// Typing with times from 0 on that never fall.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// For people: the file's name without its extensions.
    pub name: String,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// By the trace's own capped clock.
    pub at_ms: f64,
    pub said: Said,
}

/// How times are made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub max_pause_ms: f64,
    /// Of what is drawn where a trace has seconds only.
    pub seed: u64,
}

/// The format of editing-traces, sequential ones.
#[derive(Deserialize)]
struct Packed {
    #[serde(rename = "startContent")]
    start: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    time: String,
    /// Position and length in Unicode characters.
    patches: Vec<(usize, usize, String)>,
}

impl Trace {
    pub fn read(file: &Path, options: Options) -> Result<Trace> {
        let shown = file.display();
        let bytes = fs::read(file)
            .map_err(|error| anyhow!("{shown}: {error}. Give the file of a trace: .jsonl, .json or .json.gz"))?;
        let text = unpacked(bytes).with_context(|| format!("{shown}"))?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.split('.').next().unwrap_or_default();
        Trace::parse(name, &text, options).with_context(|| format!("{shown}"))
    }

    /// Tells the two formats apart by what they begin with.
    pub fn parse(name: &str, text: &str, options: Options) -> Result<Trace> {
        let is_lines = text.lines().next().is_some_and(|line| serde_json::from_str::<Line>(line).is_ok());
        let (said, times_ms): (Vec<Said>, Vec<f64>) =
            if is_lines { lines(text)? } else { packed(name, text, options)? };
        let times_ms = times::capped(&times_ms, options.max_pause_ms);
        let steps = said.into_iter().zip(times_ms).map(|(said, at_ms)| Step { at_ms, said }).collect();
        Ok(Trace { name: name.to_string(), steps })
    }

    /// The trace's length in minutes.
    pub fn minutes(&self) -> f64 {
        self.steps.last().map_or(0.0, |last| last.at_ms / 60_000.0)
    }
}

fn unpacked(bytes: Vec<u8>) -> Result<String> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let bytes = if bytes.starts_with(&GZIP) {
        let mut unpacked = Vec::new();
        GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).context("the gzip file is damaged; get it again")?;
        unpacked
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|error| anyhow!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
}

fn lines(text: &str) -> Result<(Vec<Said>, Vec<f64>)> {
    let (mut said, mut times) = (Vec::new(), Vec::new());
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (t_ms, what) = Line::parse(line).map_err(|why| anyhow!("line {}: {why}", i + 1))?;
        if times.last().is_some_and(|last| *last > t_ms as f64) {
            bail!("line {}: `t_ms` is before the one of the line above; sort the lines by it", i + 1);
        }
        said.push(what);
        times.push(t_ms as f64);
    }
    Ok((said, times))
}

fn packed(name: &str, text: &str, options: Options) -> Result<(Vec<Said>, Vec<f64>)> {
    let Packed { start, txns } = serde_json::from_str(text).map_err(|error| {
        let formats = "lines as `foretype lsp --record` writes them, or a sequential trace of editing-traces";
        anyhow!("this is no trace: {error}. Give {formats}")
    })?;
    let (path, language) = document(name);
    let mut now = Text::new(&start);
    let is_before = |txn: &Transaction| txn.time.starts_with("1970-");
    let n_before = txns.iter().take_while(|txn| is_before(txn)).count();
    let (mut said, mut times) = (Vec::new(), Vec::new());
    for (i, Transaction { time, patches }) in txns.into_iter().enumerate() {
        if i == n_before {
            said.push(Said::Open(Open { path: path.clone(), language: language.clone(), text: now.to_string() }));
        }
        let edits = bytes(patches, &mut now).with_context(|| format!("transaction {}", i + 1))?;
        if i >= n_before {
            said.push(Said::Edited { path: path.clone(), edits });
            times.push(millis(&time).ok_or_else(|| anyhow!("transaction {}: `{time}` is no time", i + 1))?);
        }
    }
    if times.windows(2).any(|pair| pair[0] > pair[1]) {
        bail!("the times fall: only traces of one user, in order, can be replayed");
    }
    let mut times_ms = if times.iter().all(|ms| ms % 1000 == 0) {
        let seconds: Vec<u64> = times.iter().map(|ms| ms / 1000).collect();
        times::spread(&seconds, options.seed)
    } else {
        times.into_iter().map(|ms| ms as f64).collect()
    };
    times_ms.insert(0, times_ms.first().copied().unwrap_or_default());
    times_ms.truncate(said.len());
    Ok((said, times_ms))
}

/// Path and language identifier, by the trace's name. A Svelte component goes as HTML, of which it is a dialect
/// (markup, script and style): Svelte itself is not in the table of languages.
fn document(name: &str) -> (String, String) {
    let language = match name {
        "rustcode" => Language::from_id("rust"),
        "sveltecomponent" => Language::from_id("html"),
        _ => Language::from_id("markdown"),
    };
    let (id, extension) = language.map_or(("plaintext", "txt"), |language| (language.id(), language.extension()));
    (format!("src/{name}.{extension}"), id.to_string())
}

/// Patches in characters to edits in bytes; `now` is taken along.
fn bytes(patches: Vec<(usize, usize, String)>, now: &mut Text) -> Result<Vec<Edit>> {
    let mut edits = Vec::with_capacity(patches.len());
    for (at, n_deleted, insert) in patches {
        let end = at.saturating_add(n_deleted);
        if end > now.n_chars() {
            bail!("an edit ends at character {end}, the text at {}; the trace is damaged", now.n_chars());
        }
        let range = now.offset_of_char(at)..now.offset_of_char(end);
        edits.push(Edit { offset: range.start, delete: range.len(), insert });
        now.replace(range, &edits[edits.len() - 1].insert);
    }
    Ok(edits)
}

/// Milliseconds since 1970 of a time such as `2020-09-10T04:23:15.000Z`.
fn millis(time: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| time.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hours, minutes, seconds) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let ms = if time.get(19..20) == Some(".") { number(20..23)? } else { 0 };
    if year < 1970 || !(1..=12).contains(&month) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last (Hinnant, "chrono-Compatible Low-Level Date
    // Algorithms", `days_from_civil`).
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms)
}
