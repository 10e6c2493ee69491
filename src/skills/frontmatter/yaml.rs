//! As much of YAML as a skill's head has: texts by their names, with their places. Pure.

use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, Span};

pub struct Entry {
    pub key: String,
    /// Bytes.
    pub key_range: Range<usize>,
    pub value: Value,
    pub value_range: Range<usize>,
}

pub enum Value {
    /// Of any scalar, as it is written.
    Text(String),
    Entries(Vec<Entry>),
    List,
}

/// Why a text is no YAML, or none of this form.
pub struct Broken {
    pub range: Range<usize>,
    pub message: String,
}

/// Deeper nesting is no head of a skill.
const MAX_DEPTH: usize = 8;

/// The entries of the mapping that the text is; none of an empty text.
pub fn entries(text: &str) -> Result<Vec<Entry>, Broken> {
    let mut events = Events { parser: Parser::new_from_str(text), text };
    loop {
        match events.next()? {
            (Event::MappingStart(..), _) => return events.mapping(0),
            (Event::StreamEnd, _) => return Ok(Vec::new()),
            (Event::Scalar(..) | Event::SequenceStart(..) | Event::Alias(_), range) => {
                return Err(Broken { range, message: "it has lines of the form `name: text`".to_string() });
            }
            _ => {}
        }
    }
}

struct Events<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    text: &'a str,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), Broken> {
        match self.parser.next() {
            Some(Ok((event, Span { start, end }))) => Ok((event, self.byte(start)..self.byte(end))),
            Some(Err(error)) => {
                let at = self.byte(*error.marker());
                let line_end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
                Err(Broken { range: at..line_end, message: error.info().to_string() })
            }
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<Entry>, Broken> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), key_range) => {
                    let event = self.next()?;
                    let (value, value_range) = self.value(event, depth)?;
                    entries.push(Entry { key: key.into_owned(), key_range, value, value_range });
                }
                (_, range) => return Err(Broken { range, message: "a name is a word".to_string() }),
            }
        }
    }

    fn value(
        &mut self,
        (event, range): (Event<'a>, Range<usize>),
        depth: usize,
    ) -> Result<(Value, Range<usize>), Broken> {
        if depth > MAX_DEPTH {
            return Err(Broken { range, message: "it is nested too deeply".to_string() });
        }
        match event {
            Event::Scalar(text, ..) => {
                // The span of a block of lines goes on to the next word.
                let end = range.start + self.text[range.clone()].trim_end().len();
                Ok((Value::Text(text.into_owned()), range.start..end))
            }
            Event::MappingStart(..) => {
                let entries = self.mapping(depth + 1)?;
                let end = entries.last().map_or(range.end, |last| last.value_range.end);
                Ok((Value::Entries(entries), range.start..end))
            }
            Event::SequenceStart(..) => loop {
                match self.next()? {
                    (Event::SequenceEnd | Event::StreamEnd, end) => return Ok((Value::List, range.start..end.end)),
                    event => drop(self.value(event, depth + 1)?),
                }
            },
            _ => Err(Broken { range, message: "names for other values are not known here".to_string() }),
        }
    }

    /// Of a place that is counted in characters.
    fn byte(&self, marker: Marker) -> usize {
        self.text.char_indices().nth(marker.index()).map_or(self.text.len(), |(at, _)| at)
    }
}

impl Entry {
    /// In a text that has `by` bytes before.
    pub fn moved(self, by: usize) -> Entry {
        let moved = |range: Range<usize>| range.start + by..range.end + by;
        let value = match self.value {
            Value::Entries(entries) => Value::Entries(entries.into_iter().map(|entry| entry.moved(by)).collect()),
            value => value,
        };
        Entry { key: self.key, key_range: moved(self.key_range), value, value_range: moved(self.value_range) }
    }
}

/// With quotes around every plain text that has `: ` in it; and where those stand in the text itself.
pub fn quoted(text: &str) -> (String, Vec<Range<usize>>) {
    let (mut out, mut changed, mut start) = (String::new(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let end = line.trim_end().len();
        let value =
            line[..end].find(": ").map(|at| at + 2 + (line[at + 2..end].len() - line[at + 2..end].trim_start().len()));
        match value.filter(|value| needs_quotes(&line[*value..end]) && !line.starts_with([' ', '#', '-'])) {
            Some(value) => {
                let escaped = line[value..end].replace('\\', "\\\\").replace('"', "\\\"");
                out.extend([&line[..value], "\"", &escaped, "\"", &line[end..]]);
                changed.push(start + value..start + end);
            }
            None => out.push_str(line),
        }
        start += line.len();
    }
    (out, changed)
}

fn needs_quotes(value: &str) -> bool {
    value.contains(": ") && !value.starts_with(['"', '\'', '|', '>', '[', '{', '&', '*'])
}

/// The entries of a repaired text, with the places of their lines in the text itself.
pub fn by_line(text: &str, entries: Vec<Entry>) -> impl Iterator<Item = Entry> + '_ {
    entries.into_iter().map(|entry| {
        let start = text.find(&format!("\n{}:", entry.key)).map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |end| start + end);
        let value_start = (start + entry.key.len() + 2).min(end);
        Entry { key_range: start..start + entry.key.len(), value_range: value_start..end, ..entry }
    })
}
