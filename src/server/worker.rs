//! Runs engines on a thread of its own. The newest request of a document supersedes the one before it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::document::DocumentId;
use crate::engine::Cancel;
use crate::predictor::{Answer, Predictor, Request, Trace};

pub struct Worker {
    jobs: Sender<Job>,
    newest: Arc<Mutex<Newest>>,
}

#[derive(Default)]
struct Newest {
    n_turns: u64,
    turns: HashMap<DocumentId, (u64, Cancel, oneshot::Sender<()>)>,
}

struct Job {
    predictor: Arc<Predictor>,
    request: Request,
    trace: Trace,
    cancel: Cancel,
    reply: oneshot::Sender<Answer>,
}

/// One request's turn at its document. Dropping it (the client cancelled, or all is done) stops the engine.
pub struct Turn {
    document: DocumentId,
    number: u64,
    cancel: Cancel,
    newest: Arc<Mutex<Newest>>,
    superseded: oneshot::Receiver<()>,
}

/// A newer request has taken the turn.
pub struct Superseded;

impl Worker {
    pub fn start() -> Worker {
        let (jobs, inbox) = channel::<Job>();
        let run = move || {
            for Job { predictor, request, trace, cancel, reply } in inbox {
                let answer = catch_unwind(AssertUnwindSafe(|| predictor.full(&request, trace, &cancel)));
                // After a panic the dropped `reply` tells; after a cancel nobody listens.
                if let Ok(answer) = answer {
                    let _ = reply.send(answer);
                }
            }
        };
        // Without the thread every request is answered with an error that says so.
        let _ = std::thread::Builder::new().name("engines".to_string()).spawn(run);
        Worker { jobs, newest: Arc::default() }
    }

    /// Begins a request's turn and ends that of the one before. Call it in the order of the messages.
    pub fn take_turn(&self, document: &DocumentId) -> Turn {
        let cancel = Cancel::default();
        let (ended, superseded) = oneshot::channel();
        let mut newest = self.newest.lock();
        newest.n_turns += 1;
        let number = newest.n_turns;
        if let Some((_, older, _)) = newest.turns.insert(document.clone(), (number, cancel.clone(), ended)) {
            older.cancel();
        }
        Turn { document: document.clone(), number, cancel, newest: self.newest.clone(), superseded }
    }

    /// Asks the engines. `None` when the worker could not work.
    pub async fn full(
        &self,
        turn: &mut Turn,
        predictor: Arc<Predictor>,
        request: Request,
        trace: Trace,
    ) -> Result<Option<Answer>, Superseded> {
        let (reply, answer) = oneshot::channel();
        let job = Job { predictor, request, trace, cancel: turn.cancel.clone(), reply };
        if self.jobs.send(job).is_err() {
            return Ok(None);
        }
        turn.unless_superseded(async { answer.await.ok() }).await
    }
}

impl Turn {
    pub async fn unless_superseded<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Superseded> {
        tokio::select! {
            biased;
            _ = &mut self.superseded => Err(Superseded),
            done = work => Ok(done),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.cancel.cancel();
        let mut newest = self.newest.lock();
        if newest.turns.get(&self.document).is_some_and(|(number, ..)| *number == self.number) {
            newest.turns.remove(&self.document);
        }
    }
}
