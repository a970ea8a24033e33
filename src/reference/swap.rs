//! Another rule set for a stream that goes on: what becomes of the partial matches, one by one.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::eval::Law;
use super::machine::Machine;
use super::partial::{At, Bound, Branch, Expired, Partial, Start, State};
use super::partition::{Partition, deadline, due};
use super::place::{self, Way};
use super::{Cause, Reference, weight};
use crate::event::Event;
use crate::id::{SlotId, StepId};
use crate::plan::{Pattern, Report, Revision, Shape};
use crate::program::{Lack, Of, Program};
use crate::sink::Sink;
use crate::stream::Swapped;
use crate::time::Timestamp;

impl Reference {
    /// Goes on with another rule set, as [`Engine::swap`](crate::runtime::Engine::swap) does.
    pub fn swap(&mut self, program: &Arc<Program>, sink: &mut impl Sink) -> Vec<Swapped> {
        let before = std::mem::replace(&mut self.program, Arc::clone(program));
        let now = self.buffer.watermark();
        let since = std::mem::take(&mut self.since);
        self.since = since.edited(&before, program, now);
        let groups = self.groups.clone();
        let old = std::mem::replace(&mut self.strata, super::machines(program, &groups));
        let mut old: Vec<Machine> = old.into_iter().flatten().collect();
        old.sort_by(|a, b| a.name().cmp(b.name()));
        let (mut swapped, mut certain) = (Vec::new(), Vec::new());
        for machine in old {
            let new = self.strata.iter_mut().flatten().find(|new| new.name() == machine.name());
            let of_name = |program: &Arc<Program>| {
                program.plan().rules.iter().find(|rule| rule.name == *machine.name()).cloned()
            };
            let revision = of_name(&before).zip(of_name(program)).filter(|_| new.is_some());
            let revision = revision
                .map(|(old, new)| (Revision::of(&old, &new), Lack::new(&before, &since, (program, &new))));
            let mut counts = Swapped {
                name: machine.name().clone(),
                revision: revision.as_ref().map(|(revision, _)| *revision),
                kept: 0,
                lost: 0,
                lacking: 0,
            };
            let open: usize = machine.open();
            if let (Some(new), Some((revision, lack))) = (new, &revision) {
                let turn = Turn { revision: *revision, lack, program, now };
                certain.extend(new.go_on_from(machine, &turn, &mut counts));
            }
            swapped.push((counts, open));
        }
        // Whoever says stop says so again with the next event.
        let _: ControlFlow<()> = self.quiet.turn_to(program, now, sink);
        let _ = self.pass(now, sink);
        let _ = self.happens(&Cause::Certain(certain), sink);
        for (counts, open) in &mut swapped {
            let machine = self.strata.iter().flatten().find(|machine| *machine.name() == counts.name);
            counts.count(*open, machine.map_or(0, Machine::open));
        }
        swapped.into_iter().map(|(counts, _)| counts).collect()
    }
}

/// What an edit is, and when.
pub(super) struct Turn<'t> {
    pub(super) revision: Revision,
    lack: &'t Lack<'t>,
    program: &'t Program,
    /// Up to where time has come.
    pub(super) now: Timestamp,
}

/// An edit of one rule, with both its texts.
pub(super) struct Edit<'t> {
    turn: &'t Turn<'t>,
    old: &'t Law,
    new: &'t Law,
    /// Partial matches that were told anew, by where they lay.
    known: BTreeMap<*const (), Partial>,
}

impl<'t> Edit<'t> {
    pub(super) fn new(turn: &'t Turn<'t>, old: &'t Law, new: &'t Law) -> Self {
        Edit { turn, old, new, known: BTreeMap::new() }
    }

