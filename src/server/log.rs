//! The log on stderr, at the level that `FORETYPE_LOG` names: what this program says, and never what its libraries say. They
//! show messages and requests as they are, and with them the text of files.

use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

const VARIABLE: &str = "FORETYPE_LOG";

pub fn start() {
    let level = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let is_ours = filter_fn(|metadata| metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME")));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_filter(level.and(is_ours));
    // A second subscriber in one process is a test's; it loses nothing.
    let _ = registry().with(lines).try_init();
}
