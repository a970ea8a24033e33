//! The progress bar, on a terminal only.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use tripline::io::Inputs;

use super::status::StatusLine;
use crate::terminal::Terminal;

/// Bytes read of the bytes there are; where that is not known, bytes read, or what becomes of a run that does not end by itself.
#[derive(Clone)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    is_status: bool,
}

impl Progress {
    /// For these inputs, which end or do not, of a run that goes on while nothing comes, or waits. Events that are typed in by
    /// hand need the terminal for themselves, and programs read no bar.
    pub(super) fn new(inputs: &Inputs, ends: bool, is_live: bool, terminal: &Terminal) -> Self {
        let typed_in = || inputs.iter().any(|input| input.path().is_none()) && io::stdin().is_terminal();
        if !io::stderr().is_terminal() || terminal.is_for_programs() || typed_in() {
            return Progress { bar: None, is_status: false };
        }
        let size = |path| std::fs::metadata(path).ok().filter(|meta| meta.is_file()).map(|meta| meta.len());
        let total =
            inputs.iter().map(|input| input.path().and_then(size)).sum::<Option<u64>>().filter(|_| ends);
        let is_status = total.is_none() && is_live;
        // All fit into 80 columns.
        let template = match total {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            None if is_status => "{wide_msg}",
            None => "{spinner} {bytes} {bytes_per_sec}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        Progress { bar: Some(bar.with_style(style)), is_status }
    }

    /// The line that says what becomes of the run, if there is one.
    pub(super) fn status(&self) -> Option<StatusLine> {
        self.bar.clone().filter(|_| self.is_status).map(StatusLine::new)
    }

    /// Counts bytes.
    pub(super) fn read(&self, bytes: usize) {
        if let Some(bar) = self.bar.as_ref().filter(|_| !self.is_status) {
            bar.inc(bytes as u64);
        }
    }

    /// Takes the bar away while something is written to the terminal.
    pub(super) fn hidden<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Standard output, without the bar in between where both are seen on a terminal.
    pub(super) fn beside_stdout(&self) -> Box<dyn Write + Send> {
        if io::stdout().is_terminal() { Box::new(Beside(self.clone())) } else { Box::new(io::stdout()) }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Standard output on the terminal that has the bar. The bar goes only when there is something to write, so it does
/// not flicker, and comes back below it.
struct Beside(Progress);

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.hidden(|| {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
