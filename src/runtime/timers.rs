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
}

impl Timers {
    /// Asks for a look at a partition.
    pub(super) fn set(&mut self, time: Timestamp, place: Place) {
        self.heap.push(Reverse((time, place)));
    }

    /// The next partition that wants a look before `end`; without an end the next of all.
    pub(super) fn pop_before(&mut self, end: Option<Timestamp>) -> Option<(Timestamp, Place)> {
        const SMALL: usize = 1 << 10;
        let Reverse((first, _)) = self.heap.peek()?;
        if end.is_some_and(|end| *first >= end) {
            return None;
        }
        let first = self.heap.pop().map(|Reverse(timer)| timer);
        if self.heap.capacity() > SMALL && self.heap.len() < self.heap.capacity() / 8 {
            self.heap.shrink_to(self.heap.len() * 2);
        }
        first
    }
}
