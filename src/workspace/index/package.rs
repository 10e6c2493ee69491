//! Which files say that their folder is a package of its own.

use std::path::Path;

/// By name, and by extension.
const NAMES: [&str; 13] = [
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "setup.py",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "Gemfile",
    "Package.swift",
    "mix.exs",
    "pubspec.yaml",
];
const EXTENSIONS: [&str; 4] = ["csproj", "fsproj", "gemspec", "cabal"];

/// The folder of which a file is the manifest.
pub fn folder(path: &Path) -> Option<&Path> {
    let is = |known: &[&str], part: Option<&std::ffi::OsStr>| {
        part.and_then(|part| part.to_str()).is_some_and(|part| known.contains(&part))
    };
    path.parent().filter(|_| is(&NAMES, path.file_name()) || is(&EXTENSIONS, path.extension()))
}
