//! Order and time: the reorder buffer and the watermark.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys::RowKeys;
use crate::event::{Batch, Row};
use crate::time::{Duration, Timestamp};

/// A row of a batch that is kept alive for it.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) batch: Arc<Batch>,
    /// The keys of its rows, where they are worked out.
    pub(super) keys: Option<Arc<RowKeys>>,
    pub(super) row: usize,
}

/// Holds rows until the watermark has passed them, and gives them back in the total order.
#[derive(Debug)]
pub(super) struct Buffer {
    lateness: Duration,
    watermark: Timestamp,
    waiting: BTreeMap<(Timestamp, u32, u64, u64), Waiting>,
    arrivals: u64,
}

/// What becomes of a row that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is next in order.
    Next,
    /// It waits.
    Waits,
    /// It came after the watermark.
    Late,
}

impl Buffer {
    pub(super) fn new(lateness: Duration) -> Self {
        Buffer { lateness, watermark: Timestamp::MIN, waiting: BTreeMap::new(), arrivals: 0 }
    }

    /// Takes a row and moves the watermark to the largest time seen less the lateness. An ordered source (no lateness)
    /// has nothing more to come between, so its rows are next at once.
    pub(super) fn arrive(&mut self, batch: &Arc<Batch>, keys: Option<&Arc<RowKeys>>, row: Row<'_>) -> Fate {
        let (time, source, offset) = row.place();
        if time < self.watermark {
            return Fate::Late;
        }
        self.advance(time.before(self.lateness));
        self.arrivals += 1;
        if self.lateness == Duration::ZERO && self.waiting.is_empty() {
            return Fate::Next;
        }
        // The number of its arrival tells apart events that were given no place of their own.
        let waiting = Waiting { batch: Arc::clone(batch), keys: keys.cloned(), row: row.index() };
        self.waiting.insert((time, source, offset, self.arrivals), waiting);
        Fate::Waits
    }

    /// Takes so many rows that stand in order, of which these are the first and the last time, if all of them are next at
    /// once; whether they are.
    pub(super) fn arrive_in_order(&mut self, first: Timestamp, last: Timestamp, rows: usize) -> bool {
        let next = self.lateness == Duration::ZERO && self.waiting.is_empty() && first >= self.watermark;
        if next {
            self.advance(last);
            self.arrivals += rows as u64;
        }
        next
    }

    /// Moves the watermark on, never back.
    pub(super) fn advance(&mut self, watermark: Timestamp) {
        self.watermark = self.watermark.max(watermark);
    }

    pub(super) fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// How many rows have arrived in time.
    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// The rows that wait, in order, with the numbers of their arrival.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, Row<'_>)> {
        let rows = self.waiting.iter();
        rows.filter_map(|((.., arrival), waiting)| Some((*arrival, waiting.batch.row(waiting.row)?)))
    }

    /// Whether a row has arrived or the watermark has moved.
    pub(super) fn begun(&self) -> bool {
        self.arrivals > 0 || self.watermark > Timestamp::MIN
    }

    /// Goes on where another was: its watermark, how many rows had arrived, and the rows that waited with the numbers
    /// of their arrival.
    pub(super) fn restore(&mut self, watermark: Timestamp, arrivals: u64, waiting: Batch, arrived: &[u64]) {
        self.watermark = watermark;
        self.arrivals = arrivals;
        let batch = Arc::new(waiting);
        for (row, arrival) in batch.rows().zip(arrived) {
            let (time, source, offset) = row.place();
            let waiting = Waiting { batch: Arc::clone(&batch), keys: None, row: row.index() };
            self.waiting.insert((time, source, offset, *arrival), waiting);
        }
    }

    /// The next row before the watermark.
    pub(super) fn release(&mut self) -> Option<Waiting> {
        let first = self.waiting.first_entry()?;
        let time = first.key().0;
        let passed = time < self.watermark || (self.lateness == Duration::ZERO && time == self.watermark);
        passed.then(|| first.remove())
    }

    /// The end of the input: everything that waits, in order.
    pub(super) fn drain(&mut self) -> Vec<Waiting> {
        let rest = std::mem::take(&mut self.waiting);
        if let Some(((time, ..), _)) = rest.last_key_value() {
            self.advance(*time);
        }
        rest.into_values().collect()
    }
}
