//! The real binary, without the settings and the models of whoever runs the tests.

use std::path::Path;
use std::process::Command;

/// With this home, which need not be there; its folder `models` is the one of models, `cache` that of
/// caches, `agents` that of hand-offs, and `ledger.sqlite` the file of records.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foretype"));
    isolate(&mut command, home);
    command
}

/// Keeps what the program would find outside `home` from it.
pub fn isolate(command: &mut Command, home: &Path) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FORETYPE_")) {
        command.env_remove(name);
    }
    command.env("HOME", home).env("XDG_CONFIG_HOME", home.join(".config"));
    command.env("FORETYPE_LEDGER", home.join("ledger.sqlite")).env("FORETYPE_AGENTS", home.join("agents"));
    command.env("FORETYPE_TRUST", home.join("trust.json"));
    command.env("FORETYPE_MODELS", home.join("models")).env("FORETYPE_CACHE", home.join("cache"));
}
