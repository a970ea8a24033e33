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
    waiting: BTreeMap<(Timestamp, u32, u64, u64), Arc<Event>>,
    arrivals: u64,
}

impl Buffer {
    pub(super) fn new(lateness: Duration) -> Self {
        Buffer { lateness, watermark: Timestamp::MIN, waiting: BTreeMap::new(), arrivals: 0 }
    }

    /// Takes an event and moves the watermark to the largest time seen less the lateness; gives back one that comes
    /// later than the watermark.
    pub(super) fn push(&mut self, event: Arc<Event>) -> Result<(), Arc<Event>> {
        if event.time < self.watermark {
            return Err(event);
        }
        self.advance(event.time.before(self.lateness));
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

    /// The next event before the watermark. An ordered source (no lateness) has nothing more to come between, so its
    /// events at the watermark are given too.
    pub(super) fn release(&mut self) -> Option<Arc<Event>> {
        let first = self.waiting.first_entry()?;
        let time = first.key().0;
        let passed = time < self.watermark || (self.lateness == Duration::ZERO && time == self.watermark);
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