    /// Carries a partition over.
    pub(super) fn partition(&mut self, partition: Partition, counts: &mut Swapped) -> Partition {
        let Partition { starts, violated, previous, refused, .. } = partition;
        self.known.clear();
        // What is known lies where it lay until all is carried over.
        let kept = starts.clone();
        let starts = starts.into_iter().filter_map(|start| self.start(start, counts)).collect();
        drop(kept);
        let violated = violated.into_iter().filter_map(|(step, time)| Some((self.step(step)?, time)));
        let violated = violated.filter(|(step, _)| self.new.first_absences.contains(step)).collect();
        Partition { starts, violated, previous: self.previous(previous), refused, bound: None }
    }

    /// When the last event of a key came, if the new text asks for it: where nobody knew, as if it were now.
    pub(super) fn came(&self, came: Option<Timestamp>) -> Option<Timestamp> {
        self.new.forget.map(|_| came.unwrap_or(self.turn.now))
    }

    /// What `lag` asks for.
    pub(super) fn previous(&self, previous: BTreeMap<StepId, Arc<Event>>) -> BTreeMap<StepId, Arc<Event>> {
        let moved = previous.into_iter().filter_map(|(step, event)| Some((self.step(step)?, event)));
        let same = self.turn.revision == Revision::Same;
        let stays = |(step, event): &(StepId, Arc<Event>)| {
            self.new.lagging.contains(step) && (same || !self.turn.lack.as_previous(*step, of(event)))
        };
        moved.filter(stays).collect()
    }

    /// The steps that an event in a window still fits; none if it lacks something.
    pub(super) fn steps(&self, steps: &[StepId], event: &Event, counts: &mut Swapped) -> Vec<StepId> {
        let mut steps: Vec<StepId> = steps.iter().filter_map(|step| self.step(*step)).collect();
        steps.sort();
        let (lack, of) = (self.turn.lack, of(event));
        let lacks = steps.iter().any(|step| lack.in_slot(self.slot_of(*step), of)) || lack.at_end(of, false);
        if lacks && self.turn.revision != Revision::Same {
            counts.lacking += 1;
            steps.clear();
        }
        steps
    }

    /// How many events a window of so many may hold.
    pub(super) fn most(&self) -> usize {
        match self.new.window.as_ref().map(|window| &window.shape) {
            Some(Shape::Count(most)) => *most as usize,
            _ => usize::MAX,
        }
    }

    /// Whether the text means the same as before.
    pub(super) fn is_the_same(&self) -> bool {
        self.turn.revision == Revision::Same
    }

    /// What an event weighs now.
    pub(super) fn weight(&self, event: &Event) -> usize {
        weight::of(event, self.turn.program)
    }

    fn start(&mut self, start: Start, counts: &mut Swapped) -> Option<Start> {
        let lacking = !start.branches.is_empty() && start.branches.iter().all(|branch| self.lacks(branch));
        let branches = match self.turn.revision {
            Revision::Same => start.branches.iter().filter_map(|branch| self.stays(branch)).collect(),
            Revision::Alike => {
                let kept =
                    start.branches.iter().filter(|branch| !self.lacks(branch)).cloned().collect::<Vec<_>>();
                kept.iter().filter_map(|branch| self.keep(branch)).collect()
            }
            Revision::Reshaped => self.reshape(&start.branches),
            Revision::Fresh(_) => Vec::new(),
        };
        if branches.is_empty() {
            counts.lacking += u64::from(lacking);
            return None;
        }
        let expired = start.expired.and_then(|expired| self.expired(expired));
        let slot = |(slot, seq): &(SlotId, u64)| Some((self.slot(*slot)?, *seq));
        let reported = start.reported.iter().filter_map(|set| {
            let mut set = set.iter().map(slot).collect::<Option<Vec<_>>>()?;
            set.sort_unstable();
            Some(set)
        });
        Some(Start { seq: start.seq, branches, expired, reported: reported.collect() })
    }

    /// The same text: as it was.
    fn stays(&mut self, branch: &Branch) -> Option<Branch> {
        Some(Branch { partial: self.told(&branch.partial)?, ..branch.clone() })
    }

