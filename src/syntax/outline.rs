//! What a file defines and imports, and which types its variables are declared with.
//!
//! Three queries of a language's folder answer it; a language without one has none of that. What their captures mean
//! (one that starts with `_` is only for the query's own predicates):
//!
//! - `tags.scm`: `@definition.function`, `.type`, `.module`, `.value`, `.macro` on a whole definition, with its `@name`
//!   (in the same match, or in one of its own: then it is the first before the body) and, where it has one, its `@body`,
//!   which its signature leaves out, or its `@fields`: a body that the signature keeps. `@owner` is what defines nothing
//!   but holds definitions (Rust's `impl`), with the `@name` of the type that it speaks of. `@of` is the name of the
//!   owner where that does not stand around the definition (Go's receiver). A `@comment` is left out of every signature.
//! - `imports.scm`: `@import` on a statement, and in the same match or in others, inside it, each `@name` that it brings
//!   in (`*` for all) and, where it is renamed, `@original`. `@path` may stand for either: the last part of a path or of
//!   a quoted file name, without the extension.
//! - `locals.scm`: `@name` of a variable, parameter or field, and its declared `@type` as it is written, or the
//!   `@constructor` that tells it by its name (Go's `NewFeed`).

mod definition;
mod rooted;
mod type_name;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use tree_sitter::{Node, Query, QueryCursor, StreamingIterator};

use super::Tree;
use definition::{Definition, Named};
use rooted::Rooted;

/// What a file is made of, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    pub symbols: Vec<Symbol>,
    pub imports: Vec<Import>,
}

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    pub name: Box<str>,
    pub kind: Kind,
    /// The name of the innermost definition around it.
    pub owner: Option<Box<str>>,
    /// All of it, bytes.
    pub range: Range<u32>,
    /// The declaration as it is written, without the body, cut at [`MAX_SIGNATURE`] bytes.
    pub signature: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A method is a function with an owner.
    Function,
    /// A class, struct, enum, union, interface, trait, or a name for a type.
    Type,
    Module,
    /// A constant, a static, a field, an enum's member.
    Value,
    Macro,
}

/// A name that comes from another file.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// What this file calls it.
    pub name: Box<str>,
    /// What its own file calls it.
    pub original: Box<str>,
    /// The statement as it is written: its words tell where the name may be defined.
    pub statement: Box<str>,
}

/// A variable, parameter or field with a declared type.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    pub name: Box<str>,
    /// The bare name, without path, reference and parameters; of what is held by a well-known wrapper or sequence
    /// (`Option<Box<T>>`, `list[T]`) it is `T`. Built-in types are left out.
    pub type_name: Box<str>,
    /// Of the name, bytes.
    pub offset: usize,
}

/// A definition around the cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub name: Box<str>,
    /// The declaration, up to the body (or the fields).
    pub signature: Range<usize>,
    pub body: Range<usize>,
}

/// A longer declaration is cut at the end of a line.
pub const MAX_SIGNATURE: usize = 600;
const MAX_STATEMENT: usize = 400;

/// The queries, compiled.
pub(super) struct Queries {
    tags: Option<Rooted>,
    imports: Option<Rooted>,
    locals: Option<Rooted>,
}

/// What `tags.scm` finds, in no particular order.
#[derive(Default)]
struct Tags {
    /// Some of them without a name yet.
    definitions: Vec<Definition>,
    names: Vec<Named>,
    comments: Vec<Range<usize>>,
    /// Where they start.
    errors: Vec<usize>,
}

/// What `imports.scm` finds, in no particular order.
#[derive(Default)]
struct Statements<'a> {
    statements: Vec<Range<usize>>,
    /// Where each stands, the name, and what is its original where that is said.
    names: Vec<(Range<usize>, &'a str, Option<&'a str>)>,
}

