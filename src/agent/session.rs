//! The life of one agent: started, asked, watched, ended.
//!
//! One loop hears the agent, the user, the meter and the clock; nothing in it waits for any of them. Whatever happens,
//! it comes to an [`Ended`], with no process left. Words of the protocol are `acp`'s.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, channel};

use super::acp::{self, Abilities, Event, Status, Stop, ToolUpdate};
use super::journal::Journal;
use super::meter::Tab;
use super::permissions::{self, By, Choice, Decision, Kind, Policy, Question, Verdict, Wish, one_line};
use super::process::{self, Launch, Process};
use super::task::Block;
use super::usage::{Source, Usage, short};
use super::wire::{Message, Reader, Refusal, Writer};
use super::{HandOff, State, unix_ms};

/// What a session is made of.
pub struct Setup {
    pub launch: Launch,
    /// Of the settings, else what is known of the agent.
    pub mode: String,
    pub login: String,
    /// The copy of the project, and the folder within it that is worked in.
    pub worktree: PathBuf,
    pub folder: PathBuf,
    pub blocks: Vec<Block>,
    pub policy: Policy,
    pub ask_for: Duration,
    pub stalled_after: Duration,
    pub tab: Option<Arc<Tab>>,
    pub orders: UnboundedReceiver<Order>,
    /// Told of every change, at most four times a second but for changes of the state.
    pub publish: Box<dyn Fn(&HandOff) + Send>,
    /// Asked four times a second: what other processes want.
    pub inbox: Box<dyn Fn() -> Vec<Order> + Send>,
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Cancel,
    Permit { question: u64, is_allowed: bool },
    Hide(bool),
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `Review` where the agent says that it is done.
    pub state: State,
    pub reason: String,
}

struct Session {
    setup: Setup,
    hand_off: HandOff,
    journal: Journal,
    writer: Option<Writer>,
    phase: Phase,
    n_requests: u64,
    session: String,
    abilities: Abilities,
    tools: HashMap<String, Tool>,
    /// Permissions that wait for the user; the first is the one that is asked.
    questions: VecDeque<Pending>,
    n_questions: u64,
    started: Instant,
    heard: Instant,
    /// It is to be ended so, once it has stopped by itself or the time is over.
    ending: Option<(Ended, Instant)>,
    is_changed: bool,
    is_state_changed: bool,
    n_noise: usize,
}

/// The request whose answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Initialize,
    Open,
    SetMode,
    Prompt,
}

#[derive(Clone, Debug)]
struct Tool {
    wish: Wish,
    status: Status,
    since: Instant,
    is_logged: bool,
}

struct Pending {
    request: Value,
    wish: Wish,
    choices: Vec<Choice>,
    number: u64,
    /// Absent until it is asked.
    until: Option<Instant>,
}

/// How often the clock is looked at; so often, at most, is anything published.
const TICK: Duration = Duration::from_millis(250);

/// After the end of its turn, for what it still wants to write down; then it is told to end.
const LEAVE: Duration = Duration::from_secs(1);
/// After it has confirmed a cancel.
const LEAVE_SOON: Duration = Duration::from_millis(100);

/// A running command may be silent for so many times longer.
const COMMAND_FACTOR: u32 = 6;

/// Calls of tools that are remembered; far more than any turn has.
const MAX_TOOLS: usize = 4096;

/// Of the agent's last words.
const MAX_ANSWER: usize = 16 << 10;

/// Messages that wait to be understood; the agent waits when there are more.
const MAX_WAITING: usize = 64;

/// Runs the agent to its end. Must be called where [`Process::start`] may be.
pub async fn run(setup: Setup, hand_off: HandOff, journal: Journal) -> (HandOff, Ended, Journal) {
    let (process, stdin, stdout) = match Process::start(&setup.launch) {
        Ok(started) => started,
        Err(reason) => return (hand_off, Ended { state: State::Failed, reason }, journal),
    };
    let now = Instant::now();
    let session = Session {
        setup,
        hand_off,
        journal,
        writer: Some(Writer::start(stdin)),
        phase: Phase::Initialize,
        n_requests: 0,
        session: String::new(),
        abilities: Abilities::default(),
        tools: HashMap::new(),
        questions: VecDeque::new(),
        n_questions: 0,
        started: now,
        heard: now,
        ending: None,
        is_changed: false,
        is_state_changed: false,
        n_noise: 0,
    };
    session.attend(process, stdout).await
}

