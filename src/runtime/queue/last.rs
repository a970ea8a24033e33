//! A last step that looks at what is bound.
//!
//! It is asked start by start, and those that it takes are complete at once, so that the others wait on as if nothing
//! had come. Behind a loop without an upper bound each number of events that the loop may have had is a way of its own,
//! the longest the preferred one.

use std::ops::Range;
use std::sync::Arc;

use super::{Queue, Start, intervals};
use crate::event::Held;
use crate::id::StepId;
use crate::plan::{Pattern, Pick, SlotRef};
use crate::predicate::Bound;
use crate::program::{Compiled, Stop};
use crate::runtime::chain::Link;
use crate::runtime::judge::Seen;
use crate::runtime::observer::Observer;
use crate::runtime::partition::Outcome;
use crate::runtime::report::Match;
use crate::runtime::room::Room;

/// What becomes of a start.
enum Fate {
    Waits,
    GivenUp,
    Complete(Match),
}

/// What a start has bound, and of the stop where it waits only so many events.
#[derive(Clone, Copy)]
struct Way<'q> {
    queue: &'q Queue,
    rule: &'q Compiled,
    pattern: &'q Pattern,
    start: &'q Start,
    count: u64,
}

impl<'q> Way<'q> {
    /// The numbers of its events at each stop, with the lane they lie in.
    fn intervals(self) -> impl Iterator<Item = (&'q Stop, &'q super::Lane, Range<u64>)> {
        let here = self.start.stop();
        intervals(&self.queue.lanes, self.rule, self.start).enumerate().map(
            move |(index, (stop, lane, from, to))| {
                (stop, lane, from..if index == here { to.min(from + self.count) } else { to })
            },
        )
    }

    /// Those bound to a name.
    fn of(self, slot: SlotRef) -> impl DoubleEndedIterator<Item = &'q Held> + ExactSizeIterator {
        let is_it = |stop: &Stop| self.pattern.step(stop.step).slot == slot.slot;
        let found = self.intervals().find(|(stop, ..)| is_it(stop));
        let (lane, range) = found.map_or((None, 0..0), |(_, lane, range)| (Some(lane), range));
        let events = lane.map(|lane| lane.events.range(lane.place(range.start)..lane.place(range.end)));
        events.unwrap_or_default().map(|(_, held)| &**held)
    }

    /// All of it, behind each other.
    fn chain(self) -> Option<Arc<Link>> {
        let events = self
            .intervals()
            .flat_map(|(stop, lane, range)| lane.between(range.start, range.end).map(move |e| (stop, e)));
        events.fold(None, |before, (stop, (seq, held))| {
            let slot = self.pattern.step(stop.step).slot;
            Some(Link::new(before, Arc::clone(held), stop.step, slot, *seq))
        })
    }
}

impl Bound for Way<'_> {
    fn pick(&self, slot: SlotRef, pick: Pick) -> Option<&Held> {
        let mut bound = self.of(slot);
        match pick {
            Pick::First => bound.next(),
            Pick::Last => bound.next_back(),
            Pick::Back(n) => bound.nth_back(n as usize),
            Pick::Nth(n) => (n as usize).checked_sub(1).and_then(|n| bound.nth(n)),
        }
    }

    fn each(&self, slot: SlotRef, visit: &mut dyn FnMut(&Held)) {
        self.of(slot).rev().for_each(visit);
    }

    fn count(&self, slot: SlotRef) -> u64 {
        self.of(slot).len() as u64
    }

    fn lag(&self, _: StepId) -> Option<&Held> {
        None
    }
}

impl Queue {
    /// The starts that are complete with an event: they leave the queue, the earliest first. Empty where the last step
    /// does not look at what is bound.
    pub(super) fn take_complete<O: Observer>(
        &mut self,
        pattern: &Pattern,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) -> Vec<Match> {
        let Some(last) = seen.rule.stops.last().filter(|_| seen.rule.judges_last()) else {
            return Vec::new();
        };
        let waiting = self.before_last(seen.rule);
        if waiting.is_empty() || !seen.fits_alone(last.step) {
            return Vec::new();
        }
        let fates: Vec<Fate> = self
            .starts
            .range(waiting.clone())
            .map(|start| self.fate(pattern, room, seen, start, last.step))
            .collect();
        let mut matches = Vec::new();
        // From the last to the first, so that places hold.
        for (index, fate) in waiting.zip(fates).rev() {
            match fate {
                Fate::Waits => continue,
                Fate::GivenUp => outcome.refused += 1,
                Fate::Complete(found) => matches.push(found),
            }
            self.starts.remove(index);
        }
        matches.reverse();
        matches
    }

    /// The starts that wait for the last step.
    fn before_last(&self, rule: &Compiled) -> Range<usize> {
        let last = rule.stops.len().saturating_sub(1);
        match last.checked_sub(1).and_then(|before| Some((before, rule.stops.get(before)?))) {
            Some((before, stop)) if stop.more => {
                let next = self.lanes.get(before).map_or(0, super::Lane::next);
                let enough = |start: &Start| {
                    let from = start.from.last().copied().unwrap_or(next);
                    start.stop() == before && next - from >= u64::from(stop.least)
                };
                0..self.starts.iter().take_while(|start| enough(start)).count()
            }
            _ => 0..self.starts.partition_point(|start| start.stop() >= last),
        }
    }

    fn fate<O: Observer>(
        &self,
        pattern: &Pattern,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        start: &Start,
        last: StepId,
    ) -> Fate {
        let rule = seen.rule;
        let (least, most) = self.counts(rule, start);
        let way = |count| Way { queue: self, rule, pattern, start, count };
        let Some(way) = (least..=most).rev().map(way).find(|way| seen.fits_bound(last, way)) else {
            return Fate::Waits;
        };
        let Some(chain) = way.chain() else { return Fate::Waits };
        let slot = pattern.step(last).slot;
        let chain = Link::new(Some(chain), seen.arrival.held(), last, slot, seen.arrival.seq);
        if !room.holds(chain.weight) {
            return Fate::GivenUp;
        }
        seen.observer.advance(seen.at(), last);
        Fate::Complete(Match { chain, deadline: None })
    }

    /// How many events at least and at most it may have bound at the stop where it waits.
    pub(super) fn counts(&self, rule: &Compiled, start: &Start) -> (u64, u64) {
        let waits = rule.stops.get(start.stop()).zip(self.lanes.get(start.stop()));
        match waits {
            Some((stop, lane)) if stop.more => {
                (u64::from(stop.least), lane.next() - start.from.last().copied().unwrap_or(lane.next()))
            }
            _ => (0, 0),
        }
    }
}
