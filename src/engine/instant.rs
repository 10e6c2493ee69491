//! The instant engine: what the open documents and the workspace say where they read like the text before the cursor.
//!
//! Finds the places ([`place`]), reads each as it stands and with the cursor's names ([`group`], [`adapt`]), judges what
//! they agree on ([`score`]), and adds the lines on which they go on agreeing ([`extend`]). All of it works on folded
//! text ([`fold`](crate::workspace::index::fold)). About half a millisecond, no download, no network.

mod adapt;
mod context;
mod extend;
mod forest;
mod group;
mod place;
mod score;
mod tally;
mod words;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Ask, Cancel, Candidate, Engine, Finish};
use crate::document::{DocumentId, Snapshot};
use crate::workspace::Index;
use crate::workspace::index::Segment;
use context::Context;
use group::Group;
use place::{Names, Source};

/// Less likely candidates are not extended.
const SURE_ENOUGH: f32 = 0.15;

/// Other open documents that are larger speak by their files on disk.
const MAX_BUFFER_BYTES: usize = 512 << 10;
/// Once a question has sorted so much of the other open documents, in bytes, it takes what is sorted: about 30 MB a
/// second are.
const MAX_SORTED_BYTES: usize = 64 << 10;

/// Where the engine finds the newest index.
pub type IndexSource = Arc<dyn Fn() -> Arc<Index> + Send + Sync>;

pub struct Instant {
    index: IndexSource,
    /// The other open documents, sorted, by version.
    buffers: Mutex<BTreeMap<DocumentId, (i32, Arc<Segment>)>>,
}

/// A candidate with what it was judged by.
pub struct Weighed {
    pub candidate: Candidate,
    pub features: Vec<f32>,
}

impl Instant {
    pub fn new(index: IndexSource) -> Instant {
        Instant { index, buffers: Mutex::default() }
    }

    /// The best candidates, best first, likely enough or not.
    pub fn weigh(&self, ask: &Ask, cancel: &Cancel) -> Vec<Weighed> {
        let context = Context::new(ask.document, ask.offset);
        let buffers = self.buffers(ask.others);
        let index = (self.index)();
        let others = buffers.iter().flat_map(|buffer| buffer.files()).map(|file| &*file.path);
        let shadowed: Vec<&Path> = ask.document.path.as_deref().into_iter().chain(others).collect();
        let places = place::find(&context, &buffers, &index, &shadowed, cancel);
        if cancel.is_cancelled() {
            return Vec::new();
        }
        let groups = group::group(&context, places);
        let described = score::describe(&context, ask.document.path.as_deref(), &groups);
        let mut described: Vec<(f32, &Group, Vec<f32>)> =
            described.into_iter().map(|(i, features)| (score::confidence(&features), &groups[i], features)).collect();
        described.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.rest.cmp(&b.1.rest)));
        described.truncate(ask.n_candidates);
        let weighed = |(confidence, group, features)| {
            // What is hardly ever shown needs no more lines.
            let max_lines = if confidence < SURE_ENOUGH { 1 } else { ask.max_lines };
            let text = extend::extended(&context, group, max_lines);
            let candidate = Candidate { text, confidence, provenance: provenance(group), ..Candidate::default() };
            Weighed { candidate, features }
        };
        described.into_iter().map(weighed).collect()
    }

    /// What may come, sure or not, best first: drafts for an engine that can tell what is right.
    pub fn continuations(&self, ask: &Ask, cancel: &Cancel) -> Vec<String> {
        self.weigh(ask, cancel).into_iter().map(|weighed| weighed.candidate.text).collect()
    }

    /// The other documents' text, sorted again where it has changed, but no more of it than one answer may wait for:
    /// the rest is sorted for the next ones.
    fn buffers(&self, documents: &[Snapshot]) -> Vec<Arc<Segment>> {
        let mut buffers = self.buffers.lock();
        let mut known = std::mem::take(&mut *buffers);
        let mut n_sorted = 0;
        for document in documents.iter().filter(|document| document.text.len() <= MAX_BUFFER_BYTES) {
            let mut buffer = known.remove(&document.id);
            let is_current = buffer.as_ref().is_some_and(|(version, _)| *version == document.version);
            if !is_current && n_sorted < MAX_SORTED_BYTES {
                n_sorted += document.text.len();
                buffer = Some((document.version, Arc::new(sorted(document))));
            }
            buffers.extend(buffer.map(|buffer| (document.id.clone(), buffer)));
        }
        buffers.values().map(|(_, segment)| segment.clone()).collect()
    }
}

fn sorted(document: &Snapshot) -> Segment {
    let mut segment = Segment::default();
    let path = document.path.clone().unwrap_or_else(|| Arc::from(Path::new("")));
    segment.push(path, document.language, &document.text.to_string());
    segment.sort()
}

/// One line for `why`.
fn provenance(group: &Group) -> String {
    let n = group.places.len();
    let n_here = group.places.iter().filter(|place| matches!(place.source, Source::Document { .. })).count();
    let n_adapted = group.places.iter().filter(|place| place.names == Names::Ours).count();
    let mut said = format!("{n} {}, {n_here} in this file", if n == 1 { "place" } else { "places" });
    if n_adapted > 0 {
        said.push_str(&format!(", {n_adapted} with names adapted"));
    }
    said
}

impl Engine for Instant {
    fn name(&self) -> &'static str {
        "instant"
    }

    fn is_instant(&self) -> bool {
        true
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let candidates: Vec<Candidate> = self.weigh(ask, cancel).into_iter().map(|weighed| weighed.candidate).collect();
        if cancel.is_cancelled() {
            return Finish::Cancelled;
        }
        if candidates.is_empty() {
            return Finish::Silent("the open files and the workspace hold nothing like this place".to_owned());
        }
        for candidate in candidates {
            if emit(candidate).is_break() {
                break;
            }
        }
        Finish::Done
    }
}
