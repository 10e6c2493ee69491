//! The figures of a replay, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Options;
use super::play::Played;
use super::screen::Seen;
use super::trace::Random;

/// The length of a block for the intervals, and how often blocks are drawn.
const BLOCK_SECONDS: f64 = 60.0;
const N_RESAMPLES: usize = 1000;

/// Fewer characters are quicker typed than taken.
const MIN_SAVED: usize = 3;

/// Such answers feel like the key's own echo.
const AT_ONCE_MS: f64 = 20.0;

#[derive(Default)]
pub struct Report {
    pub played: Vec<Played>,
    decide_ms: f64,
    seed: u64,
}

/// A share of the keys that asked, 0 to 1, with the interval of 95 %.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Share {
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    pub n: usize,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

/// All figures. Rates are of the keys that asked: typed characters.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub n_keys: usize,
    /// Keys after which there was something to show.
    pub n_due: usize,
    pub visible: Share,
    /// Of the keys after which there was something to show: the right text stood there before the next key.
    pub right: Share,
    /// Of answers with a text, those within 20 ms.
    pub at_once: f64,
    pub latency: Option<Latency>,
    pub latency_by_source: BTreeMap<String, Latency>,
    pub wrong_per_100_keys: f64,
    pub n_flicker: usize,
    pub n_unfit: usize,
    /// Characters that a user would not have typed, for 100 that were.
    pub saved_per_100_chars: f64,
    pub cpu_seconds_per_key: Option<f64>,
    /// In 5 seconds, 5 seconds after the last key.
    pub cpu_seconds_at_rest: Option<f64>,
    pub peak_mb: Option<f64>,
    /// What the server counts itself, a key.
    pub session_per_key: Map<String, Value>,
    pub latest_key_ms: f64,
}

impl Report {
    pub fn add(&mut self, played: Played, options: &Options) {
        (self.decide_ms, self.seed) = (options.decide_ms, options.window.seed);
        self.played.push(played);
    }

    pub fn n_keys(&self) -> usize {
        self.asked().count()
    }

    fn asked(&self) -> impl Iterator<Item = &Seen> {
        self.played.iter().flat_map(|played| {
            played.keys.iter().zip(&played.seen).filter(|(key, _)| key.is_asked).map(|(_, seen)| seen)
        })
    }

    pub fn figures(&self) -> Figures {
        let n_keys = self.n_keys();
        let per_key = |n: f64| n / n_keys.max(1) as f64;
        let of_all = |of: fn(&Seen) -> usize| self.played.iter().flat_map(|played| &played.seen).map(of).sum::<usize>();
        let mut by_source: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (ms, source) in self.asked().filter_map(|seen| seen.latency_ms.as_ref()) {
            by_source.entry(source.clone()).or_default().push(*ms);
        }
        let all: Vec<f64> = by_source.values().flatten().copied().collect();
        let n_at_once = all.iter().filter(|ms| **ms <= AT_ONCE_MS).count();
        let sum = |of: fn(&Played) -> Option<f64>| self.played.iter().map(of).sum::<Option<f64>>();
        let peak = self.played.iter().filter_map(|played| played.busy).map(|busy| busy.peak_bytes).max();
        Figures {
            n_keys,
            n_due: self.asked().filter(|seen| seen.is_due).count(),
            visible: self.share(|_| true, |seen| seen.visible.is_some()),
            right: self.share(|seen| seen.is_due, |seen| seen.is_right),
            at_once: n_at_once as f64 / all.len().max(1) as f64,
            latency: Latency::of(all),
            latency_by_source: by_source
                .into_iter()
                .filter_map(|(source, ms)| Some((source, Latency::of(ms)?)))
                .collect(),
            wrong_per_100_keys: 100.0 * per_key(of_all(|seen| seen.n_wrong) as f64),
            n_flicker: of_all(|seen| seen.n_flicker),
            n_unfit: of_all(|seen| seen.n_unfit),
            saved_per_100_chars: 100.0 * per_key(self.n_saved() as f64),
            cpu_seconds_per_key: sum(|played| Some(played.busy?.cpu_seconds)).map(per_key),
            cpu_seconds_at_rest: sum(|played| Some(played.rest?.cpu_seconds)),
            peak_mb: peak.map(|bytes| bytes as f64 / 1e6),
            session_per_key: self.session_per_key(n_keys),
            latest_key_ms: self.played.iter().map(|played| played.latest_ms).fold(0.0, f64::max),
        }
    }

