//! A review as Markdown: a table of files, then each file's hunks with their numbers.

use std::fmt::Write;

use super::{File, Review};
use crate::agent::hunks::{Hunk, Lines};
use crate::agent::worktree::ChangeKind;

/// Lines around a hunk.
const CONTEXT: usize = 3;
/// Lines of one file that are shown; who wants more opens the file.
const MAX_LINES: usize = 1_500;

pub fn markdown(review: &Review, title: &str) -> String {
    // Writing into a string does not fail.
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n\n{}.", one_line(title), capitalized(&review.summary()));
    if !review.files.is_empty() {
        let _ = writeln!(out, "\n| file | change | lines | look twice |\n|---|---|---|---|");
    }
    for (file, row) in review.files.iter().zip(review.rows()) {
        let from = row.from.map(|from| format!("{} → ", code(&from))).unwrap_or_default();
        let (path, kind, notices) = (code(&row.path), word(row.kind), row.notices.join(", "));
        let lines =
            if file.texts().is_some() { format!("+{} −{}", row.n_added, row.n_removed) } else { String::new() };
        let _ = writeln!(out, "| {from}{path} | {kind} | {lines} | {notices} |");
    }
    for left_out in &review.left_out {
        let _ = writeln!(out, "\nNot taken over: {}, {}.", code(&left_out.path), left_out.reason);
    }
    for file in &review.files {
        let _ = writeln!(out, "\n## {}\n", code(&file.path().display().to_string()));
        out.push_str(&body(file));
    }
    out
}

fn body(file: &File) -> String {
    let n_bytes =
        |side: &Option<Vec<u8>>| side.as_ref().map_or("none".to_string(), |side| format!("{} bytes", side.len()));
    match file.texts() {
        None => format!("Not a text: {} before, {} now.\n", n_bytes(&file.old), n_bytes(&file.new)),
        Some(_) if file.hunks.is_empty() => "The text is the same.\n".to_string(),
        Some((old, new)) => {
            let diff = diff(old, new, &file.hunks);
            let fence = "`".repeat(3.max(1 + longest_run(&diff)));
            format!("{fence}diff\n{diff}{fence}\n")
        }
    }
}

/// Each hunk under a head with its number, so that it can be named.
fn diff(old: &str, new: &str, hunks: &[Hunk]) -> String {
    let (old, new) = (Lines::of(old), Lines::of(new));
    let (mut out, mut n_lines, mut shown_to) = (String::new(), 0, 0);
    for (i, hunk) in hunks.iter().enumerate() {
        if n_lines > MAX_LINES {
            let _ = writeln!(out, "# {} more hunks are not shown here", hunks.len() - i);
            break;
        }
        let before = hunk.old.start.saturating_sub(CONTEXT).max(shown_to)..hunk.old.start;
        let next = hunks.get(i + 1).map_or(old.len(), |next| next.old.start);
        let after = hunk.old.end..(hunk.old.end + CONTEXT).min(next);
        let _ = writeln!(
            out,
            "@@ -{},{} +{},{} @@ hunk {}",
            before.start + 1,
            after.end - before.start,
            hunk.new.start + 1 - before.len(),
            before.len() + hunk.new.len() + after.len(),
            i + 1
        );
        shown_to = after.end;
        n_lines += before.len() + hunk.old.len() + hunk.new.len() + after.len();
        for (sign, lines, range) in
            [(' ', &old, before), ('-', &old, hunk.old.clone()), ('+', &new, hunk.new.clone()), (' ', &old, after)]
        {
            let n_more = range.len().saturating_sub(MAX_LINES);
            range.take(MAX_LINES).for_each(|line| push(&mut out, sign, lines.slice(line..line + 1)));
            if n_more > 0 {
                let _ = writeln!(out, "# {n_more} more lines of this hunk are not shown here");
            }
        }
    }
    out
}

fn push(out: &mut String, sign: char, line: &str) {
    out.push(sign);
    out.push_str(line.trim_end_matches(['\n', '\r']));
    out.push('\n');
    if !line.ends_with('\n') {
        out.push_str("\\ No newline at end of file\n");
    }
}

/// Of backticks, which would end the block.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// In backticks, of which a name may have some itself, and fit for a table.
fn code(text: &str) -> String {
    let (text, quote) = (one_line(text).replace('|', "\\|"), "`".repeat(1 + longest_run(text)));
    let blank = if quote.len() > 1 { " " } else { "" };
    format!("{quote}{blank}{text}{blank}{quote}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "new",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Modified => "changed",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Mode => "mode",
    }
}
