//! The judge: a second evaluator of the language, taken from the definitions of its page and from nothing else.
//!
//! It enumerates every derivation from every start event (`derive`), in preference order, and then asks of the policy
//! which of them are reported (`policy`). It is exponential, sees the whole stream at once, keeps no state from event
//! to event, and shares only the front end with the engines.

mod derive;
mod generate;
mod latest;
mod policy;
mod test;
mod value;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use tripline::plan::{Body, Expr, Policy, Report, Rule, Sequence};
use tripline::{Event, SlotId, StepId, Timestamp, Value};

use derive::{Derivation, Place};

/// Every step's events, by their place in the stream.
pub type Bindings = BTreeMap<SlotId, Vec<usize>>;

/// A match as it must be reported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// The time at which it is certain.
    pub time: Timestamp,
    /// Whether a deadline makes it certain, and not an event.
    pub by_deadline: bool,
    /// What is bound, by the names of the steps.
    pub bindings: BTreeMap<String, Vec<usize>>,
}

/// The matches of a rule in a stream that is in order and then flushed, sorted; `None` for a rule that is beyond the
/// judge. Of `emit final` it knows which matches there are, but not when: their times are those at which they complete.
pub fn judge(rule: &Rule, events: &[&Event]) -> Option<Vec<Match>> {
    let Body::Sequence(sequence) = &rule.body else { return None };
    // What `emit final` leaves of a match depends on when it can grow no more, which the judge does not know.
    let by_moment = matches!(sequence.policy, Policy::Disjoint | Policy::Latest | Policy::All { .. })
        || sequence.pattern.cancel.is_some();
    if sequence.report == Report::Final && by_moment || rule.timeout.is_some() {
        return None;
    }
    let mut matches = Vec::new();
    for key in keys(sequence, events)? {
        let partition = Partition::new(sequence, events, key);
        matches.extend(partition.matches().iter().map(|found| partition.describe(found)));
        if partition.beyond.get() {
            return None;
        }
    }
    matches.sort();
    Some(matches)
}

/// The part of a stream that a rule sees under one key.
struct Partition<'a> {
    sequence: &'a Sequence,
    /// The events of which at least one step has this key.
    events: Vec<&'a Event>,
    /// Their places in the stream.
    places: Vec<usize>,
    key: Vec<String>,
    /// Set once something had to be evaluated that the judge cannot.
    beyond: Cell<bool>,
}

impl<'a> Partition<'a> {
    fn new(sequence: &'a Sequence, events: &[&'a Event], key: Vec<String>) -> Self {
        let seen =
            |event: &Event| key_exprs(sequence).iter().any(|exprs| key_of(exprs, event) == Some(key.clone()));
        let places: Vec<usize> = (0..events.len()).filter(|&n| seen(events[n])).collect();
        let events = places.iter().map(|&n| events[n]).collect();
        Partition { sequence, events, places, key, beyond: Cell::new(false) }
    }

    fn matches(&self) -> Vec<Derivation> {
        match (self.sequence.policy, self.sequence.report) {
            (Policy::Latest, _) => self.latest(),
            (policy, Report::First) => policy::reported(self, policy, self.derivations()),
            (policy, Report::Final) => policy::finally(self, policy, self.derivations()),
        }
    }

    /// Whether a step of this key looks at the event.
    fn visible(&self, step: StepId, event: usize) -> bool {
        let key = &self.sequence.pattern.step(step).key;
        let own = key.clone().unwrap_or_else(|| rule_key(self.sequence));
        key_of(&own, self.events[event]).as_ref() == Some(&self.key)
    }

    /// Whether an event of the partition is hidden from a step: its own key is null in it.
    fn hidden(&self, step: StepId, event: usize) -> bool {
        let key = &self.sequence.pattern.step(step).key;
        key_of(&key.clone().unwrap_or_else(|| rule_key(self.sequence)), self.events[event]).is_none()
    }

    fn describe(&self, found: &Derivation) -> Match {
        let name = |slot: SlotId| self.sequence.pattern.slot(slot).name.to_string();
        let places = |events: &[usize]| events.iter().map(|&n| self.places[n]).collect();
        let bindings = found.bindings().iter().map(|(slot, events)| (name(*slot), places(events))).collect();
        Match { time: found.end.time, by_deadline: found.end.at == Place::Deadline, bindings }
    }
}

/// All keys under which some step sees some event; `None` if one of them is more than fields.
fn keys(sequence: &Sequence, events: &[&Event]) -> Option<BTreeSet<Vec<String>>> {
    let exprs = key_exprs(sequence);
    let plain = exprs.iter().flatten().all(|expr| matches!(expr, Expr::Field(_)));
    plain.then(|| events.iter().flat_map(|event| exprs.iter().filter_map(|e| key_of(e, event))).collect())
}

/// The key of the rule and those of the steps that have their own.
fn key_exprs(sequence: &Sequence) -> Vec<Vec<Expr>> {
    let own = sequence.pattern.steps.iter().filter_map(|step| step.key.clone());
    std::iter::once(rule_key(sequence)).chain(own).collect()
}

fn rule_key(sequence: &Sequence) -> Vec<Expr> {
    sequence.key.iter().map(|(_, expr)| expr.clone()).collect()
}

/// The key of an event; `None` if a part of it is null.
fn key_of(exprs: &[Expr], event: &Event) -> Option<Vec<String>> {
    let part = |expr: &Expr| match expr {
        Expr::Field(field) => match event.get(&field.path) {
            Value::Null => None,
            Value::Float(x) if x.fract() == 0.0 => Some(format!("Int({x})")),
            value => Some(format!("{value:?}")),
        },
        _ => None,
    };
    exprs.iter().map(part).collect()
}
