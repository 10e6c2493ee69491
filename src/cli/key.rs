//! `foretype key`: an endpoint's key into the system's keyring, and out of it.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context as _, Result, anyhow, bail};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use secrecy::{ExposeSecret, SecretString};

use super::output::{self, Output};
use crate::engine::remote::{checked_key, keyring};

#[derive(clap::Args)]
#[command(after_help = "\
Exit codes: 0 when it is done, 1 when there was no such key to remove.

The key is read from the keyboard and not shown, or from stdin where that is no terminal. It needs a build with the
feature `keyring`.

Examples:
  foretype key set codestral          and then, in the entry of `remote.endpoints`: key_keyring = \"codestral\"
  pass show codestral | foretype key set codestral")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Put a key into the keyring, in the place of the one before
    Set {
        /// What an endpoint's `key_keyring` calls it
        name: String,
    },
    /// Take a key out of the keyring
    Remove { name: String },
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<i32> {
    // Before anybody has pasted a key for nothing.
    keyring::is_built().map_err(|why| anyhow!(why))?;
    match &arguments.command {
        Command::Set { name } => {
            if name.trim().is_empty() {
                bail!("the key needs a name, such as that of its endpoint");
            }
            let key = checked_key(given()?.expose_secret()).map_err(|why| anyhow!(why))?;
            keyring::store(name, key.expose_secret()).map_err(|why| anyhow!(why))?;
            writeln!(output, "The keyring holds it. Name it in its endpoint: key_keyring = \"{name}\"")?;
            Ok(0)
        }
        Command::Remove { name } => {
            let was_there = keyring::remove(name).map_err(|why| anyhow!(why))?;
            let said = if was_there { "The keyring holds it no more." } else { "The keyring holds no such key." };
            writeln!(output, "{said}")?;
            Ok((!was_there).into())
        }
    }
}

/// What the user gives as the key.
fn given() -> Result<SecretString> {
    if io::stdin().is_terminal() {
        output::warn("paste or type the key, which is not shown, and press Enter");
        terminal::enable_raw_mode().context("the terminal cannot hide what is typed; give the key on stdin")?;
        let typed = typed();
        let _ = terminal::disable_raw_mode();
        return typed;
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("stdin cannot be read")?;
    Ok(SecretString::from(line))
}

/// A line from a terminal that shows nothing.
fn typed() -> Result<SecretString> {
    let mut line = String::new();
    loop {
        let Event::Key(KeyEvent { code, modifiers, kind, .. }) = event::read()? else { continue };
        match code {
            _ if kind == KeyEventKind::Release => {}
            KeyCode::Enter => return Ok(SecretString::from(line)),
            KeyCode::Esc => bail!("nothing was changed"),
            KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => bail!("nothing was changed"),
            KeyCode::Char(char) => line.push(char),
            KeyCode::Backspace => drop(line.pop()),
            _ => {}
        }
    }
}