    /// The same steps: as it was, but for what time does to it now.
    fn keep(&mut self, branch: &Branch) -> Option<Branch> {
        let partial = self.told(&branch.partial)?;
        let state = match &branch.state {
            State::Pending { absences, .. } => {
                let deadline = deadline(self.new, absences, &partial).max(self.turn.now);
                State::Pending { absences: absences.clone(), deadline }
            }
            state => state.clone(),
        };
        self.branch(partial, state, &branch.at)
    }

    /// Other steps: the furthest goes on wherever the new text goes on from there, but not where the old one did and has been
    /// ended since.
    fn reshape(&mut self, branches: &[Branch]) -> Vec<Branch> {
        let Some(furthest) = branches.iter().rev().max_by_key(|branch| branch.partial.furthest()) else {
            return Vec::new();
        };
        let live: Vec<&Branch> =
            branches.iter().filter(|branch| Arc::ptr_eq(&branch.at, &furthest.at)).collect();
        self.go_on(furthest, &live).unwrap_or_default()
    }

    fn go_on(&mut self, furthest: &Branch, live: &[&Branch]) -> Option<Vec<Branch>> {
        let partial = self.told(&furthest.partial)?;
        let steps: Vec<StepId> = partial.bound().iter().map(|bound| bound.step).collect();
        let at = Arc::new(replay(&self.new.pattern, &steps)?);
        let bound = partial.len();
        let before = place::ways(&self.old.pattern, &furthest.at.rest, bound, &furthest.at.iterations);
        let target = |way: &Way| match way {
            Way::Wait(wait) => self.step(wait.step),
            Way::End(_) => None,
        };
        let was_open: Vec<StepId> = before.iter().filter_map(target).collect();
        let waited = live.iter().filter_map(|branch| match &branch.state {
            State::Wait(wait) => self.step(wait.step),
            _ => None,
        });
        let waited: Vec<StepId> = waited.collect();
        let done = live.iter().find(|branch| matches!(branch.state, State::Done { .. }));
        let pending = live.iter().any(|branch| matches!(branch.state, State::Pending { .. }));
        let mut goes_on = Vec::new();
        for way in place::ways(&self.new.pattern, &at.rest, bound, &at.iterations) {
            let state = match way {
                Way::Wait(wait) if was_open.contains(&wait.step) && !waited.contains(&wait.step) => continue,
                Way::Wait(wait) => State::Wait(Arc::new(wait)),
                Way::End(absences) => match done.filter(|_| self.new.report == Report::Final) {
                    Some(done) => done.state.clone(),
                    None if pending && !absences.is_empty() => {
                        let deadline = deadline(self.new, &absences, &partial).max(self.turn.now);
                        State::Pending { absences, deadline }
                    }
                    None => continue,
                },
            };
            goes_on.extend(self.branch(partial.clone(), state, &at).filter(|branch| !self.lacks_now(branch)));
        }
        Some(goes_on)
    }

    /// A partial match that goes on, unless a bound has ended it.
    fn branch(&self, partial: Partial, state: State, at: &Arc<At>) -> Option<Branch> {
        let due = due(self.new, &partial, &state).map(|(time, _)| time);
        let over = matches!(state, State::Wait(_)) && due.is_some_and(|due| due < self.turn.now);
        (!over).then(|| Branch { partial, state, at: Arc::clone(at), due })
    }

    fn expired(&mut self, expired: Expired) -> Option<Expired> {
        let partial = self.told(&expired.partial)?;
        let lack = self.turn.lack;
        let lacks = |bound: &&Bound| lack.in_slot(bound.slot, of(&bound.event));
        let last = partial.last().is_some_and(|last| lack.when_expired(of(last)));
        if self.turn.revision != Revision::Same && (last || partial.bound().iter().any(lacks)) {
            return None;
        }
        Some(Expired { partial, bound: expired.bound.and_then(|step| self.step(step)), time: expired.time })
    }

