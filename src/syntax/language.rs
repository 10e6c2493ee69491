//! The language table: one line a language.
//!
//! To add one: a dependency on its grammar crate, a line here, and a folder `grammars/<id>/` with `regions.scm` (what its
//! captures mean: [`Region`]) and a `fixture` whose marks say what the query must find (`tests/it/syntax.rs` reads
//! them). For an outline, the three queries of [`outline`](super::outline) and an `outline` file, whose listing stands in
//! `tests/it/outline/languages.rs`. What it shares with another language may stand in that one's folder, or in one of
//! its own (`ecmascript`): a row that ends with `after` such a folder reads that one's queries first.
//!
//! A query is compiled at the first parse of its language, on whatever thread parses, never on the request path: that
//! takes up to 23 ms (C#, C++; most take 1 to 3). Those of the outline are, at its first outline; they take longer.

use std::path::Path;
use std::sync::LazyLock;

use tree_sitter::Query;

use super::lexis::{self, Lexis};
use super::outline::Queries;

/// One language that foretype knows. Equality is identity.
#[derive(Clone, Copy)]
pub struct Language(&'static Definition);

struct Definition {
    /// The protocol's language identifier, also the folder under `grammars/`.
    id: &'static str,
    /// What editors also call it; like `files` a list of words.
    aliases: &'static str,
    /// Extensions without the dot, the usual one first, and whole file names.
    files: &'static str,
    lexis: &'static Lexis,
    grammar: &'static LazyLock<Grammar>,
    /// Its `tags.scm`, `imports.scm` and `locals.scm`.
    sources: Option<[&'static str; 3]>,
    queries: &'static LazyLock<Queries>,
}

/// A grammar ready for use.
pub(super) struct Grammar {
    pub language: tree_sitter::Language,
    pub regions: Query,
    /// What each capture of `regions` stands for.
    captures: Vec<Region>,
}

/// What `regions.scm` can say about a node, as the name of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    /// `@comment`
    Comment,
    /// `@string`
    String,
    /// `@code` inside a string: an interpolation.
    Code,
    /// `@block`, delimiters included: only what stands between them is inside.
    Block,
    /// `@body`: a block without delimiters of its own, so that its edges are inside, too.
    Body,
    /// Added to every query: where the parser found no meaning.
    Error,
}

macro_rules! languages {
    ($($id:literal $aliases:literal $files:literal $lexis:ident $parser:path, $outline:tt $(after $base:literal)?;)*) => {
        &[$(Definition {
            id: $id,
            aliases: $aliases,
            files: $files,
            lexis: &lexis::$lexis,
            grammar: {
                const REGIONS: &str = queries!("regions", $id $(after $base)?);
                static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new($id, $parser.into(), REGIONS));
                &GRAMMAR
            },
            sources: sources!($id, $outline $(after $base)?),
            queries: {
                static QUERIES: LazyLock<Queries> = LazyLock::new(|| match sources!($id, $outline $(after $base)?) {
                    Some(sources) => Queries::new($id, &$parser.into(), sources),
                    None => Queries::NONE,
                });
                &QUERIES
            },
        }),*]
    };
}

