//! The ledger's thread: gathers records for a moment and writes them in one transaction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::store::{Store, day};
use super::{Event, Session, UnixMs, schema, unix_ms};
use crate::predictor::restraint::Restraint;

/// Records that come within this are written together; a crash loses no more.
const GATHER: Duration = Duration::from_secs(1);
const MAX_BATCH: usize = 512;

pub enum Message {
    Record(UnixMs, Event),
    Reset,
    /// Told when all before it is written or lost.
    Flush(Sender<()>),
}

pub struct Writer {
    path: PathBuf,
    session: Session,
    restraint: Arc<Mutex<Restraint>>,
    n_lost: Arc<AtomicU64>,
    notice: Box<dyn Fn(String) + Send>,
    has_failed: bool,
    /// The last day whose end was looked at.
    folded: i64,
}

/// What ended the gathering of a batch.
enum Then {
    GoOn,
    Reset,
    Told(Sender<()>),
}

impl Writer {
    pub fn new(
        path: &Path,
        session: Session,
        restraint: Arc<Mutex<Restraint>>,
        n_lost: Arc<AtomicU64>,
        notice: Box<dyn Fn(String) + Send>,
    ) -> Writer {
        Writer { path: path.to_path_buf(), session, restraint, n_lost, notice, has_failed: false, folded: 0 }
    }

    /// Works until the last handle is gone and all is written.
    pub fn run(mut self, inbox: Receiver<Message>) {
        let mut store = self.open();
        while let Ok(first) = inbox.recv() {
            let (batch, then) = gather(first, &inbox);
            self.write(&mut store, &batch);
            match (then, &mut store) {
                (Then::Reset, Some(store)) => match store.reset_learning(unix_ms()) {
                    Ok(()) => *self.restraint.lock() = Restraint::default(),
                    Err(error) => self.fail(&error.into()),
                },
                // Who waits no more does not listen.
                (Then::Told(done), _) => drop(done.send(())),
                _ => {}
            }
        }
    }

    fn open(&mut self) -> Option<Store> {
        let opened = Store::open(&self.path, unix_ms()).and_then(|(mut store, notice)| {
            *self.restraint.lock() = store.restraint()?;
            Ok((store, notice))
        });
        match opened {
            Ok((store, notice)) => {
                notice.into_iter().for_each(|notice| (self.notice)(notice));
                Some(store)
            }
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn write(&mut self, store: &mut Option<Store>, batch: &[(UnixMs, Event)]) {
        let Some(now) = batch.iter().map(|(at, _)| *at).max() else { return };
        if let Err(error) = self.try_write(store, batch, now) {
            self.n_lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
            self.fail(&error);
        }
    }

    fn try_write(&mut self, store: &mut Option<Store>, batch: &[(UnixMs, Event)], now: UnixMs) -> anyhow::Result<()> {
        let open = store.as_mut().ok_or_else(|| anyhow::anyhow!("it could not be opened"))?;
        let written = open.write(self.session, batch);
        let learned = match written {
            Err(error) if schema::is_broken(&error) => {
                // Closed first: Windows renames no open file.
                *store = None;
                *store = self.open();
                let open = store.as_mut().ok_or(error)?;
                open.write(self.session, batch)?
            }
            written => written?,
        };
        *self.restraint.lock() = learned;
        if let Some(store) = store.as_mut().filter(|_| self.folded < day(now)) {
            self.folded = day(now);
            store.fold(now)?;
        }
        Ok(())
    }

    /// Said once: whoever types must not be told at every key.
    fn fail(&mut self, error: &anyhow::Error) {
        if !self.has_failed {
            self.has_failed = true;
            let path = self.path.display();
            (self.notice)(format!("{path}: what happens is not counted: {error:#}"));
        }
    }
}

/// More records, for a moment, until something else is asked.
fn gather(first: Message, inbox: &Receiver<Message>) -> (Vec<(UnixMs, Event)>, Then) {
    let until = Instant::now() + GATHER;
    let mut batch = Vec::new();
    let mut message = Ok(first);
    loop {
        match message {
            Ok(Message::Record(at, event)) => batch.push((at, event)),
            Ok(Message::Reset) => return (batch, Then::Reset),
            Ok(Message::Flush(done)) => return (batch, Then::Told(done)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return (batch, Then::GoOn),
        }
        if batch.len() == MAX_BATCH {
            return (batch, Then::GoOn);
        }
        message = inbox.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}
