//! Which questions to the models are begun: for who waits, for the rest of what is shown, and for what may follow it.

use std::sync::Arc;

use super::asking::N_CANDIDATES;
use super::flight::{Flight, Purpose};
use super::{Options, Predictor, with_replaced};
use crate::document::Snapshot;
use crate::suggestion::Suggestion;

impl Predictor {
    /// What is shown is the beginning of a line: sees to it that its rest is said.
    pub(super) fn hear_out(&self, document: &Snapshot, offset: usize, others: impl FnOnce() -> Vec<Snapshot>) {
        if self.agreeing(document, offset).is_none() {
            self.launch(&self.flight_from(document, offset, others(), N_CANDIDATES));
        }
    }

    /// The flight that says what comes here, if one does.
    pub(super) fn agreeing(&self, document: &Snapshot, offset: usize) -> Option<Arc<Flight>> {
        let agreeing = self.flights.agreeing(&document.id, &document.text, offset);
        agreeing.filter(|_| !self.core.options.without.adoption)
    }

    /// One that somebody waits for, and that knows what was said here before.
    pub(super) fn flight_from(
        &self,
        document: &Snapshot,
        offset: usize,
        others: Vec<Snapshot>,
        n_candidates: usize,
    ) -> Arc<Flight> {
        let said_before = self.flights.said_before(&document.id, &document.text, offset);
        let flight = Flight::new(document.clone(), offset, others, n_candidates, Purpose::Asked);
        Arc::new(flight.reminded_of(said_before))
    }

    pub(super) fn launch(&self, flight: &Arc<Flight>) {
        self.tally.lock().n_flights += 1;
        self.flights.launch(flight.clone());
    }

    /// Asks the models what comes once this is accepted.
    pub(super) fn speculate(&self, document: &Snapshot, offset: usize, shown: &Suggestion) {
        let Options { ahead, without, .. } = &self.core.options;
        if !ahead || without.speculation || !self.core.may_speculate() {
            return;
        }
        let (document, end) = with_replaced(document, offset..offset + shown.n_replaced, &shown.text);
        let known = self.look_up(&document, end, false);
        let is_known = known.is_some_and(|hit| hit.offers.iter().any(|offer| self.is_of_model(offer)));
        if is_known || self.flights.is_ahead(&document.id, &document.text, end) {
            return;
        }
        self.tally.lock().n_ahead += 1;
        self.flights.launch(Arc::new(Flight::new(document, end, Vec::new(), N_CANDIDATES, Purpose::Ahead)));
    }
}
