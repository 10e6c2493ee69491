//! One source of settings as a flat list of entries, whatever its format.

use std::ffi::OsString;
use std::io;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;
use super::settings::SETTINGS;
use crate::agent;
use crate::ledger;
use crate::skills::trust;
use crate::weights;
use crate::workspace::symbols;

pub struct Layer {
    pub rank: Rank,
    pub entries: Vec<Entry>,
    /// What is wrong before any entry is looked at.
    pub problems: Vec<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    User,
    /// May only tighten: it comes with the code of strangers.
    Workspace,
}

pub struct Entry {
    pub source: String,
    /// 1-based, where there is one.
    pub line: Option<usize>,
    /// Dotted, such as `suggest.max_lines`.
    pub key: String,
    pub value: Value,
}

/// Environment variables of other uses, which are no settings.
const OTHER_VARIABLES: [&str; 7] = [
    "FORETYPE_LOG",
    weights::FOLDER_VARIABLE,
    symbols::FOLDER_VARIABLE,
    ledger::FILE_VARIABLE,
    agent::FOLDER_VARIABLE,
    agent::MARK,
    trust::FILE_VARIABLE,
];

/// How much alike a variable must be to a setting's to be taken for a misspelt one.
const MISSPELT: f64 = 0.92;

pub fn from_toml(source: String, rank: Rank, text: &str) -> Layer {
    let line_of = |offset: usize| 1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count();
    let (table, errors) = DeTable::parse_recoverable(text);
    let problems = errors.iter().map(|error| Problem {
        source: source.clone(),
        line: error.span().map(|span| line_of(span.start)),
        message: format!("this is not valid TOML: {}", error.message()),
    });
    let problems: Vec<Problem> = problems.collect();
    let mut entries = Vec::new();
    flatten_toml(table.get_ref(), "", &mut |key, value, offset| {
        entries.push(Entry { source: source.clone(), line: Some(line_of(offset)), key, value });
    });
    Layer { rank, entries, problems }
}

pub fn from_json(source: &str, value: &Value) -> Layer {
    let mut entries = Vec::new();
    flatten_json(value, "", &mut |key, value| {
        entries.push(Entry { source: source.to_string(), line: None, key, value });
    });
    Layer { rank: Rank::User, entries, problems: Vec::new() }
}

/// `FORETYPE_SUGGEST_MAX_LINES=5` sets `suggest.max_lines`; lists are separated by commas.
pub fn from_environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Layer {
    let mut layer = Layer { rank: Rank::User, entries: Vec::new(), problems: Vec::new() };
    for (name, value) in variables {
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else { continue };
        if !name.starts_with("FORETYPE_") || OTHER_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let likeness = |key: &str| strsim::jaro_winkler(&name, &variable(key));
        let nearest = SETTINGS.iter().max_by(|a, b| likeness(a.key).total_cmp(&likeness(b.key)));
        match nearest {
            Some(setting) if variable(setting.key) == name => {
                let value = setting.parse(&value);
                layer.entries.push(Entry { source: name, line: None, key: setting.key.to_string(), value });
            }
            // Other programs may name their variables alike; only a near miss is one of ours.
            Some(setting) if likeness(setting.key) > MISSPELT => {
                let message = format!("no such setting; did you mean `{}`?", variable(setting.key));
                layer.problems.push(Problem { source: name, line: None, message });
            }
            _ => {}
        }
    }
    layer
}

pub fn unreadable(source: String, rank: Rank, error: &io::Error) -> Layer {
    let message = format!("the file cannot be read ({error}); its settings do not count until it can");
    Layer { rank, entries: Vec::new(), problems: vec![Problem { source, line: None, message }] }
}

/// The environment variable of a setting.
pub fn variable(key: &str) -> String {
    format!("FORETYPE_{}", key.replace('.', "_").to_uppercase())
}

fn flatten_toml(table: &DeTable, prefix: &str, emit: &mut impl FnMut(String, Value, usize)) {
    for (name, value) in table.iter() {
        let key = format!("{prefix}{}", name.get_ref());
        match value.get_ref() {
            DeValue::Table(table) => flatten_toml(table, &format!("{key}."), emit),
            leaf => emit(key, to_json(leaf), name.span().start),
        }
    }
}

fn to_json(value: &DeValue) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(float) => float.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Array(items) => items.iter().map(Spanned::get_ref).map(to_json).collect(),
        DeValue::Table(members) => Value::Object(
            members.iter().map(|(name, value)| (name.get_ref().to_string(), to_json(value.get_ref()))).collect(),
        ),
        DeValue::Datetime(_) => Value::Null,
    }
}

fn flatten_json(value: &Value, prefix: &str, emit: &mut impl FnMut(String, Value)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::Object(_) => flatten_json(value, &format!("{prefix}{name}."), emit),
                    // Editors say so of what is not set.
                    Value::Null => {}
                    leaf => emit(format!("{prefix}{name}"), leaf.clone()),
                }
            }
        }
        Value::Null => {}
        other => emit(prefix.to_string(), other.clone()),
    }
}
