//! What became of a suggestion: taken, typed by hand, rejected, never read; and whether it is still there later.
//!
//! An editor says little of this: a command after an accept, and the changes of the text. [`Outcomes`] watches the one
//! suggestion that is on the screen, and the places of accepted ones for [`KEPT_AFTER`]. Several requests are one
//! suggestion while the user types along. Pure: no clock, no I/O; time is passed in. Must not know the ledger or the
//! wire. Read [`Outcomes::changed`] first.

mod live;
mod survival;

use std::collections::VecDeque;
use std::time::Duration;

use crate::document::{DocumentId, Snapshot};
use crate::suggestion::Suggestion;
use live::{Live, Progress};
use survival::Planted;

/// What was visible for less was not read: an answer to a glance takes longer. Cody counts 750 ms as read, which is
/// slower than people who accept by habit; Copilot's ghost text stays for 200 ms at least.
pub const MIN_VISIBLE: Duration = Duration::from_millis(300);

/// When an accepted text is looked for again (the second of Copilot's five looks).
pub const KEPT_AFTER: Duration = Duration::from_secs(30);

/// The share of an accepted text that must be there for it to count as kept: with less than a third changed it is
/// "mostly unchanged" (Ziegler et al., Productivity Assessment of Neural Code Completion, 2022). The ledger's view `single`
/// holds the same number.
pub const KEPT_SHARE: f32 = 0.67;

/// An editor that inserts another text than ours (re-indented, say) tells of the accept only after the change.
const COMMAND_WITHIN: Duration = Duration::from_millis(500);

/// Places that are waited for at once, and suggestions whose command may still come.
const MAX_PLANTED: usize = 32;
const MAX_LEAVING: usize = 8;

/// A suggestion as it is put on the screen.
pub struct Offered<'a> {
    /// The request's number; outcomes name the first request of a suggestion.
    pub request: u64,
    pub document: &'a Snapshot,
    /// Bytes.
    pub offset: usize,
    /// The first is shown; the user may turn to the others.
    pub suggestions: &'a [Suggestion],
    pub surface: Surface,
}

/// Where a suggestion is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// At its place in the text.
    Text,
    /// In a menu with others: who types on has not said that it is wrong.
    Menu,
}

/// Whether a suggestion was on the screen already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    New,
    /// The rest of the one that this request began.
    Continues(u64),
}

/// What became of the suggestion of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub request: u64,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Ended(Ended),
    /// [`KEPT_AFTER`] an accept: the share of the accepted text that is still there, 0 to 1.
    Kept {
        share: f32,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    pub end: End,
    /// Characters of it that are in the text now, accepted and typed.
    pub n_taken: usize,
    /// Of those, typed by hand.
    pub n_typed: usize,
    pub visible: Duration,
}

