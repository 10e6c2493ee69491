//! How likely a suggestion is to be taken here, by this user: the engine's own chance, corrected by what was learned.
//!
//! A logistic model on the logarithm of the odds. Its prior says what the engine says, but for a little less after
//! rejections in a row, so the first minute is as good as the engine's calibration; every outcome then moves the
//! weights by a small step. They stay near the prior: pulled back at each step, clamped, and believed only by and by
//! ([`HALF_TRUST`]). Pure: no clock, no I/O; `ledger` keeps the state. Start at [`Restraint::estimate`].

mod recent;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::syntax::Place;

pub use recent::Recent;

/// Raised when weights change their meaning; what was learned under another number is learned anew from the records.
pub const VERSION: i64 = 1;

/// After so many outcomes half of what was learned counts.
pub const HALF_TRUST: f32 = 30.0;

/// The step of one outcome, and how strongly it pulls each weight back to its prior. Chosen by what they do: where the
/// engine says a half, 30 rejections of one kind halve the odds, and 100 leave a fifth of them.
const STEP: f32 = 0.08;
const PULL: f32 = 0.004;

/// No weight goes further than this from its prior: a factor of 4.5 on the odds.
const MAX_LEARNED: f32 = 1.5;

/// The odds after each of the last rejections in a row, at most [`MAX_REJECTIONS`] of them. Copilot's next edits wait
/// 1.5 times longer after each; hiding needs more care than waiting.
const AFTER_REJECTION: f32 = -0.11;
const MAX_REJECTIONS: u8 = 5;

/// A share of acceptance that is neither good nor bad: what the peers publish lies about it.
const USUAL_ACCEPTANCE: f32 = 0.3;

/// Chances nearer to 0 and 1 are no better founded than these.
const CHANCES: (f32, f32) = (0.02, 0.98);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Hide what will hardly be taken.
    pub enabled: bool,
}

/// What is known of a suggestion before it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The engine's own, calibrated: 0 to 1.
    pub chance: f32,
    pub maker: Maker,
    pub n_chars: usize,
    pub n_lines: usize,
    pub place: Place,
    /// Nothing but blanks and closing brackets stands right of the cursor.
    pub at_line_end: bool,
    /// A word character stands left of the cursor.
    pub in_word: bool,
    /// In a row, lately; see [`Recent`].
    pub n_rejections: u8,
    /// The share of the last suggestions that was taken, 0 to 1, once enough were decided.
    pub acceptance: Option<f32>,
}

/// The kind of engine that made a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Instant,
    Local,
    Remote,
    /// Not known, such as what came from a cache that does not say.
    Other,
}

/// What a weight belongs to; the order is that of [`Restraint`]'s weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Hash, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// How much the engine's own chance is worth.
    Engine,
    Instant,
    Local,
    Remote,
    Code,
    Comment,
    String,
    Long,
    ManyLines,
    MidLine,
    InWord,
    Rejections,
    Acceptance,
}

const FACTORS: [Factor; 13] = [
    Factor::Engine,
    Factor::Instant,
    Factor::Local,
    Factor::Remote,
    Factor::Code,
    Factor::Comment,
    Factor::String,
    Factor::Long,
    Factor::ManyLines,
    Factor::MidLine,
    Factor::InWord,
    Factor::Rejections,
    Factor::Acceptance,
];

/// A chance, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// 0 to 1.
    pub chance: f32,
    /// The engine's own.
    pub engine: f32,
    /// What multiplies the odds, by how much; only what matters.
    pub parts: Vec<(String, f32)>,
}

/// The learned state: a few numbers and a count.
#[derive(Clone, Debug, PartialEq)]
pub struct Restraint {
    /// Differences from the priors.
    learned: [f32; FACTORS.len()],
    n_outcomes: u64,
}

/// As it is kept: by name, so that a weight may come or go.
#[derive(Serialize, Deserialize)]
struct Kept {
    n_outcomes: u64,
    weights: Vec<(Factor, f32)>,
}

impl Maker {
    /// By an engine's name.
    pub fn of(engine: &str) -> Maker {
        match engine {
            "instant" => Maker::Instant,
            "local" => Maker::Local,
            "remote" => Maker::Remote,
            _ => Maker::Other,
        }
    }
}

impl Default for Restraint {
    fn default() -> Restraint {
        Restraint { learned: [0.0; FACTORS.len()], n_outcomes: 0 }
    }
}

impl Restraint {
    /// The chance that the suggestion is taken. Grows with the engine's chance, whatever was learned.
    pub fn estimate(&self, features: &Features) -> Estimate {
        let engine = clean(features.chance);
        let inputs = inputs(features);
        let mut total = logit(engine);
        let mut parts = Vec::new();
        for (factor, input) in FACTORS.into_iter().zip(inputs) {
            let by = match factor {
                Factor::Engine => (self.weight(factor) - prior(factor)) * input,
                _ => self.weight(factor) * input,
            };
            total += by;
            // Below 2 % nobody would see it in the chance.
            if by.abs() > 0.02 {
                parts.push((factor.describe(features), by.exp()));
            }
        }
        Estimate { chance: logistic(total), engine, parts }
    }

