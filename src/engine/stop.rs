//! Where a text is long enough: each token more is time that the user waits.
//!
//! One line, or the block that the line opens. Judged by the lines alone, as the text grows; what may be shown of it is
//! decided elsewhere (`suggestion`).

/// The place that a text is made for.
pub struct Place<'a> {
    /// The cursor's line, left of the cursor.
    pub line_before: &'a str,
    /// The text right of the cursor; a window is enough.
    pub after: &'a str,
    pub max_lines: usize,
}

/// Lines that are equal in a row before the rest is thrown away.
const MAX_EQUAL: usize = 3;

impl Place<'_> {
    /// The length at which `text` is long enough, if it is; the rest is to be cut off.
    pub fn end(&self, text: &str) -> Option<usize> {
        let mut start = 0;
        let mut lines: Vec<String> = Vec::new();
        while let Some(n) = text[start..].find('\n') {
            let new = text[start..start + n].trim_end_matches('\r');
            // The first line goes on where the cursor stands.
            let line = if start == 0 { format!("{}{new}", self.line_before) } else { new.to_string() };
            if let Some(is_kept) = self.judge(&lines, &line) {
                let end = if is_kept { start + new.len() } else { start };
                return Some(text[..end].trim_end_matches(['\n', '\r']).len());
            }
            // A cursor on an empty line may be answered by empty lines first.
            if !(lines.is_empty() && line.trim().is_empty()) {
                lines.push(line);
            }
            start += n + 1;
        }
        None
    }

    /// Whether the text ends with this whole line, and then whether the line still belongs to it.
    fn judge(&self, before: &[String], line: &str) -> Option<bool> {
        // The rest of a line that is begun may read like the line below.
        let is_whole = !before.is_empty() || self.line_before.trim().is_empty();
        if is_whole && self.is_below(line) {
            return Some(false);
        }
        let Some(opener) = before.first() else {
            let is_alone = self.max_lines <= 1 || !self.rest().trim().is_empty();
            return (!line.trim().is_empty() && (is_alone || !opens_block(line))).then_some(true);
        };
        let is_repeated = before.len() >= MAX_EQUAL && before.iter().rev().take(MAX_EQUAL).all(|other| other == line);
        if is_repeated || line.trim().is_empty() {
            return Some(false);
        }
        if indent_of(line) <= indent_of(opener) {
            let closes = line.trim_start().starts_with(['}', ')', ']']) || line.trim() == "end";
            return Some(closes);
        }
        (before.len() + 1 >= self.max_lines).then_some(true)
    }

    /// The cursor's line, right of the cursor.
    fn rest(&self) -> &str {
        self.after.split('\n').next().unwrap_or_default()
    }

    /// Whether this is the next line that stands there already.
    fn is_below(&self, line: &str) -> bool {
        let below = self.after.split('\n').skip(1).map(str::trim).find(|line| !line.is_empty());
        // A bracket alone closes many blocks.
        line.trim().len() > 2 && below == Some(line.trim())
    }
}

fn opens_block(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(['{', '(', '[', ':']) || line.ends_with("=>") || line.ends_with(" do") || line.ends_with(" then")
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}
