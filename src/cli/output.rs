//! Where a subcommand writes to: stdout, locked once and buffered, with styles only where they are wanted.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

pub struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    styled: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    Bold,
    /// Of second importance, such as line numbers.
    Dim,
    /// Suggested, not yet part of the text.
    Ghost,
    /// Suggested, and made part of the text.
    Taken,
    Good,
    Bad,
}

impl Output {
    pub fn stdout() -> Output {
        let lock = io::stdout().lock();
        let styled = lock.is_terminal() && wants_colours();
        Output { writer: BufWriter::new(lock), styled }
    }

    /// The text in its style; bare where stdout is no terminal or `NO_COLOR` is set.
    pub fn paint(&self, style: Style, text: &str) -> String {
        match style.codes(true) {
            codes if self.styled && !codes.is_empty() => format!("\x1b[{codes}m{text}\x1b[0m"),
            _ => text.to_string(),
        }
    }
}

impl Style {
    /// The terminal's codes for it (SGR). Without colours, attributes alone keep the styles apart.
    pub fn codes(self, colours: bool) -> &'static str {
        match (self, colours) {
            (Style::Plain, _) => "",
            (Style::Bold, _) => "1",
            (Style::Dim, true) => "38;5;242",
            (Style::Dim, false) => "2",
            (Style::Ghost, true) => "3;38;5;244",
            (Style::Ghost, false) => "2;3",
            (Style::Taken, true) => "32",
            (Style::Taken, false) => "4",
            (Style::Good, true) => "1;32",
            (Style::Good, false) => "1",
            (Style::Bad, true) => "1;31",
            (Style::Bad, false) => "1;4",
        }
    }
}

/// <https://no-color.org>: set and not empty means no.
pub fn wants_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// One line on stderr. That nobody reads it is no reason to stop.
pub fn warn(message: &str) {
    let _ = writeln!(io::stderr(), "foretype: {message}");
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(named)
    }
}

/// An error of the output says so: without it, "no space left" could be anything.
fn named(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the output cannot be written: {error}"))
}
