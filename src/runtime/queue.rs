//! The queue form: starts that wait at the same step move together.
//!
//! It is legal where what a partial match waits for does not depend on what it has bound, and where it has one way to go
//! on. Then an event that one start binds is bound by every start that waits there, so that each step has one list of
//! bound events, its lane, and a start is a place in each of them: an event costs the same however many starts wait.
//! An earlier start is never behind a later one, so the starts stand in the order of their progress too, and those that
//! complete are always the first.

mod last;
mod logical;
mod weight;

use std::collections::{VecDeque, vec_deque};
use std::sync::Arc;

use smallvec::SmallVec;

use super::chain::Link;
use super::footprint::{Sizes, block, room, slot};
use super::judge::Seen;
use super::observer::{At, Observer};
use super::partition::Outcome;
use super::report::Match;
use super::room::Room;
use crate::alert::Bound;
use crate::event::Held;
use crate::plan::{Pattern, Policy};
use crate::program::{Compiled, Stop};
use crate::time::Timestamp;

/// The partial matches of one rule for one key.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// In the order of their start events.
    starts: VecDeque<Start>,
    /// For each stop the events bound there, as far as a start still holds them.
    lanes: SmallVec<[Lane; 4]>,
}

/// A bound event with its place in the total order.
type Numbered = (u64, Arc<Held>);

/// What it takes. Of the lanes the first has room, where starts begin to wait.
pub(super) fn sizes(rule: &Compiled) -> Sizes {
    let stops = rule.stops.len();
    let (lanes, from) = if stops > 4 { (stops * size_of::<Lane>(), stops * 8) } else { (0, 0) };
    Sizes {
        key: block(size_of::<Queue>()) + room::<Start>() + room::<Numbered>() + block(lanes),
        start: slot(size_of::<Start>()) + block(from),
        event: slot(size_of::<Numbered>()),
    }
}

#[derive(Debug)]
struct Start {
    first: Timestamp,
    /// For each stop that it has reached, the number of its first event there; it waits at the last of them.
    from: SmallVec<[u64; 4]>,
    /// Of a start that has left a loop without an upper bound, the number behind its last event there.
    left: u64,
    /// What its events weigh, less what ever was bound at the stop where it waits: what is bound there from now on adds
    /// as much to every start.
    base: i64,
}

/// The events bound at one stop, numbered from the first that ever was.
#[derive(Debug, Default)]
struct Lane {
    dropped: u64,
    /// With their places in the total order.
    events: VecDeque<Numbered>,
    /// What all of them weigh that ever were there.
    weight: i64,
    /// No start that waits here has a larger base.
    most: i64,
}

impl Lane {
    /// The number that the next event gets.
    fn next(&self) -> u64 {
        self.dropped + self.events.len() as u64
    }

    fn push(&mut self, seq: u64, held: Arc<Held>) {
        self.weight += weight::of(&held);
        self.events.push_back((seq, held));
    }

    fn drop_before(&mut self, number: u64) {
        let gone = number.saturating_sub(self.dropped).min(self.events.len() as u64);
        if gone > 0 {
            self.events.drain(..gone as usize);
            self.dropped += gone;
        }
    }

    /// Where the event with a number lies.
    fn place(&self, number: u64) -> usize {
        number.saturating_sub(self.dropped).min(self.events.len() as u64) as usize
    }

    /// The events with these numbers.
    fn between(&self, from: u64, to: u64) -> vec_deque::Iter<'_, (u64, Arc<Held>)> {
        self.events.range(self.place(from)..self.place(to).max(self.place(from)))
    }

    /// Whether one of the events with these numbers has this place in the total order.
    fn holds(&self, from: u64, to: u64, seq: u64) -> bool {
        let found = self.events.binary_search_by_key(&seq, |(other, _)| *other);
        found.is_ok_and(|index| (from..to).contains(&(self.dropped + index as u64)))
    }
}

impl Start {
    /// The stop at which it waits.
    fn stop(&self) -> usize {
        self.from.len().saturating_sub(1)
    }
}

