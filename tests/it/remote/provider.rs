//! A provider that does what a script says, byte for byte: stalls, drips and cuts are the point of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub struct Provider {
    pub url: String,
    shared: Arc<Shared>,
}

type Script = dyn Fn(usize, &Seen) -> Vec<Step> + Send + Sync;

struct Shared {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    n_hung_up: AtomicUsize,
    n_connections: AtomicUsize,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Until the client goes.
    Stall,
    Close,
}

pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

impl Provider {
    /// `script` gets the number of the request, from 0, and the request.
    pub fn start(script: impl Fn(usize, &Seen) -> Vec<Step> + Send + Sync + 'static) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, n_hung_up, n_connections) = Default::default();
        let shared = Arc::new(Shared { script: Box::new(script), seen, n_hung_up, n_connections });
        let there = shared.clone();
        // Ends with the process: nothing waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = there.clone();
                stream.set_nodelay(true).unwrap();
                shared.n_connections.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Provider { url, shared }
    }

    /// Always the same.
    pub fn that_sends(steps: Vec<Step>) -> Provider {
        Provider::start(move |_, _| steps.clone())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Connections that the client has ended inside an answer, once there are so many.
    pub fn hung_up(&self, n: usize, within: Duration) -> bool {
        let started = Instant::now();
        while self.shared.n_hung_up.load(Ordering::Relaxed) < n {
            if started.elapsed() > within {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    pub fn n_connections(&self) -> usize {
        self.shared.n_connections.load(Ordering::Relaxed)
    }
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A whole answer.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Step {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    Step::Send([head.as_bytes(), body].concat())
}

/// The head of a stream; [`chunk`]s follow.
pub fn head(content_type: &str) -> Step {
    Step::Send(format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n").into())
}

pub fn chunk(bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref();
    Step::Send([format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
}

pub fn last() -> Step {
    Step::Send(LAST_CHUNK.to_vec())
}

/// One server-sent event.
pub fn event(data: impl std::fmt::Display) -> Step {
    chunk(format!("data: {data}\n\n"))
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    while let Some(seen) = read(&mut stream) {
        let n = {
            let mut all = shared.seen.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        for step in (shared.script)(n, &seen) {
            let is_there = match step {
                Step::Send(bytes) => stream.write_all(&bytes).is_ok(),
                Step::Wait(time) => waits(&stream, time),
                Step::Stall => waits(&stream, Duration::from_secs(30)),
                Step::Close => return,
            };
            if !is_there {
                shared.n_hung_up.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }
}

/// False when the client has gone meanwhile.
fn waits(stream: &TcpStream, time: Duration) -> bool {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        stream.set_read_timeout(Some(left.min(Duration::from_millis(20)))).unwrap();
        match stream.peek(&mut [0]) {
            Ok(0) => return false,
            Err(error) if !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                return false;
            }
            _ => {}
        }
    }
    stream.set_read_timeout(None).unwrap();
    true
}

/// The next request of a connection, while there is one.
pub fn read(stream: &mut impl Read) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).ok()?;
        bytes.push(one[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let mut lines = head.lines();
    let line = lines.next()?.to_string();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_string()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Seen { line, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}
