//! The head of a `SKILL.md`: YAML between two lines of `---`; what it says, and what is wrong with it, to the byte. Pure.
//!
//! The limits are those of the Agent Skills specification. Reading is lenient, as it advises: what other tools would load
//! is loaded here, with a flaw.

mod yaml;

use std::ops::Range;

use yaml::{Entry, Value};

/// What the head says; absent where it does not say it, or not as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontmatter {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Bytes of what follows the head: the instructions.
    pub body: Range<usize>,
    /// By their places.
    pub flaws: Vec<Flaw>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Bytes of the file.
    pub range: Range<usize>,
    pub severity: Severity,
    /// A sentence for the user.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The skill is not used.
    Error,
    Warning,
    Hint,
}

const FENCE: &str = "---";
const MAX_NAME: usize = 64;
const MAX_DESCRIPTION: usize = 1024;
const MAX_COMPATIBILITY: usize = 500;
const ADVISED_LINES: usize = 500;

const FIELDS: [&str; 6] = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

impl Frontmatter {
    pub fn of(text: &str) -> Frontmatter {
        let mut head = Frontmatter { body: 0..text.len(), ..Frontmatter::default() };
        let Some(inside) = head.split(text) else { return head };
        let Some(entries) = head.entries(text, inside.clone()) else { return head };
        for (i, entry) in entries.iter().enumerate() {
            if entries[..i].iter().any(|before| before.key == entry.key) {
                head.say(&entry.key_range, Severity::Error, format!("`{}` is there twice", entry.key));
            }
            head.field(entry);
        }
        for (field, is_there) in [("name", head.name.is_some()), ("description", head.description.is_some())] {
            if !is_there && !entries.iter().any(|entry| entry.key == field) {
                // Without a name the folder's is taken; without a description nobody knows when to use it.
                let severity = if field == "name" { Severity::Warning } else { Severity::Error };
                head.say(&(0..FENCE.len()), severity, format!("`{field}` is missing; every skill needs one"));
            }
        }
        let n_lines = text[head.body.clone()].lines().count();
        if n_lines > ADVISED_LINES {
            let message = format!(
                "the instructions have {n_lines} lines; more than {ADVISED_LINES} fill a model's context. Move parts into \
                 files beside this one and name them here"
            );
            let start = head.body.start;
            head.say(&(start..start), Severity::Hint, message);
        }
        head.flaws.sort_by_key(|flaw| (flaw.range.start, flaw.severity));
        head
    }

    /// With what only the folder tells: a skill is named as its folder.
    pub fn in_folder(mut self, text: &str, folder: &str) -> Frontmatter {
        if let Some(name) = self.name.clone().filter(|name| name != folder) {
            let range = name_range(text, &name);
            self.say(&range, Severity::Warning, format!("the name `{name}` is not that of its folder, `{folder}`"));
            self.flaws.sort_by_key(|flaw| (flaw.range.start, flaw.severity));
        }
        self
    }

    pub fn is_usable(&self) -> bool {
        self.flaws.iter().all(|flaw| flaw.severity != Severity::Error)
    }

    /// Finds the two lines; the bytes between them.
    fn split(&mut self, text: &str) -> Option<Range<usize>> {
        let start = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut lines = text[start..].split_inclusive('\n');
        let first = lines.next().unwrap_or_default();
        if first.trim_end() != FENCE {
            let message = "a skill begins with a line `---`, its `name` and `description`, and another line `---`";
            self.say(&(start..start + first.trim_end().len()), Severity::Error, message.to_string());
            return None;
        }
        let inside = start + first.len();
        let mut end = inside;
        for line in lines {
            if line.trim_end() == FENCE {
                self.body = end + line.len()..text.len();
                return Some(inside..end);
            }
            end += line.len();
        }
        let message = "the head has no end; close it with another line `---`".to_string();
        self.say(&(start..start + FENCE.len()), Severity::Error, message);
        None
    }