impl Queue {
    /// One event, in order.
    pub(super) fn event<O: Observer>(
        &mut self,
        pattern: &Pattern,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) {
        let first = self.first();
        self.expire(seen.at(), seen.observer);
        let stops = &seen.rule.stops;
        self.lanes.resize_with(stops.len(), Lane::default);
        let mut complete = 0;
        let mut found = self.take_complete(pattern, room, seen, outcome);
        let judged = seen.rule.judges_last();
        // From the last stop to the first, so that no start moves twice.
        for (index, stop) in stops.iter().enumerate().rev().skip(usize::from(judged)) {
            let waiting = self.starts.partition_point(|start| start.stop() > index);
            let mut end = self.starts.partition_point(|start| start.stop() >= index);
            if stop.more && waiting < end && complete == 0 && !judged {
                complete = self.leave(index, waiting, end, room, seen, outcome);
                end = self.starts.partition_point(|start| start.stop() >= index);
            }
            if (index > 0 && waiting == end) || !seen.fits_alone(stop.step) {
                continue;
            }
            let begins = index == 0 && self.begin(room, seen, outcome);
            let from = waiting.max(complete);
            let going_on = self.give_up(index, from..end, room, seen, outcome);
            let end = going_on + usize::from(begins);
            if from < end {
                self.bind(index, from, going_on, seen);
                complete = complete.max(self.move_on(stops, index, from, end));
            }
        }
        // Where the last step was asked start by start, none is complete otherwise.
        if complete > 0 {
            let done: Vec<Start> = self.starts.drain(..complete.min(self.starts.len())).collect();
            let chains = done.iter().filter_map(|start| self.chain(pattern, seen.rule, start));
            found.extend(chains.map(|chain| Match { chain, deadline: None }));
        }
        if !found.is_empty() {
            self.report(seen.rule, found, outcome);
        }
        // Nothing is let go before the first start is.
        if self.first() != first {
            self.tidy();
        }
    }

    /// Starts of a loop that may go on for ever, and may as well be left: how many starts complete, if the event is the
    /// one behind it. All of them that have gone round often enough.
    fn leave<O: Observer>(
        &mut self,
        index: usize,
        from: usize,
        end: usize,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) -> usize {
        let (Some(stop), Some(last)) = (seen.rule.stops.get(index), seen.rule.stops.get(index + 1)) else {
            return 0;
        };
        let next = self.lanes.get(index).map_or(0, Lane::next);
        let enough =
            |start: &Start| next - start.from.last().copied().unwrap_or(next) >= u64::from(stop.least);
        let ready = self.starts.range(from..end).take_while(|start| enough(start)).count();
        if ready == 0 || !seen.fits_alone(last.step) {
            return 0;
        }
        let end = self.give_up(index, from..from + ready, room, seen, outcome);
        if from == end {
            return 0;
        }
        let lane = self.lanes.get(index + 1).map_or(0, Lane::next);
        for start in self.starts.range_mut(from..end) {
            start.from.push(lane);
            start.left = next;
        }
        self.shift(index, from..end);
        self.bind(index + 1, from, end, seen);
        end
    }

    /// A new start, as far as there is room for it.
    fn begin<O: Observer>(&mut self, room: Room<'_>, seen: &Seen<'_, O>, outcome: &mut Outcome) -> bool {
        let held = seen.arrival.held();
        let full = self.starts.len() >= room.limits.partials_per_key;
        let full = full.then_some(Bound::PartialsPerKey);
        if let Some(bound) = room.lacks_for_a_start(|| held.weight()).or(full) {
            outcome.at_bound(bound, 1);
            return false;
        }
        let first = seen.arrival.row.time();
        let from = self.lanes.first().map_or(0, Lane::next);
        self.starts.push_back(Start { first, from: SmallVec::from_elem(from, 1), left: 0, base: 0 });
        self.weigh(self.starts.len() - 1, 0);
        outcome.began = true;
        outcome.look_at(seen.rule.within.map(|within| first.after(within)));
        if let Some(stop) = seen.rule.stops.first() {
            seen.observer.start(seen.at(), stop.step);
        }
        true
    }

    /// The event is bound at a stop; these starts go on with it.
    fn bind<O: Observer>(&mut self, index: usize, from: usize, end: usize, seen: &Seen<'_, O>) {
        let (Some(lane), Some(stop)) = (self.lanes.get_mut(index), seen.rule.stops.get(index)) else {
            return;
        };
        lane.push(seen.arrival.seq, seen.arrival.held());
        (from..end).for_each(|_| seen.observer.advance(seen.at(), stop.step));
    }

    /// Those of these starts that have bound enough at a stop go on to the next; from the last one they are complete, and
    /// it is said how many there are then.
    fn move_on(&mut self, stops: &[Stop], index: usize, from: usize, end: usize) -> usize {
        let (Some(stop), Some(lane)) = (stops.get(index), self.lanes.get(index)) else { return 0 };
        if stop.more {
            return 0;
        }
        let (next, last) = (lane.next(), index + 1 == stops.len());
        let to = self.lanes.get(index + 1).map(Lane::next);
        let mut moved = from;
        for start in self.starts.range_mut(from..end) {
            if next - start.from.last().copied().unwrap_or(next) < u64::from(stop.least) {
                break;
            }
            start.from.extend(to);
            moved += 1;
        }
        self.shift(index, from..moved);
        if last && moved > from { moved } else { 0 }
    }

