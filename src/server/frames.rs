//! The input as whole, well-formed messages.
//!
//! The transport ends the session at the first message that it cannot read. Here such a message becomes a request of
//! our own, [`MALFORMED`], whose answer is the parse error that the protocol asks for, and the session goes on.

use serde::Deserialize;
use serde_json::Value;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex,
};
use tower_lsp::jsonrpc::{Error, Result};

use super::state::State;
use crate::priority;

/// The method in whose name a malformed message is answered.
pub const MALFORMED: &str = "foretype/malformed";

/// A longer message is skipped: no editor opens a file of that size.
const MAX_BYTES: u64 = 512 << 20;

/// A header line that is longer is junk between messages.
const MAX_HEADER_BYTES: u64 = 4 << 10;

const PIPE_BYTES: usize = 64 << 10;

/// Starts forwarding; `at_end` is called when the input ends or fails.
pub fn forward(input: impl AsyncRead + Unpin + Send + 'static, at_end: impl FnOnce() + Send + 'static) -> DuplexStream {
    let (mut writer, reader) = duplex(PIPE_BYTES);
    tokio::spawn(async move {
        let mut input = BufReader::new(input);
        while let Ok(Some(message)) = read_message(&mut input).await {
            priority::announce();
            let written = match is_well_formed(&message) {
                true => write_message(&mut writer, &message).await,
                false => write_message(&mut writer, malformed().as_bytes()).await,
            };
            if written.is_err() {
                break;
            }
        }
        at_end();
    });
    reader
}

/// Answers for a malformed message.
pub async fn answer(_: &State, _: Value) -> Result<Value> {
    Err(Error::parse_error())
}

fn malformed() -> String {
    serde_json::json!({"jsonrpc": "2.0", "id": null, "method": MALFORMED, "params": {}}).to_string()
}

/// The next message's body; what was announced wrongly is empty. `None` at the end of the input.
async fn read_message(input: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let Some(n_bytes) = read_header(input).await? else { return Ok(None) };
    let mut body = Vec::new();
    if n_bytes > MAX_BYTES {
        tokio::io::copy(&mut input.take(n_bytes), &mut tokio::io::sink()).await?;
    } else {
        // Grows with what really comes, not with what was announced.
        input.take(n_bytes).read_to_end(&mut body).await?;
    }
    Ok(Some(body))
}

/// The announced length; 0 for a header without one.
async fn read_header(input: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<u64>> {
    let mut n_bytes = None;
    let mut any = false;
    loop {
        let mut line = Vec::new();
        if input.take(MAX_HEADER_BYTES).read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line).to_ascii_lowercase();
        // After a message of the wrong length its rest may stand before the next header.
        if let Some((_, length)) = line.rsplit_once("content-length:") {
            n_bytes = length.trim().parse().ok();
        }
        match line.trim().is_empty() {
            true if any => return Ok(Some(n_bytes.unwrap_or(0))),
            true => {}
            false => any = true,
        }
    }
}

async fn write_message(output: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> std::io::Result<()> {
    output.write_all(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes()).await?;
    output.write_all(body).await
}

/// Whether the transport can read it: JSON-RPC 2.0, a request, a notification or a response.
fn is_well_formed(message: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Shape {
        jsonrpc: String,
        #[serde(default)]
        method: Option<String>,
        #[serde(default)]
        id: Option<Id>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its shape counts")]
        error: Option<ErrorShape>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only their shape counts")]
    enum Id {
        Number(i64),
        String(String),
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only their shape counts")]
    struct ErrorShape {
        code: i64,
        message: String,
    }
    let Ok(shape) = serde_json::from_slice::<Shape>(message) else { return false };
    shape.jsonrpc == "2.0" && (shape.method.is_some() || shape.id.is_some())
}
