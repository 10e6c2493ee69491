//! What the subcommands share: a project's settings, rules, index and predictor, wired as the server wires them, and
//! used on the calling thread.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use serde::Serialize;

use super::input::{self, File};
use super::output;
use crate::config::{self, Problem, Settings};
use crate::context;
use crate::document::{Clearance, DocumentId, Snapshot};
use crate::engine::{Cancel, local};
use crate::ledger;
use crate::predictor::{Answer, Outcome, Predictor, Request, Trigger};
use crate::privacy::{Kept, Level, Privacy};
use crate::router::{self, Change, Lineup};
use crate::server::{self, Supplies};
use crate::suggestion::Suggestion;
use crate::syntax::{Language, Tree};
use crate::text::Text;
use crate::workspace::{Event, Project, Summary, Workspace, symbols};

pub struct Session {
    /// Absent where there is no project.
    pub root: Option<PathBuf>,
    pub problems: Vec<Problem>,
    /// In the order in which they are asked.
    pub engines: Vec<&'static str>,
    pub local: local::Options,
    pub project: Project,
    /// Absent when there is nothing to read, or reading took too long.
    pub summary: Option<Summary>,
    /// Absent when there is nothing to read, or the parses took too long.
    pub outlined: Option<symbols::Summary>,
    privacy: Arc<Privacy>,
    predictor: Predictor,
}

/// Which engine is asked, and with which model. By default all of them, as in the server.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Wish {
    /// Ask this engine alone: instant, remote or local
    #[arg(long, value_name = "NAME")]
    engine: Option<String>,
    /// The local model: a name or the path of a GGUF file
    #[arg(long, value_name = "NAME|PATH")]
    model: Option<String>,
    /// What else of the project a model is shown: none, all, or some of definitions, similar, edits
    #[arg(long, value_name = "KIND,…")]
    context: Option<context::Options>,
}

/// An answer in the form that other programs read.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// `null` for no suggestion.
    pub text: Option<String>,
    /// Who made it.
    pub engine: Option<&'static str>,
    /// From the question to the answer.
    pub ms: f64,
    /// Why there is none.
    pub reason: Option<String>,
    /// Bytes right of the cursor that the text replaces.
    #[serde(skip_serializing_if = "is_zero")]
    pub n_replaced: usize,
}

/// What was read of a project.
#[derive(Default)]
struct Read {
    project: Project,
    summary: Option<Summary>,
    outlined: Option<symbols::Summary>,
}

/// 16 MB of source take about a second; this is for a network drive, or a folder that is no project.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whoever waits longer at a terminal is told for what.
const NOTICE: Duration = Duration::from_secs(1);

impl Session {
    /// Opens the project that `folder` belongs to.
    pub fn around(folder: &Path, wish: &Wish) -> Result<Session> {
        Session::open(input::root_of(folder), wish)
    }

    /// Opens a project by its root, which is without links.
    pub fn open(root: Option<PathBuf>, wish: &Wish) -> Result<Session> {
        let (mut settings, problems) = config::load(root.as_deref(), None);
        wish.apply(&mut settings)?;
        let engine = wish.engine.as_deref();
        let privacy = Privacy::new(&settings.privacy).map_err(|why| anyhow!("the privacy settings: {why}"))?;
        let privacy = Arc::new(privacy);
        // Before the index, which takes longer, and to no purpose if the name is wrong.
        lineup(&settings, engine, Project::default())?;
        let read = root.as_ref().map(|root| read_folder(&settings, &privacy, root)).unwrap_or_default();
        let Read { project, summary, outlined } = read;
        let lineup = lineup(&settings, engine, project.clone())?;
        let status = lineup.status();
        let models = status.models.iter().map(|model| model.engine);
        let names = status.instant.iter().copied().chain(models).collect();
        let predictor = Predictor::new(settings.predictor, settings.suggestion, lineup.engines);
        let local = settings.local;
        Ok(Session { root, problems, engines: names, local, project, summary, outlined, privacy, predictor })
    }

    /// Tells what is wrong with the settings, on stderr.
    pub fn with_warnings(self) -> Session {
        self.problems.iter().for_each(|problem| output::warn(&problem.to_string()));
        self
    }

    /// The file as an editor would have it open.
    pub fn document(&self, file: &File) -> Snapshot {
        let clearance = self.judge(Some(&file.named), &file.text);
        snapshot(&file.path.display().to_string(), Some(&file.path), &file.text, clearance)
    }

    /// A text that stands at `path`, or would, under the name `id`.
    pub fn unsaved(&self, id: &str, path: Option<&Path>, text: &str) -> Snapshot {
        snapshot(id, path, text, self.judge(path, text))
    }

    pub fn ask(&self, document: Snapshot, offset: usize, trigger: Trigger) -> (Answer, Reply) {
        let request =
            Request { document, offset, others: Vec::new(), trigger, selected: None, takes_beginnings: false };
        let started = Instant::now();
        let answer = self.predictor.answer(&request, &Cancel::default());
        let reply = Reply::new(&answer.outcome, started.elapsed());
        (answer, reply)
    }