impl Ended {
    /// What an estimate of the chance should have said, 0 to 1; `None` where the user has not decided.
    pub fn taken(&self, n_chars: usize) -> Option<f32> {
        match self.end {
            End::Accepted | End::Partial | End::TypedThrough => Some(1.0),
            // Who typed most of it and then something else was nearly given the right text.
            End::Rejected => Some((self.n_typed as f32 / n_chars.max(1) as f32).min(1.0)),
            End::Unseen | End::Ignored => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Taken whole, by a command or in one insert.
    Accepted,
    /// Taken in part, by a command or in one insert; the rest was not.
    Partial,
    /// Typed by hand to its end.
    TypedThrough,
    /// Read, and something else was typed, maybe after a beginning of it; or dismissed.
    Rejected,
    /// It left, or something else was typed, before it could be read.
    Unseen,
    /// The user went elsewhere, or another suggestion took its place.
    Ignored,
}

#[derive(Default)]
pub struct Outcomes {
    live: Option<Live>,
    /// No more on the screen, but a command may still say that it was accepted. Oldest first.
    leaving: VecDeque<Leaving>,
    planted: VecDeque<Planted>,
}

struct Leaving {
    live: Live,
    at: Duration,
    /// How it ends without a command.
    end: End,
    /// Where all of it stands.
    place: Option<Planted>,
}

impl Outcomes {
    /// A suggestion goes on the screen.
    pub fn shown(&mut self, offered: &Offered, now: Duration) -> (Showing, Vec<Event>) {
        let mut events = self.settle(now);
        if let Some(live) = self.live.as_mut().filter(|live| live.continues(offered)) {
            live.go_on(offered);
            return (Showing::Continues(live.requests[0]), events);
        }
        if let Some(live) = self.live.take() {
            let end = live.left(now);
            events.push(live.end(now, end));
        }
        self.live = Live::new(offered, now);
        (Showing::New, events)
    }

    /// A document has changed: the text was typed along, accepted, or something else happened.
    pub fn changed(&mut self, document: &Snapshot, now: Duration) -> Vec<Event> {
        let mut events = self.settle(now);
        let waiting = self.leaving.iter_mut().filter_map(|leaving| leaving.place.as_mut());
        let places = self.planted.iter_mut().chain(waiting).filter(|planted| planted.document == document.id);
        places.for_each(|planted| planted.current = document.text.clone());

        let Some(mut live) = self.live.take_if(|live| live.document == document.id) else { return events };
        match live.progress(&document.text) {
            Progress::Along(n_bytes) => {
                live.advance(n_bytes);
                self.live = Some(live);
            }
            Progress::Whole(which) => {
                let is_at_once = live.complete(which);
                let place = Planted::new(live.requests[0], document, live.offset..live.offset + live.n_bytes, now);
                if is_at_once || live.n_accepted() > 0 {
                    self.plant(place);
                    events.push(live.end(now, End::Accepted));
                } else {
                    events.extend(self.leave(live, End::TypedThrough, Some(place), now));
                }
            }
            Progress::Elsewhere => {
                let end = live.left(now);
                events.push(live.end(now, end));
            }
            Progress::Diverged => {
                let end = live.diverged(now);
                events.extend(self.leave(live, end, None, now));
            }
        }
        events
    }

    /// The editor says that a suggestion of this request was accepted. It says so after the text has changed.
    pub fn accepted(&mut self, request: u64, now: Duration) -> Option<Event> {
        if let Some(live) = self.live.take_if(|live| live.requests.contains(&request)) {
            return Some(live.end(now, End::Accepted));
        }
        let at = self.leaving.iter().position(|leaving| leaving.live.requests.contains(&request))?;
        let Leaving { live, at, place, .. } = self.leaving.remove(at)?;
        place.into_iter().for_each(|place| self.plant(place));
        Some(live.end(at, End::Accepted))
    }

    /// The editor says that it has put the suggestion of this request on the screen just now.
    pub fn seen(&mut self, request: u64, now: Duration) {
        // Only the first time: the rest of one that is typed along was read long before.
        if let Some(live) = self.live.as_mut().filter(|live| live.requests == [request] && live.n_bytes == 0) {
            live.since = now;
        }
    }

    /// The editor says that so many characters of the suggestion of this request, from its beginning, were accepted.
    pub fn partially(&mut self, request: u64, n_chars: usize) {
        let is_meant = |live: &&mut Live| live.requests.contains(&request);
        let leaving = self.leaving.iter_mut().map(|leaving| &mut leaving.live);
        if let Some(live) = self.live.iter_mut().chain(leaving).find(is_meant) {
            live.command(n_chars);
        }
    }

    /// The editor says that the user wants none of it.
    pub fn dismissed(&mut self, request: u64, now: Duration) -> Option<Event> {
        let live = self.live.take_if(|live| live.requests.contains(&request))?;
        let end = live.diverged(now);
        Some(live.end(now, end))
    }

    /// A document was closed: what becomes of its text is not known any more.
    pub fn closed(&mut self, document: &DocumentId, now: Duration) -> Option<Event> {
        self.planted.retain(|planted| planted.document != *document);
        let live = self.live.take_if(|live| live.document == *document)?;
        let end = live.left(now);
        Some(live.end(now, end))
    }

    /// Says what is due by now; call it at [`Outcomes::due`].
    pub fn tick(&mut self, now: Duration) -> Vec<Event> {
        self.settle(now)
    }

    /// When there will be something to say although nothing happens.
    pub fn due(&self) -> Option<Duration> {
        let leaving = self.leaving.front().map(|leaving| leaving.at + COMMAND_WITHIN);
        leaving.into_iter().chain(self.planted.front().map(|planted| planted.at + KEPT_AFTER)).min()
    }

    fn settle(&mut self, now: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(leaving) = self.leaving.pop_front_if(|leaving| now >= leaving.at + COMMAND_WITHIN) {
            events.push(leaving.end());
        }
        while let Some(planted) = self.planted.pop_front_if(|planted| now >= planted.at + KEPT_AFTER) {
            let (request, share) = (planted.request, planted.share());
            events.push(Event { request, outcome: Outcome::Kept { share } });
        }
        events
    }

    /// Takes a suggestion off the screen; where too many wait for a command, the oldest waits no more.
    fn leave(&mut self, live: Live, end: End, place: Option<Planted>, at: Duration) -> Option<Event> {
        let oldest = if self.leaving.len() == MAX_LEAVING { self.leaving.pop_front() } else { None };
        self.leaving.push_back(Leaving { live, at, end, place });
        oldest.map(Leaving::end)
    }

    fn plant(&mut self, planted: Planted) {
        if self.planted.len() == MAX_PLANTED {
            self.planted.pop_front();
        }
        self.planted.push_back(planted);
    }
}

impl Leaving {
    fn end(self) -> Event {
        self.live.end(self.at, self.end)
    }
}
