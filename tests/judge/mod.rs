//! The judge: a second evaluator of the language, taken from the definitions of its page and from nothing else.
//!
//! It puts the stream in order (`arrival`), enumerates every derivation from every start event (`derive`), in preference
//! order, and then asks of the policy which of them are reported (`policy`, `latest`), when no more can come of them
//! (`lives`), and which starts expired (`timeout`). For `windows` it finds what is looked at together. It is exponential, sees the whole stream at once, keeps no state
//! from event to event, and shares only the front end with the engines.

mod arrival;
mod derive;
mod latest;
mod lives;
mod policy;
mod test;
mod timeout;
mod value;
mod windows;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use tripline::plan::{Body, Expr, Policy, Report, Rule, Sequence};
use tripline::{Event, SlotId, StepId, Timestamp};

use arrival::Stream;
use derive::{Bound, Moment, Place, Wait};
use policy::Won;
use timeout::Expiry;
use value::Word;

use crate::corpus::case::{AtEnd, Case};

/// Every step's events, by their place in the stream.
pub type Bindings = BTreeMap<SlotId, Vec<usize>>;

/// What must come of a case.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// In the one order of alerts.
    pub alerts: Vec<Alert>,
    /// The events that come too late.
    pub late: Vec<u64>,
    /// How many matches `matches all` leaves out.
    pub beyond_limit: u64,
    /// Whether an absence was violated, and whether a start expired.
    pub violated: bool,
    pub expired: bool,
}

/// An alert as it must be reported.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub struct Alert {
    /// The moment of certainty, and the event that causes it by its place in the order of the stream.
    pub moment: Moment,
    pub key: Vec<Word>,
    /// The time it says.
    pub time: Timestamp,
    /// The events bound, by their numbers, by the names of the steps.
    pub bindings: BTreeMap<String, Vec<u64>>,
    /// Of a start that expired: the step it reached and the bound.
    pub expiry: Option<(String, String)>,
    /// The arrival with which it comes out.
    pub line: String,
    /// Of a window, how many events of each step there were.
    pub counts: String,
}

/// What must come of a rule and a case; `None` where that is beyond the judge.
pub fn judge(rule: &Rule, case: &Case) -> Option<Verdict> {
    let (sequence, window) = match &rule.body {
        Body::Sequence(sequence) => (sequence.clone(), None),
        Body::Window(window) => (windows::as_sequence(window), Some(window)),
        Body::Event(_) => return None,
    };
    let sequence = &sequence;
    if rule.suppress.is_some()
        || rule.hold.is_some()
        || rule.forget.is_some()
        || (sequence.policy == Policy::Latest && rule.timeout.is_some())
    {
        return None;
    }
    let stream = Stream::new(&case.inputs, case.lateness);
    let end = stream.end();
    let held = |at: Moment| case.at_end == AtEnd::Hold && at.at == Place::Deadline && at.time >= end;
    let mut verdict = Verdict { late: stream.late.clone(), ..Verdict::default() };
    for key in keys(sequence, &stream.events)? {
        let partition = Partition::new(sequence, &stream.events, key);
        let alerts = match window {
            Some(window) => windows::alerts(&partition, window, &stream)?,
            None => partition.alerts(rule, &stream),
        };
        if partition.note.beyond.get() {
            return None;
        }
        verdict.alerts.extend(alerts);
        let left_out = partition.note.left_out.take();
        verdict.beyond_limit += left_out.into_iter().filter(|at| !held(*at)).count() as u64;
        verdict.violated |= partition.note.violated.get();
        verdict.expired |= partition.note.expired.get();
    }
    verdict.alerts.retain(|alert| !held(alert.moment));
    verdict.alerts.sort_by(|a, b| a.partial_cmp(b).unwrap());
    Some(verdict)
}

/// The part of a stream that a rule sees under one key.
struct Partition<'a> {
    sequence: &'a Sequence,
    /// The events of which at least one step has this key.
    events: Vec<&'a Event>,
    /// Their places in the stream.
    places: Vec<usize>,
    key: Vec<Word>,
    waits: RefCell<Vec<Wait>>,
    preference: Cell<usize>,
    note: Note,
}

/// What was met on the way.
#[derive(Default)]
struct Note {
    /// Something had to be evaluated that the judge cannot.
    beyond: Cell<bool>,
    /// An absence was violated.
    violated: Cell<bool>,
    /// A time bound ended what waited.
    expired: Cell<bool>,
    /// When `matches all` left a match out.
    left_out: RefCell<Vec<Moment>>,
}

impl Note {
    fn left_out(&self, more: usize, at: Moment) {
        self.left_out.borrow_mut().extend(vec![at; more]);
    }
}

