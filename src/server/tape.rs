//! Typing, recorded in the form of [`typing`](crate::typing) when the user asks for it: every text and every edit.
//!
//! The handlers hand on what they get, in its order; a thread of its own applies, judges and writes. Nothing of a
//! document is written before `privacy` has cleared it, and none that may not leave the machine: a recording is handed
//! on. What is written is judged again, the text and each insertion;
//! once a document is denied, all that was written of it is taken out of the file, since a key that is typed letter by
//! letter is known only by its last one. What is closed before it was judged is left out.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use parking_lot::Mutex;

use crate::document::{Change, Clearance, DocumentId, Documents, Snapshot};
use crate::privacy::Privacy;
use crate::text::{Encoding, Text};
use crate::typing::{Edit, Line, Open, Said};

/// A handle; clones share it. Without a file it does nothing.
#[derive(Clone, Default)]
pub struct Tape(Option<Sender<Event>>);

/// Lines wait so long to be judged and written.
const TICK: Duration = Duration::from_millis(500);

/// At the end of the session the last lines have so long to be written.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Larger documents are not judged, hence not recorded.
const MAX_BYTES: usize = 8 << 20;

enum Event {
    Opened {
        at: Instant,
        snapshot: Snapshot,
        name: String,
        judge: Judge,
    },
    Changed {
        at: Instant,
        id: DocumentId,
        changes: Vec<Change>,
        encoding: Encoding,
    },
    Closed {
        id: DocumentId,
        clearance: Option<Clearance>,
    },
    /// Answered when everything before it is written.
    Finish(Sender<()>),
}

/// Where the verdict on a document stands, and who looks at what is written.
#[derive(Clone)]
pub struct Judge {
    pub documents: Arc<Mutex<Documents>>,
    pub privacy: Arc<Privacy>,
}

/// What the thread knows.
struct Recording {
    file: File,
    started: Option<Instant>,
    recorded: HashMap<DocumentId, Recorded>,
    /// Not yet written, in order.
    waiting: VecDeque<(Arc<str>, Line)>,
    /// Names of documents that may be written, and of those that may not.
    cleared: HashSet<Arc<str>>,
    denied: HashSet<Arc<str>>,
}

struct Recorded {
    name: Arc<str>,
    text: Text,
    judge: Judge,
    /// The last verdict on a document that is closed.
    closed: Option<Clearance>,
}

impl Tape {
    /// Records into `file`, or, where that is there, into one beside it; says which, and what it will hold.
    pub fn start(file: &Path) -> Result<Tape> {
        let (file, path) = create(file).with_context(|| {
            format!("--record {}: the file cannot be made; name one in a folder of yours", file.display())
        })?;
        tracing::warn!(
            "everything that is typed is recorded in {}: the text of each opened document that `privacy` would let leave \
             this machine, and every edit with its time; delete the file when it is not needed any more",
            path.display()
        );
        let (send, events) = channel();
        let recording = Recording {
            file,
            started: None,
            recorded: HashMap::new(),
            waiting: VecDeque::new(),
            cleared: HashSet::new(),
            denied: HashSet::new(),
        };
        std::thread::Builder::new().name("tape".to_string()).spawn(move || recording.run(&events))?;
        Ok(Tape(Some(send)))
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// `folders` are those of the project, from which the document is named.
    pub fn opened(&self, snapshot: &Snapshot, folders: &[PathBuf], judge: Judge) {
        if self.is_on() {
            let name = name(snapshot, folders);
            self.say(Event::Opened { at: Instant::now(), snapshot: snapshot.clone(), name, judge });
        }
    }

    pub fn changed(&self, id: &DocumentId, changes: Vec<Change>, encoding: Encoding) {
        self.say(Event::Changed { at: Instant::now(), id: id.clone(), changes, encoding });
    }

    /// With the last verdict on it.
    pub fn closed(&self, id: &DocumentId, clearance: Option<Clearance>) {
        self.say(Event::Closed { id: id.clone(), clearance });
    }

    /// Waits a moment for what is not yet written.
    pub fn finish(&self) {
        let (send, written) = channel();
        self.say(Event::Finish(send));
        let _ = written.recv_timeout(LAST_WAIT);
    }

    fn say(&self, event: Event) {
        // The thread ends early only when its file fails, which it has said.
        if let Some(events) = &self.0 {
            let _ = events.send(event);
        }
    }
}

impl Recording {
    fn run(mut self, events: &Receiver<Event>) {
        if let Err(error) = self.record(events) {
            tracing::error!("the recording stops here, as its file cannot be written: {error}");
        }
    }

    fn record(&mut self, events: &Receiver<Event>) -> io::Result<()> {
        let mut due: Option<Instant> = None;
        loop {
            let wait = due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
            match events.recv_timeout(wait) {
                Ok(Event::Finish(written)) => {
                    self.write()?;
                    let _ = written.send(());
                }
                Ok(event) => {
                    due.get_or_insert_with(|| Instant::now() + TICK);
                    self.take(event)?;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.write()?;
                    due = (!self.waiting.is_empty()).then(|| Instant::now() + TICK);
                }
                Err(RecvTimeoutError::Disconnected) => return self.write(),
            }
        }
    }

