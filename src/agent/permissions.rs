//! What an agent may do: a table by kind and place, a question to the user where it says so, a record of each decision.
//!
//! Inside the worktree, what can be undone passes silently: all of it is looked at before it reaches the user's files.
//! Agents ask only if they like; this is no sandbox. An answer is chosen by what it means, never by its place in the
//! list, and never one that is for ever.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::UnixMs;

/// What a tool does, by the agent's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Read,
    Edit,
    Delete,
    Move,
    Search,
    Execute,
    Think,
    Fetch,
    Other,
}

/// One of the answers that an agent offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub id: String,
    pub strength: Strength,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    AllowOnce,
    RejectOnce,
    /// Allow or reject this and all that comes: never ours to say.
    ForEver,
}

/// What an agent wants to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub kind: Kind,
    pub title: String,
    pub paths: Vec<PathBuf>,
    pub command: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    Deny,
    Ask,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    allow: Vec<String>,
    deny: Vec<String>,
}

/// Put to the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Counts up within a hand-off.
    pub number: u64,
    pub text: String,
    /// When it is answered with no.
    pub until: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub at: UnixMs,
    pub what: String,
    pub is_allowed: bool,
    pub by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The table.
    Rule,
    User,
    /// Nobody answered in time.
    Time,
    /// The hand-off was ended meanwhile.
    Cancel,
    /// It offers no answer for this time alone.
    NoSuchAnswer,
}

/// What the settings name beside the kinds: anything that touches a path outside of the worktree.
pub const OUTSIDE: &str = "outside";

/// Passes without a question where the settings say nothing.
const ALLOWED: [Kind; 6] = [Kind::Read, Kind::Edit, Kind::Delete, Kind::Move, Kind::Search, Kind::Think];

impl Kind {
    pub const ALL: [Kind; 9] = [
        Kind::Read,
        Kind::Edit,
        Kind::Delete,
        Kind::Move,
        Kind::Search,
        Kind::Execute,
        Kind::Think,
        Kind::Fetch,
        Kind::Other,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Edit => "edit",
            Kind::Delete => "delete",
            Kind::Move => "move",
            Kind::Search => "search",
            Kind::Execute => "execute",
            Kind::Think => "think",
            Kind::Fetch => "fetch",
            Kind::Other => "other",
        }
    }

    /// Leaves a trace in files.
    pub fn writes(self) -> bool {
        matches!(self, Kind::Edit | Kind::Delete | Kind::Move)
    }
}

impl Policy {
    pub fn new(allow: &[String], deny: &[String]) -> Policy {
        Policy { allow: allow.to_vec(), deny: deny.to_vec() }
    }

    /// `Err` names what is no kind.
    pub fn check(name: &str) -> Result<(), String> {
        let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).chain([OUTSIDE]).collect();
        if known.contains(&name) { Ok(()) } else { Err(format!("`{name}` is none of {}", known.join(", "))) }
    }

    /// A no of the settings beats a yes. What is outside is judged by that, too, and never allowed by its kind alone.
    pub fn judge(&self, wish: &Wish, worktree: &Path) -> Verdict {
        let is_outside = wish.paths.iter().any(|path| !is_within(path, worktree));
        let names = [Some(wish.kind.name()), is_outside.then_some(OUTSIDE)];
        let holds = |list: &[String], name: &str| list.iter().any(|item| item == name);
        if names.iter().flatten().any(|name| holds(&self.deny, name)) {
            return Verdict::Deny;
        }
        let may = holds(&self.allow, wish.kind.name()) || ALLOWED.contains(&wish.kind);
        if may && (!is_outside || holds(&self.allow, OUTSIDE)) { Verdict::Allow } else { Verdict::Ask }
    }
}

impl Wish {
    /// What it is, in one line.
    pub fn describe(&self, worktree: &Path) -> String {
        let path = |path: &PathBuf| path.strip_prefix(worktree).unwrap_or(path).display().to_string();
        let what = match (&self.command, self.paths.first()) {
            (Some(command), _) => command.clone(),
            (None, Some(first)) if self.paths.len() > 1 => format!("{} and {} more", path(first), self.paths.len() - 1),
            (None, Some(first)) => path(first),
            (None, None) => self.title.clone(),
        };
        one_line(&format!("{} {what}", self.kind.name()))
    }
}

/// A question must be read at a glance.
const MAX_LINE: usize = 200;

/// Without line breaks, and not too long.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The answer that means this, for this time alone.
pub fn choose(choices: &[Choice], is_allowed: bool) -> Option<&str> {
    let wanted = if is_allowed { Strength::AllowOnce } else { Strength::RejectOnce };
    choices.iter().find(|choice| choice.strength == wanted).map(|choice| choice.id.as_str())
}

/// Whether a path, relative ones counted from the worktree, ends within it; links are followed as far as there are any.
fn is_within(path: &Path, worktree: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let Some(root) = real(worktree) else { return false };
    let whole = flat(&worktree.join(path));
    let mut rest = PathBuf::new();
    let mut known = whole.as_path();
    loop {
        if let Some(real) = real(known) {
            return flat(&real.join(rest)).starts_with(&root);
        }
        let (Some(parent), Some(name)) = (known.parent(), known.file_name()) else { return false };
        rest = Path::new(name).join(rest);
        known = parent;
    }
}

/// Without `.` and `..`, by the letters alone.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(flat.pop()),
            Component::CurDir => {}
            part => flat.push(part),
        }
    }
    flat
}
