//! The shared form: every way to bind the events of `matches all`, held in common.
//!
//! It is legal where no condition looks at what is bound. Then derivations that wait at the same place have the same
//! future, and what an event does is the same for all of them: it is taken at some places, and some are left empty. So an
//! event that is bound is held once, as a row with those places, however many derivations have bound it. The rows are the
//! derivations: nothing is made of them before an event completes some, and then no more than are reported (`paths`).
//! `starts` says which starts are still open, and where any of them waits; `tally` what a limit asks for.

mod gathered;
mod logical;
mod paths;
mod starts;
mod tally;
mod ways;

use std::collections::VecDeque;
use std::sync::Arc;

use self::paths::Paths;
use self::starts::Starts;
use self::tally::Tally;
use self::ways::{BLOCK, Blocks};
use super::chain::View;
use super::footprint::{Sizes, block, room, slot};
use super::judge::Seen;
use super::observer::{At, Observer};
use super::partition::Outcome;
use super::report::Match;
use super::room::Room;
use crate::alert::Bound;
use crate::automaton::{Edge, Registers};
use crate::event::Held;
use crate::id::StepId;
use crate::plan::{Pattern, Policy};
use crate::program::{Compiled, PlaceSet, Places};
use crate::time::Timestamp;

pub(super) use logical::{Single, expand};

/// The state of one rule for one key.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// From the first start that is open.
    rows: VecDeque<Row>,
    /// How many rows there were before these.
    dropped: u64,
    starts: Starts,
    tally: Tally,
    blocks: Blocks,
}

/// A bound event.
#[derive(Debug)]
struct Row {
    /// Its place in the total order.
    seq: u64,
    held: Arc<Held>,
    /// The places at which it was taken; of those where a derivation begins, if the start is not given up.
    took: PlaceSet,
    /// The places where before the next row nobody waits any more.
    left: PlaceSet,
}

/// What it takes. Each bound event is a row, and may be a start; of some rows there is a block.
pub(super) fn sizes(rule: &Compiled) -> Sizes {
    let places = rule.places.as_ref().map_or(0, |places| places.places.len());
    Sizes {
        key: block(size_of::<Shared>()) + room::<Row>() + Starts::ROOM + Tally::room(places),
        start: Starts::SIZE,
        event: slot(size_of::<Row>()) + Blocks::size(places) / BLOCK as usize,
    }
}

/// What an event does.
#[derive(Clone, Copy, Debug, Default)]
struct Deed {
    /// The places at which it is taken.
    took: PlaceSet,
    /// The places that it leaves empty without being taken there.
    left: PlaceSet,
}

impl Shared {
    /// One event, in order: it is taken where it fits, matches are reported, a new start begins.
    pub(super) fn event<O: Observer>(
        &mut self,
        pattern: &Pattern,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) {
        let Some(places) = &seen.rule.places else { return };
        self.expire(seen.at(), seen.observer);
        if pattern.cancel.is_some_and(|step| seen.visible(step) && seen.fits_alone(step)) {
            self.clear();
        }
        let mut deed = self.judge(places, seen);
        deed.took |= begin(places, room, seen, outcome);
        if deed.took | deed.left == 0 {
            return;
        }
        self.give_up(places, &mut deed, room, seen, outcome);
        self.complete(places, pattern, deed.took & places.ends, seen, outcome);
        let began = self.go_on(places, deed, room, seen, outcome);
        // One that completes with its first event has begun, too.
        outcome.began = began || deed.took & places.begin & places.ends != 0;
        self.tidy();
    }

    /// What an event is to whoever waits.
    fn judge<O: Observer>(&self, places: &Places, seen: &Seen<'_, O>) -> Deed {
        let mut deed = Deed::default();
        for (at, place) in
            Places::of(self.starts.waiting()).filter_map(|at| Some((at, places.places.get(at)?)))
        {
            let edge = || seen.rule.automaton.edges(place.after).get(place.edge as usize);
            if place.guarded && edge().is_some_and(|edge| ends(edge, place.step, seen)) {
                deed.left |= 1 << at;
            } else if seen.visible(place.step) && seen.fits_alone(place.step) {
                seen.observer.advance(seen.at(), place.step);
                deed.took |= 1 << at;
            } else if place.next && !seen.hidden(place.step) {
                deed.left |= 1 << at;
            }
        }
        deed
    }

