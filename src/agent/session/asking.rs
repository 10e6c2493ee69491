//! Permissions: judged by the table, else put to the user, one at a time.

use std::time::Instant;

use serde_json::Value;

use super::Session;
use crate::agent::acp;
use crate::agent::permissions::{self, By, Choice, Decision, Question, Verdict, Wish};
use crate::agent::unix_ms;

/// A request that waits for the user.
pub struct Pending {
    pub request: Value,
    pub wish: Wish,
    pub choices: Vec<Choice>,
    pub number: u64,
    /// Absent until it is asked.
    pub until: Option<Instant>,
}

impl Session {
    pub fn permission(&mut self, request: Value, params: Value) {
        let Ok((update, choices)) = acp::read_permission(params) else {
            return self.send(|writer| writer.answer(&request, acp::permission(None)));
        };
        let wish = self.merge(update).wish.clone();
        if self.ending.is_some() {
            return self.decide(&request, &wish, &choices, None, By::Cancel);
        }
        match self.setup.policy.judge(&wish, &self.setup.worktree) {
            Verdict::Allow => self.decide(&request, &wish, &choices, Some(true), By::Rule),
            Verdict::Deny => self.decide(&request, &wish, &choices, Some(false), By::Rule),
            Verdict::Ask => {
                self.n_questions += 1;
                let number = self.n_questions;
                self.questions.push_back(Pending { request, wish, choices, number, until: None });
                self.ask();
            }
        }
    }

    /// Puts the first of those that wait to the user.
    pub fn ask(&mut self) {
        let (patience, worktree) = (self.setup.ask_for, self.setup.worktree.clone());
        let question = self.questions.front_mut().map(|pending| {
            pending.until.get_or_insert(Instant::now() + patience);
            let text = pending.wish.describe(&worktree);
            Question { number: pending.number, text, until: unix_ms() + patience.as_millis() as i64 }
        });
        let question = question.map(|asked| Question { text: self.journal.clean(&asked.text), ..asked });
        let is_same =
            question.as_ref().map(|asked| asked.number) == self.hand_off.question.as_ref().map(|asked| asked.number);
        if !is_same {
            self.hand_off.question = question;
            self.is_state_changed = true;
        }
        self.settle();
    }

    /// `None` is neither yes nor no: the hand-off ends.
    pub fn decide(&mut self, request: &Value, wish: &Wish, choices: &[Choice], answer: Option<bool>, by: By) {
        let choice = answer.and_then(|is_allowed| permissions::choose(choices, is_allowed));
        // It offers no yes for this time alone.
        let is_withheld = answer == Some(true) && choice.is_none();
        let choice = if is_withheld { permissions::choose(choices, false) } else { choice };
        self.send(|writer| writer.answer(request, acp::permission(choice)));
        let by = if is_withheld { By::NoSuchAnswer } else { by };
        let is_allowed = answer == Some(true) && !is_withheld;
        let what = self.journal.clean(&wish.describe(&self.setup.worktree));
        let said = if is_allowed { "allowed" } else { "denied" };
        let whose = match by {
            By::Rule => "by rule",
            By::User => "by you",
            By::Time => "nobody answered",
            By::Cancel => "it was being ended",
            By::NoSuchAnswer => "it offers no answer for this time alone",
        };
        self.journal.entry(&format!("{said} ({whose}): {what}"));
        self.hand_off.decisions.push(Decision { at: unix_ms(), what, is_allowed, by });
        self.is_changed = true;
    }

    pub fn answer_question(&mut self, number: u64, is_allowed: bool, by: By) {
        let Some(at) = self.questions.iter().position(|pending| pending.number == number) else { return };
        let Some(Pending { request, wish, choices, .. }) = self.questions.remove(at) else { return };
        self.decide(&request, &wish, &choices, Some(is_allowed), by);
        self.heard = Instant::now();
        self.ask();
    }

    pub fn answer_all_cancelled(&mut self) {
        while let Some(Pending { request, wish, choices, .. }) = self.questions.pop_front() {
            self.decide(&request, &wish, &choices, None, By::Cancel);
        }
        self.hand_off.question = None;
    }
}
