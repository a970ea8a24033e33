//! One rule at work: which partitions an event belongs to, and when time itself does something.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;

use super::eval::{Here, Law};
use super::partial::{Expired, Match, Partial};
use super::partition::Seen;
use super::report::Reporter;
use super::state::State;
use super::swap::{Edit, Turn};
use super::{Certain, Given};
use crate::alert::{Alert, Bound, Kind, RuleInfo, at_limit, limit_likeness};
use crate::event::{Event, Key};
use crate::groups::KeyGroups;
use crate::limits::Limits;
use crate::plan::{Expr, Revision, Rule, Types};
use crate::stream::{RuleStats, Swapped};
use crate::time::Timestamp;

/// A rule with its state for every key.
#[derive(Debug)]
pub(super) struct Machine {
    law: Law,
    reporter: Reporter,
    /// What alerts say of the rule that speak of its bounds.
    at_limit: Arc<RuleInfo>,
    /// The rule's key.
    key: Vec<Expr>,
    partitions: BTreeMap<Key, State>,
    /// The next deadline of each partition that has one.
    deadlines: BTreeSet<(Timestamp, Key)>,
    groups: KeyGroups,
    /// How many starts are open in each key group.
    open: BTreeMap<u32, usize>,
    stats: RuleStats,
    refused: u64,
}

impl Machine {
    pub(super) fn new(rule: &Rule, info: &Arc<RuleInfo>, limits: &Limits, groups: &KeyGroups) -> Self {
        let key = rule.key().iter().map(|(_, expr)| expr.clone()).collect();
        Machine {
            law: Law::new(rule, limits),
            reporter: Reporter::new(rule, info),
            at_limit: Arc::new(info.at_limit()),
            key,
            partitions: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            groups: groups.clone(),
            open: BTreeMap::new(),
            stats: RuleStats { name: rule.name.clone(), ..RuleStats::default() },
            refused: 0,
        }
    }

    /// The name of the rule.
    pub(super) fn name(&self) -> &CompactString {
        &self.stats.name
    }

    /// How many starts are open.
    pub(super) fn open(&self) -> usize {
        self.partitions.values().map(State::open).sum()
    }

    /// Goes on with what a machine of the rule before an edit has.
    /// Gives the matches that the edit has made certain.
    pub(super) fn go_on_from(&mut self, old: Machine, turn: &Turn<'_>, counts: &mut Swapped) -> Vec<Certain> {
        self.stats = old.stats;
        self.refused = old.refused;
        self.law.errors.set(old.law.errors.get());
        let mut carried = Vec::new();
        let mut edit = Edit::new(turn, &old.law, &self.law);
        for (key, state) in old.partitions {
            match turn.revision {
                Revision::Fresh(_) => self.refused += state.refused(),
                _ => carried.push((key, state.carried(&mut edit, counts))),
            }
        }
        let mut certain = Vec::new();
        for (key, mut state) in carried {
            if turn.revision != Revision::Same {
                let matches = state.settle(&self.law);
                certain.extend(matches.iter().map(|found| self.alert(&key, found, turn.now)));
            }
            self.put_back(key, state);
        }
        certain
    }

    /// One event, in order, in every partition it belongs to.
    pub(super) fn judge(&mut self, given: &Given) -> Vec<Certain> {
        let Given { event, seq, weight } = given;
        let keys = self.keys(event);
        let partitions: BTreeSet<Key> = keys.iter().flatten().cloned().collect();
        // What one key of the event begins takes no room from another.
        let partitions: Vec<(Key, Option<Bound>)> =
            partitions.into_iter().map(|key| (key.clone(), self.full(&key))).collect();
        let hidden: Vec<bool> = keys.iter().map(Option::is_none).collect();
        let fits = vec![Cell::new(None); self.law.pattern.steps.len()];
        self.stats.seen += u64::from(!partitions.is_empty());
        let mut certain = Vec::new();
        for (key, full) in partitions {
            let visible: Vec<bool> = keys.iter().map(|k| k.as_ref() == Some(&key)).collect();
            let (visible, hidden, fits) = (&visible[..], &hidden[..], &fits[..]);
            let seen = Seen { event, seq: *seq, visible, hidden, fits, full, weight: *weight };
            let mut partition = self.take(&key);
            let (began, matches) = partition.step(&self.law, seen);
            self.stats.starts += u64::from(began);
            certain.extend(matches.iter().map(|found| self.alert(&key, found, event.time)));
            certain.extend(partition.bound().and_then(|bound| self.at_limit(bound, visible, event)));
            self.put_back(key, partition);
        }
        certain
    }

