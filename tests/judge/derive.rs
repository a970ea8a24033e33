//! Derivations, in preference order.
//!
//! A derivation from a start event assigns events to steps so that order, predicates, modes, gaps, `within` and
//! absences hold. The enumeration walks the pattern from left to right and tries at each choice the preferred way
//! first: a greedy loop goes on before it leaves, a reluctant one leaves before it goes on, branches and members go
//! from left to right, `any` from the earlier event to the later.

use tripline::plan::{Expr, Item, Mode, Repeat, Step};
use tripline::{Event, GroupId, SlotId, StepId, Timestamp};

use super::{Bindings, Partition};

/// More of them are beyond the judge: loops in loops that may be empty make millions of nine events.
const MOST: usize = 200_000;

/// A complete derivation.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// What is bound, in order.
    pub bound: Vec<Bound>,
    /// When its steps and absences are complete.
    pub end: Moment,
    /// The first event after its last one that the last line of the sequence is about.
    pub cancelled: Option<Moment>,
    /// Its place in the preference order of its start.
    pub preference: usize,
}

/// A derivation on its way that waits for an event for a step or for the deadline of a last absence.
#[derive(Clone, Debug)]
pub struct Wait {
    /// What is bound, in order.
    pub bound: Vec<Bound>,
    /// What ends it; nothing does as long as it may go on.
    pub end: Option<End>,
    /// Its place in the preference order of its start: behind what comes of it, before what it is preferred to.
    pub preference: usize,
}

/// What ends a wait.
#[derive(Clone, Debug)]
pub struct End {
    pub at: Moment,
    /// The time bound, by its step; `None` is the rule's. An event ends it otherwise.
    pub expired: Option<Option<StepId>>,
}

/// What a partition can come to.
#[derive(Debug, Default)]
pub struct Course {
    pub derivations: Vec<Derivation>,
    pub waits: Vec<Wait>,
}

/// An event bound to a step.
#[derive(Clone, Debug)]
pub struct Bound {
    pub slot: SlotId,
    pub step: StepId,
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
    /// What ends the loops and waits the place stands in, with the step it belongs to if it is one's.
    pub untils: Vec<(Option<StepId>, &'a Expr)>,
    pub iterations: u32,
}

impl State<'_> {
    pub fn last(&self) -> Option<usize> {
        self.bound.last().map(|b| b.event)
    }
}

type Then<'a, 't> = &'t mut dyn FnMut(State<'a>);

impl<'a> Partition<'a> {
    /// All derivations from all starts, and all on their way.
    pub fn course(&self) -> Course {
        let mut course = Course::default();
        (0..self.events.len()).for_each(|start| self.derive(start, &mut course));
        course.waits = self.waits.take();
        course
    }

    fn derive(&self, start: usize, course: &mut Course) {
        self.list(&self.sequence.pattern.items, State { start, ..State::default() }, &mut |state| match self
            .end(&state)
        {
            Ok(end) => {
                let cancelled = self.cancelled(&state);
                let preference = self.next_preference();
                course.derivations.push(Derivation { bound: state.bound, end, cancelled, preference });
            }
            Err(violated) => self.wait(&state, violated.map(|at| End { at, expired: None })),
        });
    }

    fn next_preference(&self) -> usize {
        let preference = self.preference.replace(self.preference.get() + 1);
        if preference >= MOST {
            self.note.beyond.set(true);
        }
        preference
    }

    fn wait(&self, state: &State, end: Option<End>) {
        let preference = self.next_preference();
        self.waits.borrow_mut().push(Wait { bound: state.bound.clone(), end, preference });
    }

