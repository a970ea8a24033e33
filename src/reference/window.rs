//! Windows, without cleverness: the events are kept, and whatever is asked of them is worked out anew each time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::eval::{Here, Law};
use super::partial::{Bound, Match, Partial};
use super::partition::Seen;
use super::swap::Edit;
use crate::alert::Bound as Bounded;
use crate::event::Event;
use crate::id::StepId;
use crate::plan::{Shape, Window};
use crate::stream::Swapped;
use crate::time::{Duration, Timestamp, Zone};

/// The state of one rule over a window for one key.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// The events that are in a window now or in one that has not closed, in order.
    events: Vec<Entry>,
    /// Whether the condition was true when it was last judged: it has fired, and does not fire again.
    fired: bool,
    /// The number of the window that was closed last, of those that come at regular times.
    closed: Option<i128>,
    /// For each step that `lag` asks for, the previous event of its types.
    previous: BTreeMap<StepId, Arc<Event>>,
    pub(super) refused: u64,
    /// The bound that the last event has come to.
    pub(super) bound: Option<Bounded>,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    event: Arc<Event>,
    /// The steps it fits, in the order of the text.
    steps: Vec<StepId>,
    weight: usize,
}

impl Held {
    /// What goes on of it when its rule is edited.
    pub(super) fn carried(self, edit: &Edit<'_>, counts: &mut Swapped) -> Self {
        let mut events: Vec<Entry> = Vec::new();
        for entry in self.events {
            let steps = edit.steps(&entry.steps, &entry.event, counts);
            let weight = edit.weight(&entry.event);
            events.push(Entry { steps, weight, ..entry });
        }
        events.retain(|entry| !entry.steps.is_empty());
        events.drain(..events.len().saturating_sub(edit.most()));
        let fired = self.fired && (!events.is_empty() || edit.is_the_same());
        let previous = edit.previous(self.previous);
        Held { events, fired, closed: self.closed, previous, refused: self.refused, bound: None }
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && !self.fired && self.previous.is_empty()
    }

    /// Forgets all of it.
    pub(super) fn forget(&mut self) {
        *self = Held { refused: self.refused, ..Held::default() };
    }

    /// Gives up the window if no event in it is as late as this, and what `lag` asks for, as far as it is earlier; of how
    /// many events.
    pub(super) fn shed(&mut self, before: Timestamp) -> u64 {
        let held = self.events.len() + self.previous.len();
        let mut previous = std::mem::take(&mut self.previous);
        previous.retain(|_, event| event.time >= before);
        if self.events.last().is_some_and(|last| last.event.time < before) {
            self.forget();
        }
        self.previous = previous;
        let count = (held - self.events.len() - self.previous.len()) as u64;
        self.refused += count;
        count
    }

    /// Whether there is an event in a window.
    pub(super) fn is_open(&self) -> bool {
        !self.events.is_empty()
    }

    /// How many windows wait for their end.
    pub(super) fn pending(&self, law: &Law) -> usize {
        let Some(window) = &law.window else { return 0 };
        match &window.shape {
            Shape::Sliding(_) | Shape::Count(_) => 0,
            Shape::Session(_) => usize::from(self.is_open()),
            Shape::Periodic { .. } => {
                let mut numbers: Vec<i128> =
                    self.events.iter().flat_map(|entry| self.open_windows(window, entry)).collect();
                numbers.sort_unstable();
                numbers.dedup();
                numbers.len()
            }
        }
    }

