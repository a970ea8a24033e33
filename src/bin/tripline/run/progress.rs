//! The progress bar, on a terminal only.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use tripline::io::Inputs;

/// Bytes read of the bytes there are; where that is not known, bytes read.
#[derive(Clone)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// For these inputs, which end or do not. Events that are typed in by hand need the terminal for themselves.
    pub(super) fn new(inputs: &Inputs, ends: bool) -> Self {
        let typed_in = || inputs.iter().any(|input| input.path().is_none()) && io::stdin().is_terminal();
        if !io::stderr().is_terminal() || typed_in() {
            return Progress(None);
        }
        let size = |path| std::fs::metadata(path).ok().filter(|meta| meta.is_file()).map(|meta| meta.len());
        let total =
            inputs.iter().map(|input| input.path().and_then(size)).sum::<Option<u64>>().filter(|_| ends);
        // Both fit into 80 columns.
        let template = match total {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            None => "{spinner} {bytes} {bytes_per_sec}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        Progress(Some(bar.with_style(style)))
    }

    /// Counts bytes.
    pub(super) fn read(&self, bytes: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes as u64);
        }
    }

    /// Takes the bar away while something is written to the terminal.
    pub(super) fn hidden<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
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
        if let Some(bar) = &self.0 {
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
