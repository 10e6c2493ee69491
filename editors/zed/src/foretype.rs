//! Starts foretype in Zed, which shows what its HTTP endpoint says as edit predictions.

use zed_extension_api::serde_json::{Value, json};
use zed_extension_api::settings::{CommandSettings, LspSettings};
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

const PROGRAM: &str = "foretype";

struct Foretype;

impl zed::Extension for Foretype {
    fn new() -> Foretype {
        Foretype
    }

    /// The program of the settings (`lsp.foretype.binary`), else the one in `$PATH`.
    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = settings(server, worktree)?.binary;
        let CommandSettings { path, arguments, env } =
            binary.unwrap_or(CommandSettings { path: None, arguments: None, env: None });
        let command = path.or_else(|| worktree.which(PROGRAM)).ok_or_else(|| {
            format!(
                "`{PROGRAM}` is not in $PATH. Install it with `cargo install --path .` in its repository, or name the \
                 program in Zed's settings: \"lsp\": {{ \"{PROGRAM}\": {{ \"binary\": {{ \"path\": \"…\" }} }} }}"
            )
        })?;
        let mut variables = worktree.shell_env();
        variables.extend(env.into_iter().flatten());
        Ok(Command { command, args: arguments.unwrap_or_else(|| vec!["lsp".to_string()]), env: variables })
    }

    fn language_server_initialization_options(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        let mut options = for_predictions();
        if let Some(wanted) = settings(server, worktree)?.initialization_options {
            merge(&mut options, wanted);
        }
        Ok(Some(options))
    }

    /// What changes without a restart.
    fn language_server_workspace_configuration(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        let wanted = settings(server, worktree)?.settings;
        Ok(wanted.map(|settings| json!({ PROGRAM: settings })))
    }
}

/// Zed asks for predictions over HTTP; a menu that opens at every letter would hide them.
fn for_predictions() -> Value {
    json!({ "http": { "enabled": true }, "suggest": { "menu": false } })
}

fn settings(server: &LanguageServerId, worktree: &Worktree) -> Result<LspSettings> {
    LspSettings::for_worktree(server.as_ref(), worktree)
}

/// Key by key; what the user says wins.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

zed::register_extension!(Foretype);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_wins_and_the_rest_stays() {
        let mut options = for_predictions();
        merge(&mut options, json!({ "http": { "port": 5000 }, "suggest": { "menu": true }, "enabled": true }));
        let merged = json!({
            "http": { "enabled": true, "port": 5000 },
            "suggest": { "menu": true },
            "enabled": true,
        });
        assert_eq!(options, merged);
    }
}
