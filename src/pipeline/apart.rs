//! Inputs that are read by threads of their own, so that nobody has to wait for them for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::decode::{Decoded, Decoder};
use crate::io::Tap;

/// The inputs that are read apart, and how long they are waited for.
pub(super) struct Apart {
    arrivals: Receiver<Arrival>,
    sender: Sender<Arrival>,
    patience: Duration,
    /// Called before something is waited for.
    tap: Tap,
    /// The inputs that the others wait for, and until when.
    awaited: BTreeMap<usize, Instant>,
    /// Those that nobody waits for until they have something.
    idle: BTreeSet<usize>,
}

/// What an input was waited for.
pub(super) struct Arrival {
    pub(super) input: usize,
    pub(super) decoded: Decoded,
    /// Whoever has read it, when it has ended.
    pub(super) decoder: Option<Box<Decoder>>,
}

/// What waiting has come to.
pub(super) enum News {
    Arrived(Box<Arrival>),
    /// This input has said nothing for too long.
    Idle(usize),
}

impl Apart {
    pub(super) fn new(patience: Duration, tap: Tap) -> Self {
        let (sender, arrivals) = mpsc::channel();
        Apart { arrivals, sender, patience, tap, awaited: BTreeMap::new(), idle: BTreeSet::new() }
    }

    /// Has an input read by a thread. It reads on each time it is asked, so that it is never far ahead.
    pub(super) fn read(&self, input: usize, mut decoder: Box<Decoder>) -> io::Result<Sender<()>> {
        let (ask, asked) = mpsc::channel();
        let arrivals = self.sender.clone();
        thread::Builder::new().spawn(move || {
            while asked.recv().is_ok() {
                let decoded = decoder.next();
                if decoded.end.is_some() {
                    // Nobody may be waiting any more.
                    return drop(arrivals.send(Arrival { input, decoded, decoder: Some(decoder) }));
                }
                if arrivals.send(Arrival { input, decoded, decoder: None }).is_err() {
                    return;
                }
            }
        })?;
        Ok(ask)
    }

    /// The others wait for this input, which was asked.
    pub(super) fn wait_for(&mut self, input: usize) {
        self.awaited.insert(input, now() + self.patience);
    }

    /// Whether something is to be waited for before the others can go on, or because there are none.
    pub(super) fn has_to_wait(&self, others: bool) -> bool {
        !self.awaited.is_empty() || (!others && !self.idle.is_empty())
    }

    /// What has come of the inputs that were asked; waits for it if it has to.
    pub(super) fn next(&mut self, others: bool) -> Option<News> {
        let come = self.arrivals.try_recv().ok();
        if come.is_some() || !self.has_to_wait(others) {
            return come.map(|arrival| self.arrived(arrival));
        }
        // What stops the run ends the inputs too, which is how it is known here.
        let _ = (self.tap)(0);
        let first =
            self.awaited.iter().min_by_key(|(_, until)| **until).map(|(input, until)| (*input, *until));
        match first.filter(|_| others) {
            None => self.arrivals.recv().ok().map(|arrival| self.arrived(arrival)),
            Some((input, until)) => {
                match self.arrivals.recv_timeout(until.saturating_duration_since(now())) {
                    Ok(arrival) => Some(self.arrived(arrival)),
                    Err(RecvTimeoutError::Timeout) => {
                        self.awaited.remove(&input);
                        self.idle.insert(input);
                        Some(News::Idle(input))
                    }
                    Err(RecvTimeoutError::Disconnected) => None,
                }
            }
        }
    }

    fn arrived(&mut self, arrival: Arrival) -> News {
        self.awaited.remove(&arrival.input);
        self.idle.remove(&arrival.input);
        News::Arrived(Box::new(arrival))
    }
}

#[expect(clippy::disallowed_methods, reason = "how long an input says nothing is told by the clock alone")]
fn now() -> Instant {
    Instant::now()
}
