//! The tables, their versions, and what is done with a file that is none of ours.
//!
//! A change of the tables is a new entry of [`MIGRATIONS`]; entries that were released never change.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::UnixMs;

/// Suggestions are kept one by one for so many days; after that, their daily sums.
pub const KEPT_DAYS: i64 = 90;

/// How long another server's work is waited for.
#[derive(Clone, Copy)]
pub struct Patience {
    /// For a transaction.
    pub busy: Duration,
    /// Turning the journal to WAL asks no busy handler; another server that opens the file at the same moment is done
    /// soon.
    pub n_tries: u32,
}

impl Patience {
    /// Of a thread on which nobody waits.
    pub const OWN_THREAD: Patience = Patience { busy: Duration::from_secs(5), n_tries: 50 };
}

const PAUSE: Duration = Duration::from_millis(20);

/// SQLite's own waiting soon sleeps longer than a transaction takes, which starves one of several that wait.
const POLL: Duration = Duration::from_micros(250);

const MIGRATIONS: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// What came of opening a file.
pub struct Opened {
    pub connection: Connection,
    pub path: PathBuf,
    /// A sentence for the user.
    pub notice: Option<String>,
}

/// Opens the file, making it and its folder where there is none. A newer program's file is left alone and another one
/// used beside it; what is no ledger is put aside.
pub fn open(path: &Path, now: UnixMs, patience: Patience) -> anyhow::Result<Opened> {
    make_private(path)?;
    match open_patiently(path, patience) {
        Ok(Version::Ours(connection)) => Ok(Opened { connection, path: path.to_path_buf(), notice: None }),
        Ok(Version::Newer) => {
            let beside = beside(path);
            let notice = format!("{} is of a newer foretype; {} is used instead", path.display(), beside.display());
            match open_patiently(&beside, patience)? {
                Version::Ours(connection) => Ok(Opened { connection, path: beside, notice: Some(notice) }),
                Version::Newer => anyhow::bail!("{notice}, and that is newer too; update foretype"),
            }
        }
        Err(error) if is_broken(&error) => {
            let aside = put_aside(path, now)?;
            let notice = format!("{} was broken; it is now {}, and a new one begun", path.display(), aside.display());
            match open_patiently(path, patience)? {
                Version::Ours(connection) => Ok(Opened { connection, path: path.to_path_buf(), notice: Some(notice) }),
                Version::Newer => anyhow::bail!("{} is of a newer foretype; update this one", path.display()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// The file cannot be read as a database, and that will not change.
pub fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// The file that this version uses where a newer one owns the usual one.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!("-v{}.sqlite", MIGRATIONS.len()));
    path.with_file_name(name)
}

enum Version {
    Ours(Connection),
    Newer,
}

fn open_patiently(path: &Path, patience: Patience) -> rusqlite::Result<Version> {
    let mut n_tries = 1;
    loop {
        match open_once(path, patience.busy) {
            Err(error) if is_busy(&error) && n_tries < patience.n_tries => {
                n_tries += 1;
                std::thread::sleep(PAUSE);
            }
            ended => return ended,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn open_once(path: &Path, busy: Duration) -> rusqlite::Result<Version> {
    let mut connection = Connection::open(path)?;
    let n_polls = busy.as_micros() / POLL.as_micros();
    connection.busy_handler(Some(move |n: i32| {
        std::thread::sleep(POLL);
        n as u128 <= n_polls
    }))?;
    // Before anything is written: a newer file must not be touched.
    if version(&connection)? > MIGRATIONS.len() {
        return Ok(Version::Newer);
    }
    // In WAL mode this survives a crash of any process; a power cut may cost the last transactions.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again: another server may have been here since.
    let version = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    if version < MIGRATIONS.len() {
        transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    }
    transaction.commit()?;
    Ok(Version::Ours(connection))
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .map(|version| version.max(0) as usize)
}

/// Renames the file and what belongs to it. Where another server was faster there is nothing left to rename.
fn put_aside(path: &Path, now: UnixMs) -> io::Result<PathBuf> {
    let with = |path: &Path, ending: &str| {
        let mut name = path.as_os_str().to_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let aside = with(path, &format!(".broken-{}", now / 1000));
    for ending in ["-wal", "-shm", ""] {
        match std::fs::rename(with(path, ending), with(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Makes the file and its folder where they are not: what one works on is nobody else's business. The journal gets the
/// file's permissions.
fn make_private(path: &Path) -> io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.recursive(true).create(parent)?;
    }
    file.append(true).create(true).open(path).map(drop)
}
