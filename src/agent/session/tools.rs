//! What the agent does, call by call: told of again and again, in any order, each time with a part of it.

use std::time::Instant;

use super::Session;
use crate::agent::acp::{Status, ToolUpdate};
use crate::agent::permissions::{Kind, Wish};

#[derive(Clone, Debug)]
pub struct Tool {
    pub wish: Wish,
    pub status: Status,
    pub since: Instant,
    is_logged: bool,
}

/// Calls that are remembered; far more than any turn has.
const MAX_TOOLS: usize = 4096;

impl Session {
    /// The call as it is now known, with what this update adds.
    pub fn merge(&mut self, update: ToolUpdate) -> &mut Tool {
        if self.tools.len() >= MAX_TOOLS && !self.tools.contains_key(&update.id) {
            self.tools.retain(|_, tool| matches!(tool.status, Status::Pending | Status::Running));
        }
        let tool = self.tools.entry(update.id).or_insert_with(|| Tool {
            wish: Wish { kind: Kind::Other, title: String::new(), paths: Vec::new(), command: None },
            status: Status::Pending,
            since: Instant::now(),
            is_logged: false,
        });
        tool.wish.kind = update.kind.unwrap_or(tool.wish.kind);
        tool.wish.title =
            update.title.filter(|title| !title.is_empty()).unwrap_or(std::mem::take(&mut tool.wish.title));
        tool.wish.command = update.command.or(tool.wish.command.take());
        tool.status = update.status.unwrap_or(tool.status);
        tool.wish.paths.extend(update.paths);
        tool.wish.paths.sort();
        tool.wish.paths.dedup();
        tool
    }

    pub fn did(&mut self, update: ToolUpdate) {
        let tool = self.merge(update);
        let is_over = matches!(tool.status, Status::Done | Status::Failed);
        let is_news = is_over && !tool.is_logged;
        tool.is_logged |= is_over;
        let Tool { wish, status, .. } = tool.clone();
        let line = self.journal.clean(&wish.describe(&self.setup.worktree));
        if is_news {
            let failed = if status == Status::Failed { " (failed)" } else { "" };
            self.journal.entry(&format!("{line}{failed}"));
        }
        if status == Status::Done && wish.kind.writes() {
            for path in &wish.paths {
                if let Ok(path) = path.strip_prefix(&self.setup.worktree)
                    && !self.hand_off.files.iter().any(|known| known == path)
                {
                    self.hand_off.files.push(path.to_path_buf());
                }
            }
        }
        self.hand_off.tool = if is_over { String::new() } else { line };
    }
}
