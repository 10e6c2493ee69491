//! The agents that are known, and those of the settings: how each is started, metered and told to ask.
//!
//! None is used before the user has chosen it by name; a workspace's file cannot. What a ready entry says was seen at
//! work where the agent could be run here (Claude, Codex, Gemini, OpenCode, Qwen, Vibe), else it is from its maker's
//! pages (Copilot, goose).

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Host, Url};

use super::usage::Budget;
use crate::ledger::prices::Price;

/// As it is written in the settings, under `agents.use`. It holds no key, only the names of variables that may be
/// handed on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    pub name: String,
    #[serde(default)]
    pub command: String,
    #[serde(default)]
    pub args: Vec<String>,
    /// Variables of the environment that it gets beside the usual ones: `NAME` as it is here, `NAME=value` so. In a
    /// value, `{url}` stands for the meter's address.
    #[serde(default)]
    pub env: Vec<String>,
    /// The mode in which it asks before it acts; empty for whichever is known to.
    #[serde(default)]
    pub mode: String,
    #[serde(default)]
    pub meter: Meter,
    /// The variable that names the provider's address to it.
    #[serde(default)]
    pub url_variable: String,
    /// The variable with its key: without one it uses a login, and cannot be metered.
    #[serde(default)]
    pub key_variable: String,
    /// The provider's address; each meter has a usual one.
    #[serde(default)]
    pub upstream: String,
    #[serde(default)]
    pub budget: Budget,
    /// US dollars for a million tokens, where its models are not in the table of list prices.
    #[serde(default)]
    pub input_usd: Option<f64>,
    #[serde(default)]
    pub cached_input_usd: Option<f64>,
    #[serde(default)]
    pub output_usd: Option<f64>,
    /// How to log in, as the end of a sentence.
    #[serde(default)]
    pub login: String,
}

/// Whose language the agent and its provider speak, where we stand between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meter {
    OpenAi,
    Anthropic,
    Gemini,
    #[default]
    None,
}

/// What every program needs to find its files, its language and its way out.
const USUAL_VARIABLES: [&str; 32] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "SystemRoot",
    "ComSpec",
    "PATHEXT",
];

/// How the programs of the ready entries are got, by their makers' pages.
const PACKAGES: [(&str, &str); 7] = [
    ("claude-agent-acp", "npm install -g @agentclientprotocol/claude-agent-acp"),
    ("codex-acp", "npm install -g @agentclientprotocol/codex-acp"),
    ("gemini", "npm install -g @google/gemini-cli"),
    ("opencode", "npm install -g opencode-ai"),
    ("qwen", "npm install -g @qwen-code/qwen-code"),
    ("copilot", "npm install -g @github/copilot"),
    ("vibe-acp", "pip install mistral-vibe"),
];

/// The meter is on this machine, whatever proxy there is.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

impl Agent {
    pub fn new(name: &str, command: &str, args: &[&str]) -> Agent {
        Agent {
            name: name.to_string(),
            command: command.to_string(),
            args: args.iter().map(|arg| arg.to_string()).collect(),
            env: Vec::new(),
            mode: String::new(),
            meter: Meter::None,
            url_variable: String::new(),
            key_variable: String::new(),
            upstream: String::new(),
            budget: Budget::default(),
            input_usd: None,
            cached_input_usd: None,
            output_usd: None,
            login: String::new(),
        }
    }

    fn metered(self, meter: Meter, url_variable: &str, key_variable: &str) -> Agent {
        Agent { meter, url_variable: url_variable.to_string(), key_variable: key_variable.to_string(), ..self }
    }

    fn with_env(self, env: &[&str]) -> Agent {
        Agent { env: env.iter().map(|name| name.to_string()).collect(), ..self }
    }

    fn asking_in(self, mode: &str) -> Agent {
        Agent { mode: mode.to_string(), ..self }
    }

    fn logging_in(self, login: &str) -> Agent {
        Agent { login: login.to_string(), ..self }
    }

