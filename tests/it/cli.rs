//! The subcommands, as black boxes: the real binary in folders made for it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary;

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// The binary in a folder, with no settings and no models but those that the test writes.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = binary::command(&folder.join("home"));
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn run_with(folder: &Path, arguments: &[&str], input: &[u8]) -> Ended {
    let mut child = command(folder, arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever refuses the arguments does not read; that is no failure of the test.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!stdout.contains('\x1b'), "styles where there is no terminal: {stdout:?}");
    Ended { code: output.status.code().expect("it exits by itself"), stdout, stderr }
}

#[track_caller]
fn run(folder: &TempDir, arguments: &[&str]) -> Ended {
    run_with(folder.path(), arguments, b"")
}

/// Runs it and expects a refusal that names all of `causes`, once.
#[track_caller]
fn check_refused(folder: &TempDir, arguments: &[&str], causes: &[&str]) {
    let ended = run(folder, arguments);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("foretype: ") && ended.stderr.lines().count() == 1, "{}", ended.stderr);
    for cause in causes {
        assert!(ended.stderr.contains(cause), "`{cause}` is not in: {}", ended.stderr);
    }
}

const HANDLER: &str = "
fn handle_NAME(request: &Request) -> Result<Response> {
    let user = session.current_user(request)?;
    let record = store.find_record(user.id)?;
    Ok(Response::new(record))
}
";

/// A project in which one function was written six times, and one is about to be written.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    for names in [["read", "write", "list"], ["open", "close", "count"]] {
        let text: String = names.iter().map(|name| HANDLER.replace("NAME", name)).collect();
        write(&folder, &format!("src/{}.rs", names[0]), &text);
    }
    write(&folder, "src/new.rs", "fn handle_new(request: &Request) -> Result<Response> {\n    let user = \n}\n");
    folder
}

fn write(folder: &TempDir, path: &str, text: impl AsRef<[u8]>) {
    std::fs::write(folder.path().join(path), text).unwrap();
}

#[test]
fn complete_prints_the_suggestion() {
    let ended = run(&project(), &["complete", "src/new.rs:2:16"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert!(ended.stdout.starts_with("session.current_user(request)?;"), "{}", ended.stdout);

    let ended = run(&project(), &["complete", "src/new.rs:2:16", "--json"]);
    let reply: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &reply["engine"], &reply["reason"]), (0, &json!("instant"), &Value::Null));
    assert!(reply["text"].as_str().unwrap().starts_with("session.current_user(request)?;"), "{reply}");
    assert!(reply["ms"].as_f64().unwrap() > 0.0, "{reply}");
}

#[test]
fn complete_without_a_suggestion_says_why() {
    let folder = project();
    write(&folder, "src/empty.rs", "");
    let ended = run(&folder, &["complete", "src/empty.rs:1:1"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.starts_with("foretype: no suggestion: "), "{}", ended.stderr);
    let ended = run(&folder, &["complete", "src/empty.rs:1:1", "--json"]);
    let reply: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &reply["text"]), (1, &Value::Null));
    assert!(reply["reason"].is_string(), "{reply}");
}

