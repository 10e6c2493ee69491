//! What is typed: a stretch that is cut out of a file, chosen by what the text looks like and never by what an engine
//! says to it.

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::pick::{self, Pick};
use crate::cli::input::File;
use crate::cli::session::{Session, Wish};
use crate::document::{Clearance, Snapshot};
use crate::syntax::{Language, Tree};

pub struct Scene {
    /// The file, for people.
    pub name: String,
    /// Whether we chose the file.
    pub is_picked: bool,
    /// The lines of the stretch, 0-based.
    pub lines: Range<usize>,
    /// Without the stretch.
    pub document: Snapshot,
    /// Where the stretch belongs, in bytes.
    pub start: usize,
    /// What is to be typed.
    pub stretch: String,
}

/// More than a minute of typing.
const MAX_STRETCH_LINES: usize = 60;

/// With fewer lines there is nothing around the stretch.
const MIN_LINES: usize = 6;

const SAMPLE: &str = include_str!("sample.py");

impl Scene {
    /// `file`, or one of the current folder, or the sample.
    pub fn open(file: Option<&Path>, wish: &Wish) -> Result<(Session, Scene)> {
        if let Some(file) = file {
            let file = File::read(file)?;
            let session = Session::around(file.path.parent().unwrap_or(Path::new("/")), wish)?.with_warnings();
            let scene = Scene::of_file(&session, &file, &HashSet::new())?;
            return Ok((session, scene));
        }
        let here = std::env::current_dir().context("the current folder cannot be read; go to another one")?;
        let here = fs::canonicalize(&here).unwrap_or(here);
        let session = Session::around(&here, wish)?.with_warnings();
        if let Some(scene) = Scene::picked(&session, &here) {
            return Ok((session, scene));
        }
        let session = Session::open(None, wish)?;
        let document = session.unsaved("sample.py", Some(Path::new("sample.py")), SAMPLE);
        let scene = Scene::cut(document, "sample.py (no code in this folder)", &HashSet::new())?;
        Ok((session, scene))
    }

    fn picked(session: &Session, folder: &Path) -> Option<Scene> {
        let Pick { path, familiar } = pick::pick(session, folder)?;
        let scene = Scene::of_file(session, &File::read(&path).ok()?, &familiar).ok()?;
        Some(Scene { is_picked: true, ..scene })
    }

    fn of_file(session: &Session, file: &File, familiar: &HashSet<String>) -> Result<Scene> {
        let document = session.document(file);
        let name = session.root.as_deref().and_then(|root| file.path.strip_prefix(root).ok()).unwrap_or(&file.path);
        if let Clearance::Denied(denied) = &document.clearance {
            bail!("{}: {denied}", name.display());
        }
        Scene::cut(document, &name.display().to_string(), familiar)
    }

    /// Takes a stretch out of a document: the most familiar one, if any is.
    fn cut(mut document: Snapshot, name: &str, familiar: &HashSet<String>) -> Result<Scene> {
        let text = document.text.to_string();
        let Some(lines) = stretch(&text, document.language, familiar) else {
            bail!("{name}: there is too little text to type. Give a file of more than a few lines");
        };
        let first = document.text.line_range(lines.start);
        // The editor indents the first line.
        let indent = document.text.slice(first.clone());
        let start = first.start + indent.len() - indent.trim_start_matches([' ', '\t']).len();
        drop(indent);
        let end = document.text.line_range(lines.end - 1).end;
        document.text.replace(start..end, "");
        document.tree =
            document.language.and_then(|language| Tree::parse(&document.text, language, None, &mut || false).ok());
        Ok(Scene {
            name: name.to_string(),
            is_picked: false,
            lines,
            document,
            start,
            stretch: text[start..end].to_string(),
        })
    }
}

/// The lines to type: whole items if there are any, familiar, with as little prose as can be, about the middle.
fn stretch(text: &str, language: Option<Language>, familiar: &HashSet<String>) -> Option<Range<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let n_lines = lines.len();
    if n_lines < MIN_LINES {
        return None;
    }
    let n_typed = MAX_STRETCH_LINES.min(n_lines.div_ceil(3));
    let middle = (n_lines - n_typed) / 2;
    let is_start = |start: &usize| !is_blank(lines[*start]) && (*start == 0 || is_blank(lines[*start - 1]));
    let nearby = (n_lines / 4..=n_lines - n_typed).filter(is_start);
    let chosen = nearby.map(|start| start..end(&lines, start, n_typed)).min_by_key(|stretch| {
        let n_prose = lines[stretch.clone()].iter().filter(|line| is_comment(line.trim(), language)).count();
        let new_percent = 100 - (100.0 * pick::share(lines[stretch.clone()].iter().copied(), familiar)) as usize;
        (indent(lines[stretch.start]), new_percent, n_prose, stretch.start.abs_diff(middle))
    });
    let stretch = chosen.unwrap_or(middle..middle + n_typed);
    lines[stretch.clone()].iter().any(|line| !is_blank(line)).then_some(stretch)
}

/// Where a stretch from `start` ends: before a blank line that ends an item, if one comes late enough.
fn end(lines: &[&str], start: usize, n_typed: usize) -> usize {
    let ends_item = |end: &usize| {
        let mut below = lines[*end..].iter();
        let next = below.find(|line| !is_blank(line)).copied().unwrap_or_default();
        !is_blank(lines[*end - 1])
            && lines.get(*end).is_none_or(|line| is_blank(line))
            && indent(next) <= indent(lines[start])
    };
    (start + n_typed / 2..=start + n_typed).rev().filter(|end| *end > start).find(ends_item).unwrap_or(start + n_typed)
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_comment(line: &str, language: Option<Language>) -> bool {
    let opens = language.and_then(Language::line_comment).unwrap_or("#");
    line.starts_with(opens) || ["/*", "*", "\"\"\""].iter().any(|opens| line.starts_with(opens))
}
