//! How `try` looks: a header, the text around the cursor with what is suggested, and live numbers.
//!
//! The cursor's line keeps its place on the screen: what is typed pushes the lines above it up, and the lines below
//! stand still.

use std::ops::Range;

use super::scene::Scene;
use super::screen::{Frame, Row, columns};
use super::tally::{milliseconds, percent, percentile};
use super::typist::Typist;
use crate::cli::output::Style;

pub struct View<'a> {
    pub scene: &'a Scene,
    pub typist: &'a Typist<'a>,
    /// Whether the last of what was taken was taken just now.
    pub glows: bool,
    /// How much of the time is over, 0 to 1.
    pub progress: f64,
    pub is_paused: bool,
}

/// Lower terminals do without the two rules, and still lower ones without the header.
const MIN_ROWS_FOR_RULES: usize = 14;
const MIN_ROWS_FOR_HEADER: usize = 5;

/// Stands at the left of what is being typed.
const GUTTER: &str = "▎";

impl View<'_> {
    pub fn frame(&self, width: usize, height: usize) -> Frame {
        let mut rows = Vec::new();
        if height >= MIN_ROWS_FOR_HEADER {
            rows.push(self.header(width));
        }
        let has_rules = height >= MIN_ROWS_FOR_RULES;
        if has_rules {
            rows.push(rule(width, 0.0));
        }
        let n_below = 1 + usize::from(has_rules);
        let first_row = rows.len();
        let n_code = height.saturating_sub(first_row + n_below).max(1);
        let (code, (x, y)) = self.code(width, n_code);
        rows.extend(code);
        if has_rules {
            rows.push(rule(width, self.progress));
        }
        rows.push(self.status(width));
        rows.truncate(height);
        Frame { rows, cursor: (x, first_row + y) }
    }

    fn header(&self, width: usize) -> Row {
        let lines = &self.scene.lines;
        let mut row = Row::default();
        row.push(Style::Bold, " foretype");
        row.push(Style::Plain, &format!("  {}", self.scene.name));
        row.push(Style::Dim, &format!(" {}–{}, cut out and typed anew", lines.start + 1, lines.end));
        let mut legend = Row::default();
        legend.push(Style::Ghost, "suggested");
        legend.push(Style::Taken, " taken ");
        if row.width + legend.width + 2 <= width {
            row.pad_to(width - legend.width);
            row.append(legend);
        }
        row
    }

    /// The lines around the cursor, and where the cursor is among them.
    fn code(&self, width: usize, n_rows: usize) -> (Vec<Row>, (usize, usize)) {
        let text = &self.typist.document.text;
        let current = text.line_of(self.typist.cursor);
        let top = current.saturating_sub(n_rows / 2);
        let mut rows = Vec::new();
        let mut cursor = (0, 0);
        for line in top..text.n_lines() {
            if rows.len() >= n_rows {
                break;
            }
            if line != current {
                rows.push(self.line(line, text.line_range(line)));
                continue;
            }
            let (row, x) = self.current_line(line, width);
            cursor = (x, rows.len());
            rows.push(row);
            rows.extend(self.ghost_lines().skip(1).map(|ghost| self.ghost_line(ghost)));
        }
        rows.truncate(n_rows);
        rows.resize_with(n_rows, Row::default);
        (rows, cursor)
    }

    fn line(&self, line: usize, range: Range<usize>) -> Row {
        let mut row = self.margin(Some(line));
        row.append(self.text(range));
        row
    }

    /// The cursor's line, scrolled when the cursor would leave the screen; and the cursor's column.
    fn current_line(&self, line: usize, width: usize) -> (Row, usize) {
        let text = &self.typist.document.text;
        let (range, cursor) = (text.line_range(line), self.typist.cursor);
        let mut row = self.margin(Some(line));
        let margin = row.width;
        let mut content = self.text(range.start..cursor);
        let x = content.width;
        let ghost = self.ghost_lines().next().unwrap_or_default();
        content.push(Style::Ghost, ghost);
        content.append(self.text(cursor..range.end));
        let room = width.saturating_sub(margin + 1);
        let wanted = x + columns(ghost).min(room / 2);
        let scrolled = wanted.saturating_sub(room).min(x);
        if scrolled == 0 {
            row.append(content);
        } else {
            row.push(Style::Dim, "…");
            row.append(content.scrolled(scrolled + 1));
        }
        (row, (margin + x - scrolled).min(width.saturating_sub(1)))
    }

    fn ghost_lines(&self) -> impl Iterator<Item = &str> {
        self.typist.ghost.as_deref().unwrap_or_default().lines()
    }

    fn ghost_line(&self, ghost: &str) -> Row {
        let mut row = self.margin(None);
        row.push(Style::Ghost, ghost);
        row
    }

    /// Line number and gutter; no number for a line that is not there yet.
    fn margin(&self, line: Option<usize>) -> Row {
        let text = &self.typist.document.text;
        let (first, current) = (self.scene.lines.start, text.line_of(self.typist.cursor));
        let mut row = Row::default();
        let number = line.map(|line| (line + 1).to_string()).unwrap_or_default();
        let style = if line == Some(current) { Style::Bold } else { Style::Dim };
        let width = text.n_lines().to_string().len().max(3);
        row.push(style, &format!(" {number:>width$} "));
        let is_typed = line.is_some_and(|line| (first..=current).contains(&line));
        row.push(Style::Good, if is_typed { GUTTER } else { " " });
        row
    }

    /// Text of one line; what was taken keeps its colour, and what was just taken glows.
    fn text(&self, range: Range<usize>) -> Row {
        let text = &self.typist.document.text;
        let mut row = Row::default();
        let mut at = range.start;
        for taken in self.typist.taken.iter().filter(|taken| taken.end > range.start && taken.start < range.end) {
            let (start, end) = (taken.start.max(range.start), taken.end.min(range.end));
            row.push(Style::Plain, &text.slice(at..start));
            let glows = self.glows && self.typist.taken.last() == Some(taken);
            row.push(if glows { Style::Good } else { Style::Taken }, &text.slice(start..end));
            at = end;
        }
        row.push(Style::Plain, &text.slice(at..range.end));
        row
    }

    /// The numbers, as many as fit, the most telling first.
    fn status(&self, width: usize) -> Row {
        let tally = &self.typist.tally;
        let saved = percent(tally.n_saved(), tally.n_needed);
        let numbers = [
            ("saved", format!("{saved} % of {} keys", tally.n_needed)),
            ("right", format!("{} of {} shown", tally.n_right, tally.n_shown)),
            ("answer", format!("{} ms", milliseconds(percentile(&tally.answers, 50)))),
        ];
        let mut row = Row::default();
        for (name, value) in numbers {
            if row.width + name.len() + value.len() + 3 > width {
                break;
            }
            row.push(Style::Dim, &format!(" {name} "));
            row.push(Style::Bold, &format!("{value}  "));
        }
        let keys = if self.is_paused { "space goes on " } else { "space pauses, q ends " };
        if row.width + keys.len() < width {
            row.pad_to(width - keys.len());
            row.push(Style::Dim, keys);
        }
        row
    }
}

fn rule(width: usize, progress: f64) -> Row {
    let n_filled = ((width as f64 * progress) as usize).min(width);
    let mut row = Row::default();
    row.push(Style::Good, &"━".repeat(n_filled));
    row.push(Style::Dim, &"─".repeat(width - n_filled));
    row
}
