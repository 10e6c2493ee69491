//! A storm of requests over real pipes: each is answered once, and after it the server is as it was before.

#![cfg(target_os = "linux")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::binary;
use crate::client::{Client, ghost_text};
use crate::local::tiny;

const URI: &str = "file:///storm/a.rs";
/// `FORETYPE_STORM_REQUESTS` makes it a larger one.
const N_REQUESTS: usize = 1_000;
/// Requests that are under way together.
const N_TOGETHER: usize = 50;

/// Knuth's linear congruential generator.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, n_sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n_sides
    }
}

/// Of the process: clock ticks of CPU, and resident bytes.
fn usage(pid: u32) -> (u64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    (ticks, fields[21].parse::<u64>().unwrap() * 4096)
}

/// Waits until it does nothing for a second.
fn rest(pid: u32) -> u64 {
    let started = Instant::now();
    loop {
        let before = usage(pid).0;
        std::thread::sleep(Duration::from_secs(1));
        let (after, n_bytes) = usage(pid);
        if after - before <= 1 {
            return n_bytes;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it is still busy: {} ticks in a second", after - before);
    }
}

#[test]
fn a_storm_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let model = home.path().join("tiny.gguf");
    tiny::write("qwen2", &model);
    let child = binary::command(home.path()).arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let mut client = Client::of(child);
    let options = json!({"local": {"model": model.display().to_string(), "ask": false}});
    client.initialize(json!({"capabilities": ghost_text(), "initializationOptions": options}));
    client.open(URI, "rust", "fn f() {\n    let x = 1;\n    \n}\n");

    let mut dice = Dice(1);
    let (mut version, mut column, mut codes) = (1, 4, [0usize; 2]);
    let mut storm = |client: &mut Client, n_requests: usize| {
        for _ in 0..n_requests / N_TOGETHER {
            let mut asked = Vec::new();
            for _ in 0..N_TOGETHER {
                version += 1;
                let start = json!({"line": 2, "character": column});
                match dice.roll(4) {
                    0 if column > 4 => {
                        let from = json!({"line": 2, "character": column - 1});
                        column -= 1;
                        client.change(URI, version, json!([{"range": {"start": from, "end": start}, "text": ""}]));
                    }
                    _ if column < 60 => {
                        let letter = ["l", "e", "t", " ", "x"][dice.roll(5)];
                        client.change(URI, version, json!([{"range": {"start": start, "end": start}, "text": letter}]));
                        column += 1;
                    }
                    _ => {
                        let from = json!({"line": 2, "character": 4});
                        client.change(URI, version, json!([{"range": {"start": from, "end": start}, "text": ""}]));
                        column = 4;
                    }
                }
                asked.push(client.begin_ghost(URI, 2, column));
                if dice.roll(2) == 0 {
                    client.notify("$/cancelRequest", json!({"id": asked[dice.roll(asked.len())]}));
                }
            }
            for id in asked {
                let answer = client.answer(id);
                match answer["error"]["code"].as_i64() {
                    None => codes[0] += usize::from(answer["result"]["items"].is_array()),
                    Some(-32800) => codes[1] += 1,
                    Some(_) => panic!("{answer}"),
                }
            }
        }
    };
    let n_requests = std::env::var("FORETYPE_STORM_REQUESTS").map_or(N_REQUESTS, |n| n.parse().expect("a number"));
    // What is loaded and filled at first is no leak.
    storm(&mut client, N_REQUESTS);
    let before = rest(pid);
    storm(&mut client, n_requests);
    let after = rest(pid);
    assert_eq!(codes[0] + codes[1], N_REQUESTS + n_requests);
    assert!(after < before + (16 << 20), "{before} bytes before, {after} after");

    let tally = client.ask("workspace/executeCommand", json!({"command": "foretype.session"}));
    let count = |name: &str| tally["result"][name].as_u64().unwrap_or_else(|| panic!("{tally}"));
    assert!(count("n_flights") > 100, "the model was hardly asked: {tally}");
    assert_eq!(client.n_answers_left(), 0, "a request was answered twice");
}
