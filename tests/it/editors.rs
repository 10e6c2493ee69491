//! What `editors/` holds is what the program says.

use std::path::Path;
use std::process::Output;

use foretype::syntax::Language;

use crate::binary;

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
