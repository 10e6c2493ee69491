//! `foretype trust`: a project's skills and team, shown, and trusted as they are.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::output::{Output, Style};
use crate::skills::team::Team;
use crate::skills::trust::{Contents, Standing, Trust};
use crate::skills::{Origin, Skills, project_root};

#[derive(clap::Args)]
#[command(after_help = "\
What you trust, models and agents that you start are told. A change of any of these files ends the trust.

Examples:
  foretype trust            show what there is, and whether you trust it
  foretype trust --yes      trust it
  foretype trust --revoke   trust it no more
  foretype trust --list     all projects that you trust")]
pub struct Arguments {
    /// A folder of the project; the current one by default
    folder: Option<PathBuf>,
    /// Trust what is there now
    #[arg(long)]
    yes: bool,
    /// Trust it no more
    #[arg(long, conflicts_with = "yes")]
    revoke: bool,
    /// Show all projects that you trust
    #[arg(long, conflicts_with_all = ["yes", "revoke", "folder"])]
    list: bool,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    let file = Trust::usual_file().ok_or_else(|| anyhow!("there is no place to keep what you trust. Set HOME"))?;
    let (trust, said) = (Trust::at(file), |problem: String| anyhow!("{problem}"));
    if arguments.list {
        for folder in trust.folders().map_err(said)? {
            writeln!(output, "{folder}")?;
        }
        return Ok(0);
    }
    let folder = arguments.folder.as_deref().unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|error| anyhow!("{}: {error}. Name a folder", folder.display()))?;
    if arguments.revoke {
        let was = trust.revoke(&folder).map_err(said)?;
        writeln!(output, "{} {} trusted.", folder.display(), if was { "is no longer" } else { "was not" })?;
        return Ok(if was { 0 } else { 1 });
    }
    let contents = Contents::of(&folder).map_err(said)?;
    if contents.files.is_empty() {
        writeln!(output, "There are no skills and no team in {}.", folder.display())?;
        return Ok(1);
    }
    show(&folder, &contents, output)?;
    if arguments.yes {
        trust.grant(&folder, &contents).map_err(said)?;
    }
    let standing = trust.standing(&folder).map_err(said)?;
    writeln!(output, "\n{}", sentence(standing))?;
    Ok(if standing == Standing::Trusted { 0 } else { 1 })
}

fn show(folder: &Path, contents: &Contents, output: &mut Output) -> Result<()> {
    let skills = Skills::find(Some(folder), None);
    for skill in skills.skills.iter().filter(|skill| skill.origin == Origin::Project) {
        writeln!(output, "{}: {}", output.paint(Style::Bold, &skill.name), one_line(&skill.description))?;
    }
    let team = Team::load(&project_root(folder)).map_err(|problem| anyhow!("{problem}"))?.unwrap_or_default();
    for member in &team.members {
        let agent = member.agent.as_deref().unwrap_or("your first agent");
        writeln!(output, "{} of the team, by {agent}", output.paint(Style::Bold, &member.name))?;
    }
    for file in &contents.files {
        writeln!(output, "  {}", file.strip_prefix(folder).unwrap_or(file).display())?;
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sentence(standing: Standing) -> &'static str {
    match standing {
        Standing::Trusted => "You trust these files as they are.",
        Standing::Changed => "You trusted them, and they have changed since. Read them, then `foretype trust --yes`.",
        Standing::Unknown | Standing::Empty => "You do not trust them yet. Read them, then `foretype trust --yes`.",
    }
}