    /// Gives up the starts for which the event is too much, in whichever of their derivations. None is looked at before
    /// the heaviest of all derivations there ever were would hold too much.
    fn give_up<O: Observer>(
        &mut self,
        places: &Places,
        deed: &mut Deed,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) {
        let on = deed.took & !places.begin;
        if on == 0 {
            return;
        }
        let weight = seen.arrival.held().weight();
        if room.holds(self.tally.heaviest(on).saturating_add(weight)) {
            return;
        }
        self.tally.renew(places, &self.rows);
        if room.holds(self.tally.heaviest(on).saturating_add(weight)) {
            return;
        }
        let first = self.dropped;
        for (row, heaviest) in tally::heaviest_of_starts(places, &self.rows, on) {
            if !room.holds(heaviest.saturating_add(weight)) && self.starts.give_up(first + row as u64) {
                outcome.at_bound(Bound::CapturedBytes, 1);
                self.rows.get_mut(row).into_iter().for_each(|row| row.took &= !places.begin);
                self.blocks.forget((first + row as u64) / BLOCK);
            }
        }
        self.tally = Tally::of(places, &self.rows);
        let waiting = self.starts.waiting() | places.begin;
        (deed.took, deed.left) = (deed.took & waiting, deed.left & waiting);
    }

    /// Reports the first of the matches that the event completes at these places, and counts the others.
    fn complete<O>(
        &mut self,
        places: &Places,
        pattern: &Pattern,
        ends: PlaceSet,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) {
        let Policy::All { limit } = seen.rule.policy else { return };
        if ends == 0 {
            return;
        }
        let last = (seen.arrival.held(), seen.arrival.seq);
        let rows = (&self.rows, self.dropped);
        let mut paths = Paths::new(places, pattern, rows, &mut self.blocks, ends);
        let reported = paths.count().min(u64::from(limit));
        outcome.leave_out(paths.count() - reported);
        let matches = paths.first(reported, last);
        outcome.matches.extend(matches.into_iter().map(|chain| Match { chain, deadline: None }));
    }

    /// What is taken is held, as far as something waits behind it; says whether a start is open that was not.
    fn go_on<O: Observer>(
        &mut self,
        places: &Places,
        Deed { mut took, left }: Deed,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) -> bool {
        let gone = left | took & places.once;
        let arrivals = places.onward(took);
        if arrivals != 0 && !self.has_room(places, gone, arrivals, room) {
            outcome.at_bound(Bound::PartialsPerKey, 1);
            took = 0;
        }
        self.leave(left);
        let begins = places.onward(took & places.begin);
        if places.onward(took) == 0 {
            self.leave(gone);
            self.starts.go_on(places, 0, gone);
            self.tally.go_on(places, 0, gone, 0);
            return false;
        }
        let (held, seq) = (seen.arrival.held(), seen.arrival.seq);
        let (first, weight) = (held.time(), held.weight());
        self.rows.push_back(Row { seq, held, took, left: 0 });
        self.starts.go_on(places, took, gone);
        self.tally.go_on(places, took, gone, weight);
        if begins != 0 {
            self.starts.push(self.dropped + self.rows.len() as u64 - 1, first, begins);
            outcome.look_at(seen.rule.within.map(|within| first.after(within)));
        }
        begins != 0
    }

    /// Nobody waits at these places any more.
    fn leave(&mut self, places: PlaceSet) {
        self.rows.back_mut().into_iter().for_each(|last| last.left |= places);
    }

    /// Whether there is room for an event that comes to wait at these places, when those are left.
    fn has_room(&mut self, places: &Places, gone: PlaceSet, arrivals: PlaceSet, room: Room<'_>) -> bool {
        let most = room.limits.partials_per_key;
        let more = arrivals.count_ones() as usize;
        if self.tally.waits() + more <= most {
            return true;
        }
        self.tally.renew(places, &self.rows);
        self.tally.waits_without(gone) + more <= most
    }

    /// Drops the starts that are over at the front, and what no start holds any more.
    fn tidy(&mut self) {
        self.starts.drop_closed();
        let Some(first) = self.starts.first_row() else { return self.clear() };
        let gone = first.saturating_sub(self.dropped).min(self.rows.len() as u64);
        if gone > 0 {
            self.rows.drain(..gone as usize);
            self.dropped += gone;
            self.blocks.drop_before(self.dropped / BLOCK);
        }
    }

