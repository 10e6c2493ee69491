//! A peer's policy, played against its own kind of server: what llama.vim does at each key, with `llama-server`.
//!
//! From its published source (github.com/ggml-org/llama.vim): a cache of 250 answers keyed by the text around the cursor,
//! looked up at the cursor and up to 128 characters back; one request in flight; 256 lines before the cursor's and 64
//! after it; what is shown is asked about at once as if it were accepted. A key that finds a request in flight tries
//! again after 100 ms. Not imitated: its ring of chunks of other files, which one file does not have.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::future::Future;
use super::play::{Played, sleep_until};
use super::screen::{self, Key, Show};
use super::trace::Trace;
use super::usage::usage;
use crate::text::Text;

const MAX_CACHED: usize = 250;
const MAX_BACK: usize = 128;
const N_LINES_BEFORE: usize = 256;
const N_LINES_AFTER: usize = 64;
const N_PREDICT: usize = 128;
const FIRST_MS: u64 = 250;
const SPECULATIVE_MS: u64 = 1000;
const RETRY: Duration = Duration::from_millis(100);
/// More than this right of the cursor, and it is not asked.
const MAX_RIGHT: usize = 8;

/// What is asked about: the cursor's surroundings.
#[derive(Clone, PartialEq)]
struct Place {
    /// Lines above, then the cursor's up to it.
    prefix: String,
    middle: String,
    suffix: String,
}

struct Job {
    place: Place,
    limit_ms: u64,
    /// The key that asked, if one did.
    key: Option<usize>,
}

struct Done {
    job: Job,
    text: String,
    n_evaluated: u64,
    n_decoded: u64,
}

struct Peer {
    jobs: Sender<Job>,
    done: Receiver<Result<Done>>,
    is_busy: bool,
    cached: VecDeque<(Place, String)>,
    shows: Vec<Show>,
    /// The key that waits for its turn, and when it tries again.
    waiting: Option<(usize, Instant)>,
    n_evaluated: u64,
    n_decoded: u64,
}

/// Plays a trace with a server that listens at `url`, whose process is `pid`.
pub fn play(trace: &Trace, url: &str, pid: u32) -> Result<Played> {
    let (jobs, inbox) = channel::<Job>();
    let (results, done) = channel();
    let url = format!("{}/infill", url.trim_end_matches('/'));
    std::thread::Builder::new().name("peer".to_string()).spawn(move || work(&url, &inbox, &results))?;
    let (cached, shows) = Default::default();
    let mut peer = Peer { jobs, done, is_busy: false, cached, shows, waiting: None, n_evaluated: 0, n_decoded: 0 };
    let mut text = Text::new(&trace.text);
    let mut keys: Vec<Key> = Vec::new();
    let before = usage(pid);
    let started = Instant::now() + Duration::from_millis(50);
    let mut latest = Duration::ZERO;
    for (i, edit) in trace.edits.iter().enumerate() {
        peer.live_until(started + Duration::from_secs_f64(edit.at), &text, &keys)?;
        latest = latest.max(sleep_until(started + Duration::from_secs_f64(edit.at)));
        text.replace(edit.offset..edit.offset + edit.n_deleted, &edit.inserted);
        let key = Key {
            at: Instant::now(),
            offset: edit.offset + edit.inserted.len(),
            start: edit.offset,
            n_deleted: edit.n_deleted,
            inserted: edit.inserted.clone(),
            is_asked: edit.is_typed(),
            future: Future::after(&trace.edits, i),
        };
        let is_asked = key.is_asked;
        keys.push(key);
        peer.waiting = None;
        if is_asked {
            peer.key(i, &text, &keys)?;
        }
    }
    let busy = before.zip(usage(pid)).map(|(a, b)| b.since(&a));
    let mut shows = peer.shows;
    shows.sort_by_key(|show| show.at);
    let seen = screen::watch(&keys, &shows, false);
    let session = json!({"n_evaluated": peer.n_evaluated, "n_decoded": peer.n_decoded});
    let latest_ms = latest.as_secs_f64() * 1e3;
    Ok(Played { name: trace.name.clone(), seen, keys, session, busy, rest: None, latest_ms })
}

impl Peer {
    /// What the editor's event loop does between two keys.
    fn live_until(&mut self, until: Instant, text: &Text, keys: &[Key]) -> Result<()> {
        loop {
            let retry = self.waiting.map_or(until, |(_, at)| at.min(until));
            let left = retry.saturating_duration_since(Instant::now());
            match self.done.recv_timeout(left) {
                Ok(done) => self.take(done?, text, keys)?,
                Err(_) if Instant::now() >= until => return Ok(()),
                Err(_) => {
                    if let Some((key, _)) = self.waiting.take() {
                        self.key(key, text, keys)?;
                    }
                }
            }
        }
    }

