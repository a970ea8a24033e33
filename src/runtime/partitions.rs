//! All partitions: what an event and what time does to them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::counts::RuleCounts;
use super::judge::{Arrival, Memo, Seen};
use super::keys::{InSpace, Key, KeysOf};
use super::observer::{At, Observer};
use super::partition::{Outcome, Partition};
use super::report::Reporter;
use super::room::{OpenStarts, Room};
use super::table::{Entry, KeyBytes, States, Table};
use super::timers::{Place, Timers};
use crate::alert::Certain;
use crate::groups::KeyGroups;
use crate::id::StepId;
use crate::program::{Compiled, Concern, Form, KeptSince, Program};
use crate::time::Timestamp;

/// The state of all rules for the keys that an engine owns.
#[derive(Debug)]
pub(super) struct Partitions<O> {
    pub(super) program: Arc<Program>,
    pub(super) groups: KeyGroups,
    pub(super) tables: Vec<Table>,
    /// By the depths of rules.
    timers: Vec<Timers>,
    pub(super) open: OpenStarts,
    /// Counts, by rule.
    pub(super) counts: Vec<RuleCounts>,
    /// Expressions that were unknown for a fault, by rule.
    pub(super) faults: Vec<Cell<u64>>,
    observer: O,
    /// The form of each rule.
    forms: Vec<Form>,
    /// Whether a rule may hold events of types that it does not name, as it was another one when it bound them.
    pub(super) strays: Vec<bool>,
    /// Whether every rule is held in the general form.
    general: bool,
    /// Since when what is kept of bound events is.
    pub(super) since: KeptSince,
}

/// One of the keys of an event.
struct ByKey<'k> {
    key: Key,
    bytes: &'k [u8],
    /// By the keys of the key space, whether it is this one, and whether the event has none.
    visible: &'k [bool],
    hidden: &'k [bool],
}

impl<O: Observer> Partitions<O> {
    /// None yet. `general` holds every rule in the general form.
    pub(super) fn new(program: Arc<Program>, groups: KeyGroups, general: bool, observer: O) -> Self {
        let spaces = program.spaces().len();
        let form = |rule: &Compiled| if general { rule.form.general() } else { rule.form };
        Partitions {
            groups,
            tables: (0..spaces).map(|_| Table::default()).collect(),
            timers: (0..program.strata()).map(|_| Timers::default()).collect(),
            open: OpenStarts::default(),
            counts: program.compiled().iter().map(|_| RuleCounts::default()).collect(),
            faults: program.compiled().iter().map(|_| Cell::new(0)).collect(),
            observer,
            forms: program.compiled().iter().map(form).collect(),
            strays: vec![false; program.compiled().len()],
            general,
            since: KeptSince::default(),
            program,
        }
    }

    /// Goes on with another program and nothing in it but what was counted of the rules that stay, and gives what there was.
    /// What partitions of an `untouched` rule ask for goes on too.
    pub(super) fn turn_to(&mut self, program: &Arc<Program>, untouched: impl Fn(u32) -> bool) -> Vec<Table> {
        let before = std::mem::replace(&mut self.program, Arc::clone(program));
        let form = |rule: &Compiled| if self.general { rule.form.general() } else { rule.form };
        self.forms = program.compiled().iter().map(form).collect();
        self.strays = vec![false; program.compiled().len()];
        self.timers.resize_with(program.strata() as usize, Timers::default);
        self.timers.iter_mut().for_each(|timers| timers.keep(&untouched));
        let counts = std::mem::take(&mut self.counts).into_iter().zip(std::mem::take(&mut self.faults));
        let mut counts: BTreeMap<&str, (RuleCounts, Cell<u64>)> =
            before.compiled().iter().map(|rule| rule.info.name.as_str()).zip(counts).collect();
        let of_rules = program.compiled().iter();
        let of_rules = of_rules.map(|rule| counts.remove(rule.info.name.as_str()).unwrap_or_default());
        (self.counts, self.faults) = of_rules.unzip();
        let fresh = (0..program.spaces().len()).map(|_| Table::default()).collect();
        std::mem::replace(&mut self.tables, fresh)
    }

