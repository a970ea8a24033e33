//! When partitions have to be looked at because time has passed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Timestamp;

/// A partition: its key space, the hash of its key, its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) space: u32,
    pub(super) rule: u32,
    pub(super) hash: u64,
}

/// For each partition that has a deadline a time no later than it. What has moved on is asked again when it comes due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, Place)>>,
    /// How many of them nobody waits for any more.
    stale: usize,
}

/// Heaps up to this size are left as they are.
const SMALL: usize = 1 << 10;

impl Timers {
    /// What it takes to be asked for.
    pub(super) const SIZE: usize = size_of::<Reverse<(Timestamp, Place)>>();

    /// Keeps what the partitions of these rules ask for.
    pub(super) fn keep(&mut self, keeps: impl Fn(u32) -> bool) {
        self.heap.retain(|Reverse((_, place))| keeps(place.rule));
        self.stale = self.stale.min(self.heap.len());
        self.shrink();
    }

    /// Asks for a look at a partition; whether instead of a later one.
    pub(super) fn set(&mut self, time: Timestamp, place: Place, instead: bool) {
        self.heap.push(Reverse((time, place)));
        self.stale += usize::from(instead);
    }

    /// A partition is gone, and with it what it may have asked for.
    pub(super) fn leave(&mut self, scheduled: Option<Timestamp>) {
        self.stale += usize::from(scheduled.is_some());
    }

    /// One that was given out was not waited for any more.
    pub(super) fn missed(&mut self) {
        self.stale = self.stale.saturating_sub(1);
    }

    /// Whether nothing is due before `end`, and nothing is to be swept.
    #[inline]
    pub(super) fn is_idle(&self, end: Option<Timestamp>) -> bool {
        let first = self.heap.peek().map(|Reverse((first, _))| *first);
        !self.is_mostly_stale() && first.is_none_or(|first| end.is_some_and(|end| first >= end))
    }

    #[inline]
    fn is_mostly_stale(&self) -> bool {
        self.heap.len() > SMALL && self.stale > self.heap.len() / 2
    }

    /// Drops what nobody waits for, once it is most of all there is: a key that comes and goes would leave something
    /// behind each time.
    pub(super) fn sweep(&mut self, mut is_waited_for: impl FnMut(Timestamp, Place) -> bool) {
        if self.is_mostly_stale() {
            self.heap.retain(|Reverse((time, place))| is_waited_for(*time, *place));
            self.stale = 0;
            self.shrink();
        }
    }

    /// The next partition that wants a look before `end`; without an end the next of all.
    pub(super) fn pop_before(&mut self, end: Option<Timestamp>) -> Option<(Timestamp, Place)> {
        let Reverse((first, _)) = self.heap.peek()?;
        if end.is_some_and(|end| *first >= end) {
            return None;
        }
        let first = self.heap.pop().map(|Reverse(timer)| timer);
        self.shrink();
        first
    }

    fn shrink(&mut self) {
        if self.heap.capacity() > SMALL && self.heap.len() < self.heap.capacity() / 8 {
            self.heap.shrink_to(self.heap.len() * 2);
        }
    }
}