async fn read(stdout: impl AsyncRead + Unpin, send: tokio::sync::mpsc::Sender<Result<Message, String>>) {
    let mut reader = Reader::new(stdout);
    loop {
        match reader.next().await {
            Ok(Some(message)) => {
                if send.send(Ok(message)).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(why) => return drop(send.send(Err(why)).await),
        }
    }
}

impl Session {
    async fn attend(mut self, mut process: Process, stdout: impl AsyncRead + Unpin + Send + 'static) -> (HandOff, Ended, Journal) {
        let (send, mut messages) = channel(MAX_WAITING);
        let reader = tokio::spawn(read(stdout, send));
        self.request(Phase::Initialize, "initialize", acp::initialize());
        let ended = self.until_end(&mut process, &mut messages).await;
        self.answer_all_cancelled();
        // Its input ends.
        self.writer = None;
        let leave = match ended.state {
            State::Review => LEAVE,
            _ => LEAVE_SOON,
        };
        let mut end = std::pin::pin!(process.end(leave));
        // What it says while it leaves is heard, so that it can write and go.
        loop {
            tokio::select! {
                () = &mut end => break,
                Some(message) = messages.recv() => {
                    if let Ok(Message::Notification { method, params }) = message && method == "session/update" {
                        self.update(params);
                    }
                }
            }
        }
        reader.abort();
        self.journal.finish_line();
        self.take_usage();
        self.hand_off.tool = String::new();
        self.hand_off.question = None;
        (self.hand_off, ended, self.journal)
    }

    async fn until_end(
        &mut self,
        process: &mut Process,
        messages: &mut Receiver<Result<Message, String>>,
    ) -> Ended {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let tab = self.setup.tab.clone();
        let mut is_gone = false;
        loop {
            let ended = tokio::select! {
                message = messages.recv() => match message {
                    Some(Ok(message)) => self.message(message),
                    Some(Err(why)) => Some(failed(why)),
                    None => Some(self.lost(process).await),
                },
                Some(order) = self.setup.orders.recv() => self.order(order),
                () = alarm(tab.as_deref()) => self.metered(),
                // A child of it may hold its output open.
                _ = process.ended(), if !is_gone => {
                    is_gone = true;
                    None
                }
                _ = tick.tick() => match is_gone {
                    // What it had said by then has been heard since the last tick.
                    true => Some(self.lost(process).await),
                    false => self.tick(),
                },
            };
            if let Some(ended) = ended {
                // Who was being ended for a reason has ended for that.
                return self.ending.take().map_or(ended, |(meant, _)| meant);
            }
            if std::mem::take(&mut self.is_state_changed) {
                self.publish();
            }
        }
    }

    /// It has ended in the middle of its work.
    async fn lost(&mut self, process: &mut Process) -> Ended {
        let status = tokio::time::timeout(TICK, process.ended()).await;
        let status: Option<ExitStatus> = status.ok().and_then(Result::ok);
        let status = status.map_or("its output has ended".to_string(), |status| format!("it ended ({status})"));
        let log = process.log();
        let last = log.iter().rev().find(|line| !line.trim().is_empty());
        let last = last.map(|line| format!("; its last words: {}", one_line(&self.journal.clean(line))));
        failed(format!("{status} before its work was done{}", last.unwrap_or_default()))
    }

    fn message(&mut self, message: Message) -> Option<Ended> {
        self.heard = Instant::now();
        self.hand_off.heard = unix_ms();
        match message {
            Message::Response { id, result } if id == self.n_requests => return self.response(result),
            Message::Response { .. } => {}
            Message::Notification { method, params } if method == "session/update" => self.update(params),
            // Agents send notifications of their own.
            Message::Notification { .. } => {}
            Message::Request { id, method, params } if method == "session/request_permission" => {
                self.permission(id, params);
            }
            Message::Request { id, method, .. } => self.send(|writer| writer.refuse(&id, &method)),
            Message::Noise => {
                self.n_noise += 1;
                if self.n_noise == 1 {
                    self.journal.entry("it writes lines that are no messages; they are passed over");
                }
            }
        }
        self.settle();
        None
    }

    fn response(&mut self, result: Result<Value, Refusal>) -> Option<Ended> {
        let result = match (self.phase, result) {
            // Without the mode it is watched all the same.
            (Phase::SetMode, Err(refusal)) => {
                self.journal.entry(&format!("it does not take the mode in which it asks: {}", refusal.message));
                Value::Null
            }
            (_, Ok(result)) => result,
            (_, Err(refusal)) => return Some(self.refused(&refusal)),
        };
        match self.phase {
            Phase::Initialize => match acp::read_initialize(result) {
                Ok(abilities) => {
                    self.abilities = abilities;
                    let params = acp::new_session(&self.setup.folder);
                    self.request(Phase::Open, "session/new", params);
                }
                Err(why) => return Some(failed(why)),
            },
            Phase::Open => match acp::read_session(result, &self.setup.mode) {
                Ok(session) => {
                    self.session = session.id;
                    match session.mode {
                        Some(mode) => {
                            let (method, params) = acp::set_mode(&self.session, &mode);
                            self.request(Phase::SetMode, method, params);
                        }
                        None => self.prompt(),
                    }
                }
                Err(why) => return Some(failed(why)),
            },
            Phase::SetMode => self.prompt(),
            Phase::Prompt => return Some(self.turn_ended(result)),
        }
        self.settle();
        None
    }

    fn prompt(&mut self) {
        let params = acp::prompt(&self.session, &self.setup.blocks, self.abilities.embeds);
        self.request(Phase::Prompt, "session/prompt", params);
    }

    fn turn_ended(&mut self, result: Value) -> Ended {
        match acp::read_end(result) {
            Ok((stop, tokens)) => {
                if let (None, Some(tokens)) = (&self.setup.tab, tokens) {
                    let usage = &mut self.hand_off.usage;
                    usage.source = Source::Agent;
                    (usage.input_tokens, usage.output_tokens) = (Some(tokens.input), Some(tokens.output));
                }
                let reason = match stop {
                    Stop::Done => String::new(),
                    Stop::Cancelled => "it stopped by itself, as some do after a no".to_string(),
                    Stop::Limit(limit) => format!("it stopped at {limit}"),
                    Stop::Refused => "it refused to go on".to_string(),
                };
                Ended { state: State::Review, reason }
            }
            Err(why) => failed(why),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Ended {
        let said = one_line(&self.journal.clean(&refusal.message));
        if acp::wants_login(refusal) {
            return Ended { state: State::AuthRequired, reason: format!("{said}; {}", self.login()) };
        }
        failed(said)
    }

    /// What to do where a login is missing.
    fn login(&self) -> String {
        let ways = self.abilities.logins.join(", ");
        match (self.setup.login.as_str(), ways.as_str()) {
            ("", "") => "log in with the agent's own program, then start it again".to_string(),
            ("", ways) => format!("log in with the agent's own program ({ways}), then start it again"),
            (login, _) => format!("{login}, then start it again"),
        }
    }

    fn update(&mut self, params: Value) {
        match acp::read_update(params) {
            Event::Said(piece) => {
                let answer = &mut self.hand_off.answer;
                answer.push_str(&piece);
                if answer.len() > MAX_ANSWER {
                    let cut = answer.ceil_char_boundary(answer.len() - MAX_ANSWER);
                    answer.drain(..cut);
                }
                self.journal.said(&piece);
            }
            Event::Thought(piece) => self.journal.thought(&piece),
            Event::Did(update) => self.did(update),
            Event::Planned(steps) => {
                let n_done = steps.iter().filter(|step| step.is_done).count();
                self.journal.entry(&format!("plan, {n_done} of {} done:", steps.len()));
                for step in steps {
                    let mark = if step.is_done { "[x]" } else { "[ ]" };
                    self.journal.entry(&format!("{mark} {}", step.text));
                }
            }
            Event::Used { context, cost } => {
                self.hand_off.context = Some(context);
                if let (None, Some((amount, currency))) = (&self.setup.tab, cost)
                    && currency == "USD"
                {
                    let usage = &mut self.hand_off.usage;
                    usage.source = Source::Agent;
                    usage.cost_micro_usd = Some((amount.max(0.0) * 1e6).round() as i64);
                }
            }
            Event::Other => {}
        }
        self.is_changed = true;
    }

    /// The call as it is now known, with what this update adds.
    fn merge(&mut self, update: ToolUpdate) -> &mut Tool {
        if self.tools.len() >= MAX_TOOLS && !self.tools.contains_key(&update.id) {
            self.tools.retain(|_, tool| matches!(tool.status, Status::Pending | Status::Running));
        }
        let tool = self.tools.entry(update.id).or_insert_with(|| Tool {
            wish: Wish { kind: Kind::Other, title: String::new(), paths: Vec::new(), command: None },
            status: Status::Pending,
            since: Instant::now(),
            is_logged: false,
        });
        tool.wish.kind = update.kind.unwrap_or(tool.wish.kind);
        tool.wish.title = update.title.filter(|title| !title.is_empty()).unwrap_or(std::mem::take(&mut tool.wish.title));
        tool.wish.command = update.command.or(tool.wish.command.take());
        tool.status = update.status.unwrap_or(tool.status);
        tool.wish.paths.extend(update.paths);
        tool.wish.paths.sort();
        tool.wish.paths.dedup();
        tool
    }

    fn did(&mut self, update: ToolUpdate) {
        let tool = self.merge(update);
        let is_over = matches!(tool.status, Status::Done | Status::Failed);
        let is_news = is_over && !tool.is_logged;
        tool.is_logged |= is_over;
        let Tool { wish, status, .. } = tool.clone();
        let line = self.journal.clean(&wish.describe(&self.setup.worktree));
        if is_news {
            let failed = if status == Status::Failed { " (failed)" } else { "" };
            self.journal.entry(&format!("{line}{failed}"));
        }
        if status == Status::Done && wish.kind.writes() {
            for path in &wish.paths {
                if let Ok(path) = path.strip_prefix(&self.setup.worktree)
                    && !self.hand_off.files.iter().any(|known| known == path)
                {
                    self.hand_off.files.push(path.to_path_buf());
                }
            }
        }
        self.hand_off.tool = if is_over { String::new() } else { line };
    }

    fn permission(&mut self, request: Value, params: Value) {
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
    fn ask(&mut self) {
        let (patience, worktree) = (self.setup.ask_for, self.setup.worktree.clone());
        let question = self.questions.front_mut().map(|pending| {
            pending.until.get_or_insert(Instant::now() + patience);
            let text = pending.wish.describe(&worktree);
            Question { number: pending.number, text, until: unix_ms() + patience.as_millis() as i64 }
        });
        let question = question.map(|asked| Question { text: self.journal.clean(&asked.text), ..asked });
        let is_same = question.as_ref().map(|asked| asked.number) == self.hand_off.question.as_ref().map(|asked| asked.number);
        if !is_same {
            self.hand_off.question = question;
            self.is_state_changed = true;
        }
        self.settle();
    }

    /// `None` is neither yes nor no: the hand-off ends.
    fn decide(&mut self, request: &Value, wish: &Wish, choices: &[Choice], answer: Option<bool>, by: By) {
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

    fn answer_question(&mut self, number: u64, is_allowed: bool, by: By) {
        let Some(at) = self.questions.iter().position(|pending| pending.number == number) else { return };
        let Some(Pending { request, wish, choices, .. }) = self.questions.remove(at) else { return };
        self.decide(&request, &wish, &choices, Some(is_allowed), by);
        self.heard = Instant::now();
        self.ask();
    }

    fn answer_all_cancelled(&mut self) {
        while let Some(Pending { request, wish, choices, .. }) = self.questions.pop_front() {
            self.decide(&request, &wish, &choices, None, By::Cancel);
        }
        self.hand_off.question = None;
    }

    fn order(&mut self, order: Order) -> Option<Ended> {
        match order {
            Order::Permit { question, is_allowed } => self.answer_question(question, is_allowed, By::User),
            Order::Hide(hide) => {
                self.hand_off.is_visible = !hide;
                self.is_state_changed = true;
            }
            Order::Cancel => {
                let reason = "you have cancelled it".to_string();
                return self.end(Ended { state: State::Cancelled, reason });
            }
        }
        None
    }

    /// Begins the end: asks the agent to stop, where it can be asked.
    fn end(&mut self, ended: Ended) -> Option<Ended> {
        if self.ending.is_some() {
            return None;
        }
        self.answer_all_cancelled();
        if self.phase != Phase::Prompt {
            return Some(ended);
        }
        let params = acp::cancel(&self.session);
        self.send(|writer| writer.notify("session/cancel", params));
        self.ending = Some((ended, Instant::now() + process::PATIENCE));
        None
    }

    /// The meter has something to say.
    fn metered(&mut self) -> Option<Ended> {
        let tab = self.setup.tab.clone()?;
        self.take_usage();
        if let Some(why) = tab.over_budget() {
            return self.end(Ended { state: State::OverBudget, reason: why });
        }
        if let Some(why) = tab.unauthorised() {
            let reason = format!("{why}; {}", self.login());
            return self.end(Ended { state: State::AuthRequired, reason });
        }
        self.settle();
        None
    }

    fn take_usage(&mut self) {
        if let Some(tab) = &self.setup.tab {
            let usage = tab.usage();
            self.is_changed |= usage != self.hand_off.usage;
            self.hand_off.usage = usage;
        }
    }

    fn tick(&mut self) -> Option<Ended> {
        for order in (self.setup.inbox)() {
            if let Some(ended) = self.order(order) {
                return Some(ended);
            }
        }
        let now = Instant::now();
        if let Some((ended, until)) = &self.ending {
            return (now >= *until).then(|| ended.clone());
        }
        if let Some(late) = self.questions.front().filter(|asked| asked.until.is_some_and(|until| now >= until)) {
            let number = late.number;
            self.answer_question(number, false, By::Time);
        }
        if self.setup.tab.is_none()
            && let Some(why) = self.hand_off.budget.exceeded(&self.hand_off.usage)
        {
            return self.end(Ended { state: State::OverBudget, reason: why });
        }
        let limit = self.hand_off.budget.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        if let Some(limit) = limit.filter(|limit| self.started.elapsed() >= *limit) {
            let reason = format!("its {} minutes are over", limit.as_secs() / 60);
            return self.end(Ended { state: State::OverBudget, reason });
        }
        self.take_usage();
        self.settle();
        if self.is_changed {
            self.publish();
        }
        None
    }

    /// Sets the state by what is known.
    fn settle(&mut self) {
        let (state, reason) = match (&self.hand_off.question, self.stalled()) {
            (Some(_), _) => (State::Waiting, String::new()),
            (None, Some(reason)) => (State::Stalled, reason),
            (None, None) if self.phase == Phase::Prompt => (State::Working, String::new()),
            (None, None) => (State::Starting, String::new()),
        };
        if self.hand_off.state != state {
            if state == State::Stalled {
                self.journal.entry(&format!("stalled: {reason}"));
            }
            (self.hand_off.state, self.hand_off.reason) = (state, reason);
            self.is_state_changed = true;
        }
    }

    /// Why it counts as stalled.
    fn stalled(&self) -> Option<String> {
        let tab = self.setup.tab.as_deref();
        if let Some(trouble) = tab.and_then(Tab::trouble) {
            return Some(trouble);
        }
        let heard = tab.map_or(self.heard, |tab| self.heard.max(tab.heard()));
        let running = self.tools.values().find(|tool| tool.status == Status::Running && tool.wish.kind == Kind::Execute);
        let factor = if running.is_some() { COMMAND_FACTOR } else { 1 };
        let silent = heard.elapsed();
        if silent < self.setup.stalled_after * factor {
            return None;
        }
        let s = self.setup.stalled_after.as_secs();
        Some(match (running, tab.map(Tab::n_in_flight)) {
            (Some(tool), _) => {
                let minutes = tool.since.elapsed().as_secs() / 60;
                format!("a command runs for {minutes} minutes and says nothing")
            }
            (None, Some(1..)) => format!("its model has said nothing for {s} s"),
            (None, Some(0)) => format!("it asks nothing of its model and says nothing for {s} s"),
            (None, None) => format!("nothing was heard of it for {s} s; its provider may be down"),
        })
    }

    fn publish(&mut self) {
        self.is_changed = false;
        (self.setup.publish)(&self.hand_off);
    }

    fn request(&mut self, phase: Phase, method: &str, params: Value) {
        self.phase = phase;
        self.n_requests += 1;
        let id = self.n_requests;
        self.send(|writer| writer.request(id, method, params));
    }

    fn send(&self, message: impl FnOnce(&Writer)) {
        if let Some(writer) = &self.writer {
            message(writer);
        }
    }
}

fn failed(reason: String) -> Ended {
    Ended { state: State::Failed, reason }
}

/// Waits for the meter's next word; for ever without one.
async fn alarm(tab: Option<&Tab>) {
    match tab {
        Some(tab) => tab.news().await,
        None => std::future::pending().await,
    }
}

/// What a bar shows of it, such as `edit src/lib.rs · 3 files · 12k/200k · $0.02`.
pub fn line(hand_off: &HandOff) -> String {
    let HandOff { state, tool, question, reason, files, context, usage, .. } = hand_off;
    let doing = match (question, state) {
        (Some(question), _) => format!("asks: {}", question.text),
        (None, State::Stalled) => format!("stalled: {reason}"),
        (None, State::Working) if tool.is_empty() => "thinking".to_string(),
        (None, State::Working) => tool.clone(),
        (None, state) => state.name().replace('_', " "),
    };
    let files = match files.len() {
        0 => None,
        1 => Some("1 file".to_string()),
        n => Some(format!("{n} files")),
    };
    let context = context.filter(|(_, size)| *size > 0).map(|(used, size)| format!("{}/{}", short(used), short(size)));
    let cost = cost(usage);
    [Some(doing), files, context, cost].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn cost(usage: &Usage) -> Option<String> {
    let cost = Usage { input_tokens: None, ..usage.clone() }.describe();
    (!cost.is_empty()).then_some(cost)
}
