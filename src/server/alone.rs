//! A server without an editor, for who asks over HTTP alone: a session whose client is this process.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, duplex, split};

use super::{Files, Setup, Tape, default_engines, serve};
use crate::config::{self, Problem};
use crate::predictor::Without;

const PIPE_BYTES: usize = 64 << 10;

/// What it serves, and to whom it speaks.
pub struct Alone {
    /// The project.
    pub folder: PathBuf,
    /// Instead of the one of the settings.
    pub port: Option<u16>,
    /// Takes what the user should read.
    pub say: fn(&str),
}

/// Serves until the process ends.
pub fn run_alone(alone: &Alone) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the server cannot start its threads; free some memory or raise `ulimit -u`")?;
    runtime.block_on(session(alone))
}

async fn session(alone: &Alone) -> Result<()> {
    let Alone { folder, port, say } = alone;
    let options = options(folder, *port, *say)?;
    let (ours, theirs) = duplex(PIPE_BYTES);
    let (input, output) = split(theirs);
    let (engines, files) = (default_engines(), Files::usual());
    let setup = Setup { engines, offer: None, files, without: Without::default(), tape: Tape::default() };
    let server = tokio::spawn(serve(input, output, setup));
    let (reader, mut writer) = split(ours);
    let root = url::Url::from_directory_path(folder).map(String::from).unwrap_or_default();
    let folders = json!([{"uri": root, "name": "project"}]);
    let params = json!({"capabilities": {}, "workspaceFolders": folders, "initializationOptions": options});
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}),
        json!({"jsonrpc": "2.0", "method": "initialized", "params": {}}),
    ] {
        let body = message.to_string();
        writer.write_all(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    }
    let mut reader = BufReader::new(reader);
    while let Some(message) = next_message(&mut reader).await? {
        let is_said = matches!(message["method"].as_str(), Some("window/showMessage" | "window/logMessage"));
        if is_said && let Some(said) = message["params"]["message"].as_str() {
            say(said.strip_prefix("foretype: ").unwrap_or(said));
        }
    }
    server.await.context("the server has ended")?;
    Ok(())
}

/// As a client would send them.
fn options(folder: &Path, port: Option<u16>, say: fn(&str)) -> Result<Value> {
    let mut options = json!({"http": {"enabled": true}});
    if let Some(port) = port {
        options["http"]["port"] = port.into();
    }
    let (settings, problems) = config::load(Some(folder), Some(&options));
    if !settings.http.enabled {
        problems.iter().map(Problem::to_string).for_each(|problem| say(&problem));
        bail!(
            "`http.enabled` is false in the project's {} or in the environment; take it out there",
            config::WORKSPACE_FILE
        );
    }
    Ok(options)
}

/// `None` at the end.
async fn next_message(reader: &mut BufReader<impl tokio::io::AsyncRead + Unpin>) -> Result<Option<Value>> {
    let mut n_bytes = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", length)) => n_bytes = length.parse()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; n_bytes];
    reader.read_exact(&mut body).await?;
    Ok(Some(serde_json::from_slice(&body)?))
}
