//! The progress bar, on a terminal only.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use tripline::io::Inputs;

/// Bytes read of the bytes there are; where that is not known, bytes read.
#[derive(Clone)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// For these inputs.
    pub(super) fn new(inputs: &Inputs) -> Self {
        if !io::stderr().is_terminal() {
            return Progress(None);
        }
        let size = |path| std::fs::metadata(path).ok().filter(|meta| meta.is_file()).map(|meta| meta.len());
        let total: Option<u64> = inputs.iter().map(|input| input.path().and_then(size)).sum();
        let template = match total {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{spinner} {bytes} {bytes_per_sec}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        Progress(Some(bar.with_style(style)))
    }

    /// Counts bytes; what writes to the terminal meanwhile does not disturb the bar.
    pub(super) fn around(&self, bytes: usize, write: impl FnOnce()) {
        self.hidden(write);
        if let Some(bar) = &self.0 {
            bar.inc(bytes as u64);
        }
    }

    /// Takes the bar away while something is written.
    pub(super) fn hidden(&self, write: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