    fn list(&self, items: &'a [Item], state: State<'a>, then: Then<'a, '_>) {
        if self.note.beyond.get() {
            return;
        }
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
                self.until(Some(*id), step.until.as_ref(), state, then, &|state, then| {
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
                self.until(None, group.until.as_ref(), state, then, &|state, then| {
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
        step: Option<StepId>,
        until: Option<&'a Expr>,
        mut state: State<'a>,
        then: Then<'a, '_>,
        body: &dyn Fn(State<'a>, Then<'a, '_>),
    ) {
        let outside = state.untils.len();
        state.untils.extend(until.map(|until| (step, until)));
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
                    break;
                }
            }
        }
        if !state.bound.is_empty() {
            self.wait(&state, self.end_of_wait(id, mode, &state));
        }
    }

    /// What ends a wait for a step: an event that is not allowed, the one it takes, or the first of its time bounds.
    pub fn end_of_wait(&self, id: StepId, mode: Mode, state: &State) -> Option<End> {
        let (first, last) = (state.bound.first()?.event, state.last()?);
        let rule = self.sequence.within.map(|d| (self.time(first).after(d), None));
        let own = self.sequence.pattern.step(id).within.map(|d| (self.time(last).after(d), Some(id)));
        let bound = match (rule, own) {
            (Some(rule), Some(own)) => Some(if own.0 < rule.0 { own } else { rule }),
            (rule, own) => rule.or(own),
        };
        let reach = self.reach(id, mode, state);
        let ends = |e: usize| {
            let taken = mode != Mode::Any && reach.contains(&e) && self.qualifies(id, e, state);
            let broken = mode == Mode::Next && reach.contains(&e);
            taken || broken || !self.allowed(e, state)
        };
        let in_time = |e: &usize| bound.is_none_or(|(time, _)| self.time(*e) <= time);
        match (last + 1..self.events.len()).take_while(in_time).find(|&e| ends(e)) {
            Some(e) => Some(End { at: self.moment(e), expired: None }),
            None => bound
                .map(|(time, step)| End { at: Moment { time, at: Place::Deadline }, expired: Some(step) }),
        }
    }

    /// Whether an event leaves a derivation its absences and loops and does not cancel it.
    fn allowed(&self, event: usize, state: &State) -> bool {
        !self.cancels_partial(event, state) && !self.stopped(event, state) && !self.violated(event, state)
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
            || !self.open(event, &state)
            || state.last().is_some_and(|last| (last + 1..=event).any(|e| self.cancels_partial(e, &state)))
            || !self.absent(event, &state)
        {
            return None;
        }
        let slot = self.sequence.pattern.step(id).slot;
        state.bound.push(Bound { slot, step: id, event, path: state.path.clone() });
        state.absences.clear();
        Some(state)
    }

    /// Whether no event after the last bound one, up to this one, satisfies one of the `until`s.
    fn open(&self, event: usize, state: &State) -> bool {
        let Some(last) = state.last() else { return true };
        !(last + 1..=event).any(|e| self.stopped(e, state))
    }

    /// Whether an event satisfies one of the `until`s; one of a step does not see what is hidden from the step.
    fn stopped(&self, event: usize, state: &State) -> bool {
        let sees = |step: Option<StepId>| step.is_none_or(|step| !self.hidden(step, event));
        state.untils.iter().any(|(step, until)| sees(*step) && self.holds(until, event, state, &state.path))
    }

    /// Whether the absences before this event hold. What violates one and fits the step too violates it.
    fn absent(&self, event: usize, state: &State) -> bool {
        match state.last() {
            Some(last) => !(last + 1..=event).any(|e| self.violated(e, state)),
            None => state.absences.iter().all(|(id, path)| {
                let step = self.sequence.pattern.step(*id);
                let near = |e: usize| step.within.is_none_or(|d| self.time(event).since(self.time(e)) <= d);
                let holds = !(0..event).any(|e| near(e) && self.fits(*id, step, e, state, path));
                self.note.violated.set(self.note.violated.get() || !holds);
                holds
            }),
        }
    }

    /// Whether an event after the last bound one violates an absence, which its `within` limits.
    fn violated(&self, event: usize, state: &State) -> bool {
        let Some(last) = state.last() else { return false };
        let violated = state.absences.iter().any(|(id, path)| {
            let step = self.sequence.pattern.step(*id);
            step.within.is_none_or(|d| self.time(event).since(self.time(last)) <= d)
                && self.fits(*id, step, event, state, path)
        });
        self.note.violated.set(self.note.violated.get() || violated);
        violated
    }

    /// When a derivation whose steps are all bound is complete; if not, when a last absence was violated or it was
    /// cancelled before.
    pub fn end(&self, state: &State) -> Result<Moment, Option<Moment>> {
        let (first, last) = (state.bound.first().ok_or(None)?.event, state.last().ok_or(None)?);
        let mut end = self.moment(last);
        let mut violation = None;
        for (id, path) in &state.absences {
            let step = self.sequence.pattern.step(*id);
            let deadline = match (step.within, self.sequence.within) {
                (Some(own), _) => self.time(last).after(own),
                (None, Some(rule)) => self.time(first).after(rule),
                (None, None) => return Err(None),
            };
            let mut after = (last + 1..self.events.len()).filter(|&e| self.time(e) <= deadline);
            let violates = after.find(|&e| self.fits(*id, step, e, state, path)).map(|e| self.moment(e));
            violation = violation.into_iter().chain(violates).min();
            end = end.max(Moment { time: deadline, at: Place::Deadline });
        }
        self.note.violated.set(self.note.violated.get() || violation.is_some());
        match violation.into_iter().chain(self.cancelled(state).filter(|at| *at <= end)).min() {
            Some(at) => Err(Some(at)),
            None => Ok(end),
        }
    }

    /// When the last line of the sequence cancels it.
    fn cancelled(&self, state: &State) -> Option<Moment> {
        let after = state.last()? + 1..self.events.len();
        after.into_iter().find(|&e| self.cancels_partial(e, state)).map(|e| self.moment(e))
    }

    fn cancels_partial(&self, event: usize, state: &State) -> bool {
        self.cancels(event, &State { bound: state.bound.clone(), ..State::default() })
    }

    /// Whether an event is the one of the last line, `until x: …`.
    pub fn cancels(&self, event: usize, state: &State) -> bool {
        let pattern = &self.sequence.pattern;
        pattern.cancel.is_some_and(|id| self.fits(id, pattern.step(id), event, state, &[]))
    }

    pub fn moment(&self, event: usize) -> Moment {
        Moment { time: self.time(event), at: Place::Event(event) }
    }

    pub fn time(&self, event: usize) -> Timestamp {
        Event::place(self.events[event]).0
    }
}
