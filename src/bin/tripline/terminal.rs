//! Where the program talks: standard error for people, standard output for data.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use clap::ValueEnum;
use terminal_size::{Width, terminal_size_of};
use tripline::SourceFile;
use tripline::diagnostic::Diagnostic;
use tripline::render::{self, Style};

use crate::log::{self, Fields, Level, LogFormat};

/// When to use colours: `auto` is on a terminal, unless `NO_COLOR` is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    Auto,
    Always,
    Never,
}

/// Standard error, with what it can show.
pub(crate) struct Terminal {
    style: Style,
    format: LogFormat,
}

impl Terminal {
    /// As standard error and the environment say.
    pub(crate) fn new(choice: ColourChoice) -> Self {
        let colour = match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => io::stderr().is_terminal() && colour_wanted(),
        };
        let width = terminal_size_of(io::stderr()).map_or(Style::default().width, |(Width(w), _)| w.into());
        Terminal { style: Style { colour, width }, format: LogFormat::Text }
    }

    /// The same, but that all is said in this format.
    pub(crate) fn with_format(self, format: LogFormat) -> Self {
        Terminal { format, ..self }
    }

    /// Whether programs read it, and not people.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.format == LogFormat::Json
    }

    /// Says a line. If nobody hears it, the work goes on.
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says something beside the matter. It may quote what was read.
    pub(crate) fn note(&self, text: &str) {
        self.note_with(text, &[]);
    }

    /// The same with what programs want to know of it.
    pub(crate) fn note_with(&self, text: &str, fields: Fields<'_>) {
        match self.format {
            LogFormat::Text => self.say(&format!("note: {}", harmless(text))),
            LogFormat::Json => self.say(&log::line(Level::Info, text, fields)),
        }
    }

    /// Says what a run has come to: for people as it is, which may be several lines, for programs as fields beside a message.
    pub(crate) fn conclude(&self, text: &str, message: &str, fields: Fields<'_>) {
        match self.format {
            LogFormat::Text => self.say(text),
            LogFormat::Json => self.say(&log::line(Level::Info, message, fields)),
        }
    }

    /// Says what went wrong. It may quote what was read.
    pub(crate) fn error(&self, text: &str) {
        if self.is_for_programs() {
            return self.say(&log::line(Level::Error, text, &[]));
        }
        let (on, off) = if self.style.colour { ("\x1b[1;91m", "\x1b[0m") } else { ("", "") };
        let lines: Vec<String> = text.split('\n').map(harmless).collect();
        self.say(&format!("{on}error{off}: {}", lines.join("\n")));
    }

    /// Draws findings, an empty line behind each.
    pub(crate) fn draw(&self, findings: &[Diagnostic], sources: &[SourceFile]) {
        for finding in findings {
            if self.is_for_programs() {
                let level = if finding.is_error() { Level::Error } else { Level::Warning };
                let whole = serde_json::from_str(&render::json(finding, sources)).unwrap_or_default();
                self.say(&log::line(level, &render::short(finding, sources), &[("finding", whole)]));
                continue;
            }
            self.say(&render::draw(finding, sources, self.style));
            self.say("");
        }
    }
}

/// Standard output for data, buffered: flush it at the end, so that a failure is seen.
pub(crate) fn out() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// Text whose control characters are written as escapes: what was read is no command for a terminal.
pub(crate) fn harmless(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

fn colour_wanted() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
