//! What the ledger keeps, what it does not, and that it keeps it whatever happens.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use foretype::ledger::{self, Event, LATENCY_ERROR, Ledger, Report, Shown, Totals, UnixMs, WorkspaceName, totals};
use foretype::predictor::outcome::{End, Ended};
use foretype::predictor::restraint::{Features, Maker, Restraint};
use foretype::syntax::Place;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
const DAY: UnixMs = 86_400_000;

/// Names the file for a writer in a process of its own.
const WRITE_TO: &str = "FORETYPE_TEST_WRITE_TO";

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made/for/it/ledger.sqlite");
    (folder, file)
}

fn open(file: &Path) -> (Ledger, Receiver<String>) {
    let (send, notices) = channel();
    (Ledger::open(file, move |notice| drop(send.send(notice))), notices)
}

/// One that must have nothing to say.
fn open_quietly(file: &Path) -> Ledger {
    Ledger::open(file, |notice| panic!("{notice}"))
}

fn features(place: Place) -> Features {
    Features {
        chance: 0.5,
        maker: Maker::Instant,
        n_chars: 20,
        n_lines: 1,
        place,
        at_line_end: true,
        in_word: false,
        n_rejections: 0,
        acceptance: None,
    }
}

fn shown(request: u64, place: Place) -> Event {
    Event::Shown(Shown {
        request,
        workspace: WorkspaceName::of(Path::new("/home/somebody/secret/project")),
        language: Some("rust"),
        source: "cache",
        engine: "instant",
        features: features(place),
        estimate: 0.45,
    })
}

fn ended(request: u64, end: End, n_taken: usize) -> Event {
    Event::Ended { request, ended: Ended { end, n_taken, n_typed: 0, visible: Duration::from_secs(1) } }
}

#[track_caller]
fn report(file: &Path, n_days: u32) -> Report {
    ledger::report(file, n_days).unwrap().expect("a file")
}

#[track_caller]
fn flush(ledger: &Ledger) {
    assert!(ledger.flush(PATIENCE), "the writer lives");
}

fn now() -> UnixMs {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as UnixMs
}