    /// A character was typed: shows what is known, or asks.
    fn key(&mut self, key: usize, text: &Text, keys: &[Key]) -> Result<()> {
        let place = Place::at(text, keys[key].offset);
        if let Some(known) = self.look_up(&place) {
            return self.show(key, &place, &known);
        }
        let line = text.line_range(text.line_of(keys[key].offset));
        if line.end - keys[key].offset > MAX_RIGHT {
            return Ok(());
        }
        if self.is_busy {
            self.waiting = Some((key, Instant::now() + RETRY));
            return Ok(());
        }
        self.ask(Job { place, limit_ms: FIRST_MS, key: Some(key) })
    }

    fn ask(&mut self, job: Job) -> Result<()> {
        self.is_busy = true;
        self.jobs.send(job).context("the peer's thread has ended")
    }

    fn take(&mut self, done: Done, text: &Text, keys: &[Key]) -> Result<()> {
        self.is_busy = false;
        self.n_evaluated += done.n_evaluated;
        self.n_decoded += done.n_decoded;
        self.cached.push_back((done.job.place, done.text));
        if self.cached.len() > MAX_CACHED {
            self.cached.pop_front();
        }
        // It looks whether what has come is of use where the cursor is now.
        let Some(key) = keys.len().checked_sub(1).filter(|key| keys[*key].is_asked) else { return Ok(()) };
        let place = Place::at(text, keys[key].offset);
        match self.look_up(&place) {
            Some(known) if done.job.key.is_some() => self.show(key, &place, &known),
            _ => Ok(()),
        }
    }

    fn show(&mut self, key: usize, place: &Place, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let (at, source) = (Instant::now(), "llama.vim".to_string());
        self.shows.push(Show { key, at, text: Some(text.to_string()), source, fits: true });
        let next = place.with(text);
        if !self.is_busy && self.look_up(&next).is_none() {
            self.ask(Job { place: next, limit_ms: SPECULATIVE_MS, key: None })?;
        }
        Ok(())
    }

    /// What is known for a place, or for one up to 128 characters before it and agrees with what was typed since.
    fn look_up(&self, place: &Place) -> Option<String> {
        let typed = place.middle.as_str();
        self.cached.iter().rev().find_map(|(known, text)| {
            if known.suffix != place.suffix || known.prefix != place.prefix {
                return None;
            }
            let since = typed.strip_prefix(known.middle.as_str()).filter(|since| since.len() <= MAX_BACK)?;
            text.strip_prefix(since).filter(|rest| !rest.is_empty() || text.is_empty()).map(str::to_string)
        })
    }
}

impl Place {
    fn at(text: &Text, offset: usize) -> Place {
        let line = text.line_of(offset);
        let start = text.line_range(line).start;
        let first = text.line_range(line.saturating_sub(N_LINES_BEFORE)).start;
        let last = text.line_range((line + N_LINES_AFTER).min(text.n_lines().saturating_sub(1))).end;
        Place {
            prefix: text.slice(first..start).into_owned(),
            middle: text.slice(start..offset).into_owned(),
            suffix: text.slice(offset..last.max(offset)).into_owned(),
        }
    }

    /// With the cursor behind `text`, put in.
    fn with(&self, text: &str) -> Place {
        let middle = format!("{}{text}", self.middle);
        let (above, line) = middle.rsplit_once('\n').map_or(("", middle.as_str()), |(above, line)| (above, line));
        let prefix = if above.is_empty() { self.prefix.clone() } else { format!("{}{above}\n", self.prefix) };
        Place { prefix, middle: line.to_string(), suffix: self.suffix.clone() }
    }
}

/// One request after the other, as the server gets them.
fn work(url: &str, inbox: &Receiver<Job>, results: &Sender<Result<Done>>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let client = reqwest::Client::new();
    for job in inbox {
        let done = runtime.block_on(infill(&client, url, job));
        if results.send(done).is_err() {
            return;
        }
    }
}

async fn infill(client: &reqwest::Client, url: &str, job: Job) -> Result<Done> {
    let body = json!({
        "input_prefix": job.place.prefix, "prompt": job.place.middle, "input_suffix": job.place.suffix,
        "n_predict": N_PREDICT, "top_k": 40, "top_p": 0.99, "stream": false, "cache_prompt": true,
        "samplers": ["top_k", "top_p", "infill"], "t_max_prompt_ms": 500, "t_max_predict_ms": job.limit_ms,
    });
    let answer = client.post(url).json(&body).send().await.with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status().is_success(), "{url}: {}", answer.status());
    let answer: Value = answer.json().await.with_context(|| format!("{url}: the answer is no JSON"))?;
    let text = answer["content"].as_str().unwrap_or_default().trim_end_matches(['\r', '\n']).to_string();
    let count = |name: &str| answer["timings"][name].as_u64().unwrap_or_default();
    Ok(Done { text, n_evaluated: count("prompt_n"), n_decoded: count("predicted_n"), job })
}
