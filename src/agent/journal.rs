//! The log of a hand-off as a Markdown document that grows: what was asked, what the agent said and did, what was decided.
//!
//! It lies in the hand-off's folder and is the user's alone. What looks like a secret is not written, nor is any value
//! that was handed to the agent in its environment.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::privacy;

pub struct Journal {
    file: File,
    /// Must not appear.
    hidden: Vec<String>,
    /// The agent's words since the last line break.
    line: String,
    last: Last,
    n_bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Said,
    Thought,
    Entry,
}

/// An agent that repeats itself for hours must not fill the disk.
const MAX_BYTES: usize = 8 << 20;

/// A line of a minified file, quoted.
const MAX_LINE: usize = 4 << 10;

/// Shorter values are no secrets, and would riddle the text.
const MIN_HIDDEN: usize = 8;

pub fn path(folder: &Path) -> PathBuf {
    folder.join("log.md")
}

impl Journal {
    pub fn open(folder: &Path, hidden: Vec<String>) -> io::Result<Journal> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.append(true).create(true).open(path(folder))?;
        let hidden = hidden.into_iter().filter(|value| value.len() >= MIN_HIDDEN).collect();
        Ok(Journal { file, hidden, line: String::new(), last: Last::Entry, n_bytes: 0 })
    }

    /// A heading and what stands under it.
    pub fn section(&mut self, heading: &str, text: &str) {
        self.finish_line();
        self.write(&format!("\n## {heading}\n\n{}\n", text.trim_end()));
        self.last = Last::Said;
    }

    /// One line of a list.
    pub fn entry(&mut self, text: &str) {
        self.finish_line();
        let gap = if self.last == Last::Entry { "" } else { "\n" };
        self.write(&format!("{gap}- {}\n", text.replace('\n', " ")));
        self.last = Last::Entry;
    }

    pub fn said(&mut self, piece: &str) {
        self.piece(piece, Last::Said);
    }

    pub fn thought(&mut self, piece: &str) {
        self.piece(piece, Last::Thought);
    }

    /// Written line by line: a secret may come in pieces.
    fn piece(&mut self, piece: &str, kind: Last) {
        if self.last != kind {
            self.finish_line();
            self.write("\n");
            self.last = kind;
        }
        self.line.push_str(piece);
        while let Some(end) = self.line.find('\n') {
            let line: String = self.line.drain(..=end).collect();
            self.write_line(&line);
        }
        if self.line.len() > MAX_LINE {
            self.finish_line();
        }
    }

    fn write_line(&mut self, line: &str) {
        let quote = if self.last == Last::Thought { "> " } else { "" };
        self.write(&format!("{quote}{line}"));
    }

    pub fn finish_line(&mut self) {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.write_line(&format!("{line}\n"));
        }
    }

    fn write(&mut self, text: &str) {
        if self.n_bytes > MAX_BYTES {
            return;
        }
        let text = self.clean(text);
        self.n_bytes += text.len();
        let cut = if self.n_bytes > MAX_BYTES { "\n\nThe log has become too long, and ends here.\n" } else { "" };
        // A full disk must not end the work.
        let _ = self.file.write_all(text.as_bytes()).and_then(|()| self.file.write_all(cut.as_bytes()));
    }

    /// Without what looks like a secret.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_string();
        for value in &self.hidden {
            text = text.replace(value, "[hidden]");
        }
        for found in privacy::leaving(&text).into_iter().rev() {
            text.replace_range(found.range, "[hidden]");
        }
        text
    }
}
