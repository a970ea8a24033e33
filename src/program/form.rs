//! How the partial matches of a rule are held: the cheapest form that is legal.

use std::fmt;

use crate::id::StepId;
use crate::plan::{Body, Expr, Item, Mode, Policy, Repeat, Report, Rule, Sequence, Step};
use crate::predicate::Expression;

/// How the partial matches of a rule are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Not at all: each event is judged by itself.
    Stateless,
    /// Starts that wait at the same step move together.
    Queue,
    /// Each start has its derivations.
    Runs,
}

/// A step of a rule whose starts stand in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The step.
    pub step: StepId,
    /// How many events it needs.
    pub least: u32,
    /// Whether it may bind more than it needs, until the next step.
    pub more: bool,
}

impl Form {
    /// The cheapest form that is legal for a rule.
    pub fn of(rule: &Rule) -> Form {
        match &rule.body {
            Body::Event(pattern) if pattern.steps.iter().all(|step| !looks_back(step)) => Form::Stateless,
            Body::Sequence(sequence) if why_no_queue(rule, sequence).is_none() => Form::Queue,
            Body::Event(_) | Body::Sequence(_) => Form::Runs,
        }
    }

    /// The steps of a rule that has this form, where it is the queue.
    pub fn stops(self, rule: &Rule) -> Vec<Stop> {
        let pattern = rule.pattern();
        let last = pattern.items.len().saturating_sub(1);
        let stop = |(index, item): (usize, &Item)| match item {
            Item::Step(step) => {
                let Repeat { min, max, .. } = pattern.step(*step).repeat;
                // The last step needs no more than it needs: the match is reported then.
                Some(Stop { step: *step, least: min, more: max != Some(min) && index < last })
            }
            _ => None,
        };
        if self == Form::Queue {
            pattern.items.iter().enumerate().filter_map(stop).collect()
        } else {
            Vec::new()
        }
    }

    /// Why no cheaper form is legal, if there is one.
    pub fn because(rule: &Rule) -> Option<String> {
        match &rule.body {
            Body::Event(_) if Form::of(rule) == Form::Stateless => None,
            Body::Event(_) => Some("its condition looks at the event before".into()),
            Body::Sequence(sequence) => why_no_queue(rule, sequence),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Stateless => "stateless",
            Form::Queue => "queue",
            Form::Runs => "runs",
        })
    }
}

/// A queue is legal where all starts at a step have the same future: what they wait for does not look at what they
/// bound, unless it ends them, and each has one way to go on.
fn why_no_queue(rule: &Rule, sequence: &Sequence) -> Option<String> {
    let pattern = &sequence.pattern;
    if !matches!(sequence.policy, Policy::Disjoint | Policy::Separate | Policy::Every) {
        return Some("its policy looks at the events of single matches".into());
    }
    if sequence.report == Report::Final {
        return Some("`emit final` waits for what a match can still grow by".into());
    }
    if rule.timeout.is_some() {
        return Some("`on timeout` asks how far a single start came".into());
    }
    if pattern.cancel.is_some() {
        return Some("the last line cancels single partial matches".into());
    }
    let last = pattern.items.len().saturating_sub(1);
    let behind_a_loop = matches!(
        pattern.items.get(last.wrapping_sub(1)),
        Some(Item::Step(step)) if pattern.step(*step).repeat.max.is_none()
    );
    // Of a match behind a loop a start may hold some events, and go on without them.
    let may_look = last > 0 && !lags(rule) && (!behind_a_loop || sequence.policy != Policy::Disjoint);
    pattern.items.iter().enumerate().find_map(|(index, item)| {
        let Item::Step(id) = item else { return Some("it has absences, groups or blocks".into()) };
        let name = &pattern.slot(pattern.step(*id).slot).name;
        // What is behind a loop has to be one event, so that the loop is left at once.
        let before_end = index + 1 == last
            && matches!(pattern.items.get(last), Some(Item::Step(end)) if pattern.step(*end).repeat.min == 1);
        why_not_step(pattern.step(*id), index == last, before_end, may_look)
            .map(|why| format!("step `{name}` {why}"))
    })
}

fn why_not_step(step: &Step, last: bool, before_end: bool, may_look: bool) -> Option<&'static str> {
    let Repeat { min, max, greedy } = step.repeat;
    // Whom a last single step takes is complete, and leaves the queue.
    let may_look = may_look && last && min == 1;
    let fixed = min >= 1 && (max == Some(min) || last);
    match () {
        () if step.mode != Mode::Relaxed => Some("is not relaxed"),
        () if step.key.is_some() => Some("has a key of its own"),
        () if step.after.is_some() || step.within.is_some() => Some("has a bound of its own"),
        () if step.until.is_some() => Some("has an `until`"),
        () if looks_back(step) && !may_look => Some("looks at events bound before"),
        () if fixed || (before_end && min >= 1 && max.is_none() && greedy) => None,
        () => Some("may bind more or fewer events while the next step waits"),
    }
}

/// Whether it looks at the key's previous events, bound or not.
pub(super) fn lags(rule: &Rule) -> bool {
    let mut lags = false;
    rule.visit_expressions(&mut |expr| lags |= matches!(expr, Expr::Lag { .. }));
    lags
}

/// Whether what it asks for depends on what came before.
fn looks_back(step: &Step) -> bool {
    step.filter.as_ref().is_some_and(|filter| Expression::split(filter).1.is_some())
}
