//! What the settings say of suggestions.

use super::Without;
use crate::cache;

#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub enabled: bool,
    /// Language identifiers that get no suggestions.
    pub disabled_languages: Vec<String>,
    /// Suggest inside comments.
    pub in_comments: bool,
    /// Suggest inside string literals.
    pub in_strings: bool,
    /// Most lines of one suggestion.
    pub max_lines: usize,
    /// Larger documents get none.
    pub max_document_bytes: usize,
    /// What is shown unasked has at least this chance of being right, 0 to 1.
    pub min_chance: f32,
    /// As `min_chance`, of the beginning of a line whose end is not as sure.
    pub min_part_chance: f32,
    /// Whether a model is asked for what may follow an accepted text, and whether on battery, too.
    pub ahead: bool,
    pub ahead_on_battery: bool,
    pub without: Without,
    pub cache: cache::Options,
}
