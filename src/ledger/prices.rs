//! What a token costs: the user's own prices, then a dated table of list prices.
//!
//! Names are matched whole, or up to a version's date: `codestral` also names `codestral-2508`, `codestral-latest` and
//! `codestral-2025-08-01`, but neither `codestral-mamba` nor `codestral:22b`. Any other model has no known price, and
//! unknown is not 0.

use super::money::MicroUsd;

/// US dollars per million tokens; finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub input: f64,
    /// Of the input, what the provider had in its cache.
    pub cached_input: f64,
    pub output: f64,
}

/// When the table was last held against the providers' own pages (DeepSeek, Anthropic, OpenAI; Mistral's for the cache) and
/// against LiteLLM's list (1.110.2), which names these pages as its sources. Codestral's input and output stand in that
/// list and in models.dev's alone. Prices change: check them, and set your own where they differ.
pub const TABLE_DATE: &str = "2026-11";

/// List prices without discounts. Where a price depends on the hour, on the prompt or on writing to a cache, the
/// dearest that a completion can meet stands here, so that budgets hold: DeepSeek's at peak hours (half of it at
/// others), those of GPT-5.6 and GPT-6 with the cache written (1.25 times the input's); Claude Haiku 5.5's for prompts
/// of up to 100,000 tokens, as no completion's is longer. Mistral bills what it has in its cache at a tenth.
const TABLE: [(&str, Price); 21] = [
    ("codestral", price(0.30, 0.03, 0.90)),
    ("deepseek-flash", price(0.30, 0.006, 1.20)),
    // Retired; its requests are served by the one above, at the same price.
    ("deepseek-v4-flash", price(0.30, 0.006, 1.20)),
    ("deepseek-v4-pro", price(1.32, 0.044, 3.96)),
    ("gpt-6-luna", price(0.125, 0.01, 0.50)),
    ("gpt-5.6-luna", price(0.25, 0.02, 1.20)),
    ("gpt-5.4", price(2.50, 0.25, 15.00)),
    ("gpt-5.4-mini", price(0.75, 0.075, 4.50)),
    ("gpt-5-mini", price(0.25, 0.025, 2.00)),
    ("gpt-5-nano", price(0.05, 0.005, 0.40)),
    ("gpt-4.1", price(2.00, 0.50, 8.00)),
    ("gpt-4.1-mini", price(0.40, 0.10, 1.60)),
    ("gpt-4o-mini", price(0.15, 0.075, 0.60)),
    ("claude-haiku-5-5", price(0.10, 0.01, 0.50)),
    ("claude-sonnet-5-5", price(2.00, 0.10, 10.00)),
    ("claude-opus-5-5", price(4.00, 0.20, 20.00)),
    ("claude-haiku-4-5", price(1.00, 0.10, 5.00)),
    ("claude-sonnet-5", price(2.00, 0.20, 10.00)),
    ("claude-sonnet-4-6", price(3.00, 0.30, 15.00)),
    ("claude-opus-4-8", price(5.00, 0.50, 25.00)),
    ("claude-opus-5", price(5.00, 0.50, 25.00)),
];

/// Millionths of [`MicroUsd`] in one: sums of prices are made in these, without rounding.
const PER_MICRO_USD: u128 = 1_000_000;

const fn price(input: f64, cached_input: f64, output: f64) -> Price {
    Price { input, cached_input, output }
}

/// By the table alone.
pub fn listed(model: &str) -> Option<Price> {
    find(model, TABLE.iter().map(|(name, price)| (*name, *price)))
}

/// The price under the model's whole name, else under its name without the version's date.
pub fn find<'a>(model: &str, prices: impl Iterator<Item = (&'a str, Price)> + Clone) -> Option<Price> {
    let exact = prices.clone().find(|(name, _)| *name == model);
    let found = exact.or_else(|| prices.clone().find(|(name, _)| is_version_of(model, name)));
    found.map(|(_, price)| price)
}

fn is_version_of(model: &str, name: &str) -> bool {
    let Some(version) = model.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')) else { return false };
    let digits = version.replace('-', "");
    let is_date = [4, 6, 8].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    version == "latest" || is_date && (version == digits || version.split('-').map(str::len).eq([4, 2, 2]))
}

impl Price {
    pub fn is_valid(&self) -> bool {
        [self.input, self.cached_input, self.output].iter().all(|usd| usd.is_finite() && *usd >= 0.0)
    }

    /// Of a request that is over, rounded to the nearest. Cached tokens are some of the prompt's.
    pub fn cost(&self, n_prompt: u64, n_cached: u64, n_said: u64) -> MicroUsd {
        let n_cached = n_cached.min(n_prompt);
        let fresh = per_token(self.input) * u128::from(n_prompt - n_cached);
        let cached = per_token(self.cached_input) * u128::from(n_cached);
        let said = per_token(self.output) * u128::from(n_said);
        micro_usd((fresh + cached + said + PER_MICRO_USD / 2) / PER_MICRO_USD)
    }

    /// The most that one can cost, rounded up.
    pub fn most(&self, n_prompt: u64, n_answer: u64) -> MicroUsd {
        let prompt = per_token(self.input.max(self.cached_input)) * u128::from(n_prompt);
        let answer = per_token(self.output) * u128::from(n_answer);
        micro_usd((prompt + answer).div_ceil(PER_MICRO_USD))
    }
}

/// Millionths of a micro-dollar. Dollars per million tokens are micro-dollars per token.
fn per_token(usd: f64) -> u128 {
    (usd * PER_MICRO_USD as f64).round() as u128
}

fn micro_usd(amount: u128) -> MicroUsd {
    amount.try_into().unwrap_or(MicroUsd::MAX)
}
