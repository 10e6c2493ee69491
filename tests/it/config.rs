//! Layers, tightening, and the nearest valid key.

use std::fs;
use std::path::Path;

use foretype::config::{self, Problem, Settings, WORKSPACE_FILE};
use serde_json::json;

/// Checks a file of this name and text; each problem as it is shown, without the folder.
fn check(name: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let folder = format!("{}/", folder.path().display());
    config::check(&path).unwrap().iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
}

/// The settings of a workspace whose file has this text, under these options of the client.
fn load(workspace_file: &str, options: serde_json::Value) -> (Settings, Vec<Problem>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(WORKSPACE_FILE), workspace_file).unwrap();
    config::load(Some(folder.path()), Some(&options))
}

#[test]
fn an_unknown_key_names_file_line_and_nearest_key() {
    assert_eq!(
        check("config.toml", "enabled = true\n\n[suggest]\nmax_line = 3\n"),
        ["config.toml:4: unknown key `suggest.max_line`; the nearest valid one is `suggest.max_lines`"]
    );
    assert_eq!(
        check("config.toml", "in_comments = true\n"),
        ["config.toml:1: unknown key `in_comments`; the nearest valid one is `suggest.in_comments`"]
    );
}

#[test]
fn a_bad_value_says_what_is_expected() {
    let text = "enabled = \"yes\"\n[suggest]\nmax_lines = 0\nmin_chance = 2\n[privacy]\ndeny = \"*.x\"\n";
    assert_eq!(
        check("config.toml", text),
        [
            "config.toml:1: `enabled` must be true or false, not `\"yes\"`",
            "config.toml:6: `privacy.deny` must be a list of texts, not `\"*.x\"`",
            "config.toml:3: `suggest.max_lines` must be a whole number from 1 on, not `0`",
            "config.toml:4: `suggest.min_chance` must be a number from 0 to 1, not `2`",
        ]
    );
    let languages = check("config.toml", "languages.disabled = [\"ruts\"]\n");
    assert_eq!(
        languages,
        ["config.toml:1: `languages.disabled`: unknown language `ruts`; the nearest known one is `rust`"]
    );
    assert!(check("config.toml", "privacy.deny = [\"a[\"]\n")[0].contains("a["));
}

#[test]
fn what_is_not_toml_is_told_with_its_line_and_the_rest_holds() {
    let problems = check("config.toml", "enabled = true\nnonsense\n");
    assert!(problems[0].starts_with("config.toml:2: this is not valid TOML"), "{problems:?}");
}

#[test]
fn one_bad_key_does_not_void_the_others() {
    let (settings, problems) = load("", json!({"suggest": {"max_lines": 3, "nonsense": 1}, "enabled": false}));
    assert_eq!((settings.predictor.max_lines, settings.suggestion.max_lines), (3, 3));
    assert!(!settings.predictor.enabled);
    assert_eq!(problems[0].source, "initializationOptions");
}

#[test]
fn null_is_not_set() {
    let (settings, problems) = load("", json!({"enabled": null, "suggest": null, "local": {"ask": null}}));
    assert!(problems.is_empty() && settings.predictor.enabled, "{problems:?}");
}

#[test]
fn a_workspace_s_file_may_only_tighten() {
    let tight = "enabled = false\nsuggest.max_lines = 2\nprivacy.deny = [\"*.sql\"]\n";
    let (settings, problems) = load(tight, json!({"privacy": {"deny": ["*.csv"]}}));
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!((settings.predictor.enabled, settings.predictor.max_lines), (false, 2));
    assert_eq!(settings.privacy.deny, ["*.csv", "*.sql"]);

    let loose = "enabled = true\nsuggest.max_lines = 50\nprivacy.allow = [\".env\"]\nworkspace.max_bytes = 99999999\n";
    let (settings, problems) = load(loose, json!({"enabled": false}));
    assert!(!settings.predictor.enabled);
    assert_eq!(settings, Settings { predictor: settings.predictor.clone(), ..Settings::default() });
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.message.starts_with("a workspace's file may")));
}

