//! Files and places as a person names them: checked once, here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::text::Text;

/// A file that is read. It is judged by both of its names.
pub struct File {
    /// As the user said it, made absolute.
    pub named: PathBuf,
    /// Without links: where it really is.
    pub path: PathBuf,
    pub text: String,
}

/// A cursor in a file.
pub struct Place {
    pub file: File,
    /// Bytes.
    pub offset: usize,
}

/// A larger file is not even read; no one edits such a file.
const MAX_BYTES: u64 = 256 << 20;

/// What marks the root of a project: a repository, or our own settings.
const ROOT_MARKERS: [&str; 5] = [".git", ".hg", ".jj", ".svn", crate::config::WORKSPACE_FILE];

impl File {
    pub fn read(named: &Path) -> Result<File> {
        let name = named.display();
        let path = fs::canonicalize(named)
            .map_err(|error| anyhow!("{name}: {error}. Give the path of a file, from this folder or absolute"))?;
        let metadata = fs::metadata(&path).with_context(|| format!("{name}"))?;
        if metadata.is_dir() {
            bail!("{name}: this is a folder. Give the path of a file in it");
        }
        if !metadata.is_file() {
            bail!("{name}: this is not a regular file. Give the path of a file of text");
        }
        if metadata.len() > MAX_BYTES {
            bail!("{name}: {} bytes are more than the limit of {MAX_BYTES}. Give a smaller file", metadata.len());
        }
        let bytes = fs::read(&path).map_err(|error| anyhow!("{name}: {error}. Make the file readable for you"))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            anyhow!("{name}: byte {} is not UTF-8. Convert the file to UTF-8, or give another one", at + 1)
        })?;
        Ok(File { named: std::path::absolute(named)?, path, text })
    }
}

impl Place {
    /// Reads `FILE:LINE:COL`. The file's name may hold colons: line and column are taken from the right.
    pub fn read(place: &str) -> Result<Place> {
        let shape = || anyhow!("`{place}` names no place. Write FILE:LINE:COL, such as src/main.rs:12:5");
        let (rest, column) = place.rsplit_once(':').ok_or_else(shape)?;
        let (file, line) = rest.rsplit_once(':').ok_or_else(shape)?;
        let (line, column): (usize, usize) = match (line.parse(), column.parse()) {
            (Ok(line), Ok(column)) if !file.is_empty() => (line, column),
            _ => return Err(shape()),
        };
        let file = File::read(Path::new(file))?;
        let offset = offset(&file.text, line, column).with_context(|| place.to_string())?;
        Ok(Place { file, offset })
    }
}

/// The byte offset of a 1-based line and a 1-based column in bytes.
fn offset(text: &str, line: usize, column: usize) -> Result<usize> {
    if line == 0 || column == 0 {
        bail!("lines and columns count from 1. Write 1 for the first");
    }
    let lines = Text::new(text);
    if line > lines.n_lines() {
        bail!("line {line} is past the end. The file has {} lines", lines.n_lines());
    }
    let range = lines.line_range(line - 1);
    let offset = range.start.saturating_add(column - 1);
    if offset > range.end {
        bail!("column {column} is past the end of line {line}. Its last column is {}", range.len() + 1);
    }
    if !text.is_char_boundary(offset) {
        let start = text.floor_char_boundary(offset) - range.start + 1;
        let end = text.ceil_char_boundary(offset) - range.start + 1;
        bail!("column {column} is inside a character. Columns count bytes: take {start} or {end}");
    }
    Ok(offset)
}

/// The root of the project that `folder`, a path without links, belongs to: the nearest folder up with a root marker,
/// else `folder` itself. A home or a whole disk is nobody's project, unless it is marked as one.
pub fn root_of(folder: &Path) -> Option<PathBuf> {
    let is_root = |folder: &&Path| ROOT_MARKERS.iter().any(|marker| folder.join(marker).exists());
    if let Some(root) = folder.ancestors().find(is_root) {
        return Some(root.to_path_buf());
    }
    let is_home = etcetera::home_dir().is_ok_and(|home| fs::canonicalize(home).is_ok_and(|home| home == folder));
    (!is_home && folder.parent().is_some()).then(|| folder.to_path_buf())
}
