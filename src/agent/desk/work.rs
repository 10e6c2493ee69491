//! One hand-off from its snapshot to its review: what is done before the agent runs, and what after.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Shared, Terms};
use crate::agent::journal::Journal;
use crate::agent::meter::{Account, Meter, Tab};
use crate::agent::permissions::Policy;
use crate::agent::process::Launch;
use crate::agent::session::{self, Ended, Order, Setup};
use crate::agent::store::{self, Lock, Wish};
use crate::agent::usage::Source;
use crate::agent::worktree::{Capture, Snapshot};
use crate::agent::{HandOff, State, Task, unix_ms};
use crate::ledger::agents::{Entry, Outcome};
use crate::ledger::money;

/// One hand-off, from its snapshot to its review.
pub struct Work {
    pub hand_off: HandOff,
    pub task: Arc<Task>,
    pub terms: Terms,
    pub from: Option<Snapshot>,
    pub lock: Lock,
    pub shared: Weak<Shared>,
}

impl Work {
    pub async fn run(mut self, orders: UnboundedReceiver<Order>) {
        let ended = self
            .attend(orders)
            .await
            .unwrap_or_else(|error| Ended { state: State::Failed, reason: format!("{error:#}") });
        let captured = self.capture().await;
        let hand_off = &mut self.hand_off;
        (hand_off.state, hand_off.reason, hand_off.trouble) = (ended.state, ended.reason, None);
        match captured {
            Ok(captured) => {
                hand_off.made = captured.as_ref().map(|captured| captured.tree.clone());
                hand_off.files =
                    captured.into_iter().flat_map(|captured| captured.changes).map(|made| made.path).collect();
            }
            Err(error) => hand_off.reason = format!("{} ({error:#})", hand_off.reason),
        }
        if hand_off.state == State::Review && hand_off.files.is_empty() && hand_off.reason.is_empty() {
            hand_off.reason = "it has changed nothing; its answer is in the log".to_string();
        }
        hand_off.ended = Some(unix_ms());
        let Some(shared) = self.shared.upgrade() else { return };
        shared.publish(hand_off);
        drop(self.lock);
    }

    async fn attend(&mut self, orders: UnboundedReceiver<Order>) -> Result<Ended> {
        let folder = self.shared()?.store.folder(&self.hand_off.id);
        let mut journal = Journal::open(&folder, self.terms.agent.secrets()).context("its log cannot be written")?;
        journal.section(&self.hand_off.title, &format!("{} · {}", self.hand_off.agent, self.hand_off.id));
        journal.section("You", &self.task.instruction);
        let snapshot = self.snapshot(store::snapshot(&folder)).await?;
        self.hand_off.snapshot = Some(snapshot.clone());
        journal.section("Agent", "");
        self.shared()?.publish(&self.hand_off);
        let (tab, url) = self.meter().await.unzip();
        let setup = self.setup(&snapshot, tab.clone(), url, orders)?;
        let (hand_off, mut ended, mut journal) = session::run(setup, self.hand_off.clone(), journal).await;
        self.hand_off = hand_off;
        let trouble = tab.as_ref().and_then(|tab| tab.trouble());
        if let (State::Review, Some(trouble)) = (ended.state, trouble) {
            // Some call that a turn well ended.
            ended = Ended { state: State::Failed, reason: trouble };
        }
        self.close_account(tab.is_some());
        let reason = if ended.reason.is_empty() { String::new() } else { format!(": {}", ended.reason) };
        journal.section("End", &format!("{}{reason}\n\n{}", ended.state.name(), self.hand_off.usage.describe()));
        Ok(ended)
    }

