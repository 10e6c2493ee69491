//! Helix's `languages.toml` for us: our languages, by Helix's names, each with the servers that Helix starts for it by
//! itself. A list there takes the place of Helix's own, so leaving one out would take it from the user.

use std::fmt::Write;

use crate::syntax::Language;

/// How suggestions are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Menu,
    /// As inlay hints, which Helix takes from one server alone.
    GhostText,
}

/// Our identifier, Helix's names, and Helix's own servers (of 25.01 to 25.07.1; a name that a release does not know it
/// passes over).
const LANGUAGES: &[(&str, &str, &str)] = &[
    ("c", "c", "clangd"),
    ("cpp", "cpp", "clangd"),
    ("csharp", "c-sharp", "roslyn-language-server omnisharp csharp-ls"),
    ("css", "css", "vscode-css-language-server"),
    ("go", "go", "gopls golangci-lint-lsp"),
    ("html", "html", "vscode-html-language-server superhtml"),
    ("java", "java", "jdtls"),
    ("javascript", "javascript jsx", "typescript-language-server"),
    ("json", "json jsonc", "vscode-json-language-server"),
    ("lua", "lua", "lua-language-server"),
    ("markdown", "markdown", "marksman markdown-oxide rumdl"),
    ("php", "php", "intelephense"),
    ("python", "python", "ty ruff jedi pylsp zuban"),
    ("ruby", "ruby", "ruby-lsp solargraph"),
    ("rust", "rust", "rust-analyzer"),
    ("shellscript", "bash", "bash-language-server"),
    ("toml", "toml", "taplo tombi"),
    ("typescript", "typescript", "typescript-language-server"),
    ("typescriptreact", "tsx", "typescript-language-server"),
    ("yaml", "yaml", "yaml-language-server ansible-language-server"),
    ("zig", "zig", "zls"),
    ("elixir", "elixir", "elixir-ls expert"),
    ("haskell", "haskell", "haskell-language-server"),
    ("kotlin", "kotlin", "kotlin-language-server"),
    ("ocaml", "ocaml", "ocamllsp"),
    ("scala", "scala", "metals"),
    ("sql", "sql", ""),
    ("swift", "swift", "sourcekit-lsp"),
];

const HEAD: &str = r#"# foretype in Helix, for languages.toml; `foretype config helix` prints it.
# Where you have a [[language]] of the same name already, add "foretype" to its language-servers instead.

[language-server.foretype]
command = "foretype"
args = ["lsp"]
"#;

pub fn languages(route: Route) -> String {
    let mut text = String::from(HEAD);
    if route == Route::GhostText {
        text.push_str("config = { suggest = { inlay_hints = true } }\n");
    }
    let known = |language: Language| LANGUAGES.iter().find(|(id, ..)| *id == language.id());
    for (_, names, servers) in Language::all().filter_map(known) {
        for name in names.split_whitespace() {
            let servers: Vec<String> = servers.split_whitespace().map(|server| beside(server, route)).collect();
            let servers = servers.iter().fold(String::new(), |list, server| list + server + ", ");
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[[language]]\nname = \"{name}\"\nlanguage-servers = [{servers}\"foretype\"]\n");
        }
    }
    text
}

/// Another server: of several that give inlay hints, Helix would ask the first.
fn beside(server: &str, route: Route) -> String {
    match route {
        Route::Menu => format!("\"{server}\""),
        Route::GhostText => format!("{{ name = \"{server}\", except-features = [\"inlay-hints\"] }}"),
    }
}
