//! What a hand-off took, who has counted, and how much it may take.

use serde::{Deserialize, Serialize};

use crate::ledger::money::{MicroUsd, usd};

/// Sums of one hand-off. Absent is not known, which is not 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub requests: Option<u64>,
    pub input_tokens: Option<u64>,
    /// Of these, from the provider's cache.
    pub cached_tokens: u64,
    pub output_tokens: Option<u64>,
    pub cost_micro_usd: Option<MicroUsd>,
    pub source: Source,
}

/// Who has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Every request went through our meter: exact.
    Meter,
    /// The agent says so: at least that much, as agents leave out what they ask on the side.
    Agent,
    #[default]
    Nobody,
}

/// Most that one hand-off may take; absent is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u64>,
}

impl Default for Budget {
    /// Against what runs away: the same prompt over and over, an agent that never ends.
    fn default() -> Budget {
        Budget { usd: None, tokens: Some(2_000_000), requests: None, minutes: Some(30) }
    }
}

impl Budget {
    /// What is named here, and the usual elsewhere.
    pub fn or(self, usual: Budget) -> Budget {
        Budget {
            usd: self.usd.or(usual.usd),
            tokens: self.tokens.or(usual.tokens),
            requests: self.requests.or(usual.requests),
            minutes: self.minutes.or(usual.minutes),
        }
    }

    /// No more than this, where anything is said.
    pub fn tighten(&mut self, usd: Option<f64>) {
        if let Some(usd) = usd.filter(|usd| usd.is_finite() && *usd >= 0.0) {
            self.usd = Some(self.usd.map_or(usd, |own| own.min(usd)));
        }
    }

    pub fn check(&self) -> Result<(), String> {
        let is_wrong = self.usd.is_some_and(|usd| !(0.0..1e6).contains(&usd));
        if is_wrong { Err("`budget.usd` is an amount from 0 on, in US dollars".to_string()) } else { Ok(()) }
    }

    /// The first limit that has been reached, in a sentence.
    pub fn exceeded(&self, usage: &Usage) -> Option<String> {
        let spent = usage.cost_micro_usd.unwrap_or_default();
        if let Some(limit) = self.micro_usd().filter(|limit| spent >= *limit) {
            return Some(format!("its budget of {} is used up: {} are spent", usd(limit), usd(spent)));
        }
        let tokens = usage.tokens().unwrap_or_default();
        if let Some(limit) = self.tokens.filter(|limit| tokens >= *limit) {
            return Some(format!("its budget of {limit} tokens is used up: {tokens} were used"));
        }
        let requests = usage.requests.unwrap_or_default();
        let limit = self.requests.filter(|limit| requests >= *limit)?;
        Some(format!("its budget of {limit} requests is used up"))
    }

    pub fn micro_usd(&self) -> Option<MicroUsd> {
        self.usd.map(|usd| (usd * 1e6).round() as MicroUsd)
    }
}

impl Usage {
    pub fn tokens(&self) -> Option<u64> {
        Some(self.input_tokens? + self.output_tokens.unwrap_or_default())
    }

    /// Such as `≥ $0.02`; empty where it is not known.
    pub fn cost(&self) -> String {
        self.cost_micro_usd.map(|cost| format!("{}{}", self.at_least(), usd(cost))).unwrap_or_default()
    }

    /// Such as `12k tokens · $0.02`; empty where nothing is known.
    pub fn describe(&self) -> String {
        let tokens = self.tokens().map(|tokens| format!("{}{} tokens", self.at_least(), short(tokens)));
        let cost = Some(self.cost()).filter(|cost| !cost.is_empty());
        tokens.into_iter().chain(cost).collect::<Vec<_>>().join(" · ")
    }

    fn at_least(&self) -> &'static str {
        if self.source == Source::Agent { "≥ " } else { "" }
    }
}

/// `950`, `12k`, `3.4M`.
pub fn short(n: u64) -> String {
    match n {
        0..1000 => n.to_string(),
        1000..1_000_000 => format!("{}k", n / 1000),
        _ => format!("{:.1}M", n as f64 / 1e6),
    }
}