#[test]
fn a_workspace_s_file_may_keep_more_here_and_switch_remote_engines_off() {
    let tight = "remote.enabled = false\nprivacy.local_only = [\"internal/\"]\n";
    let (settings, problems) = load(tight, json!({"remote": {"enabled": true}, "privacy": {"local_only": ["*.sql"]}}));
    assert!(problems.is_empty(), "{problems:?}");
    assert!(!settings.remote.enabled);
    assert_eq!(settings.privacy.local_only, ["*.sql", "internal/"]);

    let (settings, problems) = load("remote.enabled = true\n", json!({}));
    assert!(!settings.remote.enabled && problems[0].message.contains("may only switch it off"), "{problems:?}");
    let (settings, _) = load("", json!({"remote": {"enabled": true}}));
    assert!(settings.remote.enabled, "the user may");
    assert!(check("config.toml", "privacy.local_only = [\"a[\"]\n")[0].contains("`privacy.local_only`"));
}

#[test]
fn no_workspace_names_a_collector_and_a_build_without_that_says_so() {
    let file = "otlp.url = \"http://127.0.0.1:4318\"\notlp.plain_http = true\notlp.headers_variable = \"HOME\"\n";
    let (settings, problems) = load(file, json!({}));
    assert_eq!(settings, Settings::default());
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.message.starts_with("a workspace's file may not set it")));
    let (settings, problems) = load("", json!({"otlp": {"url": "http://c.example"}}));
    let word = if cfg!(feature = "otlp") { "plain HTTP" } else { "built with the feature `otlp`" };
    assert!(problems.len() == 1 && problems[0].to_string().contains(word), "{problems:?}");
    assert_eq!(settings.otlp.url, "", "what is wrong does not count");
}

#[test]
fn the_committed_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/config.schema.json");
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, config::schema(), "renew it: cargo run -- config schema > editors/config.schema.json");
}

#[test]
fn agents_are_chosen_by_name_and_never_by_a_workspace() {
    let (settings, problems) = load(
        "",
        json!({"agents": {"use": ["claude", {"name": "qwen", "budget": {"usd": 0.5}},
        {"name": "own", "command": "own-agent", "env": ["A", "B=c"]}]}}),
    );
    assert!(problems.is_empty(), "{problems:?}");
    let agents = &settings.agents.agents;
    let names: Vec<&str> = agents.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["claude", "qwen", "own"]);
    // The rest of a ready entry stays.
    assert_eq!((agents[1].command.as_str(), agents[1].args.as_slice()), ("qwen", ["--acp".to_string()].as_slice()));
    assert_eq!((agents[1].budget.usd, agents[1].budget.tokens), (Some(0.5), Some(2_000_000)));

    let (settings, problems) = load("agents.use = [\"claude\"]\nagents.deny = [\"execute\"]\n", json!({}));
    assert!(settings.agents.agents.is_empty());
    assert!(problems[0].message.contains("a workspace's file may not set it: `agents.use`"), "{problems:?}");
    assert_eq!(settings.agents.deny, ["execute"]);

    for (text, said) in [
        ("agents.use = [\"nobody\"]\n", "`nobody` is none of claude, codex, gemini"),
        ("agents.use = [{ name = \"a\" }]\n", "the agent `a`: `command` is missing"),
        ("agents.use = [{ name = \"a\", command = \"b\", colour = 1 }]\n", "unknown field `colour`"),
        ("agents.use = [{ name = \"a\", command = \"b\", meter = \"openai\" }]\n", "`meter` needs `url_variable`"),
        (
            "agents.use = [{ name = \"qwen\", upstream = \"http://far.example\" }]\n",
            "`upstream` must begin with https://",
        ),
        ("agents.allow = [\"everything\"]\n", "`everything` is none of read, edit"),
    ] {
        assert!(check("config.toml", text)[0].contains(said), "{:?}", check("config.toml", text));
    }
}
