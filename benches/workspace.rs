//! How long a project takes to be read, at first, at the next start and after a change, what its symbols weigh, and how
//! long it takes to find the context of a place.
//!
//! `cargo bench --bench workspace -- --folder DIR`. Prints one table; every figure stands beside what it must reach.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use foretype::config::Settings;
use foretype::context::{self, Place};
use foretype::document::{Clearance, DocumentId, Snapshot};
use foretype::privacy::{self, Privacy};
use foretype::syntax::{Language, Tree};
use foretype::text::Text;
use foretype::workspace::symbols::{Changed, FileSymbols};
use foretype::workspace::{self, Built, Event, Options, Project, Workspace};

/// How often a build is repeated, and how many files are changed.
const REPEATS: usize = 10;
const CHANGES: usize = 50;

/// Lines between two places, and bytes above one that a prompt shows.
const STEP: usize = 40;
const SHOWN: usize = 2500;

fn main() {
    let Some(folder) = std::env::args().skip_while(|arg| arg != "--folder").nth(1) else {
        return eprintln!("skipped: no folder; give one of code with `-- --folder DIR`");
    };
    let home = tempfile::tempdir().expect("a temporary folder");
    // A copy, as files of it will be changed.
    let project = home.path().join("project");
    copy(Path::new(&folder), &project);
    let mut options = Settings::default().workspace;
    let privacy = Arc::new(Privacy::new(&privacy::Options::default()).expect("no globs"));
    let build = |options: &Options| workspace::build(options, &privacy, std::slice::from_ref(&project));

    let built = build(&options);
    let (n_outlined, n_symbols) = (built.symbols.n_files(), built.symbols.n_symbols());
    let n_bytes: u64 = built.symbols.files().flat_map(|file| fs::metadata(&file.path)).map(|it| it.len()).sum();
    let megabytes = n_bytes as f64 / 1e6;
    println!("{folder}: {} files, {:.1} MB in the index", built.summary.n_files, built.summary.n_bytes as f64 / 1e6);
    println!(
        "{n_symbols} symbols in {n_outlined} files, {megabytes:.1} MB; {} unfinished",
        built.outlined.n_unfinished
    );
    println!("\n| what | must | goal | p50 | p99 | most | n |\n|---|---|---|---|---|---|---|");

    let cold: Vec<Built> = (0..REPEATS).map(|_| build(&options)).collect();
    row("n-gram index, from the start", "", "", cold.iter().map(|built| built.summary.took));
    row("symbols, cold, from the start", "1000", "", cold.iter().map(|built| built.outlined.took));
    options.symbols.cache = Some(home.path().join("cache"));
    build(&options);
    let warm: Vec<Built> = (0..REPEATS).map(|_| build(&options)).collect();
    let is_used = |built: &Built| built.outlined.n_parsed * 10 < built.outlined.n_files;
    assert!(warm.iter().all(is_used), "the cache is not used");
    row("symbols, warm, from the start", "100", "", warm.iter().map(|built| built.outlined.took));
    changes(&built);
    contexts(&project, &built);
    refreshes(&options, &privacy, &project, &built);

    let ratio = built.symbols.n_bytes() as f64 / n_bytes as f64;
    println!("| memory of the symbols a MB of source, estimated (MB) | 8 | 3 | {ratio:.2} | | | 1 |");
    let file = warm.iter().find_map(|built| built.outlined.cache.as_ref());
    let size = file.and_then(|file| fs::metadata(file).ok()).map_or(f64::NAN, |it| it.len() as f64 / n_bytes as f64);
    println!("| cache file a MB of source (MB) | | | {size:.2} | | | 1 |");
}

fn copy(from: &Path, to: &Path) {
    for entry in ignore::WalkBuilder::new(from).hidden(false).build().flatten() {
        let Ok(below) = entry.path().strip_prefix(from) else { continue };
        match entry.file_type() {
            Some(kind) if kind.is_dir() => fs::create_dir_all(to.join(below)).expect("a writable temporary folder"),
            Some(kind) if kind.is_file() => drop(fs::copy(entry.path(), to.join(below))),
            _ => {}
        }
    }
}

