//! What `editors/` holds is what the program says.

use std::path::Path;
use std::process::Output;

use foretype::engine::scripted::Scripted;
use foretype::syntax::Language;
use serde_json::{Value, json};

use crate::binary;
use crate::client::{Client, engines};

fn committed(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let Output { stdout, status, .. } = binary::command(home.path()).args(arguments).output().unwrap();
    assert!(status.success());
    String::from_utf8(stdout).unwrap()
}

#[test]
#[cfg(not(feature = "more-languages"))]
fn helix_s_files_are_current() {
    let command = "run `cargo run -- config helix` with";
    for (option, path) in
        [(None, "editors/helix/languages.toml"), (Some("--ghost-text"), "editors/helix/ghost-text.toml")]
    {
        let arguments: Vec<&str> = ["config", "helix"].into_iter().chain(option).collect();
        assert_eq!(printed(&arguments), committed(path), "{command} {option:?} > {path}");
    }
}

#[test]
fn every_language_is_in_helix_s_file_under_a_name_that_we_know() {
    let file: toml::Table = printed(&["config", "helix"]).parse().unwrap();
    let names: Vec<&str> =
        file["language"].as_array().unwrap().iter().map(|language| language["name"].as_str().unwrap()).collect();
    for language in Language::all() {
        let is_named = names.iter().any(|name| Language::from_id(name) == Some(language));
        assert!(is_named, "`{language:?}` is missing in src/cli/config/helix.rs");
    }
    for name in names {
        assert!(Language::from_id(name).is_some(), "Helix calls a language `{name}`, and we do not");
    }
}

#[test]
fn zed_s_extension_has_every_language_and_says_what_we_call_it() {
    let manifest: toml::Table = committed("editors/zed/extension.toml").parse().unwrap();
    let server = &manifest["language_servers"]["foretype"];
    let listed: Vec<&str> = server["languages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let ids = server["language_ids"].as_table().unwrap();
    assert!(listed.iter().all(|name| ids.contains_key(*name)) && listed.len() == ids.len());
    for language in Language::all() {
        let is_named = ids.values().any(|id| id.as_str().and_then(Language::from_id) == Some(language));
        assert!(is_named, "`{language:?}` is missing in editors/zed/extension.toml");
    }
    for version in ["editors/zed/extension.toml", "editors/zed/Cargo.toml"] {
        let ours = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(committed(version).contains(&ours), "{version} is of another version");
    }
}

/// As the extension starts it: ghost text comes over HTTP, and no menu opens in front of it.
#[test]
fn zed_s_options_are_settings_of_ours() {
    let source = committed("editors/zed/src/foretype.rs");
    let options =
        source.split("fn for_predictions() -> Value {\n    json!(").nth(1).unwrap().split(")\n").next().unwrap();
    let mut options: Value = serde_json::from_str(options).unwrap();
    assert_eq!(options["http"]["enabled"], true);
    // The port of whoever runs the tests is theirs.
    options["http"] = json!({"enabled": false});
    let mut client = Client::start(engines(Scripted::lines(&[])));
    let can = client.initialize(json!({"capabilities": {}, "initializationOptions": options}));
    assert!(can["capabilities"]["completionProvider"].is_null());
    assert!(!client.has_said(|message| message["method"] == "window/showMessage"));
}

/// The first block of a language that holds this.
fn block(path: &str, language: &str, holds: &str) -> String {
    let (text, fence) = (committed(path), format!("```{language}\n"));
    let blocks = text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next());
    let mut blocks = blocks.filter(|block| block.contains(holds)).map(str::to_string);
    blocks.next().unwrap_or_else(|| panic!("{path} has no {holds}"))
}

#[test]
fn the_readmes_say_the_same_of_an_editor() {
    let zed = |path| block(path, "json", "edit_predictions");
    assert_eq!(zed("README.md"), zed("editors/zed/README.md"));
    let _: Value = serde_json::from_str(&zed("README.md")).unwrap();
    let helix = |path| block(path, "sh", "foretype config helix");
    assert_eq!(helix("README.md"), helix("editors/helix/README.md"));
}
