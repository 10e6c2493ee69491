//! What a replay plays: each moment of a trace with its text, its cursor, and whether it is a keystroke.
//!
//! A **keystroke** is one edit that deletes nothing and inserts up to four characters within a line (an editor's
//! bracket pair is one), or a line break with its indentation. Everything else (deletions, pastes, completions that were
//! accepted, formatters) changes the text and asks for nothing. The cursor stands behind what was inserted; only where
//! the next edit begins inside it (in a bracket pair), it stands there.

use std::ops::Range;

use anyhow::{Result, bail};

use super::trace::Trace;
use crate::text::Text;
use crate::typing::{Edit, Said};

/// More characters at once were not typed.
const MAX_TYPED_CHARS: usize = 4;

pub struct Script {
    pub documents: Vec<Document>,
    pub moments: Vec<Moment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub path: String,
    pub language: String,
}

/// One step and what it leaves.
pub struct Moment {
    /// From the start of what is played, by the trace's clock.
    pub at_ms: f64,
    /// Its place in [`Script::documents`].
    pub document: usize,
    pub action: Action,
    /// What the edits really change: a completion from a menu replaces a word by itself and more.
    pub net: Vec<Edit>,
    /// After the action.
    pub text: Text,
    /// Bytes of `text`.
    pub cursor: usize,
    pub is_key: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// With [`Moment::text`].
    Open,
    Edit(Vec<Edit>),
}

impl Script {
    /// The part of a trace in `window`, in milliseconds of its clock. Documents that are open at its beginning open
    /// first, as they are then; what was done before is not known to anyone.
    pub fn new(trace: &Trace, window: Range<f64>) -> Result<Script> {
        let mut script = Script { documents: Vec::new(), moments: Vec::new() };
        let mut open: Vec<Option<Text>> = Vec::new();
        let mut has_begun = false;
        for (i, step) in trace.steps.iter().enumerate().take_while(|(_, step)| step.at_ms < window.end) {
            if !has_begun && step.at_ms >= window.start {
                has_begun = true;
                script.reopen(&open);
            }
            let (document, net) = script.apply(&step.said, &mut open, i + 1)?;
            if has_begun {
                let text = open[document].clone().unwrap_or_default();
                script.moments.push(moment(step.at_ms - window.start, document, &step.said, net, text));
            }
        }
        script.place_cursors();
        if !script.moments.iter().any(|moment| moment.is_key) {
            let minutes = trace.minutes();
            bail!("{}: nothing is typed in this part; the trace lasts {minutes:.1} minutes", trace.name);
        }
        Ok(script)
    }

    pub fn n_keys(&self) -> usize {
        self.moments.iter().filter(|moment| moment.is_key).count()
    }

    /// Changes the open texts; returns the document and the net edits. `number` counts the steps from 1.
    fn apply(&mut self, said: &Said, open: &mut Vec<Option<Text>>, number: usize) -> Result<(usize, Vec<Edit>)> {
        let path = said.path();
        let known = self.documents.iter().position(|document| document.path == path);
        match said {
            Said::Open(opened) => {
                let document = Document { path: path.to_string(), language: opened.language.clone() };
                let at = known.unwrap_or(self.documents.len());
                if known.is_none() {
                    self.documents.push(document);
                    open.push(None);
                }
                open[at] = Some(Text::new(&opened.text));
                Ok((at, Vec::new()))
            }
            Said::Edited { edits, .. } => {
                let Some((at, text)) = known.and_then(|at| Some((at, open[at].as_mut()?))) else {
                    bail!("step {number}: `{path}` is edited and not open; a line with `open` comes first");
                };
                let net: Result<Vec<Edit>> = edits.iter().map(|edit| apply(edit, text, number)).collect();
                Ok((at, net?))
            }
        }
    }

    fn reopen(&mut self, open: &[Option<Text>]) {
        for (document, text) in open.iter().enumerate() {
            if let Some(text) = text.clone() {
                let cursor = text.len();
                self.moments.push(Moment {
                    at_ms: 0.0,
                    document,
                    action: Action::Open,
                    net: Vec::new(),
                    text,
                    cursor,
                    is_key: false,
                });
            }
        }
    }

    fn place_cursors(&mut self) {
        for i in 1..self.moments.len() {
            let [moment, next] = &mut self.moments[i - 1..=i] else { continue };
            let (Action::Edit(edits), Action::Edit(following)) = (&moment.action, &next.action) else { continue };
            let (Some(last), Some(first)) = (edits.last(), following.first()) else { continue };
            if moment.document == next.document && last.offset < first.offset && first.offset < last.end() {
                moment.cursor = first.offset;
            }
        }
    }
}

fn moment(at_ms: f64, document: usize, said: &Said, net: Vec<Edit>, text: Text) -> Moment {
    let (action, cursor) = match said {
        Said::Open(_) => (Action::Open, text.len()),
        Said::Edited { edits, .. } => (Action::Edit(edits.clone()), edits.last().map_or(0, Edit::end)),
    };
    let is_key = matches!(&action, Action::Edit(edits) if is_key(edits));
    Moment { at_ms, document, action, net, text, cursor, is_key }
}

/// Applies one edit that must lie inside the text, between characters; returns what it really changes.
fn apply(edit: &Edit, text: &mut Text, number: usize) -> Result<Edit> {
    let Edit { offset, delete, insert } = edit;
    let end = offset.saturating_add(*delete);
    if end > text.len() {
        bail!("step {number}: an edit ends at byte {end}, the text at {}. Offsets are bytes of UTF-8", text.len());
    }
    let (changed, inserted) = text.trim(*offset..end, insert);
    let net = Edit { offset: changed.start, delete: changed.len(), insert: inserted.to_string() };
    let range = text.replace(*offset..end, insert);
    if range != (*offset..end) {
        bail!("step {number}: an edit of bytes {offset} to {end} begins or ends inside a character");
    }
    Ok(net)
}

fn is_key(edits: &[Edit]) -> bool {
    let [Edit { delete: 0, insert, .. }] = edits else { return false };
    let is_line_break = insert.starts_with(['\r', '\n']) && insert.trim().is_empty();
    let is_within_line = !insert.is_empty() && !insert.contains(['\r', '\n']);
    is_line_break || (is_within_line && insert.chars().count() <= MAX_TYPED_CHARS)
}