#[test]
fn a_place_that_is_none_is_refused() {
    let folder = project();
    write(&folder, "src/umlaut.rs", "let ä = 1;\n");
    write(&folder, "src/latin1.rs", b"let caf\xe9 = 1;\n");
    for shape in ["src/new.rs", "src/new.rs:2", "src/new.rs:two:1", "src/new.rs:1:-1", ":1:1"] {
        check_refused(&folder, &["complete", shape], &[shape, "FILE:LINE:COL"]);
    }
    check_refused(&folder, &["complete", "src/none.rs:1:1"], &["src/none.rs", "Give the path of a file"]);
    check_refused(&folder, &["complete", "src:1:1"], &["src: this is a folder"]);
    check_refused(&folder, &["complete", "src/new.rs:0:1"], &["count from 1"]);
    check_refused(&folder, &["complete", "src/new.rs:5:1"], &["line 5", "4 lines"]);
    check_refused(&folder, &["complete", "src/new.rs:2:17"], &["column 17", "last column is 16"]);
    check_refused(&folder, &["complete", "src/new.rs:2:18446744073709551615"], &["past the end of line 2"]);
    check_refused(&folder, &["complete", "src/umlaut.rs:1:6"], &["inside a character", "take 5 or 7"]);
    check_refused(&folder, &["complete", "src/latin1.rs:1:1"], &["byte 8 is not UTF-8"]);
    check_refused(&folder, &["why", "src/none.rs:1:1"], &["src/none.rs"]);
    #[cfg(target_os = "linux")]
    check_refused(&folder, &["complete", "/dev/zero:1:1"], &["not a regular file"]);
}

#[test]
#[cfg(unix)]
fn a_name_with_colons_is_a_name() {
    let folder = project();
    std::fs::rename(folder.path().join("src/new.rs"), folder.path().join("src/new:2:16.rs")).unwrap();
    assert_eq!(run(&folder, &["complete", "src/new:2:16.rs:2:16"]).code, 0);
}

#[test]
fn what_privacy_denies_is_not_completed() {
    let folder = project();
    write(&folder, ".env", "TOKEN=1\n");
    write(&folder, ".foretypeignore", "ignored.rs\n");
    write(&folder, "ignored.rs", "let a = 1;\n");
    let key = format!("-----BEGIN RSA {} KEY-----\n{}\n", "PRIVATE", "MIIEpAIBAAKCAQEA7bq3Zt0uVwXy".repeat(3));
    write(&folder, "key.rs", key);
    check_refused(&folder, &["complete", ".env:1:1"], &[".env: ", "`privacy.allow`"]);
    check_refused(&folder, &["complete", "ignored.rs:1:1"], &["ignored.rs", ".foretypeignore:1"]);
    check_refused(&folder, &["complete", "key.rs:1:1"], &["line 1", "secret"]);
    check_refused(&folder, &["try", ".env", "--fast"], &[".env: ", "`privacy.allow`"]);
    let why = run(&folder, &["why", ".env:1:1"]);
    assert!(why.code == 0 && why.stdout.contains("`.env*`"), "{}", why.stdout);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join(".env"), folder.path().join("harmless.rs")).unwrap();
        check_refused(&folder, &["complete", "harmless.rs:1:1"], &[".env*"]);
    }
}

/// Who opens it wants to work on it; only the project does not learn from it.
#[test]
fn what_git_ignores_is_completed_when_it_is_asked_for() {
    let folder = project();
    write(&folder, ".gitignore", "new.rs\n");
    let ended = run(&folder, &["complete", "src/new.rs:2:16"]);
    assert!(ended.code == 0 && ended.stdout.starts_with("session.current_user(request)?;"), "{}", ended.stderr);
    assert!(run(&folder, &["doctor"]).stdout.contains("2 files"));
}

