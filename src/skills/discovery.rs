//! Where skills are looked for.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use super::frontmatter::{Flaw, Frontmatter, Severity};
use super::{FILE, Origin, Skill, Skills, read};

/// In each folder from the workspace up to the root of its repository.
pub const PROJECT_FOLDERS: [&str; 3] = [".foretype/skills", ".agents/skills", ".claude/skills"];

const USER_FOLDERS: [&str; 2] = [".agents/skills", ".claude/skills"];

/// Of a project, and of the user; enough for everybody, and a bound for links that go round.
const MAX_FOLDERS: usize = 2_000;
/// Folders within a folder of skills.
const MAX_DEPTH: usize = 4;

pub fn find(workspace: Option<&Path>, home: Option<&Path>) -> Skills {
    let mut found = Skills::default();
    if let Some(workspace) = workspace {
        let root = project_root(workspace);
        let inside = root.canonicalize().ok();
        look(&mut found, &places(workspace, &root), Origin::Project, inside.as_deref());
    }
    if let Some(home) = home {
        let places: Vec<PathBuf> = USER_FOLDERS.iter().map(|name| home.join(name)).collect();
        look(&mut found, &places, Origin::User, None);
    }
    found.skills.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The root of the repository around a folder, or the folder itself where there is none.
pub fn project_root(workspace: &Path) -> PathBuf {
    workspace.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(workspace).to_owned()
}

/// Where a project's skills may lie; the nearest first.
pub fn places(workspace: &Path, root: &Path) -> Vec<PathBuf> {
    let folders = workspace.ancestors().take_while(|folder| folder.starts_with(root));
    folders.flat_map(|folder| PROJECT_FOLDERS.map(|name| folder.join(name))).collect()
}

/// Adds what lies in these places. Links are followed, out of `inside` only where that is not given.
fn look(found: &mut Skills, places: &[PathBuf], origin: Origin, inside: Option<&Path>) {
    let mut seen = HashSet::new();
    let mut folders: VecDeque<(PathBuf, usize)> = places.iter().map(|place| (place.clone(), 0)).collect();
    while let Some((folder, depth)) = folders.pop_front() {
        let Ok(real) = folder.canonicalize() else { continue };
        if inside.is_some_and(|inside| !real.starts_with(inside)) {
            found.notes.push(format!("{} leads out of the project, and is not looked into", folder.display()));
            continue;
        }
        // Two names for one folder are common: a link for each tool.
        if !seen.insert(real) {
            continue;
        }
        if seen.len() > MAX_FOLDERS {
            found.notes.push(format!("there are more than {MAX_FOLDERS} folders; the others are not looked into"));
            return;
        }
        let file = folder.join(FILE);
        if file.is_file() {
            let leads_out = |inside: &Path| !file.canonicalize().is_ok_and(|real| real.starts_with(inside));
            match inside.is_some_and(leads_out) {
                true => found.notes.push(format!("{} leads out of the project, and is not read", file.display())),
                false => add(found, &folder, origin),
            }
        } else if depth < MAX_DEPTH {
            // One after the other, so that the nearest place is done before the next.
            let inner = inner_folders(&folder).into_iter().map(|folder| (folder, depth + 1));
            inner.rev().for_each(|inner| folders.push_front(inner));
        }
    }
}

fn inner_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_skipped = |path: &Path| path.file_name().is_some_and(|name| name == ".git" || name == "node_modules");
    let mut inner: Vec<PathBuf> = entries.filter(|path| path.is_dir() && !is_skipped(path)).collect();
    inner.sort();
    inner
}

fn add(found: &mut Skills, folder: &Path, origin: Origin) {
    let file = folder.join(FILE);
    let text = match read(&file) {
        Ok(text) => text,
        Err(note) => return found.notes.push(note),
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let head = Frontmatter::of(&text).in_folder(&text, &name);
    let sentence = |flaw: &Flaw| format!("{}:{}: {}", file.display(), line(&text, flaw), flaw.message);
    let (true, Some(description)) = (head.is_usable(), head.description.clone()) else {
        let fatal = head.flaws.iter().filter(|flaw| flaw.severity == Severity::Error);
        return found.notes.extend(fatal.map(sentence));
    };
    let notes = head.flaws.iter().filter(|flaw| flaw.severity == Severity::Warning).map(sentence).collect();
    let skill = Skill { name: head.name.unwrap_or(name), description, folder: folder.to_owned(), origin, notes };
    match found.skills.iter().find(|other| other.name == skill.name) {
        Some(first) => {
            let note = format!("`{}` in {} hides the one in {}", skill.name, first.folder.display(), folder.display());
            found.notes.push(note);
        }
        None => found.skills.push(skill),
    }
}

fn line(text: &str, flaw: &Flaw) -> usize {
    1 + text[..flaw.range.start].matches('\n').count()
}
