//! From a match to its alert.

use std::cell::Cell;
use std::sync::Arc;

use compact_str::CompactString;

use super::chain::{Link, View};
use super::judge::Seen;
use crate::alert::{Alert, Bound, Kind, Likeness, at_limit, identify, limit_likeness};
use crate::automaton::Registers;
use crate::event::{Event, Held, Key, Value};
use crate::id::{SlotId, StepId};
use crate::plan::{Pattern, Policy, Suppress};
use crate::predicate::{Current, Expression, Here, Unbound};
use crate::program::{Compiled, OutputCode, Program};
use crate::time::Timestamp;

/// A match: what is bound, and the deadline of its last absence.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) chain: Arc<Link>,
    pub(super) deadline: Option<Timestamp>,
}

/// A partial match that a time bound ended: that of a step, or the rule's.
#[derive(Clone, Debug)]
pub(super) struct Expired {
    pub(super) chain: Arc<Link>,
    pub(super) bound: Option<StepId>,
    /// When.
    pub(super) time: Timestamp,
}

/// What the condition of a window was true of.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub(super) first: Arc<Held>,
    /// The first of the steps that this event fits.
    pub(super) step: StepId,
    /// The time of the last event.
    pub(super) last: Timestamp,
    /// For each step that an event fits, in the order of the rule.
    pub(super) ends: Vec<Ends>,
    /// What `emit` adds.
    pub(super) fields: Vec<(CompactString, Value)>,
}

/// What a window holds of a step.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) slot: SlotId,
    pub(super) first: Arc<Held>,
    pub(super) last: Arc<Held>,
    pub(super) count: u64,
}

/// What the alerts of one rule are made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reporter<'r> {
    pub(super) rule: &'r Compiled,
    pub(super) program: &'r Program,
    pub(super) faults: &'r Cell<u64>,
    /// The key group in which alerts come about.
    pub(super) group: u32,
}

/// An alert, and what it may be held back by.
pub(super) type Reported = (Alert, Option<Likeness>);