/// A match of one of the queries, by the names of its captures.
#[derive(Default)]
struct Found<'a> {
    /// Of the capture that is the whole: its name and range.
    whole: Option<(&'a str, Range<usize>)>,
    name: Option<Range<usize>>,
    body: Option<Range<usize>>,
    fields: Option<Range<usize>>,
    of: Option<Range<usize>>,
    original: Option<Range<usize>>,
    path: Option<Range<usize>>,
    type_name: Option<Range<usize>>,
    constructor: Option<Range<usize>>,
}

impl Tree {
    /// Everything that the text defines and imports. Milliseconds: not for the request path. Where a part did not parse,
    /// the definitions in it may be missing.
    pub fn outline(&self, text: &str) -> Outline {
        let (mut tags, mut statements) = (Tags::default(), Statements::default());
        let Queries { tags: definitions, imports, .. } = self.language.queries();
        self.matches([definitions, imports], text, 0..usize::MAX, |i, found| match i {
            0 => tags.take(found),
            _ => statements.take(text, found),
        });
        let imports = statements.imports(text);
        let mut symbols = self.symbols(text, tags);
        let imported: HashSet<&str> = imports.iter().map(|import| &*import.name).collect();
        // `const path = require("path")`
        symbols
            .retain(|symbol| symbol.kind != Kind::Value || symbol.owner.is_some() || !imported.contains(&*symbol.name));
        Outline { symbols, imports }
    }

    /// Variables, parameters and fields in `range` whose type is written down or is the one that they are made with
    /// (`Foo::new()`, `new Foo()`), in their order.
    pub fn locals(&self, text: &str, range: Range<usize>) -> Vec<Local> {
        let mut locals = Vec::new();
        self.matches([&self.language.queries().locals], text, range, |_, found| {
            let Some(name) = found.name else { return };
            let constructed = || slice(text, &found.constructor?).strip_prefix("New");
            let written = found.type_name.map(|type_name| slice(text, &type_name)).or_else(constructed);
            if let Some(type_name) = written.and_then(type_name::bare) {
                let (type_name, offset) = (type_name.into(), name.start);
                locals.push(Local { name: slice(text, &name).into(), type_name, offset });
            }
        });
        locals.sort_by_key(|local| local.offset);
        locals.dedup();
        locals
    }

    /// The definitions with a body (or fields) around `offset`, outermost first.
    pub fn scopes(&self, text: &str, offset: usize) -> Vec<Scope> {
        let indented = self.language.is_indented();
        // The blank lines below an indented body are not part of its node.
        let start = if indented { slice(text, &(0..offset)).trim_end().len() } else { offset };
        let definitions = self.definitions(text, start.saturating_sub(1)..offset + 1);
        let is_around = |definition: &Definition| {
            definition.is_around(text, offset) || indented && definition.goes_on_below(text, offset)
        };
        let scope = |definition: Definition| {
            let (name, signature) = (slice(text, &definition.name).into(), definition.head(text));
            Some(Scope { name, signature, body: definition.body? })
        };
        let mut scopes: Vec<Scope> = definitions.into_iter().filter(is_around).filter_map(scope).collect();
        scopes.sort_by_key(|scope| (scope.signature.start, Reverse(scope.body.end)));
        scopes.dedup_by(|later, kept| later.body == kept.body);
        scopes
    }

    fn symbols(&self, text: &str, tags: Tags) -> Vec<Symbol> {
        let (mut definitions, mut comments) = self.named(text, tags, 0);
        // Of two matches for the same definition, the larger one, and the one that knows more of it, goes first.
        definitions.sort_by_key(|definition| {
            let (Range { start, end }, name) = (definition.range.clone(), definition.name.start);
            let unknown = (definition.body.is_none(), definition.keeps_body, definition.of.is_none());
            (start, Reverse(end), name, unknown)
        });
        definitions.dedup_by(|later, kept| later.name == kept.name);
        comments.sort_by_key(|comment| comment.start);
        let mut symbols = Vec::new();
        let mut open: Vec<&Definition> = Vec::new();
        for definition in &definitions {
            let is_around =
                |before: &Definition| before.range.end >= definition.range.end && before.range != definition.range;
            while open.last().is_some_and(|before| !is_around(before)) {
                open.pop();
            }
            let around = open.last().copied();
            if around.is_some_and(|around| definition.is_part_of(around, text)) {
                continue;
            }
            open.push(definition);
            let Some(kind) = definition.kind else { continue };
            let owner = definition.of.as_ref().or(around.map(|around| &around.name));
            symbols.push(Symbol {
                // A literal symbol of Ruby names without its colon.
                name: slice(text, &definition.name).trim_start_matches(':').into(),
                kind,
                owner: owner.map(|owner| slice(text, owner).into()),
                range: definition.range.start as u32..definition.range.end as u32,
                signature: definition.signature(text, &comments).into(),
            });
        }
        symbols
    }

