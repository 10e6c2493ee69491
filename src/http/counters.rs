//! Requests answered, by path and status.

use std::collections::BTreeMap;
use std::fmt::Write;

use parking_lot::Mutex;

const PATHS: [&str; 8] = [
    "/v1/completions",
    "/v1/fim/completions",
    "/api/generate",
    "/infill",
    "/v1/models",
    "/api/tags",
    "/metrics",
    "/health",
];

#[derive(Default)]
pub struct Counters(Mutex<BTreeMap<(&'static str, u16), u64>>);

impl Counters {
    /// Paths that are not ours are counted as one, or anybody could fill the memory with them.
    pub fn count(&self, path: &str, status: u16) {
        let path = PATHS.into_iter().find(|known| *known == path).unwrap_or("other");
        *self.0.lock().entry((path, status)).or_default() += 1;
    }

    /// In Prometheus's text format.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# HELP foretype_http_requests_total Requests answered, by path and status.\n\
             # TYPE foretype_http_requests_total counter\n",
        );
        for ((path, status), n) in self.0.lock().iter() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "foretype_http_requests_total{{path=\"{path}\",status=\"{status}\"}} {n}");
        }
        text
    }
}
