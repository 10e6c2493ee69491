//! `foretype privacy`: how far the text of a file may go, by which rule, and what to change. Never prints a secret: kinds
//! and lines only.

mod folder;

use std::fs::{self, Metadata};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use serde::Serialize;

use super::input;
use super::output::{self, Output, Style};
use crate::config::{self, Settings};
use crate::privacy::{self, Denied, IgnoreLine, Kept, Level, Privacy};
use crate::workspace;

#[derive(clap::Args)]
#[command(after_help = "\
Of a folder, the files are counted by their level, and those that are blocked are listed.

Examples:
  foretype privacy src/main.rs .env
  foretype privacy .
  foretype privacy --json src/main.rs")]
pub struct Arguments {
    /// Files or folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Print one JSON object a line for each path
    #[arg(long)]
    json: bool,
}

/// What is said of one file.
#[derive(Serialize)]
struct Report {
    path: String,
    /// `blocked`, `local` or `may_leave`.
    level: &'static str,
    /// The sentence for the level.
    why: String,
    rule: Option<Rule>,
    completed: Answer,
    indexed: Answer,
    leaves: Answer,
    /// What is left out of everything that is sent.
    never_sent: Vec<Place>,
}

/// The rule that decided.
#[derive(Serialize)]
struct Rule {
    /// `privacy.deny`, `built-in list`, `ignore file`, `privacy.local_only`, `privacy.allow` or `content`.
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    glob: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// 1-based: of the ignore file, or of the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// Of the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

#[derive(Serialize)]
struct Answer {
    yes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Something that looks like a secret.
#[derive(Serialize)]
struct Place {
    kind: &'static str,
    /// 1-based.
    line: usize,
}

/// What a file is judged by.
struct Rules {
    settings: Settings,
    privacy: Privacy,
    /// Of the project.
    root: Option<PathBuf>,
}

/// A file as it was found.
struct File {
    level: Level,
    /// Or why it is no text that an editor could hold.
    text: Result<String, String>,
}

/// More places of one file are counted, not listed.
const MAX_PLACES: usize = 5;

/// A NUL among the first bytes means binary: git's rule.
const BINARY_WINDOW: usize = 8 << 10;

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let mut code = 0;
    for path in &arguments.paths {
        // One bad name of many does not silence the others.
        if let Err(error) = explain(path, arguments.json, output) {
            if error.is::<std::io::Error>() {
                return Err(error);
            }
            output.flush()?;
            output::warn(&format!("{error:#}"));
            code = 2;
        }
    }
    Ok(code)
}

fn explain(path: &Path, json: bool, output: &mut Output) -> Result<()> {
    let name = path.display();
    let absolute = std::path::absolute(path).map_err(|error| anyhow!("{name}: {error}. Give the path of a file"))?;
    let metadata = fs::metadata(path)
        .map_err(|error| anyhow!("{name}: {error}. Give the path of a file or folder, from this folder or absolute"))?;
    if metadata.is_dir() {
        let summary = folder::Summary::of(&Rules::around(&absolute)?, &absolute, name.to_string());
        return if json { to_json(&summary, output) } else { summary.print(output) };
    }
    if !metadata.is_file() {
        return Err(anyhow!("{name}: this is not a regular file. Give the path of a file of text"));
    }
    let rules = Rules::around(absolute.parent().unwrap_or(&absolute))?;
    let report = Report::new(&rules, name.to_string(), &absolute, &metadata);
    if json { to_json(&report, output) } else { report.print(output) }
}

fn to_json(value: &impl Serialize, output: &mut Output) -> Result<()> {
    let line = serde_json::to_string(value)?;
    Ok(writeln!(output, "{line}")?)
}

impl Rules {
    fn around(folder: &Path) -> Result<Rules> {
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let root = input::root_of(&real);
        let (settings, problems) = config::load(root.as_deref(), None);
        problems.iter().for_each(|problem| output::warn(&problem.to_string()));
        let privacy = Privacy::new(&settings.privacy).map_err(|why| anyhow!("the privacy settings: {why}"))?;
        Ok(Rules { settings, privacy, root })
    }

    fn judge(&self, path: &Path, n_bytes: u64) -> File {
        let level = self.privacy.level(self.root.as_deref(), path);
        let text = self.read(path, n_bytes);
        let denied = text.as_ref().ok().and_then(|text| self.privacy.content(text).err());
        match (level, denied) {
            (Level::Blocked(denied), _) | (_, Some(denied)) => File { level: Level::Blocked(denied), text },
            (level, None) => File { level, text },
        }
    }