    /// Of the keys that asked and are `among`, how many are `good`; the interval is of whole minutes drawn anew.
    fn share(&self, among: impl Fn(&Seen) -> bool, good: impl Fn(&Seen) -> bool) -> Share {
        let mut blocks: Vec<(usize, usize)> = Vec::new();
        for played in &self.played {
            let mut of_minute = BTreeMap::<u64, (usize, usize)>::new();
            let Some(first) = played.keys.first().map(|key| key.at) else { continue };
            for (key, seen) in played.keys.iter().zip(&played.seen).filter(|(key, seen)| key.is_asked && among(seen)) {
                let minute = key.at.duration_since(first).as_secs_f64() / BLOCK_SECONDS;
                let (n_good, n) = of_minute.entry(minute as u64).or_default();
                *n_good += usize::from(good(seen));
                *n += 1;
            }
            blocks.extend(of_minute.into_values());
        }
        let share = |blocks: &mut dyn Iterator<Item = (usize, usize)>| {
            let (n_good, n) = blocks.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
            n_good as f64 / n.max(1) as f64
        };
        let mut random = Random(self.seed);
        let mut drawn: Vec<f64> = (0..N_RESAMPLES)
            .map(|_| {
                let n = blocks.len().max(1) as u64;
                share(&mut (0..blocks.len()).map(|_| blocks[(random.next() % n) as usize]))
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        Share {
            share: share(&mut blocks.iter().copied()),
            low: drawn[N_RESAMPLES / 40],
            high: drawn[N_RESAMPLES - 1 - N_RESAMPLES / 40],
        }
    }

    /// By a user who takes what is right after looking at it, and then does not type what was taken.
    fn n_saved(&self) -> usize {
        let mut random = Random(self.seed);
        let mut n_saved = 0;
        for played in &self.played {
            let mut n_taken = 0;
            for (key, seen) in played.keys.iter().zip(&played.seen) {
                if n_taken > 0 {
                    n_taken -= key.inserted.chars().count().min(n_taken);
                    continue;
                }
                // Exponential, as times to decide are drawn.
                let decides_ms = -self.decide_ms * random.share().ln();
                let text = seen.visible.as_deref().filter(|_| key.is_asked && seen.visible_ms >= decides_ms);
                let n = text.map_or(0, |text| key.future.n_saved(text));
                if n >= MIN_SAVED {
                    n_saved += n;
                    n_taken = n;
                }
            }
        }
        n_saved
    }

    fn session_per_key(&self, n_keys: usize) -> Map<String, Value> {
        let mut sums = BTreeMap::<&str, f64>::new();
        for (name, value) in self.played.iter().filter_map(|played| played.session.as_object()).flatten() {
            *sums.entry(name).or_default() += value.as_f64().unwrap_or_default();
        }
        let rounded = |n: f64| (n / n_keys.max(1) as f64 * 1e4).round() / 1e4;
        sums.into_iter().map(|(name, sum)| (name.to_string(), rounded(sum).into())).collect()
    }
}

impl Latency {
    fn of(mut ms: Vec<f64>) -> Option<Latency> {
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| ms.get(((ms.len() as f64 * share) as usize).min(ms.len() - 1)).copied();
        let n = ms.len();
        if n == 0 {
            return None;
        }
        Some(Latency { n, p50_ms: at(0.5)?, p90_ms: at(0.9)?, p95_ms: at(0.95)?, p99_ms: at(0.99)? })
    }
}

impl Figures {
    /// For a terminal.
    pub fn text(&self) -> String {
        let percent = |share: &Share| {
            format!("{:5.1} %  ({:.1} to {:.1})", 100.0 * share.share, 100.0 * share.low, 100.0 * share.high)
        };
        let mut text = String::new();
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<44}{value}");
        };
        row("keys", format!("{}, {} with something to show", self.n_keys, self.n_due));
        row("right text visible, where there was one", percent(&self.right));
        row("anything visible", percent(&self.visible));
        row("answered within 20 ms, of answers", format!("{:5.1} %", 100.0 * self.at_once));
        if let Some(all) = &self.latency {
            row("key to suggestion", all.text());
        }
        for (source, latency) in &self.latency_by_source {
            row(&format!("  {source}"), latency.text());
        }
        row("wrong displays per 100 keys", format!("{:5.1}", self.wrong_per_100_keys));
        row("replaced without typing", self.n_flicker.to_string());
        row("did not fit the text", self.n_unfit.to_string());
        row("characters saved per 100 typed", format!("{:5.1}", self.saved_per_100_chars));
        if let (Some(busy), Some(rest), Some(peak)) = (self.cpu_seconds_per_key, self.cpu_seconds_at_rest, self.peak_mb)
        {
            row("CPU seconds per key", format!("{busy:.3}; at rest {rest:.2} in 5 s"));
            row("memory at its peak", format!("{peak:.0} MB"));
        }
        if !self.session_per_key.is_empty() {
            let session: Vec<String> =
                self.session_per_key.iter().map(|(name, value)| format!("{name} {value}")).collect();
            row("the server's own counts, a key", session.join(", "));
        }
        if self.latest_key_ms > 20.0 {
            row("a key went out late by", format!("{:.0} ms: this machine was busy", self.latest_key_ms));
        }
        text
    }
}

impl Latency {
    fn text(&self) -> String {
        let Latency { n, p50_ms, p90_ms, p95_ms, p99_ms } = self;
        format!("p50 {p50_ms:.1} ms, p90 {p90_ms:.1}, p95 {p95_ms:.1}, p99 {p99_ms:.1}  (n {n})")
    }
}
