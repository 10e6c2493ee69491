//! Ignore files, read at every question: they change while the server runs, and a question is rare (a file is opened).
//!
//! Precedence is that of ripgrep and git. Of the kinds of ignore file the first in [`Rules::new`] that says anything
//! decides; within a kind the folder nearest to the path; within a file the last line. What lies in an ignored folder
//! is ignored, whatever is said of it. Only, a `!` of one kind does not undo what another keeps on this machine: these
//! files come with the code of strangers, and may tighten that but never loosen it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, Glob};

use super::IgnoreLine;

/// What the ignore files say of a path.
#[derive(Default)]
pub(super) struct Said {
    /// The line for which it is not learned from.
    pub unread: Option<IgnoreLine>,
    /// The line of a `.foretypeignore` that names it.
    pub ours: Option<IgnoreLine>,
    /// The line of git's or another tool's ignore files that names it.
    pub others: Option<IgnoreLine>,
}

/// What was read, for questions that follow each other closely; a fresh one for any other.
#[derive(Default)]
pub(super) struct Reader {
    tops: HashMap<PathBuf, PathBuf>,
    files: HashMap<PathBuf, Option<Arc<Gitignore>>>,
}

pub(super) fn judge(root: Option<&Path>, path: &Path) -> Said {
    Reader::default().judge(root, path)
}

impl Reader {
    pub fn judge(&mut self, root: Option<&Path>, path: &Path) -> Said {
        let path = match root {
            Some(root) => root.join(path),
            None => path.to_owned(),
        };
        let folder = path.parent().unwrap_or(&path);
        if !self.tops.contains_key(folder) {
            self.tops.insert(folder.to_owned(), top(root, &path));
        }
        let top = self.tops[folder].clone();
        let rules = Rules::new(self, &top, &path);
        let mut below: Vec<&Path> = path.ancestors().take_while(|ancestor| *ancestor != top).collect();
        below.reverse();
        let mut said = Said::default();
        for entry in below {
            rules.judge(entry, entry != path || path.is_dir(), &mut said);
        }
        said
    }

    fn read(&mut self, folder: &Path, file: PathBuf) -> Option<Arc<Gitignore>> {
        let read = |file: &PathBuf| read(folder, file).map(Arc::new);
        self.files.entry(file).or_insert_with_key(read).clone()
    }
}

/// The folder from which ignore files count: the repository's root or `root`, whichever is further up.
fn top(root: Option<&Path>, path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    let repository = folder.ancestors().find(|ancestor| ancestor.join(".git").exists());
    let root = root.filter(|root| path.starts_with(root));
    [repository, root].into_iter().flatten().min_by_key(|top| top.components().count()).unwrap_or(folder).to_owned()
}

/// The matchers that may speak of a path; within a kind the innermost folder first.
struct Rules {
    ours: Vec<Arc<Gitignore>>,
    tools: Vec<Arc<Gitignore>>,
    git: Vec<Arc<Gitignore>>,
}

impl Rules {
    fn new(reader: &mut Reader, top: &Path, path: &Path) -> Rules {
        let folder = path.parent().unwrap_or(path);
        let folders: Vec<&Path> = folder.ancestors().take_while(|ancestor| ancestor.starts_with(top)).collect();
        let mut kind = |name: &str| -> Vec<Arc<Gitignore>> {
            folders.iter().filter_map(|folder| reader.read(folder, folder.join(name))).collect()
        };
        let (ours, tools) = (kind(".foretypeignore"), kind(".ignore"));
        let mut git = [kind(".gitignore"), kind(".git/info/exclude")].concat();
        git.extend(ignore::gitignore::gitconfig_excludes_path().and_then(|file| reader.read(top, file)));
        Rules { ours, tools, git }
    }

    fn judge(&self, entry: &Path, is_folder: bool, said: &mut Said) {
        let verdicts = [&self.ours, &self.tools, &self.git].map(|kind| first(kind, entry, is_folder));
        let line = |verdict: &Match<&Glob>| if let Match::Ignore(glob) = verdict { Some(line_of(glob)) } else { None };
        let [ours, tools, git] = verdicts.each_ref().map(line);
        let unread = verdicts.iter().find(|verdict| !verdict.is_none()).and_then(line);
        said.unread = said.unread.take().or(unread);
        said.ours = said.ours.take().or(ours);
        said.others = said.others.take().or(tools).or(git);
    }
}

/// What the first matcher says that says anything.
fn first<'a>(kind: &'a [Arc<Gitignore>], entry: &Path, is_folder: bool) -> Match<&'a Glob> {
    // A matcher knows only what lies below its own folder.
    let knows = |matcher: &&Arc<Gitignore>| entry.starts_with(matcher.path()) && entry != matcher.path();
    let said = kind.iter().filter(knows).map(|matcher| matcher.matched(entry, is_folder));
    said.into_iter().find(|verdict| !verdict.is_none()).unwrap_or(Match::None)
}

/// Where a glob stands. The file was read a moment ago; where it has changed since, the line is not known.
fn line_of(glob: &Glob) -> IgnoreLine {
    let file = glob.from().unwrap_or(Path::new("")).to_owned();
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let number = text.lines().enumerate().filter(|(_, line)| line.trim_end() == glob.original()).last();
    IgnoreLine { file, line: number.map(|(i, _)| i + 1), glob: glob.original().to_owned() }
}

/// The rules of one ignore file, relative to `folder`; a line that is no glob is skipped, as git does.
fn read(folder: &Path, file: &Path) -> Option<Gitignore> {
    if !file.is_file() {
        return None;
    }
    let mut builder = GitignoreBuilder::new(folder);
    builder.add(file);
    builder.build().ok()
}
