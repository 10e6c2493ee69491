//! One question to the models that may outlive the request it was begun for: a later one whose text still agrees with
//! what is being said takes it over.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::trace::{Shown, Step};
use crate::document::{DocumentId, Snapshot};
use crate::engine::Cancel;
use crate::text::Text;

/// Text on both sides of the place that must be unchanged, in bytes.
const BEFORE_BYTES: usize = 2048;
const AFTER_BYTES: usize = 256;
/// Editors put in closers right of the cursor; so many bytes of them are looked past.
const MAX_CLOSER_BYTES: usize = 64;

/// A flight that says less than was typed since, by more than this, is no help: a new one is sooner there.
const MAX_BEHIND_BYTES: usize = 2;

/// What a flight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody waits.
    Asked,
    /// Nobody does yet; it gives way to whoever asks.
    Ahead,
}

pub struct Flight {
    pub document: Snapshot,
    /// Bytes.
    pub offset: usize,
    /// The other open and cleared documents.
    pub others: Vec<Snapshot>,
    pub n_candidates: usize,
    pub purpose: Purpose,
    /// What a flight that was ended had said for this place.
    pub said_before: String,
    pub begun: Instant,
    pub cancel: Cancel,
    /// Who waits for it.
    n_waiting: AtomicUsize,
    /// Its request was given up while it still waited.
    is_abandoned: AtomicBool,
    /// Something was typed since that it agrees with.
    is_typed_along: AtomicBool,
    heard: Mutex<Heard>,
}

/// What came of it so far.
#[derive(Clone, Default)]
pub struct Heard {
    /// The best candidate's raw text.
    pub text: String,
    pub steps: Vec<Step>,
    pub context: Vec<Shown>,
    /// Why the engines said nothing, in their order.
    pub reasons: Vec<String>,
    pub is_over: bool,
}

impl Flight {
    pub fn new(
        document: Snapshot,
        offset: usize,
        others: Vec<Snapshot>,
        n_candidates: usize,
        purpose: Purpose,
    ) -> Flight {
        let (begun, cancel) = (Instant::now(), Cancel::default());
        let (said_before, n_waiting, is_abandoned, is_typed_along, heard) = Default::default();
        Flight {
            document,
            offset,
            others,
            n_candidates,
            purpose,
            said_before,
            begun,
            cancel,
            n_waiting,
            is_abandoned,
            is_typed_along,
            heard,
        }
    }

    pub fn reminded_of(self, said_before: String) -> Flight {
        Flight { said_before, ..self }
    }

    /// One more waits for it.
    pub fn join(&self) {
        self.n_waiting.fetch_add(1, Ordering::SeqCst);
        self.is_abandoned.store(false, Ordering::SeqCst);
    }

    /// One less does. Whether it was abandoned meanwhile, and nobody is left.
    pub fn leave(&self) -> bool {
        self.n_waiting.fetch_sub(1, Ordering::SeqCst) == 1 && self.is_abandoned.load(Ordering::SeqCst)
    }

    /// Whether nobody waits for it; if somebody does, who leaves last is told.
    pub fn abandon(&self) -> bool {
        self.is_abandoned.store(true, Ordering::SeqCst);
        self.n_waiting.load(Ordering::SeqCst) == 0
    }

    /// Nobody wants its answer. While somebody types, the next question needs what this one has begun.
    pub fn give_up(&self) {
        if self.is_typed_along.load(Ordering::SeqCst) {
            self.cancel.supersede();
        } else {
            self.cancel.cancel();
        }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().clone()
    }

    pub fn is_over(&self) -> bool {
        self.heard.lock().is_over
    }

    pub fn hear(&self, news: impl FnOnce(&mut Heard)) {
        news(&mut self.heard.lock());
    }

    /// The document has a new text: whether the flight agrees with it, which it remembers.
    pub fn type_along(&self, id: &DocumentId, text: &Text, offset: usize) -> bool {
        let n_typed = self.agrees(id, text, offset);
        if n_typed.is_some_and(|n_bytes| n_bytes > 0) {
            self.is_typed_along.store(true, Ordering::SeqCst);
        }
        n_typed.is_some()
    }

    /// How many bytes were typed since, if the text here is the flight's with those and they are what it says, or may
    /// still say.
    pub fn agrees(&self, id: &DocumentId, text: &Text, offset: usize) -> Option<usize> {
        if self.cancel.is_cancelled() {
            return None;
        }
        let typed = self.typed_since(id, text, offset)?;
        let heard = self.heard.lock();
        let is_behind = typed.starts_with(&*heard.text);
        let may_come = !heard.is_over && typed.len() <= heard.text.len() + MAX_BEHIND_BYTES;
        (heard.text.starts_with(&typed) || is_behind && may_come).then_some(typed.len())
    }

    /// What it has said of what comes here, whether it was ended or not.
    pub fn said_of(&self, id: &DocumentId, text: &Text, offset: usize) -> Option<String> {
        let typed = self.typed_since(id, text, offset)?;
        let heard = self.heard.lock();
        let rest = heard.text.strip_prefix(&typed).filter(|rest| !rest.is_empty());
        rest.map(str::to_string)
    }

    /// What was typed since, if nothing else has changed.
    fn typed_since(&self, id: &DocumentId, text: &Text, offset: usize) -> Option<String> {
        let (ours, at) = (&self.document.text, self.offset);
        if *id != self.document.id || offset < at || offset - at > AFTER_BYTES {
            return None;
        }
        let start = at.saturating_sub(BEFORE_BYTES);
        let is_same_before = ours.slice(start..at) == text.slice(start..at);
        let after = ours.slice(at..at + AFTER_BYTES);
        let is_end = at + after.len() == ours.len();
        let now = text.slice(offset..offset + AFTER_BYTES + MAX_CLOSER_BYTES);
        let closers = now.len() - now.trim_start_matches(|c: char| ")]}>\"'` \n\r\t".contains(c)).len();
        let n_closers = closers.min(MAX_CLOSER_BYTES);
        let is_same_after = (0..=n_closers).any(|n| {
            let now = now.get(n..).unwrap_or_default();
            now.starts_with(&*after) && (!is_end || now.len() == after.len())
        });
        (is_same_before && is_same_after).then(|| text.slice(at..offset).to_string())
    }
}
