//! The window form: the events that are looked at together, and what is kept up to date of them.
//!
//! Events leave in the order in which they came, so what is added up of them is taken away again one by one. Windows that
//! overlap share their events: one is looked at, the one that closes next, and what comes too late for it waits.

mod logical;
mod view;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use self::view::InWindow;
use super::chain::{Previous, forget_before};
use super::footprint::{Sizes, block, room, slot};
use super::judge::Seen;
use super::observer::Observer;
use super::partition::Outcome;
use super::report::Looked;
use super::room::Room;
use crate::alert::Bound;
use crate::event::Held;
use crate::id::{SlotId, StepId};
use crate::plan::Shape;
use crate::predicate::{Current, Here, Meter};
use crate::program::{Compiled, WindowCode};
use crate::time::Timestamp;

/// The events of one rule for one key.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// In order. Those in the window come first; the others wait for later ones.
    events: VecDeque<Entry>,
    /// How many are in the window.
    inside: usize,
    /// For each step how many of those fit it.
    counts: SmallVec<[u64; 2]>,
    /// By the gauges of the rule, of those in the window.
    meters: Vec<Meter>,
    /// What all events weigh.
    weight: usize,
    /// Whether the condition was true when it was last judged: it has fired, and does not fire again.
    fired: bool,
    /// Of windows at regular times the one that is looked at.
    open: i64,
    previous: Previous,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    held: Arc<Held>,
    /// In the order of the text.
    steps: SmallVec<[StepId; 2]>,
}

/// What it takes, each event being its own start.
pub(super) fn sizes(rule: &Compiled) -> Sizes {
    let gauges = rule.window.iter().flat_map(|window| &window.gauges);
    let (meters, values) = gauges.map(Meter::sizes).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    Sizes {
        key: block(size_of::<Windows>()) + room::<Entry>() + meters,
        start: 0,
        event: slot(size_of::<Entry>()) + values,
    }
}

impl Entry {
    fn time(&self) -> Timestamp {
        self.held.time()
    }

    fn fits(&self, slot: SlotId) -> bool {
        self.steps.iter().any(|step| step.index() == slot.index())
    }
}

/// The name of a step. In a window every step has its own.
fn slot_of(step: StepId) -> Option<SlotId> {
    SlotId::new(step.index())
}

impl Windows {
    /// One event, in order.
    pub(super) fn event<O: Observer>(&mut self, room: Room<'_>, seen: &Seen<'_, O>, outcome: &mut Outcome) {
        let (rule, faults) = (seen.rule, seen.faults);
        let Some(window) = &rule.window else { return };
        let time = seen.arrival.row.time();
        self.leave_before(window, faults, Some(time));
        let bound = self.view_at(window, time);
        let steps = (0..rule.steps.len()).filter_map(StepId::new);
        let fits =
            |step: &StepId| seen.visible(*step) && seen.fits_alone(*step) && seen.fits_bound(*step, &bound);
        let steps: SmallVec<[StepId; 2]> = steps.filter(fits).collect();
        self.remember(seen);
        // What ends behind the end of time never ends.
        if steps.is_empty() || (window.shape.closes() && time == Timestamp::MAX) {
            return;
        }
        if let Shape::Count(most) = window.shape
            && self.events.len() >= most as usize
        {
            self.leave(window, 1);
            self.judge_less(window, faults);
        }
        let (held, begins) = (seen.arrival.held(), self.events.is_empty());
        let weight = self.weight.saturating_add(held.weight());
        let full = self.events.len() >= room.limits.partials_per_key;
        let lacks = match () {
            () if begins => room.lacks_for_a_start(|| weight),
            () => (!room.holds(weight)).then_some(Bound::CapturedBytes),
        };
        if let Some(bound) = lacks.or(full.then_some(Bound::PartialsPerKey)) {
            return outcome.at_bound(bound, 1);
        }
        if begins && !self.fired && matches!(window.shape, Shape::Periodic { .. }) {
            self.open = window.calendar.first(time);
        }
        if begins {
            outcome.began = true;
            steps.first().into_iter().for_each(|step| seen.observer.start(seen.at(), *step));
        }
        steps.iter().for_each(|step| seen.observer.advance(seen.at(), *step));
        self.take(rule, window, Entry { seq: seen.arrival.seq, held, steps }, faults);
        outcome.look_at(self.next_change(rule));
        if !window.shape.closes() {
            outcome.looked.extend(self.judge(rule, window, faults));
        }
    }

    /// Keeps of an event what later ones ask about.
    fn remember<O>(&mut self, seen: &Seen<'_, O>) {
        for &step in &seen.rule.lagging {
            if seen.visible(step) && seen.type_fits(step) {
                self.previous.retain(|(of, _)| *of != step);
                self.previous.push((step, seen.arrival.held()));
            }
        }
    }

