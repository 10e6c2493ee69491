//! The language server: protocol types, order, cancellation, one file a request.
//!
//! A handler's code before its first await runs in message order on the reader (`server/in_order.rs`): documents
//! change there and requests take their snapshots there, so it is short. Parsing and privacy checks run on the
//! analysis thread, engines on the worker thread, the index on the workspace's. Read `server/state.rs` first, then
//! `server/handlers/inline_completion.rs`.

mod accept;
mod agents;
mod alone;
mod analysis;
pub mod apply;
mod client;
mod convert;
mod endpoint;
mod engines;
mod excerpt;
mod fill;
mod frames;
mod handlers;
mod idle;
mod in_order;
mod lifecycle;
mod log;
mod offer;
#[cfg(feature = "otlp")]
mod otlp;
mod places;
mod progress;
mod ready;
mod record;
mod say;
mod skills;
mod state;
mod status;
mod tape;
mod watch;
mod worker;

use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncWrite};
use tower_lsp::{LspService, Server};

use crate::predictor::Without;
use crate::skills::trust::Trust;
use crate::workspace::symbols;
use crate::{agent, http, ledger};
use in_order::InOrder;
use lifecycle::Lifecycle;
use record::Recorder;
use state::State;

pub use alone::{Alone, run_alone};
pub use engines::{Engines, Supplies, default_engines, purse};
pub use offer::Offer;
pub use tape::Tape;

/// Where a session keeps what outlives it; by default it keeps nothing.
#[derive(Default)]
pub struct Files {
    /// The folder of symbols.
    pub symbols: Option<PathBuf>,
    /// The file of records.
    pub ledger: Option<PathBuf>,
    /// The file of the HTTP endpoint's key; without it there is no endpoint.
    pub token: Option<PathBuf>,
    /// The file of trusted projects.
    pub trust: Option<PathBuf>,
    /// The user's home, for skills.
    pub home: Option<PathBuf>,
    /// The folder of hand-offs; without it nothing can be handed over.
    pub agents: Option<PathBuf>,
}

/// Messages in work at once. The default of 4 lets four slow requests hold up everything behind them.
const MAX_CONCURRENT_MESSAGES: usize = 1024;

/// Serves one client on stdin and stdout until it leaves; returns the process's exit code.
/// Typing is recorded in the file `record`.
pub fn run(without: Without, record: Option<&Path>) -> i32 {
    log::start();
    let tape = match record.map(Tape::start).transpose() {
        Ok(tape) => tape.unwrap_or_default(),
        Err(error) => {
            tracing::error!("{error:#}");
            return 2;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("the server cannot start its threads: {error}; free some memory or raise `ulimit -u`");
            return 1;
        }
    };
    let setup = Setup {
        engines: default_engines(),
        // Without a place for models there is none to offer.
        offer: Offer::usual().ok(),
        files: Files::usual(),
        without,
        tape,
    };
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    let code = runtime.block_on(serve(input, output, setup));
    // Whatever still runs (a read of stdin, an engine) must not hold up the end.
    runtime.shutdown_background();
    code
}

/// What a session is made of.
pub struct Setup {
    pub engines: Engines,
    /// Made to a user without a model.
    pub offer: Option<Offer>,
    pub files: Files,
    pub without: Without,
    /// Records typing; by default it does not.
    pub tape: Tape,
}

/// Serves one client over any pair of streams; returns the exit code.
pub async fn serve(
    input: impl AsyncRead + Unpin + Send + 'static,
    output: impl AsyncWrite + Send + 'static,
    mut setup: Setup,
) -> i32 {
    let recorder = Recorder::new(setup.files.ledger.take());
    let tape = setup.tape.clone();
    let lifecycle = Lifecycle::default();
    let (service, socket) = {
        let (lifecycle, recorder) = (lifecycle.clone(), recorder.clone());
        handlers::register(LspService::build_with_lifecycle_methods(move |client| {
            State::new(client, setup, recorder, lifecycle)
        }))
        .finish()
    };
    let input = {
        let lifecycle = lifecycle.clone();
        frames::forward(input, move || lifecycle.input_ended())
    };
    let server = Server::new(input, output, socket).concurrency_level(MAX_CONCURRENT_MESSAGES);
    let code = lifecycle.run(server.serve(InOrder::new(service))).await;
    // Whether it came to that in time or not, the session is over.
    let _ = tokio::task::spawn_blocking(move || {
        recorder.finish();
        tape.finish();
    })
    .await;
    code
}

impl Files {
    /// The user's.
    pub fn usual() -> Files {
        Files {
            symbols: symbols::cache_folder(),
            ledger: ledger::usual_file(),
            token: http::Token::usual_file(),
            trust: Trust::usual_file(),
            home: etcetera::home_dir().ok(),
            agents: agent::Store::usual_folder(),
        }
    }
}