    /// The definitions that touch `window`.
    fn definitions(&self, text: &str, window: Range<usize>) -> Vec<Definition> {
        let mut tags = Tags::default();
        self.tags_in(text, window.clone(), |found| tags.take(found));
        self.named(text, tags, window.start).0
    }

    /// The definitions that have a name, and the comments. Of those that begin before `start` the name may not be in `tags`.
    fn named(&self, text: &str, tags: Tags, start: usize) -> (Vec<Definition>, Vec<Range<usize>>) {
        let Tags { mut definitions, comments, mut names, mut errors } = tags;
        names.sort_by_key(|(name, _)| name.start);
        definitions.retain_mut(|definition| {
            let is_cut = definition.name.is_empty() && definition.range.start < start;
            if is_cut {
                definition.take_name(&self.names(text, definition.before_body()))
            } else {
                definition.take_name(&names)
            }
        });
        // What did not parse before a body is most often the body's first statements.
        errors.sort_unstable();
        for definition in &mut definitions {
            let error = errors.get(errors.partition_point(|start| *start < definition.name.end));
            if let (Some(body), Some(error)) = (&mut definition.body, error) {
                body.start = body.start.min(*error);
            }
        }
        (definitions, comments)
    }

    /// The matches of `tags.scm` in `window` that are only a name, in order.
    fn names(&self, text: &str, window: Range<usize>) -> Vec<Named> {
        let mut tags = Tags::default();
        self.tags_in(text, window, |found| tags.take(found));
        tags.names.sort_by_key(|(name, _)| name.start);
        tags.names
    }

    /// Calls `visit` with the matches of `tags.scm` that touch `window`, of some bytes.
    fn tags_in(&self, text: &str, window: Range<usize>, visit: impl FnMut(Found)) {
        let Some(Rooted { query, .. }) = &self.language.queries().tags else { return };
        let mut cursor = QueryCursor::new();
        cursor.set_byte_range(window);
        matches_at(self.tree.root_node(), &mut cursor, query, text, visit);
    }

