//! What the handlers share. Locks are held for lines, never across an await.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tower_lsp::Client;

use super::agents::Agents;
use super::analysis::Analysis;
use super::client::{self, Abilities};
use super::endpoint::Endpoint;
use super::engines;
use super::idle::Idle;
use super::lifecycle::Lifecycle;
use super::offer::Offering;
use super::places::Places;
use super::progress;
use super::ready;
use super::record::Recorder;
use super::skills;
use super::status;
use super::tape::{Judge, Tape};
use super::watch::FileWatch;
use super::worker::Worker;
use super::{Engines, Files, Setup, Supplies};
use crate::config::{self, Problem, Settings};
use crate::document::{Documents, Snapshot};
use crate::predictor::{Predictor, Without};
use crate::privacy::Privacy;
use crate::router::{self, Lineup};
use crate::text::Encoding;
use crate::workspace::{self, Unsaved, Workspace};

/// A handle to the session's state; clones share it.
#[derive(Clone)]
pub struct State(Arc<Shared>);

pub struct Shared {
    pub client: Client,
    pub lifecycle: Lifecycle,
    pub started: Instant,
    pub documents: Arc<Mutex<Documents>>,
    pub analysis: Analysis,
    pub worker: Worker,
    pub offering: Offering,
    idle: Idle,
    pub recorder: Recorder,
    pub agents: Agents,
    /// Held by who brings changes into the user's files.
    pub applying: tokio::sync::Mutex<()>,
    pub tape: Tape,
    pub skills: skills::Desk,
    pub places: Places,
    is_paused: AtomicBool,
    endpoint: Endpoint,
    #[cfg(feature = "otlp")]
    exporter: super::otlp::Exporter,
    abilities: OnceLock<Abilities>,
    engines: Engines,
    /// The folder in which symbols are kept, if they are.
    symbols: Option<PathBuf>,
    without: Without,
    folders: Mutex<Vec<PathBuf>>,
    client_settings: Mutex<ClientSettings>,
    services: RwLock<Option<Services>>,
    watch: Mutex<Option<FileWatch>>,
}

/// What the client has said about settings: at the start, and since.
#[derive(Default)]
struct ClientSettings {
    initial: Option<serde_json::Value>,
    changed: Option<serde_json::Value>,
}

/// What is made from the settings.
#[derive(Clone)]
pub struct Services {
    pub settings: Arc<Settings>,
    pub privacy: Arc<Privacy>,
    pub workspace: Arc<Workspace>,
    pub lineup: Lineup,
    pub predictor: Arc<Predictor>,
}

/// A handle that does not keep the session.
#[derive(Clone)]
pub struct WeakState(Weak<Shared>);

