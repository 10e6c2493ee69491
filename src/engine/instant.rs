//! The instant engine: the longest match of the text before the cursor in the open buffers and the workspace.

mod context;
mod gather;
pub mod score;
mod weights;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Ask, Cancel, Candidate, Engine, Finish};
use crate::document::{DocumentId, Snapshot};
use crate::workspace::Index;
use crate::workspace::index::Segment;
use context::Context;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Candidates below this confidence are not emitted.
    pub min_confidence: f32,
}

impl Default for Options {
    fn default() -> Options {
        Options { min_confidence: 0.5 }
    }
}

/// Where the engine finds the newest index.
pub type IndexSource = Arc<dyn Fn() -> Arc<Index> + Send + Sync>;

pub struct Instant {
    options: Options,
    index: IndexSource,
    /// The other open documents, sorted, by version.
    buffers: Mutex<HashMap<DocumentId, (i32, Arc<Segment>)>>,
}

/// A candidate with what it was judged by.
pub struct Weighed {
    pub rest: String,
    pub features: score::Features,
    pub confidence: f32,
    pub provenance: String,
}

impl Instant {
    pub fn new(options: Options, index: IndexSource) -> Instant {
        Instant { options, index, buffers: Mutex::default() }
    }

    /// All candidates, best first, silent ones included.
    pub fn weigh(&self, ask: &Ask, cancel: &Cancel) -> Vec<Weighed> {
        let context = Context::new(ask.document, ask.offset);
        let buffers: Vec<Arc<Segment>> = ask.others.iter().map(|other| self.buffer(other)).collect();
        let index = (self.index)();
        let open = std::iter::once(ask.document).chain(ask.others);
        let shadowed: Vec<&Path> = open.filter_map(|document| document.path.as_deref()).collect();
        let groups = gather::gather(&context, &buffers, &index, &shadowed, cancel);
        let features = score::weigh(&context, ask.document.path.as_deref(), &groups);
        let mut weighed: Vec<Weighed> = groups
            .iter()
            .zip(features)
            .filter(|(group, _)| !group.rest.is_empty())
            .map(|(group, features)| Weighed {
                rest: String::from_utf8_lossy(group.rest).into_owned(),
                confidence: score::confidence(&features),
                features,
                provenance: format!("{} places", group.places.len()),
            })
            .collect();
        weighed.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.rest.cmp(&b.rest)));
        weighed
    }

    fn buffer(&self, document: &Snapshot) -> Arc<Segment> {
        let mut buffers = self.buffers.lock();
        if let Some((version, segment)) = buffers.get(&document.id)
            && *version == document.version
        {
            return segment.clone();
        }
        let mut segment = Segment::default();
        let path = document.path.clone().unwrap_or_else(|| Arc::from(Path::new("")));
        segment.push(path, document.language, &document.text.to_string());
        let segment = Arc::new(segment.sort());
        buffers.insert(document.id.clone(), (document.version, segment.clone()));
        segment
    }
}

impl Engine for Instant {
    fn name(&self) -> &'static str {
        "instant"
    }

    fn generate(&self, ask: &Ask, cancel: &Cancel, emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        for weighed in self.weigh(ask, cancel).into_iter().take(ask.n_candidates) {
            if weighed.confidence < self.options.min_confidence {
                return Finish::Silent("no match is likely enough".to_owned());
            }
            let candidate =
                Candidate { text: weighed.rest, confidence: weighed.confidence, provenance: weighed.provenance };
            if emit(candidate).is_break() {
                break;
            }
        }
        Finish::Done
    }
}