impl<'r> Reporter<'r> {
    fn pattern(self) -> &'r Pattern {
        self.program.pattern_of(self.rule)
    }

    /// The alert of a match that is certain at this moment.
    pub(super) fn alert(self, found: &Match, moment: Timestamp) -> Reported {
        let (alert, likeness) = self.build(&found.chain, Kind::Match, moment, &self.rule.output);
        (Alert { deadline: found.deadline, ..alert }, likeness)
    }

    /// The alert of a start that expired, if the rule wants one and the step it asks for has bound something.
    pub(super) fn timeout(self, expired: &Expired, moment: Timestamp) -> Option<Reported> {
        let (after, output) = self.rule.timeout.as_ref()?;
        // `after` is the first step of its name, and the steps stand in the order of the text.
        let reached = after.is_none_or(|step| expired.chain.furthest >= step);
        let kind = Kind::Timeout {
            reached: self.pattern().slot(expired.chain.slot).name.clone(),
            bound: self.bound_text(expired.bound),
        };
        reached.then(|| self.build(&expired.chain, kind, moment, output))
    }

    fn build(self, chain: &Link, kind: Kind, moment: Timestamp, output: &OutputCode) -> Reported {
        let info = &self.rule.info;
        let bindings = self.bindings(chain);
        let key = self.key(chain);
        let every = matches!(self.rule.policy, Policy::All { .. });
        let id = identify(&info.name, &kind, &key, &bindings, None, every);
        let fields = self.fields(chain, output);
        let likeness = self.likeness(&key, &fields);
        let alert = Alert {
            id,
            rule: Arc::clone(info),
            kind,
            event_type: output.event_type.clone(),
            key: info.shown(key),
            time: moment,
            first: chain.first,
            last: chain.time(),
            deadline: None,
            fields,
            bindings,
            counts: None,
        };
        (alert, likeness)
    }

    /// What the alert has in common with those like it, if the rule holds such back.
    fn likeness(self, key: &Key, fields: &[(CompactString, Value)]) -> Option<Likeness> {
        let likeness = |suppress: &Suppress| suppress.likeness(key, fields);
        let bytes = self.rule.info.suppress.as_ref().map(likeness)?;
        Some(Likeness { bytes, group: self.group })
    }

    /// The alert of a window whose condition is true at this moment.
    pub(super) fn looked(self, looked: &Looked, moment: Timestamp) -> Reported {
        let info = &self.rule.info;
        let key = self.key_of(&looked.first, looked.step);
        let bound = |ends: &Ends| {
            let last = (ends.count > 1).then(|| ends.last.event());
            let events = std::iter::once(ends.first.event()).chain(last).collect();
            (self.pattern().slot(ends.slot).name.clone(), events)
        };
        let bindings: Vec<(CompactString, Vec<Arc<Event>>)> = looked.ends.iter().map(bound).collect();
        let counts: Vec<u64> = looked.ends.iter().map(|ends| ends.count).collect();
        let likeness = self.likeness(&key, &looked.fields);
        let alert = Alert {
            id: identify(&info.name, &Kind::Match, &key, &bindings, Some(&counts), false),
            rule: Arc::clone(info),
            kind: Kind::Match,
            event_type: self.rule.output.event_type.clone(),
            key: info.shown(key),
            time: moment,
            first: looked.first.time(),
            last: looked.last,
            deadline: None,
            fields: looked.fields.clone(),
            bindings,
            counts: Some(counts),
        };
        (alert, likeness)
    }

    /// The alert of a rule that came to a bound with an event.
    pub(super) fn at_limit<O>(self, bound: Bound, seen: &Seen<'_, O>) -> Option<Reported> {
        let mut steps = (0..self.rule.steps.len()).filter_map(StepId::new);
        let step = steps.find(|step| seen.visible(*step))?;
        let key = self.key_of(&seen.arrival.held(), step);
        let hold = self.rule.hold;
        let said = (bound, bound.most(hold, self.program.limits()), bound.policy(hold));
        let alert = at_limit(&self.rule.at_limit, said, &key, seen.arrival.row.time());
        Some((alert, Some(Likeness { bytes: limit_likeness(bound), group: self.group })))
    }

    /// For each step that bound something, in the order of the rule, its events.
    fn bindings(self, chain: &Link) -> Vec<(CompactString, Vec<Arc<Event>>)> {
        let mut events: Vec<Vec<Arc<Event>>> = vec![Vec::new(); self.pattern().slots.len()];
        chain.forwards().for_each(|link| events[link.slot.index()].push(link.event.event()));
        let slots = self.pattern().slots.iter().map(|slot| slot.name.clone());
        slots.zip(events).filter(|(_, events)| !events.is_empty()).collect()
    }

    /// What `emit` adds. A bare field in it is of the last event bound.
    fn fields(self, chain: &Link, output: &OutputCode) -> Vec<(CompactString, Value)> {
        let (registers, previous) = (Registers::default(), Vec::new());
        let view = View { chain: Some(chain), scopes: &[], registers: &registers, previous: &previous };
        let here = Here { current: Current::Held(&chain.event), bound: &view, faults: self.faults };
        output.fields.iter().map(|(name, expr)| (name.clone(), expr.value(&here))).collect()
    }

    /// The key in the form it has in the first event bound: `1` and `1.0` are one partition.
    fn key(self, chain: &Link) -> Key {
        let first = chain.backwards().last();
        first.map_or_else(Key::default, |first| self.key_of(&first.event, first.step))
    }

    fn key_of(self, first: &Held, step: StepId) -> Key {
        let exprs = self.program.key_of(self.rule, step).map_or(&[][..], |key| &key.parts);
        let here = Here { current: Current::Held(first), bound: &Unbound, faults: self.faults };
        let value = |expr: &Expression| expr.value(&here);
        Key::new(exprs.iter().map(value).collect()).unwrap_or_default()
    }

    /// A bound as messages name it: the rule's, or a step's with its name.
    fn bound_text(self, step: Option<StepId>) -> CompactString {
        let text = match step {
            None => format!("within {}", self.rule.within.unwrap_or_default()),
            Some(id) => {
                let name = &self.pattern().slot(self.pattern().step(id).slot).name;
                format!("{name} within {}", self.rule.step(id).within.unwrap_or_default())
            }
        };
        text.into()
    }
}
