//! Ctrl-C and what ends a service: the run ends in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::Exit;

/// Knows whether the run is to end. A second signal ends the program at once.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Takes signals from now on.
    pub(super) fn new() -> io::Result<Self> {
        let (first, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&first))?;
            flag::register(number, Arc::clone(&first))?;
            flag::register_usize(number, Arc::clone(&signal), usize::try_from(number).unwrap_or_default())?;
        }
        Ok(Interrupt(signal))
    }

    /// Fails when the run is to end.
    pub(super) fn check(&self) -> io::Result<()> {
        self.exit().map_or(Ok(()), |_| Err(io::Error::other("the run is to end")))
    }

    /// The exit code of the signal that came.
    pub(super) fn exit(&self) -> Option<Exit> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            15 => Some(Exit::Terminated),
            _ => Some(Exit::Interrupted),
        }
    }
}
