//! Raw settings to checked settings to each module's own options.
//!
//! Layers, later ones win: defaults, the user's file, the client's `initializationOptions`, the environment. The
//! workspace's file comes last and may only tighten. A wrong setting is a [`Problem`] that names the place and the
//! nearest valid key; the rest of the settings still holds.

use std::path::Path;

use crate::{engine, predictor, privacy, suggestion, workspace};

/// Checked settings: each module's own options.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub predictor: predictor::Options,
    pub suggestion: suggestion::Options,
    pub instant: engine::instant::Options,
    pub workspace: workspace::Options,
    pub privacy: privacy::Options,
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

/// Loads every layer that is present.
pub fn load(
    _workspace: Option<&Path>,
    _initialization_options: Option<&serde_json::Value>,
) -> (Settings, Vec<Problem>) {
    todo!()
}

impl Default for Settings {
    fn default() -> Settings {
        todo!()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
