//! Order and time: the reorder buffer and the watermark.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::keys::RowKeys;
use super::naming::keep_groups;
use super::sources::Sources;
use crate::event::{Batch, Row, Source};
use crate::program::Program;
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
    sources: Sources,
    waiting: BTreeMap<(Timestamp, u32, u64, u64), Waiting>,
    arrivals: u64,
}

/// The shortest time.
const MOMENT: Duration = Duration::from_nanos(1);

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
        let sources = Sources::new();
        Buffer { lateness, watermark: Timestamp::MIN, sources, waiting: BTreeMap::new(), arrivals: 0 }
    }

    /// Takes a row and moves the watermark to the largest time seen less the lateness, of several sources the least of
    /// these. An ordered source (no lateness) has nothing more to come between, so its rows are next at once.
    pub(super) fn arrive(&mut self, batch: &Arc<Batch>, keys: Option<&Arc<RowKeys>>, row: Row<'_>) -> Fate {
        let (time, source, offset) = row.place();
        let is_late = time < self.watermark;
        let behind = time.before(self.lateness);
        match row.source().filter(|_| self.sources.count() > 0) {
            Some(source) => {
                let watermark = self.sources.see(source, behind, self.watermark);
                self.advance(watermark);
            }
            None => self.advance(behind),
        }
        if is_late {
            return Fate::Late;
        }
        self.arrivals += 1;
        if self.waiting.is_empty() && self.is_next(time, source) {
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
        let is_one = self.lateness == Duration::ZERO && self.sources.count() == 0;
        let next = is_one && self.waiting.is_empty() && first >= self.watermark;
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

    /// Nothing that is judged from now on is before this.
    pub(super) fn reached(&self) -> Timestamp {
        let first = self.waiting.first_key_value();
        first.map_or(self.watermark, |((time, ..), _)| self.watermark.min(*time))
    }

    /// What came before this has been judged, and nothing else.
    pub(super) fn judged(&self) -> Timestamp {
        // Of a stream in order what has the time of the watermark is judged at once.
        let behind =
            if self.lateness == Duration::ZERO { self.watermark.after(MOMENT) } else { self.watermark };
        self.waiting.first_key_value().map_or(behind, |((time, ..), _)| behind.min(*time))
    }

    /// Waits for a source from now on.
    pub(super) fn open(&mut self, source: &Arc<Source>) {
        self.sources.open(source);
    }

    /// Waits for a source no more until it has an event again.
    pub(super) fn idle(&mut self, rank: u32) {
        let watermark = self.sources.idle(rank);
        self.advance(watermark);
    }

    /// Waits for a source no more.
    pub(super) fn end(&mut self, rank: u32) {
        let watermark = self.sources.end(rank);
        self.advance(watermark);
    }

    /// The sources that are open.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Whether nothing more can come before a row of this time and source: the watermark has passed it or, if there is one
    /// source and in order, that has come so far itself.
    fn is_next(&self, time: Timestamp, rank: u32) -> bool {
        let is_reached =
            || self.lateness == Duration::ZERO && self.sources.sole_has_reached(self.watermark, rank);
        time < self.watermark || (time == self.watermark && is_reached())
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

    /// Whether a row has arrived, the watermark has moved or a source is open.
    pub(super) fn begun(&self) -> bool {
        self.arrivals > 0 || self.watermark > Timestamp::MIN || self.sources.count() > 0
    }

    /// Goes on where another was: its watermark, its sources, how many rows had arrived, and the rows that waited with the
    /// numbers of their arrival.
    pub(super) fn restore(
        &mut self,
        (watermark, sources): (Timestamp, Sources),
        arrivals: u64,
        waiting: Batch,
        arrived: &[u64],
    ) {
        (self.watermark, self.sources) = (watermark, sources);
        self.arrivals = arrivals;
        let batch = Arc::new(waiting);
        for (row, arrival) in batch.rows().zip(arrived) {
            let (time, source, offset) = row.place();
            let waiting = Waiting { batch: Arc::clone(&batch), keys: None, row: row.index() };
            self.waiting.insert((time, source, offset, *arrival), waiting);
        }
    }

    /// Has the rows that wait be of the columns of another program.
    pub(super) fn turn_to(&mut self, before: &Program, program: &Program) {
        if self.waiting.is_empty() {
            return;
        }
        let events = self.rows().map(|(_, row)| row.event());
        let mut batch = Batch::of(program.fields(), events);
        keep_groups(before, program, self, &mut batch);
        let batch = Arc::new(batch);
        for (row, waiting) in self.waiting.values_mut().enumerate() {
            *waiting = Waiting { batch: Arc::clone(&batch), keys: None, row };
        }
    }

    /// The next row that nothing can come before any more.
    pub(super) fn release(&mut self) -> Option<Waiting> {
        let (time, rank, ..) = *self.waiting.first_key_value()?.0;
        self.is_next(time, rank).then(|| self.waiting.pop_first()).flatten().map(|(_, waiting)| waiting)
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