    /// The form that a rule has here.
    pub(super) fn form(&self, rule: u32) -> Form {
        self.forms[rule as usize]
    }

    /// Whether there is a state of a rule under a key.
    pub(super) fn holds(&mut self, rule: u32, hash: u64, key: &[u8]) -> bool {
        let table =
            self.program.compiled().get(rule as usize).and_then(|rule| self.tables.get_mut(rule.space));
        table.and_then(|table| table.get(hash, key)).is_some_and(|entry| entry.state(rule).is_some())
    }

    /// Puts a state of a rule under its key.
    pub(super) fn put(&mut self, rule: u32, (key, hash, group): (KeyBytes, u64, u32), mut state: Partition) {
        self.wake(rule, hash, &mut state);
        let table = &mut self.tables[self.program.compiled()[rule as usize].space];
        match table.get(hash, &key) {
            Some(entry) => entry.states.push((rule, state)),
            None => table.insert(Entry { key, hash, group, states: States::from_iter([(rule, state)]) }),
        }
    }

    /// Sees to it that a state which is held here now is looked at in time, and as soon as it asked for.
    pub(super) fn wake(&mut self, rule: u32, hash: u64, state: &mut Partition) {
        let compiled = &self.program.compiled()[rule as usize];
        let place = Place { space: compiled.space as u32, rule, hash };
        let timers = &mut self.timers[compiled.info.depth as usize];
        match state.scheduled {
            Some(asked) => timers.set(asked, place, false),
            None => schedule(timers, place, state, state.next_change(compiled)),
        }
    }

    /// Who watches.
    pub(super) fn observer(&self) -> &O {
        &self.observer
    }

    /// One event, in order: the rules of a depth that it concerns, under each key that it has for them.
    pub(super) fn judge(
        &mut self,
        program: &Program,
        depth: u32,
        arrival: &Arrival<'_>,
        mut keys: KeysOf<'_>,
        certain: &mut Vec<Certain>,
    ) {
        while let Some((concern, in_space)) = keys.next(arrival.concerns) {
            if concern.depth != depth {
                continue;
            }
            let mut judge = |key: Key, visible: &[bool], hidden: &[bool]| {
                if self.groups.owns(key.group) {
                    let by_key = ByKey { key, bytes: keys.bytes(key), visible, hidden };
                    self.judge_key(program, concern, by_key, arrival, certain);
                }
            };
            match in_space {
                // Mostly all steps of a rule have the same key.
                InSpace::One(key) => judge(key, &[true], &[false]),
                InSpace::Several(several) => {
                    let hidden = KeysOf::hidden(several);
                    for (key, visible) in keys.different(several) {
                        judge(key, &visible, &hidden);
                    }
                }
            }
        }
        self.open.settle();
    }