    /// From an item of `agents.use`: the name of a ready entry, or a table, which may change one or be a new one.
    pub fn read(item: &Value) -> Result<Agent, String> {
        let name = item.as_str().or(item["name"].as_str()).unwrap_or_default();
        let ready = ready().into_iter().find(|ready| ready.name == name);
        let agent = match (item, ready) {
            (Value::String(_), Some(ready)) => ready,
            (Value::String(_), None) => {
                let known: Vec<String> = self::ready().into_iter().map(|ready| ready.name).collect();
                return Err(format!("`{name}` is none of {}; describe it with a table", known.join(", ")));
            }
            (Value::Object(said), ready) => {
                let mut whole = ready.map_or(json!({}), |ready| serde_json::to_value(ready).unwrap_or_default());
                for (key, value) in said {
                    // Variables are added, not replaced: the entry's own are why it works.
                    match (&mut whole[key.as_str()], value) {
                        (Value::Array(present), Value::Array(more)) if key == "env" => present.extend(more.clone()),
                        (place, value) => *place = value.clone(),
                    }
                }
                let mut agent: Agent =
                    serde_json::from_value(whole).map_err(|error| format!("the agent `{name}`: {error}"))?;
                agent.budget = agent.budget.or(Budget::default());
                agent
            }
            _ => return Err("an agent is a name, or a table".to_string()),
        };
        agent.check().map(|()| agent)
    }

    /// `Err` is a sentence that names the entry.
    fn check(&self) -> Result<(), String> {
        let wrong = |what: String| Err(format!("the agent `{}`: {what}", self.name));
        if self.name.is_empty() || !self.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            return Err(format!("an agent's `name` is letters, digits, - and _, not `{}`", self.name));
        }
        if self.command.is_empty() {
            return wrong("`command` is missing".to_string());
        }
        if let Err(why) = self.budget.check() {
            return wrong(why);
        }
        let amounts = [self.input_usd, self.cached_input_usd, self.output_usd];
        if amounts.into_iter().flatten().any(|amount| !(0.0..1e6).contains(&amount)) {
            return wrong("prices are amounts from 0 on, in US dollars".to_string());
        }
        if self.input_usd.is_some() != self.output_usd.is_some() {
            return wrong("say both `input_usd` and `output_usd`, or neither".to_string());
        }
        if self.meter != Meter::None {
            if self.url_variable.is_empty() && !self.env.iter().any(|entry| entry.contains("{url}")) {
                return wrong("`meter` needs `url_variable`, or `{url}` in `env`".to_string());
            }
            self.upstream().map(drop).or_else(wrong)?;
        }
        Ok(())
    }

    /// Where its provider is: what the settings say, else what its variable says here, else the usual place.
    pub fn upstream(&self) -> Result<Url, String> {
        let here = std::env::var(&self.url_variable).ok().filter(|url| !url.is_empty() && self.upstream.is_empty());
        let text = match (&*self.upstream, &here) {
            ("", Some(here)) => here,
            ("", None) => self.meter.usual_upstream(),
            (said, _) => said,
        };
        let url = Url::parse(text).map_err(|error| format!("`{text}` is no URL: {error}"))?;
        let is_here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_here => Ok(url),
            _ => Err(format!("`upstream` must begin with https://, or be on this machine, not `{text}`")),
        }
    }

    /// Whether its requests can go through our meter: it uses a key, not a login of its own.
    pub fn can_be_metered(&self) -> bool {
        let has_key = self.key_variable.is_empty()
            || std::env::var(&self.key_variable).is_ok_and(|key| !key.is_empty())
            || self.env.iter().any(|entry| entry.starts_with(&format!("{}=", self.key_variable)));
        self.meter != Meter::None && has_key
    }

    /// Its whole environment. `meter` is the address that its provider's is replaced by.
    pub fn environment(&self, meter: Option<&str>) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = Vec::new();
        let mut pass = |name: &str| {
            if let Some(value) = std::env::var_os(name) {
                environment.push((name.into(), value));
            }
        };
        USUAL_VARIABLES.iter().chain(&NO_PROXY).for_each(|name| pass(name));
        let entries = self.env.iter();
        entries.clone().filter(|entry| !entry.contains('=')).for_each(|name| pass(name));
        if !self.key_variable.is_empty() {
            pass(&self.key_variable);
        }
        for (name, value) in entries.filter_map(|entry| entry.split_once('=')) {
            if meter.is_some() || !value.contains("{url}") {
                environment.push((name.into(), value.replace("{url}", meter.unwrap_or_default()).into()));
            }
        }
        if let Some(url) = meter {
            if !self.url_variable.is_empty() {
                environment.push(((&self.url_variable).into(), url.into()));
            }
            for name in NO_PROXY {
                let mut hosts = std::env::var_os(name).filter(|hosts| !hosts.is_empty()).unwrap_or_default();
                hosts.push(if hosts.is_empty() { "127.0.0.1" } else { ",127.0.0.1" });
                environment.push((name.into(), hosts));
            }
        }
        environment
    }

    /// Values of variables that may be secrets: all that the user has named.
    pub fn secrets(&self) -> Vec<String> {
        let named = self.env.iter().filter(|entry| !entry.contains('=')).chain([&self.key_variable]);
        let values = named.filter_map(|name| std::env::var(name).ok());
        let set = self.env.iter().filter_map(|entry| entry.split_once('='));
        let set = set.filter(|(name, _)| name.contains("KEY") || name.contains("TOKEN") || name.contains("SECRET"));
        values.chain(set.map(|(_, value)| value.to_string())).collect()
    }

    /// Its own price for all its models; `None` for the table's.
    pub fn price(&self) -> Option<Price> {
        let (input, output) = (self.input_usd?, self.output_usd?);
        Some(Price { input, cached_input: self.cached_input_usd.unwrap_or(input), output })
    }

    /// `Err` says how to get the program, where it is not found.
    pub fn installed(&self) -> Result<(), String> {
        if self.program().is_some() {
            return Ok(());
        }
        let package = PACKAGES.iter().find(|(command, _)| *command == self.command).map(|(_, how)| *how);
        let how = package.map_or("install it".to_string(), |how| format!("get it by `{how}`"));
        Err(format!(
            "the program of the agent `{}`, `{}`, was not found: {how}, or give its path as `command`",
            self.name, self.command
        ))
    }

    /// Where its program is found.
    fn program(&self) -> Option<PathBuf> {
        let command = PathBuf::from(&self.command);
        if command.components().count() > 1 {
            return command.is_file().then_some(command);
        }
        let paths = std::env::var_os("PATH")?;
        let endings: &[&str] = if cfg!(windows) { &["exe", "cmd", "bat"] } else { &[""] };
        std::env::split_paths(&paths)
            .flat_map(|folder| endings.iter().map(move |ending| folder.join(&self.command).with_extension(ending)))
            .find(|path| path.is_file())
    }
}

