//! The scan of what would leave the machine, piece by piece: stricter than that of whole files.
//!
//! There a hit silences a file; here it costs one piece of context, or one question to a remote engine, and a miss is
//! a key in somebody else's log. So beside the known shapes it finds what merely looks random: of 24 random characters
//! of Base64, 92 in 100; of 32, 97; of 40, 99; hex from 32 on. Its other side, pieces of code that it takes for secrets,
//! is measured in `tests/it/leaving.rs`: 3 in 1,000 pieces of 64 lines of Rust and Python libraries, most of them
//! test vectors and certificates.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::randomness::{entropy, is_placeholder, is_random_alone, is_random_in_one_case};
use super::secrets::{self, TELLING_NAMES, known_shapes, line_head};

/// Something that looks like a secret. It knows where, and keeps no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: &'static str,
    /// Bytes of the text that was looked through.
    pub range: Range<usize>,
}

/// Shorter runs are names, and parts of words.
const MIN_RANDOM: usize = 24;
const MIN_HEX: usize = 32;

/// Shorter values of telling names are switches and placeholders.
const MIN_VALUE: usize = 8;

/// Longest start of an address that is looked back over.
const MAX_ADDRESS: usize = 256;

const VALUE: &str = "value of a password or token";

/// Everything in `text` that looks like a secret, in its order, none inside another. Pure, linear in its length.
pub fn leaving(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = known_shapes(text).map(|(kind, range)| Found { kind, range }).collect();
    found.extend(private_keys(text));
    found.extend(values(text));
    found.extend(address_passwords(text));
    found.extend(authorizations(text));
    random(text, &mut found);
    found.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
    let mut end = 0;
    found.retain(|found| {
        let is_new = found.range.start >= end;
        end = end.max(found.range.end);
        is_new
    });
    found
}

/// A piece of context as it may be sent: unchanged, or not at all.
pub fn clear_piece(text: &str) -> Result<&str, Found> {
    leaving(text).into_iter().next().map_or(Ok(text), Err)
}

/// The text around the cursor, as it may be sent. Here the first find means that the question stays on this machine. What
/// is found may span the cursor, or be a password or token of which only the beginning is typed. The range counts
/// from the start of `before`, on into `after`.
pub fn clear_cursor(before: &str, after: &str) -> Result<(), Found> {
    let around = format!("{before}{after}");
    let found = leaving(&around).into_iter().next().or_else(|| begun(before));
    found.map_or(Ok(()), Err)
}

impl Found {
    /// 1-based, in the text that was looked through.
    pub fn line(&self, text: &str) -> usize {
        secrets::line_of(text, self.range.start.min(text.len()))
    }
}

/// A key after its marker; how much of it a piece holds depends on where the piece ends.
fn private_keys(text: &str) -> impl Iterator<Item = Found> + '_ {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[^A-Za-z0-9\\]){1,24}[A-Za-z0-9+/=]{16}",
        )
    });
    KEY.find_iter(text).map(|found| Found { kind: "private key", range: found.range() })
}

/// Follows a telling name: the rest of the name, an optional type, the sign, and the value, quoted or alone to the end of
/// the line.
const ASSIGNMENT: &str = r#"^([\w-]{0,24})["'`\]]{0,2}[ \t]*(?::[ \t]*[&'\w ]{1,16}=|:=|=>|={1,3}|:)[ \t]*(?:[rbfu&]{0,2}["'`]([^"'`\s]*)(["'`]|$)|([^\s"'`]*)[ \t]*\r?$)"#;

/// What a telling name is given.
struct Assigned<'a> {
    name: &'a str,
    value: Range<usize>,
    is_quoted: bool,
    is_closed: bool,
}

fn assigned(text: &str) -> impl Iterator<Item = Assigned<'_>> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| compiled(&format!("{TELLING_NAMES}|passphrase|pwd")));
    static REST: LazyLock<Regex> = LazyLock::new(|| compiled(ASSIGNMENT));
    NAME.find_iter(text).filter_map(move |name| {
        let rest = REST.captures(line_head(&text[name.end()..]))?;
        let quoted = rest.get(2);
        let value = quoted.or(rest.get(4))?;
        Some(Assigned {
            name: name.as_str(),
            value: name.end() + value.start()..name.end() + value.end(),
            is_quoted: quoted.is_some(),
            is_closed: rest.get(3).is_some_and(|quote| !quote.is_empty()),
        })
    })
}

fn values(text: &str) -> impl Iterator<Item = Found> + '_ {
    let is_secret = |assigned: &Assigned| {
        let value = &text[assigned.value.clone()];
        if value.len() < MIN_VALUE || stands_for_one(value) {
            return false;
        }
        let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
        let (digits, letters) = (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic));
        // Without quotes it may be code: a call, a path, a list.
        let is_literal = assigned.is_quoted || !has(|byte| b".(:;,<>{}[]&|".contains(byte));
        let is_password = assigned.is_quoted && assigned.name.to_ascii_lowercase().starts_with("pass");
        is_literal && !is_uuid(value) && letters && (digits || is_password) && entropy(value) >= 2.5
    };
    assigned(text).filter(is_secret).map(|assigned| Found { kind: VALUE, range: assigned.value })
}

