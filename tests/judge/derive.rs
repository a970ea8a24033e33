//! Derivations, in preference order.
//!
//! A derivation from a start event assigns events to steps so that order, predicates, modes, gaps, `within` and
//! absences hold. The enumeration walks the pattern from left to right and tries at each choice the preferred way
//! first: a greedy loop goes on before it leaves, a reluctant one leaves before it goes on, branches and members go
//! from left to right, `any` from the earlier event to the later.

use tripline::plan::{Expr, Item, Mode, Repeat, Step};
use tripline::{Event, GroupId, SlotId, StepId, Timestamp};

use super::{Bindings, Partition};

/// A complete derivation.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// What is bound, in order.
    pub bound: Vec<Bound>,
    /// When it is certain.
    pub end: Moment,
    /// Its place in the preference order of its start.
    pub preference: usize,
}

/// An event bound to a step.
#[derive(Clone, Debug)]
pub struct Bound {
    pub slot: SlotId,
    pub event: usize,
    /// The groups it stands in, each with its running iteration.
    pub path: Vec<(GroupId, u32)>,
}

/// A moment: what a deadline causes stands after all events of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub time: Timestamp,
    pub at: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Event(usize),
    Deadline,
}

impl Derivation {
    /// The event it starts with.
    pub fn start(&self) -> usize {
        self.bound[0].event
    }

    /// Whether it holds this event.
    pub fn holds(&self, event: usize) -> bool {
        self.bound.iter().any(|b| b.event == event)
    }

    /// The events of every step.
    pub fn bindings(&self) -> Bindings {
        let mut bindings = Bindings::new();
        self.bound.iter().for_each(|b| bindings.entry(b.slot).or_default().push(b.event));
        bindings
    }
}

/// How far a derivation has come.
#[derive(Clone, Default)]
pub struct State<'a> {
    pub bound: Vec<Bound>,
    /// The groups the place stands in, each with its running iteration.
    pub path: Vec<(GroupId, u32)>,
    /// The event every derivation begins with.
    pub start: usize,
    /// Absences passed since the last event bound, with the path at their place.
    pub absences: Vec<(StepId, Vec<(GroupId, u32)>)>,
    /// What ends the loops and waits the place stands in.
    pub untils: Vec<&'a Expr>,
    pub iterations: u32,
}

impl State<'_> {
    pub fn last(&self) -> Option<usize> {
        self.bound.last().map(|b| b.event)
    }
}

type Then<'a, 't> = &'t mut dyn FnMut(State<'a>);

impl<'a> Partition<'a> {
    /// All derivations from all starts.
    pub fn derivations(&self) -> Vec<Derivation> {
        (0..self.events.len()).flat_map(|start| self.derivations_from(start)).collect()
    }

    fn derivations_from(&self, start: usize) -> Vec<Derivation> {
        let mut found: Vec<Derivation> = Vec::new();
        self.list(&self.sequence.pattern.items, State { start, ..State::default() }, &mut |state| {
            if let Some(end) = self.end(&state).filter(|end| !self.cancelled(&state, *end)) {
                let preference = found.len();
                found.push(Derivation { bound: state.bound, end, preference });
            }
        });
        found
    }

    fn list(&self, items: &'a [Item], state: State<'a>, then: Then<'a, '_>) {
        match items.split_first() {
            None => then(state),
            Some((item, rest)) => self.item(item, state, &mut |state| self.list(rest, state, then)),
        }
    }