#[test]
fn outcomes_are_counted() {
    let (_folder, file) = folder();
    assert!(ledger::report(&file, 30).unwrap().is_none());
    let ledger = open_quietly(&file);
    let ends = [
        End::Accepted,
        End::Accepted,
        End::Partial,
        End::TypedThrough,
        End::Rejected,
        End::Rejected,
        End::Ignored,
        End::Unseen,
    ];
    for (request, end) in (1..).zip(ends) {
        ledger.record(shown(request, Place::Code));
        let n_taken = if matches!(end, End::Accepted) { 20 } else { 5 };
        ledger.record(ended(request, end, n_taken));
        // Only the first word counts.
        ledger.record(ended(request, End::Ignored, 0));
    }
    ledger.record(shown(9, Place::Code));
    ledger.record(Event::Kept { request: 1, share: 1.0 });
    ledger.record(Event::Kept { request: 2, share: 0.5 });
    ledger.record(Event::Totals(Totals::one(totals::REQUESTS)));
    ledger.record(Event::Totals(Totals::one(totals::REQUESTS)));
    flush(&ledger);

    let report = report(&file, 1);
    let all = &report.all;
    assert_eq!((all.shown, all.accepted, all.partially_accepted, all.typed_through), (9, 2, 1, 1));
    assert_eq!((all.rejected, all.ignored, all.unseen, all.chars_saved), (2, 1, 1, 45));
    assert_eq!((all.looked_for, all.kept, all.kept_share), (2, 1, Some(0.75)));
    assert_eq!(all.acceptance, Some(3.0 / 7.0));
    assert_eq!(report.languages["rust"], *all);
    assert_eq!((&report.sources["cache"], &report.engines["instant"]), (all, all));
    assert_eq!(report.totals[totals::REQUESTS], 2.0);
    assert_eq!(report.learned.outcomes, 6);
    assert_eq!(ledger.n_lost(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, file) = folder();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let ledger = open_quietly(&file);
    ledger.record(shown(1, Place::Code));
    flush(&ledger);
    for entry in std::fs::read_dir(file.parent().unwrap()).unwrap().flatten() {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
    }
}

#[test]
fn percentiles_are_near_the_truth() {
    let (_folder, file) = folder();
    let ledger = open_quietly(&file);
    for ms in 1..=1000 {
        ledger.record(Event::Answered { source: "local", latency: Duration::from_millis(ms) });
    }
    ledger.record(Event::Answered { source: "cache", latency: Duration::from_micros(700) });
    flush(&ledger);
    let latencies = report(&file, 1).latencies;
    let local = &latencies["local"];
    for (measured, true_ms) in [(local.p50_ms, 500.0), (local.p95_ms, 950.0), (local.p99_ms, 990.0)] {
        assert!((measured / true_ms - 1.0).abs() <= LATENCY_ERROR, "{measured} for {true_ms}");
    }
    assert_eq!((local.n, latencies["cache"].n), (1000, 1));
    assert!((latencies["cache"].p99_ms / 0.7 - 1.0).abs() <= LATENCY_ERROR);
}

#[test]
fn all_servers_learn_together() {
    let (_folder, file) = folder();
    let ledgers = [open_quietly(&file), open_quietly(&file)];
    for request in 1..=100 {
        let ledger = &ledgers[request as usize % 2];
        ledger.record(shown(request, Place::Comment));
        ledger.record(ended(request, End::Rejected, 0));
    }
    ledgers.iter().for_each(flush);
    // What the first one wrote last may be older than what the second one did.
    ledgers.iter().for_each(|ledger| ledger.record(Event::Totals(Totals::default())));
    ledgers.iter().for_each(flush);
    let restraints = ledgers.each_ref().map(Ledger::restraint);
    assert_eq!(restraints[0], restraints[1]);
    assert_eq!(restraints[0].n_outcomes(), 100);
    let comment = restraints[0].estimate(&features(Place::Comment)).chance;
    assert!(comment < 0.35, "{comment}");

    let third = open_quietly(&file);
    flush(&third);
    assert_eq!(third.restraint(), restraints[0], "a new server knows it from its start");
    third.reset_learning();
    flush(&third);
    assert_eq!(third.restraint(), Restraint::default());
    let report = report(&file, 1);
    assert_eq!((report.learned.outcomes, report.all.rejected), (0, 100), "the records stay");
}

#[test]
fn what_another_version_learned_is_learned_anew() {
    let (_folder, file) = folder();
    let ledger = open_quietly(&file);
    for request in 1..=40 {
        ledger.record(shown(request, if request % 3 == 0 { Place::Code } else { Place::String }));
        ledger.record(ended(request, if request % 2 == 0 { End::Accepted } else { End::Rejected }, 20));
        flush(&ledger);
    }
    let learned = ledger.restraint();
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute("UPDATE restraint SET version = 0, state = 'of old'", []).unwrap();
    let again = open_quietly(&file);
    flush(&again);
    assert_eq!(again.restraint().n_outcomes(), 40);
    let chance = |restraint: &Restraint| restraint.estimate(&features(Place::String)).chance;
    assert!((chance(&again.restraint()) - chance(&learned)).abs() < 0.02);
}

#[test]
fn old_days_are_folded_into_sums() {
    let (_folder, file) = folder();
    let ledger = open_quietly(&file);
    let long_ago = now() - 100 * DAY;
    for request in 1..=5 {
        ledger.record_at(shown(request, Place::Code), long_ago);
        ledger.record_at(ended(request, End::Accepted, 20), long_ago);
    }
    ledger.record_at(Event::Kept { request: 1, share: 1.0 }, long_ago);
    flush(&ledger);
    let before = report(&file, 365);
    ledger.record(shown(6, Place::Code));
    flush(&ledger);
    let after = report(&file, 365);
    assert_eq!((after.all.shown, after.all.accepted, after.all.chars_saved), (6, 5, before.all.chars_saved));
    assert_eq!((after.all.kept, after.languages["rust"].shown), (1, 6));
    assert_eq!(report(&file, 90).all.shown, 1);
    let connection = rusqlite::Connection::open(&file).unwrap();
    let n: i64 = connection.query_row("SELECT count(*) FROM suggestion", [], |row| row.get(0)).unwrap();
    assert_eq!(n, 1, "the single ones are gone");
}

/// Not a test by itself: what [`two_processes_write_at_once`] starts.
#[test]
fn a_writer_of_its_own() {
    let Some(file) = std::env::var_os(WRITE_TO) else { return };
    let ledger = open_quietly(Path::new(&file));
    for request in 1..=500 {
        ledger.record(shown(request, Place::Code));
        ledger.record(ended(request, End::Accepted, 20));
        if request % 25 == 0 {
            flush(&ledger);
        }
    }
    flush(&ledger);
    assert_eq!(ledger.n_lost(), 0);
}

#[test]
fn two_processes_write_at_once_and_nothing_is_lost() {
    let (_folder, file) = folder();
    let writer = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "ledger::a_writer_of_its_own"]).env(WRITE_TO, &file);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let writers = [writer(), writer()];
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let report = report(&file, 2);
    assert_eq!((report.all.shown, report.all.accepted, report.learned.outcomes), (1000, 1000, 1000));
}

