//! Raw engine text to what may be shown, or a rejection with its reason.
//!
//! Pure, and blind to which engine spoke. The rules run in the order of [`refine`]; each is a small function with its
//! source. Must not know engines, the cache or the wire.

use crate::syntax::Language;

/// What the user would see and insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The text to insert at the cursor; may have several lines, uses the document's own line break.
    pub text: String,
    /// How many bytes right of the cursor, on the same line, the text replaces (usually 0).
    pub n_replaced: usize,
}

/// The text around the cursor, as windows that need not reach the ends of the document.
pub struct Around<'a> {
    pub language: Option<Language>,
    /// Ends at the cursor; starts at a line start.
    pub prefix: &'a str,
    /// Starts at the cursor.
    pub suffix: &'a str,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Longer suggestions are cut to this many lines.
    pub max_lines: usize,
}

/// Why a candidate is not shown. `Display` gives the sentence for `why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    Empty,
}

/// Applies every rule in order.
pub fn refine(_raw: &str, _around: &Around, _options: &Options) -> Result<Suggestion, Rejected> {
    todo!()
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
