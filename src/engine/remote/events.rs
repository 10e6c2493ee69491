//! A stream of bytes to a stream of events: server-sent events, or JSON lines. Bounded, and the same whatever the chunks.

use crate::engine::{Cause, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `text/event-stream`: the data of each event; names, identifiers and comments are of no use here.
    ServerSent,
    /// One JSON value a line.
    JsonLines,
    /// One JSON value.
    Whole,
}

/// No event of a completion comes near this, in bytes.
const MAX_BYTES: usize = 1 << 20;

pub struct Events {
    shape: Shape,
    line: Vec<u8>,
    data: Option<String>,
    /// A line feed after it ends the same line.
    after_cr: bool,
}

impl Events {
    pub fn new(shape: Shape) -> Events {
        Events { shape, line: Vec::new(), data: None, after_cr: false }
    }

    /// The events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, Failure> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' if self.shape != Shape::Whole => {
                    self.after_cr = *byte == b'\r';
                    events.extend(self.end_line()?);
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(*byte);
                }
            }
        }
        let n_data = self.data.as_ref().map_or(0, String::len);
        if self.line.len() + n_data > MAX_BYTES {
            return Err(Failure::new(Cause::Malformed, format!("it sends an event of more than {MAX_BYTES} bytes")));
        }
        Ok(events)
    }

    /// The stream has ended: what is left, if it is an event.
    pub fn end(mut self) -> Result<Vec<String>, Failure> {
        let mut events: Vec<String> = self.end_line()?.into_iter().collect();
        events.extend(self.data.take());
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<String>, Failure> {
        let line = String::from_utf8(std::mem::take(&mut self.line))
            .map_err(|_| Failure::new(Cause::Malformed, "it sends text that is not UTF-8"))?;
        if self.shape != Shape::ServerSent {
            return Ok((!line.trim().is_empty()).then_some(line));
        }
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        if line.is_empty() {
            return Ok(self.data.take());
        }
        if let Some(value) = line.strip_prefix("data:") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => data.extend(["\n", value]),
                None => self.data = Some(value.to_string()),
            }
        }
        Ok(None)
    }
}
