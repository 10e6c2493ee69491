//! What went wrong with a provider, as a cause and a sentence. No sentence holds a key, a prompt or an answer.

use std::error::Error;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::engine::{Cause, Failure};

/// Longer messages of a provider are cut, in characters.
const MAX_MESSAGE: usize = 160;

/// Nobody waits longer because a provider says so.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Of a request that got no answer, or of an answer that ended early. The error's own text may hold the URL.
pub fn of_transport(error: &reqwest::Error, host: &str) -> Failure {
    let chain = chain(error);
    let has = |words: &[&str]| words.iter().any(|word| chain.contains(word));
    if error.is_timeout() {
        return Failure::new(Cause::Stalled, format!("{host} does not answer in time"));
    }
    if error.is_connect() || error.is_request() {
        if has(&["dns error", "failed to lookup address"]) {
            return Failure::new(Cause::Dns, format!("the name {host} is not known; check the URL and the network"));
        }
        if has(&["certificate", "tls", "handshake", "ssl"]) {
            return Failure::new(
                Cause::Tls,
                format!(
                    "no safe connection to {host}: its certificate is not trusted, or it does not speak TLS; for a \
                     private authority name its file in `ca_file`, in a slim container install ca-certificates"
                ),
            );
        }
        if has(&["connection closed before message completed", "reset"]) {
            return Failure::new(Cause::CutOff, format!("{host} closed the connection without an answer"));
        }
        return Failure::new(
            Cause::Unreachable,
            format!("nobody answers at {host}; is it running, and the network up?"),
        );
    }
    if error.is_decode() && has(&["gzip", "deflate", "invalid"]) && !has(&["unexpected eof", "unexpected end"]) {
        return Failure::new(Cause::Malformed, format!("{host} sends what cannot be unpacked"));
    }
    Failure::new(Cause::CutOff, format!("{host} ended the connection inside an answer"))
}

/// Of an answer that is none.
pub fn of_status(status: StatusCode, headers: &HeaderMap, body: &[u8], host: &str) -> Failure {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = said(body.get("error").unwrap_or(&body));
    let word = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let (cause, advice) = match status.as_u16() {
        401 | 403 => (Cause::Unauthorised, "check the key"),
        402 => (Cause::Quota, "the account there is used up"),
        404 | 410 => (Cause::Gone, "check `model` and `url`"),
        429 if speaks_of_quota(&body) => (Cause::Quota, "the account there is used up"),
        429 => (Cause::Limited, "too many requests"),
        300..=399 => (Cause::Refused, "it points to another place, and the key is not sent there; correct `url`"),
        500..=599 => (Cause::Server, "it has trouble"),
        _ => (Cause::Refused, "it does not accept the request; check `protocol` and `model`"),
    };
    // What a provider says to a request that it does not like may quote it.
    let said = if cause == Cause::Refused { String::new() } else { said };
    let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(retry_after);
    Failure { cause, message: format!("{host} answers {word}: {advice}{said}"), retry_after }
}

/// Of an `error` in the middle of a stream.
pub fn in_stream(error: &Value) -> Failure {
    let word = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let (kind, code) = (word("type"), word("code"));
    let cause = match () {
        () if speaks_of_quota(error) => Cause::Quota,
        () if kind.contains("auth") || kind.contains("permission") => Cause::Unauthorised,
        () if kind.contains("rate") || code.contains("rate_limit") => Cause::Limited,
        () if kind.contains("not_found") => Cause::Gone,
        () if kind.contains("invalid") => Cause::Refused,
        () => Cause::Server,
    };
    let said = if cause == Cause::Refused { String::new() } else { said(error) };
    Failure::new(cause, format!("it breaks off with an error{said}"))
}

pub fn malformed(message: impl Into<String>) -> Failure {
    Failure::new(Cause::Malformed, message)
}

fn chain(error: &reqwest::Error) -> String {
    let mut chain = String::new();
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        chain = chain + &error.to_string().to_lowercase() + "; ";
        next = error.source();
    }
    chain
}

/// The provider's words in brackets, cut.
fn said(error: &Value) -> String {
    let message = error.get("message").or(error.get("detail")).unwrap_or(error);
    let Some(message) = message.as_str().filter(|message| !message.is_empty()) else { return String::new() };
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE).collect();
    format!(" ({line})")
}

fn speaks_of_quota(error: &Value) -> bool {
    let text = error.to_string().to_lowercase();
    ["insufficient_quota", "insufficient balance", "billing", "credit balance"].iter().any(|word| text.contains(word))
}

/// Seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    let wait = match value.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(wait.min(MAX_RETRY_AFTER))
}
