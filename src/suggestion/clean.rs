//! What no document should get: prompt markers, a chat model's wrapping, unprintable characters, stray blanks.

use std::borrow::Cow;

use super::{Hole, Rejected};

/// The markers of every model family, as their tokenizer files name them. Leaks into buffers are reported for all of
/// them, and not only for the model that a client thinks it uses, so each is looked for always.
const MARKERS: &[&str] = &[
    // Qwen, Codestral's and others' chat forms.
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    // StarCoder, Granite, SantaCoder, Refact.
    "<fim_prefix>",
    "<fim_suffix>",
    "<fim_middle>",
    "<fim_pad>",
    "<fim-prefix>",
    "<fim-suffix>",
    "<fim-middle>",
    "<repo_name>",
    "<reponame>",
    "<file_sep>",
    "<gh_stars>",
    "<|end_of_text|>",
    "<|begin_of_text|>",
    // CodeLlama, Llama, Mistral.
    "<PRE>",
    "<SUF>",
    "<MID>",
    "<EOT>",
    "▁<PRE>",
    "▁<SUF>",
    "▁<MID>",
    "▁<EOT>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "[PREFIX]",
    "[SUFFIX]",
    "[MIDDLE]",
    "[INST]",
    "[/INST]",
    // DeepSeek; the bars are full-width.
    "<｜fim▁begin｜>",
    "<｜fim▁hole｜>",
    "<｜fim▁end｜>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    // CodeGemma, GLM, Seed, Phi.
    "<|file_separator|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<eos>",
    "<|code_prefix|>",
    "<|code_suffix|>",
    "<|code_middle|>",
    "<[fim-prefix]>",
    "<[fim-suffix]>",
    "<[fim-middle]>",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
];

/// The text between the markers and fences that a model wraps it in, with line breaks made `\n`.
pub(super) fn unwrapped(raw: &str, hole: &Hole) -> Result<String, Rejected> {
    let text = without_markers(raw, hole);
    if text.is_empty() && !raw.is_empty() {
        return Err(Rejected::OnlyMarkers);
    }
    let text = with_plain_breaks(text);
    let text = without_fence(&text, hole);
    if text.trim().is_empty() { Err(Rejected::Empty) } else { Ok(text.to_owned()) }
}

/// Drops the markers at the start and cuts at the next one. Source: every peer keeps a stop list for its own model.
/// What looks like a marker in the document itself (a tokenizer's source, upper-case HTML) is text.
fn without_markers<'a>(raw: &'a str, hole: &Hole) -> &'a str {
    let present = MARKERS.iter().filter(|marker| raw.contains(*marker));
    let markers: Vec<&str> =
        present.filter(|marker| !hole.before.contains(*marker) && !hole.after.contains(*marker)).copied().collect();
    let mut text = raw;
    while let Some(rest) = markers.iter().find_map(|marker| text.strip_prefix(marker)) {
        text = rest;
    }
    let end = markers.iter().filter_map(|marker| text.find(marker)).min().unwrap_or(text.len());
    &text[..end]
}

/// Chat models answer in a Markdown fence although told not to. In Markdown itself a fence is text.
fn without_fence<'a>(text: &'a str, hole: &Hole) -> &'a str {
    if hole.language.is_some_and(|language| language.id() == "markdown") {
        return text;
    }
    let inside = match text.trim_start().strip_prefix("```") {
        Some(fenced) => fenced.split_once('\n').map_or("", |(_language, inside)| inside),
        None => text,
    };
    match inside.find("\n```") {
        Some(end) if !hole.before.contains("\n```") => &inside[..end],
        _ => inside.strip_prefix("```").unwrap_or(inside),
    }
}

/// Control characters but tab and line break; characters that reorder or hide text (the "Trojan source" set, zero
/// widths but the two joiners that scripts and emoji need); and the replacement character, the trace of a character
/// that was cut in two.
pub(super) fn check_printable(text: &str) -> Result<(), Rejected> {
    let is_unprintable = |c: &char| match c {
        '\n' | '\t' => false,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    };
    match text.chars().find(is_unprintable) {
        Some(c) => Err(Rejected::Unprintable(c)),
        None => Ok(()),
    }
}

/// Blank lines lose their blanks, the end loses blanks and line breaks.
pub(super) fn without_trailing_blanks(text: &str) -> String {
    let lines = text.trim_end().split('\n').enumerate();
    let lines: Vec<&str> = lines.map(|(row, line)| if row > 0 && line.trim().is_empty() { "" } else { line }).collect();
    lines.join("\n")
}

/// The first line break in `text`.
pub(super) fn line_break(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let at = memchr::memchr2(b'\n', b'\r', bytes)?;
    match (bytes[at], bytes.get(at + 1)) {
        (b'\n', _) => Some("\n"),
        (_, Some(b'\n')) => Some("\r\n"),
        // A window may end between the two halves of a break.
        (_, None) => Some("\r\n"),
        _ => Some("\r"),
    }
}

pub(super) fn with_plain_breaks(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}
