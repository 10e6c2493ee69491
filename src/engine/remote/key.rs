//! An endpoint's key: read when it is needed, kept in memory only, printed nowhere.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use secrecy::SecretString;

use super::keyring;
use crate::engine::{Cause, Failure};

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// None is needed.
    Nowhere,
    /// An environment variable's name.
    Variable(String),
    /// A program with its arguments; the first line of what it prints.
    Command(Vec<String>),
    /// A name in the system's keyring.
    Keyring(String),
}

/// A program that asks for a passphrase has so long.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub struct Key {
    source: Source,
    held: Mutex<Option<SecretString>>,
}

impl Key {
    pub fn new(source: Source) -> Key {
        Key { source, held: Mutex::default() }
    }

    /// `None` where none is needed. Blocks while a program runs or a keyring is unlocked, the first time.
    pub fn get(&self) -> Result<Option<SecretString>, Failure> {
        let mut held = self.held.lock();
        if held.is_none() {
            *held = self.read()?;
        }
        Ok(held.clone())
    }

    /// It was refused: the next one may be another. False where that cannot be.
    pub fn forget(&self) -> bool {
        *self.held.lock() = None;
        matches!(self.source, Source::Command(_) | Source::Keyring(_))
    }

    fn read(&self) -> Result<Option<SecretString>, Failure> {
        let missing = |why: String| Failure::new(Cause::Unauthorised, why);
        let key = match &self.source {
            Source::Nowhere => return Ok(None),
            Source::Variable(name) => std::env::var(name).map_err(|_| {
                missing(format!("the environment variable {name} with the key is not set where the editor was started"))
            })?,
            Source::Command(command) => run(command).map_err(missing)?,
            Source::Keyring(name) => keyring::read(name).map_err(missing)?,
        };
        checked(&key).map(Some).map_err(missing)
    }
}

/// The key in the first line of a text. `Err` is a sentence for the user.
pub fn checked(text: &str) -> Result<SecretString, String> {
    let key = text.lines().next().unwrap_or_default().trim();
    // Nothing else can stand in a header.
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the key is empty, or holds more than letters, digits and signs".to_string());
    }
    Ok(SecretString::from(key))
}

fn run(command: &[String]) -> Result<String, String> {
    let (program, arguments) = command.split_first().ok_or("`key_command` is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`key_command` cannot be run: {program}: {error}"))?;
    let started = Instant::now();
    // A key fits the pipe, so that the program never waits for us.
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < PATIENCE => std::thread::sleep(LOOK_EVERY),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`key_command` ({program}) took more than {} s", PATIENCE.as_secs()));
            }
        }
    };
    let output = child.wait_with_output().map_err(|error| format!("`key_command` ({program}): {error}"))?;
    if !status.success() {
        return Err(format!("`key_command` ({program}) failed: {status}"));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`key_command` ({program}) prints no text"))
}
