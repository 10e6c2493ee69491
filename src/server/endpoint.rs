//! The HTTP endpoint of a session: begun and ended by the settings, never in the way of the editor.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::MessageType;

use super::client;
use super::fill::Filler;
use super::state::WeakState;
use crate::http::{self, Options, Token};

pub struct Endpoint {
    /// Where the key is kept.
    token: Option<PathBuf>,
    running: Mutex<Option<Running>>,
}

struct Running {
    options: Options,
    task: JoinHandle<()>,
}

impl Endpoint {
    pub fn new(token: Option<PathBuf>) -> Endpoint {
        Endpoint { token, running: Mutex::default() }
    }

    /// Begins, moves or ends it. Returns at once; the user is told when it cannot be.
    pub fn follow(&self, options: &Options, client: &Client, state: WeakState) {
        let mut running = self.running.lock();
        // One that has failed is tried again with the next change of the settings.
        if running.as_ref().is_some_and(|running| running.options == *options && !running.task.is_finished()) {
            return;
        }
        let before = running.take().map(|running| running.task);
        before.iter().for_each(JoinHandle::abort);
        let (options, token, client) = (options.clone(), self.token.clone(), client.clone());
        let is_enabled = options.enabled;
        let work = {
            let options = options.clone();
            async move {
                // It may have the same port.
                if let Some(before) = before {
                    let _ = before.await;
                }
                if !is_enabled {
                    return;
                }
                if let Err(problem) = run(&options, token.as_deref(), &client, state).await {
                    client::show_warning(&client, format!("foretype: {problem:#}")).await;
                }
            }
        };
        *running = Some(Running { options, task: tokio::spawn(work) });
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut() {
            running.task.abort();
        }
    }
}

async fn run(options: &Options, token: Option<&Path>, client: &Client, state: WeakState) -> anyhow::Result<()> {
    let path = token.ok_or_else(|| anyhow::anyhow!("no folder for the key of the HTTP endpoint; set HOME"))?;
    let token = Token::open(path)?;
    let port = options.port;
    let endpoint = match http::Endpoint::bind(port).await {
        Ok(endpoint) => endpoint,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && http::is_ours(port).await => {
            // Every window has a server, and the first has the port: no reason to bother anybody.
            let said =
                format!("foretype: another server of yours answers HTTP at port {port} already, so this one does not");
            client.log_message(MessageType::Info, said).await;
            return Ok(());
        }
        Err(error) => anyhow::bail!(
            "no HTTP endpoint: port {port} of 127.0.0.1 is not to be had ({error}); set `http.port` to another, \
             or `http.enabled` to false"
        ),
    };
    let said =
        format!("foretype: HTTP at http://127.0.0.1:{}; its key is what `foretype http token` prints", endpoint.port());
    client.log_message(MessageType::Info, said).await;
    endpoint.serve(Arc::new(Filler(state)), token).await;
    Ok(())
}
