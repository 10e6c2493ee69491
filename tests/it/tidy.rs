//! The directions between modules, and what a pure module may not do.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// No I/O, no threads, no clock.
const PURE: [&str; 7] = ["text", "syntax", "document", "context", "prompt", "suggestion", "cache"];

/// Parts of other modules that are as pure (paths start so).
const PURE_PARTS: [&str; 2] = ["src/predictor/outcome", "src/predictor/restraint"];

const IMPURE: [&str; 8] =
    ["std::fs", "std::net", "std::process", "std::thread", "std::env", "tokio::", "SystemTime", "Instant::now"];

/// `syntax::adds_error` parses under a deadline; nothing else in the pure modules may look at a clock.
const EXCEPTIONS: [(&str, &str); 1] = [("src/syntax/parse_error.rs", "Instant::now")];

/// What a module may not know although it stands above: (module, what).
const BLIND: [(&str, &str); 5] = [
    ("suggestion", "engine"),
    ("suggestion", "document"),
    ("suggestion", "prompt"),
    ("cache", "engine"),
    ("cache", "prompt"),
];

/// Who alone may know a thing: what it is called in code, and where (paths start so). Wire types, HTTP clients,
/// other programs, tensors and what is unsafe each have one door.
const KNOWN_TO: [(&str, &[&str]); 11] = [
    ("tower_lsp", &["src/server"]),
    ("lsp_types", &["src/server"]),
    ("rusqlite", &["src/ledger/"]),
    ("axum", &["src/http", "src/agent/meter"]),
    ("hyper", &["src/http/listener.rs"]),
    (
        "reqwest",
        &[
            "src/weights/",
            "src/engine/remote",
            "src/server/otlp.rs",
            "src/replay/llama_vim/server.rs",
            "src/agent/meter",
        ],
    ),
    (
        "std::process",
        &[
            "src/main.rs",
            "src/weights/",
            "src/engine/remote/key.rs",
            "src/agent",
            "src/cli/model/bench/peer.rs",
            "src/replay/",
            "src/cli/replay.rs",
        ],
    ),
    ("candle_core", &["src/engine/local"]),
    ("tokenizers::", &["src/engine/local/"]),
    ("memmap2", &["src/engine/local/"]),
    ("unsafe ", &UNSAFE),
];

/// Kernels, the memory that they read, and the threads that run them; and a child between fork and exec.
const UNSAFE: [&str; 9] = [
    "src/engine/local/kernel.rs",
    "src/engine/local/kernel/avx2.rs",
    "src/engine/local/kernel/avx512.rs",
    "src/engine/local/attention.rs",
    "src/engine/local/gguf.rs",
    "src/engine/local/threads.rs",
    "src/engine/local/vector.rs",
    "src/priority.rs",
    "src/agent/process.rs",
];

const MAX_LINES: usize = 500;

struct Source {
    path: String,
    /// The first part of the module path; empty for `lib.rs` and `main.rs`.
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                let module = path["src/".len()..].split(['/', '.']).next().unwrap().to_string();
                let module = if ["lib", "main"].contains(&module.as_str()) { String::new() } else { module };
                sources.push(Source { path, module, text });
            }
        }
    }
    sources
}

/// The modules in the order of the map in `lib.rs`.
fn map() -> Vec<String> {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    rows.map(|row| row.split('`').next().unwrap().to_string()).collect()
}

/// Code lines with their 1-based numbers, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap()))
}

fn assert_none(offences: Vec<String>) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn the_map_names_every_module_in_order() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, map());
}

#[test]
fn modules_use_only_what_stands_above_them() {
    let rank: HashMap<String, usize> = map().into_iter().enumerate().map(|(i, module)| (module, i)).collect();
    let mut offences = Vec::new();
    for Source { path, module, text } in sources().iter().filter(|source| !source.module.is_empty()) {
        for (number, line) in code(text) {
            for used in used_modules(line) {
                let blind = BLIND.contains(&(module.as_str(), used));
                if blind || rank.get(used).is_some_and(|used| *used > rank[module]) {
                    offences.push(format!("{path}:{number}: `{module}` must not know `{used}`"));
                }
            }
        }
    }
    assert_none(offences);
}

/// The first parts of the `crate::` paths of a line, `use crate::{a, b::c}` included.
fn used_modules(line: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut used = Vec::new();
    for (at, matched) in line.match_indices("crate::") {
        let rest = &line[at + matched.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            used.extend(rest.split(|c| !is_name(c)).next());
            continue;
        };
        let mut depth = 0;
        let mut starts = true;
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => starts = true,
                c if starts && is_name(c) => {
                    used.extend(group[i..].split(|c| !is_name(c)).next());
                    starts = false;
                }
                _ => {}
            }
        }
    }
    used
}

