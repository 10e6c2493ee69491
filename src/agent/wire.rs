//! JSON-RPC 2.0, one message a line, over any pair of streams: what it is, not what it means.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A longer line ends the hand-off. Qwen lists its commands in one of 569 KB.
pub const MAX_LINE: usize = 16 << 20;

/// "Method not found": the answer to what we do not serve.
const UNKNOWN_METHOD: i64 = -32601;

#[derive(Debug, PartialEq)]
pub enum Message {
    Request {
        id: Value,
        method: String,
        params: Value,
    },
    Notification {
        method: String,
        params: Value,
    },
    Response {
        id: u64,
        result: Result<Value, Refusal>,
    },
    /// A line that is none of these; agents print banners.
    Noise,
}

/// An error of the other side. Codes are the agent's own: JSON-RPC's, HTTP's, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: i64,
    pub message: String,
}

pub struct Reader<R> {
    input: BufReader<R>,
    line: Vec<u8>,
}

/// Writes never wait for the other side: a task of its own does.
#[derive(Clone)]
pub struct Writer(UnboundedSender<Value>);

impl<R: AsyncRead + Unpin> Reader<R> {
    pub fn new(input: R) -> Reader<R> {
        Reader { input: BufReader::with_capacity(64 << 10, input), line: Vec::new() }
    }

    /// The next message; `None` at the end. `Err` is a sentence for the user. Not to be dropped before it is done.
    pub async fn next(&mut self) -> Result<Option<Message>, String> {
        self.line.clear();
        loop {
            let piece = self.input.fill_buf().await.map_err(|error| format!("its output cannot be read: {error}"))?;
            if piece.is_empty() {
                // What stands before a crash is half a message.
                return Ok(None);
            }
            let end = memchr::memchr(b'\n', piece);
            let n = end.unwrap_or(piece.len());
            if self.line.len() + n > MAX_LINE {
                return Err(format!("it sent a line of more than {} MB", MAX_LINE >> 20));
            }
            self.line.extend_from_slice(&piece[..n]);
            self.input.consume(n + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(read(&self.line)));
            }
        }
    }
}

fn read(line: &[u8]) -> Message {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(line) else { return Message::Noise };
    let mut take = |name: &str| fields.remove(name);
    match (take("method"), take("id").filter(|id| !id.is_null())) {
        (Some(Value::String(method)), Some(id)) => {
            Message::Request { id, method, params: take("params").unwrap_or_default() }
        }
        (Some(Value::String(method)), None) => {
            Message::Notification { method, params: take("params").unwrap_or_default() }
        }
        (None, Some(id)) => match (id.as_u64(), take("error").filter(|error| !error.is_null())) {
            (Some(id), Some(error)) => Message::Response { id, result: Err(Refusal::read(&error)) },
            (Some(id), None) => Message::Response { id, result: Ok(take("result").unwrap_or_default()) },
            (None, _) => Message::Noise,
        },
        _ => Message::Noise,
    }
}

impl Refusal {
    fn read(error: &Value) -> Refusal {
        let code = error["code"].as_i64().unwrap_or_default();
        let message = error["message"].as_str().unwrap_or("an error without a message");
        // What really happened often stands in the data alone.
        let detail = ["details", "message", "error"].iter().find_map(|name| error["data"][name].as_str());
        let detail = detail.or(error["data"].as_str()).filter(|detail| !message.contains(detail));
        Refusal { code, message: detail.map_or(message.to_string(), |detail| format!("{message}: {detail}")) }
    }
}

impl Writer {
    /// What is written when the stream has ended is lost; that it ended is the reader's to tell.
    pub fn start(mut output: impl AsyncWrite + Unpin + Send + 'static) -> Writer {
        let (send, mut lines): (_, UnboundedReceiver<Value>) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(message) = lines.recv().await {
                let line = format!("{message}\n");
                if output.write_all(line.as_bytes()).await.is_err() || output.flush().await.is_err() {
                    break;
                }
            }
        });
        Writer(send)
    }

    pub fn request(&self, id: u64, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    }

    pub fn notify(&self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub fn answer(&self, id: &Value, result: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    pub fn refuse(&self, id: &Value, method: &str) {
        let message = format!("`{method}` is not served here");
        self.send(json!({"jsonrpc": "2.0", "id": id, "error": {"code": UNKNOWN_METHOD, "message": message}}));
    }

    fn send(&self, message: Value) {
        let _ = self.0.send(message);
    }
}
