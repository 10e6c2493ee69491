//! `foretype privacy`, as a black box.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary;

const RANDOM: &str = "q7Rz1Kw9Xb3Vn5Tm8Yc2Lp6Hd4Gs0Jf3Fa7Ue1Wo5";

fn write(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A project with a file of each sort.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    fs::create_dir(top.join(".git")).unwrap();
    write(top, ".gitignore", "# made\n/target/\n*.log\n");
    write(top, ".foretypeignore", "*.gen.rs\n");
    write(top, ".foretype.toml", "privacy.local_only = [\"internal/\"]\n");
    write(top, "src/a.rs", "fn a() {}\n");
    write(top, "src/b.gen.rs", "fn b() {}\n");
    write(top, "internal/c.rs", "fn c() {}\n");
    write(top, "d.log", "d\n");
    write(top, ".env", "A=1\n");
    write(top, "key.rs", format!("fn k() {{}}\nconst K: &str = \"ghp_{}\";\n", &RANDOM[..36]));
    write(top, "odd.rs", format!("fn o() {{}}\n\nf(\"{}\");\n", &RANDOM[..24]));
    write(top, "target/x.rs", "fn x() {}\n");
    write(top, "latin1.rs", b"// caf\xe9\n");
    write(top, "binary.rs", b"a\0b");
    folder
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(folder: &TempDir, paths: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = binary::command(&folder.path().join("home"));
    command.arg("privacy").args(paths).current_dir(folder.path()).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(
        !stdout.contains(&RANDOM[..12]) && !stderr.contains(&RANDOM[..12]),
        "a secret is printed: {stdout}{stderr}"
    );
    Ended { code: output.status.code().unwrap(), stdout, stderr }
}

fn report(folder: &TempDir, path: &str) -> Value {
    let ended = run(folder, &["--json", path], &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{path}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The level, the rule's source and line, and whether it is completed, indexed and sent.
#[track_caller]
fn check(folder: &TempDir, path: &str, level: &str, source: &str, line: Option<u64>, may: [bool; 3]) {
    let report = report(folder, path);
    assert_eq!(report["level"], level, "{report}");
    assert_eq!(report["rule"]["source"].as_str().unwrap_or_default(), source, "{report}");
    assert_eq!(report["rule"]["line"].as_u64(), line, "{report}");
    let said = ["completed", "indexed", "leaves"].map(|what| report[what]["yes"].as_bool().unwrap());
    assert_eq!(said, may, "{report}");
}

#[test]
fn each_sort_of_file_is_explained() {
    let folder = project();
    check(&folder, "src/a.rs", "may_leave", "", None, [true, true, false]);
    check(&folder, "internal/c.rs", "local", "privacy.local_only", None, [true, true, false]);
    check(&folder, "d.log", "local", "ignore file", Some(3), [true, false, false]);
    check(&folder, "target/x.rs", "local", "ignore file", Some(2), [true, false, false]);
    check(&folder, "src/b.gen.rs", "blocked", "ignore file", Some(1), [false, false, false]);
    check(&folder, ".env", "blocked", "built-in list", None, [false, false, false]);
    check(&folder, "key.rs", "blocked", "content", Some(2), [false, false, false]);
    check(&folder, "latin1.rs", "may_leave", "", None, [false, false, false]);
    check(&folder, "binary.rs", "may_leave", "", None, [false, false, false]);
    assert!(report(&folder, "latin1.rs")["completed"]["why"].as_str().unwrap().contains("byte 7 is not UTF-8"));
    assert!(report(&folder, "binary.rs")["leaves"]["why"].as_str().unwrap().contains("binary"));
    let odd = report(&folder, "odd.rs");
    assert_eq!((&odd["never_sent"][0]["line"], &odd["level"]), (&Value::from(3), &Value::from("may_leave")), "{odd}");
}

#[test]
fn whether_anything_is_sent_depends_on_the_switch() {
    let folder = project();
    let off = run(&folder, &["src/a.rs"], &[]).stdout;
    assert!(off.contains("may leave this machine") && off.contains("no: remote engines are off"), "{off}");
    let on = run(&folder, &["src/a.rs", "odd.rs"], &[("FORETYPE_REMOTE_ENABLED", "true")]).stdout;
    assert!(on.contains("leaves     yes") && on.contains("never sent what lies around line 3 (random"), "{on}");
}

#[test]
fn a_huge_file_is_not_read() {
    let folder = project();
    fs::File::create(folder.path().join("huge.rs")).unwrap().set_len(1 << 40).unwrap();
    check(&folder, "huge.rs", "may_leave", "", None, [false, false, false]);
    let why = report(&folder, "huge.rs")["completed"]["why"].to_string();
    assert!(why.contains("1099511627776 bytes") && why.contains("suggest.max_document_bytes"), "{why}");
}

#[test]
fn a_folder_is_counted_and_what_is_blocked_is_listed() {
    let folder = project();
    let report = report(&folder, ".");
    let counts = ["n_may_leave", "n_local", "n_blocked"].map(|count| report[count].as_u64().unwrap());
    // Ours and git's own settings may leave, too; the ignored folder counts once.
    assert_eq!(counts, [7, 3, 3], "{report}");
    let listed: Vec<&str> =
        report["listed"].as_array().unwrap().iter().map(|of| of["path"].as_str().unwrap()).collect();
    assert_eq!(listed, [".env", "key.rs", "target/", "src/b.gen.rs"], "{report}");

    for i in 0..30 {
        write(folder.path(), &format!("many/{i:02}.env"), "");
    }
    let many = run(&folder, &["many"], &[]).stdout;
    assert!(many.contains("30  blocked") && many.contains("and 10 more that are blocked"), "{many}");
}

#[test]
fn one_bad_path_does_not_silence_the_others() {
    let folder = project();
    let ended = run(&folder, &["none.rs", "src/a.rs"], &[]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("none.rs: ") && ended.stderr.contains("Give the path of a file"), "{}", ended.stderr);
    assert!(ended.stdout.contains("src/a.rs: may leave"), "{}", ended.stdout);
    assert_eq!(run(&folder, &[], &[]).code, 2);
    #[cfg(target_os = "linux")]
    assert!(run(&folder, &["/dev/zero"], &[]).stderr.contains("not a regular file"));
}

#[test]
#[cfg(unix)]
fn links_are_judged_by_what_they_lead_to() {
    let folder = project();
    let link =
        |from: &str, to: &str| std::os::unix::fs::symlink(folder.path().join(from), folder.path().join(to)).unwrap();
    link(".env", "harmless.rs");
    link(".", "loop");
    check(&folder, "harmless.rs", "blocked", "built-in list", None, [false, false, false]);
    link("src/a.rs", "link.rs");
    check(&folder, "link.rs", "may_leave", "", None, [true, false, false]);
    assert_eq!(report(&folder, ".")["n_blocked"], 4, "and the loop ends");
}
