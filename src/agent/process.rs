//! An agent's process and all that it starts: begun in a group of its own, ended whole.
//!
//! Agents are programs of runtimes that start more programs, and some of these leave the group. So what belongs to a
//! hand-off carries its mark in the environment, and on Linux whatever carries it is ended with it. When this process
//! dies, the system ends the agent (Linux), or its input does.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// In the environment of an agent and all its children.
pub const MARK: &str = "FORETYPE_HANDOFF";

/// From one step of the ladder to the next: asked, told (SIGTERM), made (SIGKILL).
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Of what it writes to its log, the last lines, and no longer ones.
const TAIL_LINES: usize = 40;
const TAIL_LINE: u64 = 4 << 10;

/// Rounds of looking for what carries a mark: who is killed may have forked the moment before.
const MAX_ROUNDS: usize = 20;
const ROUND: Duration = Duration::from_millis(5);

pub struct Launch {
    pub command: PathBuf,
    pub args: Vec<String>,
    /// All of it: nothing else is inherited.
    pub environment: Vec<(OsString, OsString)>,
    pub folder: PathBuf,
    pub mark: String,
}

pub struct Process {
    child: Child,
    /// Also the group's.
    pid: u32,
    mark: String,
    log: Arc<Mutex<VecDeque<String>>>,
    is_over: bool,
}

impl Process {
    /// Must be called on a thread that lives as long as this process: the system takes that thread's end for ours.
    /// `Err` is a sentence for the user.
    pub fn start(launch: &Launch) -> Result<(Process, ChildStdin, ChildStdout), String> {
        let mut command = Command::new(&launch.command);
        command.args(&launch.args).current_dir(&launch.folder).env_clear().envs(launch.environment.iter().cloned());
        command.env(MARK, &launch.mark);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        #[cfg(unix)]
        crate::priority::lower_program(&mut command);
        #[cfg(target_os = "linux")]
        die_with_us(&mut command);
        let mut child = command.spawn().map_err(|error| why(&launch.command, &error))?;
        let lost = || "its streams could not be opened".to_string();
        let (stdin, stdout) = (child.stdin.take().ok_or_else(lost)?, child.stdout.take().ok_or_else(lost)?);
        let log = Arc::<Mutex<VecDeque<String>>>::default();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(keep_tail(stderr, log.clone()));
        }
        let pid = child.id().ok_or_else(lost)?;
        Ok((Process { child, pid, mark: launch.mark.clone(), log, is_over: false }, stdin, stdout))
    }

    /// Until it has ended by itself.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// The last that it wrote to its log.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().iter().cloned().collect()
    }

    /// Its input must be closed by now. It gets `leave` to end by itself, then [`PATIENCE`] after being told to; nothing
    /// of it is there afterwards.
    pub async fn end(mut self, leave: Duration) {
        if tokio::time::timeout(leave, self.child.wait()).await.is_err() {
            self.tell();
            let _ = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        }
        self.kill();
        let _ = self.child.wait().await;
        self.is_over = true;
        end_marked_async(&self.mark).await;
    }

    #[cfg(unix)]
    fn tell(&self) {
        signal(self.pid, rustix::process::Signal::TERM);
    }

    #[cfg(unix)]
    fn kill(&mut self) {
        signal(self.pid, rustix::process::Signal::KILL);
    }

    /// There is no asking there.
    #[cfg(not(unix))]
    fn tell(&mut self) {
        let _ = self.child.start_kill();
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {
        let _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_over {
            self.kill();
            end_marked(&self.mark);
        }
    }
}

#[cfg(unix)]
fn signal(group: u32, signal: rustix::process::Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        // Gone is what it should be.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

#[cfg(target_os = "linux")]
fn die_with_us(command: &mut Command) {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let us = rustix::process::getpid();
    let before_exec = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // We may have died before that.
        if getppid() == Some(us) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(before_exec);
    }
}

fn why(command: &Path, error: &io::Error) -> String {
    let command = command.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("`{command}` was not found; install it, or give its path as `command`"),
        io::ErrorKind::PermissionDenied => format!("`{command}` may not be run; make it executable"),
        _ => format!("`{command}` cannot be started: {error}"),
    }
}

async fn keep_tail(stderr: impl AsyncRead + Unpin, log: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(TAIL_LINE).read_until(b'\n', &mut line).await {
            Ok(1..) => {}
            _ => return,
        }
        let mut log = log.lock();
        if log.len() == TAIL_LINES {
            log.pop_front();
        }
        log.push_back(String::from_utf8_lossy(&line).trim_end().to_string());
    }
}

/// Ends whatever carries the mark; returns how many that were.
#[cfg(target_os = "linux")]
pub fn end_marked(mark: &str) -> usize {
    let mut n_ended = 0;
    for _ in 0..MAX_ROUNDS {
        let n_found = kill_marked(mark);
        if n_found == 0 {
            break;
        }
        n_ended += n_found;
        std::thread::sleep(ROUND);
    }
    n_ended
}

#[cfg(target_os = "linux")]
async fn end_marked_async(mark: &str) {
    for _ in 0..MAX_ROUNDS {
        if kill_marked(mark) == 0 {
            return;
        }
        tokio::time::sleep(ROUND).await;
    }
}

/// Elsewhere the group is all that is known.
#[cfg(not(target_os = "linux"))]
pub fn end_marked(_mark: &str) -> usize {
    0
}

#[cfg(not(target_os = "linux"))]
async fn end_marked_async(_mark: &str) {}

#[cfg(target_os = "linux")]
fn kill_marked(mark: &str) -> usize {
    let pids = marked(mark);
    for pid in &pids {
        if let Some(pid) = rustix::process::Pid::from_raw(*pid) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
    pids.len()
}

/// Processes that carry it. One that has ended and waits for its parent has no environment any more.
#[cfg(target_os = "linux")]
fn marked(mark: &str) -> Vec<i32> {
    if mark.is_empty() {
        return Vec::new();
    }
    let entry = format!("{MARK}={mark}");
    let carries = |pid: &i32| {
        // Others' are not readable, and none of ours.
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes())
    };
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(carries).collect()
}