fn ask(folder: &TempDir, arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let ended = run_with(folder.path(), &[&["complete", "--batch"], arguments].concat(), input);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_batch_is_answered_line_by_line_whatever_the_lines_hold() {
    let prefix = "fn handle_new(request: &Request) -> Result<Response> {\n    let user = ";
    let good = |id: Value| json!({"id": id, "path": "src/new.rs", "prefix": prefix, "suffix": "\n}\n"}).to_string();
    let lines = [
        good(json!(1)).into_bytes(),
        b"garbage".to_vec(),
        Vec::new(),
        b"\xff\xfe{}".to_vec(),
        json!({"id": "no prefix", "path": "a.rs"}).to_string().into_bytes(),
        json!([1, 2]).to_string().into_bytes(),
        json!({"id": {"a": 1}, "path": ".env", "prefix": "A="}).to_string().into_bytes(),
        good(json!("last, without a line break")).into_bytes(),
    ];
    let answers = ask(&project(), &["--workspace", ".", "--engine", "instant"], &lines.join(&b'\n'));
    let ids: Vec<&Value> = answers.iter().map(|answer| &answer["id"]).collect();
    let (null, object) = (Value::Null, json!({"a": 1}));
    let (first, refused, last) = (json!(1), json!("no prefix"), json!("last, without a line break"));
    assert_eq!(ids, [&first, &null, &null, &refused, &null, &object, &last]);
    for answer in [&answers[0], &answers[6]] {
        assert!(answer["text"].as_str().unwrap().starts_with("session.current_user(request)?;"), "{answer}");
        assert_eq!((&answer["engine"], &answer["reason"]), (&json!("instant"), &Value::Null));
    }
    for answer in &answers[1..6] {
        assert!(answer["text"].is_null() && answer["reason"].is_string() && answer["ms"].is_number(), "{answer}");
    }
    assert!(answers[1]["reason"].as_str().unwrap().starts_with("line 2 "), "{}", answers[1]);
    assert!(answers[5]["reason"].as_str().unwrap().contains(".env*"), "{}", answers[5]);
}

#[test]
fn a_question_does_not_learn_from_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "whole.rs", HANDLER.repeat(6));
    let (prefix, suffix) = HANDLER.split_once("session").unwrap();
    let question = |path: &str| json!({"path": path, "prefix": prefix, "suffix": suffix.split_once('\n').unwrap().1});
    let input = format!("{}\n{}\n", question("whole.rs"), question("other.rs"));
    let answers = ask(&folder, &["--workspace", "."], input.as_bytes());
    assert!(answers[0]["text"].is_null() && answers[1]["text"].is_string(), "{answers:?}");
}

#[test]
fn a_line_without_an_end_is_survived() {
    let question = json!({"id": 2, "path": "a.rs", "prefix": "let a = "}).to_string();
    let input = [vec![b'['; 40 << 20], question.into_bytes()].join(&b'\n');
    let answers = ask(&project(), &[], &input);
    assert!(answers[0]["reason"].as_str().unwrap().contains("line 1 is longer than"), "{}", answers[0]);
    assert_eq!((answers.len(), &answers[1]["id"]), (2, &json!(2)));
}

#[test]
fn a_batch_with_wrong_options_is_refused() {
    let folder = project();
    check_refused(&folder, &["complete", "--batch", "--engine", "oracle"], &["`oracle`", "instant"]);
    check_refused(&folder, &["complete", "--batch", "--workspace", "nowhere"], &["nowhere", "Give the folder"]);
    check_refused(&folder, &["complete", "--batch", "--workspace", "src/new.rs"], &["not a folder"]);
    for arguments in
        [&["complete"][..], &["complete", "a.rs:1:1", "--batch"], &["complete", "a.rs:1:1", "--engine=instant"]]
    {
        assert_eq!(run(&folder, arguments).code, 2, "{arguments:?}");
    }
}

