//! What the predictor tells beside its answers: of waste, of news, and of what it would answer.

use super::{Predictor, Trigger, Waste, gate};
use crate::document::{DocumentId, Snapshot};
use crate::suggestion::Suggestion;

impl Predictor {
    /// Tells of every question to the models that was ended before it was answered. Called on their thread.
    pub fn telling_waste(self, on_waste: impl Fn(Waste) + Send + Sync + 'static) -> Predictor {
        let _ = self.core.on_waste.set(Box::new(on_waste));
        self
    }

    /// Tells of every document for which a model has said something that may be shown. Called on the models' thread.
    pub fn telling_news(self, on_news: impl Fn(&DocumentId) + Send + Sync + 'static) -> Predictor {
        let _ = self.core.on_news.set(Box::new(on_news));
        self
    }

    /// What would be shown to who asked now ([`Request::takes_beginnings`](super::Request)), without asking any engine;
    /// nothing is noted of it.
    pub fn peek(&self, document: &Snapshot, offset: usize, takes_beginnings: bool) -> Option<Suggestion> {
        gate::judge(&self.core.options, document, offset, Trigger::Automatic).ok()?;
        let hit = self.look_up(document, offset, takes_beginnings)?;
        self.best(document, offset, &hit, &self.bars())?.suggestions.into_iter().next()
    }
}
