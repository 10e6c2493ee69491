//! The settings as a JSON Schema, for editors that complete and check settings files.

use serde_json::{Map, Value, json};

use super::Settings;
use super::settings::{SETTINGS, Setting, Slot};
use crate::agent::catalogue;
use crate::engine::remote::{Endpoint, Protocol};
use crate::prompt::Family;

/// JSON Schema, draft 2020-12, pretty-printed, with a final line break.
pub fn schema() -> String {
    let mut root = object("Settings of foretype: `config.toml`, `.foretype.toml` and `initializationOptions`.");
    root.insert("$schema".to_string(), "https://json-schema.org/draft/2020-12/schema".into());
    let mut properties = Map::new();
    for setting in SETTINGS {
        match setting.key.split_once('.') {
            None => drop(properties.insert(setting.key.to_string(), describe(setting))),
            Some((section, name)) => {
                let section = properties.entry(section).or_insert_with(|| object("").into());
                section["properties"][name] = describe(setting);
            }
        }
    }
    root.insert("properties".to_string(), properties.into());
    let mut root = Value::from(root);
    // So that a new setting is a few new lines.
    root.sort_all_objects();
    format!("{root:#}\n")
}

fn object(description: &str) -> Map<String, Value> {
    let mut object = Map::from_iter([
        ("type".to_string(), "object".into()),
        ("additionalProperties".to_string(), false.into()),
        ("properties".to_string(), json!({})),
    ]);
    if !description.is_empty() {
        object.insert("description".to_string(), description.into());
    }
    object
}

fn describe(setting: &Setting) -> Value {
    let mut described = match (setting.slot)(&mut Settings::default()) {
        Slot::Switch(default) => json!({"type": "boolean", "default": *default}),
        Slot::Count(default) => json!({"type": "integer", "minimum": 1, "default": *default}),
        Slot::Port(default) => json!({"type": "integer", "minimum": 0, "maximum": u16::MAX, "default": *default}),
        // Through text: 0.4 as a 32-bit number is 0.4000000059604645 as a 64-bit one.
        Slot::Fraction(default) => {
            let default: f64 = default.to_string().parse().unwrap_or_default();
            json!({"type": "number", "minimum": 0, "maximum": 1, "default": default})
        }
        Slot::Text(default) => json!({"type": "string", "default": *default}),
        Slot::List(default) => json!({"type": "array", "items": {"type": "string"}, "default": *default}),
        Slot::Amount(_) => json!({"type": "number", "minimum": 0}),
        Slot::Endpoints(_) => json!({"type": "array", "items": endpoint()}),
        Slot::Agents(_) => json!({"type": "array", "items": {"anyOf": [ready(), agent()]}}),
    };
    described["description"] = setting.doc.into();
    described
}

fn ready() -> Value {
    let names: Vec<String> = catalogue::ready().into_iter().map(|agent| agent.name).collect();
    json!({"enum": names, "description": "A ready entry."})
}

fn agent() -> Value {
    let text = |doc: &str| json!({"type": "string", "description": doc});
    let texts = |doc: &str| json!({"type": "array", "items": {"type": "string"}, "description": doc});
    let count = |doc: &str| json!({"type": "integer", "minimum": 0, "description": doc});
    let amount = |doc: &str| json!({"type": "number", "minimum": 0, "description": doc});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": text("What you call it; with a ready entry's name, the rest changes that."),
            "command": text("Its program, which speaks the Agent Client Protocol."),
            "args": texts("The program's arguments."),
            "env": texts("Variables that it gets beside the usual ones: `NAME` as it is, `NAME=value`; `{url}` is the meter's address."),
            "mode": text("The mode in which it asks before it acts, where that is not known."),
            "meter": {"enum": ["openai", "anthropic", "gemini", "none"], "description": "Whose language it speaks to its model."},
            "url_variable": text("The variable by which it is told its model's address."),
            "key_variable": text("The variable with its key; without the key it uses a login and cannot be metered."),
            "upstream": text("Its model's address; each meter has a usual one."),
            "login": text("How to log in, as the end of a sentence."),
            "budget": {
                "type": "object",
                "additionalProperties": false,
                "description": "Most that one task may take.",
                "properties": {
                    "usd": amount("US dollars."),
                    "tokens": count("Tokens of prompts and answers, 2,000,000 by default."),
                    "requests": count("Requests to its model."),
                    "minutes": count("Minutes, 30 by default."),
                },
            },
            "input_usd": amount("US dollars for a million tokens of the prompt."),
            "cached_input_usd": amount("The same, of what the provider had in its cache."),
            "output_usd": amount("US dollars for a million tokens of the answer."),
        },
    })
}

fn endpoint() -> Value {
    let usual = Endpoint::new("", Protocol::Completions);
    let text = |doc: &str| json!({"type": "string", "description": doc});
    let count =
        |doc: &str, default: u64| json!({"type": "integer", "minimum": 1, "default": default, "description": doc});
    let amount = |doc: &str| json!({"type": "number", "minimum": 0, "description": doc});
    let switch = |doc: &str| json!({"type": "boolean", "default": false, "description": doc});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "protocol"],
        "properties": {
            "name": text("What you call it: `foretype status`, `why` and the costs name it so."),
            "protocol": {"enum": Protocol::ALL, "description": "How it is spoken to."},
            "url": text("What the protocol's path is appended to; each protocol has a usual one."),
            "model": text("The model's name there."),
            "key_variable": text("The environment variable that holds the key."),
            "key_command": {"type": "array", "items": {"type": "string"}, "description": "A program that prints the key."},
            "key_keyring": text("The key's name in the system's keyring; `foretype key set` puts it there."),
            "family": {
                "enum": Family::ALL.map(Family::name),
                "description": "The model's family, for servers that take its markers in the prompt.",
            },
            "max_tokens": count("Most tokens of one answer.", usual.max_tokens as u64),
            "prompt_tokens": count("Tokens of the text around the cursor and of other files.", usual.prompt_tokens as u64),
            "timeout_ms": {
                "type": "integer",
                "minimum": 0,
                "default": 0,
                "description": "It counts as stalled when nothing comes for so long; 0 for 4 s, on this machine 30 s.",
            },
            "ca_file": text("Certificates to trust beside the system's, in PEM."),
            "session_header": text("A header with the same value for all requests about a document, for load balancers."),
            "plain_http": switch("Send over plain HTTP, although it is another machine."),
            "ahead": switch("Ask it also for what may follow an accepted text."),
            "input_usd": amount("US dollars for a million tokens of the prompt."),
            "cached_input_usd": amount("The same, of what the provider had in its cache."),
            "output_usd": amount("US dollars for a million tokens of the answer."),
            "per_day_usd": amount("US dollars that may be spent on it in a day."),
            "per_month_usd": amount("US dollars that may be spent on it in a month."),
        },
    })
}