    /// Gives up what began before a time: how much, and what has come of it.
    pub(super) fn shed(&mut self, before: Timestamp, most: u64, now: Timestamp) -> (u64, Vec<Certain>) {
        let (mut count, mut certain) = (0, Vec::new());
        for key in self.partitions.keys().cloned().collect::<Vec<_>>() {
            let mut partition = self.take(&key);
            let (given_up, matches) = partition.shed(&self.law, before);
            count += given_up;
            certain.extend(matches.iter().map(|found| self.alert(&key, found, now)));
            self.put_back(key, partition);
        }
        if count > 0 {
            let bound = Bound::Memory;
            let alert = at_limit(&self.at_limit, (bound, most, bound.policy(None)), &Key::default(), now);
            certain.push((now, alert, Some(limit_likeness(bound))));
        }
        (count, certain)
    }

    /// What keeps the rule from beginning under a key.
    fn full(&self, key: &Key) -> Option<Bound> {
        let open = self.partitions.get(key).map_or(0, State::open);
        if self.law.hold.is_some_and(|hold| !hold.admits(open)) {
            return Some(Bound::Hold);
        }
        let is_full = self.open_in(self.group(key)) >= self.law.limits.starts_per_group;
        is_full.then_some(Bound::StartsPerGroup)
    }

    /// What is said of a bound that an event has come to in the partition that these steps see. The key is as it is in the
    /// event.
    fn at_limit(&self, bound: Bound, visible: &[bool], event: &Arc<Event>) -> Option<Certain> {
        let step = visible.iter().position(|visible| *visible)?;
        let key = self.keys(event).into_iter().nth(step)??;
        let hold = self.law.hold;
        let said = (bound, bound.most(hold, &self.law.limits), bound.policy(hold));
        let alert = at_limit(&self.at_limit, said, &key, event.time);
        Some((event.time, alert, Some(limit_likeness(bound))))
    }

    /// Whether one of its steps names the type of an event.
    pub(super) fn looks_at(&self, event: &Event) -> bool {
        self.law.pattern.steps.iter().any(|step| match &step.types {
            Types::OneOf(types) => event.kind.as_ref().is_some_and(|kind| types.contains(kind)),
            Types::Any => false,
        })
    }

