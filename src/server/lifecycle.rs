//! When the server ends, and with which exit code: 0 after `shutdown`, else 1, as the protocol says.
//!
//! It ends with the `exit` notification, with the end of its input, and with the client's process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// What was asked before the input ended may still be answered for this long.
const GRACE: Duration = Duration::from_millis(300);

/// How often the client's process is looked at.
const PARENT_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone, Default)]
pub struct Lifecycle {
    shutdown: Arc<AtomicBool>,
    over: Arc<Notify>,
}

impl Lifecycle {
    /// The client has announced its leave.
    pub fn shut_down(&self) {
        self.shutdown.store(true, Ordering::Relaxed);
    }

    /// Runs the server until it has nothing more to do, or may not do it any more.
    pub async fn run(&self, server: impl Future<Output = ()>) -> i32 {
        tokio::select! {
            () = server => {}
            () = async {
                self.over.notified().await;
                tokio::time::sleep(GRACE).await;
            } => {}
        }
        if self.shutdown.load(Ordering::Relaxed) { 0 } else { 1 }
    }

    /// The input has ended. The transport takes note of that only when every request is answered.
    pub fn input_ended(&self) {
        self.over.notify_one();
    }

    /// Ends the server when the process is gone. A client that crashed closes no pipe that its children hold open.
    pub fn watch_parent(&self, pid: i32) {
        let over = self.over.clone();
        tokio::spawn(async move {
            while is_alive(pid) {
                tokio::time::sleep(PARENT_INTERVAL).await;
            }
            over.notify_one();
        });
    }
}

#[cfg(unix)]
fn is_alive(pid: i32) -> bool {
    match rustix::process::Pid::from_raw(pid) {
        // Another user's process may not be signalled, but it is there.
        Some(pid) => rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH),
        None => true,
    }
}

/// There, the end of the input tells.
#[cfg(not(unix))]
fn is_alive(_pid: i32) -> bool {
    true
}
