//! The table of settings, and how a layer's entries are checked against it and applied.

use serde_json::Value;

use super::layer::{Entry, Layer, Rank};
use super::{Problem, Settings};
use crate::agent::{Agent, Policy};
use crate::engine::remote::Endpoint;
use crate::privacy::{self, Privacy};
use crate::syntax::Language;

/// One setting. Its default stands in [`Settings::default`].
pub struct Setting {
    /// Dotted, such as `suggest.max_lines`.
    pub key: &'static str,
    pub doc: &'static str,
    /// What a workspace's file may do.
    pub workspace_may: Tighten,
    pub slot: for<'a> fn(&'a mut Settings) -> Slot<'a>,
}

/// The place of a setting's value; its variant is the setting's type.
pub enum Slot<'a> {
    Switch(&'a mut bool),
    Count(&'a mut usize),
    /// 0 is any that is free.
    Port(&'a mut u16),
    /// 0 to 1.
    Fraction(&'a mut f32),
    Text(&'a mut String),
    /// Layers add to lists; none takes away.
    List(&'a mut Vec<String>),
    Endpoints(&'a mut Vec<Endpoint>),
    /// Names of ready entries, or tables.
    Agents(&'a mut Vec<Agent>),
    /// From 0 on; absent where there is none.
    Amount(&'a mut Option<f64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tighten {
    SwitchOff,
    Lower,
    Raise,
    Add,
    Nothing,
}

pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "enabled",
        doc: "Whether suggestions are made at all.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.predictor.enabled),
    },
    Setting {
        key: "languages.disabled",
        doc: "Languages that get no suggestions, by the protocol's identifiers, such as `markdown`.",
        workspace_may: Tighten::Add,
        slot: |settings| Slot::List(&mut settings.predictor.disabled_languages),
    },
    Setting {
        key: "suggest.in_comments",
        doc: "Suggest inside comments while typing; there the models alone are asked.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.predictor.in_comments),
    },
    Setting {
        key: "suggest.in_strings",
        doc: "Suggest inside string literals while typing.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.predictor.in_strings),
    },
    Setting {
        key: "suggest.max_lines",
        doc: "Most lines of one suggestion, at least 1.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.predictor.max_lines),
    },
    Setting {
        key: "suggest.max_document_bytes",
        doc: "Larger documents get no suggestions.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.predictor.max_document_bytes),
    },
    Setting {
        key: "suggest.min_chance",
        doc: "Text is shown when its chance of being right, from 0 to 1, is estimated to be this or more.",
        workspace_may: Tighten::Raise,
        slot: |settings| Slot::Fraction(&mut settings.predictor.min_chance),
    },
    Setting {
        key: "suggest.min_part_chance",
        doc: "As `suggest.min_chance`, of the beginning of a line whose end is not as sure; 1 for whole lines only.",
        workspace_may: Tighten::Raise,
        slot: |settings| Slot::Fraction(&mut settings.predictor.min_part_chance),
    },
    Setting {
        key: "suggest.menu",
        doc: "In editors without ghost text, offer suggestions in the completion menu.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.menu),
    },
    Setting {
        key: "suggest.inlay_hints",
        doc: "In editors without ghost text, show suggestions as inlay hints at the cursor, instead of in the menu.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.inlay_hints),
    },
    Setting {
        key: "ahead.enabled",
        doc: "Ask a model, while it is idle, for what may follow the text that is shown.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.predictor.ahead),
    },
    Setting {
        key: "ahead.on_battery",
        doc: "As `ahead.enabled`, while the machine runs on its battery.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.predictor.ahead_on_battery),
    },
    Setting {
        key: "instant.enabled",
        doc: "Complete from the open files and the project's own text.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.instant),
    },
    Setting {
        key: "local.enabled",
        doc: "Use a code model on this machine, once one is there (`foretype model pull`).",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.local.enabled),
    },
    Setting {
        key: "local.ask",
        doc: "Let the server ask, once after its start, whether to download a model where there is none.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.asks_for_model),
    },
    Setting {
        key: "local.model",
        doc: "A model's name or the path of a GGUF file; without it, the largest that is there and fast enough.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Text(&mut settings.local.model),
    },
    Setting {
        key: "local.threads",
        doc: "Threads that the model computes on; by default the physical cores, less one where there are more than two.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.local.n_threads),
    },
    Setting {
        key: "local.context_tokens",
        doc: "Most tokens that the model remembers; they take memory.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.local.context_tokens),
    },
    Setting {
        key: "local.unload_after_s",
        doc: "The model leaves memory when nothing was asked of it for so many seconds.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.local.unload_after_s),
    },
    Setting {
        key: "context.definitions",
        doc: "Show a model the definitions of what is named near the cursor.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.context.definitions),
    },
    Setting {
        key: "context.similar",
        doc: "Show a model parts of other files that read like the lines around the cursor.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.context.similar),
    },
    Setting {
        key: "context.edits",
        doc: "Show a model what was changed lately in the open files.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.context.edits),
    },
    Setting {
        key: "restraint.enabled",
        doc: "Estimate the chance that a suggestion is taken, and learn on this machine from what is taken and what not.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Switch(&mut settings.restraint.enabled),
    },
    Setting {
        key: "ledger.enabled",
        doc: "Count on this machine what is shown and taken (`foretype stats`); no text is kept, nothing is sent.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.ledger.enabled),
    },
    Setting {
        key: "http.enabled",
        doc: "Answer programs on this machine over HTTP, with the key that `foretype http token` prints.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.http.enabled),
    },
    Setting {
        key: "http.port",
        doc: "The port of that, on 127.0.0.1; 0 takes any that is free, and the log says which.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Port(&mut settings.http.port),
    },
    Setting {
        key: "otlp.url",
        doc: "An OpenTelemetry collector that is sent what requests to providers came to, at `URL/v1/metrics`; it needs a \
              build with the feature `otlp`, and, on another machine, `remote.enabled`.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Text(&mut settings.otlp.url),
    },
    Setting {
        key: "otlp.plain_http",
        doc: "Send it over plain HTTP, although it is another machine.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Switch(&mut settings.otlp.plain_http),
    },
    Setting {
        key: "otlp.headers_variable",
        doc: "The environment variable with headers for the collector, written as in `OTEL_EXPORTER_OTLP_HEADERS`.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Text(&mut settings.otlp.headers_variable),
    },
    Setting {
        key: "otlp.every_s",
        doc: "It is sent every so many seconds.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Count(&mut settings.otlp.every_s),
    },
    Setting {
        key: "workspace.index",
        doc: "Learn from the files of the workspace, not only from the open ones.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.workspace.enabled),
    },
    Setting {
        key: "workspace.max_bytes",
        doc: "Most text of the workspace to learn from, in bytes.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.workspace.max_bytes),
    },
    Setting {
        key: "workspace.max_file_bytes",
        doc: "Larger files of the workspace are left out.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.workspace.max_file_bytes),
    },
    Setting {
        key: "privacy.deny",
        doc: "Globs of files that are neither completed nor learned from, beside the built-in list.",
        workspace_may: Tighten::Add,
        slot: |settings| Slot::List(&mut settings.privacy.deny),
    },
    Setting {
        key: "privacy.allow",
        doc: "Globs of files that are used on this machine although an ignore file or the built-in list names them.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::List(&mut settings.privacy.allow),
    },
    Setting {
        key: "privacy.local_only",
        doc: "Globs of files that never leave this machine; here they are used like all others.",
        workspace_may: Tighten::Add,
        slot: |settings| Slot::List(&mut settings.privacy.local_only),
    },
    Setting {
        key: "remote.enabled",
        doc: "Let the endpoints of `remote.endpoints` see what `privacy` lets leave; without it nothing is sent.",
        workspace_may: Tighten::SwitchOff,
        slot: |settings| Slot::Switch(&mut settings.remote.enabled),
    },
    Setting {
        key: "remote.endpoints",
        doc: "Providers, or servers of your own, in the order in which they are asked; behind them the local model.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Endpoints(&mut settings.remote.endpoints),
    },
    Setting {
        key: "remote.per_day_usd",
        doc: "Most US dollars that all endpoints together may cost in a day (UTC); then the local model goes on.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Amount(&mut settings.remote.per_day_usd),
    },
    Setting {
        key: "remote.per_month_usd",
        doc: "As `remote.per_day_usd`, in a month.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Amount(&mut settings.remote.per_month_usd),
    },
    Setting {
        key: "agents.use",
        doc: "Agents that tasks may be handed to, in your order: names of ready ones, or tables; none runs unasked.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Agents(&mut settings.agents.agents),
    },
    Setting {
        key: "agents.allow",
        doc: "What agents may do without a question beside reading and editing: `execute`, `fetch`, `other`, `outside`.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::List(&mut settings.agents.allow),
    },
    Setting {
        key: "agents.deny",
        doc: "What agents may not do at all, as in `agents.allow`, or `read`, `edit`, `delete`, `move`, `search`.",
        workspace_may: Tighten::Add,
        slot: |settings| Slot::List(&mut settings.agents.deny),
    },
    Setting {
        key: "agents.ask_s",
        doc: "An agent's question that you have not answered after so many seconds is answered with no.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.agents.ask_s),
    },
    Setting {
        key: "agents.stalled_after_s",
        doc: "An agent of which nothing is heard for so many seconds is shown as stalled.",
        workspace_may: Tighten::Lower,
        slot: |settings| Slot::Count(&mut settings.agents.stalled_after_s),
    },
    Setting {
        key: "agents.per_day_usd",
        doc: "Most US dollars that all agents together may cost in a day (UTC), beside what completions cost.",
        workspace_may: Tighten::Nothing,
        slot: |settings| Slot::Amount(&mut settings.agents.per_day_usd),
    },
];

/// Applies the layers in their order to the defaults.
pub fn apply(layers: Vec<Layer>) -> (Settings, Vec<Problem>) {
    let mut settings = Settings::default();
    let mut problems = Vec::new();
    for layer in layers {
        problems.extend(layer.problems);
        for Entry { source, line, key, value } in layer.entries {
            if let Err(message) = set(&mut settings, layer.rank, &key, &value) {
                problems.push(Problem { source, line, message });
            }
        }
    }
    settings.suggestion.max_lines = settings.predictor.max_lines;
    settings.money = settings.money();
    if let Err(message) = settings.otlp.target() {
        problems.push(Problem { source: "otlp".to_string(), line: None, message });
        settings.otlp.url.clear();
    }
    (settings, problems)
}

fn set(settings: &mut Settings, rank: Rank, key: &str, value: &Value) -> Result<(), String> {
    let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
        return Err(format!("unknown key `{key}`; the nearest valid one is `{}`", nearest(key)));
    };
    let mut changed = settings.clone();
    setting.write(&mut changed, value)?;
    if rank == Rank::Workspace {
        setting.tightens(settings, &mut changed)?;
    }
    *settings = changed;
    Ok(())
}

fn nearest(key: &str) -> &'static str {
    // A right name in the wrong section is nearer than the letters say.
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_string();
    let whole = |valid: &str| strsim::jaro_winkler(key, valid);
    let likeness = |valid: &str| whole(valid).max(strsim::jaro_winkler(&last(key), &last(valid)));
    let compare = |a: &&str, b: &&str| likeness(a).total_cmp(&likeness(b)).then(whole(a).total_cmp(&whole(b)));
    SETTINGS.iter().map(|setting| setting.key).max_by(compare).unwrap_or_default()
}

impl Setting {
    /// The value of an environment variable; what does not parse is left for [`Setting::write`] to refuse.
    pub fn parse(&self, text: &str) -> Value {
        match (self.slot)(&mut Settings::default()) {
            Slot::Text(_) => Value::from(text),
            // Names alone, or JSON.
            Slot::List(_) | Slot::Agents(_) if !text.trim_start().starts_with('[') => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
            }
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        }
    }

    fn write(&self, settings: &mut Settings, value: &Value) -> Result<(), String> {
        let wrong = |expected: &str| format!("`{}` must be {expected}, not `{value}`", self.key);
        match (self.slot)(settings) {
            Slot::Switch(slot) => *slot = value.as_bool().ok_or_else(|| wrong("true or false"))?,
            Slot::Count(slot) => {
                let count = value.as_u64().filter(|count| *count >= 1);
                *slot = count.ok_or_else(|| wrong("a whole number from 1 on"))? as usize;
            }
            Slot::Port(slot) => {
                let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
                *slot = port.ok_or_else(|| wrong("a whole number from 0 to 65535"))?;
            }
            Slot::Amount(slot) => {
                let amount = value.as_f64().filter(|amount| (0.0..1e6).contains(amount));
                *slot = Some(amount.ok_or_else(|| wrong("an amount from 0 on, in US dollars"))?);
            }
            Slot::Fraction(slot) => {
                let fraction = value.as_f64().filter(|fraction| (0.0..=1.0).contains(fraction));
                *slot = fraction.ok_or_else(|| wrong("a number from 0 to 1"))? as f32;
            }
            Slot::Text(slot) => *slot = value.as_str().ok_or_else(|| wrong("a text"))?.to_string(),
            Slot::Endpoints(slot) => {
                let items = value.as_array().ok_or_else(|| wrong("a list of tables"))?;
                for item in items {
                    let endpoint = self.endpoint(item).map_err(|why| format!("`{}`: {why}", self.key))?;
                    // A later layer's entry of that name takes its place.
                    slot.retain(|present| present.name != endpoint.name);
                    slot.push(endpoint);
                }
            }
            Slot::Agents(slot) => {
                let items = value.as_array().ok_or_else(|| wrong("a list of names and tables"))?;
                for item in items {
                    let agent = Agent::read(item).map_err(|why| format!("`{}`: {why}", self.key))?;
                    slot.retain(|present| present.name != agent.name);
                    slot.push(agent);
                }
            }
            Slot::List(slot) => {
                let items = value.as_array().ok_or_else(|| wrong("a list of texts"))?;
                for item in items {
                    let item = item.as_str().ok_or_else(|| wrong("a list of texts"))?;
                    self.check_item(item)?;
                    if !slot.iter().any(|present| present == item) {
                        slot.push(item.to_string());
                    }
                }
            }
        }
        Ok(())
    }

    fn endpoint(&self, item: &Value) -> Result<Endpoint, String> {
        let name = item.get("name").and_then(Value::as_str).unwrap_or("?");
        let endpoint: Endpoint =
            serde_json::from_value(item.clone()).map_err(|error| format!("the endpoint `{name}`: {error}"))?;
        endpoint.check().map(|()| endpoint)
    }

    fn check_item(&self, item: &str) -> Result<(), String> {
        match self.key {
            "languages.disabled" => return known_language(item),
            "agents.allow" | "agents.deny" => {
                return Policy::check(item).map_err(|why| format!("`{}`: {why}", self.key));
            }
            _ => {}
        }
        let glob = privacy::Options { deny: vec![item.to_string()], ..privacy::Options::default() };
        Privacy::new(&glob).map(drop).map_err(|error| format!("`{}`: {error}", self.key))
    }

    /// Whether `changed` is at least as strict as `settings`, which is left as it is.
    fn tightens(&self, settings: &mut Settings, changed: &mut Settings) -> Result<(), String> {
        let stricter = match ((self.slot)(settings), (self.slot)(changed), self.workspace_may) {
            (Slot::Switch(old), Slot::Switch(new), Tighten::SwitchOff) => *old || !*new,
            (Slot::Count(old), Slot::Count(new), Tighten::Lower) => new <= old,
            (Slot::Fraction(old), Slot::Fraction(new), Tighten::Raise) => new >= old,
            (Slot::List(_), Slot::List(_), Tighten::Add) => true,
            _ => false,
        };
        let key = self.key;
        let may = match self.workspace_may {
            Tighten::SwitchOff => "may only switch it off",
            Tighten::Lower => "may only lower it",
            Tighten::Raise => "may only raise it",
            Tighten::Add | Tighten::Nothing => "may not set it",
        };
        stricter.then_some(()).ok_or_else(|| format!("a workspace's file {may}: `{key}`; set it in your own settings"))
    }
}

fn known_language(id: &str) -> Result<(), String> {
    // An alias would be kept as it is and never match: documents carry the identifier.
    match Language::from_id(id) {
        Some(language) if language.id() == id => Ok(()),
        Some(language) => Err(format!("`languages.disabled`: `{id}` is called `{}`", language.id())),
        None => {
            let likeness = |language: &Language| strsim::jaro_winkler(id, language.id());
            let nearest = Language::all().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let nearest = nearest.map_or("", Language::id);
            Err(format!("`languages.disabled`: unknown language `{id}`; the nearest known one is `{nearest}`"))
        }
    }
}