    pub fn forget(&self, document: &DocumentId) {
        self.predictor.forget(document);
    }

    fn judge(&self, path: Option<&Path>, text: &str) -> Clearance {
        let by_path = |path| self.privacy.level(self.root.as_deref(), path);
        let level = path.map_or(Level::Local(Kept::Nameless), by_path);
        match self.privacy.content(text) {
            Err(denied) if !matches!(level, Level::Blocked(_)) => Clearance::Denied(denied),
            _ => level.into(),
        }
    }
}

impl Wish {
    fn apply(&self, settings: &mut Settings) -> Result<()> {
        // Whoever asks on the command line waits for the answer.
        settings.local.waits = true;
        if let Some(context) = &self.context {
            settings.context = context.clone();
        }
        if let Some(model) = &self.model {
            settings.local.model = model.clone();
        }
        let is_local_wanted = self.model.is_some() || self.engine.as_deref() == Some("local");
        settings.local.enabled |= is_local_wanted;
        if is_local_wanted {
            // Before the index, which takes longer.
            local::locate(&settings.local)?;
        }
        Ok(())
    }
}

impl Reply {
    fn new(outcome: &Outcome, took: Duration) -> Reply {
        let ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        match outcome {
            Outcome::Suggest { suggestions, made } => {
                let best = suggestions.first().cloned();
                let Suggestion { text, n_replaced } = best.unwrap_or(Suggestion { text: String::new(), n_replaced: 0 });
                Reply { text: Some(text), engine: Some(made.source), ms, reason: None, n_replaced }
            }
            Outcome::Nothing(reason) => Reply { ms, ..Reply::none(reason.clone()) },
            Outcome::Cancelled => Reply { ms, ..Reply::none("cancelled".to_string()) },
        }
    }

    pub fn none(reason: String) -> Reply {
        Reply { text: None, engine: None, ms: 0.0, reason: Some(reason), n_replaced: 0 }
    }
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

fn lineup(settings: &Settings, name: Option<&str>, project: Project) -> Result<Lineup> {
    let notice = Arc::new(|notice: String| output::warn(&notice));
    let folder = project.folders.first().cloned();
    let purse = server::purse(settings, ledger::usual_file(), folder.as_deref(), |notice| output::warn(&notice));
    let supplies = Supplies { purse, notice, ..Supplies::of(Arc::new(move || project.clone())) };
    let mut routes = server::default_engines()(settings, &supplies);
    if let Some(name) = name {
        let known: Vec<&str> = routes.iter().map(|route| route.engine.name()).collect();
        let unknown = anyhow!("there is no engine `{name}`. The engines are: {}", known.join(", "));
        routes.retain(|route| route.engine.name() == name);
        ensure!(!routes.is_empty(), unknown);
    }
    let notice = |change: Change| {
        if change.tell.is_some() {
            output::warn(&change.to_string());
        }
    };
    Ok(Lineup::new(routes, router::Options::default(), notice))
}

fn snapshot(id: &str, path: Option<&Path>, text: &str, clearance: Clearance) -> Snapshot {
    let language = path.and_then(Language::from_path);
    let (id, path, text) = (DocumentId(id.into()), path.map(Arc::from), Text::new(text));
    let tree = language.and_then(|language| Tree::parse(&text, language, None, &mut || false).ok());
    Snapshot { id, path, language, version: 0, text, tree, clearance, edited: Arc::default() }
}

/// Reads a project as the server does, but waits for it. Warns when that takes too long.
fn read_folder(settings: &Settings, privacy: &Arc<Privacy>, root: &Path) -> Read {
    let (send, events) = channel();
    let on_event = move |event| drop(send.send(event));
    let options = settings.workspace_options(symbols::cache_folder());
    let workspace = Workspace::start(options, privacy.clone(), Box::new(on_event));
    workspace.set_folders(vec![root.to_path_buf()]);
    let mut read = Read::default();
    read.listen(&events, NOTICE);
    if read.outlined.is_none() {
        if std::io::stderr().is_terminal() {
            output::warn(&format!("reading {} …", root.display()));
        }
        read.listen(&events, PATIENCE);
    }
    if read.summary.is_none() {
        let seconds = PATIENCE.as_secs();
        output::warn(&format!("{}: not read within {seconds} s, so only the file itself is used", root.display()));
    }
    Read { project: workspace.project(), ..read }
}

impl Read {
    /// Waits until all is read.
    fn listen(&mut self, events: &Receiver<Event>, patience: Duration) {
        let deadline = Instant::now() + patience;
        while let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            match event {
                Event::Ready(summary) => self.summary = Some(summary),
                Event::Outlined(summary) => return self.outlined = Some(summary),
                Event::Started | Event::Progress { .. } => {}
            }
        }
    }
}