    /// One outcome: `taken` from 0 (rejected) to 1 (accepted), between them a part that was typed by hand.
    pub fn learn(&mut self, features: &Features, taken: f32) {
        let error = clean_share(taken) - self.estimate(features).chance;
        for (learned, input) in self.learned.iter_mut().zip(inputs(features)) {
            if input != 0.0 {
                let moved = *learned + STEP * error * input - PULL * *learned;
                *learned = moved.clamp(-MAX_LEARNED, MAX_LEARNED);
            }
        }
        self.n_outcomes += 1;
    }

    /// How many outcomes it has learned from.
    pub fn n_outcomes(&self) -> u64 {
        self.n_outcomes
    }

    /// What was learned and by how much it multiplies the odds, the strongest first; below 5 % it is left out.
    pub fn learned(&self) -> Vec<(&'static str, f32)> {
        let differs = |factor: Factor| (factor.name(), (self.weight(factor) - prior(factor)).exp());
        let mut learned: Vec<_> = FACTORS.into_iter().map(differs).filter(|(_, by)| by.ln().abs() > 0.05).collect();
        learned.sort_by(|a, b| b.1.ln().abs().total_cmp(&a.1.ln().abs()));
        learned
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        let weights = FACTORS.into_iter().zip(self.learned).collect();
        serde_json::to_string(&Kept { n_outcomes: self.n_outcomes, weights }).unwrap_or_default()
    }

    /// `None` for what is no state of this version.
    pub fn from_json(json: &str) -> Option<Restraint> {
        let kept: Kept = serde_json::from_str(json).ok()?;
        let mut restraint = Restraint { n_outcomes: kept.n_outcomes, ..Restraint::default() };
        for (factor, weight) in kept.weights {
            if weight.is_finite() {
                restraint.learned[factor as usize] = weight.clamp(-MAX_LEARNED, MAX_LEARNED);
            }
        }
        Some(restraint)
    }

    fn weight(&self, factor: Factor) -> f32 {
        let n = self.n_outcomes as f32;
        let weight = prior(factor) + self.learned[factor as usize] * n / (n + HALF_TRUST);
        match factor {
            // Monotone: whatever happened, a surer engine is believed more.
            Factor::Engine => weight.clamp(0.6, 2.0),
            // A rejection never speaks for the next suggestion.
            Factor::Rejections => weight.min(0.0),
            _ => weight,
        }
    }
}

fn prior(factor: Factor) -> f32 {
    match factor {
        Factor::Engine => 1.0,
        Factor::Rejections => AFTER_REJECTION,
        _ => 0.0,
    }
}

/// In the order of [`FACTORS`]; each about 1 at most, so that one step suits all. No factor is always there: what is
/// learned in comments stays with comments.
fn inputs(features: &Features) -> [f32; FACTORS.len()] {
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    let made_by = |maker| 0.5 * flag(features.maker == maker);
    let in_a = |place| flag(features.place == place);
    [
        logit(clean(features.chance)),
        made_by(Maker::Instant),
        made_by(Maker::Local),
        made_by(Maker::Remote),
        in_a(Place::Code),
        in_a(Place::Comment),
        in_a(Place::String),
        // From 8 characters, as long as a word, in doublings, up to 128.
        ((features.n_chars.max(8) as f32 / 8.0).log2() / 4.0).min(1.0),
        flag(features.n_lines > 1),
        flag(!features.at_line_end),
        flag(features.in_word),
        f32::from(features.n_rejections.min(MAX_REJECTIONS)),
        features.acceptance.map_or(0.0, |acceptance| clean_share(acceptance) - USUAL_ACCEPTANCE),
    ]
}

impl Factor {
    fn name(self) -> &'static str {
        match self {
            Factor::Engine => "when the engine is sure",
            Factor::Instant => "from the instant engine",
            Factor::Local => "from the local model",
            Factor::Remote => "from the remote model",
            Factor::Code => "in code",
            Factor::Comment => "in a comment",
            Factor::String => "in a string",
            Factor::Long => "long",
            Factor::ManyLines => "of several lines",
            Factor::MidLine => "before other text",
            Factor::InWord => "inside a word",
            Factor::Rejections => "after a rejection",
            Factor::Acceptance => "while most are taken",
        }
    }

    fn describe(self, features: &Features) -> String {
        match self {
            Factor::Rejections if features.n_rejections > 1 => format!("after {} rejections", features.n_rejections),
            Factor::Acceptance => format!("{:.0} % of the last taken", 100.0 * features.acceptance.unwrap_or_default()),
            Factor::Engine => "its chance as learned".to_string(),
            _ => self.name().to_string(),
        }
    }
}

impl Estimate {
    /// By how much the odds differ from the engine's.
    pub fn odds_factor(&self) -> f32 {
        self.parts.iter().map(|(_, by)| by).product()
    }
}

/// Such as `chance 0.31: engine 0.42, after 2 rejections x0.80`. The factors are of the odds.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chance {:.2}: engine {:.2}", self.chance, self.engine)?;
        self.parts.iter().try_for_each(|(why, by)| write!(f, ", {why} x{by:.2}"))
    }
}

fn clean(chance: f32) -> f32 {
    clean_share(chance).clamp(CHANCES.0, CHANCES.1)
}

/// Not a number counts as nothing.
fn clean_share(share: f32) -> f32 {
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}

fn logit(chance: f32) -> f32 {
    (chance / (1.0 - chance)).ln()
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