/// A password or token that is being typed at the end of `before`.
fn begun(before: &str) -> Option<Found> {
    static START: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|[sr]k_live_|AIza|sk-|npm_|hf_|SG\.|AGE-SECRET-KEY-|AKIA|ASIA)[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]*$",
        )
    });
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let start = before.ceil_char_boundary(line.max(before.len().saturating_sub(MAX_ADDRESS)));
    let last = &before[start..];
    let token = START.find(last).map(|token| Found { kind: "token", range: token.range() });
    let value = || {
        let open = assigned(last).find(|value| value.is_quoted && !value.is_closed && value.value.end == last.len())?;
        Some(Found { kind: VALUE, range: open.value })
    };
    let Found { kind, range } = token.or_else(value)?;
    Some(Found { kind, range: start + range.start..start + range.end })
}

/// `scheme://user:password@host`
fn address_passwords(text: &str) -> impl Iterator<Item = Found> + '_ {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        compiled(r#"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@"'`<>]{0,64}:([^\s/@"'`]{3,128})@[A-Za-z0-9\[$.-]"#)
    });
    let password = |captures: Captures| {
        let password = captures.get(1)?;
        let kind = "password in an address";
        (!stands_for_one(password.as_str())).then(|| Found { kind, range: password.range() })
    };
    ADDRESS.captures_iter(text).filter_map(password)
}

fn authorizations(text: &str) -> impl Iterator<Item = Found> + '_ {
    static HEADER: LazyLock<Regex> =
        LazyLock::new(|| compiled(r"\b(?i:bearer|basic|token)[ \t]+([A-Za-z0-9+/=_.~-]{16,})"));
    let credentials = |captures: Captures| {
        let credentials = captures.get(1)?;
        let value = credentials.as_str();
        let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        let is_secret = is_mixed && !is_placeholder(value) && !is_uuid(value) && !value.contains("...");
        is_secret.then(|| Found { kind: "authorization header", range: credentials.range() })
    };
    HEADER.captures_iter(text).filter_map(credentials)
}

/// Runs of the characters of Base64 and its variants that look random, and long hex.
fn random(text: &str, found: &mut Vec<Found>) {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(byte);
    let bytes = text.as_bytes();
    let mut start = 0;
    for run in bytes.chunk_by(|a, b| is_part(a) == is_part(b)) {
        let range = start..start + run.len();
        start = range.end;
        if run.len() < MIN_RANDOM || !is_part(&run[0]) {
            continue;
        }
        let run = &text[range.clone()];
        if let Some(kind) = random_kind(text, &range, run) {
            found.push(Found { kind, range });
        }
    }
}

fn random_kind(text: &str, range: &Range<usize>, run: &str) -> Option<&'static str> {
    let is_address = || is_in_address(text, range.start);
    let mut words = run.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= MIN_RANDOM);
    if words.clone().any(|word| is_key_hex(word) && !is_digest(text, range, word) && !is_address()) {
        return Some("hexadecimal key");
    }
    let is_random = if is_random_alone(run) && !is_placeholder(run) {
        // A path in an address is judged by its parts.
        let mut parts = run.split('/').filter(|part| part.len() >= MIN_RANDOM);
        !is_address() || parts.any(is_random_alone)
    } else {
        words.any(|word| is_random_in_one_case(word) && !is_placeholder(word))
    };
    // The hash in `sha512-…` is that of a public file.
    let is_integrity = ["sha256-", "sha384-", "sha512-", "h1"].iter().any(|start| run.starts_with(start));
    (is_random && !is_integrity).then_some("random-looking text")
}

fn is_key_hex(word: &str) -> bool {
    let hex = word.strip_prefix("0x").unwrap_or(word);
    let has = |test: fn(&u8) -> bool| hex.as_bytes().iter().any(test);
    hex.len() >= MIN_HEX
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !is_placeholder(hex)
}

/// Whether the line says that this is the digest of something public: a checksum, a commit. It must have the length of
/// one, and must not speak of passwords.
fn is_digest(text: &str, range: &Range<usize>, word: &str) -> bool {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)sha\d|sha_|md5|blake|digest|checksum|hash|commit|revision|\brev\b|fingerprint|integrity|etag|oid",
        )
    });
    static TELLING: LazyLock<Regex> = LazyLock::new(|| compiled(TELLING_NAMES));
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let start = text.ceil_char_boundary(start.max(range.start.saturating_sub(MAX_ADDRESS)));
    let line = &text[start..range.end];
    [32, 40, 64, 96, 128].contains(&word.len()) && NAMED.is_match(line) && !TELLING.is_match(line)
}

/// Whether `offset` stands behind the `://` of an address.
fn is_in_address(text: &str, offset: usize) -> bool {
    let start = text.ceil_char_boundary(offset.saturating_sub(MAX_ADDRESS));
    let before = &text[start..offset];
    let ends = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    before.rfind(ends).map_or(before, |at| &before[at..]).contains("://")
}

/// What stands where a secret would be filled in, or is known to all.
fn stands_for_one(value: &str) -> bool {
    const KNOWN: &[&str] = &["password", "passwd", "secret", "token", "user", "test", "foo", "bar", "pass", "postgres"];
    let lower = value.to_ascii_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c == '!');
    let is_filled_in =
        value.starts_with(['$', '<', '{', '%', '*', '(', '[']) || value.contains("${") || value.contains("{{");
    is_filled_in || KNOWN.contains(&stem) || lower.contains("xxx") || (value.len() >= 12 && is_placeholder(value))
}

fn is_uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are well formed")
}
