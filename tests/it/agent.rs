//! Hand-offs: whatever the agent does, the user's files are as they were, and no process is left.

mod cli;
pub mod fake;
mod interleaved;
mod killed;
mod merge;
mod meter;
mod plan;
pub mod project;
mod review;
mod server;
mod session;
mod worktree;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use foretype::agent::{Agent, Desk, HandOff, Options, Store, Task, Terms};
use foretype::ledger::money;
use foretype::privacy::Privacy;
use tempfile::TempDir;

use fake::{BEFORE, FILE};
use project::git;

/// Only what hangs takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A project, a place for hand-offs, and a desk.
pub struct Office {
    pub folder: TempDir,
    pub desk: Desk,
    pub options: Options,
    pub money: money::Options,
    news: Receiver<HandOff>,
}

impl Office {
    pub fn new() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        std::fs::create_dir_all(project.join("src")).unwrap();
        std::fs::write(project.join(FILE), BEFORE).unwrap();
        git(&project, ["init", "-q", "-b", "main"]);
        git(&project, ["add", "-A"]);
        git(&project, ["commit", "-q", "-m", "first"]);
        let (send, news) = channel();
        let ledger = folder.path().join("ledger.sqlite");
        let store = Store::at(folder.path().join("agents"));
        let desk = Desk::new(store, Some(ledger), move |news| drop(send.send(news)));
        let options = Options { ask_s: 60, stalled_after_s: 60, ..Options::default() };
        Office { folder, desk, options, money: money::Options::default(), news }
    }

    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project").canonicalize().unwrap()
    }

    pub fn task(&self) -> Task {
        Task { workspace: self.project(), instruction: "Implement `add`.".to_string(), ..Task::default() }
    }

    pub fn terms(&self, agent: Agent) -> Terms {
        Terms {
            agent,
            options: self.options.clone(),
            money: self.money.clone(),
            privacy: Arc::new(Privacy::new(&Default::default()).unwrap()),
        }
    }

    pub fn start(&self, agent: Agent) -> HandOff {
        self.desk.start(self.task(), self.terms(agent)).unwrap()
    }

    /// Waits until the hand-off is so; what it was on the way is lost.
    #[track_caller]
    pub fn wait(&self, what: &str, is_so: impl Fn(&HandOff) -> bool) -> HandOff {
        let until = Instant::now() + PATIENCE;
        let mut last = None;
        loop {
            match self.news.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(news) if is_so(&news) => return news,
                Ok(news) => last = Some(news),
                Err(_) => panic!("never {what}: {last:#?}"),
            }
        }
    }

    #[track_caller]
    pub fn wait_for_end(&self) -> HandOff {
        self.wait("ended", |hand_off| !hand_off.state.is_running())
    }

    /// Plays it to its end.
    #[track_caller]
    pub fn run(&self, manner: &str) -> HandOff {
        self.start(fake::agent(manner));
        self.wait_for_end()
    }

    pub fn log(&self, hand_off: &HandOff) -> String {
        std::fs::read_to_string(self.desk.store().log(&hand_off.id)).unwrap()
    }

    /// A file that the agent has left in its worktree.
    #[track_caller]
    pub fn left(&self, hand_off: &HandOff, file: &str) -> String {
        let path = hand_off.snapshot.as_ref().expect("a worktree").folder.join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}\n{hand_off:#?}", path.display()))
    }
}