    /// One event, in order. Says whether it is the first in an empty window, and gives the match it makes.
    pub(super) fn step(&mut self, law: &Law, window: &Window, seen: Seen<'_>) -> (bool, Vec<Match>) {
        let before = self.bound(law, |entry| self.shares_a_window(window, entry, seen.event.time));
        self.bound = None;
        let steps: Vec<StepId> = (0..law.pattern.steps.len())
            .filter_map(StepId::new)
            .filter(|step| seen.visible[step.index()] && self.fits(law, *step, seen.event, &before))
            .collect();
        for &step in &law.lagging {
            if seen.visible[step.index()] && law.type_fits(step, seen.event) {
                self.previous.insert(step, Arc::clone(seen.event));
            }
        }
        // What ends behind the end of time never ends.
        let endless = window.shape.closes() && seen.event.time == Timestamp::MAX;
        if steps.is_empty() || endless {
            return (false, Vec::new());
        }
        if let Shape::Count(most) = window.shape
            && self.events.len() >= most as usize
        {
            self.events.remove(0);
            self.depart(law, window);
        }
        let begins = self.events.is_empty();
        let weight: usize = self.events.iter().map(|entry| entry.weight).sum();
        let heavy = weight.saturating_add(seen.weight) > law.limits.captured_bytes;
        let many = self.events.len() >= law.limits.partials_per_key;
        let full = seen.full.filter(|_| begins);
        let full = full.or(heavy.then_some(Bounded::CapturedBytes));
        self.bound = full.or(many.then_some(Bounded::PartialsPerKey));
        if self.bound.is_some() {
            self.refused += 1;
            return (false, Vec::new());
        }
        self.events.push(Entry { seq: seen.seq, event: Arc::clone(seen.event), steps, weight: seen.weight });
        let found = if window.shape.closes() { None } else { self.judge(law, window, |_| true) };
        (begins, found.into_iter().collect())
    }

    /// When time next does something: an event leaves, or a window closes.
    pub(super) fn next_deadline(&self, window: &Window) -> Option<Timestamp> {
        match &window.shape {
            Shape::Count(_) => None,
            Shape::Sliding(length) => self.events.iter().map(|entry| entry.event.time.after(*length)).min(),
            Shape::Session(gap) => self.events.iter().map(|entry| entry.event.time.after(*gap)).max(),
            Shape::Periodic { .. } => self.next_window(window).map(|number| end_of(&window.shape, number)),
        }
    }

    /// What is due at `time`.
    pub(super) fn fire(&mut self, law: &Law, window: &Window, time: Timestamp) -> Vec<Match> {
        match &window.shape {
            Shape::Count(_) => None,
            Shape::Sliding(length) => {
                self.events.retain(|entry| entry.event.time.after(*length) > time);
                self.depart(law, window);
                None
            }
            Shape::Session(_) => {
                let found = self.judge(law, window, |_| true);
                // What comes after a gap is another session.
                self.events.clear();
                self.fired = false;
                found
            }
            shape @ Shape::Periodic { .. } => {
                let Some(number) = self.next_window(window) else { return Vec::new() };
                let found = self.judge(law, window, |entry| is_in(shape, number, entry.event.time));
                self.closed = Some(number);
                let events = std::mem::take(&mut self.events);
                let stays = |entry: &Entry| !self.open_windows(window, entry).is_empty();
                self.events = events.into_iter().filter(stays).collect();
                found
            }
        }
        .into_iter()
        .collect()
    }

    /// Whether an event fits a step, with what is in its window before it.
    fn fits(&self, law: &Law, step: StepId, event: &Event, before: &Partial) -> bool {
        law.fits(step, &Here { event, partial: before, iterations: &[], previous: &self.previous })
    }

    /// Whether an event is in the window into which one comes now. What has left others is not here any more.
    fn shares_a_window(&self, window: &Window, entry: &Entry, time: Timestamp) -> bool {
        let shape = &window.shape;
        !matches!(shape, Shape::Periodic { .. }) || is_in(shape, first_after(shape, time), entry.event.time)
    }

    /// Events have left. Without them the condition may be false; that it is true says nothing.
    fn depart(&mut self, law: &Law, window: &Window) {
        if self.fired {
            self.fired = self.is_true(law, window, &self.bound(law, |_| true));
        }
    }