    /// An event comes behind all that are there.
    fn take(&mut self, rule: &Compiled, window: &WindowCode, entry: Entry, faults: &Cell<u64>) {
        self.counts.resize(rule.steps.len(), 0);
        if self.meters.len() != window.gauges.len() {
            self.meters = window.gauges.iter().map(Meter::new).collect();
        }
        self.weight = self.weight.saturating_add(entry.held.weight());
        self.events.push_back(entry);
        self.enter(window, faults);
    }

    /// What waits and is in the window now.
    fn enter(&mut self, window: &WindowCode, faults: &Cell<u64>) {
        let regular = matches!(window.shape, Shape::Periodic { .. });
        while let Some(entry) = self.events.get(self.inside)
            && (!regular || window.calendar.first(entry.time()) <= self.open)
        {
            for slot in entry.steps.iter().filter_map(|step| slot_of(*step)) {
                self.counts.get_mut(slot.index()).into_iter().for_each(|count| *count += 1);
                let meters = self.meters.iter_mut().zip(&window.gauges);
                let meters = meters.filter(|(_, gauge)| gauge.slot == slot);
                meters.for_each(|(meter, gauge)| meter.add(gauge, &entry.held, faults));
            }
            self.inside += 1;
        }
    }

    /// Adds up what is in the window anew. Faults were counted when the events came.
    fn add_up(&mut self, window: &WindowCode) {
        let inside = std::mem::take(&mut self.inside);
        self.counts.iter_mut().for_each(|count| *count = 0);
        self.meters = window.gauges.iter().map(Meter::new).collect();
        if inside > 0 {
            self.enter(window, &Cell::new(0));
        }
    }

    /// The first events leave, so many that are in the window.
    fn leave(&mut self, window: &WindowCode, count: usize) {
        // Where none is left it is cheaper to begin anew.
        let all = count >= self.inside;
        for _ in 0..count {
            let Some(entry) = self.events.pop_front() else { return };
            self.weight = self.weight.saturating_sub(entry.held.weight());
            self.inside = self.inside.saturating_sub(1);
            for slot in entry.steps.iter().filter_map(|step| slot_of(*step)).filter(|_| !all) {
                let count = self.counts.get_mut(slot.index());
                count.into_iter().for_each(|count| *count = count.saturating_sub(1));
                let meters = self.meters.iter_mut().zip(&window.gauges);
                let meters = meters.filter(|(_, gauge)| gauge.slot == slot);
                meters.for_each(|(meter, gauge)| meter.remove(gauge, &entry.held));
            }
        }
        if all {
            self.counts.iter_mut().for_each(|count| *count = 0);
            self.meters = window.gauges.iter().map(Meter::new).collect();
        }
    }

    /// What leaves a sliding window before `time`, without a time all of it. Those that leave at one moment leave together.
    fn leave_before(&mut self, window: &WindowCode, faults: &Cell<u64>, time: Option<Timestamp>) {
        let Shape::Sliding(length) = window.shape else { return };
        let leaves = |entry: &Entry| entry.time().after(length);
        while let Some(moment) = self.events.front().map(leaves)
            && time.is_none_or(|time| moment < time)
        {
            let count = self.events.iter().take_while(|entry| leaves(entry) == moment).count();
            self.leave(window, count);
            self.judge_less(window, faults);
        }
    }

    /// Events have left. Without them the condition may be false; that it is true says nothing.
    fn judge_less(&mut self, window: &WindowCode, faults: &Cell<u64>) {
        if self.fired {
            self.fired = self.is_true(window, faults);
        }
    }

    /// Judges the condition: what an alert says, if it fires.
    fn judge(&mut self, rule: &Compiled, window: &WindowCode, faults: &Cell<u64>) -> Option<Looked> {
        let is_true = self.is_true(window, faults);
        let fires = is_true && (window.ever || !self.fired);
        self.fired = is_true && !window.ever;
        fires.then(|| self.looked(rule, faults)).flatten()
    }

    /// Whether the condition is true. An empty window is not judged.
    fn is_true(&self, window: &WindowCode, faults: &Cell<u64>) -> bool {
        self.last().is_some_and(|last| {
            let bound = self.view();
            window.condition.is_true(&Here { current: Current::Held(&last.held), bound: &bound, faults })
        })
    }

    fn looked(&self, rule: &Compiled, faults: &Cell<u64>) -> Option<Looked> {
        let (first, last, bound) = (self.events.front()?, self.last()?, self.view());
        let here = Here { current: Current::Held(&last.held), bound: &bound, faults };
        let fields = rule.output.fields.iter().map(|(name, expr)| (name.clone(), expr.value(&here)));
        let ends = (0..rule.steps.len()).filter_map(SlotId::new).filter_map(|slot| bound.ends(slot));
        Some(Looked {
            first: Arc::clone(&first.held),
            step: *first.steps.first()?,
            last: last.time(),
            ends: ends.collect(),
            fields: fields.collect(),
        })
    }

