//! Runs the `git` program, with nothing of the environment that would point it elsewhere, and never for longer than a
//! limit.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// One way to call it: on which repository, with whose settings.
#[derive(Clone)]
pub struct Git {
    folder: PathBuf,
    variables: Vec<(&'static str, PathBuf)>,
}

/// Why a call came to nothing. `Display` gives the sentence for the user.
#[derive(Debug)]
pub enum Failure {
    Missing,
    TooSlow,
    /// What it said on its standard error.
    Said(String),
    Io(io::Error),
}

const LIMIT: Duration = Duration::from_secs(300);

/// None of the user's hooks or watchers runs on our account.
const ALWAYS: [&str; 4] = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"];

impl Git {
    /// On the repository around a folder of the user's, with the user's settings, to read from.
    pub fn of(folder: &Path) -> Git {
        Git { folder: folder.to_owned(), variables: Vec::new() }
    }

    /// On a repository of ours, with nobody's settings but its own. `tree` is where its files are.
    pub fn own(store: &Path, tree: &Path) -> Git {
        let variables = vec![("GIT_DIR", store.to_owned()), ("GIT_WORK_TREE", tree.to_owned())];
        Git { folder: tree.to_owned(), variables }.without_settings()
    }

    /// With neither the user's settings nor the system's.
    pub fn without_settings(mut self) -> Git {
        let none = if cfg!(windows) { "NUL" } else { "/dev/null" };
        self.variables.push(("GIT_CONFIG_GLOBAL", none.into()));
        self.variables.push(("GIT_CONFIG_NOSYSTEM", "1".into()));
        self
    }

    pub fn with_index(mut self, index: &Path) -> Git {
        self.variables.push(("GIT_INDEX_FILE", index.to_owned()));
        self
    }

    /// What it prints.
    pub fn run<I, S>(&self, arguments: I) -> Result<Vec<u8>, Failure>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.feed(arguments, |_| Ok(()))
    }

    /// What it prints, without the end of the line.
    pub fn line<I, S>(&self, arguments: I) -> Result<String, Failure>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let printed = self.run(arguments)?;
        Ok(String::from_utf8_lossy(&printed).trim_end_matches(['\r', '\n']).to_string())
    }

    /// What it prints when it is given `write`'s output.
    pub fn feed<I, S>(
        &self,
        arguments: I,
        write: impl FnOnce(&mut ChildStdin) -> io::Result<()>,
    ) -> Result<Vec<u8>, Failure>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut child = self.command(arguments).spawn().map_err(|error| match error.kind() {
            // The folder may be what is missing, too.
            io::ErrorKind::NotFound if self.folder.is_dir() => Failure::Missing,
            _ => Failure::Io(error),
        })?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else { return Err(Failure::Missing) };
        let (stdout, stderr) = (thread::spawn(|| all(stdout)), thread::spawn(|| all(stderr)));
        let child = Arc::new(Mutex::new(child));
        let (done, watched) = (channel::<()>(), child.clone());
        let watch = thread::spawn(move || {
            let is_late = done.1.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout);
            is_late && watched.lock().kill().is_ok()
        });
        let written = write(&mut stdin);
        drop(stdin);
        let (printed, said) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
        drop(done.0);
        let was_late = watch.join().unwrap_or_default();
        let status = child.lock().wait().map_err(Failure::Io)?;
        if was_late {
            return Err(Failure::TooSlow);
        }
        if !status.success() {
            return Err(Failure::Said(said_last(&said)));
        }
        // A program that failed has said more about it than a broken pipe does.
        written.map_err(Failure::Io)?;
        Ok(printed)
    }

    fn command<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
            command.env_remove(name);
        }
        // Reading must not refresh the user's index; nobody is there to be asked.
        command.envs([("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0"), ("LC_ALL", "C")]);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(ALWAYS).args(arguments).current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

fn all(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before it broke is still worth showing.
    let _ = pipe.read_to_end(&mut bytes);
    bytes
}

/// The last lines, where the cause stands.
fn said_last(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("hint:")).collect();
    lines[lines.len().saturating_sub(3)..].join("; ")
}

/// Parts that each end with a NUL.
pub fn parts(printed: &[u8]) -> impl Iterator<Item = &[u8]> {
    printed.split(|byte| *byte == 0).filter(|part| !part.is_empty())
}

/// A path as git prints it with `-z`.
pub fn path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// A path as git wants it: its bytes, with slashes.
pub fn bytes(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes().to_vec();
    if cfg!(windows) { bytes.into_iter().map(|byte| if byte == b'\\' { b'/' } else { byte }).collect() } else { bytes }
}

/// A path in the quotes that git takes off: every byte that is not plain text in octal.
pub fn quoted(path: &Path, to: &mut impl Write) -> io::Result<()> {
    to.write_all(b"\"")?;
    for byte in bytes(path) {
        match byte {
            b'"' | b'\\' => to.write_all(&[b'\\', byte])?,
            b' '..=b'~' => to.write_all(&[byte])?,
            _ => write!(to, "\\{byte:03o}")?,
        }
    }
    to.write_all(b"\"")
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Missing => f.write_str("the program `git` is not found; install it, or put it on the PATH"),
            Failure::TooSlow => write!(f, "git was stopped: it took longer than {} s", LIMIT.as_secs()),
            Failure::Said(said) if said.is_empty() => f.write_str("git failed, and did not say why"),
            Failure::Said(said) => write!(f, "git says: {said}"),
            Failure::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}
