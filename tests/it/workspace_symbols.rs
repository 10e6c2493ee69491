//! What the workspace's files define: found by name and owner, kept fresh, and never of a file that is denied.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use foretype::privacy::{self, Privacy};
use foretype::workspace::{self, Built, Event, Options, Symbols, Workspace, symbols};
use tempfile::TempDir;

const SHAPES: &str = "pub struct Square {\n    side: u32,\n}\n\nimpl Square {\n    pub fn area(&self) -> u32 {\n        \
                      self.side * self.side\n    }\n}\n";
const DRAWING: &str = "use crate::shapes::Square;\n\npub fn area(all: &[Square]) -> u32 {\n    0\n}\n";

fn options() -> Options {
    let symbols = symbols::Options { max_files: 1_000, max_bytes: 100_000 };
    Options { enabled: true, max_bytes: 100_000, max_file_bytes: 50_000, symbols }
}

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

fn denying(deny: &[&str]) -> Privacy {
    let deny = deny.iter().map(|glob| glob.to_string()).collect();
    Privacy::new(&privacy::Options { deny, allow: Vec::new() }).unwrap()
}

fn build(options: &Options, folder: &Path) -> Built {
    workspace::build(options, &denying(&[]), &[folder.to_path_buf()])
}

/// Where a name is defined, as `path: signature`, sorted.
fn named(symbols: &Symbols, name: &str, folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = symbols
        .named(name)
        .map(|(file, symbol)| {
            let path = file.path.strip_prefix(folder).unwrap().to_str().unwrap();
            format!("{path}: {}", symbol.signature)
        })
        .collect();
    found.sort();
    found
}

