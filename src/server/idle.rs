//! Tells when the user rests: no key and no question for a while.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// Dropping it ends its thread, after a last rest.
pub struct Idle(Sender<()>);

/// Longer than between two words, shorter than it takes to look something up.
const REST: Duration = Duration::from_millis(700);

impl Idle {
    /// Calls `on_rest` on a thread of its own, once after every run of [`Idle::stir`].
    pub fn start(on_rest: impl Fn() + Send + 'static) -> Idle {
        let (stirred, inbox) = channel();
        let run = move || {
            while inbox.recv().is_ok() {
                while inbox.recv_timeout(REST).is_ok() {}
                on_rest();
            }
        };
        // Without the thread open documents count as they are saved.
        let _ = std::thread::Builder::new().name("idle".to_string()).spawn(run);
        Idle(stirred)
    }

    /// The user does something.
    pub fn stir(&self) {
        let _ = self.0.send(());
    }
}
