//! What is handed over: the user's words, and what goes with them; and the prompt that it makes.

use std::ops::Range;
use std::path::{Path, PathBuf};

use url::Url;

/// All that is given to an agent. Whoever makes it has cleared every part with `privacy`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// The root of the project.
    pub workspace: PathBuf,
    pub instruction: String,
    pub skill: Option<Skill>,
    /// What the user has selected.
    pub selection: Option<Part>,
    /// What else may help, best first.
    pub parts: Vec<Part>,
    /// What is said to be wrong there, one sentence each.
    pub diagnostics: Vec<String>,
    /// Buffers that differ from the disk; absolute paths.
    pub unsaved: Vec<(PathBuf, String)>,
}

/// A skill that the user has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    pub name: String,
    pub body: String,
    /// Where its other files are.
    pub folder: PathBuf,
}

/// Some text of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Within the workspace, with slashes.
    pub path: String,
    /// From 0; absent where it is all of the file, or no one place.
    pub lines: Option<Range<usize>>,
    pub text: String,
    /// Why it is shown, such as `the selection, in impl Store, fn write`.
    pub what: String,
}

/// A piece of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Text(String),
    Part { part: Part, uri: String },
}

/// A title is a glance.
const MAX_TITLE: usize = 60;

impl Task {
    pub fn title(&self) -> String {
        let words = self.instruction.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        let title = match (&self.skill, words) {
            (Some(skill), "") => skill.name.clone(),
            (Some(skill), words) => format!("{}: {words}", skill.name),
            (None, words) => words.to_string(),
        };
        match title.char_indices().nth(MAX_TITLE) {
            Some((end, _)) => format!("{}…", &title[..end]),
            None => title,
        }
    }

    /// For an agent that works in `folder` of `copy`, which stands for the workspace in `root`: no path leads back into the
    /// user's own tree.
    pub fn blocks(&self, root: &Path, copy: &Path, folder: &Path) -> Vec<Block> {
        let moved = |text: &str| {
            [(&*self.workspace, folder), (root, copy)].iter().fold(text.to_string(), |text, (ours, theirs)| {
                let ours = ours.to_string_lossy();
                if ours.len() > 1 { text.replace(&*ours, &theirs.to_string_lossy()) } else { text }
            })
        };
        let mut blocks = Vec::new();
        if let Some(Skill { name, body, folder }) = &self.skill {
            let folder = moved(&folder.to_string_lossy());
            blocks.push(Block::Text(format!(
                "Follow this skill. Its other files are in {folder}.\n<skill name=\"{name}\">\n{}\n</skill>",
                moved(body.trim())
            )));
        }
        if !self.instruction.trim().is_empty() {
            blocks.push(Block::Text(moved(self.instruction.trim())));
        }
        for part in self.selection.iter().chain(&self.parts) {
            let part = Part { text: moved(&part.text), ..part.clone() };
            blocks.push(Block::Part { uri: uri(folder, &part), part });
        }
        if !self.diagnostics.is_empty() {
            let list: Vec<String> = self.diagnostics.iter().map(|said| format!("- {}", moved(said))).collect();
            blocks.push(Block::Text(format!("What is reported there:\n{}", list.join("\n"))));
        }
        blocks.push(Block::Text(
            "You work in a copy of the project. Leave your result in its files and do not commit; it is reviewed \
             before any of it is applied."
                .to_string(),
        ));
        blocks
    }
}

impl Part {
    /// For agents that take text alone.
    pub fn fenced(&self) -> String {
        let longest = self.text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let lines = self.lines.as_ref().map(|lines| format!(":{}-{}", lines.start + 1, lines.end)).unwrap_or_default();
        let what = if self.what.is_empty() { String::new() } else { format!(" ({})", self.what) };
        format!("{}{lines}{what}:\n{fence}\n{}\n{fence}", self.path, self.text.trim_end_matches('\n'))
    }
}

/// Names lines as editors do (`#L3-5`).
fn uri(worktree: &Path, part: &Part) -> String {
    let mut uri = match Url::from_file_path(worktree.join(&part.path)) {
        Ok(uri) => uri,
        Err(()) => return part.path.clone(),
    };
    if let Some(lines) = &part.lines {
        uri.set_fragment(Some(&format!("L{}-{}", lines.start + 1, lines.end)));
    }
    uri.to_string()
}
