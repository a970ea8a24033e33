//! A last step that looks at what is bound.
//!
//! It is asked start by start, and those that it takes are complete at once, so that the others wait on as if nothing
//! had come. Behind a loop without an upper bound it may ask only for what a longer loop has the more of: then of all
//! ways to leave the loop the longest is as good as any, and no start is taken if an earlier one is not.

use std::ops::Range;

use super::{Lane, Queue, Start, intervals};
use crate::alert;
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

/// What a start has bound.
#[derive(Clone, Copy)]
struct Way<'q> {
    queue: &'q Queue,
    rule: &'q Compiled,
    pattern: &'q Pattern,
    start: &'q Start,
}

impl<'q> Way<'q> {
    /// Those bound to a name.
    fn of(self, slot: SlotRef) -> impl DoubleEndedIterator<Item = &'q Held> + ExactSizeIterator {
        let is_it = |stop: &Stop| self.pattern.step(stop.step).slot == slot.slot;
        let mut all = intervals(&self.queue.lanes, self.rule, self.start);
        let found = all.find(|(stop, ..)| is_it(stop));
        let events = found.map(|(_, lane, from, to)| lane.between(from, to));
        events.unwrap_or_default().map(|(_, held)| &**held)
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
        let (waiting, looped) = self.before_last(seen.rule);
        if waiting.is_empty() || !seen.fits_alone(last.step) {
            return Vec::new();
        }
        let fate = |start| self.fate(pattern, room, seen, start, last.step);
        let fates: Vec<Fate> = self
            .starts
            .range(waiting.clone())
            .map(fate)
            .take_while(|fate| !looped || !matches!(fate, Fate::Waits))
            .collect();
        let (mut matches, mut at) = (Vec::new(), 0);
        if fates.iter().all(|fate| matches!(fate, Fate::Waits)) {
            return matches;
        }
        let mut fates = fates.into_iter();
        self.starts.retain(|_| {
            let fate = if waiting.contains(&at) { fates.next() } else { None };
            at += 1;
            match fate {
                None | Some(Fate::Waits) => return true,
                Some(Fate::GivenUp) => outcome.at_bound(alert::Bound::CapturedBytes, 1),
                Some(Fate::Complete(found)) => matches.push(found),
            }
            false
        });
        matches
    }

    /// The starts that wait for the last step, and whether it stands behind an open loop.
    fn before_last(&self, rule: &Compiled) -> (Range<usize>, bool) {
        let last = rule.stops.len().saturating_sub(1);
        match last.checked_sub(1).and_then(|before| Some((before, rule.stops.get(before)?))) {
            Some((before, stop)) if stop.more => {
                let next = self.lanes.get(before).map_or(0, Lane::next);
                let enough = |start: &Start| {
                    let from = start.from.last().copied().unwrap_or(next);
                    start.stop() == before && next - from >= u64::from(stop.least)
                };
                (0..self.starts.iter().take_while(|start| enough(start)).count(), true)
            }
            _ => (0..self.starts.partition_point(|start| start.stop() >= last), false),
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
        let way = Way { queue: self, rule: seen.rule, pattern, start };
        if !seen.fits_bound(last, &way) {
            return Fate::Waits;
        }
        let chain = self.chain(pattern, seen.rule, start);
        let slot = pattern.step(last).slot;
        let chain = Link::new(chain, seen.arrival.held(), last, slot, seen.arrival.seq);
        if !room.holds(chain.weight) {
            return Fate::GivenUp;
        }
        seen.observer.advance(seen.at(), last);
        Fate::Complete(Match { chain, deadline: None })
    }
}
