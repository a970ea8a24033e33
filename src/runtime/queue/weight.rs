//! What the starts of a queue weigh.
//!
//! An event is bound by all starts that wait at a stop, so they grow by the same. What a start weighs is therefore told
//! by two numbers: what ever was bound at the stop where it waits, and its own base, which does not change while it waits
//! there. The largest base of a stop says at once whether an event is too much for any of them.

use std::ops::Range;

use super::{Queue, Start, intervals};
use crate::alert::Bound;
use crate::event::Held;
use crate::program::Compiled;
use crate::runtime::judge::Seen;
use crate::runtime::observer::Observer;
use crate::runtime::partition::Outcome;
use crate::runtime::room::Room;

/// What an event weighs.
pub(super) fn of(held: &Held) -> i64 {
    i64::try_from(held.weight()).unwrap_or(i64::MAX >> 16)
}

impl Queue {
    /// Gives up those of these starts, which wait at a stop, that would weigh too much with the event. Gives the new end
    /// of the range.
    pub(super) fn give_up<O: Observer>(
        &mut self,
        index: usize,
        range: Range<usize>,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) -> usize {
        let end = range.end;
        let Some(lane) = self.lanes.get_mut(index).filter(|_| !range.is_empty()) else { return end };
        let limit = i64::try_from(room.limits.captured_bytes).unwrap_or(i64::MAX);
        let weight = lane.weight + of(&seen.arrival.held());
        if lane.most.saturating_add(weight) <= limit {
            return end;
        }
        let (mut at, mut gone) = (0, 0);
        lane.most = i64::MIN;
        self.starts.retain(|start| {
            let heavy = range.contains(&at) && start.base.saturating_add(weight) > limit;
            at += 1;
            gone += usize::from(heavy);
            if !heavy && start.stop() == index {
                lane.most = lane.most.max(start.base);
            }
            !heavy
        });
        outcome.at_bound(Bound::CapturedBytes, gone as u64);
        end - gone
    }

    /// Weighs all starts again, as their events weigh something else now.
    pub(super) fn weigh_again(&mut self, rule: &Compiled) {
        // For each lane what the events before each of its places weigh.
        let mut sums: Vec<Vec<i64>> = Vec::with_capacity(self.lanes.len());
        for lane in &mut self.lanes {
            let mut sum = vec![0];
            sum.extend(lane.events.iter().scan(0, |before, (_, held)| {
                *before += of(held);
                Some(*before)
            }));
            (lane.weight, lane.most) = (sum.last().copied().unwrap_or_default(), 0);
            sums.push(sum);
        }
        let weight = |start: &Start| -> i64 {
            let parts = intervals(&self.lanes, rule, start).zip(&sums);
            parts.map(|((_, lane, from, to), sum)| sum[lane.place(to)] - sum[lane.place(from)]).sum()
        };
        let weights: Vec<i64> = self.starts.iter().map(weight).collect();
        weights.into_iter().enumerate().for_each(|(at, weight)| self.weigh(at, weight));
    }

    /// A start weighs so much, and waits where it does.
    pub(super) fn weigh(&mut self, start: usize, weight: i64) {
        let Some(start) = self.starts.get_mut(start) else { return };
        let Some(lane) = self.lanes.get_mut(start.stop()) else { return };
        start.base = weight - lane.weight;
        lane.most = lane.most.max(start.base);
    }

    /// These starts have gone on from a stop to the next.
    pub(super) fn shift(&mut self, index: usize, starts: Range<usize>) {
        let before = self.lanes.get(index).map_or(0, |lane| lane.weight);
        let Some(next) = self.lanes.get_mut(index + 1) else { return };
        for start in self.starts.range_mut(starts) {
            start.base += before - next.weight;
            next.most = next.most.max(start.base);
        }
    }
}
