//! When the server ends, and with which exit code: 0 after `shutdown`, else 1, as the protocol says.
//!
//! It ends with the `exit` notification, with the end of its input, and with the client's process.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
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

    /// Notices the end of the input, which the transport takes note of only when every request is answered.
    pub fn watch_input<I>(&self, input: I) -> Watched<I> {
        Watched { input, over: self.over.clone() }
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

/// An input that says when it has ended.
pub struct Watched<I> {
    input: I,
    over: Arc<Notify>,
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.input).poll_read(context, buffer);
        let is_over = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if is_over {
            self.over.notify_one();
        }
        polled
    }
}
