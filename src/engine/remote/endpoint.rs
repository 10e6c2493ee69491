//! One endpoint of the settings, and what is wrong with it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::key::Source;
use super::keyring;
use super::protocol::Protocol;
use crate::prompt::Family;

/// As it is written in the settings, under `remote.endpoints`. It holds no key, only where the key is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// For the user: shown by `why` and `status`, and kept with costs.
    pub name: String,
    pub protocol: Protocol,
    /// What the protocol's path is appended to; each protocol has a usual one.
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub model: String,
    /// The environment variable that holds the key.
    #[serde(default)]
    pub key_variable: String,
    /// A program that prints the key, with its arguments.
    #[serde(default)]
    pub key_command: Vec<String>,
    /// The key's name in the system's keyring.
    #[serde(default)]
    pub key_keyring: String,
    /// The model's family, for servers that take its markers in the prompt; without it a `suffix` is sent.
    #[serde(default)]
    pub family: String,
    /// Most tokens of one answer.
    #[serde(default = "usual_max_tokens")]
    pub max_tokens: usize,
    /// Of the text around the cursor and of other files, together.
    #[serde(default = "usual_prompt_tokens")]
    pub prompt_tokens: usize,
    /// It counts as stalled when nothing comes for so long; 0 for [`Endpoint::timeout`]'s own choice.
    #[serde(default)]
    pub timeout_ms: u64,
    /// Certificates to trust beside the system's, in PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A header that gets the same value for all requests about a document, for load balancers.
    #[serde(default)]
    pub session_header: String,
    /// Send over plain HTTP, although it is another machine.
    #[serde(default)]
    pub plain_http: bool,
    /// Ask it also for what may follow an accepted text.
    #[serde(default)]
    pub ahead: bool,
    /// US dollars for a million tokens: of the prompt, of the part of it that the provider had in its cache, of the answer.
    #[serde(default)]
    pub input_usd: Option<f64>,
    #[serde(default)]
    pub cached_input_usd: Option<f64>,
    #[serde(default)]
    pub output_usd: Option<f64>,
    /// US dollars that may be spent on it in a day and in a month, by the UTC calendar.
    #[serde(default)]
    pub per_day_usd: Option<f64>,
    #[serde(default)]
    pub per_month_usd: Option<f64>,
}

fn usual_max_tokens() -> usize {
    128
}

fn usual_prompt_tokens() -> usize {
    2048
}

impl Endpoint {
    /// With the usual values.
    pub fn new(name: &str, protocol: Protocol) -> Endpoint {
        Endpoint {
            name: name.to_string(),
            protocol,
            url: String::new(),
            model: String::new(),
            key_variable: String::new(),
            key_command: Vec::new(),
            key_keyring: String::new(),
            family: String::new(),
            max_tokens: usual_max_tokens(),
            prompt_tokens: usual_prompt_tokens(),
            timeout_ms: 0,
            ca_file: None,
            session_header: String::new(),
            plain_http: false,
            ahead: false,
            input_usd: None,
            cached_input_usd: None,
            output_usd: None,
            per_day_usd: None,
            per_month_usd: None,
        }
    }

    /// `Err` is a sentence that names the entry.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |what: String| Err(format!("the endpoint `{}`: {what}", self.name));
        if self.name.trim().is_empty() {
            return Err("each endpoint needs a `name`".to_string());
        }
        if self.protocol.needs_model() && self.model.is_empty() {
            return wrong("`model` is missing".to_string());
        }
        let url = match self.base() {
            Ok(url) => url,
            Err(message) => return wrong(message),
        };
        if url.scheme() == "http" && !is_loopback(&url) && !self.plain_http {
            return wrong(format!(
                "`{url}` is another machine, and plain HTTP shows your code to everybody on the way; use https, or say \
                 `plain_http = true`"
            ));
        }
        let places = [!self.key_variable.is_empty(), !self.key_command.is_empty(), !self.key_keyring.is_empty()];
        if places.into_iter().filter(|is_said| *is_said).count() > 1 {
            return wrong("say one of `key_variable`, `key_command` and `key_keyring`".to_string());
        }
        if !self.key_keyring.is_empty()
            && let Err(message) = keyring::is_built()
        {
            return wrong(format!("`key_keyring`: {message}"));
        }
        if !self.family.is_empty() && self.family().is_none() {
            let known: Vec<&str> = Family::ALL.iter().map(|family| family.name()).collect();
            return wrong(format!("the family `{}` is none of {}", self.family, known.join(", ")));
        }
        if !self.session_header.is_empty() && self.session_header.parse::<reqwest::header::HeaderName>().is_err() {
            return wrong(format!("`{}` cannot be a header's name", self.session_header));
        }
        if self.max_tokens == 0 || self.prompt_tokens < MIN_PROMPT {
            return wrong(format!("`max_tokens` is 1 or more, `prompt_tokens` {MIN_PROMPT} or more"));
        }
        let amounts = [self.input_usd, self.cached_input_usd, self.output_usd, self.per_day_usd, self.per_month_usd];
        if amounts.into_iter().flatten().any(|amount| !(0.0..1e6).contains(&amount)) {
            return wrong("prices and budgets are amounts from 0 on, in US dollars".to_string());
        }
        if self.input_usd.is_some() != self.output_usd.is_some() {
            return wrong("say both `input_usd` and `output_usd`, or neither".to_string());
        }
        Ok(())
    }

    /// The URL that the protocol's path is appended to.
    pub fn base(&self) -> Result<Url, String> {
        let text = if self.url.is_empty() { self.protocol.usual_url() } else { &self.url };
        let url = Url::parse(text).map_err(|error| format!("`{text}` is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(format!("`{text}` must begin with https:// or http:// and name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(
                "a key does not belong into `url`; use `key_variable`, `key_command` or `key_keyring`".to_string()
            );
        }
        Ok(url)
    }

    /// How long it may be silent. A model on this machine's own CPU reads a new file's prompt for many seconds, and what
    /// it has read by then is lost with the request.
    pub fn timeout(&self) -> Duration {
        match (self.timeout_ms, self.leaves_machine()) {
            (0, true) => Duration::from_secs(4),
            (0, false) => Duration::from_secs(30),
            (ms, _) => Duration::from_millis(ms),
        }
    }

    /// Whether what it is sent leaves the machine.
    pub fn leaves_machine(&self) -> bool {
        !self.base().is_ok_and(|url| is_loopback(&url))
    }

    pub fn family(&self) -> Option<Family> {
        Family::ALL.into_iter().find(|family| family.name() == self.family)
    }

    pub fn key(&self) -> Source {
        let Endpoint { key_variable, key_command, key_keyring, .. } = self;
        match (key_variable.is_empty(), key_command.is_empty(), key_keyring.is_empty()) {
            (false, ..) => Source::Variable(key_variable.clone()),
            (_, false, _) => Source::Command(key_command.clone()),
            (.., false) => Source::Keyring(key_keyring.clone()),
            (true, true, true) => Source::Nowhere,
        }
    }
}

/// Less is no prompt, in tokens.
const MIN_PROMPT: usize = 128;

/// Whether what is sent there stays on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