    /// These starts, which have left the queue, are complete: reports what the policy lets through and drops what is
    /// used up.
    fn report(&mut self, rule: &Compiled, found: Vec<Match>, outcome: &mut Outcome) {
        match (rule.policy, found.first()) {
            (Policy::Separate, _) => self.starts.clear(),
            (Policy::Disjoint, Some(winner)) => {
                let lanes = &self.lanes;
                let used =
                    |start: &Start| winner.chain.backwards().any(|link| holds(lanes, rule, start, link.seq));
                self.starts.retain(|start| !used(start));
            }
            _ => {}
        }
        let reported = if rule.policy == Policy::Every { found.len() } else { 1 };
        outcome.matches.extend(found.into_iter().take(reported));
    }

    /// What a start has bound, in order, with the stops.
    fn events_of<'q>(
        &'q self,
        rule: &'q Compiled,
        start: &'q Start,
    ) -> impl Iterator<Item = (&'q Stop, &'q (u64, Arc<Held>))> {
        let lanes = intervals(&self.lanes, rule, start);
        lanes.flat_map(|(stop, lane, from, to)| lane.between(from, to).map(move |event| (stop, event)))
    }

    /// The same as a list of links.
    fn chain(&self, pattern: &Pattern, rule: &Compiled, start: &Start) -> Option<Arc<Link>> {
        self.events_of(rule, start).fold(None, |before, (stop, (seq, event))| {
            let slot = pattern.step(stop.step).slot;
            Some(Link::new(before, Arc::clone(event), stop.step, slot, *seq))
        })
    }

    /// The number of the first event of the first start.
    fn first(&self) -> Option<u64> {
        self.starts.front().and_then(|start| start.from.first()).copied()
    }

    /// Drops what no start holds any more. The first start holds the earliest events, and is the furthest.
    fn tidy(&mut self) {
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let held = self.starts.front().and_then(|start| start.from.get(index));
            lane.drop_before(held.copied().unwrap_or(lane.next()));
        }
    }

    /// Drops the starts whose time was over before this.
    fn expire<O: Observer>(&mut self, at: At<'_>, observer: &O) {
        let Some(within) = at.rule.within else { return };
        while self.starts.front().is_some_and(|start| start.first.after(within) < at.time) {
            self.starts.pop_front();
            observer.expiry(at);
        }
    }

    /// Gives up so many of the earliest starts.
    pub(super) fn give_up_oldest(&mut self, count: usize) {
        self.starts.drain(..count.min(self.starts.len()));
        self.tidy();
    }

    /// Gives up the starts that began before a time; how many.
    pub(super) fn give_up_before(&mut self, time: Timestamp) -> u64 {
        let count = self.starts.partition_point(|start| start.first < time);
        self.give_up_oldest(count);
        count as u64
    }

    /// When each start began.
    pub(super) fn ages(&self, note: &mut impl FnMut(Timestamp, u64)) {
        self.starts.iter().for_each(|start| note(start.first, 1));
    }

    /// Forgets what is over before `time`; without a time, whatever has a bound.
    pub(super) fn forget_past<O: Observer>(&mut self, at: At<'_>, observer: &O, time: Option<Timestamp>) {
        match time {
            Some(time) => self.expire(At { time, ..at }, observer),
            None if at.rule.within.is_some() => self.starts.clear(),
            None => {}
        }
        self.tidy();
    }

    /// Nothing that time does to a queue is observed.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Nothing that time does to a queue is observed.
    pub(super) fn fire<O: Observer>(&mut self, _: At<'_>, _: &O, _: &mut Outcome) {}

    /// The end of time has passed: nothing can go on any more.
    pub(super) fn end(&mut self, _: &Compiled, _: &mut Outcome) {
        self.starts.clear();
    }

    /// When the first start expires.
    pub(super) fn next_change(&self, rule: &Compiled) -> Option<Timestamp> {
        Some(self.starts.front()?.first.after(rule.within?))
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// How many starts are open.
    pub(super) fn starts(&self) -> usize {
        self.starts.len()
    }

    /// How many starts are open; none of them only waits for a deadline.
    pub(super) fn open(&self) -> (u64, u64) {
        (self.starts.len() as u64, 0)
    }
}

/// For each stop that a start has reached its events there: their lane, and their numbers in it.
fn intervals<'q>(
    lanes: &'q [Lane],
    rule: &'q Compiled,
    start: &'q Start,
) -> impl Iterator<Item = (&'q Stop, &'q Lane, u64, u64)> {
    let lanes = rule.stops.iter().zip(lanes).zip(&start.from);
    lanes.enumerate().map(|(index, ((stop, lane), &from))| {
        // Where it has gone on, later events are not its own.
        let to = match (index < start.stop(), stop.more) {
            (false, _) => lane.next(),
            (true, true) => start.left,
            (true, false) => from + u64::from(stop.least),
        };
        (stop, lane, from, to)
    })
}

fn holds(lanes: &[Lane], rule: &Compiled, start: &Start, seq: u64) -> bool {
    intervals(lanes, rule, start).any(|(_, lane, from, to)| lane.holds(from, to, seq))
}
