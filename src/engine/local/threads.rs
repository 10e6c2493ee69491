//! The threads of a model: a loop's turns are shared out among them, and they sleep when nothing runs.
//!
//! A forward pass is some hundred short loops in a row, so the threads spin between two of them and are parked only
//! when no loop has come for a while. The calling thread works too. While a key is being answered all of them
//! [give way](priority::give_way) between two turns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use crate::engine::Cancel;
use crate::priority;

/// Turns of waiting, of about 40 ns each, before a thread parks: the loops of one pass are at most some microseconds
/// apart, and whoever waits longer keeps a core from others.
const MAX_SPINS: usize = 5_000;

/// How many threads a model gets unless somebody says otherwise: the physical cores, one of them left to the editor
/// where there are more than two.
pub fn usual() -> usize {
    match num_cpus::get_physical() {
        n @ 0..=2 => n.max(1),
        n => n - 1,
    }
}

pub struct Threads {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Counts the loops; a worker takes part in each once.
    round: AtomicUsize,
    /// The current loop; valid until `n_done` has reached the number of workers.
    job: AtomicPtr<Job<'static>>,
    n_done: AtomicUsize,
    panicked: AtomicBool,
    ended: AtomicBool,
}

struct Job<'a> {
    turn: &'a (dyn Fn(usize) + Sync),
    n_turns: usize,
    next: AtomicUsize,
    cancel: &'a Cancel,
}

impl Threads {
    /// `n_threads` in all, the calling one included; fewer when the system gives no more.
    pub fn start(n_threads: usize) -> Threads {
        let shared = Arc::<Shared>::default();
        let start = |_| {
            let shared = shared.clone();
            std::thread::Builder::new().name("model".to_string()).spawn(move || shared.work()).ok()
        };
        let workers = (1..n_threads).filter_map(start).collect();
        Threads { shared, workers }
    }

    pub fn n(&self) -> usize {
        1 + self.workers.len()
    }

    /// Calls `turn` for `0..n_turns`, each once, in any order, on all threads, and returns when all are done. After a
    /// cancel some turns may be left out: the caller must then throw the result away. Takes `&mut self`: one loop at a
    /// time.
    pub fn run(&mut self, n_turns: usize, cancel: &Cancel, turn: impl Fn(usize) + Sync) {
        let mut job = Job { turn: &turn, n_turns, next: AtomicUsize::new(0), cancel };
        if n_turns <= 1 || self.workers.is_empty() {
            return job.work();
        }
        let shared = &*self.shared;
        shared.n_done.store(0, Ordering::Relaxed);
        shared.job.store((&raw mut job).cast(), Ordering::Relaxed);
        shared.round.fetch_add(1, Ordering::Release);
        self.workers.iter().for_each(|worker| worker.thread().unpark());
        let own = catch_unwind(AssertUnwindSafe(|| job.work()));
        // The workers hold a pointer to `job`: nothing may leave before they are done.
        while shared.n_done.load(Ordering::Acquire) < self.workers.len() {
            std::hint::spin_loop();
            priority::give_way();
        }
        if own.is_err() || shared.panicked.swap(false, Ordering::Relaxed) {
            panic!("a thread of the model panicked");
        }
    }

    /// Calls `turn` for each item, as [`Threads::run`] does.
    pub fn each<T: Send>(&mut self, items: impl Iterator<Item = T>, cancel: &Cancel, turn: impl Fn(T) + Sync) {
        let items: Vec<Mutex<Option<T>>> = items.map(|item| Mutex::new(Some(item))).collect();
        self.run(items.len(), cancel, |i| {
            let item = items[i].lock().take();
            item.into_iter().for_each(&turn);
        });
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        self.shared.round.fetch_add(1, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker that panicked has said so.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        let mut seen = 0;
        loop {
            seen = self.next_round(seen);
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            // SAFETY: `Threads::run` keeps the job until this worker has counted itself done.
            let job = unsafe { &*self.job.load(Ordering::Relaxed) };
            if catch_unwind(AssertUnwindSafe(|| job.work())).is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            self.n_done.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits for a round other than `seen`, spinning first.
    fn next_round(&self, seen: usize) -> usize {
        for n_spins in 0.. {
            let round = self.round.load(Ordering::Acquire);
            if round != seen {
                return round;
            }
            if n_spins < MAX_SPINS {
                std::hint::spin_loop()
            } else {
                std::thread::park()
            }
            priority::give_way();
        }
        seen
    }
}

impl Job<'_> {
    fn work(&self) {
        while !self.cancel.is_cancelled() {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= self.n_turns {
                return;
            }
            (self.turn)(i);
            priority::give_way();
        }
    }
}
