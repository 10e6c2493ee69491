//! llama.vim's policy, played to a `llama-server`: a peer on the same keys, the same weights and the same threads.
//!
//! By its published source (<https://github.com/ggml-org/llama.vim>, `autoload/llama.vim`), with its defaults. One
//! request is in flight, which nothing cancels; who wants to ask meanwhile tries again after 100 ms. At each key what
//! is shown is taken from the cache or hidden; what comes is shown if nothing is. Left out: the ring of chunks from
//! other places, which needs a session with several files, and Vim's own redraws.
//! Read `policy.rs` first: it decides, this file does.

pub mod policy;
pub mod server;

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Map;

use super::log::{Answer, Given, Item, Log};
use super::play::Player;
use super::script::{Action, Moment};
use crate::text::Text;
use policy::{Call, Place, Policy};
use server::{Infill, Server};

pub struct LlamaVim {
    server: Server,
    policy: Policy,
    start: Instant,
    /// The moment that is on the screen.
    now: usize,
    text: Text,
    place: Place,
    in_flight: Option<policy::Request>,
    /// What could not be asked because a request was in flight, and when it is tried again.
    retry: Option<(Duration, Call)>,
}

/// How long who wants to ask waits for the request in flight.
const RETRY: Duration = Duration::from_millis(100);

impl LlamaVim {
    /// The clock starts here.
    pub fn new(server: Server) -> LlamaVim {
        LlamaVim {
            server,
            policy: Policy::default(),
            start: Instant::now(),
            now: 0,
            text: Text::default(),
            place: Place::default(),
            in_flight: None,
            retry: None,
        }
    }

    pub fn start(&self) -> Instant {
        self.start
    }

    /// What the server did, in counts.
    pub fn session(&self) -> Map<String, serde_json::Value> {
        self.server.session()
    }

    /// Looks into the cache and shows what is found; then prepares what comes after it.
    fn show(&mut self, at: Duration, source: &str, log: &mut Log) {
        let was_visible = self.policy.is_visible();
        let Some(shown) = self.policy.hint(&self.text, self.place) else {
            return self.say_nothing(was_visible, at, log);
        };
        if shown.ghost.is_empty() {
            self.say_nothing(was_visible, at, log);
        } else {
            let cursor = self.text.line_range(self.place.line).start + self.place.column;
            let item = Item { start: cursor, end: cursor, text: shown.ghost, source: source.to_string() };
            log.answers.push(Answer { moment: self.now, at, is_again: false, given: Given::Item(item) });
        }
        self.ask(Call { place: Some(self.place), taken: shown.lines });
    }

    /// Hides what is visible; where nothing is, that is no answer.
    fn say_nothing(&self, was_visible: bool, at: Duration, log: &mut Log) {
        if was_visible {
            log.answers.push(Answer { moment: self.now, at, is_again: false, given: Given::Nothing });
        }
    }

    fn ask(&mut self, call: Call) {
        if self.in_flight.is_some() {
            self.retry = Some((self.start.elapsed() + RETRY, call));
            return;
        }
        if let Some(request) = self.policy.request(&self.text, self.place, &call) {
            self.server.ask(&request);
            self.in_flight = Some(request);
        }
    }

    fn take(&mut self, infill: Infill, log: &mut Log) {
        let Some(request) = self.in_flight.take() else { return };
        let at = infill.at.saturating_duration_since(self.start);
        let Some(content) = infill.content else {
            log.answers.push(Answer { moment: self.now, at, is_again: false, given: Given::Failed });
            return;
        };
        self.policy.keep(&request, &content);
        if !self.policy.is_visible() {
            self.show(at, "model", log);
        }
    }
}

impl Player for LlamaVim {
    fn play(&mut self, i: usize, moment: &Moment, log: &mut Log) -> Result<()> {
        let at = self.start.elapsed();
        log.played.push(at);
        self.now = i;
        self.text = moment.text.clone();
        self.place = Place::of(&moment.text, moment.cursor);
        if !matches!(moment.action, Action::Edit(_)) || !moment.is_key {
            self.policy.hide();
            return Ok(());
        }
        self.show(at, "cache", log);
        self.ask(Call::default());
        Ok(())
    }

    fn listen(&mut self, end: Instant, log: &mut Log) -> Result<()> {
        loop {
            let until = self.retry.as_ref().map_or(end, |(at, _)| end.min(self.start + *at));
            if let Some(infill) = self.server.next(until)? {
                self.take(infill, log);
            }
            let now = self.start.elapsed();
            if let Some((_, call)) = self.retry.take_if(|(at, _)| *at <= now) {
                self.ask(call);
            }
            if Instant::now() >= end {
                return Ok(());
            }
        }
    }

    fn is_waiting(&self) -> bool {
        self.in_flight.is_some() || self.retry.is_some()
    }

    fn process_id(&self) -> u32 {
        self.server.process_id()
    }
}
