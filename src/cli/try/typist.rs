//! A person at the keyboard, who knows what to write and takes what is right.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::scene::Scene;
use super::tally::{Example, Tally};
use crate::cli::session::Session;
use crate::document::Snapshot;
use crate::predictor::{Outcome, Trigger};
use crate::syntax::Tree;

pub struct Typist<'a> {
    session: &'a Session,
    pub document: Snapshot,
    /// Bytes.
    pub cursor: usize,
    /// What is still to be typed.
    left: &'a str,
    /// What is shown after the cursor.
    pub ghost: Option<String>,
    /// What was taken so far, in the order of the text; bytes.
    pub taken: Vec<Range<usize>>,
    pub tally: Tally,
}

/// What the person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Types so many bytes with one key: a character, or a line break with the indentation that an editor adds.
    Type(usize),
    /// Takes the first bytes of what is shown, with so many keys: one for all or for the line, one for each word.
    Take { n_bytes: usize, n_keys: usize },
}

/// Nobody stops typing to read less than this.
const MIN_TAKEN_BYTES: usize = 3;

/// Less than this is not worth taking word by word.
const MIN_WORDS_BYTES: usize = 8;

impl<'a> Typist<'a> {
    pub fn new(session: &'a Session, scene: &'a Scene) -> Typist<'a> {
        let (document, cursor, left) = (scene.document.clone(), scene.start, scene.stretch.as_str());
        let mut typist =
            Typist { session, document, cursor, left, ghost: None, taken: Vec::new(), tally: Tally::default() };
        typist.look();
        typist
    }

    /// `None` when all is typed.
    pub fn plan(&self) -> Option<Act> {
        if self.left.is_empty() {
            return None;
        }
        let taken = self.ghost.as_ref().and_then(|ghost| take(ghost, self.left));
        Some(taken.unwrap_or(Act::Type(key_len(self.left))))
    }

    pub fn perform(&mut self, act: Act) {
        let (n_bytes, n_keys) = match act {
            Act::Type(n_bytes) => (n_bytes, 1),
            Act::Take { n_bytes, n_keys } => (n_bytes, n_keys),
        };
        let (new, left) = self.left.split_at(n_bytes);
        if matches!(act, Act::Take { .. }) {
            self.tally.examples.push(self.example(new));
            self.taken.push(self.cursor..self.cursor + n_bytes);
        }
        self.insert(new);
        self.left = left;
        self.tally.n_needed += n_keys_of(new);
        self.tally.n_pressed += n_keys;
        self.look();
    }

    fn insert(&mut self, new: &str) {
        let before = self.document.text.clone();
        let replaced = self.document.text.replace(self.cursor..self.cursor, new);
        self.cursor += new.len();
        self.document.version += 1;
        let Some(mut tree) = self.document.tree.take() else { return };
        tree.edit(&before, &self.document.text, replaced, new.len());
        self.document.tree = Tree::parse(&self.document.text, tree.language(), Some(&tree), &mut || false).ok();
    }

    /// Asks what comes next, as an editor does after every key.
    fn look(&mut self) {
        let started = Instant::now();
        let (answer, _) = self.session.ask(self.document.clone(), self.cursor, Trigger::Automatic);
        self.tally.answers.push(started.elapsed());
        for step in answer.trace.steps.iter().filter(|step| self.session.engines.contains(&step.stage)) {
            self.tally.engine(step.stage).answers.push(Duration::from_micros(step.took_us));
        }
        self.ghost = match answer.outcome {
            Outcome::Suggest { suggestions, made } => suggestions.into_iter().next().map(|suggestion| {
                let is_right = first_line(&suggestion.text) == first_line(self.left);
                self.tally.count_shown(made.engine, self.cursor, &suggestion.text, is_right);
                suggestion.text
            }),
            Outcome::Nothing(_) | Outcome::Cancelled => None,
        };
    }

    fn example(&self, taken: &str) -> Example {
        let text = &self.document.text;
        let line = text.line_of(self.cursor);
        let before = text.slice(text.line_range(line).start..self.cursor).into_owned();
        Example { line: line + 1, before, taken: taken.to_string() }
    }
}

/// What of `ghost` a person takes who wants to write `left`: all, the first line, or the first words.
fn take(ghost: &str, left: &str) -> Option<Act> {
    let is_right = |text: &str| left.starts_with(text) && is_between_words(left, text.len());
    let whole = [ghost, first_line(ghost)].into_iter().find(|text| is_right(text));
    if let Some(text) = whole {
        return (text.len() >= MIN_TAKEN_BYTES).then_some(Act::Take { n_bytes: text.len(), n_keys: 1 });
    }
    let (ghost, left) = (first_line(ghost), first_line(left));
    let n_common = ghost.bytes().zip(left.bytes()).take_while(|(a, b)| a == b).count();
    let ends = word_ends(ghost).take_while(|end| *end <= n_common && is_between_words(left, *end));
    let (n_keys, n_bytes) = ends.enumerate().last().map(|(i, end)| (i + 1, end))?;
    (n_bytes >= MIN_WORDS_BYTES && 2 * n_keys < n_bytes).then_some(Act::Take { n_bytes, n_keys })
}

/// Where each step of an editor's accept-word ends: after a run of word characters, or after one of other characters.
fn word_ends(line: &str) -> impl Iterator<Item = usize> {
    let is_end = |(at, _): &(usize, char)| *at > 0 && is_between_words(line, *at);
    line.char_indices().filter(is_end).map(|(at, _)| at).chain([line.len()])
}

fn is_between_words(text: &str, at: usize) -> bool {
    let class = |c: char| (c.is_alphanumeric() || c == '_', c.is_whitespace());
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(before), Some(after)) => class(before) != class(after) && !before.is_whitespace(),
        _ => true,
    }
}

/// Bytes that the next key types.
fn key_len(left: &str) -> usize {
    let n_break = left.len() - left.strip_prefix("\r\n").or(left.strip_prefix('\n')).unwrap_or(left).len();
    if n_break == 0 {
        return left.chars().next().map_or(0, char::len_utf8);
    }
    let next_line = &left[n_break..];
    n_break + next_line.len() - next_line.trim_start_matches([' ', '\t']).len()
}

fn n_keys_of(mut text: &str) -> usize {
    let mut n_keys = 0;
    while !text.is_empty() {
        text = &text[key_len(text)..];
        n_keys += 1;
    }
    n_keys
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