    /// The last event in the window.
    fn last(&self) -> Option<&Entry> {
        self.inside.checked_sub(1).and_then(|last| self.events.get(last))
    }

    /// What is in the window that is looked at.
    fn view(&self) -> InWindow<'_> {
        InWindow { windows: self, from: 0, to: self.inside, kept: true }
    }

    /// What is in the window of an event that comes now. Of those at regular times that may be one behind the window that
    /// is looked at, and then all that waits is in it.
    fn view_at(&self, window: &WindowCode, time: Timestamp) -> InWindow<'_> {
        let regular = matches!(window.shape, Shape::Periodic { .. });
        if regular && !self.events.is_empty() && window.calendar.first(time) > self.open {
            return InWindow { windows: self, from: self.inside, to: self.events.len(), kept: false };
        }
        self.view()
    }

    /// Everything that is due before `end`, without an end everything: what fires at each time is handed to `then`.
    pub(super) fn pass(
        &mut self,
        rule: &Compiled,
        faults: &Cell<u64>,
        end: Option<Timestamp>,
        mut then: impl FnMut(Timestamp, &Outcome),
    ) {
        let Some(window) = &rule.window else { return };
        self.leave_before(window, faults, end);
        while let Some(time) = self.next_change(rule).filter(|_| window.shape.closes())
            && end.is_none_or(|end| time < end)
        {
            let looked = self.judge(rule, window, faults).into_iter().collect();
            self.close(window, faults);
            then(time, &Outcome { looked, ..Outcome::default() });
        }
    }

    /// The window has been looked at, and the next is the one that is.
    fn close(&mut self, window: &WindowCode, faults: &Cell<u64>) {
        if !matches!(window.shape, Shape::Periodic { .. }) {
            // What comes after a gap is another session.
            self.fired = false;
            let all = self.events.len();
            return self.leave(window, all);
        }
        let calendar = &window.calendar;
        let next = calendar.next(self.open);
        let gone = |entry: &&Entry| calendar.last(entry.time()) < next;
        let count = self.events.iter().take(self.inside).take_while(gone).count();
        self.leave(window, count);
        let first = self.events.front().map_or(next, |entry| calendar.first(entry.time()));
        // Windows with nothing in them only let the condition fire again.
        self.open = if self.fired { next } else { next.max(first) };
        self.enter(window, faults);
    }

    /// When time next changes anything.
    pub(super) fn next_change(&self, rule: &Compiled) -> Option<Timestamp> {
        let window = rule.window.as_ref()?;
        match &window.shape {
            Shape::Count(_) => None,
            Shape::Sliding(length) => Some(self.events.front()?.time().after(*length)),
            Shape::Session(gap) => Some(self.events.back()?.time().after(*gap)),
            Shape::Periodic { .. } => self.is_open().then(|| window.calendar.end(self.open)),
        }
    }

    /// Gives up the window if no event in it is as late as this, and what `lag` asks for, as far as it is earlier; of how
    /// many events.
    pub(super) fn give_up_before(&mut self, time: Timestamp) -> u64 {
        let lagging = forget_before(&mut self.previous, time);
        if self.events.back().is_none_or(|last| last.time() >= time) {
            return lagging;
        }
        let events = self.events.len() as u64;
        *self = Windows { previous: std::mem::take(&mut self.previous), ..Windows::default() };
        lagging + events
    }

    /// When the last event came, for each that is held, and what `lag` asks for.
    pub(super) fn ages(&self, note: &mut impl FnMut(Timestamp, u64)) {
        self.events.back().into_iter().for_each(|last| note(last.time(), self.events.len() as u64));
        self.previous.iter().for_each(|(_, event)| note(event.time(), 1));
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_open() && self.previous.is_empty()
    }

    /// Whether a window is open, if only to see that nothing is in it.
    fn is_open(&self) -> bool {
        !self.events.is_empty() || self.fired
    }

    /// How many starts are open: a window with something in it is one.
    pub(super) fn starts(&self) -> usize {
        usize::from(!self.events.is_empty())
    }

    /// The same, and how many windows wait for their end.
    pub(super) fn open(&self, rule: &Compiled) -> (u64, u64) {
        let starts = self.starts() as u64;
        let Some(window) = &rule.window else { return (starts, 0) };
        let pending = match &window.shape {
            Shape::Sliding(_) | Shape::Count(_) => 0,
            Shape::Session(_) => starts,
            Shape::Periodic { .. } => {
                let (mut count, mut from) = (0, self.open);
                for entry in &self.events {
                    let (first, last) =
                        (window.calendar.first(entry.time()), window.calendar.last(entry.time()));
                    count += (last + 1 - first.max(from)).max(0) as u64;
                    from = from.max(last + 1);
                }
                count
            }
        };
        (starts, pending)
    }
}
