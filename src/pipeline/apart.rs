//! Inputs that are read by threads of their own, so that nobody has to wait for them for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::decode::{Decoded, Decoder};
use crate::io::Tap;
use crate::program::Program;

/// The inputs that are read apart, and how long they are waited for.
pub(super) struct Apart {
    arrivals: Receiver<thread::Result<Arrival>>,
    sender: Sender<thread::Result<Arrival>>,
    /// `None` is for ever.
    patience: Option<Duration>,
    /// How long nothing may come before that is said; `None` is for ever.
    pause: Option<Duration>,
    /// Whether there may be further inputs when all have ended.
    stays: bool,
    /// Whether nothing is given up, however long it takes.
    holds: bool,
    /// Called before something is waited for.
    tap: Tap,
    /// The inputs that the others wait for, and until when.
    awaited: BTreeMap<usize, Option<Instant>>,
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
    /// Nothing for so long that whoever waits may want to do something else.
    Quiet,
}

impl Apart {
    pub(super) fn new(patience: Option<Duration>, pause: Option<Duration>, stays: bool, tap: Tap) -> Self {
        // What is longer is for ever; a clock has an end.
        let patience = patience.filter(|patience| *patience < Duration::from_secs(1 << 30));
        let (sender, arrivals) = mpsc::channel();
        Apart {
            arrivals,
            sender,
            patience,
            pause,
            stays,
            holds: false,
            tap,
            awaited: BTreeMap::new(),
            idle: BTreeSet::new(),
        }
    }

    /// Has an input read by a thread. It reads on each time it is asked, so that it is never far ahead.
    pub(super) fn read(&self, input: usize, decoder: Box<Decoder>) -> io::Result<Sender<Arc<Program>>> {
        let (ask, asked) = mpsc::channel();
        let arrivals = self.sender.clone();
        thread::Builder::new().spawn(move || {
            let mut reads = Some(decoder);
            while let Ok(program) = asked.recv() {
                // Whoever waits would wait for ever for a thread that is gone.
                let read = panic::catch_unwind(AssertUnwindSafe(|| arrival(input, &mut reads, &program)));
                let Some(read) = read.transpose() else { return };
                if arrivals.send(read).is_err() {
                    return;
                }
            }
        })?;
        Ok(ask)
    }

    /// The others wait for this input, which was asked.
    pub(super) fn wait_for(&mut self, input: usize) {
        let patience = self.patience.filter(|_| !self.holds);
        self.idle.remove(&input);
        self.awaited.insert(input, patience.map(|patience| now() + patience));
    }

    /// Has nothing given up, or goes on to give up from now on.
    pub(super) fn hold(&mut self, holds: bool) {
        self.holds = holds;
        let awaited: Vec<usize> = self.awaited.keys().copied().collect();
        awaited.into_iter().for_each(|input| self.wait_for(input));
    }

    /// Whether an input is waited for.
    pub(super) fn awaits(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// Whether something is to be waited for before the others can go on, or because there are none.
    pub(super) fn has_to_wait(&self, others: bool) -> bool {
        !self.awaited.is_empty() || (!others && (self.stays || !self.idle.is_empty()))
    }

    /// How many inputs nobody waits for.
    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    /// What has come of the inputs that were asked; waits for it if it has to.
    pub(super) fn next(&mut self, others: bool) -> Option<News> {
        let come = self.arrivals.try_recv().ok();
        if come.is_some() || !self.has_to_wait(others) {
            return come.map(|read| self.arrived(read));
        }
        // What stops the run ends the inputs too, which is how it is known here, unless there are none.
        if (self.tap)(0).is_err() && self.awaited.is_empty() && self.idle.is_empty() {
            return None;
        }
        // Where there are no others, nobody loses anything by waiting.
        let limited = self.awaited.iter().filter_map(|(input, until)| Some((until.as_ref()?, *input)));
        let first = limited.min().filter(|_| others).map(|(until, input)| (*until, input));
        let patience = first.map(|(until, _)| until.saturating_duration_since(now()));
        let Some(wait) = patience.into_iter().chain(self.pause).min() else {
            return self.arrivals.recv().ok().map(|read| self.arrived(read));
        };
        match self.arrivals.recv_timeout(wait) {
            Ok(read) => Some(self.arrived(read)),
            Err(RecvTimeoutError::Timeout) => Some(match first.filter(|_| patience == Some(wait)) {
                Some((_, input)) => self.given_up(input),
                None => News::Quiet,
            }),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// The others do not wait for this input any more, until it has something.
    pub(super) fn give_up(&mut self, input: usize) {
        self.awaited.remove(&input);
        self.idle.insert(input);
    }

    fn given_up(&mut self, input: usize) -> News {
        self.give_up(input);
        News::Idle(input)
    }

    fn arrived(&mut self, read: thread::Result<Arrival>) -> News {
        let arrival = read.unwrap_or_else(|panic| panic::resume_unwind(panic));
        self.awaited.remove(&arrival.input);
        self.idle.remove(&arrival.input);
        News::Arrived(Box::new(arrival))
    }
}

/// What an input has next, with whoever reads it if that is the end; nothing behind it.
fn arrival(input: usize, reads: &mut Option<Box<Decoder>>, program: &Arc<Program>) -> Option<Arrival> {
    let decoded = reads.as_mut()?.next(program);
    let decoder = if decoded.end.is_some() { reads.take() } else { None };
    Some(Arrival { input, decoded, decoder })
}

#[expect(clippy::disallowed_methods, reason = "how long an input says nothing is told by the clock alone")]
fn now() -> Instant {
    Instant::now()
}