    /// The same events as the new text names their steps; `None` if it has not all of them.
    fn told(&mut self, partial: &Partial) -> Option<Partial> {
        let mut told = Partial::default();
        for at in partial.each() {
            let bound = at.last_bound()?;
            told = match self.known.get(&at.place()) {
                Some(known) => known.clone(),
                None => {
                    let step = self.step(bound.step)?;
                    let slot = self.slot_of(step);
                    let (event, weight) = (Arc::clone(&bound.event), self.weight(&bound.event));
                    let told = told.with(Bound { slot, step, seq: bound.seq, event, weight });
                    self.known.insert(at.place(), told.clone());
                    told
                }
            };
        }
        Some(told)
    }

    /// Whether an event that a partial match of the old text has bound was not kept as the new one would have it.
    fn lacks(&self, branch: &Branch) -> bool {
        let bound = branch.partial.bound();
        let bound =
            bound.iter().map(|bound| (self.step(bound.step).map(|step| self.slot_of(step)), &bound.event));
        self.any_lacks(bound.collect(), &branch.state)
    }

    /// The same of one of the new text.
    fn lacks_now(&self, branch: &Branch) -> bool {
        let bound = branch.partial.bound();
        self.any_lacks(bound.iter().map(|bound| (Some(bound.slot), &bound.event)).collect(), &branch.state)
    }

    fn any_lacks(&self, bound: Vec<(Option<SlotId>, &Arc<Event>)>, state: &State) -> bool {
        let (lack, last) = (self.turn.lack, bound.len().saturating_sub(1));
        let waits = matches!(state, State::Wait(_));
        bound.iter().enumerate().any(|(at, (slot, event))| {
            let of = of(event);
            slot.is_some_and(|slot| lack.in_slot(slot, of))
                || lack.at_end(of, at == last && !waits)
                || (at == last && lack.when_expired(of))
        })
    }

    /// The step of the new text that is called as this one of the old.
    fn step(&self, old: StepId) -> Option<StepId> {
        let label = labels(&self.old.pattern).into_iter().nth(old.index())?;
        labels(&self.new.pattern).iter().position(|other| *other == label).and_then(StepId::new)
    }

    fn slot(&self, old: SlotId) -> Option<SlotId> {
        let name = &self.old.pattern.slot(old).name;
        self.new.pattern.slots.iter().position(|slot| slot.name == *name).and_then(SlotId::new)
    }

    fn slot_of(&self, step: StepId) -> SlotId {
        self.new.pattern.step(step).slot
    }
}

/// An event as far as it matters to what it lacks.
fn of(event: &Event) -> Of<'_> {
    (event.kind.as_deref(), event.time)
}

/// What steps are called: their names, and which of those of the name they are.
fn labels(pattern: &Pattern) -> Vec<(String, usize)> {
    let mut labels: Vec<(String, usize)> = Vec::new();
    for step in &pattern.steps {
        let name = pattern.slot(step.slot).name.to_string();
        let before = labels.iter().filter(|(other, _)| *other == name).count();
        labels.push((name, before));
    }
    labels
}

/// Where these steps lead in a pattern, on the preferred way that binds one event to each.
fn replay(pattern: &Pattern, steps: &[StepId]) -> Option<At> {
    fn go(pattern: &Pattern, ways: Vec<Way>, steps: &[StepId], bound: usize) -> Option<At> {
        let (step, rest) = steps.split_first()?;
        for way in ways {
            let Way::Wait(wait) = way else { continue };
            if wait.step != *step {
                continue;
            }
            if rest.is_empty() {
                return Some(At { rest: wait.rest, iterations: wait.iterations });
            }
            let ways = place::ways(pattern, &wait.rest, bound + 1, &wait.iterations);
            if let Some(found) = go(pattern, ways, rest, bound + 1) {
                return Some(found);
            }
        }
        None
    }
    go(pattern, place::first_ways(pattern), steps, 0)
}