impl Meter {
    fn usual_upstream(self) -> &'static str {
        match self {
            Meter::OpenAi | Meter::None => "https://api.openai.com/v1",
            Meter::Anthropic => "https://api.anthropic.com",
            Meter::Gemini => "https://generativelanguage.googleapis.com",
        }
    }
}

/// Agents that need no more than their name in `agents.use`.
pub fn ready() -> Vec<Agent> {
    vec![
        Agent::new("claude", "claude-agent-acp", &[])
            .with_env(&[
                "ANTHROPIC_MODEL",
                "ANTHROPIC_SMALL_FAST_MODEL",
                "CLAUDE_CONFIG_DIR",
                "CLAUDE_CODE_OAUTH_TOKEN",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
                "DISABLE_AUTOUPDATER=1",
            ])
            .metered(Meter::Anthropic, "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY")
            .logging_in("run `claude` and say `/login`, or set ANTHROPIC_API_KEY"),
        Agent::new("codex", "codex-acp", &[])
            .with_env(&["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_HOME"])
            .asking_in("read-only")
            .logging_in("run `codex login`, or set OPENAI_API_KEY"),
        Agent::new("gemini", "gemini", &["--acp"])
            .with_env(&["GEMINI_MODEL", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS"])
            .metered(Meter::Gemini, "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY")
            .logging_in("run `gemini` and log in, or set GEMINI_API_KEY"),
        Agent::new("opencode", "opencode", &["acp"])
            .with_env(&[
                "ANTHROPIC_API_KEY",
                "OPENAI_API_KEY",
                "OPENROUTER_API_KEY",
                "OPENCODE_CONFIG",
                "OPENCODE_DISABLE_AUTOUPDATE=1",
                // It edits without a question otherwise.
                r#"OPENCODE_CONFIG_CONTENT={"share":"disabled","permission":{"edit":"ask","bash":"ask","webfetch":"ask"}}"#,
            ])
            .logging_in("run `opencode auth login`"),
        Agent::new("qwen", "qwen", &["--acp"])
            .with_env(&["OPENAI_MODEL", "DASHSCOPE_API_KEY"])
            .metered(Meter::OpenAi, "OPENAI_BASE_URL", "OPENAI_API_KEY")
            .logging_in("run `qwen` and log in, or set OPENAI_API_KEY"),
        Agent::new("copilot", "copilot", &["--acp", "--stdio"])
            .with_env(&["GH_TOKEN", "GITHUB_TOKEN", "COPILOT_GITHUB_TOKEN"])
            .logging_in("run `copilot` and say `/login`"),
        Agent::new("goose", "goose", &["acp"])
            .with_env(&["GOOSE_PROVIDER", "GOOSE_MODEL", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"])
            .logging_in("run `goose configure`"),
        Agent::new("vibe", "vibe-acp", &[])
            .with_env(&["MISTRAL_API_KEY", "VIBE_HOME"])
            .logging_in("run `vibe --setup`, or set MISTRAL_API_KEY"),
    ]
}
