//! Models that lost the thread say the same thing over and over.

use super::Rejected;

/// Source: Tabby drops five equal lines in a row.
const N_EQUAL_LINES: usize = 5;

/// This many rounds of a block of lines at the end are a loop, not a table.
const N_EQUAL_BLOCKS: usize = 3;

/// How many words at the end must have a period of at most how many. Source: Copilot's client looks for short periods
/// at the end of the tokens; the figures are ours, wide enough for a row of zeros or a small table.
const PERIODS: &[(usize, usize)] = &[(24, 2), (48, 8), (96, 24)];

pub(super) fn check(text: &str) -> Result<(), Rejected> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words = words(text);
    let loops = ends_in_equal_lines(&lines)
        || ends_in_equal_blocks(&lines)
        || PERIODS.iter().any(|(window, longest)| has_period(&words, *window, *longest));
    if loops { Err(Rejected::Repetitive) } else { Ok(()) }
}

fn ends_in_equal_lines(lines: &[&str]) -> bool {
    lines.windows(N_EQUAL_LINES).any(|run| run.iter().all(|line| *line == run[0]))
}

/// Blocks of at least two lines, at the end.
fn ends_in_equal_blocks(lines: &[&str]) -> bool {
    (2..=lines.len() / N_EQUAL_BLOCKS).any(|n_lines| {
        let end = &lines[lines.len() - n_lines * N_EQUAL_BLOCKS..];
        end.iter().zip(&end[n_lines..]).all(|(line, next)| line == next)
    })
}

/// Whether the last `window` words repeat with a period of at most `longest`.
fn has_period(words: &[&str], window: usize, longest: usize) -> bool {
    let Some(start) = words.len().checked_sub(window) else { return false };
    shortest_period(&words[start..]) <= longest
}

/// By the failure function of Knuth, Morris and Pratt: the length less that of the longest border.
fn shortest_period(words: &[&str]) -> usize {
    let mut borders = vec![0; words.len()];
    for end in 1..words.len() {
        let mut border: usize = borders[end - 1];
        while border > 0 && words[border] != words[end] {
            border = borders[border - 1];
        }
        borders[end] = border + usize::from(words[border] == words[end]);
    }
    words.len() - borders.last().copied().unwrap_or(0)
}

/// Identifiers and numbers whole, everything else character by character, blanks left out.
fn words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}
