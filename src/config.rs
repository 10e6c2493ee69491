//! Raw settings to checked settings to each module's own options.
//!
//! Layers, later ones win: defaults, the user's file, the client's `initializationOptions`, the environment. The
//! workspace's file comes last and may only tighten. A wrong setting is a [`Problem`] that names the place and the
//! nearest valid key; the rest of the settings still holds. Every setting is one entry of `config/settings.rs`.

mod layer;
mod schema;
mod settings;

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::{agent, cache, context, engine, http, ledger, predictor, privacy, suggestion, workspace};
use engine::remote::Endpoint;
use layer::{Layer, Rank};
use ledger::money::Budget;
use ledger::prices::Price;

pub use schema::schema;

/// The workspace's file, in a workspace's root.
pub const WORKSPACE_FILE: &str = ".foretype.toml";

/// Checked settings: each module's own options.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub predictor: predictor::Options,
    pub suggestion: suggestion::Options,
    pub context: context::Options,
    /// Whether the instant engine is asked.
    pub instant: bool,
    /// Suggestions are items of the menu, in editors without ghost text.
    pub menu: bool,
    /// Suggestions stand in the text as inlay hints, in editors without ghost text.
    pub inlay_hints: bool,
    pub local: engine::local::Options,
    /// Whether the server may ask the user to let it download a model.
    pub asks_for_model: bool,
    pub restraint: predictor::restraint::Options,
    pub ledger: ledger::Options,
    pub http: http::Options,
    pub otlp: ledger::otlp::Options,
    /// Made of what the endpoints cost.
    pub money: ledger::money::Options,
    pub workspace: workspace::Options,
    pub privacy: privacy::Options,
    pub remote: engine::remote::Options,
    pub agents: agent::Options,
}

/// One thing wrong with the settings. `Display` gives the sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A file, `initializationOptions`, or the name of an environment variable.
    pub source: String,
    /// 1-based, where there is one.
    pub line: Option<usize>,
    pub message: String,
}

/// Loads every layer that is present. `workspace` is the workspace's root.
pub fn load(workspace: Option<&Path>, initialization_options: Option<&serde_json::Value>) -> (Settings, Vec<Problem>) {
    let mut layers = Vec::new();
    layers.extend(user_file().and_then(|path| read(&path, Rank::User)));
    layers.extend(initialization_options.map(|options| layer::from_json("initializationOptions", options)));
    layers.push(layer::from_environment(std::env::vars_os()));
    layers.extend(workspace.and_then(|root| read(&root.join(WORKSPACE_FILE), Rank::Workspace)));
    settings::apply(layers)
}

/// What is wrong with one file; a file of the workspace's name is judged as such.
pub fn check(path: &Path) -> io::Result<Vec<Problem>> {
    let is_workspace = path.file_name().is_some_and(|name| name == WORKSPACE_FILE);
    let rank = if is_workspace { Rank::Workspace } else { Rank::User };
    let text = std::fs::read_to_string(path)?;
    Ok(settings::apply(vec![layer::from_toml(path.display().to_string(), rank, &text)]).1)
}

/// Where the user's file is looked for; absent without a home.
pub fn user_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("foretype").join("config.toml"))
}

/// `None` for a file that is not there.
fn read(path: &Path, rank: Rank) -> Option<Layer> {
    let source = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Some(layer::from_toml(source, rank, &text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(layer::unreadable(source, rank, &error)),
    }
}

impl Settings {
    /// How the workspace is read. `cache` is the folder in which symbols are kept, if they are.
    pub fn workspace_options(&self, cache: Option<PathBuf>) -> workspace::Options {
        let mut options = self.workspace.clone();
        options.symbols.cache = cache;
        if !self.context.definitions {
            options.symbols.max_files = 0;
        }
        options
    }
}

impl Settings {
    /// Prices and budgets, as the endpoints and `remote.per_…_usd` say.
    fn money(&self) -> ledger::money::Options {
        let engine::remote::Options { endpoints, per_day_usd, per_month_usd, .. } = &self.remote;
        let mut money = ledger::money::Options::default();
        for endpoint in endpoints {
            let provider = endpoint.name.clone();
            if let (Some(input), Some(output)) = (endpoint.input_usd, endpoint.output_usd) {
                let cached_input = endpoint.cached_input_usd.unwrap_or(input);
                money.prices.push((format!("{provider}/{}", endpoint.model), Price { input, cached_input, output }));
            }
            if !endpoint.leaves_machine() {
                money.own_providers.push(provider.clone());
            }
            let Endpoint { per_day_usd, per_month_usd, .. } = *endpoint;
            money.budgets.push(Budget { provider, per_day_usd, per_month_usd });
        }
        money.budgets.push(Budget {
            provider: String::new(),
            per_day_usd: *per_day_usd,
            per_month_usd: *per_month_usd,
        });
        money.budgets.retain(|budget| budget.per_day_usd.or(budget.per_month_usd).is_some());
        money
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let max_lines = 10;
        Settings {
            predictor: predictor::Options {
                enabled: true,
                disabled_languages: Vec::new(),
                in_comments: true,
                in_strings: true,
                max_lines,
                max_document_bytes: 2 << 20,
                min_chance: 0.28,
                min_part_chance: 0.4,
                ahead: true,
                ahead_on_battery: false,
                without: predictor::Without::default(),
                cache: cache::Options { max_entries: 512, max_bytes: 4 << 20 },
            },
            suggestion: suggestion::Options { max_lines, ..suggestion::Options::default() },
            context: context::Options::default(),
            instant: true,
            menu: true,
            inlay_hints: false,
            local: engine::local::Options::default(),
            asks_for_model: true,
            restraint: predictor::restraint::Options { enabled: true },
            ledger: ledger::Options { enabled: true },
            http: http::Options { enabled: false, port: 4477 },
            otlp: ledger::otlp::Options::default(),
            money: ledger::money::Options::default(),
            workspace: workspace::Options {
                enabled: true,
                max_bytes: 16 << 20,
                max_file_bytes: 512 << 10,
                symbols: workspace::symbols::Options::default(),
            },
            privacy: privacy::Options::default(),
            remote: engine::remote::Options::default(),
            agents: agent::Options::default(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.source, self.message),
            None => write!(f, "{}: {}", self.source, self.message),
        }
    }
}
