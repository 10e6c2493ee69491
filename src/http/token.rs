//! The key of the endpoint: made at random on first use, kept in a file that only its user can read.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

/// Never printed but by whoever asks for its [`Token::text`].
pub struct Token(String);

const N_RANDOM_BYTES: usize = 32;
/// A shorter one was not made here, and could be guessed.
const MIN_LEN: usize = 32;

impl Token {
    /// Where the user's is kept; absent without a home.
    pub fn usual_file() -> Option<PathBuf> {
        let folders = etcetera::choose_base_strategy().ok()?;
        let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Some(folder.join("foretype").join("http-token"))
    }

    /// Reads the file, or makes it. Errors name the file and what to do about it.
    pub fn open(path: &Path) -> Result<Token> {
        match fs::read_to_string(path) {
            Ok(text) => Token::read(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Token::make(path),
            Err(error) => Err(error).with_context(|| {
                format!(
                    "the key of the HTTP endpoint cannot be read from {}; delete that file, and a new key is made",
                    path.display()
                )
            }),
        }
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// Takes as long for a wrong one, however wrong it is.
    pub fn is(&self, given: &str) -> bool {
        let (ours, theirs) = (Sha256::digest(&self.0), Sha256::digest(given));
        let difference =
            ours.iter().zip(theirs.iter()).fold(0, |difference, (ours, theirs)| difference | (ours ^ theirs));
        difference == 0
    }

    fn read(path: &Path, text: &str) -> Result<Token> {
        let text = text.trim();
        if text.len() < MIN_LEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("{} holds no key of at least {MIN_LEN} characters; delete it, and a new key is made", path.display());
        }
        only_ours(path)?;
        Ok(Token(text.to_string()))
    }

    /// Whole or not at all: another server may start at this moment. Its key is taken if it was faster.
    fn make(path: &Path) -> Result<Token> {
        let failed =
            || format!("the key of the HTTP endpoint cannot be kept in {}; make that folder writable", path.display());
        let mut random = [0; N_RANDOM_BYTES];
        getrandom::fill(&mut random)
            .map_err(|error| anyhow!("no random numbers for the key of the HTTP endpoint: {error}"))?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(failed)?;
        // Made readable for its user alone.
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
        file.write_all(format!("{text}\n").as_bytes()).with_context(failed)?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(Token(text)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Token::read(path, &fs::read_to_string(path).with_context(failed)?)
            }
            Err(error) => Err(error.error).with_context(failed),
        }
    }
}

#[cfg(unix)]
fn only_ours(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).with_context(|| path.display().to_string())?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("others may read the key in {}; delete that file, and a new key is made", path.display());
    }
    Ok(())
}

/// The user's folders are the user's there.
#[cfg(not(unix))]
fn only_ours(_path: &Path) -> Result<()> {
    Ok(())
}
