//! What stays as it is in the prompts of a document while somebody types, so that a model, here or elsewhere, finds it in
//! its cache: the anchor of the text around the cursor, and the parts of other files. Must not know tokens or protocols.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::Ask;
use crate::context::{self, Considered, Gathered};
use crate::prompt::{self, Anchor, Budget, ContextFile, Layout, Plan};

/// Of one document. Its engine keeps it from one question to the next.
#[derive(Clone)]
pub struct Held {
    pub anchor: Anchor,
    pub context: Arc<Context>,
}

/// The parts of other files in a prompt.
#[derive(Default)]
pub struct Context {
    pub repository: String,
    pub path: Arc<str>,
    pub files: Vec<ContextFile>,
    pub considered: Arc<[Considered]>,
}

/// Documents of which an engine keeps it.
pub const MAX_HELD: NonZeroUsize = NonZeroUsize::new(32).unwrap();

impl Held {
    /// Lays `ask` out. The context of the question before is kept as long as that goes on; `gather` finds another.
    pub fn next(
        before: Option<&Held>,
        ask: &Ask,
        layout: &Layout,
        gather: impl FnOnce(&Anchor) -> Context,
    ) -> (Plan, Held) {
        let plan = prompt::plan(&ask.document.text, ask.offset, before.map(|held| &held.anchor), layout);
        let context = match before {
            Some(before) if plan.anchor.goes_on(&before.anchor) => before.context.clone(),
            _ => Arc::new(gather(&plan.anchor)),
        };
        let anchor = plan.anchor.clone();
        (plan, Held { anchor, context })
    }
}

impl Context {
    /// What `contexts` finds for a question and `n_tokens` have room for.
    pub fn gather(
        ask: &Ask,
        anchor: &Anchor,
        contexts: impl FnOnce(&context::Place) -> Gathered,
        n_tokens: usize,
        budget: &Budget,
    ) -> Context {
        let shown = anchor.start..ask.offset + anchor.suffix.len();
        let place = context::Place { document: ask.document, others: ask.others, offset: ask.offset, shown };
        let Gathered { repository, path, pieces } = contexts(&place);
        let considered = context::choose(pieces, n_tokens, budget.bytes_per_token);
        let files = context::files(&considered);
        let files = files.into_iter().map(|(path, text)| ContextFile { path: path.to_string(), text }).collect();
        Context { repository, path, files, considered: considered.into() }
    }
}
