//! From a match to its alert.

use std::cell::Cell;
use std::sync::Arc;

use compact_str::CompactString;

use super::chain::{Link, View};
use crate::alert::{Alert, Kind, Likeness, identify};
use crate::automaton::Registers;
use crate::event::{Event, Key, Value};
use crate::id::StepId;
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
        let id = identify(&info.name, &kind, &key, &bindings, every);
        let fields = self.fields(chain, output);
        let likeness = |suppress: &Suppress| suppress.likeness(&key, &fields);
        let likeness = info.suppress.as_ref().map(likeness);
        let likeness = likeness.map(|bytes| Likeness { bytes, group: self.group });
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
        };
        (alert, likeness)
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
        let Some(first) = chain.backwards().last() else { return Key::default() };
        let exprs = self.program.key_of(self.rule, first.step).map_or(&[][..], |key| &key.parts);
        let here = Here { current: Current::Held(&first.event), bound: &Unbound, faults: self.faults };
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
