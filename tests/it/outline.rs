//! What a file defines and imports, language by language, through the `outline` file of each folder of `grammars/`.

use std::fs;
use std::path::Path;

use foretype::syntax::outline::{Import, Local, Symbol};
use foretype::syntax::{Language, Tree};
use foretype::text::Text;

fn parse(language: Language, text: &str) -> Tree {
    Tree::parse(&Text::new(text), language, None, &mut || false).unwrap()
}

fn language(id: &str) -> Language {
    Language::from_id(id).unwrap()
}

fn outline_file(language: Language) -> String {
    let file = format!("grammars/{}/outline.{}", language.id(), language.extension());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The kind and the owner, and what the signature says, each line without its indent.
fn show_symbol(symbol: &Symbol) -> String {
    let owner = symbol.owner.as_ref().map(|owner| format!("{owner}.")).unwrap_or_default();
    let kind = format!("{:?}", symbol.kind).to_lowercase();
    let signature: Vec<&str> = symbol.signature.lines().map(str::trim).collect();
    format!("{kind} {owner}{}: {}", symbol.name, signature.join(" "))
}

fn show_import(import: &Import) -> String {
    let original = if import.name == import.original { String::new() } else { format!(" ({})", import.original) };
    let statement: Vec<&str> = import.statement.lines().map(str::trim).collect();
    format!("import {}{original}: {}", import.name, statement.join(" "))
}

fn show_local(local: &Local) -> String {
    format!("local {}: {}", local.name, local.type_name)
}

/// Everything of the language's outline file, against a listing that may be indented.
#[track_caller]
fn check(id: &str, expected: &str) {
    let language = language(id);
    let text = outline_file(language);
    let tree = parse(language, &text);
    assert!(!tree.has_error(), "{id}: {tree:?}");
    let outline = tree.outline(&text);
    let symbols = outline.symbols.iter().map(show_symbol);
    let imports = outline.imports.iter().map(show_import);
    let locals = tree.locals(&text, 0..text.len());
    let found: Vec<String> = symbols.chain(imports).chain(locals.iter().map(show_local)).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}

#[test]
fn an_outline_of_rust() {
    check(
        "rust",
        r#"
        value EVERY: pub const EVERY: u64 = 60;
        type Feed: pub struct Feed<'a, T> { pub name: &'a str, clock: Arc<Mutex<Clock>>, last: Option<Box<dyn Item>>, extra: T, }
        type Error: pub enum Error { Late { by: u64 }, Gone, }
        type Read: pub trait Read
        type Read.Item: type Item;
        function Read.read: fn read(&mut self, limit: usize) -> Result<Self::Item, Error>;
        type Feed.Item: type Item = T;
        function Feed.read: fn read(&mut self, limit: usize) -> Result<T, Error>
        function Url.fmt: fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result
        macro feed: macro_rules! feed { ($name:expr) =>
        module tests: mod tests
        function tests.reads: async fn reads()
        import HashMap: use std::collections::{HashMap, hash_map::Entry};
        import Entry: use std::collections::{HashMap, hash_map::Entry};
        import fmt: use std::fmt::{self, Display as Show};
        import Show (Display): use std::fmt::{self, Display as Show};
        import *: use crate::net::*;
        import codec (serde): use serde as codec;
        import clock: mod clock;
        import *: use super::*;
        local clock: Clock
        local last: Item
        local extra: T
        local clock: Clock
        local reader: Reader
        local line: Line
        local f: Formatter
        "#,
    );
}

#[test]
fn an_outline_of_python() {
    check(
        "python",
        r#"
        value EVERY: EVERY: int = 60
        value log: log = logging.getLogger(__name__)
        type Entry: @dataclass class Entry:
        value Entry.title: title: str
        value Entry.url: url: Url | None = None
        type Feed: class Feed(Base, metaclass=Meta):
        value Feed.kind: kind = "rss"
        function Feed.__init__: def __init__(self, name: str, client: Client):
        value Feed.name: self.name = name
        value Feed.client: self.client = client
        value Feed.cache: self.cache: dict[str, Entry] = {}
        value Feed.clock: self.clock = Clock(name)
        function Feed.due: @property def due(self) -> bool:
        function Feed.read: async def read( self, limit: int = 10, *, since: Optional[Clock] = None, ) -> list[Entry]:
        function read.keep: def keep(entry: "Entry"):
        function by_name: def by_name(feeds: Iterable[Feed], *args: Feed, **kwargs):
        import path: import os.path
        import np (numpy): import numpy as np
        import dataclass: from dataclasses import dataclass, field as make_field
        import make_field (field): from dataclasses import dataclass, field as make_field
        import *: from .clock import *
        import Client: from feeds.net import ( Client, Url, )
        import Url: from feeds.net import ( Client, Url, )
        local url: Url
        local client: Client
        local clock: Clock
        local since: Clock
        local parser: Parser
        local entries: Entry
        local entry: Entry
        local feeds: Feed
        "#,
    );
}

/// The names of the scopes at `$0`, outermost first.
#[track_caller]
fn check_scopes(id: &str, fixture: &str, expected: &[&str]) {
    let offset = fixture.find("$0").unwrap();
    let text = fixture.replacen("$0", "", 1);
    let scopes = parse(language(id), &text).scopes(&text, offset);
    assert_eq!(scopes.iter().map(|scope| &*scope.name).collect::<Vec<_>>(), expected, "{fixture}");
}

#[test]
fn a_scope_is_around_its_body() {
    check_scopes(
        "rust",
        "mod a {\n    impl B for C {\n        fn d() {\n            $0\n        }\n    }\n}\n",
        &["a", "C", "d"],
    );
    check_scopes("rust", "struct A {\n    $0\n}\n", &["A"]);
    check_scopes("rust", "fn a(b: $0) {\n}\n", &[]);
    check_scopes("python", "class A:\n    @b\n    def c(self):\n        d()$0\n", &["A", "c"]);
}

#[test]
fn an_indented_scope_goes_on_while_the_indent_does() {
    check_scopes("python", "class A:\n    def b(self):\n        $0", &["A", "b"]);
    check_scopes("python", "class A:\n    def b(self):\n        c()\n        $0\n", &["A", "b"]);
    check_scopes("python", "class A:\n    def b(self):\n        c()\n\n    $0\n", &["A"]);
    check_scopes("python", "class A:\n    def b(self):\n        $0\n        c()\n", &["A", "b"]);
    check_scopes("python", "class A:\n    def b(self):\n        c()\n\n$0\n", &[]);
}
