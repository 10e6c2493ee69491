//! A real `llama-server`, where `LLAMA_SERVER` names it and `FORETYPE_MODELS_TEST` a folder with the 0.5B.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foretype::engine::Cancel;
use foretype::engine::purse::{Counted, Ended};
use foretype::engine::remote::{Endpoint, Protocol};

use super::{Book, ask, endpoint, paid_by};

struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Result<Server, &'static str> {
    let program = std::env::var_os("LLAMA_SERVER").ok_or("LLAMA_SERVER")?;
    let models = PathBuf::from(std::env::var_os("FORETYPE_MODELS_TEST").ok_or("FORETYPE_MODELS_TEST")?);
    let model = models.join("qwen2.5-coder-0.5b.gguf");
    model.is_file().then_some(()).ok_or("qwen2.5-coder-0.5b")?;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(program)
        .arg("-m")
        .arg(model)
        .args(["--host", "127.0.0.1", "--port", &port.to_string(), "-t", "2", "--ctx-size", "4096", "--parallel", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server { child, url: format!("http://127.0.0.1:{port}") };
    let started = Instant::now();
    // It refuses with 503 while it loads.
    let is_ready = || {
        let endpoint =
            Endpoint { model: "qwen".to_string(), timeout_ms: 20_000, ..endpoint(Protocol::Infill, &server.url) };
        foretype::engine::Engine::probe(&paid_by(endpoint, None), &Cancel::default()).is_ok()
    };
    while !is_ready() {
        assert!(started.elapsed() < Duration::from_secs(60), "the server does not start");
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(server)
}

#[test]
fn a_real_llama_server_answers_in_both_protocols() {
    let server = match start() {
        Ok(server) => server,
        Err(missing) => return eprintln!("skipped: {missing} not found"),
    };
    let family = "qwen".to_string();
    let ways = [
        endpoint(Protocol::Infill, &server.url),
        Endpoint { family, ..endpoint(Protocol::Completions, &format!("{}/v1", server.url)) },
    ];
    for way in ways {
        let (protocol, book) = (way.protocol, Arc::new(Book::default()));
        let engine = paid_by(Endpoint { timeout_ms: 20_000, max_tokens: 32, ..way }, Some(book.clone()));
        let (said, finish) = ask(&engine, &Cancel::default());
        let last = said.last().unwrap();
        eprintln!("{protocol:?}: {:?}, {finish:?}, {}, chance {:.2}", last.text, last.provenance, last.confidence);
        assert!(last.text.contains("a + b"), "{protocol:?}: {last:?}");
        assert!(said.iter().filter(|said| said.is_growing).count() > 1, "{protocol:?} does not stream");
        assert!(!last.pieces.is_empty(), "{protocol:?} tells no probabilities");
        let used = book.used.lock().unwrap();
        assert_eq!((used.len(), used[0].1.ended), (1, Ended::Done));
        if used[0].1.counted == Counted::ByProvider {
            assert!(used[0].1.n_said > 0 && used[0].1.n_prompt > 10, "{:?}", used[0]);
        }
    }
}
