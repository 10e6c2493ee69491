//! The terminal while `try` plays: rows in, only changed rows out, and everything back as it was at the end.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, MoveTo, SetCursorStyle, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::queue;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate,
    EnterAlternateScreen, LeaveAlternateScreen,
};
use unicode_width::UnicodeWidthChar;

use crate::cli::output::{self, Output, Style};

/// Holds the terminal; dropping it gives the terminal back, after an error or a panic, too.
pub struct Screen<'o> {
    output: &'o mut Output,
    /// What the terminal shows, row by row.
    shown: Vec<String>,
    colours: bool,
    /// The system wants the program to end.
    terminated: Arc<AtomicBool>,
}

/// What the terminal is to show.
pub struct Frame {
    pub rows: Vec<Row>,
    /// Column and row, from 0.
    pub cursor: (usize, usize),
}

/// One row: text in styles. Knows how many columns it takes.
#[derive(Default)]
pub struct Row {
    pieces: Vec<(Style, String)>,
    pub width: usize,
}

/// What the person in front of the terminal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    GoOn,
    Pause,
    End,
    /// The terminal has another size now.
    Redraw,
}

const TAB: &str = "    ";

/// How often a long wait looks whether the program is to end.
const LOOK_UP: Duration = Duration::from_millis(100);

impl<'o> Screen<'o> {
    /// Fails where there is no terminal that could be taken over.
    pub fn open(output: &'o mut Output) -> io::Result<Screen<'o>> {
        let terminated = termination()?;
        terminal::enable_raw_mode()?;
        let screen = Screen { output, shown: Vec::new(), colours: output::wants_colours(), terminated };
        queue!(screen.output, EnterAlternateScreen, DisableLineWrap, SetCursorStyle::SteadyBar)?;
        Ok(screen)
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        match terminal::size() {
            // Some pseudo-terminals do not know theirs.
            Ok((0, _) | (_, 0)) | Err(_) => (80, 24),
            Ok((columns, rows)) => (columns.into(), rows.into()),
        }
    }

    /// Writes the rows that differ from what is shown, in one go.
    pub fn draw(&mut self, frame: &Frame) -> io::Result<()> {
        let (width, _) = self.size();
        let rows: Vec<String> = frame.rows.iter().map(|row| row.render(width, self.colours)).collect();
        queue!(self.output, BeginSynchronizedUpdate, Hide)?;
        if rows.len() != self.shown.len() {
            self.shown = vec![String::new(); rows.len()];
            queue!(self.output, Clear(ClearType::All))?;
        }
        for (y, row) in rows.iter().enumerate().filter(|(y, row)| self.shown[*y] != **row) {
            // Cleared first: after a row that fills its line, clearing would take the last character.
            queue!(self.output, MoveTo(0, y as u16), Clear(ClearType::UntilNewLine))?;
            write!(self.output, "{row}")?;
        }
        let (x, y) = frame.cursor;
        queue!(self.output, MoveTo(x as u16, y as u16), Show, EndSynchronizedUpdate)?;
        self.shown = rows;
        self.output.flush()
    }

    /// Lets time pass, unless a key says otherwise.
    pub fn wait(&mut self, until: Instant) -> io::Result<Wish> {
        while !self.terminated.load(Ordering::Relaxed) {
            let left = until.saturating_duration_since(Instant::now());
            match event::poll(left.min(LOOK_UP))? {
                false if left <= LOOK_UP => return Ok(Wish::GoOn),
                false => continue,
                true => {}
            }
            match event::read()? {
                Event::Resize(..) => {
                    self.shown.clear();
                    return Ok(Wish::Redraw);
                }
                Event::Key(key) if key.kind == KeyEventKind::Press => match wish(key) {
                    Wish::GoOn => {}
                    wish => return Ok(wish),
                },
                _ => {}
            }
        }
        Ok(Wish::End)
    }

    /// Waits for the next key.
    pub fn wait_for_key(&mut self) -> io::Result<Wish> {
        loop {
            match self.wait(Instant::now() + Duration::from_secs(3600))? {
                Wish::GoOn => {}
                wish => return Ok(wish),
            }
        }
    }
}

/// Raised when the system, or the terminal that goes away, asks the program to end.
fn termination() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::<AtomicBool>::default();
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, flag.clone())?;
    }
    Ok(flag)
}

fn wish(key: KeyEvent) -> Wish {
    match key.code {
        KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => Wish::End,
        KeyCode::Char('q') | KeyCode::Esc => Wish::End,
        KeyCode::Char(' ') => Wish::Pause,
        _ => Wish::GoOn,
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        // Each on its own: one that fails must not keep the others from being tried.
        let _ = queue!(self.output, SetCursorStyle::DefaultUserShape, Show, EnableLineWrap, LeaveAlternateScreen);
        let _ = self.output.flush();
        let _ = terminal::disable_raw_mode();
    }
}

impl Row {
    pub fn push(&mut self, style: Style, text: &str) {
        let text: String = text.chars().map(Printable).map(|c| c.to_string()).collect();
        self.width += columns(&text);
        self.pieces.push((style, text));
    }

    /// Fills up with blanks, so that the next piece starts at this column at least.
    pub fn pad_to(&mut self, width: usize) {
        if self.width < width {
            self.push(Style::Plain, &" ".repeat(width - self.width));
        }
    }

    /// Leaves out columns at the left, as if the row had been scrolled.
    pub fn scrolled(self, mut n_columns: usize) -> Row {
        let mut row = Row::default();
        for (style, text) in self.pieces {
            let skipped: usize =
                text.chars().take_while(|c| take_columns(&mut n_columns, *c)).map(char::len_utf8).sum();
            row.push(style, &text[skipped..]);
        }
        row
    }

    pub fn append(&mut self, row: Row) {
        self.width += row.width;
        self.pieces.extend(row.pieces);
    }

    /// The row with the codes of its styles, cut to `width` columns.
    fn render(&self, width: usize, colours: bool) -> String {
        let is_cut = self.width > width;
        let mut left = width.saturating_sub(usize::from(is_cut));
        let mut rendered = String::new();
        for (style, text) in &self.pieces {
            let taken: String = text.chars().take_while(|c| take_columns(&mut left, *c)).collect();
            let is_whole = taken.len() == text.len();
            match style.codes(colours) {
                "" => rendered.push_str(&taken),
                codes => rendered.push_str(&format!("\x1b[{codes}m{taken}\x1b[0m")),
            }
            if !is_whole {
                break;
            }
        }
        if is_cut && width > 0 {
            rendered.push('…');
        }
        rendered
    }
}

/// Takes a character's columns from what is left; false when they are not there any more.
fn take_columns(left: &mut usize, c: char) -> bool {
    match left.checked_sub(c.width().unwrap_or(0)) {
        Some(rest) if *left > 0 || c.width() == Some(0) => {
            *left = rest;
            true
        }
        _ => false,
    }
}

pub fn columns(text: &str) -> usize {
    text.chars().map(|c| Printable(c).to_string().chars().map(|c| c.width().unwrap_or(0)).sum::<usize>()).sum()
}

/// A character as the terminal may get it: a control character would move the cursor, or worse.
struct Printable(char);

impl std::fmt::Display for Printable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            '\t' => f.write_str(TAB),
            c if c.is_control() => f.write_str("·"),
            c => write!(f, "{c}"),
        }
    }
}