impl WeakState {
    pub fn upgrade(&self) -> Option<State> {
        self.0.upgrade().map(State)
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl State {
    pub fn new(client: Client, setup: Setup, recorder: Recorder, lifecycle: Lifecycle) -> State {
        let Setup { engines, offer, files: Files { symbols, token, trust, home, agents, .. }, without, tape } = setup;
        let documents = Arc::<Mutex<Documents>>::default();
        let rest = |state: WeakState| move || state.upgrade().iter().for_each(|state| state.rest());
        State(Arc::new_cyclic(|shared| Shared {
            client,
            lifecycle,
            started: Instant::now(),
            analysis: Analysis::start(documents.clone()),
            documents,
            worker: Worker::start(),
            offering: Offering::new(offer),
            idle: Idle::start(rest(WeakState(shared.clone()))),
            recorder,
            agents: Agents::new(agents),
            applying: tokio::sync::Mutex::default(),
            tape,
            skills: skills::Desk::new(home, trust),
            places: Places::default(),
            is_paused: AtomicBool::new(false),
            endpoint: Endpoint::new(token),
            #[cfg(feature = "otlp")]
            exporter: super::otlp::Exporter::default(),
            abilities: OnceLock::new(),
            engines,
            symbols,
            without,
            folders: Mutex::default(),
            client_settings: Mutex::default(),
            services: RwLock::new(None),
            watch: Mutex::default(),
        }))
    }

    /// What `initialize` settles. The index is not begun before [`State::begin_indexing`].
    pub fn initialize(&self, abilities: Abilities, folders: Vec<PathBuf>, options: Option<serde_json::Value>) {
        // The transport lets only one `initialize` through.
        let _ = self.abilities.set(abilities);
        *self.folders.lock() = folders;
        self.client_settings.lock().initial = options.filter(|options| !options.is_null());
        self.load_settings();
    }

    /// Reads all layers of the settings anew, and makes what they change.
    pub fn load_settings(&self) {
        let root = self.folders.lock().first().cloned();
        let said = self.client_settings.lock().merged();
        let (mut settings, mut problems) = config::load(root.as_deref(), said.as_ref());
        settings.predictor.without = self.without;
        settings.local.drafts &= !self.without.drafts;
        settings.remote.client_waits = self.abilities().waits;
        let settings = Arc::new(settings);
        let old = self.services();
        if old.as_ref().is_some_and(|old| old.settings == settings) {
            return self.report(problems);
        }
        self.endpoint.follow(&settings.http, &self.client, self.downgrade());
        #[cfg(feature = "otlp")]
        self.exporter.follow(&settings, self.recorder.place().filter(|_| settings.ledger.enabled), self.warner());
        // Where that is all, engines and caches stay.
        let (http, agents) = (settings.http.clone(), settings.agents.clone());
        if let Some(old) = &old
            && *settings
                == (Settings {
                    http,
                    agents,
                    otlp: settings.otlp.clone(),
                    menu: settings.menu,
                    inlay_hints: settings.inlay_hints,
                    ..(*old.settings).clone()
                })
        {
            *self.services.write() = Some(Services { settings, ..old.clone() });
            return self.report(problems);
        }

        // Without its rules nothing may be read: the old services stay, or there are none.
        let privacy = match Privacy::new(&settings.privacy) {
            Ok(privacy) => Arc::new(privacy),
            Err(message) => {
                problems.push(Problem { source: "privacy".to_string(), line: None, message });
                return self.report(problems);
            }
        };
        let reads = |settings: &Settings| settings.workspace_options(self.symbols.clone());
        let keeps_index =
            |old: &&Services| reads(&old.settings) == reads(&settings) && old.settings.privacy == settings.privacy;
        let workspace = match old.as_ref().filter(keeps_index) {
            Some(old) => old.workspace.clone(),
            None => self.start_workspace(&settings, privacy.clone()),
        };
        let source = workspace.clone();
        let notice = Arc::new(self.warner());
        let purse = engines::purse(&settings, self.recorder.place(), root.as_deref(), self.warner());
        let supplies = Supplies { project: Arc::new(move || source.project()), purse, notice };
        let routes = (self.engines)(&settings, &supplies);
        let notice = status::show_changes(self.client.clone(), self.abilities(), Arc::downgrade(&self.0));
        let asks_remote_ahead = settings.remote.endpoints.iter().any(|endpoint| endpoint.ahead);
        let lineup = Lineup::new(routes, router::Options { asks_remote_ahead }, notice);
        let engines = lineup.engines.clone();
        let mut predictor = Predictor::new(settings.predictor.clone(), settings.suggestion.clone(), engines);
        let recorder = self.recorder.clone();
        predictor = predictor.telling_waste(move |waste| recorder.wasted(waste));
        predictor = predictor.telling_news(ready::tell(self.client.clone(), self.abilities(), self.downgrade()));
        if settings.restraint.enabled && !self.without.restraint {
            let recorder = self.recorder.clone();
            predictor = predictor.judged_by(Arc::new(move |showable| recorder.judge(showable)));
        }
        let predictor = Arc::new(predictor);

        self.set_up_recorder(&settings, root.as_deref());
        let is_reload = old.is_some();
        self.analysis.set_rules(privacy.clone(), self.folders.lock().clone());
        *self.services.write() = Some(Services { settings, privacy, workspace, lineup, predictor });
        if is_reload {
            self.begin_indexing();
            self.analysis.judge_all_anew();
        }
        self.report(problems);
    }

    /// Starts reading the folders, in the background.
    pub fn begin_indexing(&self) {
        if let Some(services) = self.services() {
            services.workspace.set_folders(self.folders.lock().clone());
        }
    }

    pub fn change_folders(&self, removed: &[PathBuf], added: Vec<PathBuf>) {
        {
            let mut folders = self.folders.lock();
            folders.retain(|folder| !removed.contains(folder));
            folders.extend(added);
        }
        if let Some(services) = self.services() {
            self.analysis.set_rules(services.privacy, self.folders.lock().clone());
        }
        self.load_settings();
        self.begin_indexing();
        if self.watch.lock().is_some() {
            self.watch_files();
        }
    }

    /// The client's settings have changed; `None` when it did not say to what.
    pub fn change_settings(&self, settings: Option<serde_json::Value>) {
        if let Some(settings) = settings {
            self.client_settings.lock().changed = Some(settings);
        }
        self.load_settings();
    }

    /// Hands an opened document to the tape.
    pub fn record_opened(&self, snapshot: &Snapshot) {
        if let Some(Services { privacy, .. }) = self.services() {
            let judge = Judge { documents: self.documents.clone(), privacy };
            self.tape.opened(snapshot, &self.folders.lock(), judge);
        }
    }

    pub fn downgrade(&self) -> WeakState {
        WeakState(Arc::downgrade(&self.0))
    }

    pub fn folders(&self) -> Vec<PathBuf> {
        self.folders.lock().clone()
    }

    /// The innermost folder that a file is in, else the one around it; the first where no file is named.
    pub fn folder_of(&self, path: Option<&Path>) -> Option<PathBuf> {
        let folders = self.folders.lock();
        let Some(path) = path else { return folders.first().cloned() };
        let around = folders.iter().filter(|folder| path.starts_with(folder));
        let inner = around.max_by_key(|folder| folder.as_os_str().len()).map(PathBuf::as_path);
        inner.or(path.parent()).map(Path::to_owned)
    }

    /// Watches the folders ourselves, for clients that do not.
    pub fn watch_files(&self) {
        let state = self.downgrade();
        let on_change = move |paths| {
            if let Some(state) = state.upgrade() {
                state.files_changed(paths);
            }
        };
        *self.watch.lock() = Some(FileWatch::start(self.folders.lock().clone(), on_change));
    }

    fn start_workspace(&self, settings: &Settings, privacy: Arc<Privacy>) -> Arc<Workspace> {
        let events = progress::show_indexing(self.client.clone(), self.abilities());
        // The receiver ends with the session.
        let on_event = move |event| drop(events.send(event));
        let options = settings.workspace_options(self.symbols.clone());
        Arc::new(Workspace::start(options, privacy, Box::new(on_event)))
    }

    fn set_up_recorder(&self, settings: &Settings, root: Option<&Path>) {
        self.recorder.set_up(settings.ledger.enabled, root, self.warner());
    }

    /// Shows the user a sentence, from any thread.
    fn warner(&self) -> impl Fn(String) + Send + Sync + 'static {
        let (client, runtime) = (self.client.clone(), tokio::runtime::Handle::current());
        move |notice: String| {
            let client = client.clone();
            runtime.spawn(async move { client::show_warning(&client, format!("foretype: {notice}")).await });
        }
    }

    fn report(&self, problems: Vec<Problem>) {
        if problems.is_empty() {
            return;
        }
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        let message = format!("foretype: {}", lines.join("\n"));
        let client = self.client.clone();
        tokio::spawn(async move { client::show_warning(&client, message).await });
    }
}

impl Shared {
    /// Before `initialize` what the poorest client can do.
    pub fn abilities(&self) -> Abilities {
        self.abilities.get().copied().unwrap_or(Abilities {
            encoding: Encoding::Utf16,
            inline_completion: false,
            work_done_progress: false,
            message_actions: false,
            watches_files: false,
            configuration: false,
            status: false,
            suggestion_ready: false,
            inlay_hints: false,
            refreshes_hints: false,
            versioned_edits: false,
            file_operations: false,
            annotated_edits: false,
            waits: Duration::ZERO,
        })
    }

