//! The life of one agent: started, asked, watched, ended.
//!
//! One loop hears the agent, the user, the meter and the clock; nothing in it waits for any of them. Whatever happens,
//! it comes to an [`Ended`], with no process left. Words of the protocol are `acp`'s.

mod asking;
mod tools;
mod watch;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, channel};

use super::acp::{self, Abilities, Event, Stop};
use super::journal::Journal;
use super::meter::Tab;
use super::permissions::{By, Policy, one_line};
use super::process::{self, Launch, Process};
use super::task::Block;
use super::usage::Source;
use super::wire::{Message, Reader, Refusal, Writer};
use super::{HandOff, State, unix_ms};
use asking::Pending;
use tools::Tool;

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

/// How often the clock is looked at; so often, at most, is anything published.
const TICK: Duration = Duration::from_millis(250);

/// After the end of its turn, for what it still wants to write down; then it is told to end.
const LEAVE: Duration = Duration::from_secs(1);
/// After it has confirmed a cancel.
const LEAVE_SOON: Duration = Duration::from_millis(100);

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
    async fn attend(
        mut self,
        mut process: Process,
        stdout: impl AsyncRead + Unpin + Send + 'static,
    ) -> (HandOff, Ended, Journal) {
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

    async fn until_end(&mut self, process: &mut Process, messages: &mut Receiver<Result<Message, String>>) -> Ended {
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
        if !log.is_empty() {
            self.journal.section("The end of its own log", &format!("```\n{}\n```", log.join("\n")));
        }
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
