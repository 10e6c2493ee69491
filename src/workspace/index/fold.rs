//! Folded text: source text without what differs from place to place and says nothing.
//!
//! A folded line is its change of depth against the line above, its content without blanks at either end, and a line
//! feed. Depth is a mark, not blanks, so that the same code matches at every indentation and can be set in any style.
//! Several blank lines are one. Byte offsets of folded text mean nothing in the original.

/// Stands before each file; no other byte below 3 is a NUL.
pub const FILE: u8 = 0;
/// Before a line's content: one level deeper than the line above.
pub const DEEPER: u8 = 1;
/// Before a line's content, once for every level that ends above it.
pub const SHALLOWER: u8 = 2;

/// The column that a tab reaches next is a multiple of this.
const TAB_WIDTH: usize = 4;

/// Folds lines one after the other.
#[derive(Default)]
pub struct Folder {
    /// Columns of the open levels, ascending; the outermost, column 0, is not in it.
    levels: Vec<usize>,
    after_blank: bool,
}

/// Folds whole `text` onto the end of `out`.
pub fn fold(text: &str, out: &mut Vec<u8>) {
    let mut folder = Folder::default();
    for line in lines(text) {
        folder.push_line(line, out);
    }
}

/// The lines of `text` by LF, CRLF or CR, without their breaks.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = memchr::memchr2(b'\n', b'\r', text.as_bytes()) else { return rest.take() };
        let n_break = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + n_break..]);
        Some(&text[..end])
    })
}

/// Whole folded lines as they may have been written, each level indented by `unit`; the outermost stand at the margin.
pub fn unfold(folded: &[u8], unit: &str) -> String {
    let (mut depth, mut outermost) = (0i32, 0i32);
    let mut lines = Vec::new();
    for line in folded.split(|byte| *byte == b'\n') {
        let n_marks = line.iter().take_while(|byte| is_depth(**byte)).count();
        let (marks, content) = line.split_at(n_marks);
        let is_first = lines.is_empty();
        for mark in marks.iter().filter(|_| !is_first) {
            depth += if *mark == DEEPER { 1 } else { -1 };
        }
        outermost = outermost.min(depth);
        lines.push((depth, content));
    }
    let mut text = String::new();
    for (i, (depth, content)) in lines.into_iter().enumerate() {
        text.extend((i > 0).then_some('\n'));
        if !content.is_empty() {
            (outermost..depth).for_each(|_| text.push_str(unit));
            text.push_str(&String::from_utf8_lossy(content));
        }
    }
    text
}

impl Folder {
    /// Adds a complete line.
    pub fn push_line(&mut self, line: &str, out: &mut Vec<u8>) {
        let line = line.trim_end();
        if line.is_empty() {
            if !self.after_blank {
                out.push(b'\n');
            }
            self.after_blank = true;
            return;
        }
        self.push_partial(line, out);
        out.push(b'\n');
    }

    /// Adds a line's beginning as it stands, blanks at its end included; no line feed. An empty one counts as code at
    /// its column.
    pub fn push_partial(&mut self, line: &str, out: &mut Vec<u8>) {
        let content = line.trim_start();
        self.push_depth(column(&line[..line.len() - content.len()]), out);
        out.extend(content.bytes().map(|byte| if byte < b' ' && !is_blank(byte) { b' ' } else { byte }));
        self.after_blank = false;
    }

    fn push_depth(&mut self, column: usize, out: &mut Vec<u8>) {
        while self.levels.last().is_some_and(|&level| level > column) {
            self.levels.pop();
            out.push(SHALLOWER);
        }
        if column > self.levels.last().copied().unwrap_or(0) {
            self.levels.push(column);
            out.push(DEEPER);
        }
    }
}

/// The column behind `blanks`.
fn column(blanks: &str) -> usize {
    blanks.bytes().fold(0, |column, byte| if byte == b'\t' { (column / TAB_WIDTH + 1) * TAB_WIDTH } else { column + 1 })
}

pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

pub fn is_depth(byte: u8) -> bool {
    byte == DEEPER || byte == SHALLOWER
}

pub fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether a byte is no content of a line.
fn is_mark(byte: u8) -> bool {
    byte == FILE || is_depth(byte) || byte == b'\n'
}

/// Whether a token starts at `at`: a word or a punctuation mark, the blanks before it, or the end of the line. A line's
/// first token starts behind the marks of depth.
pub fn starts_token(text: &[u8], at: usize) -> bool {
    let (Some(&byte), Some(&before)) = (text.get(at), at.checked_sub(1).and_then(|at| text.get(at))) else {
        return false;
    };
    match (before, byte) {
        (_, b'\n') => true,
        (_, FILE | DEEPER | SHALLOWER) | (b' ' | b'\t', _) => false,
        (FILE | DEEPER | SHALLOWER | b'\n', _) => true,
        _ => !(is_word(before) && is_word(byte)),
    }
}

/// How many bytes `a` and `b` have in common at their ends.
pub fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// The rest of the line from `at`, without its line feed.
pub fn rest_of_line(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
}

/// How many bytes of a line stand before its content.
pub fn n_marks(line: &[u8]) -> usize {
    line.iter().take_while(|byte| is_mark(**byte)).count()
}

/// Where the contents of lines start.
pub fn contents(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let line = rest_of_line(text, at);
            let content = at + n_marks(line);
            let has_content = at + line.len() > content;
            at += line.len() + 1;
            if has_content {
                return Some(content);
            }
        }
        None
    })
}

/// The contents of the lines above the one whose content starts at `content`, the nearest first; blank ones are left
/// out.
pub fn lines_back(text: &[u8], content: usize) -> impl Iterator<Item = &[u8]> {
    let mut end = content;
    std::iter::from_fn(move || {
        while end > 0 && (is_depth(text[end - 1]) || text[end - 1] == b'\n') {
            end -= 1;
        }
        let start = line_content(text, end);
        let line = &text[start..end];
        end = start;
        (!line.is_empty()).then_some(line)
    })
}

/// Where the content of the line that holds `at` starts.
pub fn line_content(text: &[u8], at: usize) -> usize {
    text[..at].iter().rposition(|&byte| is_mark(byte)).map_or(0, |at| at + 1)
}