/// What one file's change costs the symbols alone: its parse, and a new index over all of them. An open document has a
/// tree that went along with the change.
fn changes(built: &Built) {
    let times = |is_open: bool| {
        let files = built.symbols.files().take(CHANGES);
        files.filter_map(move |file| {
            let text = fs::read_to_string(&file.path).ok()?;
            let mut old = document(&file.path)?;
            let before = old.text.clone();
            old.text.replace(before.len()..before.len(), "\n");
            old.tree.as_mut()?.edit(&before, &old.text, before.len()..before.len(), 1);
            let started = Instant::now();
            let tree = old.tree.as_ref().filter(|_| is_open);
            let changed = FileSymbols::parse(file.path.clone(), file.language, &(text + "\n"), tree)?;
            built.symbols.with(&[Changed { path: file.path.clone(), file: Some(Arc::new(changed)) }]);
            Some(started.elapsed())
        })
    };
    row("one file changed on the disk, its symbols", "20", "5", times(false));
    row("one file changed in the editor, its symbols", "20", "5", times(true));
}

/// What it takes to find the context of a place, of each kind and of all.
fn contexts(folder: &Path, built: &Built) {
    let (index, symbols) = (built.index.clone().into(), built.symbols.clone().into());
    let project = Project { folders: [folder.to_path_buf()].into(), index, symbols };
    let documents: Vec<Snapshot> = project.symbols.files().filter_map(|file| document(&file.path)).collect();
    for kinds in ["definitions", "similar", "all"] {
        let options = kinds.parse().expect("a kind");
        let times = documents.iter().flat_map(|document| {
            let lines = (STEP..document.text.n_lines()).step_by(STEP);
            lines.map(|line| {
                // After the indentation and a few characters, where most questions are asked.
                let range = document.text.line_range(line);
                let offset = document.text.floor_char_boundary(range.start + range.len() / 2);
                let shown = offset.saturating_sub(SHOWN)..offset + SHOWN / 3;
                let started = Instant::now();
                context::gather(&Place { document, others: &[], offset, shown }, &project, &options);
                started.elapsed()
            })
        });
        let (must, goal) = if kinds == "all" { ("p99 2", "p99 0.5") } else { ("", "") };
        row(&format!("context of a place: {kinds}"), must, goal, times);
    }
}

fn document(path: &Arc<Path>) -> Option<Snapshot> {
    let text = Text::new(&fs::read_to_string(path).ok()?);
    let language = Language::from_path(path);
    let tree = language.and_then(|language| Tree::parse(&text, language, None, &mut || false).ok());
    let (id, path) = (DocumentId(path.to_string_lossy().into()), Some(path.clone()));
    Some(Snapshot { id, path, language, version: 0, text, tree, clearance: Clearance::Cleared, edited: Arc::default() })
}

/// What it costs a running workspace, n-gram index and all.
fn refreshes(options: &Options, privacy: &Arc<Privacy>, project: &Path, built: &Built) {
    let (send, events) = channel();
    let on_event = move |event| drop(send.send(event));
    let workspace = Workspace::start(options.clone(), privacy.clone(), Box::new(on_event));
    workspace.set_folders(vec![project.to_path_buf()]);
    while !matches!(events.recv(), Ok(Event::Outlined(_)) | Err(_)) {}
    let paths: Vec<PathBuf> = built.symbols.files().take(CHANGES).map(|file| file.path.to_path_buf()).collect();
    let times = paths.into_iter().filter_map(|path| {
        let text = fs::read_to_string(&path).ok()? + "\n";
        fs::write(&path, text).ok()?;
        workspace.files_changed(vec![path]);
        ready(&events)
    });
    row("one file changed, index and symbols", "", "", times);
}

fn ready(events: &Receiver<Event>) -> Option<Duration> {
    loop {
        if let Event::Ready(summary) = events.recv().ok()? {
            return Some(summary.took);
        }
    }
}

/// Times in ms.
fn row(what: &str, must: &str, goal: &str, times: impl Iterator<Item = Duration>) {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
    let (p50, p99) = (ms(times.get(times.len() / 2)), ms(times.get(times.len() * 99 / 100)));
    let (most, n) = (ms(times.last()), times.len());
    println!("| {what} (ms) | {must} | {goal} | {p50:.2} | {p99:.2} | {most:.2} | {n} |");
}