#[test]
fn a_broken_file_is_put_aside_once() {
    let (folder, file) = folder();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "this is no database, and longer than the header of one: ".repeat(100)).unwrap();
    let (ledger, notices) = open(&file);
    ledger.record(shown(1, Place::Code));
    flush(&ledger);
    let notice = notices.try_recv().unwrap();
    assert!(notice.contains("was broken") && notice.contains(".broken-"), "{notice}");
    assert!(notices.try_recv().is_err());
    assert_eq!(report(&file, 1).all.shown, 1);
    let entries = std::fs::read_dir(file.parent().unwrap()).unwrap().flatten();
    assert!(entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().contains(".broken-")));
    drop(folder);
}

#[test]
fn a_newer_file_is_left_alone() {
    let (_folder, file) = folder();
    flush(&open_quietly(&file));
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&file).unwrap();
    let (ledger, notices) = open(&file);
    ledger.record(shown(1, Place::Code));
    flush(&ledger);
    let notice = notices.try_recv().unwrap();
    assert!(notice.contains("newer foretype"), "{notice}");
    assert_eq!((ledger.n_lost(), std::fs::read(&file).unwrap() == before), (0, true));
    let report = report(&file, 1);
    assert_eq!((report.all.shown, report.file), (1, file.with_file_name("ledger-v3.sqlite")));
}

#[test]
fn what_cannot_be_written_is_lost_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, notices) = open(folder.path());
    for request in 1..=3 {
        ledger.record(shown(request, Place::Code));
        flush(&ledger);
    }
    assert_eq!((ledger.n_lost(), notices.try_iter().count()), (3, 1));
    assert_eq!(ledger.restraint(), Restraint::default());
}

#[test]
fn a_locked_file_holds_up_nobody() {
    let (_folder, file) = folder();
    let ledger = open_quietly(&file);
    flush(&ledger);
    let mut connection = rusqlite::Connection::open(&file).unwrap();
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let started = std::time::Instant::now();
    for request in 1..=20_000 {
        ledger.record(shown(request, Place::Code));
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(ledger.n_lost() > 0, "what waits is bounded");
    transaction.rollback().unwrap();
    while !ledger.flush(Duration::from_secs(1)) {}
    let n_lost = ledger.n_lost();
    assert_eq!(report(&file, 1).all.shown + n_lost, 20_000);
}

#[test]
fn off_is_off() {
    let ledger = Ledger::off();
    ledger.record(shown(1, Place::Code));
    assert!(ledger.flush(PATIENCE));
    assert_eq!((ledger.n_lost(), ledger.restraint()), (0, Restraint::default()));
}

#[test]
fn a_path_is_named_by_its_last_part() {
    let (_folder, file) = folder();
    let ledger = open_quietly(&file);
    ledger.record(shown(1, Place::Code));
    flush(&ledger);
    drop(ledger);
    let bytes = every_byte(file.parent().unwrap());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("project") && !holds("somebody") && !holds("secret"));
}

/// Of all files in a folder; a journal may go at any moment.
pub fn every_byte(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.filter_map(|entry| std::fs::read(entry.path()).ok()).flatten().collect()
}
