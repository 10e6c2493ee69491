//! What the workspace's files define: found by name and owner, kept fresh, and never of a file that is denied.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use foretype::privacy::{self, Privacy};
use foretype::syntax::outline::Outline;
use foretype::workspace::symbols::record::{decode, encode};
use foretype::workspace::{self, Built, Event, Options, Symbols, Workspace, symbols};
use proptest::prelude::*;
use tempfile::TempDir;

const SHAPES: &str = "pub struct Square {\n    side: u32,\n}\n\nimpl Square {\n    pub fn area(&self) -> u32 {\n        \
                      self.side * self.side\n    }\n}\n";
const DRAWING: &str = "use crate::shapes::Square;\n\npub fn area(all: &[Square]) -> u32 {\n    0\n}\n";

fn options() -> Options {
    let symbols = symbols::Options { max_files: 1_000, max_bytes: 100_000, cache: None };
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
    Privacy::new(&privacy::Options { deny, ..privacy::Options::default() }).unwrap()
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
    std::os::unix::fs::symlink(folder.path().join("src"), folder.path().join("twin")).unwrap();
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

/// A project whose symbols are kept in a folder beside it.
struct Kept {
    folder: TempDir,
    cache: TempDir,
}

impl Kept {
    fn new(files: &[(&str, &str)]) -> Kept {
        Kept { folder: project(files), cache: tempfile::tempdir().unwrap() }
    }

    fn options(&self) -> Options {
        let cache = Some(self.cache.path().to_path_buf());
        Options { symbols: symbols::Options { cache, ..options().symbols }, ..options() }
    }

    fn build(&self) -> Built {
        build(&self.options(), self.folder.path())
    }

    fn build_denying(&self, deny: &[&str]) -> Built {
        workspace::build(&self.options(), &denying(deny), &[self.folder.path().to_path_buf()])
    }

    /// Builds, and expects that so many files are parsed.
    #[track_caller]
    fn check_parsed(&self, n_parsed: usize) -> Symbols {
        let built = self.build();
        assert_eq!(built.outlined.n_parsed, n_parsed);
        built.symbols
    }

    /// The one file of the cache.
    #[track_caller]
    fn file(&self) -> PathBuf {
        let files: Vec<PathBuf> = fs::read_dir(self.cache.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    fn holds(&self, word: &str) -> bool {
        fs::read(self.file()).unwrap().windows(word.len()).any(|bytes| bytes == word.as_bytes())
    }
}

fn outlines(symbols: &Symbols) -> Vec<Outline> {
    symbols.files().map(|file| file.outline.clone()).collect()
}

#[test]
fn the_next_start_parses_only_what_has_changed() {
    // Two files of one text are one outline.
    let kept = Kept::new(&[("a.rs", SHAPES), ("b.rs", DRAWING), ("c.rs", DRAWING)]);
    let first = kept.check_parsed(3);
    let second = kept.check_parsed(0);
    assert_eq!(outlines(&first), outlines(&second));
    assert_eq!(named(&second, "Square", kept.folder.path()), ["a.rs: pub struct Square {\n    side: u32,\n}"]);

    write(kept.folder.path(), "a.rs", b"pub struct Circle;\n");
    let third = kept.check_parsed(1);
    assert_eq!((third.named("Square").count(), third.named("Circle").count()), (0, 1));
    fs::rename(kept.folder.path().join("a.rs"), kept.folder.path().join("d.rs")).unwrap();
    assert_eq!(named(&kept.check_parsed(0), "Circle", kept.folder.path()), ["d.rs: pub struct Circle;"]);
}

#[test]
fn what_is_gone_is_kept_no_longer_and_bodies_never() {
    let kept = Kept::new(&[("a.rs", "pub fn first() {\n    inside();\n}\n"), ("b.rs", "pub fn second() {}\n")]);
    kept.build();
    assert!(kept.holds("pub fn first()") && kept.holds("second") && !kept.holds("inside"));
    fs::remove_file(kept.folder.path().join("b.rs")).unwrap();
    kept.build();
    assert!(kept.holds("first") && !kept.holds("second"));
}

#[test]
fn a_rule_that_comes_later_hides_what_was_kept() {
    let kept = Kept::new(&[("a.rs", "pub fn open() {}\n"), ("inner/b.rs", "pub fn hidden() {}\n")]);
    assert_eq!(kept.build().symbols.named("hidden").count(), 1);
    assert!(kept.holds("hidden"));
    let built = kept.build_denying(&["inner/"]);
    assert_eq!((built.symbols.named("open").count(), built.symbols.named("hidden").count()), (1, 0));
    assert!(kept.holds("open") && !kept.holds("hidden"));

    kept.build();
    write(kept.folder.path(), ".gitignore", b"inner\n");
    assert_eq!(kept.check_parsed(0).named("hidden").count(), 0);
    assert!(!kept.holds("hidden"));
}

#[test]
fn a_damaged_file_counts_as_none_and_is_made_anew() {
    let kept = Kept::new(&[("a.rs", SHAPES), ("b.rs", DRAWING)]);
    let symbols = kept.check_parsed(2);
    let good = fs::read(kept.file()).unwrap();
    // Damage in the magic, the version, the fingerprint, the digest and the outlines; then what is cut off.
    let flipped = [0, 7, 8, 23, 24, 39, 40, good.len() - 1].map(|at| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    });
    let cut = [0, 1, 8, 39, 40, good.len() - 1].map(|end| good[..end].to_vec());
    for bytes in flipped.into_iter().chain(cut).chain([[&good[..], b"x"].concat()]) {
        fs::write(kept.file(), bytes).unwrap();
        assert_eq!(outlines(&kept.check_parsed(2)), outlines(&symbols));
        assert!(fs::read(kept.file()).unwrap() == good);
    }
}

#[test]
fn a_folder_that_cannot_be_written_costs_only_time() {
    let kept = Kept::new(&[("a.rs", SHAPES)]);
    fs::write(kept.cache.path().join("file"), "").unwrap();
    let cache = Some(kept.cache.path().join("file"));
    let options = Options { symbols: symbols::Options { cache, ..options().symbols }, ..options() };
    for _ in 0..2 {
        assert_eq!(build(&options, kept.folder.path()).outlined.n_parsed, 1);
    }
}

#[test]
fn servers_of_one_project_do_not_disturb_each_other() {
    let kept = Kept::new(&[("a.rs", SHAPES), ("b.rs", DRAWING), ("c.rs", "pub fn c() {}\n")]);
    kept.build();
    std::thread::scope(|scope| {
        for denied in ["a.rs", "b.rs", "c.rs"] {
            let kept = &kept;
            scope.spawn(move || {
                for _ in 0..20 {
                    let built = kept.build_denying(&[denied]);
                    let names: Vec<&str> =
                        built.symbols.files().map(|file| file.path.file_name().unwrap().to_str().unwrap()).collect();
                    assert!(names.len() == 2 && !names.contains(&denied), "{names:?}");
                    // Every whole file lacks at most one of these; half a file would lack all.
                    assert!(built.outlined.n_parsed <= 1);
                }
            });
        }
    });
    kept.build();
    kept.check_parsed(0);
    // Nothing is left behind beside it.
    kept.file();
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let kept = Kept::new(&[("a.rs", SHAPES)]);
    kept.build();
    assert_eq!(fs::metadata(kept.file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_nobody_has_opened_for_long_is_deleted() {
    let kept = Kept::new(&[("a.rs", SHAPES)]);
    let set_age = |name: &str, days: u64| {
        fs::write(kept.cache.path().join(name), "x").unwrap();
        let file = fs::File::options().append(true).open(kept.cache.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
    };
    for (name, days) in [("old.symbols", 100), ("old.part", 100), ("old.txt", 100), ("new.symbols", 80)] {
        set_age(name, days);
    }
    let built = kept.build();
    let remains = |name: &str| kept.cache.path().join(name).exists();
    assert_eq!(["old.symbols", "old.part", "old.txt", "new.symbols"].map(remains), [false, false, true, true]);
    assert!(built.outlined.cache.unwrap().is_file());
}

/// The outline of `SHAPES` and `DRAWING`.
fn outline() -> Outline {
    let folder = project(&[("a.rs", &format!("{DRAWING}{SHAPES}"))]);
    outlines(&build(&options(), folder.path()).symbols).remove(0)
}

#[test]
fn an_outline_survives_its_bytes() {
    assert_eq!(outline().symbols.len() + outline().imports.len(), 4);
    assert_eq!(decode(&encode(&outline())), Some(outline()));
    assert_eq!(decode(&encode(&Outline::default())), Some(Outline::default()));
    let bytes = encode(&outline());
    assert!((0..bytes.len()).all(|end| decode(&bytes[..end]).is_none()));
    // A number of symbols that would take all memory.
    assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff, 0x0f]), None);
}

proptest! {
    #[test]
    fn no_bytes_are_too_much_for_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(outline) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&outline)), Some(outline));
        }
    }

    #[test]
    fn nor_is_what_was_once_an_outline(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| encode(&outline()));
        let mut bytes = BYTES.clone();
        *at.get_mut(&mut bytes) = byte;
        if let Some(outline) = decode(&bytes) {
            prop_assert_eq!(decode(&encode(&outline)), Some(outline));
        }
    }
}
