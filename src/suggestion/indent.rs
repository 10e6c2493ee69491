//! Indentation: joined to what the cursor's line has, written the document's way, and never left below the block's.

use super::{Hole, Rejected, indent_of};

/// One step of indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Tab,
    Spaces(usize),
}

/// How wide a tab is where nothing says so.
const TAB_WIDTH: usize = 4;

/// Takes off the start what the cursor's line has already: its indentation when it is blank, else its last blank.
/// Engines disagree on whether text for an indented blank line repeats the indentation; editors have put it there.
pub(super) fn joined(draft: String, hole: &Hole) -> String {
    let line = hole.line_before();
    if !hole.is_line_blank() {
        let is_doubled = line.ends_with([' ', '\t']) && draft.starts_with([' ', '\t']);
        return if is_doubled { draft.trim_start_matches([' ', '\t']).to_owned() } else { draft };
    }
    // A blank line is there to be filled, not to be followed.
    let start = draft.len() - draft.trim_start().len();
    let draft = draft[..start].rfind('\n').map_or(draft.as_str(), |at| &draft[at + 1..]);
    let own = indent_of(draft);
    let n_total = width(line) + width(own);
    if own.is_empty() || line.is_empty() || n_total <= expected_width(hole) {
        return draft.to_owned();
    }
    match draft.strip_prefix(line) {
        Some(rest) => rest.to_owned(),
        None => draft[own.len()..].to_owned(),
    }
}

/// Where the line above lets this one begin: one step deeper when it opens a block.
fn expected_width(hole: &Hole) -> usize {
    let above = hole.before.rsplit('\n').skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
    width(indent_of(above))
        + if opens_block(above) { step_width(step_of(hole).unwrap_or(Step::Spaces(TAB_WIDTH))) } else { 0 }
}

fn opens_block(line: &str) -> bool {
    line.trim_end().ends_with(['{', '(', '[', ':'])
}

/// Writes the indentation of the lines after the first (and of the first, when it starts its line) with the document's
/// own step: tabs or spaces, and how many. Source: Tabby, Copilot's `normalizeIndent`.
pub(super) fn in_document_style(draft: &str, hole: &Hole) -> String {
    let Some(step) = step_of(hole) else { return draft.to_owned() };
    let base = width(indent_of(hole.line_before()));
    let scale = scale(draft, base, step);
    let rewrite = |line: &str, n_before: usize| {
        let own = indent_of(line);
        let n_wide = width(own) + n_before;
        let n_scaled = if n_wide > base { base + scale.apply(n_wide - base) } else { n_wide };
        format!("{}{}", written(n_scaled.saturating_sub(n_before), step), &line[own.len()..])
    };
    let lines = draft.split('\n').enumerate().map(|(row, line)| match row {
        0 if !hole.is_line_blank() => line.to_owned(),
        0 => rewrite(line, base),
        _ => rewrite(line, 0),
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// From the candidate's step to the document's.
#[derive(Clone, Copy)]
struct Scale {
    from: usize,
    to: usize,
}

impl Scale {
    fn apply(self, width: usize) -> usize {
        width / self.from * self.to + width % self.from
    }
}

/// The candidate's step is its smallest indentation below a line that opens a block, if all the deeper ones are
/// multiples of it; otherwise lines are aligned to something, and are left as they are.
fn scale(draft: &str, base: usize, step: Step) -> Scale {
    let to = step_width(step);
    let same = Scale { from: to, to };
    let lines: Vec<&str> = draft.split('\n').filter(|line| !line.trim().is_empty()).collect();
    let deeper = |line: &str| width(indent_of(line)).saturating_sub(base);
    let opened = lines.windows(2).filter(|pair| opens_block(pair[0])).map(|pair| deeper(pair[1]));
    let Some(from) = opened.filter(|n_deeper| *n_deeper > 0).min() else { return same };
    let is_step = [2, 3, 4, 8].contains(&from);
    let all_steps = lines.iter().skip(1).all(|line| deeper(line) % from == 0);
    if is_step && all_steps { Scale { from, to } } else { same }
}

/// The document's step: tabs where the indented lines begin with tabs, else the most frequent difference between a
/// line that opens a block and the next one.
fn step_of(hole: &Hole) -> Option<Step> {
    let lines = hole.before.lines().chain(hole.after.lines()).filter(|line| !line.trim().is_empty());
    let lines: Vec<&str> = lines.collect();
    let n_tabbed = lines.iter().filter(|line| line.starts_with('\t')).count();
    let n_spaced = lines.iter().filter(|line| line.starts_with("  ")).count();
    if n_tabbed > n_spaced {
        return Some(Step::Tab);
    }
    let mut counts = [0usize; 9];
    for pair in lines.windows(2).filter(|pair| opens_block(pair[0])) {
        let deeper = width(indent_of(pair[1])).saturating_sub(width(indent_of(pair[0])));
        if let Some(count) = counts.get_mut(deeper) {
            *count += 1;
        }
    }
    let (n_spaces, count) = (2..counts.len()).map(|n| (n, counts[n])).max_by_key(|(n, count)| (*count, 9 - n))?;
    (count > 0).then_some(Step::Spaces(n_spaces))
}

fn step_width(step: Step) -> usize {
    match step {
        Step::Tab => TAB_WIDTH,
        Step::Spaces(n) => n,
    }
}

/// How wide an indentation is, in columns.
fn width(indent: &str) -> usize {
    indent.chars().map(|c| if c == '\t' { TAB_WIDTH } else { 1 }).sum()
}

/// An indentation of `width` columns.
fn written(width: usize, step: Step) -> String {
    match step {
        Step::Tab => "\t".repeat(width / TAB_WIDTH) + &" ".repeat(width % TAB_WIDTH),
        Step::Spaces(_) => " ".repeat(width),
    }
}

/// Cuts before the first line that is indented less than the block of the cursor, but keeps that line when it closes
/// the block and the text below does not. Source: Tabby's `limitScope`.
pub(super) fn within_block(draft: &str, hole: &Hole) -> Result<String, Rejected> {
    let own = if hole.is_line_blank() { indent_of(draft).len() } else { 0 };
    let block = hole.n_indent_before() + own;
    let mut kept_len = 0;
    for (row, line) in draft.split_inclusive('\n').enumerate() {
        let is_outside = row > 0 && !line.trim().is_empty() && indent_of(line).len() < block;
        if is_outside {
            if is_closer(line) && !closes_below(line, hole) {
                kept_len += line.len();
            }
            break;
        }
        kept_len += line.len();
    }
    let kept = draft[..kept_len].trim_end_matches('\n');
    if kept.trim().is_empty() { Err(Rejected::LeavesBlock) } else { Ok(kept.to_owned()) }
}

/// A line that does nothing but close what stands above it.
pub(super) fn is_closer(line: &str) -> bool {
    let line = line.trim();
    let is_bracket = !line.is_empty() && line.chars().all(|c| matches!(c, ')' | ']' | '}' | ';' | ','));
    is_bracket || matches!(line, "end" | "end," | "end)" | "fi" | "done" | "esac")
}

fn closes_below(line: &str, hole: &Hole) -> bool {
    hole.lines_below().next().is_some_and(|below| indent_of(below) == indent_of(line) && is_closer(below))
        || is_closer(hole.rest())
}