    /// When time does something next.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(time, _)| *time)
    }

    /// Fires every deadline up to this moment.
    pub(super) fn pass(&mut self, moment: Timestamp) -> Vec<Certain> {
        self.fire(|deadline| deadline <= moment)
    }

    fn fire(&mut self, is_due: impl Fn(Timestamp) -> bool) -> Vec<Certain> {
        let mut certain = Vec::new();
        while let Some((deadline, key)) = self.deadlines.first().cloned().filter(|(time, _)| is_due(*time)) {
            let mut partition = self.take(&key);
            let (matches, timeouts) = partition.fire(&self.law, deadline);
            certain.extend(matches.iter().map(|found| self.alert(&key, found, deadline)));
            for expired in timeouts {
                certain.extend(self.timeout(&key, &expired, deadline));
            }
            self.put_back(key, partition);
        }
        certain
    }

    /// The input was flushed: what was due at the end of time is due now, and matches that only waited to see whether
    /// they could grow are certain.
    pub(super) fn flush(&mut self) -> Vec<Certain> {
        let mut certain = self.fire(|_| true);
        for (key, mut partition) in std::mem::take(&mut self.partitions) {
            for found in partition.end(&self.law) {
                let last = found.partial.last().map_or(Timestamp::MAX, |event| event.time);
                let (_, alert, likeness) = self.alert(&key, &found, last);
                certain.push((Timestamp::MAX, alert, likeness));
            }
            self.refused += partition.refused();
        }
        self.deadlines.clear();
        self.open.clear();
        certain
    }

    /// What was counted, and what is open.
    pub(super) fn stats(&self) -> RuleStats {
        let total = |of: &dyn Fn(&State) -> usize| self.partitions.values().map(of).sum::<usize>() as u64;
        let held: u64 = self.partitions.values().map(State::refused).sum();
        RuleStats {
            eval_errors: self.law.errors.get(),
            open: total(&State::open),
            pending: total(&|state| state.pending(&self.law)),
            refused: self.refused + held,
            ..self.stats.clone()
        }
    }

    /// A key in the form it has in the first event bound: `1` and `1.0` are one partition.
    fn shown(&self, key: &Key, partial: &Partial) -> Key {
        let first = partial.bound().first().and_then(|b| self.keys(&b.event).into_iter().nth(b.step.index()));
        first.flatten().unwrap_or_else(|| key.clone())
    }

    /// For each step the key under which it sees this event: its own, or the rule's. The last one is the rule's, for
    /// everything that speaks of the partition as a whole.
    fn keys(&self, event: &Arc<Event>) -> Vec<Option<Key>> {
        let none = Partial::default();
        let here = Here { event, partial: &none, iterations: &[], previous: &BTreeMap::new() };
        let key = |exprs: &[Expr]| Key::new(exprs.iter().map(|expr| self.law.value(expr, &here)).collect());
        let rule = key(&self.key);
        let steps = self.law.pattern.steps.iter();
        let own = steps.map(|step| step.key.as_ref().map_or_else(|| rule.clone(), |exprs| key(exprs)));
        own.chain([rule.clone()]).collect()
    }

    fn group(&self, key: &Key) -> u32 {
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        self.groups.of_key(&bytes)
    }

    fn open_in(&self, group: u32) -> usize {
        self.open.get(&group).copied().unwrap_or(0)
    }

    fn take(&mut self, key: &Key) -> State {
        let mut partition = self.partitions.remove(key).unwrap_or_else(|| State::new(&self.law));
        *self.open.entry(self.group(key)).or_default() -= partition.open();
        if let Some(deadline) = partition.deadline.take() {
            self.deadlines.remove(&(deadline, key.clone()));
        }
        partition
    }

    fn put_back(&mut self, key: Key, mut partition: State) {
        *self.open.entry(self.group(&key)).or_default() += partition.open();
        partition.deadline = partition.next_deadline(&self.law);
        if let Some(deadline) = partition.deadline {
            self.deadlines.insert((deadline, key.clone()));
        }
        if partition.is_empty() {
            self.refused += partition.refused();
        } else {
            self.partitions.insert(key, partition);
        }
    }

    fn alert(&mut self, key: &Key, found: &Match, moment: Timestamp) -> Certain {
        self.stats.alerts += 1;
        let key = self.shown(key, &found.partial);
        let alert = self.reporter.alert(&self.law, &key, found, moment);
        let likeness = likeness(&alert, &key);
        (moment, alert, likeness)
    }

    /// A start that expired, if the rule speaks of timeouts and it had reached the step asked for.
    fn timeout(&mut self, key: &Key, expired: &Expired, moment: Timestamp) -> Option<Certain> {
        let partial = &expired.partial;
        let reached = partial.last_bound()?;
        let kind = Kind::Timeout {
            reached: self.law.pattern.slot(reached.slot).name.clone(),
            bound: CompactString::from(self.law.bound_text(expired.bound)),
        };
        let key = self.shown(key, partial);
        let alert = self.reporter.timeout(&self.law, &key, partial, kind, moment)?;
        self.stats.alerts += 1;
        let likeness = likeness(&alert, &key);
        Some((moment, alert, likeness))
    }
}

/// What an alert may be held back by. The key is as it is, not as the alert shows it.
fn likeness(alert: &Alert, key: &Key) -> Option<Vec<u8>> {
    alert.rule.suppress.as_ref().map(|suppress| suppress.likeness(key, &alert.fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Record, Value};
    use crate::program::Program;
    use crate::span::SourceFile;

    #[test]
    fn a_key_is_forgotten_when_nothing_of_it_can_matter_any_more() {
        let rule = "rule r { sequence by k within 5s { not x within 1s: x  b: b  c: c } }";
        let file = SourceFile::new("r.trip", rule);
        let (program, _) = Program::compile(&[file], &Default::default(), Limits::default());
        let program = program.unwrap();
        let (rule, info) = program.rules().next().unwrap();
        let mut machine = Machine::new(rule, info, program.limits(), &KeyGroups::default());
        let second = |n: i64| Timestamp::from_nanos(n * 1_000_000_000);
        for (n, kind) in ["x", "b"].into_iter().cycle().take(100).enumerate() {
            let fields: Record = [("k".into(), Value::Int(n as i64))].into_iter().collect();
            let event = Arc::new(Event::new(second(n as i64), Some(kind), fields));
            machine.judge(&Given { event, seq: n as u64, weight: 0 });
        }
        assert_eq!(machine.partitions.len(), 100);
        // What is left: a violation at second 98, and starts at 95, 97 and 99 that may go on until five seconds later.
        machine.pass(Timestamp::from_nanos(second(99).nanos() - 1));
        assert_eq!(machine.partitions.len(), 4);
        machine.pass(second(200));
        assert!(machine.partitions.is_empty() && machine.deadlines.is_empty());
    }
}
