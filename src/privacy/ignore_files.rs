//! Ignore files, read at every question: they change while the server runs, and a question is rare (a file is opened).
//!
//! Precedence is that of ripgrep and git. Of the kinds of ignore file the first in [`Rules::new`] that says anything
//! decides; within a kind the folder nearest to the path; within a file the last line. What lies in an ignored folder
//! is ignored, whatever is said of it.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::Denied;

pub(super) fn check(root: Option<&Path>, path: &Path) -> Result<(), Denied> {
    let path = match root {
        Some(root) => root.join(path),
        None => path.to_owned(),
    };
    let top = top(root, &path);
    let rules = Rules::new(&top, &path);
    let mut below: Vec<&Path> = path.ancestors().take_while(|ancestor| *ancestor != top).collect();
    below.reverse();
    below.iter().try_for_each(|entry| rules.judge(entry, *entry != path))
}

/// The folder from which ignore files count: the repository's root or `root`, whichever is further up.
fn top(root: Option<&Path>, path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    let repository = folder.ancestors().find(|ancestor| ancestor.join(".git").exists());
    let root = root.filter(|root| path.starts_with(root));
    [repository, root].into_iter().flatten().min_by_key(|top| top.components().count()).unwrap_or(folder).to_owned()
}

/// The matchers that may speak of a path, by kind, first kind first; within a kind the innermost folder first.
struct Rules {
    kinds: Vec<Vec<Gitignore>>,
}

impl Rules {
    fn new(top: &Path, path: &Path) -> Rules {
        let folder = path.parent().unwrap_or(path);
        let folders: Vec<&Path> = folder.ancestors().take_while(|ancestor| ancestor.starts_with(top)).collect();
        let kind = |name: &str| folders.iter().filter_map(|folder| read(folder, &folder.join(name))).collect();
        let global = ignore::gitignore::gitconfig_excludes_path().and_then(|file| read(top, &file));
        Rules {
            kinds: vec![
                kind(".foretypeignore"),
                kind(".ignore"),
                kind(".gitignore"),
                kind(".git/info/exclude"),
                global.into_iter().collect(),
            ],
        }
    }

    fn judge(&self, entry: &Path, is_folder: bool) -> Result<(), Denied> {
        for matcher in self.kinds.iter().flatten() {
            // A matcher knows only what lies below its own folder.
            if !entry.starts_with(matcher.path()) || entry == matcher.path() {
                continue;
            }
            match matcher.matched(entry, is_folder) {
                Match::None => {}
                Match::Whitelist(_) => return Ok(()),
                Match::Ignore(glob) => {
                    let file = glob.from().unwrap_or(matcher.path()).to_owned();
                    return Err(Denied::Ignored { file, glob: glob.original().to_owned() });
                }
            }
        }
        Ok(())
    }
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
