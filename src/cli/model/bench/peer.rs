//! llama.cpp's own benchmark, run as a program.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{N_DECODED, Rates};

/// Runs llama.cpp's own benchmark: one repetition of the same three.
pub fn rates(program: &OsStr, model: &Path, n_threads: usize) -> Result<Rates> {
    let name = program.display();
    let threads = n_threads.to_string();
    let run = |arguments: &[&str]| -> Result<Vec<Value>> {
        let mut command = Command::new(program);
        command.arg("-m").arg(model).args(["-t", &threads, "-r", "1", "-o", "json"]).args(arguments);
        let done = command.output().with_context(|| format!("LLAMA_BENCH: {name} cannot be started"))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr);
            bail!("LLAMA_BENCH: {name} failed: {}", said.lines().last().unwrap_or("it did not say why"));
        }
        serde_json::from_slice(&done.stdout).with_context(|| format!("LLAMA_BENCH: {name} did not answer in JSON"))
    };
    let rate = |row: Option<&Value>| {
        let rate = row.and_then(|row| row["avg_ts"].as_f64());
        rate.with_context(|| format!("LLAMA_BENCH: {name} gave no `avg_ts`; take a current llama.cpp"))
    };
    let prefill = run(&["-p", "256,1024", "-n", "0"])?;
    let n_decoded = N_DECODED.to_string();
    let decode = run(&["-p", "0", "-n", &n_decoded, "-d", "512"])?;
    Ok(Rates::of([rate(prefill.first())?, rate(prefill.get(1))?, rate(decode.first())?]))
}
