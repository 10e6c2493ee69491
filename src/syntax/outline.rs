//! What a file defines and imports, and which types its variables are declared with.
//!
//! Three queries of a language's folder answer it; a language without one has none of that. What their captures mean:
//!
//! - `tags.scm`: `@definition.function`, `.type`, `.module`, `.value`, `.macro` on a whole definition, with its `@name`
//!   and, where it has one, its `@body`, which its signature leaves out. `@owner` is what defines nothing but holds
//!   definitions (Rust's `impl`), with the `@name` of the type that it speaks of.
//! - `imports.scm`: `@import` on a statement, with each `@name` that it brings in and, where it is renamed, `@original`.
//! - `locals.scm`: `@name` of a variable, parameter or field, and the bare name of its declared `@type`.

use std::ops::Range;

use tree_sitter::{Query, QueryCursor, StreamingIterator};

use super::Tree;

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
    /// Without path, reference and parameters.
    pub type_name: Box<str>,
    /// Of the name, bytes.
    pub offset: usize,
}

/// A definition around the cursor.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    pub name: Box<str>,
    /// The declaration, up to the body.
    pub signature: Range<usize>,
    pub body: Range<usize>,
}

/// A longer declaration is cut at the end of a line.
pub const MAX_SIGNATURE: usize = 600;
const MAX_STATEMENT: usize = 400;

/// The queries, compiled.
pub(super) struct Queries {
    tags: Option<Query>,
    imports: Option<Query>,
    locals: Option<Query>,
}

/// A match of one of the queries, by the names of its captures.
#[derive(Default)]
struct Found<'a> {
    /// Of the capture that is the whole: its name and range.
    whole: Option<(&'a str, Range<usize>)>,
    names: Vec<Range<usize>>,
    body: Option<Range<usize>>,
    original: Option<Range<usize>>,
    type_name: Option<Range<usize>>,
}

impl Tree {
    /// Everything that the text defines and imports. Milliseconds: not for the request path. Where a part did not parse,
    /// the definitions in it may be missing.
    pub fn outline(&self, text: &str) -> Outline {
        let queries = self.language.queries();
        let mut outline = Outline::default();
        let mut definitions = self.definitions(text, 0..text.len());
        definitions.sort_by_key(|definition| (definition.range.start, std::cmp::Reverse(definition.range.end)));
        definitions.dedup_by(|later, kept| later.range == kept.range && later.name == kept.name);
        let mut open: Vec<&Definition> = Vec::new();
        for definition in &definitions {
            while open.last().is_some_and(|around| around.range.end < definition.range.end) {
                open.pop();
            }
            if let Some(kind) = definition.kind {
                outline.symbols.push(Symbol {
                    name: slice(text, &definition.name).into(),
                    kind,
                    owner: open.last().map(|owner| slice(text, &owner.name).into()),
                    range: definition.range.start as u32..definition.range.end as u32,
                    signature: cut(slice(text, &definition.signature()).trim_end(), MAX_SIGNATURE).into(),
                });
            }
            open.push(definition);
        }
        self.matches(&queries.imports, text, 0..text.len(), |found| {
            let Some((_, statement)) = &found.whole else { return };
            for name in &found.names {
                let name = slice(text, name);
                outline.imports.push(Import {
                    name: name.into(),
                    original: found.original.as_ref().map_or(name, |original| slice(text, original)).into(),
                    statement: cut(slice(text, statement).trim_end(), MAX_STATEMENT).into(),
                });
            }
        });
        outline.imports.dedup();
        outline
    }

    /// Variables, parameters and fields in `range` whose type is written down, in their order.
    pub fn locals(&self, text: &str, range: Range<usize>) -> Vec<Local> {
        let mut locals = Vec::new();
        self.matches(&self.language.queries().locals, text, range, |found| {
            let Some(type_name) = &found.type_name else { return };
            for name in &found.names {
                let (type_name, offset) = (slice(text, type_name).into(), name.start);
                locals.push(Local { name: slice(text, name).into(), type_name, offset });
            }
        });
        locals.sort_by_key(|local| local.offset);
        locals
    }

    /// The definitions with a body around `offset`, outermost first.
    pub fn scopes(&self, text: &str, offset: usize) -> Vec<Scope> {
        let window = offset.saturating_sub(1)..offset + 1;
        let definitions = self.definitions(text, window).into_iter();
        let mut scopes: Vec<Scope> = definitions
            .filter_map(|definition| {
                let body = definition.body.clone()?;
                let name = slice(text, &definition.name).into();
                (body.start <= offset && offset <= body.end).then(|| Scope {
                    name,
                    signature: definition.signature(),
                    body,
                })
            })
            .collect();
        scopes.sort_by_key(|scope| (scope.signature.start, std::cmp::Reverse(scope.body.end)));
        scopes.dedup();
        scopes
    }

    fn definitions(&self, text: &str, window: Range<usize>) -> Vec<Definition> {
        let mut definitions = Vec::new();
        self.matches(&self.language.queries().tags, text, window, |found| {
            let (Some((whole, range)), Some(name)) = (found.whole, found.names.first()) else { return };
            let (kind, name) = (Kind::named(whole), name.clone());
            definitions.push(Definition { kind, name, range, body: found.body });
        });
        definitions
    }

    /// Calls `visit` with the matches of a query that touch `window`.
    fn matches(&self, query: &Option<Query>, text: &str, window: Range<usize>, mut visit: impl FnMut(Found)) {
        let Some(query) = query else { return };
        let mut cursor = QueryCursor::new();
        cursor.set_byte_range(window);
        let mut matches = cursor.matches(query, self.tree.root_node(), text.as_bytes());
        while let Some(matched) = matches.next() {
            let mut found = Found::default();
            for capture in matched.captures() {
                let range = capture.node.byte_range();
                match query.capture_names().get(capture.index as usize).copied().unwrap_or_default() {
                    "name" => found.names.push(range),
                    "body" => found.body = Some(range),
                    "original" => found.original = Some(range),
                    "type" => found.type_name = Some(range),
                    whole => found.whole = Some((whole, range)),
                }
            }
            visit(found);
        }
    }
}

/// A match of `tags.scm`; `kind` is absent for an `@owner`.
struct Definition {
    kind: Option<Kind>,
    name: Range<usize>,
    range: Range<usize>,
    body: Option<Range<usize>>,
}

impl Definition {
    fn signature(&self) -> Range<usize> {
        self.range.start..self.body.as_ref().map_or(self.range.end, |body| body.start)
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
            Some(Query::new(language, source).unwrap_or_else(|error| panic!("{id}/{file}.scm: {error}")))
        };
        Queries {
            tags: compiled("tags", tags),
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
