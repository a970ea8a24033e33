//! When windows at regular times begin and end.

use crate::plan::Shape;
use crate::time::{Timestamp, Zone, narrow};

/// The windows of a shape, numbered by their ends: whole multiples of a length from the epoch and an offset.
///
/// In a zone the ends are what its clocks show, and a window ends when they first show it or something later. So one in
/// which they are put back is longer; windows that they skip have no length, and nothing is in them.
#[derive(Clone, Debug)]
pub struct Calendar {
    over: i128,
    every: i128,
    offset: i128,
    zone: Option<Zone>,
}

impl Calendar {
    /// The windows of a shape; of one that has none at regular times it means nothing.
    pub(super) fn of(shape: &Shape) -> Calendar {
        let Shape::Periodic { over, every, offset, zone } = shape else {
            return Calendar { over: 1, every: 1, offset: 0, zone: None };
        };
        Calendar {
            over: over.nanos().into(),
            every: i128::from(every.nanos()).max(1),
            offset: offset.nanos().into(),
            zone: zone.as_ref().and_then(|zone| Zone::parse(zone)),
        }
    }

    /// The first window that holds a time. The end of time is in none.
    pub fn first(&self, time: Timestamp) -> i64 {
        let Some(zone) = &self.zone else {
            return narrow((i128::from(time.nanos()) - self.offset).div_euclid(self.every) + 1);
        };
        let mut window = narrow((zone.local(time) - self.offset).div_euclid(self.every) + 1);
        // Clocks that were put back have shown more than they do.
        while self.end(window) <= time && self.end(window) < Timestamp::MAX {
            window += 1;
        }
        window
    }

    /// The last window that holds a time.
    pub fn last(&self, time: Timestamp) -> i64 {
        if self.zone.is_some() {
            return self.first(time);
        }
        narrow((i128::from(time.nanos()) - self.offset + self.over).div_euclid(self.every))
    }

    /// When a window ends.
    pub fn end(&self, window: i64) -> Timestamp {
        let end = i128::from(window) * self.every + self.offset;
        match &self.zone {
            Some(zone) => zone.reaches(end),
            None => Timestamp::from_nanos(narrow(end)),
        }
    }

    /// The window behind another, without those that are skipped.
    pub fn next(&self, window: i64) -> i64 {
        let end = self.end(window);
        let mut next = window.saturating_add(1);
        while self.zone.is_some() && self.end(next) <= end && end < Timestamp::MAX {
            next = next.saturating_add(1);
        }
        next
    }
}
