//! A query that is asked only of the nodes that its patterns begin with.
//!
//! A query by itself looks at every node of a tree and works out its field, its siblings and its range, of which most
//! nodes need nothing: 15 ms for the 58,000 nodes of 7,700 lines of Rust, and a cursor's walk over them takes 5.

use tree_sitter::{Language, Query, QueryError};

/// A query, and the kinds of nodes that its patterns begin with.
pub(super) struct Rooted {
    pub query: Query,
    /// By the number of the kind, the last one for errors.
    roots: Vec<bool>,
}

/// What a bracket of a query opens.
#[derive(Clone, Copy)]
enum Open {
    Node,
    /// A pattern in brackets of its own, and whether its first element is still to come.
    Group {
        begins: bool,
    },
    /// Whether each of its elements begins a pattern.
    Alternation {
        begins: bool,
    },
}

impl Rooted {
    /// Panics on a pattern that may begin with any node: nothing would be gained.
    pub fn new(language: &Language, source: &str) -> Result<Rooted, QueryError> {
        let query = Query::new(language, source)?;
        let mut roots = vec![false; language.node_kind_count() + 1];
        for i in 0..query.pattern_count() {
            let pattern = &source[query.start_byte_for_pattern(i)..query.end_byte_for_pattern(i)];
            for kind in begins(pattern) {
                let id = language.id_for_node_kind(kind, true);
                assert!(id != 0 && !language.node_kind_is_supertype(id), "`{kind}` is no kind of node: {pattern}");
                roots[usize::from(id).min(language.node_kind_count())] = true;
            }
        }
        Ok(Rooted { query, roots })
    }

    /// Whether a pattern may begin with a node of this kind.
    pub fn begins_with(&self, kind: u16) -> bool {
        self.roots[usize::from(kind).min(self.roots.len() - 1)]
    }
}

/// The kinds of nodes that a pattern begins with.
fn begins(pattern: &str) -> Vec<&str> {
    let (mut kinds, mut open) = (Vec::new(), Vec::new());
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let behind = rest[c.len_utf8()..].trim_start();
        rest = &rest[c.len_utf8()..];
        match c {
            '(' | '[' => {
                let begins = match open.last_mut() {
                    None => true,
                    Some(Open::Node) => false,
                    Some(Open::Alternation { begins }) => *begins,
                    Some(Open::Group { begins }) => std::mem::take(begins),
                };
                let name = &behind[..behind.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(behind.len())];
                open.push(match (c, behind.chars().next()) {
                    ('[', _) => Open::Alternation { begins },
                    (_, Some('(' | '[')) => Open::Group { begins },
                    _ => Open::Node,
                });
                let is_node = matches!(open.last(), Some(Open::Node));
                kinds.extend((is_node && begins).then_some(name));
            }
            ')' | ']' => drop(open.pop()),
            '"' => rest = rest.split_once('"').map_or("", |(_, behind)| behind),
            ';' => rest = rest.split_once('\n').map_or("", |(_, behind)| behind),
            _ => {}
        }
    }
    kinds
}
