//! From a match to its alert.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::eval::{Here, Law};
use super::partial::{Match, Partial};
use crate::alert::{Alert, Kind, RuleInfo, identify};
use crate::event::{Event, Key, Value};
use crate::plan::{Output, Policy, Rule, Timeout};
use crate::time::Timestamp;

/// What a rule's alerts say.
#[derive(Debug)]
pub(super) struct Reporter {
    info: Arc<RuleInfo>,
    output: Output,
    timeout: Option<Timeout>,
}

impl Reporter {
    pub(super) fn new(rule: &Rule, info: &Arc<RuleInfo>) -> Self {
        Reporter { info: Arc::clone(info), output: rule.output.clone(), timeout: rule.timeout.clone() }
    }

    /// The alert of a match that is certain at this moment.
    pub(super) fn alert(&self, law: &Law, key: &Key, found: &Match, moment: Timestamp) -> Alert {
        let mut alert = self.build(law, key, &found.partial, Kind::Match, moment, &self.output);
        alert.deadline = found.deadline;
        alert
    }

    /// The alert of a start that expired, if the rule wants one and the step it asks for has bound something.
    pub(super) fn timeout(
        &self,
        law: &Law,
        key: &Key,
        partial: &Partial,
        kind: Kind,
        moment: Timestamp,
    ) -> Option<Alert> {
        let timeout = self.timeout.as_ref()?;
        // `after` is the first step of its name, and the steps stand in the order of the text.
        let reached = timeout.after.is_none_or(|step| partial.furthest() >= Some(step));
        reached.then(|| self.build(law, key, partial, kind, moment, &timeout.output))
    }

    fn build(
        &self,
        law: &Law,
        key: &Key,
        partial: &Partial,
        kind: Kind,
        moment: Timestamp,
        output: &Output,
    ) -> Alert {
        let mut bindings = bindings(law, partial);
        let counts = law.window.as_ref().map(|_| ends_of(&mut bindings));
        let every = matches!(law.policy, Policy::All { .. });
        let (first, last) = (partial.first(), partial.last());
        Alert {
            rule: Arc::clone(&self.info),
            id: identify(&self.info.name, &kind, key, &bindings, counts.as_deref(), every),
            kind,
            event_type: output.event_type.clone(),
            key: self.info.shown(key.clone()),
            time: moment,
            first: first.map_or(moment, |event| event.time),
            last: last.map_or(moment, |event| event.time),
            deadline: None,
            fields: last.map_or_else(Vec::new, |last| fields(law, output, partial, last)),
            bindings,
            counts,
        }
    }
}

/// Leaves the first and the last event of each step, and says how many there were.
fn ends_of(bindings: &mut [(CompactString, Vec<Arc<Event>>)]) -> Vec<u64> {
    let ends = |(_, events): &mut (CompactString, Vec<Arc<Event>>)| {
        let count = events.len();
        if count > 2 {
            events.drain(1..count - 1);
        }
        count as u64
    };
    bindings.iter_mut().map(ends).collect()
}

/// For each step that bound something, in the order of the rule, its events.
fn bindings(law: &Law, partial: &Partial) -> Vec<(CompactString, Vec<Arc<Event>>)> {
    let slots = law.pattern.slots.iter();
    let mut all: Vec<_> = slots.map(|slot| (slot.name.clone(), Vec::new())).collect();
    for bound in partial.bound() {
        all[bound.slot.index()].1.push(Arc::clone(&bound.event));
    }
    all.retain(|(_, events)| !events.is_empty());
    all
}

/// What `emit` adds. A bare field in it is of the last event bound.
fn fields(law: &Law, output: &Output, partial: &Partial, last: &Event) -> Vec<(CompactString, Value)> {
    let here = Here { event: last, partial, iterations: &[], previous: &BTreeMap::new() };
    output.fields.iter().map(|(name, expr)| (name.clone(), law.value(expr, &here))).collect()
}
