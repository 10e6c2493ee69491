//! A model hub over loopback with one file, which it serves well or badly.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

/// How the storage serves the file, answer by answer; the last manner stays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Good,
    IgnoreRange,
    /// Ends the connection after so many bytes.
    Cut(usize),
    /// Says no more after so many bytes, and keeps the connection.
    Stall(usize),
    /// Takes the connection and says nothing.
    Silent,
    Corrupt,
    /// To every request.
    Status(u16),
    /// Says nothing of hash and size.
    NothingStated,
}

pub struct Hub {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    pub fn start(file: Vec<u8>, manners: &[Manner]) -> Hub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hub = Hub { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let (asked, manners, mut n_served) = (hub.asked.clone(), manners.to_vec(), 0);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                asked.lock().unwrap().push(request.clone());
                let manner = manners[n_served.min(manners.len() - 1)];
                n_served += usize::from(request.starts_with("GET /storage"));
                // Whoever has seen enough hangs up.
                let _ = answer(&mut stream, &request, &file, manner);
            }
        });
        hub
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request: method, path, and range where there is one.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn storage_asked(&self) -> Vec<String> {
        self.asked().into_iter().filter(|request| request.starts_with("GET /storage")).collect()
    }
}

fn read(stream: &TcpStream) -> String {
    let mut request = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        match line.split_once(": ") {
            None => request.push_str(line.trim_end_matches(" HTTP/1.1")),
            Some((name, value)) if name.eq_ignore_ascii_case("range") => request.push_str(&format!(" {value}")),
            Some(_) => {}
        }
    }
    request
}

fn answer(stream: &mut TcpStream, request: &str, file: &[u8], manner: Manner) -> std::io::Result<()> {
    if let Manner::Status(status) = manner {
        return write!(stream, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    if manner == Manner::Silent {
        return until_hung_up(stream);
    }
    if !request.starts_with("GET /storage") {
        let sha256: String = Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect();
        let stated = format!("x-linked-etag: \"{sha256}\"\r\nx-linked-size: {}\r\n", file.len());
        let stated = if manner == Manner::NothingStated { "" } else { &stated };
        let status = if manner == Manner::NothingStated { "200 OK" } else { "302 Found\r\nlocation: /storage" };
        return write!(stream, "HTTP/1.1 {status}\r\n{stated}content-length: 0\r\nconnection: close\r\n\r\n");
    }
    serve(stream, request, file, manner)
}

fn serve(stream: &mut TcpStream, request: &str, file: &[u8], manner: Manner) -> std::io::Result<()> {
    let range = request.split_once("bytes=").filter(|_| manner != Manner::IgnoreRange);
    let from: usize = range.map_or(0, |(_, range)| range.trim_end_matches('-').parse().unwrap());
    let mut body = file[from..].to_vec();
    let status = match range {
        Some(_) => format!("206 Part\r\ncontent-range: bytes {from}-{}/{}", file.len() - 1, file.len()),
        None => "200 OK".to_string(),
    };
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())?;
    match manner {
        Manner::Corrupt => body[50_000 - from] ^= 1,
        Manner::Cut(n) | Manner::Stall(n) => body.truncate(n),
        _ => {}
    }
    stream.write_all(&body)?;
    if let Manner::Stall(_) = manner { until_hung_up(stream) } else { Ok(()) }
}

fn until_hung_up(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.read_exact(&mut [0])
}