    /// All that the agent is told, and may do. `url` takes the place of its provider's address.
    fn setup(
        &self,
        snapshot: &Snapshot,
        tab: Option<Arc<Tab>>,
        url: Option<String>,
        orders: UnboundedReceiver<Order>,
    ) -> Result<Setup> {
        let Terms { agent, options, .. } = self.terms.clone();
        let (worktree, folder) = (snapshot.folder.clone(), snapshot.working_folder());
        let (store, id) = (self.shared()?.store.clone(), self.hand_off.id.clone());
        let shared = self.shared.clone();
        let publish = move |hand_off: &HandOff| {
            if let Some(shared) = shared.upgrade() {
                shared.publish(hand_off);
            }
        };
        let wishes = move || store.wishes(&id).into_iter().map(Order::from).collect();
        Ok(Setup {
            launch: Launch {
                command: PathBuf::from(&agent.command),
                args: agent.args.clone(),
                environment: agent.environment(url.as_deref()),
                folder: folder.clone(),
                mark: self.hand_off.mark.clone(),
            },
            mode: agent.mode,
            login: agent.login,
            blocks: self.task.blocks(&snapshot.root, &worktree, &folder),
            worktree,
            folder,
            policy: Policy::new(&options.allow, &options.deny),
            ask_for: Duration::from_secs(options.ask_s as u64),
            stalled_after: Duration::from_secs(options.stalled_after_s as u64),
            tab,
            orders,
            publish: Box::new(publish),
            inbox: Box::new(wishes),
        })
    }

    fn shared(&self) -> Result<Arc<Shared>> {
        self.shared.upgrade().ok_or_else(|| anyhow!("the server ends"))
    }

    async fn snapshot(&self, into: PathBuf) -> Result<Snapshot> {
        let (task, privacy, from) = (self.task.clone(), self.terms.privacy.clone(), self.from.clone());
        let take = move || match from {
            Some(first) => first.again(&into),
            None => Ok(Snapshot::take(&task.workspace, &task.unsaved, &privacy, &into)?),
        };
        tokio::task::spawn_blocking(take).await?
    }

    async fn capture(&self) -> Result<Option<Capture>> {
        let Some(snapshot) = self.hand_off.snapshot.clone() else { return Ok(None) };
        Ok(Some(tokio::task::spawn_blocking(move || snapshot.capture()).await??))
    }

    /// The account, and the address that takes the place of the provider's.
    async fn meter(&self) -> Option<(Arc<Tab>, String)> {
        let Terms { agent, options, money, .. } = self.terms.clone();
        if !agent.can_be_metered() {
            return None;
        }
        let shared = self.shared.upgrade()?;
        let meter = shared.meter.get_or_try_init(Meter::start).await.ok()?;
        let upstream = agent.upstream().ok()?;
        let language = agent.meter;
        let (entry, budget, per_day) = (self.entry(), agent.budget, options.per_day_usd);
        let price = move |model: &str| agent.price().or_else(|| money.price(&agent.name, model));
        let tab = Tab::new(Account {
            entry,
            budget,
            price: Box::new(price),
            per_day: per_day.map(|usd| (usd * 1e6).round() as money::MicroUsd),
            book: shared.book(),
        });
        let url = meter.open(&self.hand_off.id, language, upstream, tab.clone()).ok()?;
        Some((tab, url))
    }

    /// Whose costs they are.
    fn entry(&self) -> Entry {
        let HandOff { id, agent, skill, workspace, .. } = &self.hand_off;
        Entry {
            hand_off: id.clone(),
            number: 0,
            at: unix_ms(),
            agent: agent.clone(),
            skill: skill.clone().unwrap_or_default(),
            workspace: workspace.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            model: String::new(),
            outcome: Outcome::Done,
            is_exact: false,
            n_requests: 0,
            input: 0,
            cached: 0,
            output: 0,
            latency: Duration::ZERO,
            cost: None,
        }
    }

    /// Writes down what it says of itself, where nobody else has counted.
    fn close_account(&self, is_metered: bool) {
        let Some(shared) = self.shared.upgrade() else { return };
        if let Some(meter) = shared.meter.get().filter(|_| is_metered) {
            meter.close(&self.hand_off.id);
        }
        let usage = &self.hand_off.usage;
        if let (Source::Agent, Some(book)) = (usage.source, shared.book()) {
            book.record(Entry {
                // It does not say how many; there was one at least.
                n_requests: 1,
                input: usage.input_tokens.unwrap_or_default(),
                output: usage.output_tokens.unwrap_or_default(),
                cost: usage.cost_micro_usd,
                ..self.entry()
            });
        }
    }
}

impl From<Wish> for Order {
    fn from(wish: Wish) -> Order {
        match wish {
            Wish::Cancel => Order::Cancel,
            Wish::Permit { question, is_allowed } => Order::Permit { question, is_allowed },
            Wish::Hide(hide) => Order::Hide(hide),
        }
    }
}
