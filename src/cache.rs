//! What was suggested, and where in the text it still holds.
//!
//! An entry knows the text it was made for, before and after the cursor, and is served only where both still agree:
//! at the same place, typed along, walked back, after an undo, with other indentation. What is served gives, once
//! inserted, the text that the engine meant, and no other. Pure: no clock, no threads. Must not know engines. Start at
//! [`Cache::lookup`].

mod entry;
mod reindent;
mod surroundings;

use lru::LruCache;

use crate::document::DocumentId;
use crate::suggestion::{Odds, Suggestion};
use crate::text::Text;
use entry::Entry;
use surroundings::Surroundings;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Most places remembered.
    pub max_entries: usize,
    /// Most text held, in bytes.
    pub max_bytes: usize,
}

/// Least recently used entries go first. The key is a hash of the document and of the text before an anchor; the
/// entry holds that text, so a collision is a miss and no mistake.
pub struct Cache {
    options: Options,
    entries: LruCache<u64, Entry>,
    n_bytes: usize,
}

/// How an entry was found. Of several that are as likely, the order here is the order in which they are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    Exact,
    /// The user typed this many bytes of it since.
    TypedAlong(usize),
    /// The user deleted this many bytes before it since; they are now its beginning.
    WalkedBack(usize),
}

/// A suggestion with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub suggestion: Suggestion,
    /// Of its text.
    pub odds: Odds,
    /// Whose words they are.
    pub source: &'static str,
    /// More of its first line may come.
    pub is_open: bool,
    /// The user sees so many bytes of its text: they stay.
    pub n_shown: usize,
    pub via: Via,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// What is left to insert at the asked offset: what the user sees first, then the likeliest, what is being said
    /// last; never empty.
    pub offers: Vec<Offer>,
}

impl Offer {
    pub fn new(suggestion: Suggestion, odds: Odds, source: &'static str) -> Offer {
        Offer { suggestion, odds, source, is_open: false, n_shown: 0, via: Via::Exact }
    }

    /// Whose first line is still being said.
    pub fn open(self) -> Offer {
        Offer { is_open: true, ..self }
    }

    /// The chance that its first line is right; blank lines before it count with it.
    pub fn line_chance(&self) -> f32 {
        self.odds.chance(0..self.first_line_len())
    }

    pub fn first_line_len(&self) -> usize {
        let text = &self.suggestion.text;
        let n_breaks = text.len() - text.trim_start_matches(['\r', '\n']).len();
        text[n_breaks..].find(['\r', '\n']).map_or(text.len(), |at| n_breaks + at)
    }
}

impl Cache {
    pub fn new(options: Options) -> Cache {
        Cache { options, entries: LruCache::unbounded(), n_bytes: 0 }
    }

    /// Remembers `offers` made for `offset` of `text`.
    pub fn insert(&mut self, document: &DocumentId, text: &Text, offset: usize, offers: Vec<Offer>) {
        let around = Surroundings::of(text, offset);
        let anchor = around.anchor_to_insert();
        let key = around.key(document, &anchor);
        let mut entry = match self.remove(key) {
            Some(entry) if entry.is_at(document, &around, &anchor) => entry,
            _ => Entry::new(document, &around, &anchor),
        };
        entry.add(&around, &anchor, offers);
        self.n_bytes += entry.n_bytes();
        self.entries.put(key, entry);
        self.evict();
    }

    /// What may be shown at `offset` of `text`, if an entry still agrees with the text on both sides.
    pub fn lookup(&mut self, document: &DocumentId, text: &Text, offset: usize) -> Option<Hit> {
        let around = Surroundings::of(text, offset);
        let mut found: Vec<Offer> = Vec::new();
        for anchor in around.anchors() {
            let key = around.key(document, &anchor);
            if let Some(entry) = self.entries.get(&key).filter(|entry| entry.is_at(document, &around, &anchor)) {
                found.extend(entry.offers(&around, &anchor));
            }
        }
        found.sort_by(|a, b| {
            let by_chance = b.line_chance().total_cmp(&a.line_chance());
            b.n_shown.cmp(&a.n_shown).then(a.is_open.cmp(&b.is_open)).then(by_chance).then(a.via.cmp(&b.via))
        });
        let mut offers: Vec<Offer> = Vec::new();
        for offer in found {
            if !offers.iter().any(|better| better.suggestion == offer.suggestion) {
                offers.push(offer);
            }
        }
        (!offers.is_empty()).then_some(Hit { offers })
    }

    /// The user sees `suggestion`, the beginning of one that was looked up for this place.
    pub fn show(&mut self, document: &DocumentId, text: &Text, offset: usize, suggestion: &Suggestion) {
        let around = Surroundings::of(text, offset);
        for anchor in around.anchors() {
            let key = around.key(document, &anchor);
            let entry = self.entries.get_mut(&key).filter(|entry| entry.is_at(document, &around, &anchor));
            if let Some(entry) = entry {
                entry.show(&around, &anchor, suggestion);
            }
        }
    }

    /// Drops all entries of a closed document.
    pub fn forget(&mut self, document: &DocumentId) {
        let of_document = self.entries.iter().filter(|(_, entry)| entry.document == *document);
        let keys: Vec<u64> = of_document.map(|(key, _)| *key).collect();
        for key in keys {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: u64) -> Option<Entry> {
        let entry = self.entries.pop(&key)?;
        self.n_bytes -= entry.n_bytes();
        Some(entry)
    }

    fn evict(&mut self) {
        while self.entries.len() > self.options.max_entries || self.n_bytes > self.options.max_bytes {
            let Some((_, entry)) = self.entries.pop_lru() else { return };
            self.n_bytes -= entry.n_bytes();
        }
    }
}