#[test]
fn what_few_may_know_the_others_do_not() {
    let mut offences = Vec::new();
    for (what, knowers) in KNOWN_TO {
        for Source { path, text, .. } in sources() {
            if !knowers.iter().any(|knower| path.starts_with(knower)) {
                let lines = code(&text).filter(|(_, line)| line.contains(what));
                offences.extend(lines.map(|(number, _)| format!("{path}:{number}: `{what}` is only for {knowers:?}")));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn pure_modules_do_no_io_start_no_threads_and_read_no_clock() {
    let mut offences = Vec::new();
    let is_pure = |source: &&Source| {
        PURE.contains(&source.module.as_str()) || PURE_PARTS.iter().any(|part| source.path.starts_with(part))
    };
    for Source { path, text, .. } in sources().iter().filter(is_pure) {
        for (number, line) in code(text) {
            for impure in IMPURE.iter().filter(|impure| line.contains(*impure)) {
                if !EXCEPTIONS.contains(&(path, impure)) {
                    offences.push(format!("{path}:{number}: `{impure}` in a pure module"));
                }
            }
        }
    }
    assert_none(offences);
}

#[test]
fn files_are_short_documented_and_finished() {
    let mut offences = Vec::new();
    for Source { path, text, .. } in sources() {
        let n_lines = text.lines().count();
        if n_lines > MAX_LINES {
            offences.push(format!("{path}: {n_lines} lines; look for a second noun"));
        }
        if !text.starts_with("//! ") {
            offences.push(format!("{path}: opens without saying what it is for"));
        }
        for unfinished in ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"] {
            if text.contains(unfinished) {
                offences.push(format!("{path}: `{unfinished}`"));
            }
        }
    }
    assert_none(offences);
}

#[test]
fn an_offence_is_found() {
    assert_eq!(used_modules("use crate::text::Text;"), ["text"]);
    assert_eq!(used_modules("use crate::{engine, cache::{self, Cache}, text};"), ["engine", "cache", "text"]);
    assert_eq!(used_modules("fn f() -> crate::server::Reply { crate::cli::run() }"), ["server", "cli"]);
}

/// The five lines are tested as they stand in the plugin's README (`tests/editors/neovim/spec_plain.lua`).
#[test]
fn the_readmes_give_the_same_five_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lua = |path: &str| {
        let text = fs::read_to_string(root.join(path)).unwrap();
        let code = text.split("```lua\n").nth(1).and_then(|rest| rest.split("```").next());
        code.unwrap_or_else(|| panic!("{path} has no Lua")).to_string()
    };
    assert_eq!(lua("README.md"), lua("editors/neovim/README.md"));
}

/// What sets the extension up is tested as it stands in its README (`tests/editors/vscode/run`).
#[test]
fn the_readmes_set_vs_code_up_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let block = |path: &str, title: &str| {
        let text = fs::read_to_string(root.join(path)).unwrap();
        let section = text.split_once(title).unwrap_or_else(|| panic!("{path} has no {title}")).1;
        section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap().to_string()
    };
    assert_eq!(block("README.md", "## VS Code\n"), block("editors/vscode/README.md", "## Setting it up\n"));
}

#[test]
fn what_the_readmes_link_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, n_links) in [("", 4), ("editors", 4), ("editors/helix", 1), ("editors/zed", 1)] {
        let folder = root.join(folder);
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        let links: Vec<&str> = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(links.len() >= n_links, "{links:?}");
        for link in links {
            let place = folder.join(link);
            assert!(place.exists(), "a README links to {}, which is not there", place.display());
        }
    }
}

/// Every setting is one of the VS Code extension's, and none can be set by a workspace, which comes with strangers' code.
#[test]
fn the_extension_s_settings_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors");
    let read = |path: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(root.join(path)).unwrap()).unwrap()
    };
    let manifest = read("vscode/package.json");
    let mut theirs = manifest["contributes"]["configuration"]["properties"].as_object().unwrap().clone();
    let path = theirs.remove("foretype.server.path").unwrap();
    assert_eq!(path["scope"], "machine");

    let mut ours = HashMap::new();
    for (section, property) in read("config.schema.json")["properties"].as_object().unwrap() {
        match property["properties"].as_object() {
            Some(inside) => ours
                .extend(inside.iter().map(|(name, property)| (format!("foretype.{section}.{name}"), property.clone()))),
            None => drop(ours.insert(format!("foretype.{section}"), property.clone())),
        }
    }
    let (mut of_schema, mut of_extension): (Vec<_>, Vec<_>) = (ours.keys().collect(), theirs.keys().collect());
    of_schema.sort();
    of_extension.sort();
    assert_eq!(of_extension, of_schema, "run `npm run settings` in editors/vscode");
    for (key, ours) in &ours {
        let theirs = &theirs[key];
        assert_eq!(theirs["markdownDescription"], ours["description"], "{key}: run `npm run settings`");
        assert_eq!(
            (&theirs["type"], &theirs["items"]),
            (&ours["type"], &ours["items"]),
            "{key}: run `npm run settings`"
        );
        let scope = theirs["scope"].as_str().unwrap();
        let is_of_a_machine = ["url", "variable", "endpoints", "model", "port", "command", "keyring", "file"];
        let must =
            is_of_a_machine.iter().any(|part| key.rsplit('.').next().unwrap().contains(part)) && !key.contains("max_");
        assert!(scope == "machine" || scope == "application" && !must, "{key} has the scope {scope}");
    }
}
