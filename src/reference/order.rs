//! Order and time: the reorder buffer and the watermark.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Event;
use crate::time::{Duration, Timestamp};

/// Holds events until the watermark has passed them, and gives them back in the total order.
#[derive(Debug)]
pub(super) struct Buffer {
    lateness: Duration,
    watermark: Timestamp,
    /// The open sources by their ranks. While there is none, all events are of one.
    sources: BTreeMap<u32, Progress>,
    /// The largest time seen since there is an open source.
    largest: Option<Timestamp>,
    waiting: BTreeMap<(Timestamp, u32, u64, u64), Arc<Event>>,
    arrivals: u64,
}

/// How far a source is.
#[derive(Debug, Default)]
struct Progress {
    /// The largest time seen of it.
    largest: Option<Timestamp>,
    idle: bool,
}

impl Buffer {
    pub(super) fn new(lateness: Duration) -> Self {
        Buffer {
            lateness,
            watermark: Timestamp::MIN,
            sources: BTreeMap::new(),
            largest: None,
            waiting: BTreeMap::new(),
            arrivals: 0,
        }
    }

    /// Waits for a source from now on.
    pub(super) fn open(&mut self, rank: u32) {
        self.sources.entry(rank).or_default().idle = false;
    }

    /// Waits for a source no more until it has an event again.
    pub(super) fn idle(&mut self, rank: u32) {
        self.sources.entry(rank).and_modify(|source| source.idle = true);
        self.wait();
    }

    /// Waits for a source no more.
    pub(super) fn end(&mut self, rank: u32) {
        self.sources.remove(&rank);
        self.wait();
        if self.sources.is_empty() {
            self.largest = None;
        }
    }

    /// Moves the watermark to where the open sources allow it: the least of their largest times less the lateness. If
    /// nobody waits for any of them, nothing is to come before the largest of all.
    fn wait(&mut self) {
        let mut waited_for = self.sources.values().filter(|source| !source.idle).peekable();
        let least = match waited_for.peek() {
            Some(_) => waited_for.map(|source| source.largest).min().flatten(),
            None => self.largest,
        };
        if let Some(time) = least {
            self.advance(time.before(self.lateness));
        }
    }

    /// Takes an event and moves the watermark to the largest time seen less the lateness, of several sources the least of
    /// these; gives back one that comes later than the watermark.
    pub(super) fn push(&mut self, event: Arc<Event>) -> Result<(), Arc<Event>> {
        let is_late = event.time < self.watermark;
        if self.sources.is_empty() {
            self.advance(event.time.before(self.lateness));
        } else {
            let source = self.sources.entry(event.source.rank).or_default();
            source.largest = source.largest.max(Some(event.time));
            source.idle = false;
            self.largest = self.largest.max(Some(event.time));
            self.wait();
        }
        if is_late {
            return Err(event);
        }
        let (time, source, offset) = event.place();
        // The number of its arrival tells apart events that were given no place of their own.
        self.waiting.insert((time, source, offset, self.arrivals), event);
        self.arrivals += 1;
        Ok(())
    }

    /// Moves the watermark on, never back.
    pub(super) fn advance(&mut self, watermark: Timestamp) {
        self.watermark = self.watermark.max(watermark);
    }

    pub(super) fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// The next event before the watermark. An ordered source (no lateness) has nothing more to come before what it has
    /// said itself, so if it is the only one the events at the watermark are given too: those of others that stand before
    /// its own.
    pub(super) fn release(&mut self) -> Option<Arc<Event>> {
        let open: Vec<(&u32, &Progress)> = self.sources.iter().collect();
        let up_to = match open[..] {
            _ if self.lateness > Duration::ZERO => None,
            [] => Some(u32::MAX),
            [(rank, sole)] if sole.largest == Some(self.watermark) => Some(*rank),
            _ => None,
        };
        let first = self.waiting.first_entry()?;
        let (time, rank, ..) = *first.key();
        let passed = time < self.watermark || (time == self.watermark && Some(rank) <= up_to);
        passed.then(|| first.remove())
    }

    /// The end of the input: everything that waits, in order.
    pub(super) fn drain(&mut self) -> Vec<Arc<Event>> {
        let rest: Vec<_> = std::mem::take(&mut self.waiting).into_values().collect();
        if let Some(last) = rest.last() {
            self.advance(last.time);
        }
        rest
    }
}