    pub fn encoding(&self) -> Encoding {
        self.abilities().encoding
    }

    /// Whether suggestions stand in the text as inlay hints: the user wants it, and the client shows none by itself.
    pub fn shows_hints(&self) -> bool {
        let abilities = self.abilities();
        let wanted = || self.services().is_some_and(|services| services.settings.inlay_hints);
        abilities.inlay_hints && !abilities.inline_completion && wanted()
    }

    /// Whether suggestions are items of the menu: where they are seen nowhere else, unless the user does not want them there.
    pub fn has_menu(&self) -> bool {
        let wanted = || self.services().is_some_and(|services| services.settings.menu);
        !self.abilities().inline_completion && !self.shows_hints() && wanted()
    }

    /// The user wants no suggestions for now.
    pub fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    /// Whether suggestions are on now.
    pub fn toggle(&self) -> bool {
        self.is_paused.fetch_xor(true, Ordering::Relaxed)
    }

    /// Files on the disk have changed. Ignore files also say what may be done with the open documents.
    pub fn files_changed(&self, paths: Vec<PathBuf>) {
        if paths.iter().any(|path| workspace::is_ignore_file(path)) {
            self.analysis.judge_all_anew();
        }
        if let Some(services) = self.services() {
            services.workspace.files_changed(paths);
        }
    }

    /// A document was opened, changed or closed, or something was asked.
    pub fn stir(&self) {
        self.idle.stir();
    }

    /// The user rests: the project is told of the open documents as they are.
    fn rest(&self) {
        let Some(Services { settings, workspace, .. }) = self.services() else { return };
        let unsaved = if settings.context.needs_files() { Unsaved::Counts } else { Unsaved::Waits };
        workspace.set_open(self.documents.lock().snapshots(), unsaved);
    }

    /// Absent before `initialize`.
    pub fn services(&self) -> Option<Services> {
        self.services.read().clone()
    }
}

impl ClientSettings {
    /// What was said last wins, key by key at the top.
    fn merged(&self) -> Option<serde_json::Value> {
        let (Some(initial), Some(changed)) = (&self.initial, &self.changed) else {
            return self.changed.clone().or_else(|| self.initial.clone());
        };
        let mut merged = initial.clone();
        if let (Some(into), Some(from)) = (merged.as_object_mut(), changed.as_object()) {
            into.extend(from.clone());
        }
        Some(merged)
    }
}
