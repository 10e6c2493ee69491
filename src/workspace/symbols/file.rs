//! The symbols of one file, and which files have any.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::syntax::outline::Outline;
use crate::syntax::{Language, Tree};
use crate::text::Text;

pub struct FileSymbols {
    pub path: Arc<Path>,
    pub language: Language,
    pub outline: Outline,
    pub(super) key: Key,
}

/// Names a text of a language; what it was made from cannot be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub [u8; 16]);

/// A parse of the largest files that are admitted takes some 50 ms; what takes far longer is not code.
const MAX_PARSE: Duration = Duration::from_millis(200);

/// Text with longer lines, on average or one of them, was generated or minified: nobody calls what it defines.
const MAX_MEAN_LINE_BYTES: usize = 200;
const MAX_LINE_BYTES: usize = 5_000;

/// What an allocation costs beside its bytes, about.
const ALLOCATION: usize = 16;

impl FileSymbols {
    /// Parses, as [`outline`]. `None` for a file that gives no symbols: of a language without outlines, generated, or too
    /// long to parse.
    pub fn parse(path: Arc<Path>, language: Language, text: &str, old: Option<&Tree>) -> Option<FileSymbols> {
        let outline = is_outlined(language, text).then(|| outline(language, text, old, &|| false))??;
        Some(FileSymbols { path, language, outline, key: Key::of(language, text) })
    }

    /// The first lines of what it defines at its top, one under the other, as many as fit; those in `known` left out.
    pub fn heads(&self, max_bytes: usize, known: &str) -> String {
        let mut text = String::new();
        for symbol in self.outline.symbols.iter().filter(|symbol| symbol.owner.is_none()) {
            let head = symbol.signature.lines().next().unwrap_or_default();
            if text.len() + head.len() < max_bytes && !known.contains(head) {
                text.push_str(head);
                text.push('\n');
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// An estimate of the memory it takes.
    pub fn n_bytes(&self) -> usize {
        let text = |text: &str| text.len() + ALLOCATION;
        let symbols = self.outline.symbols.iter().map(|symbol| {
            size_of_val(symbol) + text(&symbol.name) + text(&symbol.signature) + symbol.owner.as_deref().map_or(0, text)
        });
        let imports =
            self.outline.imports.iter().map(|import| {
                size_of_val(import) + text(&import.name) + text(&import.original) + text(&import.statement)
            });
        size_of_val(self) + self.path.as_os_str().len() + symbols.chain(imports).sum::<usize>()
    }
}

impl Key {
    pub fn of(language: Language, text: &str) -> Key {
        let digest = Sha256::new().chain_update(language.id()).chain_update([0]).chain_update(text).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Key(key)
    }
}

/// Whether a file of that language and text may have symbols.
pub fn is_outlined(language: Language, text: &str) -> bool {
    language.outline_sources().is_some() && !is_generated(text)
}

/// Parses, from `old` on, which went along with every edit since. `None` when that took too long, or `stopped` said so.
pub fn outline(language: Language, text: &str, old: Option<&Tree>, stopped: &dyn Fn() -> bool) -> Option<Outline> {
    // From the first question on: before it, the language's queries are compiled.
    let mut started = None;
    let mut stop = || stopped() || started.get_or_insert_with(Instant::now).elapsed() > MAX_PARSE;
    let tree = Tree::parse(&Text::new(text), language, old, &mut stop).ok()?;
    let mut outline = tree.outline(text);
    outline.symbols.shrink_to_fit();
    outline.imports.shrink_to_fit();
    Some(outline)
}

fn is_generated(text: &str) -> bool {
    let (mut n_lines, mut start) = (1, 0);
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        if end - start > MAX_LINE_BYTES {
            return true;
        }
        n_lines += 1;
        start = end + 1;
    }
    text.len() / n_lines > MAX_MEAN_LINE_BYTES
}