    fn take(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Opened { at, snapshot, name, judge } if snapshot.text.len() <= MAX_BYTES => {
                let name: Arc<str> = self.unused(&snapshot.id, name).into();
                self.cleared.remove(&name);
                self.denied.remove(&name);
                let language = snapshot.language.map_or("plaintext", |language| language.id()).to_string();
                let open = Open { path: name.to_string(), language, text: snapshot.text.to_string() };
                self.push(at, &name, Said::Open(open));
                self.recorded.insert(snapshot.id, Recorded { name, text: snapshot.text, judge, closed: None });
            }
            Event::Changed { at, id, changes, encoding } => {
                let Some(recorded) = self.recorded.get_mut(&id) else { return Ok(()) };
                let edits: Vec<Edit> = changes.into_iter().map(|change| recorded.apply(change, encoding)).collect();
                let (name, path) = (recorded.name.clone(), recorded.name.to_string());
                if !edits.is_empty() {
                    self.push(at, &name, Said::Edited { path, edits });
                }
            }
            Event::Closed { id, clearance } => {
                let Some(recorded) = self.recorded.get_mut(&id) else { return Ok(()) };
                recorded.closed = clearance;
                let name = recorded.name.clone();
                self.write()?;
                self.recorded.remove(&id);
                if !self.cleared.contains(&name) {
                    self.deny(&name)?;
                }
            }
            Event::Opened { .. } | Event::Finish(_) => {}
        }
        Ok(())
    }

    fn push(&mut self, at: Instant, name: &Arc<str>, said: Said) {
        let started = *self.started.get_or_insert(at);
        let t_ms = at.saturating_duration_since(started).as_millis() as u64;
        self.waiting.push_back((name.clone(), Line::new(t_ms, said)));
    }

    /// Another document may have the name.
    fn unused(&self, id: &DocumentId, name: String) -> String {
        let is_used = |name: &str| self.recorded.iter().any(|(other, recorded)| other != id && *recorded.name == *name);
        let mut numbered = (2..).map(|n| format!("{n}/{name}"));
        if is_used(&name) { numbered.find(|name| !is_used(name)).unwrap_or(name) } else { name }
    }

    /// Judges what waits, and writes it up to the first line of a document that is not yet judged.
    fn write(&mut self) -> io::Result<()> {
        self.judge()?;
        while let Some((name, _)) = self.waiting.front() {
            if !self.denied.contains(name) && !self.cleared.contains(name) {
                break;
            }
            let Some((name, line)) = self.waiting.pop_front() else { break };
            if self.cleared.contains(&name) {
                writeln!(self.file, "{}", line.to_json())?;
            }
        }
        self.file.flush()
    }

    fn judge(&mut self) -> io::Result<()> {
        let (mut denied, mut cleared) = (Vec::new(), Vec::new());
        for (id, Recorded { name, text, judge, closed }) in &self.recorded {
            let mut lines = self.waiting.iter().filter(|(waiting, _)| waiting == name).peekable();
            if lines.peek().is_none() || self.denied.contains(name) {
                continue;
            }
            let allows = |text: &str| judge.privacy.content(text).is_ok();
            let edits = lines.flat_map(|(_, line)| &line.edits);
            let is_clean = allows(&text.slice(0..text.len())) && edits.into_iter().all(|edit| allows(&edit.insert));
            let open = || judge.documents.lock().snapshot(id).map(|snapshot| snapshot.clearance);
            let clearance = closed.clone().or_else(open);
            match clearance {
                Some(Clearance::Denied(_) | Clearance::Local(_)) => denied.push(name.clone()),
                _ if !is_clean => denied.push(name.clone()),
                Some(Clearance::Cleared) => cleared.push(name.clone()),
                Some(Clearance::Pending) | None => {}
            }
        }
        self.cleared.extend(cleared);
        denied.iter().try_for_each(|name| self.deny(name))
    }

    /// Takes a document out of what is written and of what waits.
    fn deny(&mut self, name: &Arc<str>) -> io::Result<()> {
        self.denied.insert(name.clone());
        self.waiting.retain(|(waiting, _)| waiting != name);
        if !self.cleared.remove(name) {
            return Ok(());
        }
        tracing::warn!("{name} is not recorded any more, and taken out of the recording: `privacy` denies it");
        let mut written = String::new();
        self.file.rewind()?;
        self.file.read_to_string(&mut written)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        let is_other = |line: &&str| Line::parse(line).is_ok_and(|(_, said)| said.path() != &**name);
        written.lines().filter(is_other).try_for_each(|line| writeln!(self.file, "{line}"))
    }
}

impl Recorded {
    fn apply(&mut self, change: Change, encoding: Encoding) -> Edit {
        let (range, with) = match change {
            Change::Ranged { start, end, text } => {
                let (start, end) = (start.min(end), start.max(end));
                (self.text.offset(start, encoding)..self.text.offset(end, encoding), text)
            }
            Change::Whole(with) => {
                // What has really changed in it.
                let (range, inserted) = self.text.trim(0..self.text.len(), &with);
                (range, inserted.to_string())
            }
        };
        let range = self.text.replace(range, &with);
        Edit { offset: range.start, delete: range.len(), insert: with }
    }
}

/// A path in the project, or the file's name alone: a recording is handed on, and a home is nobody's business.
fn name(snapshot: &Snapshot, folders: &[PathBuf]) -> String {
    let Some(path) = &snapshot.path else { return "untitled".to_string() };
    let relative = folders.iter().find_map(|folder| path.strip_prefix(folder).ok());
    let named = relative.or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
    named.to_string_lossy().replace('\\', "/")
}

/// A file that is there stays as it is: it may be the recording of an hour.
fn create(wanted: &Path) -> io::Result<(File, PathBuf)> {
    let mut path = wanted.to_path_buf();
    for n in 2.. {
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let stem = wanted.file_stem().unwrap_or_default().to_string_lossy();
                let extension = wanted.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
                path = wanted.with_file_name(format!("{stem}-{n}{extension}"));
            }
            opened => return opened.map(|file| (file, path)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