/// As under `| head -1`: the answer after the last reader has left ends it, quietly.
#[test]
fn a_broken_pipe_ends_it_quietly() {
    let folder = project();
    let mut child = command(folder.path(), &["complete", "--batch"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // Until it has noticed and left, the questions go somewhere.
    while writeln!(stdin, "{{}}").is_ok() {}
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(project().path(), &["config", "schema"]).stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("the output cannot be written: No space left"), "{stderr}");
}

#[test]
fn why_shows_each_step() {
    let folder = project();
    let ended = run(&folder, &["why", "src/new.rs:2:16"]);
    assert_eq!(ended.code, 0);
    let stages: Vec<&str> = ended.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(stages[0].ends_with("new.rs:2:16"), "{}", ended.stdout);
    assert_eq!(stages[1..6], ["gate", "cache", "instant", "suggestion", "outcome"], "{}", ended.stdout);
    assert!(ended.stdout.contains("session.current_user(request)?;"), "{}", ended.stdout);

    let trace: Value = serde_json::from_str(&run(&folder, &["why", "src/new.rs:2:16", "--json"]).stdout).unwrap();
    assert_eq!(
        (&trace["line"], &trace["column"], &trace["steps"][0]["verdict"]),
        (&json!(2), &json!(16), &json!("open"))
    );

    write(&folder, "src/word.rs", "let user = session");
    let ended = run(&folder, &["why", "src/word.rs:1:14"]);
    assert!(ended.stdout.contains("nothing: the cursor is inside a word"), "{}", ended.stdout);
}

#[test]
fn doctor_is_content_with_a_project_and_names_what_is_wrong() {
    let folder = project();
    write(&folder, ".env", "A=1");
    write(&folder, "id_rsa", "A");
    let ended = run(&folder, &["doctor"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let root = std::fs::canonicalize(folder.path()).unwrap();
    let expected =
        [env!("CARGO_PKG_VERSION"), root.to_str().unwrap(), "3 files", "3 rust", "denied by their names (1)"];
    for found in expected {
        assert!(ended.stdout.contains(found), "`{found}` is not in:\n{}", ended.stdout);
    }

    write(&folder, ".foretype.toml", "[suggest]\nmax_line = 3\n");
    let ended = run(&folder, &["doctor"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    for found in ["FIX", ".foretype.toml:2", "suggest.max_lines"] {
        assert!(ended.stdout.contains(found), "`{found}` is not in:\n{}", ended.stdout);
    }
}

/// Runs `doctor` with these variables and expects this exit code and the lines of model, engines and CPU to say so.
#[track_caller]
fn check_doctor(folder: &TempDir, variables: &[(&str, &str)], code: i32, parts: &[&str]) {
    let output = command(folder.path(), &["doctor"]).envs(variables.iter().copied()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stdout}");
    for part in parts {
        assert!(stdout.contains(part), "`{part}` is not in:\n{stdout}");
    }
}

#[test]
fn doctor_says_which_model_would_be_used_and_how_fast_this_cpu_is() {
    let folder = project();
    let pull = "foretype model pull qwen2.5-coder-0.5b";
    check_doctor(&folder, &[], 0, &["note  model", pull, "instant (works offline", "then local (silent"]);
    check_doctor(&folder, &[("FORETYPE_LOCAL_MODEL", "none.gguf")], 1, &["FIX   model", "`none.gguf` is neither"]);
    check_doctor(&folder, &[], 0, &["  cpu ", "for a model"]);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        check_doctor(&folder, &[("FORETYPE_LOCAL_THREADS", "3")], 0, &["avx2", "kernels", "on 3 threads"]);
    }

    let models = folder.path().join("home/models");
    std::fs::create_dir_all(&models).unwrap();
    // Of the right sizes, and never read.
    for model in foretype::weights::table() {
        let file = std::fs::File::create(models.join(format!("{}.gguf", model.name))).unwrap();
        file.set_len(model.n_bytes).unwrap();
    }
    let used = "qwen2.5-coder-1.5b, or where that is too slow qwen2.5-coder-0.5b; not used: smollm2-135m (98 MB)";
    check_doctor(&folder, &[], 0, &["ok    model", used, models.to_str().unwrap(), "then local\n"]);
    let off = ["note  model", "switched off by `local.enabled`; here: qwen2.5-coder-0.5b (491 MB)"];
    check_doctor(&folder, &[("FORETYPE_LOCAL_ENABLED", "false")], 0, &off);
}

#[test]
fn doctor_says_what_is_kept_of_the_symbols() {
    let folder = project();
    let wanted = ("FORETYPE_CONTEXT_DEFINITIONS", "true");
    let kept = ["ok    symbols", "7 in 3 files, 3 parsed anew", "kept in", "home/cache/symbols"];
    check_doctor(&folder, &[wanted], 0, &kept);
    check_doctor(&folder, &[wanted], 0, &["7 in 3 files, none parsed anew"]);
    let unkept = ["3 parsed anew", "not kept, as FORETYPE_CACHE names no"];
    check_doctor(&folder, &[wanted, ("FORETYPE_CACHE", "")], 0, &unkept);
}

#[test]
#[cfg(unix)]
fn doctor_finds_editors_without_starting_them() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project();
    let program = folder.path().join("nvim");
    std::fs::write(&program, "#!/bin/sh\nsleep 1000\n").unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let output = command(folder.path(), &["doctor"]).env("PATH", folder.path()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains(&format!("Neovim ({})", program.display())), "{stdout}");
    assert!(!stdout.contains("Helix"), "{stdout}");
}

#[test]
fn a_home_is_no_project_unless_it_is_marked_as_one() {
    let folder = project();
    let doctor = || {
        let output = command(folder.path(), &["doctor"]).env("HOME", folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, stdout) = doctor();
    assert!(code == Some(0) && stdout.contains("3 files"), "{stdout}");
    std::fs::remove_dir(folder.path().join(".git")).unwrap();
    let (code, stdout) = doctor();
    assert!(code == Some(0) && stdout.contains("is no project") && !stdout.contains("index"), "{stdout}");
}

#[test]
fn config_has_a_schema_a_check_and_a_path() {
    let folder = project();
    let schema: Value = serde_json::from_str(&run(&folder, &["config", "schema"]).stdout).unwrap();
    assert_eq!(schema["type"], "object");

    let path = run(&folder, &["config", "path"]).stdout;
    assert_eq!(Path::new(path.trim_end()), folder.path().join("home/.config/foretype/config.toml"));

    write(&folder, "good.toml", "enabled = true\n");
    assert_eq!(run(&folder, &["config", "check", "good.toml"]).code, 0);
    write(&folder, "bad.toml", "enabled = true\n[suggest]\nmin_chanse = 0.3\n");
    let ended = run(&folder, &["config", "check", "bad.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("bad.toml:3") && ended.stderr.contains("suggest.min_chance"), "{}", ended.stderr);
    check_refused(&folder, &["config", "check", "none.toml"], &["none.toml", "foretype config path"]);

    assert_eq!(run(&folder, &["config", "check"]).code, 0);
    write(&folder, ".foretype.toml", "enabled = 3\n");
    let ended = run(&folder, &["config", "check"]);
    assert!(ended.code == 1 && ended.stderr.contains(".foretype.toml:1"), "{}", ended.stderr);
}

#[test]
fn try_types_a_file_of_the_project_and_counts() {
    let folder = project();
    write(&folder, "src/handlers.rs", HANDLER.repeat(9));
    // Without --fast, too: stdout is no terminal.
    for arguments in [&["try"][..], &["try", "--fast", "src/handlers.rs"]] {
        let ended = run(&folder, arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        let row =
            |name: &str| ended.stdout.lines().rev().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_default();
        assert!(row("typed").contains("of src/handlers.rs"), "{}", ended.stdout);
        assert!(row("answer").contains("p50") && row("answer").contains("p95"), "{}", ended.stdout);
        let saved: usize = row("saved").split_whitespace().next().unwrap().parse().unwrap();
        assert!(saved > 100, "what stands there nine times is suggested:\n{}", ended.stdout);
        assert!(ended.stdout.contains("session.current_user(request)?;"), "{}", ended.stdout);
    }
}

/// The text to be typed stands in the file on the disk; if any of it were known, it would be suggested.
#[test]
fn try_does_not_know_what_it_will_type() {
    let folder = project();
    let word = |n: u64| format!("w{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(n | 1));
    let lines: Vec<String> =
        (1..30).map(|n| format!("{}({}, {});\n", word(3 * n), word(3 * n + 1), word(3 * n + 2))).collect();
    write(&folder, "src/unique.rs", lines.concat());
    let ended = run(&folder, &["try", "src/unique.rs", "--fast"]);
    assert!(ended.stdout.contains("saved  0 of "), "{}", ended.stdout);
}

#[test]
fn try_without_code_types_its_sample_and_refuses_what_is_too_short() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(&folder, &["try", "--fast"]);
    assert!(ended.code == 0 && ended.stdout.contains("sample.py"), "{}{}", ended.stdout, ended.stderr);
    write(&folder, "empty.rs", "");
    check_refused(&folder, &["try", "empty.rs"], &["empty.rs", "too little text"]);
    check_refused(&folder, &["try", "none.rs"], &["none.rs"]);
    assert_eq!(run(&folder, &["try", "--seconds", "0"]).code, 2);
}

/// A pseudo-terminal: our end and the program's.
#[cfg(unix)]
fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let theirs = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    (ours.into(), theirs)
}

/// Reads until `wanted` has come; everything read so far is in `screen`.
#[cfg(unix)]
fn read_until(ours: &mut std::fs::File, screen: &mut String, wanted: &str) {
    let mut bytes = [0; 4096];
    while !screen.contains(wanted) {
        let n_bytes = ours.read(&mut bytes).unwrap();
        *screen += &String::from_utf8_lossy(&bytes[..n_bytes]);
    }
}

#[test]
#[cfg(unix)]
fn try_shows_ghost_text_and_gives_the_terminal_back() {
    use rustix::termios::{LocalModes, tcgetattr};
    let folder = project();
    write(&folder, "src/handlers.rs", HANDLER.repeat(9));
    for key in ["q", "\x03", "\x1b", "terminated"] {
        let (mut ours, theirs) = terminal();
        let modes = || tcgetattr(&theirs).unwrap().local_modes & (LocalModes::ECHO | LocalModes::ICANON);
        let before = modes();
        let stream = || Stdio::from(theirs.try_clone().unwrap());
        let mut command = command(folder.path(), &["try", "src/handlers.rs"]);
        command.stdin(stream()).stdout(stream()).stderr(stream()).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let mut child = command.spawn().unwrap();

        let mut screen = String::new();
        read_until(&mut ours, &mut screen, "\x1b[3;38;5;244m");
        assert!(screen.contains("\x1b[?1049h") && screen.contains("src/handlers.rs"), "{screen:?}");
        assert_ne!(modes(), before, "keys are read one by one, and not echoed");
        match key {
            "terminated" => {
                let pid = rustix::process::Pid::from_child(&child);
                rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            }
            key => ours.write_all(key.as_bytes()).unwrap(),
        }
        read_until(&mut ours, &mut screen, "p95");
        assert_eq!((child.wait().unwrap().code(), modes()), (Some(0), before));
        let (_, after) = screen.split_once("\x1b[?1049l").expect("the screen from before is back");
        assert!(after.contains("saved") && !after.contains("\x1b[?25l"), "{after:?}");
    }
}

#[test]
fn every_command_that_help_names_exists() {
    let folder = project();
    let help = run(&folder, &["--help"]).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(["lsp", "try", "complete", "why", "doctor", "config"].iter().all(|command| commands.contains(command)));
    let mut helps = help.clone();
    for command in commands.iter().filter(|command| **command != "help") {
        let ended = run(&folder, &[command, "--help"]);
        assert_eq!(ended.code, 0, "{command}: {}", ended.stderr);
        helps += &ended.stdout;
    }
    let examples = helps.lines().filter_map(|line| line.strip_prefix("  foretype ")?.split_whitespace().next());
    let examples: Vec<&str> = examples.collect();
    assert!(examples.len() >= 10 && examples.iter().all(|example| commands.contains(example)), "{examples:?}");
    assert_eq!(run(&folder, &[]).code, 2);
    assert_eq!(run(&folder, &["nonsense"]).code, 2);
}
