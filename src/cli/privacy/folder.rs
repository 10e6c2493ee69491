//! A folder's files, counted by their level.

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::{Rules, level_name, shown};
use crate::cli::output::{Output, Style};
use crate::privacy::{Kept, Level};

#[derive(Serialize)]
pub struct Summary {
    path: String,
    /// Files that no rule keeps on this machine.
    n_may_leave: usize,
    /// What stays on this machine; a folder that is ignored counts once.
    n_local: usize,
    n_blocked: usize,
    /// Folders that cannot be read.
    n_unreadable: usize,
    /// Of the blocked ones and of the ignored folders, the first.
    listed: Vec<Listed>,
    /// Everything was looked at.
    is_complete: bool,
    #[serde(skip)]
    remote_enabled: bool,
}

#[derive(Serialize)]
struct Listed {
    path: String,
    level: &'static str,
    why: String,
}

/// More are counted, not listed.
const MAX_LISTED: usize = 20;

/// A larger tree is not looked at to its end.
const MAX_ENTRIES: usize = 20_000;

/// No files of the user's, and many.
const REPOSITORIES: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

impl Summary {
    pub fn of(rules: &Rules, folder: &Path, name: String) -> Summary {
        let mut summary = Summary {
            path: name,
            n_may_leave: 0,
            n_local: 0,
            n_blocked: 0,
            n_unreadable: 0,
            listed: Vec::new(),
            is_complete: true,
            remote_enabled: rules.settings.remote.enabled,
        };
        let mut folders = VecDeque::from([folder.to_path_buf()]);
        let mut n_entries = 0;
        while let Some(next) = folders.pop_front() {
            let Ok(entries) = fs::read_dir(&next) else {
                summary.n_unreadable += 1;
                continue;
            };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                n_entries += 1;
                if n_entries > MAX_ENTRIES {
                    return Summary { is_complete: false, ..summary };
                }
                summary.look_at(rules, folder, path, &mut folders);
            }
        }
        summary
    }

    fn look_at(&mut self, rules: &Rules, top: &Path, path: PathBuf, folders: &mut VecDeque<PathBuf>) {
        // Links to folders are not followed, so that it ends.
        let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        if is_folder {
            let is_repository =
                path.file_name().and_then(|name| name.to_str()).is_some_and(|n| REPOSITORIES.contains(&n));
            match rules.privacy.level(rules.root.as_deref(), &path) {
                _ if is_repository => {}
                // What is in it is at most as free.
                level @ (Level::Blocked(_) | Level::Local(Kept::Ignored(_))) => self.add(top, &path, &level, true),
                _ => folders.push_back(path),
            }
            return;
        }
        let Ok(metadata) = path.metadata() else { return };
        if metadata.is_file() {
            let level = rules.judge(&path, metadata.len()).level;
            self.add(top, &path, &level, false);
        }
    }

    fn add(&mut self, top: &Path, path: &Path, level: &Level, is_folder: bool) {
        match level {
            Level::Blocked(_) => self.n_blocked += 1,
            Level::Local(_) => self.n_local += 1,
            Level::MayLeave => self.n_may_leave += 1,
        }
        let is_worth = is_folder || matches!(level, Level::Blocked(_));
        if is_worth && self.listed.len() < MAX_LISTED {
            let end = if is_folder { "/" } else { "" };
            let path = format!("{}{end}", path.strip_prefix(top).unwrap_or(path).display());
            self.listed.push(Listed { path, level: level_name(level), why: level.to_string() });
        }
    }

    pub fn print(&self, output: &mut Output) -> Result<()> {
        writeln!(output, "{}", output.paint(Style::Bold, &self.path))?;
        let counts = [("may_leave", self.n_may_leave), ("local", self.n_local), ("blocked", self.n_blocked)];
        for (level, n) in counts {
            writeln!(output, "  {n:6}  {}", shown(level))?;
        }
        for Listed { path, level, why } in &self.listed {
            writeln!(output, "  {}: {}: {why}", output.paint(Style::Bold, path), shown(level))?;
        }
        let n_unlisted = self.n_blocked.saturating_sub(self.listed.iter().filter(|of| of.level == "blocked").count());
        if n_unlisted > 0 {
            writeln!(output, "  and {n_unlisted} more that are blocked")?;
        }
        if self.n_unreadable > 0 {
            writeln!(output, "  {} folders cannot be read", self.n_unreadable)?;
        }
        if !self.is_complete {
            writeln!(output, "  only the first {MAX_ENTRIES} entries were looked at; give a folder further down")?;
        }
        if !self.remote_enabled {
            writeln!(output, "  remote engines are off (`remote.enabled`), so nothing is sent")?;
        }
        Ok(())
    }
}
