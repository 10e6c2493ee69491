//! The instant engine: the longest match of the text before the cursor in the open buffers and the workspace.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Ask, Cancel, Candidate, Engine, Finish};
use crate::workspace::Index;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Candidates below this confidence are not emitted.
    pub min_confidence: f32,
}

/// Where the engine finds the newest index.
pub type IndexSource = Arc<dyn Fn() -> Arc<Index> + Send + Sync>;

pub struct Instant {
    options: Options,
    index: IndexSource,
}

impl Instant {
    pub fn new(options: Options, index: IndexSource) -> Instant {
        Instant { options, index }
    }
}

impl Engine for Instant {
    fn name(&self) -> &'static str {
        "instant"
    }

    fn generate(&self, _ask: &Ask, _cancel: &Cancel, _emit: &mut dyn FnMut(Candidate) -> ControlFlow<()>) -> Finish {
        let _ = (&self.options, (self.index)());
        todo!()
    }
}