    fn entries(&mut self, text: &str, inside: Range<usize>) -> Option<Vec<Entry>> {
        let yaml = &text[inside.clone()];
        let moved = |range: Range<usize>| inside.start + range.start..inside.start + range.end;
        let broken = match yaml::entries(yaml) {
            Ok(entries) => return Some(entries.into_iter().map(|entry| entry.moved(inside.start)).collect()),
            Err(broken) => broken,
        };
        // `description: Use it for this: that` is what people write.
        let (quoted, lines) = yaml::quoted(yaml);
        match yaml::entries(&quoted) {
            Ok(_) if !lines.is_empty() => {
                for range in lines {
                    let message =
                        "a text with `: ` in it needs quotes; other tools may not read this skill".to_string();
                    self.say(&moved(range), Severity::Warning, message);
                }
                // The places are those of the text with quotes: near enough are the lines.
                Some(yaml::by_line(yaml, yaml::entries(&quoted).ok()?).map(|entry| entry.moved(inside.start)).collect())
            }
            _ => {
                self.say(&moved(broken.range), Severity::Error, format!("this is not YAML: {}", broken.message));
                None
            }
        }
    }

    fn field(&mut self, entry: &Entry) {
        let Entry { key, value, value_range, key_range } = entry;
        let text = match value {
            Value::Text(text) => Some(text.as_str()),
            Value::Entries(_) | Value::List => None,
        };
        match (key.as_str(), text) {
            ("name", Some(name)) => {
                if let Some(wrong) = wrong_name(name) {
                    let severity = if name.trim().is_empty() { Severity::Error } else { Severity::Warning };
                    self.say(value_range, severity, wrong);
                }
                self.name = Some(name.trim().to_string()).filter(|name| !name.is_empty());
            }
            ("description", Some(description)) => {
                let n_chars = description.trim().chars().count();
                if n_chars == 0 {
                    let range = if value_range.is_empty() { key_range } else { value_range };
                    self.say(range, Severity::Error, "say what it does and when to use it".to_string());
                } else if n_chars > MAX_DESCRIPTION {
                    let message = format!("{n_chars} characters; a description has at most {MAX_DESCRIPTION}");
                    self.say(value_range, Severity::Warning, message);
                }
                self.description = Some(description.trim().to_string()).filter(|_| n_chars > 0);
            }
            ("compatibility", Some(text)) if text.chars().count() > MAX_COMPATIBILITY => {
                let message = format!("{} characters; at most {MAX_COMPATIBILITY}", text.chars().count());
                self.say(value_range, Severity::Warning, message);
            }
            ("name" | "description", None) => self.say(value_range, Severity::Error, format!("`{key}` is a text")),
            ("license" | "compatibility" | "allowed-tools", None) => {
                self.say(value_range, Severity::Warning, format!("`{key}` is a text"));
            }
            ("metadata", _) => self.metadata(entry),
            (key, _) if !FIELDS.contains(&key) => {
                let message = format!("`{key}` is not in the specification; some tools know it, others pass over it");
                self.say(key_range, Severity::Hint, message);
            }
            _ => {}
        }
    }

    fn metadata(&mut self, entry: &Entry) {
        let Value::Entries(entries) = &entry.value else {
            return self.say(&entry.value_range, Severity::Warning, "`metadata` is a list of `key: text`".to_string());
        };
        for inner in entries.iter().filter(|inner| !matches!(inner.value, Value::Text(_))) {
            self.say(&inner.value_range, Severity::Warning, format!("`{}` in `metadata` is a text", inner.key));
        }
    }

    fn say(&mut self, range: &Range<usize>, severity: Severity, message: String) {
        self.flaws.push(Flaw { range: range.clone(), severity, message });
    }
}

fn wrong_name(name: &str) -> Option<String> {
    let is_part = |c: char| c == '-' || c.is_alphanumeric() && !c.is_uppercase();
    let n_chars = name.chars().count();
    if n_chars == 0 || n_chars > MAX_NAME {
        return Some(format!("a name has 1 to {MAX_NAME} characters; this one has {n_chars}"));
    }
    let is_well_formed = name.chars().all(is_part) && !name.starts_with('-') && !name.ends_with('-');
    (!is_well_formed || name.contains("--"))
        .then(|| "a name is made of lower case letters and digits, with single hyphens between them".to_string())
}

/// Where the name stands in the head.
fn name_range(text: &str, name: &str) -> Range<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("name")
            && let Some(at) = line.find(name)
            && at > 0
        {
            return start + at..start + at + name.len();
        }
        start += line.len();
    }
    0..FENCE.len().min(text.len())
}