/// The three queries of [`outline`](super::outline), for a language that has them.
macro_rules! sources {
    ($id:literal, none $($after:tt)*) => {
        None::<[&'static str; 3]>
    };
    ($id:literal, outline $($after:tt)*) => {
        sources!($id, $id $($after)*)
    };
    ($id:literal, $folder:literal $($after:tt)*) => {
        Some([
            queries!("tags", $folder $($after)*),
            queries!("imports", $folder $($after)*),
            queries!("locals", $folder $($after)*),
        ])
    };
}

/// The text of one file of a folder, behind that of the folder that it comes after.
macro_rules! queries {
    ($file:literal, $folder:literal) => {
        include_str!(concat!("../../grammars/", $folder, "/", $file, ".scm"))
    };
    ($file:literal, $folder:literal after $base:literal) => {
        concat!(queries!($file, $base), queries!($file, $folder))
    };
}

#[rustfmt::skip]
static LANGUAGES: &[Definition] = languages! {
    // id             also called             extensions and file names    lexis    parser, outline (or whose) or none, after what
    "c"               ""                      "c h"                        C        tree_sitter_c::LANGUAGE, outline;
    "cpp"             "c++ cuda"              "cpp cc cxx hpp hh cu"       C        tree_sitter_cpp::LANGUAGE, outline after "c";
    "csharp"          "cs c-sharp"            "cs csx"                     C        tree_sitter_c_sharp::LANGUAGE, outline;
    "css"             ""                      "css"                        CSS      tree_sitter_css::LANGUAGE, none;
    "go"              ""                      "go"                         GO       tree_sitter_go::LANGUAGE, outline;
    "html"            ""                      "html htm"                   HTML     tree_sitter_html::LANGUAGE, none;
    "java"            ""                      "java"                       C        tree_sitter_java::LANGUAGE, outline;
    "javascript"      "javascriptreact jsx"   "js jsx mjs cjs"             JS       tree_sitter_javascript::LANGUAGE, outline after "ecmascript";
    "json"            "jsonc"                 "json jsonc webmanifest"     JSON     tree_sitter_json::LANGUAGE, none;
    "lua"             ""                      "lua"                        LUA      tree_sitter_lua::LANGUAGE, none;
    "markdown"        ""                      "md markdown"                MARKDOWN tree_sitter_md::LANGUAGE, none;
    "php"             ""                      "php phtml"                  PHP      tree_sitter_php::LANGUAGE_PHP, outline;
    "python"          ""                      "py pyi pyw"                 PYTHON   tree_sitter_python::LANGUAGE, outline;
    "ruby"            ""                      "rb rake gemspec Gemfile"    RUBY     tree_sitter_ruby::LANGUAGE, outline;
    "rust"            ""                      "rs"                         C        tree_sitter_rust::LANGUAGE, outline;
    "shellscript"     "bash sh zsh"           "sh bash zsh .bashrc .zshrc" SHELL    tree_sitter_bash::LANGUAGE, none;
    "toml"            ""                      "toml Cargo.lock"            TOML     tree_sitter_toml_ng::LANGUAGE, none;
    "typescript"      ""                      "ts mts cts"                 JS       tree_sitter_typescript::LANGUAGE_TYPESCRIPT, outline after "ecmascript";
    "typescriptreact" "tsx"                   "tsx"                        JS       tree_sitter_typescript::LANGUAGE_TSX, "typescript" after "ecmascript";
    "yaml"            "dockercompose"         "yaml yml"                   YAML     tree_sitter_yaml::LANGUAGE, none;
    "zig"             ""                      "zig zon"                    ZIG      tree_sitter_zig::LANGUAGE, none;
};

/// Grammars whose generated parsers are giants: they would double the build.
#[cfg(feature = "more-languages")]
#[rustfmt::skip]
static MORE_LANGUAGES: &[Definition] = languages! {
    "elixir"          ""                      "ex exs"                     ELIXIR   tree_sitter_elixir::LANGUAGE, none;
    "haskell"         ""                      "hs"                         HASKELL  tree_sitter_haskell::LANGUAGE, none;
    "kotlin"          ""                      "kt kts"                     C        tree_sitter_kotlin_ng::LANGUAGE, none;
    "ocaml"           ""                      "ml"                         OCAML    tree_sitter_ocaml::LANGUAGE_OCAML, none;
    "scala"           ""                      "scala sbt sc"               C        tree_sitter_scala::LANGUAGE, none;
    "sql"             "mysql postgres sqlite" "sql"                        SQL      tree_sitter_sequel::LANGUAGE, none;
    "swift"           ""                      "swift"                      C        tree_sitter_swift::LANGUAGE, none;
};

#[cfg(not(feature = "more-languages"))]
static MORE_LANGUAGES: &[Definition] = &[];

impl Language {
    /// Every language of the table.
    pub fn all() -> impl Iterator<Item = Language> {
        LANGUAGES.iter().chain(MORE_LANGUAGES).map(Language)
    }

    /// By the protocol's `languageId` or an editor's name for it (`javascriptreact`, `bash`, `cs`).
    pub fn from_id(id: &str) -> Option<Language> {
        Language::all()
            .find(|Language(known)| known.id == id || known.aliases.split_whitespace().any(|alias| alias == id))
    }

    /// By file name or extension.
    pub fn from_path(path: &Path) -> Option<Language> {
        let name = path.file_name()?.to_str()?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        let knows = |known: &str| known == name || extension.is_some_and(|e| known.eq_ignore_ascii_case(e));
        Language::all().find(|language| language.0.files.split_whitespace().any(knows))
    }

    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// The usual file extension, without the dot.
    pub fn extension(self) -> &'static str {
        self.0.files.split_whitespace().next().unwrap_or_default()
    }

    /// What opens a comment to the end of the line, such as `//` or `#`.
    pub fn line_comment(self) -> Option<&'static str> {
        self.0.lexis.line_comments.first().copied()
    }

    /// Whether indentation alone delimits blocks (Python, YAML).
    pub fn is_indented(self) -> bool {
        self.0.lexis.indented
    }

    /// The text of its queries for an [`outline`](super::outline); `None` when every outline of it is empty.
    pub fn outline_sources(self) -> Option<[&'static str; 3]> {
        self.0.sources
    }

    pub(super) fn lexis(self) -> &'static Lexis {
        self.0.lexis
    }

    /// Compiles the queries at the first call.
    pub(super) fn queries(self) -> &'static Queries {
        self.0.queries
    }

    /// Compiles the query at the first call.
    pub(super) fn grammar(self) -> &'static Grammar {
        self.0.grammar
    }
}

impl Grammar {
    /// Panics on a query that does not fit its grammar: the test of the fixtures compiles every one.
    fn new(id: &str, language: tree_sitter::Language, regions: &str) -> Grammar {
        let source = format!("{regions}\n[(ERROR) (MISSING)] @error");
        let regions = Query::new(&language, &source).unwrap_or_else(|error| panic!("{id}/regions.scm: {error}"));
        let named =
            |name: &&str| Region::named(name).unwrap_or_else(|| panic!("{id}/regions.scm: @{name} is no region"));
        let captures = regions.capture_names().iter().map(named).collect();
        Grammar { language, regions, captures }
    }

    pub fn region(&self, capture: u32) -> Option<Region> {
        self.captures.get(capture as usize).copied()
    }
}

impl Region {
    fn named(name: &str) -> Option<Region> {
        Some(match name {
            "comment" => Region::Comment,
            "string" => Region::String,
            "code" => Region::Code,
            "block" => Region::Block,
            "body" => Region::Body,
            "error" => Region::Error,
            _ => return None,
        })
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Language) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Language {}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}