    /// One event under one of its keys.
    fn judge_key(
        &mut self,
        program: &Program,
        concern: &Concern,
        ByKey { key, bytes, visible, hidden }: ByKey<'_>,
        arrival: &Arrival<'_>,
        certain: &mut Vec<Certain>,
    ) {
        let Key { hash, group, .. } = key;
        let table = &mut self.tables[concern.space];
        let timers = &mut self.timers[concern.depth as usize];
        let mut entry = table.get(hash, bytes);
        let (mut fresh, mut dropped) = (States::new(), false);
        let mut outcome = Outcome::default();
        for &index in &concern.rules {
            let rule = &program.compiled()[index as usize];
            let (counts, faults) = (&mut self.counts[index as usize], &self.faults[index as usize]);
            counts.seen += 1;
            let seen = Seen {
                rule,
                observer: &self.observer,
                key: bytes,
                arrival,
                memo: Memo::default(),
                faults,
                visible,
                hidden,
            };
            let pattern = program.pattern_of(rule);
            outcome.clear();
            let room =
                |before: usize| Room::new(program.limits(), &self.open, (index, group), rule.hold, before);
            let place = Place { space: concern.space as u32, rule: index, hash };
            match entry.as_deref_mut().and_then(|entry| entry.state(index)) {
                Some(state) => {
                    let before = state.starts();
                    let room = room(before);
                    state.event(pattern, room, &seen, &mut outcome);
                    self.open.note(index, group, before, state.starts());
                    if state.is_empty() {
                        timers.leave(state.scheduled);
                        entry.as_deref_mut().into_iter().for_each(|entry| entry.drop_state(index));
                        dropped = true;
                    } else {
                        schedule(timers, place, state, outcome.due);
                    }
                }
                None if self.forms[index as usize] == Form::Stateless => {
                    outcome.alone(pattern, room(0), &seen);
                }
                None if can_begin(&seen) => {
                    let mut state = Partition::new(self.forms[index as usize]);
                    state.event(pattern, room(0), &seen, &mut outcome);
                    self.open.note(index, group, 0, state.starts());
                    if !state.is_empty() {
                        schedule(timers, place, &mut state, outcome.due);
                        fresh.push((index, state));
                    }
                }
                None => continue,
            }
            counts.add(&outcome);
            let reporter = Reporter { rule, program, faults, group };
            let moment = arrival.row.time();
            let matches = outcome.matches.iter().map(|found| reporter.alert(found, moment));
            let looked = outcome.looked.iter().map(|looked| reporter.looked(looked, moment));
            for (alert, likeness) in matches.chain(looked) {
                self.observer.alert(seen.at());
                certain.push(Certain { moment, cause: arrival.cause, alert, likeness });
            }
            if let Some((alert, likeness)) = outcome.bound.and_then(|bound| reporter.at_limit(bound, &seen)) {
                certain.push(Certain { moment, cause: arrival.cause, alert, likeness });
            }
        }
        match entry {
            _ if fresh.is_empty() => {}
            Some(entry) => entry.states.extend(fresh),
            None => table.insert(Entry { key: bytes.into(), hash, group, states: fresh }),
        }
        if dropped {
            table.tidy(hash);
        }
    }

    /// Fires every deadline of the rules of a depth before `end`, without an end all of them.
    #[inline]
    pub(super) fn pass(&mut self, depth: u32, end: Option<Timestamp>, certain: &mut Vec<Certain>) {
        if !self.timers[depth as usize].is_idle(end) {
            self.fire_all(depth, end, certain);
        }
    }

    fn fire_all(&mut self, depth: u32, end: Option<Timestamp>, certain: &mut Vec<Certain>) {
        let tables = &mut self.tables;
        self.timers[depth as usize].sweep(|when, place| {
            tables
                .get_mut(place.space as usize)
                .is_some_and(|table| table.due(place.hash, place.rule, when).is_some())
        });
        while let Some((when, place)) = self.timers[depth as usize].pop_before(end) {
            self.fire(depth, when, place, end, certain);
        }
    }

    /// Fires every deadline of one partition before `end`.
    fn fire(
        &mut self,
        depth: u32,
        when: Timestamp,
        place: Place,
        end: Option<Timestamp>,
        certain: &mut Vec<Certain>,
    ) {
        let timers = &mut self.timers[depth as usize];
        let Some(table) = self.tables.get_mut(place.space as usize) else { return };
        // A timer may be of a state that is gone, or that had an earlier one since.
        let Some(entry) = table.due(place.hash, place.rule, when) else { return timers.missed() };
        let Entry { key, group, states, .. } = entry;
        let Some((_, state)) = states.iter_mut().find(|(rule, _)| *rule == place.rule) else { return };
        state.scheduled = None;
        let rule = &self.program.compiled()[place.rule as usize];
        let (counts, faults) = (&mut self.counts[place.rule as usize], &self.faults[place.rule as usize]);
        let observer = &self.observer;
        let at = At { rule, key, time: when };
        let before = state.starts();
        state.pass(at, observer, faults, end, |moment, outcome| {
            counts.add(outcome);
            let reporter = Reporter { rule, program: &self.program, faults, group: *group };
            let timeouts = outcome.timeouts.iter().filter_map(|expired| reporter.timeout(expired, moment));
            let timeouts: Vec<_> = timeouts.collect();
            counts.alerts += timeouts.len() as u64;
            let matches = outcome.matches.iter().map(|found| reporter.alert(found, moment));
            let looked = outcome.looked.iter().map(|looked| reporter.looked(looked, moment));
            for (alert, likeness) in matches.chain(looked).chain(timeouts) {
                observer.alert(At { time: moment, ..at });
                certain.push(Certain { moment, cause: Certain::DEADLINE, alert, likeness });
            }
        });
        self.open.change(place.rule, *group, before, state.starts());
        if state.is_empty() {
            entry.drop_state(place.rule);
            table.tidy(place.hash);
        } else {
            let next = state.next_change(rule);
            schedule(timers, place, state, next);
        }
    }