    fn read(&self, path: &Path, n_bytes: u64) -> Result<String, String> {
        let limit = self.settings.predictor.max_document_bytes as u64;
        if n_bytes > limit {
            return Err(format!("it has {n_bytes} bytes, more than `suggest.max_document_bytes`, {limit}"));
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
        // It may have grown since.
        file.take(limit).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        if memchr::memchr(0, &bytes[..bytes.len().min(BINARY_WINDOW)]).is_some() {
            return Err("it is binary".to_string());
        }
        String::from_utf8(bytes).map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
    }

    fn completed(&self, file: &File) -> Answer {
        match (&file.level, &file.text) {
            (Level::Blocked(_), _) => Answer::no(None),
            (_, Err(why)) => Answer::no(Some(why.clone())),
            _ if !self.settings.predictor.enabled => Answer::no(Some("`enabled` is off".to_string())),
            _ => Answer::YES,
        }
    }

    fn indexed(&self, path: &Path, file: &File) -> Answer {
        let Some(root) = &self.root else { return Answer::no(Some("it belongs to no project".to_string())) };
        // The index knows files by their real names, and follows no links.
        let real = path.parent().and_then(|folder| fs::canonicalize(folder).ok()).zip(path.file_name());
        let real = real.map_or(path.to_owned(), |(folder, name)| folder.join(name));
        match (&file.level, workspace::admits(&self.settings.workspace, &self.privacy, root, &real)) {
            (Level::Blocked(_), _) => Answer::no(None),
            (_, Ok(())) => Answer::YES,
            (_, Err(why)) => Answer::no(Some(why.to_string())),
        }
    }

    fn leaves(&self, file: &File) -> Answer {
        match (&file.level, &file.text) {
            (Level::Blocked(_) | Level::Local(_), _) => Answer::no(None),
            (Level::MayLeave, Err(why)) => Answer::no(Some(why.clone())),
            (Level::MayLeave, Ok(_)) if !self.settings.remote.enabled => {
                Answer::no(Some("remote engines are off (`remote.enabled`), so nothing is sent".to_string()))
            }
            (Level::MayLeave, Ok(_)) => Answer::YES,
        }
    }
}

impl Answer {
    const YES: Answer = Answer { yes: true, why: None };

    fn no(why: Option<String>) -> Answer {
        Answer { yes: false, why }
    }
}

impl Report {
    fn new(rules: &Rules, name: String, path: &Path, metadata: &Metadata) -> Report {
        let file = rules.judge(path, metadata.len());
        let sendable = file.text.as_ref().ok().filter(|_| file.level == Level::MayLeave);
        let places = |text: &String| {
            let place = |found: privacy::Found| Place { kind: found.kind, line: found.line(text) };
            privacy::leaving(text).into_iter().map(place).collect()
        };
        Report {
            path: name,
            level: level_name(&file.level),
            why: file.level.to_string(),
            rule: Rule::of(&file.level),
            completed: rules.completed(&file),
            indexed: rules.indexed(path, &file),
            leaves: rules.leaves(&file),
            never_sent: sendable.map(places).unwrap_or_default(),
        }
    }

    fn print(&self, output: &mut Output) -> Result<()> {
        let style = if self.level == "blocked" { Style::Bad } else { Style::Bold };
        writeln!(output, "{}: {}", output.paint(Style::Bold, &self.path), output.paint(style, shown(self.level)))?;
        writeln!(output, "  {:10} {}", "rule", self.why)?;
        for (what, answer) in [("completed", &self.completed), ("indexed", &self.indexed), ("leaves", &self.leaves)] {
            let word = if answer.yes { "yes" } else { "no" };
            let why = answer.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            writeln!(output, "  {what:10} {word}{why}")?;
        }
        if !self.never_sent.is_empty() {
            let listed =
                self.never_sent.iter().take(MAX_PLACES).map(|place| format!("{} ({})", place.line, place.kind));
            let listed: Vec<String> = listed.collect();
            let more = match self.never_sent.len().saturating_sub(MAX_PLACES) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let listed = listed.join(", ");
            writeln!(output, "  {:10} what lies around line {listed}{more}, which looks like a secret", "never sent")?;
        }
        Ok(())
    }
}

fn level_name(level: &Level) -> &'static str {
    match level {
        Level::Blocked(_) => "blocked",
        Level::Local(_) => "local",
        Level::MayLeave => "may_leave",
    }
}

/// A level's name as it is said.
fn shown(level: &str) -> &str {
    match level {
        "may_leave" => "may leave this machine",
        "local" => "stays on this machine",
        blocked => blocked,
    }
}

impl Rule {
    fn of(level: &Level) -> Option<Rule> {
        match level {
            Level::Blocked(denied) => Some(Rule::of_denied(denied)),
            Level::Local(Kept::Pattern { glob }) => Some(Rule::of_glob("privacy.local_only", glob)),
            Level::Local(Kept::Ignored(line)) => Some(Rule::of_line(line)),
            Level::Local(Kept::Allowed(denied)) => Some(Rule { source: "privacy.allow", ..Rule::of_denied(denied) }),
            Level::Local(Kept::Nameless) | Level::MayLeave => None,
        }
    }

    fn of_denied(denied: &Denied) -> Rule {
        match denied {
            Denied::Pattern { glob, built_in: true } => Rule::of_glob("built-in list", glob),
            Denied::Pattern { glob, built_in: false } => Rule::of_glob("privacy.deny", glob),
            Denied::Ignored(line) => Rule::of_line(line),
            Denied::Secret { kind, line } => {
                Rule { source: "content", glob: None, file: None, line: Some(*line), kind: Some(kind) }
            }
        }
    }

    fn of_glob(source: &'static str, glob: &str) -> Rule {
        Rule { source, glob: Some(glob.to_string()), file: None, line: None, kind: None }
    }

    fn of_line(line: &IgnoreLine) -> Rule {
        let IgnoreLine { file, line, glob } = line;
        Rule { file: Some(file.display().to_string()), line: *line, ..Rule::of_glob("ignore file", glob) }
    }
}
