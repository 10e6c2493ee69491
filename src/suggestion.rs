//! Raw engine text to what may be shown, or a rejection with its reason.
//!
//! Pure, and blind to which engine spoke. The rules run in the order of [`refine`]; each is a small function with its
//! source. Inside, line breaks are `\n` alone. Must not know engines, the cache or the wire.

mod brackets;
mod clean;
mod indent;
mod odds;
mod overlap;
mod repetition;

use std::borrow::Cow;
use std::time::Duration;

use crate::syntax::{self, Language};

pub use odds::Odds;

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
    /// Past this it is left open whether a suggestion would break what parses now.
    pub parse_within: Duration,
}

impl Default for Options {
    /// A parse of the surroundings takes well under a millisecond.
    fn default() -> Options {
        Options { max_lines: 10, parse_within: Duration::from_millis(2) }
    }
}

/// Why a candidate is not shown. `Display` gives the sentence for `why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    Empty,
    /// Only markers of the prompt format.
    OnlyMarkers,
    /// A control or invisible character, or the trace of a broken one.
    Unprintable(char),
    /// Nothing but the text left of the cursor again.
    EchoesPrefix,
    /// The text stands below, or right of, the cursor already.
    AlreadyThere,
    /// The same lines or words over and over.
    Repetitive,
    /// It begins outside of the block that the cursor is in.
    LeavesBlock,
    /// It closes a bracket that nobody opened.
    ForeignCloser(char),
    /// The file would no longer parse where it parses now.
    AddsParseError,
}

/// How many lines on each side of the cursor the parse sees.
const N_PARSED_LINES: usize = 60;

/// Applies every rule in order.
pub fn refine(raw: &str, around: &Around, options: &Options) -> Result<Suggestion, Rejected> {
    let hole = Hole::new(around);
    let draft = clean::unwrapped(raw, &hole)?;
    clean::check_printable(&draft)?;
    let draft = overlap::without_echo(&draft, &hole)?;
    let draft = indent::joined(draft, &hole);
    let draft = indent::in_document_style(&draft, &hole);
    repetition::check(&draft)?;
    overlap::check_below(&draft, &hole)?;
    let draft = indent::within_block(&draft, &hole)?;
    let draft = overlap::without_lines_below(draft, &hole)?;
    let draft = brackets::without_foreign_closers(draft, &hole)?;
    let (draft, n_replaced) = overlap::fitted_to_rest(draft, &hole)?;
    let draft = brackets::cut_to_lines(draft, options.max_lines, &hole);
    let draft = clean::without_trailing_blanks(&draft);
    if draft.is_empty() {
        return Err(Rejected::Empty);
    }
    check_parse(&draft, n_replaced, &hole, options.parse_within)?;
    Ok(Suggestion { text: draft.replace('\n', hole.line_break), n_replaced })
}

/// Whether the beginning of a candidate may still turn out to repeat what stands around the cursor, as [`refine`] would
/// see only when it is whole.
pub fn may_become_known(beginning: &str, around: &Around) -> bool {
    overlap::may_become_known(beginning, &Hole::new(around))
}

/// The place to be filled: the text around the cursor with its line breaks made `\n`.
struct Hole<'a> {
    language: Option<Language>,
    before: Cow<'a, str>,
    after: Cow<'a, str>,
    /// The document's own.
    line_break: &'static str,
}

impl<'a> Hole<'a> {
    fn new(around: &Around<'a>) -> Hole<'a> {
        Hole {
            language: around.language,
            before: clean::with_plain_breaks(around.prefix),
            after: clean::with_plain_breaks(around.suffix),
            line_break: clean::line_break(around.prefix).or(clean::line_break(around.suffix)).unwrap_or("\n"),
        }
    }

    /// The cursor's line, left of the cursor.
    fn line_before(&self) -> &str {
        last_line(&self.before)
    }

    /// The cursor's line, right of the cursor.
    fn rest(&self) -> &str {
        self.after.split('\n').next().unwrap_or_default()
    }

    /// The lines under the cursor's line that are not blank.
    fn lines_below(&self) -> impl Iterator<Item = &str> {
        self.after.split('\n').skip(1).filter(|line| !line.trim().is_empty())
    }

    fn is_line_blank(&self) -> bool {
        self.line_before().trim().is_empty()
    }

    fn n_indent_before(&self) -> usize {
        indent_of(self.line_before()).len()
    }
}

/// Source: Cody ranks candidates by parse errors; here one that adds an error is dropped.
fn check_parse(draft: &str, n_replaced: usize, hole: &Hole, within: Duration) -> Result<(), Rejected> {
    let Some(language) = hole.language else { return Ok(()) };
    if !brackets::looks_complete(draft, hole) {
        return Ok(());
    }
    let before = last_lines(&hole.before, N_PARSED_LINES);
    let after = first_lines(&hole.after[n_replaced..], N_PARSED_LINES);
    match syntax::adds_error(language, before, draft, after, within) {
        Some(true) => Err(Rejected::AddsParseError),
        Some(false) | None => Ok(()),
    }
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// The leading blanks of a line.
fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn first_lines(text: &str, n_lines: usize) -> &str {
    let end = text.match_indices('\n').nth(n_lines.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// The last line and `n_above` lines above it.
fn last_lines(text: &str, n_above: usize) -> &str {
    let start = text.rmatch_indices('\n').nth(n_above).map_or(0, |(at, _)| at + 1);
    &text[start..]
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rejected::Empty => f.write_str("the candidate holds no text"),
            Rejected::OnlyMarkers => f.write_str("the candidate holds nothing but markers of the prompt format"),
            Rejected::Unprintable(c) => write!(f, "the candidate holds the unprintable character U+{:04X}", *c as u32),
            Rejected::EchoesPrefix => f.write_str("the candidate only repeats the text left of the cursor"),
            Rejected::AlreadyThere => f.write_str("the candidate's text stands right after the cursor already"),
            Rejected::Repetitive => f.write_str("the candidate says the same thing over and over"),
            Rejected::LeavesBlock => f.write_str("the candidate begins outside of the cursor's block"),
            Rejected::ForeignCloser(c) => write!(f, "the candidate closes a `{c}` that nothing opened"),
            Rejected::AddsParseError => f.write_str("the candidate adds a syntax error"),
        }
    }
}
