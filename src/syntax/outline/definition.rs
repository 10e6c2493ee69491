//! One definition of a file, and what is asked of it: its name, its signature, whether an offset is inside.

use std::borrow::Cow;
use std::ops::Range;

use super::{Kind, MAX_SIGNATURE, cut, slice};

/// Enough for a constant and the first rows of a table.
const MAX_VALUE_SIGNATURE: usize = 200;

/// A name in `tags.scm`, and its `@of`.
pub(super) type Named = (Range<usize>, Option<Range<usize>>);

/// A match of `tags.scm`; `kind` is absent for an `@owner`.
pub(super) struct Definition {
    pub kind: Option<Kind>,
    pub name: Range<usize>,
    pub of: Option<Range<usize>>,
    pub range: Range<usize>,
    pub body: Option<Range<usize>>,
    pub keeps_body: bool,
}

impl Definition {
    /// The declaration, without the space before the body.
    pub fn head(&self, text: &str) -> Range<usize> {
        let head = self.before_body();
        head.start..head.start + slice(text, &head).trim_end().len()
    }

    pub fn before_body(&self) -> Range<usize> {
        self.range.start..self.body.as_ref().map_or(self.range.end, |body| body.start)
    }

    /// Whether `offset` is in the body. The blank lines around the statements of a body that has no delimiters are.
    pub fn is_around(&self, text: &str, offset: usize) -> bool {
        let Some(body) = &self.body else { return false };
        let space = self.head(text).end..body.start;
        let start = if slice(text, &space).contains('\n') { space.start + 1 } else { space.end };
        start <= offset && offset <= body.end.max(self.range.end)
    }

    /// Whether only blank lines lie between it and `offset`, which is indented deeper.
    pub fn goes_on_below(&self, text: &str, offset: usize) -> bool {
        let indent = |at: usize| slice(text, &(0..at)).bytes().rev().take_while(|byte| *byte != b'\n').count();
        let below = text.get(self.range.end..offset).is_some_and(|rest| rest.trim().is_empty() && rest.contains('\n'));
        self.body.is_some() && below && indent(offset) > indent(self.range.start)
    }

    /// Finds its name, where its own match has none, as the first in its head; `false` where there is none.
    pub fn take_name(&mut self, names: &[Named]) -> bool {
        if self.name.is_empty() {
            let head = self.before_body();
            let first = names.get(names.partition_point(|(name, _)| name.start < head.start));
            let Some((name, of)) = first.filter(|(name, _)| name.end <= head.end) else { return false };
            (self.name, self.of) = (name.clone(), of.clone());
        }
        true
    }

    /// Whether it is no symbol: a variable of a function, a field that stands in the signature of its type, the type that
    /// a `typedef` gives its own name.
    pub fn is_part_of(&self, around: &Definition, text: &str) -> bool {
        let is_value = self.kind == Some(Kind::Value) && self.of.is_none();
        let is_prototype = self.kind == Some(Kind::Function) && self.body.is_none();
        match around.kind {
            Some(Kind::Function) => is_value || is_prototype,
            Some(Kind::Type) if self.kind == around.kind => slice(text, &self.name) == slice(text, &around.name),
            _ => is_value && around.keeps_body,
        }
    }

    /// `comments` are those of the file, in order.
    pub fn signature<'a>(&self, text: &'a str, comments: &[Range<usize>]) -> Cow<'a, str> {
        let range = if self.keeps_body { self.range.clone() } else { self.before_body() };
        let most = if self.kind == Some(Kind::Value) { MAX_VALUE_SIGNATURE } else { MAX_SIGNATURE };
        let inside = &comments[comments.partition_point(|comment| comment.end <= range.start)..];
        let inside = &inside[..inside.partition_point(|comment| comment.start < range.end)];
        if inside.is_empty() {
            return cut(end_trimmed(slice(text, &range)), most).into();
        }
        let (mut signature, mut start) = (String::new(), range.start);
        for comment in inside {
            signature += slice(text, &(start..comment.start)).trim_end();
            // Some grammars count the end of the line to the comment.
            start = comment.end - usize::from(slice(text, comment).ends_with('\n'));
            if signature.is_empty() || signature.ends_with('(') {
                start += slice(text, &(start..range.end)).len() - slice(text, &(start..range.end)).trim_start().len();
            }
        }
        signature += slice(text, &(start..range.end));
        cut(end_trimmed(&signature), most).to_string().into()
    }
}

/// Without the space, and a macro's joined line, before a body.
fn end_trimmed(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_whitespace() || c == '\\')
}