    /// Counts and tells matches of a rule that an edit has made certain.
    pub(super) fn report(
        &mut self,
        rule: u32,
        group: u32,
        moment: Timestamp,
        outcome: &Outcome,
        certain: &mut Vec<Certain>,
    ) {
        let index = rule as usize;
        self.counts[index].add(outcome);
        let (rule, faults) = (&self.program.compiled()[index], &self.faults[index]);
        let reporter = Reporter { rule, program: &self.program, faults, group };
        certain.extend(outcome.matches.iter().map(|found| {
            let (alert, likeness) = reporter.alert(found, moment);
            Certain { moment, cause: Certain::DEADLINE, alert, likeness }
        }));
    }

    /// Gives up what began before a time: says of each partition what has come of it, if anything has.
    pub(super) fn give_up_before(&mut self, time: Timestamp, mut then: impl FnMut(u32, u32, Outcome)) {
        let (program, timers, open) = (&self.program, &mut self.timers, &mut self.open);
        for table in &mut self.tables {
            table.retain(|Entry { group, states, .. }| {
                states.retain(|(rule, state)| {
                    let Some(compiled) = program.compiled().get(*rule as usize) else { return false };
                    let before = state.starts();
                    let outcome = state.give_up_before(compiled, time);
                    open.change(*rule, *group, before, state.starts());
                    if outcome.refused > 0 {
                        then(*rule, *group, outcome);
                    }
                    if state.is_empty() {
                        timers[compiled.info.depth as usize].leave(state.scheduled);
                    }
                    !state.is_empty()
                });
                !states.is_empty()
            });
        }
    }

    /// When what is held began, each with its weight.
    pub(super) fn ages(&self, mut note: impl FnMut(Timestamp, u64)) {
        let states = self.tables.iter().flat_map(Table::iter).flat_map(|entry| &entry.states);
        states.for_each(|(_, state)| state.ages(&mut note));
    }

    /// The end of time has passed: matches that only waited to see whether they could grow are certain now.
    pub(super) fn end(&mut self, certain: &mut Vec<Certain>) {
        for table in &mut self.tables {
            for Entry { states, group, .. } in std::mem::take(table).into_iter() {
                for (index, mut state) in states {
                    let rule = &self.program.compiled()[index as usize];
                    let faults = &self.faults[index as usize];
                    let outcome = state.end(rule);
                    self.counts[index as usize].add(&outcome);
                    let reporter = Reporter { rule, program: &self.program, faults, group };
                    certain.extend(outcome.matches.iter().map(|found| {
                        let (alert, likeness) = reporter.alert(found, found.chain.time());
                        Certain { moment: Timestamp::MAX, cause: Certain::DEADLINE, alert, likeness }
                    }));
                }
            }
        }
        self.timers.fill_with(Timers::default);
        self.open = OpenStarts::default();
    }
}

/// Sees to it that a state is looked at by then.
fn schedule(timers: &mut Timers, place: Place, state: &mut Partition, due: Option<Timestamp>) {
    if let Some(due) = due.filter(|due| state.scheduled.is_none_or(|known| *due < known)) {
        timers.set(due, place, state.scheduled.replace(due).is_some());
    }
}

/// Whether an event can make state where there is none: begin a match, violate a first absence, be what `lag` asks
/// for.
fn can_begin<O>(seen: &Seen<'_, O>) -> bool {
    let could = |step: StepId| seen.visible(step) && seen.fits_alone(step);
    seen.rule.automaton.edges(None).iter().any(|edge| edge.target.is_some_and(could))
        || seen.rule.first_absences.iter().any(|step| could(*step))
        || seen.rule.lagging.iter().any(|step| seen.visible(*step) && seen.type_fits(*step))
}
