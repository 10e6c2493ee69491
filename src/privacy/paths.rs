//! Path rules: the built-in deny list, and compiled globs.

use std::path::Path;
use std::sync::LazyLock;

use globset::{Candidate, GlobBuilder, GlobSet};

/// Denied whatever follows. Examples such as `.env.example` hold no secrets by convention only, and the cost of a
/// broken convention is a leaked key: they are denied as well.
const DENIED: &[&str] = &[
    ".env*",
    "*.env",
    // Keys and key stores.
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.ovpn",
    // Credentials of tools.
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".s3cfg",
    ".boto",
    ".htpasswd",
    ".git-credentials",
    ".vault-token",
    ".dockercfg",
    ".docker/config.json",
    "kubeconfig*",
    "*.kubeconfig",
    "*.tfvars",
    "*.tfvars.json",
    "*.tfstate",
    "*.tfstate.*",
    // Folders of credentials.
    ".aws/",
    ".azure/",
    ".gnupg/",
    ".kube/",
    ".ssh/",
    ".config/gcloud/",
    ".config/gh/",
];

/// Denied unless the file is source code by its extension: `id_ed25519` and `credentials.json` hold secrets,
/// `id_map.rs` and `credentials.go` are code about them, and what they may hold by mistake the content scan finds.
const DENIED_UNLESS_CODE: &[&str] = &["id_*", "credentials*", "secret.*", "secrets.*"];

/// Extensions of source code. Data and prose (`json`, `yaml`, `toml`, `txt`, `md`…) are left out on purpose.
const CODE: &[&str] = &[
    "astro", "bash", "bats", "bzl", "c", "cc", "cjs", "clj", "cljs", "cpp", "cs", "css", "cts", "cu", "cxx", "d",
    "dart", "el", "elm", "erl", "ex", "exs", "fs", "go", "gql", "graphql", "groovy", "h", "hh", "hpp", "hrl", "hs",
    "html", "hxx", "java", "jl", "js", "jsx", "kt", "kts", "less", "lua", "m", "mjs", "ml", "mli", "mm", "mts", "nim",
    "nix", "php", "pl", "pm", "proto", "ps1", "py", "pyi", "r", "rb", "rs", "sass", "scala", "scm", "scss", "sh",
    "sol", "sql", "svelte", "swift", "tf", "thrift", "ts", "tsx", "v", "vb", "vim", "vue", "zig", "zsh",
];

/// Globs compiled together; each one knows the text it came from.
pub(super) struct Globs {
    set: GlobSet,
    sources: Vec<String>,
}

impl Globs {
    /// The error names the glob and what is wrong with it.
    pub(super) fn new<S: AsRef<str>>(sources: &[S]) -> Result<Globs, String> {
        let mut set = GlobSet::builder();
        for source in sources.iter().map(AsRef::as_ref) {
            let glob = GlobBuilder::new(&anchored(source)).case_insensitive(true).literal_separator(true).build();
            set.add(glob.map_err(|error| format!("bad glob `{source}`: {}", error.kind()))?);
        }
        let set = set.build().map_err(|error| format!("too many globs: {}", error.kind()))?;
        Ok(Globs { set, sources: sources.iter().map(|source| source.as_ref().to_owned()).collect() })
    }

    /// The first glob that matches.
    pub(super) fn find(&self, path: &Path) -> Option<&str> {
        let first = *self.set.matches_candidate(&Candidate::new(path)).first()?;
        self.sources.get(first).map(String::as_str)
    }
}

/// The built-in glob that denies `path`, if any.
pub(super) fn built_in(path: &Path) -> Option<&'static str> {
    static DENY: LazyLock<Globs> = LazyLock::new(|| Globs::new(DENIED).expect("the built-in globs are well formed"));
    static UNLESS_CODE: LazyLock<Globs> =
        LazyLock::new(|| Globs::new(DENIED_UNLESS_CODE).expect("the built-in globs are well formed"));
    if let Some(glob) = DENY.find(path) {
        return Some(glob);
    }
    if is_code(path) { None } else { UNLESS_CODE.find(path) }
}

/// The glob as it is matched against a whole path.
fn anchored(source: &str) -> String {
    let start = if source.starts_with('/') { "" } else { "**/" };
    let end = if source.ends_with('/') { "**" } else { "" };
    format!("{start}{source}{end}")
}

fn is_code(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    CODE.contains(&extension.to_ascii_lowercase().as_str())
}
