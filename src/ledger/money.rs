//! What the user has set about money: own prices, and budgets of a day or a month, both in UTC.

use super::calendar;
use super::prices::{self, Price};

/// Millionths of a US dollar.
pub type MicroUsd = i64;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// By model, or by `provider/model` where one costs differently there. They go before the built-in table.
    pub prices: Vec<(String, Price)>,
    /// Endpoints on the user's own machines: list prices are not theirs, whatever their models are called.
    pub own_providers: Vec<String>,
    pub budgets: Vec<Budget>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// The endpoint's name in the settings; empty for all together.
    pub provider: String,
    /// US dollars; absent where there is no limit.
    pub per_day_usd: Option<f64>,
    pub per_month_usd: Option<f64>,
}

/// One side of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit<'a> {
    /// Empty for all.
    pub provider: &'a str,
    pub period: Period,
    pub amount: MicroUsd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Month,
}

impl Options {
    /// The first thing that cannot be: a sentence for the user.
    pub fn problem(&self) -> Option<String> {
        let price = self.prices.iter().find(|(_, price)| !price.is_valid());
        if let Some((model, _)) = price {
            return Some(format!("the price of `{model}` must be US dollars per million tokens, 0 or more"));
        }
        let is_wrong = |usd: &Option<f64>| usd.is_some_and(|usd| !(usd.is_finite() && usd >= 0.0));
        let budget =
            self.budgets.iter().find(|budget| is_wrong(&budget.per_day_usd) || is_wrong(&budget.per_month_usd))?;
        Some(format!("the budget of {} must be US dollars, 0 or more", whose(&budget.provider)))
    }

    /// `None` where it is not known, which is not 0.
    pub fn price(&self, provider: &str, model: &str) -> Option<Price> {
        let here = format!("{provider}/");
        let own = self.prices.iter().filter(|(_, price)| price.is_valid()).map(|(name, price)| (name.as_str(), *price));
        let of_provider = own.clone().filter_map(|(name, price)| Some((name.strip_prefix(&here)?, price)));
        let is_listed = !self.own_providers.iter().any(|own| own == provider);
        prices::find(model, of_provider)
            .or_else(|| prices::find(model, own))
            .or_else(|| prices::listed(model).filter(|_| is_listed))
    }

    /// What a request to the provider must stay within.
    pub fn limits(&self, provider: &str) -> impl Iterator<Item = Limit<'_>> {
        self.all_limits().filter(move |limit| limit.counts(provider))
    }

    pub fn all_limits(&self) -> impl Iterator<Item = Limit<'_>> {
        self.budgets.iter().flat_map(|Budget { provider, per_day_usd, per_month_usd }| {
            let limit = move |period, usd: f64| Limit { provider, period, amount: micro_usd(usd) };
            let day = per_day_usd.map(|usd| limit(Period::Day, usd));
            day.into_iter().chain(per_month_usd.map(|usd| limit(Period::Month, usd)))
        })
    }
}

impl Limit<'_> {
    /// Whether requests to the provider are within it.
    pub fn counts(&self, provider: &str) -> bool {
        self.provider.is_empty() || self.provider == provider
    }

    /// Such as ``the budget of $1.00 a day for `codestral` ``.
    pub fn name(&self) -> String {
        let Limit { provider, period, amount } = self;
        format!("the budget of {} a {} for {}", usd(*amount), period.name(), whose(provider))
    }
}

impl Period {
    pub fn name(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Month => "month",
        }
    }

    /// On which the period of the day began.
    pub fn first_day(self, day: i64) -> i64 {
        match self {
            Period::Day => day,
            Period::Month => calendar::month_start(day),
        }
    }

    /// On which the next one begins.
    pub fn next_day(self, day: i64) -> i64 {
        match self {
            Period::Day => day + 1,
            Period::Month => calendar::next_month_start(day),
        }
    }
}

/// Such as `$12.34`; below a dollar with all that can be told of it, `$0.0123`.
pub fn usd(amount: MicroUsd) -> String {
    match amount {
        0 => "$0".to_string(),
        1..100 => "<$0.0001".to_string(),
        100..1_000_000 => {
            let digits = format!("{:.4}", to_usd(amount));
            let kept = digits.trim_end_matches('0').len().max("0.00".len());
            format!("${}", &digits[..kept])
        }
        _ => format!("${:.2}", to_usd(amount)),
    }
}

pub fn to_usd(amount: MicroUsd) -> f64 {
    amount as f64 / 1e6
}

/// What is no amount allows nothing.
fn micro_usd(usd: f64) -> MicroUsd {
    (usd.max(0.0) * 1e6).round() as MicroUsd
}

fn whose(provider: &str) -> String {
    if provider.is_empty() { "all providers together".to_string() } else { format!("`{provider}`") }
}