/// Builds a project of these files, and expects symbols of no file but `expected`.
#[track_caller]
fn check_outlined(folder: &TempDir, options: &Options, expected: &[&str]) -> symbols::Summary {
    let built = build(options, folder.path());
    let mut paths: Vec<&str> =
        built.symbols.files().map(|file| file.path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
    paths.sort();
    assert_eq!(paths, expected);
    assert_eq!((built.symbols.n_files(), built.outlined.n_files), (expected.len(), expected.len()));
    built.outlined
}

#[test]
fn symbols_are_found_by_name_and_by_owner() {
    let folder = project(&[("src/shapes.rs", SHAPES), ("src/drawing.rs", DRAWING), ("notes.md", "# area\n")]);
    let symbols = build(&options(), folder.path()).symbols;
    assert_eq!(
        named(&symbols, "area", folder.path()),
        ["src/drawing.rs: pub fn area(all: &[Square]) -> u32", "src/shapes.rs: pub fn area(&self) -> u32"]
    );
    assert_eq!(named(&symbols, "are", folder.path()), Vec::<String>::new());
    let owned: Vec<&str> = symbols.owned_by("Square").map(|(_, symbol)| &*symbol.name).collect();
    assert_eq!(owned, ["area"]);

    let file = symbols.file(&folder.path().join("src/drawing.rs")).unwrap();
    assert_eq!((file.language.id(), &*file.outline.imports[0].name), ("rust", "Square"));
    assert!(symbols.file(&folder.path().join("notes.md")).is_none());
    assert_eq!((symbols.n_files(), symbols.n_symbols()), (2, 3));
    assert!((500..5_000).contains(&symbols.n_bytes()), "{}", symbols.n_bytes());
}

#[test]
fn what_nobody_calls_gives_no_symbols() {
    let long_line = format!("pub fn a() {{}}\nconst T: &str = \"{}\";\n", "x".repeat(6_000));
    let many_lines = format!("pub fn b() {{}} // {}\n", "x".repeat(300)).repeat(20);
    let folder = project(&[("table.rs", &long_line), ("dense.rs", &many_lines), ("c.rs", "pub fn c() {}\n")]);
    write(folder.path(), "latin1.rs", b"pub fn caf\xe9() {}\n");
    check_outlined(&folder, &options(), &["c.rs"]);
}

#[test]
fn files_over_the_index_s_bound_have_symbols_up_to_their_own() {
    let files = [("a.rs", "pub fn a() {}\n"), ("b.rs", "pub fn b() {}\n"), ("c.rs", "pub fn c() {}\n")];
    let folder = project(&files);
    let small_index = Options { max_bytes: 15, ..options() };
    check_outlined(&folder, &small_index, &["a.rs", "b.rs", "c.rs"]);

    let few_files = symbols::Options { max_files: 1, ..options().symbols };
    assert_eq!(build(&Options { symbols: few_files, ..options() }, folder.path()).symbols.n_files(), 1);
    let few_bytes = symbols::Options { max_bytes: 30, ..options().symbols };
    assert_eq!(build(&Options { symbols: few_bytes, ..options() }, folder.path()).symbols.n_files(), 2);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends_and_counts_once() {
    let folder = project(&[("src/a.rs", "pub fn a() {}\n")]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("src/loop")).unwrap();
    check_outlined(&folder, &options(), &["src/a.rs"]);
    // A folder that is given twice is no second project.
    let twice = [folder.path().to_path_buf(), folder.path().join("src")];
    assert_eq!(workspace::build(&options(), &denying(&[]), &twice).outlined.n_parsed, 1);
}

#[test]
fn a_denied_file_has_no_symbols() {
    let folder = project(&[("a.rs", "pub fn a() {}\n"), ("secret/b.rs", "pub fn b() {}\n")]);
    let built = workspace::build(&options(), &denying(&["secret/"]), &[folder.path().to_path_buf()]);
    assert_eq!((built.symbols.named("a").count(), built.symbols.named("b").count()), (1, 0));
}

/// A running workspace whose events are waited for, never slept for.
struct Running {
    folder: TempDir,
    workspace: Workspace,
    events: Receiver<Event>,
}

impl Running {
    fn start(files: &[(&str, &str)]) -> Running {
        let folder = project(files);
        let (send, events) = channel();
        let on_event = move |event| drop(send.send(event));
        let workspace = Workspace::start(options(), Arc::new(denying(&[])), Box::new(on_event));
        workspace.set_folders(vec![folder.path().to_path_buf()]);
        let running = Running { folder, workspace, events };
        running.outlined();
        running
    }

    fn next(&self) -> Event {
        self.events.recv_timeout(Duration::from_secs(20)).expect("the workspace is read")
    }

    fn outlined(&self) -> symbols::Summary {
        loop {
            if let Event::Outlined(summary) = self.next() {
                return summary;
            }
        }
    }

    fn say_changed(&self, paths: &[&str]) {
        self.workspace.files_changed(paths.iter().map(|path| self.folder.path().join(path)).collect());
    }

    /// Where `name` is defined after these files have changed.
    #[track_caller]
    fn check_after_change(&self, paths: &[&str], name: &str, expected: &[&str]) {
        self.say_changed(paths);
        while !matches!(self.next(), Event::Ready(_)) {}
        assert_eq!(named(&self.workspace.project().symbols, name, self.folder.path()), expected);
    }
}

#[test]
fn changes_of_files_reach_the_symbols() {
    let running = Running::start(&[("a.rs", "pub fn one() {}\n"), ("sub/b.rs", "pub fn two() {}\n")]);
    let folder = running.folder.path().to_path_buf();

    write(&folder, "a.rs", b"pub fn one(n: u8) {}\n");
    running.check_after_change(&["a.rs"], "one", &["a.rs: pub fn one(n: u8)"]);

    write(&folder, "c.rs", b"pub fn one() {}\n");
    running.check_after_change(&["c.rs"], "one", &["a.rs: pub fn one(n: u8)", "c.rs: pub fn one()"]);

    fs::rename(folder.join("a.rs"), folder.join("d.rs")).unwrap();
    running.check_after_change(&["a.rs", "d.rs"], "one", &["c.rs: pub fn one()", "d.rs: pub fn one(n: u8)"]);

    fs::remove_file(folder.join("c.rs")).unwrap();
    running.check_after_change(&["c.rs"], "one", &["d.rs: pub fn one(n: u8)"]);

    fs::remove_dir_all(folder.join("sub")).unwrap();
    running.check_after_change(&["sub"], "two", &[]);
    assert_eq!(running.workspace.project().symbols.n_files(), 1);
}

#[test]
fn many_changes_are_sorted_in_and_lose_nothing() {
    let running = Running::start(&[("a.rs", "pub fn one() {}\n")]);
    let folder = running.folder.path().to_path_buf();
    // The third one is over the limit of what is kept beside the large table.
    let text = "mod a{}\n".repeat(4_000) + "fn last() {}\n";
    for round in 0..3 {
        write(&folder, &format!("big{round}.rs"), text.as_bytes());
        let expected: Vec<String> = (0..=round).map(|i| format!("big{i}.rs: fn last()")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        running.check_after_change(&[&format!("big{round}.rs")], "last", &expected);
    }
    running.check_after_change(&["a.rs"], "one", &["a.rs: pub fn one()"]);
}

#[test]
fn an_ignore_file_that_comes_takes_symbols_away_and_parses_nothing() {
    let running = Running::start(&[("a.rs", "pub fn a() {}\n"), ("b.rs", "pub fn b() {}\n")]);
    write(running.folder.path(), ".foretypeignore", b"b.rs\n");
    running.say_changed(&[".foretypeignore"]);
    let summary = running.outlined();
    assert_eq!((summary.n_files, summary.n_parsed), (1, 0));
    assert_eq!(running.workspace.project().symbols.named("b").count(), 0);
}
