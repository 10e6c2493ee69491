//! Steps on the disk, where no editor has the files: each looks once more before it writes, and replaces a file as a whole.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Present, Step, is_same};
use crate::agent::merge::edited;

/// A step failed after others were done. `Display` gives the sentence for the user.
#[derive(Debug)]
pub struct Half {
    pub done: Vec<PathBuf>,
    pub path: PathBuf,
    pub error: io::Error,
}

/// What is at a path.
pub fn on_disk(path: &Path) -> io::Result<Option<Present>> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A file stands where a folder should be.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        metadata => metadata?,
    };
    if metadata.is_dir() {
        return Err(io::Error::other("there is a folder of that name"));
    }
    let is_link = metadata.is_symlink();
    let content = if is_link { fs::read_link(path)?.into_os_string().into_encoded_bytes() } else { fs::read(path)? };
    Ok(Some(Present { content, is_executable: is_executable(&metadata), is_link, version: None }))
}

/// Does the steps, in their order, under `root`.
pub fn carry_out(root: &Path, steps: &[Step]) -> Result<(), Half> {
    let mut done = Vec::new();
    for step in steps {
        let path = root.join(step.path());
        if let Err(error) = one(root, &path, step) {
            return Err(Half { done, path, error });
        }
        done.push(path);
    }
    Ok(())
}

fn one(root: &Path, path: &Path, step: &Step) -> io::Result<()> {
    match step {
        Step::Edit { text, edits, .. } => {
            expect(path, text.as_bytes())?;
            replace(path, edited(text, edits).as_bytes())
        }
        Step::Create { content, is_executable, is_link, .. } => {
            fs::create_dir_all(path.parent().unwrap_or(root))?;
            create(path, content, *is_link)?;
            if *is_executable { set_executable(path, true) } else { Ok(()) }
        }
        Step::Replace { expected, content, is_link, .. } => {
            let was = expect(path, expected)?;
            if *is_link || was.is_link {
                fs::remove_file(path)?;
                create(path, content, *is_link)
            } else {
                replace(path, content)
            }
        }
        Step::Rename { to, .. } => {
            let to = root.join(to);
            fs::create_dir_all(to.parent().unwrap_or(root))?;
            if fs::symlink_metadata(&to).is_ok() {
                return Err(io::Error::other(format!("{} appeared meanwhile", to.display())));
            }
            fs::rename(path, to)
        }
        Step::Delete { expected, .. } => match on_disk(path)? {
            // The buffer of one that has gone may be there still.
            None => Ok(()),
            Some(present) if is_same(&present, expected) => fs::remove_file(path),
            Some(_) => Err(changed()),
        },
        Step::SetExecutable { is_executable, .. } => set_executable(path, *is_executable),
    }
}

fn expect(path: &Path, content: &[u8]) -> io::Result<Present> {
    match on_disk(path)? {
        Some(present) if present.content == content => Ok(present),
        _ => Err(changed()),
    }
}

fn changed() -> io::Error {
    io::Error::other("it was changed meanwhile; apply once more")
}

/// Never over anything that is there; whole, or not at all.
fn create(path: &Path, content: &[u8], is_link: bool) -> io::Result<()> {
    #[cfg(unix)]
    if is_link {
        use std::os::unix::ffi::OsStrExt;
        return std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(content), path);
    }
    // A system without links has their text in a file.
    let _ = is_link;
    let mut builder = tempfile::Builder::new();
    // As any new file, what the user's mask takes away apart.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(content)?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// As a whole, with the mode that it had.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // A link is written through, not replaced.
    let path = path.canonicalize()?;
    let mut file = tempfile::NamedTempFile::new_in(folder_of(&path))?;
    file.write_all(content)?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn set_executable(path: &Path, is_executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    // Who may read may run.
    let mode = if is_executable { mode | (mode & 0o444) >> 2 } else { mode & !0o111 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_executable(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

impl std::fmt::Display for Half {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.error)?;
        if self.done.is_empty() {
            return f.write_str(". Nothing was changed");
        }
        let done: Vec<String> = self.done.iter().map(|path| path.display().to_string()).collect();
        write!(f, ". Already changed: {}. Apply once more for the rest", done.join(", "))
    }
}

impl std::error::Error for Half {}