    /// Judges the condition over some of the events. An empty window is not judged, and the condition may fire again.
    fn judge(&mut self, law: &Law, window: &Window, is_in: impl Fn(&Entry) -> bool) -> Option<Match> {
        let partial = self.bound(law, is_in);
        let is_true = self.is_true(law, window, &partial);
        let fires = is_true && (window.ever || !self.fired);
        self.fired = is_true && !window.ever;
        fires.then_some(Match { partial, deadline: None })
    }

    fn is_true(&self, law: &Law, window: &Window, partial: &Partial) -> bool {
        partial.last().is_some_and(|event| {
            let here = Here { event, partial, iterations: &[], previous: &Default::default() };
            law.is_true(&window.condition, &here)
        })
    }

    /// Some of the events as steps have bound them.
    fn bound(&self, law: &Law, is_in: impl Fn(&Entry) -> bool) -> Partial {
        let mut partial = Partial::default();
        for entry in self.events.iter().filter(|entry| is_in(entry)) {
            for &step in &entry.steps {
                let (slot, event) = (law.pattern.step(step).slot, Arc::clone(&entry.event));
                partial = partial.with(Bound { slot, step, seq: entry.seq, event, weight: entry.weight });
            }
        }
        partial
    }

    /// The windows that hold an event and have not closed.
    fn open_windows(&self, window: &Window, entry: &Entry) -> Vec<i128> {
        let mut number = first_after(&window.shape, entry.event.time);
        let mut open = Vec::new();
        while is_in(&window.shape, number, entry.event.time) {
            if self.closed.is_none_or(|closed| number > closed) {
                open.push(number);
            }
            number += 1;
        }
        open
    }

    /// The window that closes next: one with an event, or the one behind a window that has fired.
    fn next_window(&self, window: &Window) -> Option<i128> {
        let behind = self.closed.filter(|_| self.fired).map(|closed| following(&window.shape, closed));
        let open = self.events.iter().filter_map(|entry| self.open_windows(window, entry).first().copied());
        open.chain(behind).min()
    }
}

/// What a regular window is made of: its length, how far windows are apart, where they begin, and in which zone.
fn parts(shape: &Shape) -> (i128, i128, i128, Zone) {
    let Shape::Periodic { over, every, offset, zone } = shape else {
        return (1, 1, 0, Zone::UTC);
    };
    let zone = zone.as_ref().and_then(|zone| Zone::parse(zone)).unwrap_or(Zone::UTC);
    let nanos = |length: &Duration| i128::from(length.nanos());
    (nanos(over), nanos(every).max(1), nanos(offset), zone)
}

/// When the window of a number begins and ends. They are numbered by their ends.
fn bounds(shape: &Shape, number: i128) -> (Timestamp, Timestamp) {
    let (over, every, offset, zone) = parts(shape);
    let end = number * every + offset;
    (zone.reaches(end - over), zone.reaches(end))
}

fn end_of(shape: &Shape, number: i128) -> Timestamp {
    bounds(shape, number).1
}

fn is_in(shape: &Shape, number: i128, time: Timestamp) -> bool {
    let (start, end) = bounds(shape, number);
    start <= time && time < end
}

/// The first window that ends after a time.
fn first_after(shape: &Shape, time: Timestamp) -> i128 {
    let (_, every, offset, zone) = parts(shape);
    // A clock that was put back has shown more before, but never more than a day.
    let shown = zone.local(time);
    let mut number = (shown - offset).div_euclid(every);
    while end_of(shape, number) <= time && end_of(shape, number) < Timestamp::MAX {
        number += 1;
    }
    number
}

/// The window behind another. One that a clock skips as it is put forward is none.
fn following(shape: &Shape, number: i128) -> i128 {
    let end = end_of(shape, number);
    let mut next = number + 1;
    while end_of(shape, next) <= end && end < Timestamp::MAX {
        next += 1;
    }
    next
}
