//! The thread that the models are asked on. Whoever asks comes first, and ends what nobody needs any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::flight::{Flight, Purpose};
use crate::document::DocumentId;
use crate::engine::Cancel;
use crate::text::Text;

/// Whoever waits looks up this often by itself; a bell rings at everything else.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

/// Most flights that wait for a quiet moment.
const MAX_AHEAD: usize = 4;

pub struct Flights {
    queue: Arc<Queue>,
}

#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    /// Rings when a flight is queued, has said something or is over, and when somebody stops waiting.
    bell: Condvar,
}

#[derive(Default)]
struct State {
    running: Option<Arc<Flight>>,
    asked: Option<Arc<Flight>>,
    ahead: VecDeque<Arc<Flight>>,
    /// The last one that was ended after it had said something: after a typo is taken back, that is what was wanted.
    ended: Option<Arc<Flight>>,
    closed: bool,
}

impl Flights {
    /// `fly` works on one flight; it rings the queue's bell whenever the flight has something new.
    pub fn start(fly: impl Fn(&Flight, &Queue) + Send + 'static) -> Flights {
        let queue = Arc::<Queue>::default();
        let there = queue.clone();
        let run = move || {
            while let Some(flight) = there.take() {
                fly(&flight, &there);
                there.land(&flight);
            }
        };
        // Without the thread a flight is over before it has begun.
        if std::thread::Builder::new().name("flights".to_string()).spawn(run).is_err() {
            queue.state.lock().closed = true;
        }
        Flights { queue }
    }

    /// The flight that agrees with the text, if one does: running, or waiting.
    pub fn agreeing(&self, id: &DocumentId, text: &Text, offset: usize) -> Option<Arc<Flight>> {
        let mut state = self.queue.state.lock();
        let is_agreeing = |flight: &&Arc<Flight>| flight.agrees(id, text, offset).is_some();
        if let Some(flight) = state.running.iter().chain(&state.asked).find(is_agreeing) {
            return Some(flight.clone());
        }
        let at = state.ahead.iter().position(|flight| flight.agrees(id, text, offset).is_some())?;
        let flight = state.ahead.remove(at)?;
        state.take_place(flight.clone());
        self.queue.bell.notify_all();
        Some(flight)
    }

    /// What the flight that was ended last had said of what comes here; empty if nothing.
    pub fn said_before(&self, id: &DocumentId, text: &Text, offset: usize) -> String {
        let state = self.queue.state.lock();
        state.ended.as_ref().and_then(|flight| flight.said_of(id, text, offset)).unwrap_or_default()
    }

    /// Begins a flight. One that somebody waits for ends all others.
    pub fn launch(&self, flight: Arc<Flight>) {
        let mut state = self.queue.state.lock();
        if state.closed {
            flight.hear(|heard| {
                heard.reasons.push("the thread of the models could not be started".to_string());
                heard.is_over = true;
            });
            return;
        }
        match flight.purpose {
            Purpose::Asked => {
                state.ahead.drain(..).for_each(|ahead| end(Some(&ahead)));
                state.take_place(flight);
            }
            Purpose::Ahead => {
                state.ahead.push_back(flight);
                if state.ahead.len() > MAX_AHEAD {
                    state.ahead.pop_front();
                }
            }
        }
        self.queue.bell.notify_all();
    }

    /// Whether a flight for this place is under way or waits.
    pub fn is_ahead(&self, id: &DocumentId, text: &Text, offset: usize) -> bool {
        let state = self.queue.state.lock();
        let is_same = |flight: &Arc<Flight>| flight.agrees(id, text, offset) == Some(0) && flight.offset == offset;
        state.running.iter().chain(&state.asked).chain(&state.ahead).any(is_same)
    }

    /// Ends what is not wanted of a document, and what runs of it by `stop`.
    pub fn end_unless(&self, id: &DocumentId, is_wanted: impl Fn(&Flight) -> bool, stop: fn(&Flight)) {
        let is_ended = |flight: &Flight| flight.document.id == *id && !is_wanted(flight);
        let mut state = self.queue.state.lock();
        if state.asked.as_ref().is_some_and(|flight| is_ended(flight)) {
            end(state.asked.take().as_ref());
        }
        // One that was superseded ends by itself, with what the next question needs, too.
        if state.running.as_ref().is_some_and(|flight| !flight.cancel.is_cancelled() && is_ended(flight)) {
            state.end_running(stop);
        }
        state.ahead.retain(|flight| !is_ended(flight));
        self.queue.bell.notify_all();
    }

    /// Waits until `look` has an answer: it is called at every ring of the bell. `None` after a cancel.
    pub fn wait<T>(&self, cancel: &Cancel, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        loop {
            // Between looking and waiting nothing may ring unheard.
            let mut state = self.queue.state.lock();
            if cancel.is_cancelled() {
                return None;
            }
            if let Some(found) = look() {
                return Some(found);
            }
            self.queue.bell.wait_for(&mut state, LOOK_UP_EVERY);
        }
    }

    /// Makes those who wait look up, as after a cancel.
    pub fn ring(&self) {
        self.queue.ring();
    }
}

impl Queue {
    pub fn ring(&self) {
        // Who holds the lock is about to wait.
        drop(self.state.lock());
        self.bell.notify_all();
    }

    fn take(&self) -> Option<Arc<Flight>> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            let next = state.asked.take().or_else(|| state.ahead.pop_front());
            if let Some(flight) = next {
                state.running = Some(flight.clone());
                return Some(flight);
            }
            self.bell.wait(&mut state);
        }
    }

    fn land(&self, flight: &Flight) {
        flight.hear(|heard| heard.is_over = true);
        self.state.lock().running = None;
        self.bell.notify_all();
    }
}

impl State {
    /// `flight` is the next, whatever was.
    fn take_place(&mut self, flight: Arc<Flight>) {
        self.end_running(|flight| flight.cancel.supersede());
        end(self.asked.replace(flight).as_ref());
    }

    fn end_running(&mut self, stop: fn(&Flight)) {
        let Some(flight) = &self.running else { return };
        stop(flight);
        flight.hear(|heard| heard.is_over = true);
        if !flight.heard().text.is_empty() {
            self.ended = Some(flight.clone());
        }
    }
}

impl Drop for Flights {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        state.closed = true;
        state.end_running(|flight| flight.cancel.cancel());
        end(state.asked.take().as_ref());
        state.ahead.clear();
        self.queue.bell.notify_all();
    }
}

fn end(flight: Option<&Arc<Flight>>) {
    if let Some(flight) = flight {
        flight.cancel.cancel();
        flight.hear(|heard| heard.is_over = true);
    }
}