impl<'a> Partition<'a> {
    fn new(sequence: &'a Sequence, events: &[&'a Event], key: Vec<Word>) -> Self {
        let mut partition = Partition::of_everything(sequence, events);
        let exprs = key_exprs(sequence);
        let seen =
            |event: &usize| exprs.iter().any(|exprs| partition.key_of(exprs, *event).as_ref() == Some(&key));
        let places: Vec<usize> = (0..events.len()).filter(seen).collect();
        partition.events = places.iter().map(|&n| events[n]).collect();
        Partition { places, key, ..partition }
    }

    fn of_everything(sequence: &'a Sequence, events: &[&'a Event]) -> Self {
        Partition {
            sequence,
            events: events.to_vec(),
            places: Vec::new(),
            key: Vec::new(),
            waits: RefCell::default(),
            preference: Cell::default(),
            note: Note::default(),
        }
    }

    fn alerts(&self, rule: &Rule, stream: &Stream) -> Vec<Alert> {
        let course = self.course();
        let expired = |wait: &Wait| wait.end.as_ref().is_some_and(|end| end.expired.is_some());
        self.note.expired.set(course.waits.iter().any(expired));
        let won = match (self.sequence.policy, self.sequence.report) {
            (Policy::Latest, _) => self.latest(),
            (_, Report::First) => policy::reported(self, course.derivations.clone()),
            (_, Report::Final) => lives::finally(self, &course),
        };
        let expiries = rule
            .timeout
            .as_ref()
            .map_or(Vec::new(), |timeout| timeout::timeouts(self, timeout.after, &course, &won));
        let matches = won.iter().map(|won| self.describe_match(won, stream));
        matches.chain(expiries.iter().map(|expiry| self.describe_expiry(expiry, stream))).collect()
    }

    /// Whether a step of this key looks at the event.
    fn visible(&self, step: StepId, event: usize) -> bool {
        self.key_for(step, event).as_ref() == Some(&self.key)
    }

    /// Whether an event of the partition is hidden from a step: its own key is null in it.
    fn hidden(&self, step: StepId, event: usize) -> bool {
        self.key_for(step, event).is_none()
    }

    fn key_for(&self, step: StepId, event: usize) -> Option<Vec<Word>> {
        let own = self.sequence.pattern.step(step).key.clone();
        self.key_of(&own.unwrap_or_else(|| rule_key(self.sequence)), event)
    }

    fn describe_match(&self, won: &Won, stream: &Stream) -> Alert {
        self.describe(won.at, &won.derivation.bound, stream)
    }

    fn describe_expiry(&self, expiry: &Expiry, stream: &Stream) -> Alert {
        let pattern = &self.sequence.pattern;
        let name = |step: StepId| pattern.slot(pattern.step(step).slot).name.to_string();
        let reached = expiry.bound.last().map(|b| name(b.step)).unwrap_or_default();
        let length = |d: Option<tripline::Duration>| d.unwrap_or_default().to_string();
        let bound = match expiry.by {
            None => format!("within {}", length(self.sequence.within)),
            Some(step) => format!("{} within {}", name(step), length(pattern.step(step).within)),
        };
        Alert { expiry: Some((reached, bound)), ..self.describe(expiry.at, &expiry.bound, stream) }
    }

    fn describe(&self, at: Moment, bound: &[Bound], stream: &Stream) -> Alert {
        let moment = match at.at {
            Place::Event(event) => Moment { at: Place::Event(self.places[event]), ..at },
            Place::Deadline => at,
        };
        let mut bindings: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for b in bound {
            let name = self.sequence.pattern.slot(b.slot).name.to_string();
            bindings.entry(name).or_default().push(self.events[b.event].offset);
        }
        // What only a flush makes certain has the time of its last event.
        let last = bound.last().map_or(at.time, |b| self.time(b.event));
        let time = if at.time == Timestamp::MAX { last } else { at.time };
        let (key, line) = (self.key.clone(), stream.line(moment));
        Alert { moment, time, key, bindings, expiry: None, line, counts: String::new() }
    }
}

/// All keys under which some step sees some event; `None` where that is beyond the judge.
fn keys(sequence: &Sequence, events: &[&Event]) -> Option<Vec<Vec<Word>>> {
    let all = Partition::of_everything(sequence, events);
    let exprs = key_exprs(sequence);
    let mut keys: Vec<Vec<Word>> = Vec::new();
    for event in 0..events.len() {
        keys.extend(exprs.iter().filter_map(|exprs| all.key_of(exprs, event)));
    }
    keys.sort_by(|a, b| a.partial_cmp(b).unwrap());
    keys.dedup();
    (!all.note.beyond.get()).then_some(keys)
}

/// The key of the rule and those of the steps that have their own.
fn key_exprs(sequence: &Sequence) -> Vec<Vec<Expr>> {
    let own = sequence.pattern.steps.iter().filter_map(|step| step.key.clone());
    std::iter::once(rule_key(sequence)).chain(own).collect()
}

fn rule_key(sequence: &Sequence) -> Vec<Expr> {
    sequence.key.iter().map(|(_, expr)| expr.clone()).collect()
}
