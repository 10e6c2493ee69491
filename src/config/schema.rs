//! The settings as a JSON Schema, for editors that complete and check settings files.

use serde_json::{Map, Value, json};

use super::Settings;
use super::settings::{SETTINGS, Setting, Slot};

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
    format!("{:#}\n", Value::from(root))
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
    };
    described["description"] = setting.doc.into();
    described
}
