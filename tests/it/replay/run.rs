//! Whole runs of `foretype replay`, against our own server and against programs that are none.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary;

const OPEN: &str = r#"{"open": {"path": "src/a.rs", "language": "rust", "text": "TEXT"}}"#;

const TEXT: &str = "fn read(request: &Request) {\\n    let user = session.current_user(request)?;\\n}\\n";

/// A recording in which the second function is typed like the first.
fn recording(folder: &TempDir) -> String {
    let typed = "fn write(request: &Request) {\n    let user = session.current_user(request)?;\n";
    let start = TEXT.replace("\\n", "\n").len();
    let mut lines = vec![OPEN.replace("TEXT", TEXT)];
    for (i, c) in typed.chars().enumerate() {
        let (t_ms, offset, c) = (100 * (i + 1), start + i, Value::from(c.to_string()));
        let edit = format!(r#"{{"offset": {offset}, "delete": 0, "insert": {c}}}"#);
        lines.push(format!(r#"{{"t_ms": {t_ms}, "path": "src/a.rs", "edits": [{edit}]}}"#));
    }
    write(folder, "typing.jsonl", &lines.join("\n"))
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_string()
}

fn replay(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = binary::command(&folder.join("home"));
    command.env_remove("LLAMA_SERVER").args(["replay", "--speed", "40", "--no-rest"]).args(arguments);
    let ended = command.current_dir(folder).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[test]
fn a_replay_says_what_a_user_would_have_seen() {
    let folder = tempfile::tempdir().unwrap();
    let trace = recording(&folder);
    let svg = folder.path().join("a.svg");
    let arguments = [&trace, "--json", "--wait", "--svg", svg.to_str().unwrap()];
    let (code, stdout, stderr) = replay(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let figure = |name: &str| {
        let figures = report["figures"].as_array().unwrap();
        let figure = figures.iter().find(|figure| figure["name"] == name).unwrap();
        figure["estimate"]["value"].as_f64().unwrap()
    };
    assert_eq!(
        (&report["trace"], &report["client"], &report["n_keys"]),
        (&"typing".into(), &"vscode".into(), &77.into())
    );
    assert!(figure("right") > 30.0 && figure("visible") >= figure("right"), "{report}");
    assert!(figure("saved") > 20.0, "{report}");
    assert_eq!((&report["n_answers"], &report["n_misfits"], &report["n_replaced"]), (&77.into(), &0.into(), &0.into()));
    assert!(report["session"]["n_requests"].as_u64().unwrap() >= 77, "{report}");
    assert!(report["latency_ms"].as_array().unwrap().len() > 1, "{report}");
    let svg = std::fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("<circle") && svg.ends_with("</svg>\n"));
    // The user's own records know nothing of it.
    assert!(!folder.path().join("home/ledger.sqlite").exists());
}

#[test]
fn a_replay_in_text_without_a_mechanism_and_as_neovim() {
    let folder = tempfile::tempdir().unwrap();
    let trace = recording(&folder);
    let arguments = [&trace, "--client", "neovim", "--without", "cache,restraint"];
    let (code, stdout, stderr) = replay(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    for said in
        ["77 keys, as neovim, against `foretype lsp --without cache,restraint`", "p99", "keys saved by the oracle"]
    {
        assert!(stdout.contains(said), "`{said}` is not in:\n{stdout}");
    }
}

/// It fails with one line that names these.
#[track_caller]
fn check_fails(folder: &TempDir, arguments: &[&str], causes: &[&str]) {
    let (code, stdout, stderr) = replay(folder.path(), arguments);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.starts_with("foretype: ") && stderr.lines().count() == 1, "{stderr}");
    for cause in causes {
        assert!(stderr.contains(cause), "`{cause}` is not in: {stderr}");
    }
}

#[test]
fn bad_traces_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let open = OPEN.replace("TEXT", "é\\n");
    let edit = |offset: usize, path: &str| {
        format!(r#"{{"t_ms": 9, "path": "{path}", "edits": [{{"offset": {offset}, "delete": 0, "insert": "x"}}]}}"#)
    };
    check_fails(&folder, &["none.jsonl"], &["none.jsonl", "No such file", "Give the file of a trace"]);
    write(&folder, "a.json", "{\"txns\": 1}");
    check_fails(&folder, &["a.json"], &["a.json: this is no trace", "foretype lsp --record"]);
    write(&folder, "b.jsonl", &format!("{open}\n{}", edit(99, "src/a.rs")));
    check_fails(&folder, &["b.jsonl"], &["b.jsonl: step 2: an edit ends at byte 99, the text at 3"]);
    write(&folder, "c.jsonl", &format!("{open}\n{}", edit(1, "src/a.rs")));
    check_fails(&folder, &["c.jsonl"], &["c.jsonl: step 2", "inside a character"]);
    write(&folder, "d.jsonl", &format!("{open}\n{}", edit(0, "src/b.rs")));
    check_fails(&folder, &["d.jsonl"], &["d.jsonl: step 2: `src/b.rs` is edited and not open"]);
    write(&folder, "e.jsonl", &format!("{open}\n{}\n{{\"t_ms\": 8}}", edit(0, "src/a.rs")));
    check_fails(&folder, &["e.jsonl"], &["e.jsonl: line 3", "either `open`"]);
    write(&folder, "f.jsonl", &open);
    check_fails(&folder, &["f.jsonl"], &["nothing is typed in this part"]);
    write(&folder, "g.json.gz", "\u{1f}nonsense");
    check_fails(&folder, &["g.json.gz"], &["g.json.gz"]);
}

#[test]
fn bad_arguments_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let trace = recording(&folder);
    check_fails(&folder, &[&trace, "--settings", "{"], &["--settings is no JSON"]);
    check_fails(&folder, &[&trace, "--middle", "0"], &["--middle: give a number of minutes above 0"]);
    check_fails(&folder, &[&trace, "--from", "5"], &["nothing is typed in this part; the trace lasts 0.1 minutes"]);
    check_fails(&folder, &[&trace, &trace, "--svg", "a.svg"], &["--svg draws one trace"]);
    check_fails(&folder, &[&trace, "--against", "llama.vim"], &["LLAMA_SERVER is not set"]);
    check_fails(&folder, &[&trace, "--without", "nonsense"], &["`nonsense` cannot be left out"]);
}

/// llama.cpp's server, as far as it is asked: a program that ends at once, and one that is not there.
#[cfg(unix)]
#[test]
fn a_peer_that_cannot_be_measured_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let trace = recording(&folder);
    let model = write(&folder, "model.gguf", "GGUF\u{3}\0\0\0");
    let settings = format!("{{\"local\": {{\"model\": \"{model}\"}}}}");
    for (program, cause) in [("false", "does not serve"), ("no-such-program-here", "cannot be started")] {
        let mut command = binary::command(&folder.path().join("home"));
        command.env("LLAMA_SERVER", program).args([
            "replay",
            &trace,
            "--against",
            "llama.vim",
            "--settings",
            &settings,
        ]);
        let ended = command.output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        let told = stderr.lines().last().unwrap_or_default();
        assert_eq!(ended.status.code(), Some(2), "{stderr}");
        assert!(told.starts_with("foretype: LLAMA_SERVER: ") && told.contains(cause), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn servers_that_cannot_be_measured_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let trace = recording(&folder);
    let check = |server: &str, causes: &[&str]| check_fails(&folder, &[&trace, "--server", server], causes);
    check("no-such-server-here", &["`no-such-server-here` ended early", "not found"]);
    let dies = write(&folder, "dies.sh", "head -c 20 >/dev/null; echo out of luck >&2; exit 3");
    check(&format!("sh {dies}"), &["ended early (exit status: 3); it said: out of luck"]);

    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"capabilities":{}}}"#;
    let script = format!("printf 'Content-Length: {}\\r\\n\\r\\n{answer}'; cat >/dev/null", answer.len());
    let plain = write(&folder, "plain.sh", &script);
    check(&format!("sh {plain}"), &["does not say `inlineCompletionProvider`", "give `--server` one"]);
}
