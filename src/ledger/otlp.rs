//! Requests to providers as OpenTelemetry has them: the body of one `POST v1/metrics` in OTLP's JSON encoding (1.x).
//!
//! Names, units and attributes are those of its GenAI conventions where these have one, otherwise ours, as in
//! `metrics.rs`. Written by hand: OpenTelemetry's SDK with its exporter is nine crates more, and its instruments count
//! what one process has seen; ours are sums that all servers of a user have in one file. For the same reason histograms
//! have a count and a sum, and no buckets. Attributes hold names from the settings; no session, folder or text.

use std::path::Path;

use serde_json::{Value, json};
use url::{Host, Url};

use super::UnixMs;
use super::metrics::{self, All, Counters, Ending};
use super::money::to_usd;
use crate::engine::remote::is_loopback;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The collector, to which `/v1/metrics` is added; empty for none.
    pub url: String,
    /// Send over plain HTTP, although it is another machine.
    pub plain_http: bool,
    /// The environment variable with headers for it; empty for none.
    pub headers_variable: String,
    pub every_s: usize,
}

/// Pairs of provider and model in one message. Each is written in somebody's settings, so that there are never so many.
const MAX_PAIRS: usize = 256;

/// What each request asks for, in the conventions' words; a chat model completes a text here, too.
const OPERATION: &str = "text_completion";

const CUMULATIVE: u8 = 2;

/// The times of a message's points, and whose they are.
struct Message<'a> {
    all: &'a All,
    since: UnixMs,
    now: UnixMs,
}

type Attributes<'a> = Vec<(&'static str, &'a str)>;

/// A point's attributes beside provider and model, and its value.
type Sample<'a> = (Attributes<'a>, Value);

impl Default for Options {
    fn default() -> Options {
        Options { url: String::new(), plain_http: false, headers_variable: String::new(), every_s: 60 }
    }
}

impl Options {
    /// Where to send it; `None` where nothing is to be sent. `Err` is a sentence for the user.
    pub fn target(&self) -> Result<Option<Url>, String> {
        if self.url.is_empty() {
            return Ok(None);
        }
        if !cfg!(feature = "otlp") {
            return Err("`otlp.url` needs a foretype that was built with the feature `otlp`; build it with \
                 `cargo install --path . --features otlp`, or take the setting out"
                .to_string());
        }
        let mut url = Url::parse(&self.url).map_err(|error| format!("`otlp.url` is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none_or(|host| host == Host::Domain("")) {
            return Err("`otlp.url` must begin with https:// or http:// and name a host".to_string());
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err("a key does not belong into `otlp.url`; use `otlp.headers_variable`".to_string());
        }
        if url.scheme() == "http" && !is_loopback(&url) && !self.plain_http {
            return Err(format!(
                "`otlp.url`: `{url}` is another machine, and plain HTTP shows what you spend to everybody on the way; use \
                 https, or set `otlp.plain_http`"
            ));
        }
        url.set_path(&format!("{}/v1/metrics", url.path().trim_end_matches('/')));
        Ok(Some(url))
    }
}

/// What the file says by `now`, under the name of whose file it is; `None` before the first request.
pub fn message(path: &Path, instance: &str, now: UnixMs) -> anyhow::Result<Option<Value>> {
    let (all, since) = metrics::read(path)?;
    if all.is_empty() {
        return Ok(None);
    }
    let metrics = Message { all: &all, since, now }.metrics();
    let version = env!("CARGO_PKG_VERSION");
    let resource = [("service.name", "foretype"), ("service.version", version), ("service.instance.id", instance)];
    Ok(Some(json!({"resourceMetrics": [{
        "resource": {"attributes": attributes(resource)},
        "scopeMetrics": [{"scope": {"name": "foretype", "version": version}, "metrics": metrics}],
    }]})))
}

impl Message<'_> {
    fn metrics(&self) -> Vec<Value> {
        vec![
            self.sum("foretype.remote.requests", "{request}", |counters| {
                let endings = counters.endings.iter();
                endings.map(|(ended, ending)| (vec![("foretype.ended", ended.as_str())], integer(ending.n))).collect()
            }),
            self.histogram("gen_ai.client.token.usage", "{token}", |counters| {
                let n = total(counters).n;
                let by_type = [("input", counters.input_tokens), ("output", counters.output_tokens)];
                by_type.map(|(kind, sum)| (vec![("gen_ai.token.type", kind)], distribution(n, sum as f64))).into()
            }),
            self.sum("gen_ai.usage.cache_read.input_tokens", "{token}", |counters| {
                vec![(Vec::new(), integer(counters.cached_input_tokens))]
            }),
            self.sum("gen_ai.usage.cost", "USD", |counters| {
                vec![(Vec::new(), json!({"asDouble": to_usd(counters.cost)}))]
            }),
            self.sum("foretype.remote.unpriced_requests", "{request}", |counters| {
                vec![(Vec::new(), integer(counters.n_unpriced))]
            }),
            self.histogram("gen_ai.client.operation.duration", "s", durations),
        ]
    }

    fn sum(&self, name: &str, unit: &str, samples: impl Fn(&Counters) -> Vec<Sample>) -> Value {
        let points = self.points(samples);
        let sum = json!({"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true});
        json!({"name": name, "unit": unit, "sum": sum})
    }

    fn histogram(&self, name: &str, unit: &str, samples: impl Fn(&Counters) -> Vec<Sample>) -> Value {
        let points = self.points(samples);
        json!({"name": name, "unit": unit, "histogram": {"dataPoints": points, "aggregationTemporality": CUMULATIVE}})
    }

    fn points(&self, samples: impl Fn(&Counters) -> Vec<Sample>) -> Vec<Value> {
        let mut points = Vec::new();
        for ((provider, model), counters) in self.all.iter().take(MAX_PAIRS) {
            for (own, mut point) in samples(counters) {
                let common = [
                    ("gen_ai.operation.name", OPERATION),
                    ("gen_ai.provider.name", provider),
                    ("gen_ai.request.model", model),
                ];
                point["attributes"] = attributes(common.into_iter().chain(own));
                point["startTimeUnixNano"] = nanoseconds(self.since);
                point["timeUnixNano"] = nanoseconds(self.now);
                points.push(point);
            }
        }
        points
    }
}

/// What failed stands apart, by its cause; what was cancelled did not fail.
fn durations(counters: &Counters) -> Vec<Sample<'_>> {
    let mut well = Ending::default();
    let mut samples = Vec::new();
    for (ended, ending) in &counters.endings {
        match ended.as_str() {
            "done" | "cancelled" => well = sum([well, *ending]),
            cause => samples.push((vec![("error.type", cause)], seconds(*ending))),
        }
    }
    if well.n > 0 {
        samples.push((Vec::new(), seconds(well)));
    }
    samples
}

fn total(counters: &Counters) -> Ending {
    sum(counters.endings.values().copied())
}

fn sum(endings: impl IntoIterator<Item = Ending>) -> Ending {
    endings.into_iter().fold(Ending::default(), |sum, one| Ending { n: sum.n + one.n, ms: sum.ms + one.ms })
}

/// 64-bit integers are texts in this encoding.
fn integer(n: u64) -> Value {
    json!({"asInt": n.to_string()})
}

fn seconds(ending: Ending) -> Value {
    distribution(ending.n, ending.ms as f64 / 1000.0)
}

fn distribution(n: u64, sum: f64) -> Value {
    json!({"count": n.to_string(), "sum": sum})
}

fn nanoseconds(at: UnixMs) -> Value {
    (i128::from(at) * 1_000_000).to_string().into()
}

fn attributes<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> Value {
    pairs.into_iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
}
