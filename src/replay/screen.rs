//! What ghost text is visible at each moment, as the imitated editor shows it.
//!
//! Pure: the moments and answers of a finished replay go in, in the order of their times; what was seen comes out.
//! While the user types what is shown, its rest stays; an edit that disagrees hides it. How an answer gets to the
//! screen depends on the editor ([`Client`]); an empty answer hides what was shown, an error changes nothing.

use std::time::Duration;

use super::habits::Client;
use super::log::{Answer, Given, Item, Log};
use super::script::Moment;

/// A change of what is visible.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    pub at: Duration,
    /// The last moment played.
    pub moment: usize,
    /// Ghost text at this moment's cursor; empty for none.
    pub text: String,
    pub cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The user typed along, or differently.
    Edit,
    Answer,
}

/// Everything that was seen, in order.
pub fn sights(moments: &[Moment], log: &Log, client: Client) -> Vec<Sight> {
    let mut screen = Screen { moments, client, now: 0, newest: None, text: String::new(), sights: Vec::new() };
    let mut answers = log.answers.iter().peekable();
    for (i, at) in log.played.iter().enumerate() {
        while let Some(answer) = answers.next_if(|answer| answer.at < *at) {
            screen.answer(answer);
        }
        screen.play(i, *at);
    }
    answers.for_each(|answer| screen.answer(answer));
    screen.sights
}

struct Screen<'a> {
    moments: &'a [Moment],
    client: Client,
    now: usize,
    /// The moment that the shown answer was for.
    newest: Option<usize>,
    text: String,
    sights: Vec<Sight>,
}

impl Screen<'_> {
    fn play(&mut self, i: usize, at: Duration) {
        let before = self.now;
        self.now = i;
        let rest = self.rest(before).unwrap_or_default();
        self.show(rest, at, Cause::Edit);
    }

    /// What is left of the visible text when the user types from one moment to the next.
    fn rest(&self, before: usize) -> Option<String> {
        let (before, now) = (&self.moments[before], &self.moments[self.now]);
        let [edit] = &now.net[..] else { return None };
        let is_at_cursor = before.document == now.document && edit.offset == before.cursor && edit.delete == 0;
        let typed = now.text.slice(edit.offset..now.cursor);
        is_at_cursor.then(|| self.text.strip_prefix(&*typed)).flatten().map(str::to_string)
    }

    fn answer(&mut self, answer: &Answer) {
        let is_for_now = answer.moment == self.now;
        let may_show = match self.client {
            // Its older requests are cancelled: whatever still comes is dropped.
            Client::Vscode => is_for_now,
            // The last reply received.
            Client::Neovim => true,
            Client::Plain => self.newest.is_none_or(|newest| newest <= answer.moment),
        };
        if !may_show {
            return;
        }
        match &answer.given {
            Given::Item(item) => {
                if let Some(text) = self.fitting(item, answer.moment) {
                    self.newest = Some(answer.moment);
                    self.show(text, answer.at, Cause::Answer);
                }
            }
            Given::Nothing if is_for_now || self.client == Client::Neovim => {
                self.newest = Some(answer.moment);
                self.show(String::new(), answer.at, Cause::Answer);
            }
            Given::Nothing | Given::Failed | Given::Misfit(_) => {}
        }
    }

    /// The part of an item that is still to come, if what was typed since it was asked for is its beginning.
    fn fitting(&self, item: &Item, asked: usize) -> Option<String> {
        let (then, now) = (&self.moments[asked], &self.moments[self.now]);
        let is_same = then.document == now.document && item.start <= now.cursor && then.cursor <= now.cursor;
        let is_only_typed = || {
            let (before, after) = (then.text.slice(0..then.cursor), now.text.slice(0..then.cursor));
            let left = then.text.len() - then.cursor == now.text.len() - now.cursor;
            left && before == after
        };
        if !is_same || !(asked == self.now || is_only_typed()) {
            return None;
        }
        let typed = now.text.slice(item.start..now.cursor);
        item.text.strip_prefix(&*typed).map(str::to_string)
    }

    fn show(&mut self, text: String, at: Duration, cause: Cause) {
        if text == self.text {
            // Typed along to its end, or nothing as before.
            return;
        }
        self.text.clone_from(&text);
        self.sights.push(Sight { at, moment: self.now, text, cause });
    }
}