    /// Calls `visit` with the matches of some queries that touch `window`, and with the number of the query.
    fn matches<const N: usize>(
        &self,
        queries: [&Option<Rooted>; N],
        text: &str,
        window: Range<usize>,
        mut visit: impl FnMut(usize, Found),
    ) {
        let mut begun = QueryCursor::new();
        begun.set_max_start_depth(Some(0));
        let mut cursor = self.tree.walk();
        loop {
            let node = cursor.node();
            if node.start_byte() >= window.end {
                return;
            }
            let touches = node.end_byte() > window.start;
            for (i, query) in queries.iter().enumerate().filter(|_| touches) {
                if let Some(rooted) = query.as_ref().filter(|rooted| rooted.begins_with(node.kind_id())) {
                    matches_at(node, &mut begun, &rooted.query, text, |found| visit(i, found));
                }
            }
            if touches && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }
}

/// Calls `visit` with what `cursor` finds at a node and below it.
fn matches_at(node: Node, cursor: &mut QueryCursor, query: &Query, text: &str, mut visit: impl FnMut(Found)) {
    let mut matches = cursor.matches(query, node, text.as_bytes());
    while let Some(matched) = matches.next() {
        let mut found = Found::default();
        for capture in matched.captures() {
            let range = capture.node.byte_range();
            match query.capture_names().get(capture.index as usize).copied().unwrap_or_default() {
                "name" => found.name = Some(range),
                "body" => found.body = Some(range),
                "fields" => found.fields = Some(range),
                "of" => found.of = Some(range),
                "original" => found.original = Some(range),
                "path" => found.path = Some(range),
                "type" => found.type_name = Some(range),
                "constructor" => found.constructor = Some(range),
                own if own.starts_with('_') => {}
                whole => found.whole = Some((whole, range)),
            }
        }
        visit(found);
    }
}

impl Tags {
    fn take(&mut self, found: Found) {
        match (found.whole, found.name) {
            (Some(("comment", range)), _) => self.comments.push(range),
            (Some(("error", range)), _) => self.errors.push(range.start),
            (Some((whole, range)), name) => self.definitions.push(Definition {
                kind: Kind::named(whole),
                name: name.unwrap_or_default(),
                of: found.of,
                range,
                keeps_body: found.fields.is_some(),
                body: found.body.or(found.fields),
            }),
            (None, Some(name)) => self.names.push((name, found.of)),
            (None, None) => {}
        }
    }
}

impl<'a> Statements<'a> {
    fn take(&mut self, text: &'a str, found: Found) {
        self.statements.extend(found.whole.map(|(_, statement)| statement));
        if let Some(at) = found.name.clone().or(found.path.clone()) {
            let path = found.path.map(|path| last_part(slice(text, &path)));
            let name = found.name.map(|name| slice(text, &name));
            let original = found.original.map(|original| slice(text, &original)).or(path);
            self.names.push((at, name.or(path).unwrap_or_default(), original));
        }
    }

    fn imports(self, text: &str) -> Vec<Import> {
        let Statements { mut statements, mut names } = self;
        statements.sort_by_key(|statement| statement.start);
        names.sort_by_key(|(at, _, original)| (at.start, original.is_none()));
        names.dedup_by(|(later, ..), (kept, ..)| later == kept);
        let statement_of = |at: &Range<usize>| {
            let n_before = statements.partition_point(|statement| statement.start <= at.start);
            statements[..n_before].last().filter(|statement| at.end <= statement.end)
        };
        let import = |(at, name, original): (Range<usize>, &str, Option<&str>)| {
            let statement = cut(slice(text, statement_of(&at)?).trim_end(), MAX_STATEMENT).into();
            Some(Import { name: name.into(), original: original.unwrap_or(name).into(), statement })
        };
        names.into_iter().filter_map(import).collect()
    }
}

impl Kind {
    fn named(capture: &str) -> Option<Kind> {
        Some(match capture.strip_prefix("definition.")? {
            "function" => Kind::Function,
            "type" => Kind::Type,
            "module" => Kind::Module,
            "macro" => Kind::Macro,
            _ => Kind::Value,
        })
    }
}

impl Queries {
    pub const NONE: Queries = Queries { tags: None, imports: None, locals: None };

    /// Panics on a query that does not fit its grammar: the test of the fixtures compiles every one.
    pub fn new(id: &str, language: &tree_sitter::Language, [tags, imports, locals]: [&str; 3]) -> Queries {
        let compiled = |file: &str, source: &str| {
            Some(Rooted::new(language, source).unwrap_or_else(|error| panic!("{id}/{file}.scm: {error}")))
        };
        Queries {
            tags: compiled("tags", &format!("{tags}\n(ERROR) @error")),
            imports: compiled("imports", imports),
            locals: compiled("locals", locals),
        }
    }
}

/// The text may be newer than the tree.
fn slice<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).unwrap_or_default()
}

/// No more than `most` bytes, cut at the end of a line where there is one.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let cut = &text[..text.floor_char_boundary(most)];
    cut.rfind('\n').map_or(cut, |end| &cut[..end])
}

/// The last part of a path, quoted or not, without its extension; a Go module's version (`/v2`) is no part.
fn last_part(path: &str) -> &str {
    let path = path.trim_matches(['"', '\'', '`', '<', '>']);
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let part = path.rsplit('/').find(|part| !part.is_empty() && !is_version(part)).unwrap_or(path);
    match part.split_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => part,
    }
}