    fn item(&self, item: &'a Item, mut state: State<'a>, then: Then<'a, '_>) {
        let pattern = &self.sequence.pattern;
        match item {
            Item::Absence(id) => {
                state.absences.push((*id, state.path.clone()));
                then(state);
            }
            Item::Step(id) => {
                let step = pattern.step(*id);
                let once = |state: State<'a>, then: Then<'a, '_>| self.take(*id, state, then);
                self.until(step.until.as_ref(), state, then, &|state, then| {
                    self.repeat(step.repeat, 0, state, &once, then);
                });
            }
            Item::Group(id) => {
                let group = pattern.group(*id);
                let once = |mut state: State<'a>, then: Then<'a, '_>| {
                    state.iterations += 1;
                    state.path.push((*id, state.iterations));
                    self.list(&group.items, state, &mut |mut state| {
                        state.path.pop();
                        then(state);
                    });
                };
                self.until(group.until.as_ref(), state, then, &|state, then| {
                    self.repeat(group.repeat, 0, state, &once, then);
                });
            }
            Item::Either(branches) => {
                branches.iter().for_each(|branch| self.list(branch, state.clone(), then));
            }
            Item::Of { take, members } => {
                self.members(*take, &members.iter().collect::<Vec<_>>(), state, then)
            }
        }
    }

    /// What `until` ends takes nothing once an event has satisfied it.
    fn until(
        &self,
        until: Option<&'a Expr>,
        mut state: State<'a>,
        then: Then<'a, '_>,
        body: &dyn Fn(State<'a>, Then<'a, '_>),
    ) {
        let outside = state.untils.len();
        state.untils.extend(until);
        body(state, &mut |mut state| {
            state.untils.truncate(outside);
            then(state);
        });
    }

    /// A greedy loop goes on before it leaves, a reluctant one leaves before it goes on.
    fn repeat(
        &self,
        repeat: Repeat,
        done: u32,
        state: State<'a>,
        once: &dyn Fn(State<'a>, Then<'a, '_>),
        then: Then<'a, '_>,
    ) {
        let may_leave = done >= repeat.min;
        if may_leave && !repeat.greedy {
            then(state.clone());
        }
        if repeat.max.is_none_or(|max| done < max) {
            let before = state.bound.len();
            once(state.clone(), &mut |after| {
                if after.bound.len() > before {
                    self.repeat(repeat, done + 1, after, once, then);
                } else if !may_leave {
                    // An iteration that may be empty stands for all that are still needed.
                    then(after);
                }
            });
        }
        if may_leave && repeat.greedy {
            then(state);
        }
    }

    /// Members one after the other, each once.
    fn members(&self, take: u32, open: &[&'a Vec<Item>], state: State<'a>, then: Then<'a, '_>) {
        if take == 0 {
            return then(state);
        }
        for (n, member) in open.iter().enumerate() {
            let mut rest = open.to_vec();
            rest.remove(n);
            self.list(member, state.clone(), &mut |state| self.members(take - 1, &rest, state, then));
        }
    }

    /// One event for a step: the next that qualifies, the very next, or any later one.
    fn take(&self, id: StepId, state: State<'a>, then: Then<'a, '_>) {
        let mode = self.sequence.pattern.step(id).mode;
        for event in self.reach(id, mode, &state) {
            if self.qualifies(id, event, &state) {
                if let Some(state) = self.bind(id, event, state.clone()) {
                    then(state);
                }
                // A relaxed step may not pass over an event that qualifies.
                if mode == Mode::Relaxed {
                    return;
                }
            }
        }
    }

    /// The events among which a step of this mode may look; the first step of all has its start.
    pub fn reach(&self, id: StepId, mode: Mode, state: &State) -> Vec<usize> {
        let Some(last) = state.last() else { return vec![state.start] };
        let seen = (last + 1..self.events.len()).filter(|&event| !self.hidden(id, event));
        seen.take(if mode == Mode::Next { 1 } else { usize::MAX }).collect()
    }

    /// Predicate and the step's own gap bounds.
    pub fn qualifies(&self, id: StepId, event: usize, state: &State) -> bool {
        let step = self.sequence.pattern.step(id);
        let gap = state.last().map(|last| self.time(event).since(self.time(last)));
        gap.is_none_or(|gap| step.after.is_none_or(|d| gap >= d) && step.within.is_none_or(|d| gap <= d))
            && self.fits(id, step, event, state, &state.path)
    }

    fn fits(&self, id: StepId, step: &Step, event: usize, state: &State, path: &[(GroupId, u32)]) -> bool {
        use tripline::plan::Types;
        let kind = &self.events[event].kind;
        let of_type = match &step.types {
            Types::Any => true,
            Types::OneOf(types) => kind.as_ref().is_some_and(|kind| types.contains(kind)),
        };
        of_type
            && self.visible(id, event)
            && step.filter.as_ref().is_none_or(|f| self.holds(f, event, state, path))
    }

    /// Binds an event, if the absences before it, what ends the loops it stands in and the rule's `within` allow it.
    pub fn bind(&self, id: StepId, event: usize, mut state: State<'a>) -> Option<State<'a>> {
        let first = state.bound.first().map_or(event, |b| b.event);
        let in_time = self.sequence.within.is_none_or(|d| self.time(event).since(self.time(first)) <= d);
        if !in_time
            || !self.open(event, &state, &state.untils)
            || !self.absent(event, &state, &state.absences)
        {
            return None;
        }
        let slot = self.sequence.pattern.step(id).slot;
        state.bound.push(Bound { slot, event, path: state.path.clone() });
        state.absences.clear();
        Some(state)
    }

    /// Whether no event after the last bound one, up to this one, satisfies one of the `until`s.
    fn open(&self, event: usize, state: &State, untils: &[&Expr]) -> bool {
        let Some(last) = state.last() else { return true };
        (last + 1..=event).all(|e| !untils.iter().any(|until| self.holds(until, e, state, &state.path)))
    }

    /// Whether the absences before this event hold. What violates one and fits the step too violates it.
    fn absent(&self, event: usize, state: &State, absences: &[(StepId, Vec<(GroupId, u32)>)]) -> bool {
        absences.iter().all(|(id, path)| {
            let step = self.sequence.pattern.step(*id);
            let violates = |e: usize| self.fits(*id, step, e, state, path);
            match (state.last(), step.within) {
                (Some(last), limit) => !(last + 1..=event)
                    .any(|e| limit.is_none_or(|d| self.time(e).since(self.time(last)) <= d) && violates(e)),
                (None, limit) => !(0..event)
                    .any(|e| limit.is_none_or(|d| self.time(event).since(self.time(e)) <= d) && violates(e)),
            }
        })
    }

    /// When a derivation whose steps are all bound is certain; `None` if a last absence does not hold.
    fn end(&self, state: &State) -> Option<Moment> {
        let (first, last) = (state.bound.first()?.event, state.last()?);
        let mut end = Moment { time: self.time(last), at: Place::Event(last) };
        for (id, path) in &state.absences {
            let step = self.sequence.pattern.step(*id);
            let deadline = match (step.within, self.sequence.within) {
                (Some(own), _) => self.time(last).after(own),
                (None, Some(rule)) => self.time(first).after(rule),
                (None, None) => return None,
            };
            let after = last + 1..self.events.len();
            if after.into_iter().any(|e| self.time(e) <= deadline && self.fits(*id, step, e, state, path)) {
                return None;
            }
            end = end.max(Moment { time: deadline, at: Place::Deadline });
        }
        Some(end)
    }

    /// Whether the last line of the sequence cancels it before it ends, or with its end.
    fn cancelled(&self, state: &State, end: Moment) -> bool {
        (state.start + 1..self.events.len())
            .filter(|&e| Moment { time: self.time(e), at: Place::Event(e) } <= end)
            .any(|e| {
                let bound = state.bound.iter().filter(|b| b.event < e).cloned().collect();
                self.cancels(e, &State { bound, ..State::default() })
            })
    }

    /// Whether an event is the one of the last line, `until x: …`.
    pub fn cancels(&self, event: usize, state: &State) -> bool {
        let pattern = &self.sequence.pattern;
        pattern.cancel.is_some_and(|id| self.fits(id, pattern.step(id), event, state, &[]))
    }

    pub fn time(&self, event: usize) -> Timestamp {
        Event::place(self.events[event]).0
    }
}