    fn clear(&mut self) {
        self.dropped += self.rows.len() as u64;
        self.rows.clear();
        self.blocks.clear();
        self.starts.clear();
        self.tally = Tally::default();
    }

    /// Drops the starts whose time was over before this.
    fn expire<O: Observer>(&mut self, at: At<'_>, observer: &O) {
        let Some(within) = at.rule.within else { return };
        let mut any = false;
        while self.starts.first_time().is_some_and(|first| first.after(within) < at.time) {
            self.starts.drop_first();
            observer.expiry(at);
            any = true;
        }
        if any {
            self.tally.lose();
            self.tidy();
        }
    }

    /// Gives up so many of the earliest starts.
    pub(super) fn give_up_oldest(&mut self, count: usize) {
        let left = self.starts.count().saturating_sub(count);
        while self.starts.count() > left {
            self.starts.drop_first();
        }
        self.tally.lose();
        self.tidy();
    }

    /// Gives up the starts that began before a time; how many.
    pub(super) fn give_up_before(&mut self, time: Timestamp) -> u64 {
        let count = self.starts.count();
        while self.starts.first_time().is_some_and(|first| first < time) {
            self.starts.drop_first();
        }
        let given_up = count - self.starts.count();
        // Gives back what they held.
        self.give_up_oldest(0);
        given_up as u64
    }

    /// When each start began.
    pub(super) fn ages(&self, note: &mut impl FnMut(Timestamp, u64)) {
        self.starts.times().for_each(|first| note(first, 1));
    }

    /// Forgets what is over before `time`; without a time, whatever has a bound.
    pub(super) fn forget_past<O: Observer>(&mut self, at: At<'_>, observer: &O, time: Option<Timestamp>) {
        match time {
            Some(time) => self.expire(At { time, ..at }, observer),
            None if at.rule.within.is_some() => self.clear(),
            None => {}
        }
    }

    /// Nothing that time does to it is observed.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Nothing that time does to it is observed.
    pub(super) fn fire<O: Observer>(&mut self, _: At<'_>, _: &O, _: &mut Outcome) {}

    /// The end of time has passed: nothing can go on any more.
    pub(super) fn end(&mut self, _: &Compiled, _: &mut Outcome) {
        self.clear();
    }

    /// When the first start expires.
    pub(super) fn next_change(&self, rule: &Compiled) -> Option<Timestamp> {
        Some(self.starts.first_time()?.after(rule.within?))
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.count() == 0
    }

    /// How many starts are open.
    pub(super) fn starts(&self) -> usize {
        self.starts.count()
    }

    /// How many starts are open; none of them only waits for a deadline.
    pub(super) fn open(&self) -> (u64, u64) {
        (self.starts.count() as u64, 0)
    }
}

/// Where a start begins with the event, as far as there is room for it.
fn begin<O: Observer>(
    places: &Places,
    room: Room<'_>,
    seen: &Seen<'_, O>,
    outcome: &mut Outcome,
) -> PlaceSet {
    let step = |at: usize| places.places.get(at).map(|place| place.step);
    let fits = |step: StepId| seen.visible(step) && seen.fits_alone(step);
    let took = Places::of(places.begin).filter(|at| step(*at).is_some_and(fits));
    let took = took.fold(0, |all, at| all | 1 << at);
    if took == 0 {
        return 0;
    }
    // What is refused for the number of starts is not even copied.
    if let Some(bound) = room.lacks_for_a_start(|| seen.arrival.held().weight()) {
        outcome.at_bound(bound, 1);
        return 0;
    }
    Places::of(took).filter_map(step).for_each(|step| seen.observer.start(seen.at(), step));
    took
}

/// Whether an event ends the wait on an edge: one that must be absent, the end of a loop.
fn ends<O: Observer>(edge: &Edge, step: StepId, seen: &Seen<'_, O>) -> bool {
    let absences = edge.absences.iter().map(|absence| absence.step);
    if let Some(step) = absences.into_iter().find(|step| seen.visible(*step) && seen.fits_alone(*step)) {
        seen.observer.violation(seen.at(), step);
        return true;
    }
    let (registers, previous) = (Registers::default(), Vec::new());
    let view = View { chain: None, scopes: &[], registers: &registers, previous: &previous };
    let own = seen.rule.step(step).until.iter().filter(|_| !seen.hidden(step));
    let groups = edge.groups.iter().filter_map(|group| seen.rule.group_untils[group.index()].as_ref());
    own.chain(groups).any(|until| seen.is_true(until, view))
}
