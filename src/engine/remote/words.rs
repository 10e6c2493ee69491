//! From the answer of a model that was asked in words to the text for the hole: without fences, and without what it
//! repeats of the line that it goes on with. Pure.

/// `None` while that cannot be told yet.
pub fn aligned(raw: &str, line_before: &str, is_whole: bool) -> Option<String> {
    let text = unfenced(raw, is_whole)?;
    let text = unrepeated(text, line_before, is_whole)?;
    Some(text.to_string())
}

/// What stands between the fences, if there are any.
fn unfenced(raw: &str, is_whole: bool) -> Option<&str> {
    let trimmed = raw.trim_start();
    if trimmed.is_empty() || "```".starts_with(trimmed) {
        return is_whole.then_some(raw);
    }
    let Some(inside) = trimmed.strip_prefix("```") else {
        // A fence behind the text closes nothing.
        return Some(raw.find("\n```").map_or(raw, |end| &raw[..end]));
    };
    let start = match inside.find('\n') {
        Some(end) => end + 1,
        None => return is_whole.then_some(""),
    };
    let inside = &inside[start..];
    Some(inside.find("```").map_or(inside, |end| inside[..end].strip_suffix('\n').unwrap_or(&inside[..end])))
}

/// Models like to begin at the start of the line, or of the word.
fn unrepeated<'a>(text: &'a str, line_before: &str, is_whole: bool) -> Option<&'a str> {
    let line = line_before.trim_start();
    let said = text.trim_start_matches([' ', '\t']);
    if line.is_empty() {
        return Some(text);
    }
    if let Some(rest) = said.strip_prefix(line) {
        return Some(rest);
    }
    if !is_whole && line.starts_with(said) {
        return None;
    }
    let word_start = line.char_indices().rev().take_while(|(_, c)| c.is_alphanumeric() || *c == '_').last();
    let word = word_start.map_or("", |(at, _)| &line[at..]);
    match text.strip_prefix(word) {
        // `fo` before `foo(bar)`: nobody writes `fofoo`.
        Some(rest) if !word.is_empty() && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(') => {
            Some(rest)
        }
        _ => Some(text),
    }
}
