//! What is admitted, what is left out, and freshness.

mod open;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use foretype::privacy::{self, Privacy};
use foretype::workspace::{self, Built, Event, Index, Options, Summary, Workspace, symbols};
use tempfile::TempDir;

const OPTIONS: Options = Options {
    enabled: true,
    max_bytes: 10_000,
    max_file_bytes: 5_000,
    symbols: symbols::Options { max_files: 10, max_bytes: 10_000, cache: None },
};

/// A project of these files: (path, content).
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(folder.path(), path, content.as_bytes());
    }
    folder
}

fn write(folder: &Path, path: &str, content: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn privacy() -> Privacy {
    Privacy::new(&privacy::Options::default()).unwrap()
}

/// The names of the indexed files, relative to the folder, sorted.
fn names(index: &Index, folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for (segment, dead) in index.segments() {
        let live = segment.files().iter().enumerate().filter(|(i, _)| !dead.contains(i));
        names.extend(live.map(|(_, file)| file.path.strip_prefix(folder).unwrap().to_str().unwrap().to_string()));
    }
    names.sort();
    names
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) -> Summary {
    let folder = project(files);
    let Built { index, summary, .. } = workspace::build(&OPTIONS, &privacy(), &[folder.path().to_path_buf()]);
    assert_eq!(names(&index, folder.path()), expected);
    assert_eq!((summary.n_files, index.n_files()), (expected.len(), expected.len()));
    summary
}

fn left_out(summary: &Summary, reason: &str) -> usize {
    summary.left_out.iter().find(|(why, _)| *why == reason).map_or(0, |(_, n)| *n)
}

#[test]
fn ignore_files_are_obeyed_with_or_without_a_repository() {
    let files =
        [(".gitignore", "/target\n"), (".foretypeignore", "*.gen.rs\n"), ("target/a.rs", "a"), ("b.gen.rs", "b")];
    check(&[&files[..], &[("src/c.rs", "fn c() {}\n")]].concat(), &["src/c.rs"]);
}

/// Put together here, so that no scanner takes this file for one that holds a key.
fn private_key() -> String {
    format!("-----BEGIN RSA {} KEY-----\n{}\n", "PRIVATE", "MIIEpAIBAAKCAQEA7bq3Zt0uVwXy".repeat(3))
}

#[test]
fn secrets_are_never_read_into_the_index() {
    let key = private_key();
    let summary = check(&[(".env", "A=1"), ("server.pem", "x"), ("notes.md", &key), ("a.rs", "fn a() {}")], &["a.rs"]);
    assert_eq!(left_out(&summary, "denied, they seem to hold a secret"), 1);
    assert_eq!(left_out(&summary, "denied by their names"), 1);
}

#[test]
fn what_nobody_types_is_left_out() {
    let minified = "x=1;".repeat(1000);
    let large = "let x = 1;\n".repeat(1000);
    let files = [("a.js", "let a = 1;\n"), ("a.min.js", &minified), ("large.rs", &large), ("Cargo.lock", "x")];
    let folder = project(&files);
    write(folder.path(), "image.rs", b"\x89PNG\0\0");
    write(folder.path(), "latin1.rs", b"// caf\xe9\n");
    let Built { index, summary, .. } = workspace::build(&OPTIONS, &privacy(), &[folder.path().to_path_buf()]);
    assert_eq!(names(&index, folder.path()), ["a.js"]);
    for reason in ["minified or data", "too large", "lock files", "binary", "not UTF-8"] {
        assert_eq!(left_out(&summary, reason), 1, "{reason}");
    }
}

#[test]
fn code_comes_first_then_what_was_written_last() {
    let (code, prose) = ("let x = 1;\n".repeat(400), "Words and more words.\n".repeat(200));
    let folder = project(&[("a.txt", &prose), ("b.txt", &prose), ("z.rs", &code)]);
    for (path, seconds) in [("a.txt", 2), ("b.txt", 3), ("z.rs", 1)] {
        let file = fs::File::options().append(true).open(folder.path().join(path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }
    let Built { index, summary, .. } = workspace::build(&OPTIONS, &privacy(), &[folder.path().to_path_buf()]);
    assert_eq!(names(&index, folder.path()), ["b.txt", "z.rs"]);
    assert_eq!(left_out(&summary, "over the index's limit of bytes"), 1);
}

#[test]
fn a_missing_folder_and_a_switched_off_index_are_empty() {
    let missing = PathBuf::from("/no/such/folder");
    assert_eq!(workspace::build(&OPTIONS, &privacy(), &[missing]).summary.n_files, 0);
    let folder = project(&[("a.rs", "fn a() {}")]);
    let off = Options { enabled: false, ..OPTIONS };
    assert_eq!(workspace::build(&off, &privacy(), &[folder.path().to_path_buf()]).summary.n_files, 0);
}

/// A running workspace whose events are waited for, never slept for.
struct Running {
    folder: TempDir,
    workspace: Workspace,
    ready: Receiver<()>,
}

impl Running {
    fn start(files: &[(&str, &str)]) -> Running {
        let folder = project(files);
        let (send, ready) = channel();
        let on_event = move |event| {
            if let Event::Ready(_) = event {
                let _ = send.send(());
            }
        };
        let workspace = Workspace::start(OPTIONS, Arc::new(privacy()), Box::new(on_event));
        workspace.set_folders(vec![folder.path().to_path_buf()]);
        let running = Running { folder, workspace, ready };
        running.wait();
        running
    }

    fn wait(&self) {
        self.ready.recv_timeout(Duration::from_secs(20)).expect("the index becomes ready");
    }

    #[track_caller]
    fn check_after_change(&self, paths: &[&str], expected: &[&str]) {
        self.workspace.files_changed(paths.iter().map(|path| self.folder.path().join(path)).collect());
        self.wait();
        assert_eq!(names(&self.workspace.project().index, self.folder.path()), expected);
    }
}

#[test]
fn changes_of_files_reach_the_index() {
    let running = Running::start(&[("a.rs", "fn a() {}\n"), ("sub/b.rs", "fn b() {}\n")]);
    let folder = running.folder.path().to_path_buf();

    write(&folder, "c.rs", b"fn c() {}\n");
    running.check_after_change(&["c.rs"], &["a.rs", "c.rs", "sub/b.rs"]);

    write(&folder, "a.rs", b"fn changed() {}\n");
    running.check_after_change(&["a.rs"], &["a.rs", "c.rs", "sub/b.rs"]);
    assert_eq!(running.workspace.project().index.n_bytes(), "fn changed() {}\nfn c() {}\nfn b() {}\n".len());

    fs::remove_dir_all(folder.join("sub")).unwrap();
    running.check_after_change(&["sub"], &["a.rs", "c.rs"]);
}

#[test]
fn a_changed_file_must_still_be_admitted() {
    let running = Running::start(&[(".gitignore", "*.log.rs\n"), ("a.rs", "fn a() {}\n"), ("b.rs", "fn b() {}\n")]);
    let folder = running.folder.path().to_path_buf();

    write(&folder, "b.rs", private_key().as_bytes());
    write(&folder, "x.log.rs", b"fn x() {}\n");
    write(&folder, ".env", b"A=1\n");
    running.check_after_change(&["b.rs", "x.log.rs", ".env"], &["a.rs"]);

    write(&folder, ".gitignore", b"a.rs\n");
    running.check_after_change(&[".gitignore"], &["x.log.rs"]);
}

#[test]
#[cfg(unix)]
fn a_new_link_is_not_followed() {
    let running = Running::start(&[("a.rs", "fn a() {}\n"), (".env", "A=1\n")]);
    let folder = running.folder.path().to_path_buf();
    std::os::unix::fs::symlink(folder.join(".env"), folder.join("harmless.rs")).unwrap();
    write(&folder, "b.rs", b"fn b() {}\n");
    running.check_after_change(&["harmless.rs", "b.rs"], &["a.rs", "b.rs"]);
}
