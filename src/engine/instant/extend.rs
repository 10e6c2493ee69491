//! More than the rest of the line: the lines that follow at a candidate's places, as long as these agree, cut where
//! brackets are closed.

use std::collections::HashMap;

use super::adapt::Renames;
use super::context::Context;
use super::group::{Group, Surroundings};
use super::place::{Names, Place};
use crate::workspace::index::fold;

/// A line follows when at least this share of the votes is for it.
const MIN_SHARE: f32 = 0.75;
/// And at least so many votes: a place has one for each of up to four lines that are like the cursor's, and up to two
/// for text that is the same. Two of three lines that follow so are right (`benches/quality.md`).
const MIN_VOTES: f32 = 5.0;

/// The candidate's text in the document's indentation: the rest of the line and what follows, at most `max_lines`.
pub fn extended(context: &Context, group: &Group, max_lines: usize) -> String {
    let mut text = group.rest.clone();
    if context.right.trim().is_empty() {
        push_lines(context, group, max_lines, &mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn push_lines(context: &Context, group: &Group, max_lines: usize, text: &mut Vec<u8>) {
    let surroundings = Surroundings::new(context);
    let mut readers: Vec<Reader> = group.places.iter().map(|place| Reader::new(&surroundings, *place)).collect();
    let first_below = Reader::over(&context.below).next();
    let mut n_open = n_open(text);
    let mut end = text.len();
    for _ in 1..max_lines {
        let Some(line) = agreed(&mut readers) else { break };
        let is_below = first_below.as_ref().is_some_and(|below| below.content == line.content);
        if line.depth < 0 || line.depth == 0 && (line.after_blank || is_below) {
            break;
        }
        n_open += self::n_open(&line.content);
        text.extend_from_slice(if line.after_blank { b"\n\n" } else { b"\n" });
        text.extend_from_slice(context.indent.as_bytes());
        (0..line.depth).for_each(|_| text.extend_from_slice(context.indent_unit.as_bytes()));
        text.extend_from_slice(&line.content);
        if n_open <= 0 {
            end = text.len();
        }
    }
    text.truncate(end);
}

/// The next line, if the readers agree on one; those that say otherwise fall silent.
fn agreed(readers: &mut Vec<Reader>) -> Option<Line> {
    let mut votes: HashMap<Option<Line>, f32> = HashMap::new();
    let said: Vec<Option<Line>> = readers.iter_mut().map(Reader::next).collect();
    for (line, reader) in said.iter().zip(&*readers) {
        *votes.entry(line.clone()).or_default() += reader.votes;
    }
    let all: f32 = votes.values().sum();
    let (line, n_votes) = votes.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let mut said = said.iter();
    readers.retain(|_| said.next() == Some(&line));
    line.filter(|_| n_votes >= MIN_VOTES && n_votes >= MIN_SHARE * all)
}

/// A line that is not blank, seen from the line that was read first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    /// Levels deeper.
    depth: i32,
    after_blank: bool,
    content: Vec<u8>,
}

/// Reads folded text line by line.
struct Reader<'a> {
    rest: &'a [u8],
    depth: i32,
    renames: Option<Renames<'a>>,
    votes: f32,
}

impl<'a> Reader<'a> {
    /// Reads the lines below a place, with the cursor's names.
    fn new(surroundings: &Surroundings<'a>, mut place: Place<'a>) -> Reader<'a> {
        let renames = surroundings.compare(&mut place);
        let votes =
            if place.names == Names::Theirs { 0.0 } else { place.n_alike as f32 + place.n_common as f32 / 128.0 };
        let below = place.text.get(place.token + place.rest().len() + 1..).unwrap_or_default();
        Reader { renames, votes, ..Reader::over(below) }
    }

    fn over(rest: &'a [u8]) -> Reader<'a> {
        Reader { rest, depth: 0, renames: None, votes: 0.0 }
    }

    fn next(&mut self) -> Option<Line> {
        let n_breaks = self.rest.iter().take_while(|&&byte| byte == b'\n').count();
        self.rest = &self.rest[n_breaks..];
        let n_marks = self.rest.iter().take_while(|&&byte| fold::is_depth(byte)).count();
        let (marks, line) = self.rest.split_at(n_marks);
        let n_deeper = marks.iter().filter(|&&byte| byte == fold::DEEPER).count() as i32;
        self.depth += 2 * n_deeper - n_marks as i32;
        let content = fold::rest_of_line(line, 0);
        self.rest = line.get(content.len() + 1..).unwrap_or_default();
        if content.is_empty() || content.contains(&fold::FILE) {
            return None;
        }
        let renamed = self.renames.as_ref().and_then(|renames| renames.apply(content));
        let content = renamed.unwrap_or_else(|| content.to_vec());
        Some(Line { depth: self.depth, after_blank: n_breaks > 0, content })
    }
}

/// How many more brackets `code` opens than it closes.
fn n_open(code: &[u8]) -> i32 {
    code.iter().map(|byte| b"([{".contains(byte) as i32 - b")]}".contains(byte) as i32).sum()
}
