//! Secrets in content: keys and tokens of known shapes, and random-looking values assigned to telling names.
//!
//! A hit silences a whole file, so every shape is strict, and what documentation and tests write in the place of a
//! secret (`EXAMPLE`, `xxxx`, words) is let through.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::randomness::{is_placeholder, looks_random};

/// One kind of secret. `starts` tells by which of the shapes a match was made.
struct Shape {
    kind: &'static str,
    starts: &'static [&'static str],
    pattern: &'static str,
}

/// Formats as their issuers document them.
const SHAPES: &[Shape] = &[
    Shape {
        kind: "private key",
        starts: &["-----BEGIN"],
        // The marker alone stands in every parser of such files; what follows it must look like the key itself.
        pattern: r#"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[^A-Za-z0-9\\]){1,24}(?:[A-Za-z-]{4,20}: [^\n]{0,80}\n\s*){0,4}[A-Za-z0-9+/=]{40}"#,
    },
    Shape { kind: "AWS access key id", starts: &["AKIA", "ASIA"], pattern: r"(?:AKIA|ASIA)[A-Z2-7]{16}(?-u:\b)" },
    Shape {
        kind: "GitHub token",
        starts: &["gh", "github_pat_"],
        pattern: r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}",
    },
    Shape { kind: "GitLab token", starts: &["glpat-"], pattern: r"glpat-[A-Za-z0-9_-]{20,}" },
    Shape { kind: "Slack token", starts: &["xox"], pattern: r"xox[abeoprs]-[0-9]{6,}-[A-Za-z0-9-]{10,}" },
    Shape {
        kind: "webhook address",
        starts: &["https://"],
        pattern: r"https://(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/[A-Za-z0-9_/-]{24,}",
    },
    Shape { kind: "Stripe key", starts: &["sk_live_", "rk_live_"], pattern: r"[sr]k_live_[A-Za-z0-9]{16,}" },
    Shape { kind: "Google API key", starts: &["AIza"], pattern: r"AIza[A-Za-z0-9_-]{35}" },
    Shape { kind: "model provider's key", starts: &["sk-"], pattern: r"sk-(?:[a-z]{2,8}-)?[A-Za-z0-9_-]{32,}" },
    Shape { kind: "npm token", starts: &["npm_"], pattern: r"npm_[A-Za-z0-9]{36}(?-u:\b)" },
    Shape { kind: "PyPI token", starts: &["pypi-"], pattern: r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}" },
    Shape { kind: "Hugging Face token", starts: &["hf_"], pattern: r"hf_[A-Za-z0-9]{34}(?-u:\b)" },
    Shape { kind: "SendGrid key", starts: &["SG."], pattern: r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}" },
    Shape { kind: "age key", starts: &["AGE-SECRET-KEY-"], pattern: r"AGE-SECRET-KEY-1[0-9A-Z]{58}" },
    Shape {
        kind: "JSON web token",
        starts: &["eyJ"],
        pattern: r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    },
];

/// What the values are called that nobody else should see.
pub(super) const TELLING_NAMES: &str =
    r"(?i)passw(?:or)?d|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential";

/// Follows a telling name: the rest of the name, an optional type, the sign, and the value (quoted, or alone to the end
/// of the line).
const ASSIGNMENT: &str = r#"^[\w-]{0,24}["'`\]]{0,2}[ \t]*(?::[ \t]*[&'\w ]{1,16}=|:=|=>|[:=])[ \t]*(?:[rbf&]{0,2}["'`]([A-Za-z0-9+/=_-]{20,})["'`]|([A-Za-z0-9+/=_-]{20,})[ \t]*\r?$)"#;

/// No value is looked for further away from its name.
const MAX_ASSIGNMENT_BYTES: usize = 320;

/// The first secret of each sort of search: its kind and its 1-based line.
pub(super) fn find(text: &str) -> Option<(&'static str, usize)> {
    let shaped = known_shapes(text).next().map(|(kind, range)| (kind, range.start));
    let (kind, offset) = shaped.or_else(|| assigned_value(text))?;
    Some((kind, line_of(text, offset)))
}

/// 1-based.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..offset]).count() + 1
}

/// All secrets of known shapes: kind and bytes.
pub(super) fn known_shapes(text: &str) -> impl Iterator<Item = (&'static str, Range<usize>)> + '_ {
    static ANY: LazyLock<Regex> = LazyLock::new(|| {
        let patterns: Vec<&str> = SHAPES.iter().map(|shape| shape.pattern).collect();
        Regex::new(&patterns.join("|")).expect("the shapes are well formed")
    });
    let found = ANY.find_iter(text);
    let found = found.filter(|found| is_word_start(text, found.start()) && !is_placeholder(found.as_str()));
    found.filter_map(|found| {
        let shape = SHAPES.iter().find(|shape| shape.starts.iter().any(|start| found.as_str().starts_with(start)))?;
        Some((shape.kind, found.range()))
    })
}

fn assigned_value(text: &str) -> Option<(&'static str, usize)> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(TELLING_NAMES).expect("the names are well formed"));
    static REST: LazyLock<Regex> = LazyLock::new(|| Regex::new(ASSIGNMENT).expect("the assignment is well formed"));
    let name = NAME.find_iter(text).find(|name| {
        let rest = line_head(&text[name.end()..]);
        let Some(captures) = REST.captures(rest) else { return false };
        let value = captures.get(1).or(captures.get(2)).map_or("", |value| value.as_str());
        !is_placeholder(value) && looks_random(value)
    })?;
    Some(("value of a password or token", name.start()))
}

/// The rest of the line, as far as an assignment is looked for.
pub(super) fn line_head(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_ASSIGNMENT_BYTES);
    let head = &text.as_bytes()[..end];
    &text[..memchr::memchr(b'\n', head).unwrap_or(end)]
}

/// `sk-` also ends `disk-`. A match that opens with a dash has its own start.
fn is_word_start(text: &str, offset: usize) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text[..offset].ends_with(is_word) || !text[offset..].starts_with(is_word)
}
