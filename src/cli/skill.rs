//! `foretype skill`: what skills there are here, and whether one is well formed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use serde_json::json;

use super::output::{Output, Style};
use crate::skills::frontmatter::{Frontmatter, Severity};
use crate::skills::trust::{Standing, Trust};
use crate::skills::{FILE, Origin, Skill, Skills};

#[derive(clap::Args)]
#[command(after_help = "\
A skill is a folder with a `SKILL.md`, in `.agents/skills` or `.claude/skills` of the project or of your home.

Examples:
  foretype skill list
  foretype skill check .agents/skills/tidy-up")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show the skills of the project around a folder, and yours
    List {
        folder: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong with skills; the exit code is 1 when one cannot be used
    Check {
        /// Folders of skills, or their `SKILL.md`
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    match &arguments.command {
        Command::List { folder, json } => list(folder.as_deref().unwrap_or(Path::new(".")), *json, output),
        Command::Check { paths } => check(paths, output),
    }
}

fn list(folder: &Path, as_json: bool, output: &mut Output) -> Result<i32> {
    let folder = folder.canonicalize().map_err(|error| anyhow!("{}: {error}. Name a folder", folder.display()))?;
    let found = Skills::find(Some(&folder), etcetera::home_dir().ok().as_deref());
    let standing = Trust::usual_file().map_or(Ok(Standing::Unknown), |file| Trust::at(file).standing(&folder));
    let standing = standing.map_err(|problem| anyhow!("{problem}"))?;
    let is_usable = |skill: &Skill| skill.origin == Origin::User || standing == Standing::Trusted;
    if as_json {
        let line = json!({"skills": found.skills, "project": standing, "notes": found.notes});
        writeln!(output, "{line}")?;
        return Ok(0);
    }
    for skill in &found.skills {
        let whose = match skill.origin {
            Origin::User => "yours",
            Origin::Project if is_usable(skill) => "the project's",
            Origin::Project => "the project's, not trusted",
        };
        let description = skill.description.split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(output, "{} ({whose}): {description}", output.paint(Style::Bold, &skill.name))?;
        for note in &skill.notes {
            writeln!(output, "  {}", output.paint(Style::Dim, note))?;
        }
    }
    for note in &found.notes {
        writeln!(output, "{}", output.paint(Style::Dim, note))?;
    }
    if found.skills.is_empty() {
        writeln!(output, "There are no skills here.")?;
    } else if !found.skills.iter().all(is_usable) {
        writeln!(output, "`foretype trust` shows what the project's are made of.")?;
    }
    Ok(0)
}

fn check(paths: &[PathBuf], output: &mut Output) -> Result<i32> {
    let mut is_usable = true;
    for path in paths {
        let file = if path.is_dir() { path.join(FILE) } else { path.clone() };
        let text = fs::read_to_string(&file)
            .map_err(|error| anyhow!("{}: {error}. Name a skill's folder, or its {FILE}", file.display()))?;
        let real = file.canonicalize().unwrap_or(file.clone());
        let folder = real.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let head = Frontmatter::of(&text).in_folder(&text, &folder);
        for flaw in &head.flaws {
            let before = &text[..flaw.range.start];
            let (line, start) = (1 + before.matches('\n').count(), before.rfind('\n').map_or(0, |at| at + 1));
            let column = 1 + before[start..].chars().count();
            let (word, style) = match flaw.severity {
                Severity::Error => ("error", Style::Bad),
                Severity::Warning => ("warning", Style::Bold),
                Severity::Hint => ("hint", Style::Dim),
            };
            let word = output.paint(style, word);
            writeln!(output, "{}:{line}:{column}: {word}: {}", file.display(), flaw.message)?;
        }
        is_usable &= head.is_usable();
    }
    Ok(if is_usable { 0 } else { 1 })
}
