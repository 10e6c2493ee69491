//! A real model behind the real server, over pipes, where both are there; else the test says what is missing.
//!
//! `FORETYPE_MODELS_TEST` names a folder of models. The server is the one that `FORETYPE_BIN` names, or this build's if
//! it is optimised: a debug build takes minutes for a line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::binary;
use crate::client::{Client, ghost_text};

const URI: &str = "file:///project/sum.py";

/// In the order in which they are looked for: the first knows how to fill in.
const MODELS: [&str; 2] = ["qwen2.5-coder-0.5b", "smollm2-135m"];

/// A program, a folder of models, and the model to use.
fn parts() -> Result<(PathBuf, PathBuf, &'static str), &'static str> {
    let built = (!cfg!(debug_assertions)).then(|| PathBuf::from(env!("CARGO_BIN_EXE_foretype")));
    let program = std::env::var_os("FORETYPE_BIN").map(PathBuf::from).or(built).ok_or("an optimised foretype")?;
    let folder = std::env::var_os("FORETYPE_MODELS_TEST").map(PathBuf::from).ok_or(MODELS[0])?;
    let is_there = |name: &&str| folder.join(format!("{name}.gguf")).is_file();
    let model = MODELS.into_iter().find(is_there).ok_or(MODELS[0])?;
    Ok((program, folder, model))
}

/// A server whose only voice, in a project without files, is that model.
fn start(program: &Path, folder: &Path, model: &str, home: &Path) -> (Client, u32) {
    let mut command = Command::new(program);
    binary::isolate(&mut command, home);
    command.env("FORETYPE_MODELS", folder).env("FORETYPE_LOCAL_MODEL", model).env("FORETYPE_LOCAL_MIN_CONFIDENCE", "0");
    command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let child = command.spawn().unwrap();
    let pid = child.id();
    let mut client = Client::of(child);
    client.initialize(json!({"capabilities": ghost_text()}));
    (client, pid)
}

#[test]
fn a_real_model_answers_and_a_cancel_frees_the_cpu() {
    let (program, folder, model) = match parts() {
        Ok(parts) => parts,
        Err(missing) => return eprintln!("skipped: {missing} not found"),
    };
    let home = tempfile::tempdir().unwrap();
    let (mut client, pid) = start(&program, &folder, model, home.path());

    client.open(URI, "python", "def add(a, b):\n    return \n");
    let started = Instant::now();
    let shown = loop {
        let shown = client.ghost(URI, 1, 11);
        if !shown.is_empty() {
            break shown;
        }
        // Silent as long as the model is being loaded.
        assert!(started.elapsed() < Duration::from_secs(60), "{}", client.why());
    };
    assert!(shown[0]["insertText"].as_str().unwrap().contains("a + b"), "{shown:?}");
    assert!(client.why().contains("from local"), "{}", client.why());

    // So much text to read that it takes seconds.
    let line = |i: usize| format!("total_{i} = add({i}, {})\n", i * i);
    client.open("file:///project/long.py", "python", &(0..400).map(line).collect::<String>());
    let before = cpu_time(pid);
    let id = client.begin_ghost("file:///project/long.py", 400, 0);
    while cpu_time(pid) < before + Duration::from_millis(200) {
        assert!(started.elapsed() < Duration::from_secs(90), "the model does not begin");
        std::thread::yield_now();
    }
    client.notify("$/cancelRequest", json!({"id": id}));
    assert_eq!(client.answer(id)["error"]["code"], -32800);
    // The time that the protocol's own tasks take is in it.
    let answered = cpu_time(pid);
    std::thread::sleep(Duration::from_millis(500));
    let since = cpu_time(pid) - answered;
    assert!(since <= Duration::from_millis(80), "{since:?} of CPU in half a second after the cancel");
    client.notify("exit", json!(null));
    client.close();
}

/// Of all threads, in the kernel's ticks of 10 ms.
fn cpu_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // After the name, which may hold anything: from the third field on.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let n_ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(n_ticks * 10)
}
