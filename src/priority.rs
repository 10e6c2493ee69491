//! Who gives way to whom on a machine that is busy: all to the editor and to the answer to a key, which are left as they
//! are; agents to all.
//!
//! Where it cannot be said, it is not.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Most answers to a key that need no model take less.
const URGENT_FOR: Duration = Duration::from_millis(5);

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
/// In microseconds after `STARTED`; 0 when nothing is urgent.
static URGENT_UNTIL: AtomicU64 = AtomicU64::new(0);

/// A message has come: whoever [gives way](give_way) does for a moment.
pub fn announce() {
    let until = STARTED.elapsed() + URGENT_FOR;
    URGENT_UNTIL.store(until.as_micros() as u64, Ordering::Relaxed);
}

/// Lets others go first after an announcement; takes a nanosecond else. A lower priority alone does not: the answer to a
/// key goes through several threads, and a scheduler that counts what they have just used lets some of them wait for the
/// next tick of the clock, 4 ms.
pub fn give_way() {
    let until = URGENT_UNTIL.load(Ordering::Relaxed);
    if until == 0 {
        return;
    }
    if STARTED.elapsed().as_micros() as u64 >= until {
        let _ = URGENT_UNTIL.compare_exchange(until, 0, Ordering::Relaxed, Ordering::Relaxed);
    } else {
        std::thread::yield_now();
    }
}

/// For a thread that works behind a key: a model, what is kept of agents. Those that it starts are the same.
pub fn lower_thread() {
    // Half of the way from the usual to the least. On Linux a priority is a thread's, elsewhere a process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

/// Makes the program that is started, and all that it starts, run when nothing else would.
#[cfg(unix)]
pub fn lower_program(command: &mut tokio::process::Command) {
    let before_exec = || {
        let _ = rustix::process::nice(19);
        #[cfg(target_os = "linux")]
        lower_class();
        Ok(())
    };
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(before_exec);
    }
}

/// Between nice values there is a share of the time for each; a thread of this class has to wait for all others.
#[cfg(target_os = "linux")]
fn lower_class() {
    // SAFETY: it is plain data, of numbers that have to be zero; 0 is the calling process.
    unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, libc::SCHED_IDLE, &parameters);
    }
}
