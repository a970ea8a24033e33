//! How the partial matches of a rule are held: the cheapest form that is legal.

use std::fmt;

use super::places::Places;
use crate::automaton::Automaton;
use crate::id::{SlotId, StepId};
use crate::plan::{
    Aggregate, Body, Compare, Expr, Item, Mode, Pattern, Policy, Repeat, Report, Rule, Sequence, Step, Window,
};
use crate::predicate::Expression;

/// How the partial matches of a rule are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Not at all: each event is judged by itself.
    Stateless,
    /// Starts that wait at the same step move together.
    Queue,
    /// The events of the time bound with what each of them does to whatever waits; matches are found when some complete.
    Shared,
    /// Each start has its derivations.
    Runs,
    /// There are none: the events of a window, and what is added up of them.
    Window,
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
    /// The cheapest form that is legal for a rule with this automaton.
    pub fn of(rule: &Rule, automaton: &Automaton) -> Form {
        match &rule.body {
            Body::Event(pattern) if pattern.steps.iter().all(|step| !looks_back(step)) => Form::Stateless,
            Body::Sequence(sequence) if is_all(sequence) => {
                if shared(rule, sequence, automaton).is_ok() {
                    Form::Shared
                } else {
                    Form::Runs
                }
            }
            Body::Sequence(sequence) if why_no_queue(rule, sequence).is_none() => Form::Queue,
            Body::Event(_) | Body::Sequence(_) => Form::Runs,
            Body::Window(_) => Form::Window,
        }
    }

    /// The form that any rule of this form can have.
    pub fn general(self) -> Form {
        match self {
            Form::Stateless | Form::Queue | Form::Shared | Form::Runs => Form::Runs,
            Form::Window => Form::Window,
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

    /// The places of a rule that has this form, where it is the shared one.
    pub fn places(self, rule: &Rule, automaton: &Automaton) -> Option<Places> {
        match &rule.body {
            Body::Sequence(sequence) if self == Form::Shared => shared(rule, sequence, automaton).ok(),
            _ => None,
        }
    }

    /// Why no cheaper form is legal, if there is one; of a window, what in it costs more than the rest.
    pub fn because(rule: &Rule, automaton: &Automaton) -> Option<String> {
        match &rule.body {
            Body::Event(_) if Form::of(rule, automaton) == Form::Stateless => None,
            Body::Event(_) => Some("its condition looks at the event before".into()),
            Body::Sequence(sequence) if is_all(sequence) => shared(rule, sequence, automaton).err(),
            Body::Sequence(sequence) => why_no_queue(rule, sequence),
            Body::Window(window) => anew(rule, window),
        }
    }
}

/// The aggregates of a window that are worked out of all its events each time.
fn anew(rule: &Rule, window: &Window) -> Option<String> {
    let mut anew: Vec<&str> = Vec::new();
    let outputs = rule.output.fields.iter().map(|(_, expr)| expr);
    let filters = window.pattern.steps.iter().flat_map(|step| &step.filter);
    let mut note = |expr: &Expr| {
        let word = match expr {
            Expr::Aggregate { function: Aggregate::List, .. } => "list",
            Expr::Aggregate { function: Aggregate::Percentile(_), .. } => "percentile",
            _ => return,
        };
        if !anew.contains(&word) {
            anew.push(word);
        }
    };
    std::iter::once(&window.condition).chain(outputs).chain(filters).for_each(|expr| expr.visit(&mut note));
    let words: Vec<String> = anew.iter().map(|word| format!("`{word}`")).collect();
    (!words.is_empty()).then(|| format!("{} goes over all events each time", words.join(" and ")))
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Stateless => "stateless",
            Form::Queue => "queue",
            Form::Shared => "shared",
            Form::Runs => "runs",
            Form::Window => "window",
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
    let looks = if last > 0 && !rule.lags() { may_look(pattern, last) } else { None };
    pattern.items.iter().enumerate().find_map(|(index, item)| {
        let Item::Step(id) = item else { return Some("it has absences, groups or blocks".into()) };
        let name = &pattern.slot(pattern.step(*id).slot).name;
        // What is behind a loop has to be one event, so that the loop is left at once.
        let before_end = index + 1 == last
            && matches!(pattern.items.get(last), Some(Item::Step(end)) if pattern.step(*end).repeat.min == 1);
        why_not_step(pattern.step(*id), index == last, before_end, looks == Some(*id))
            .map(|why| format!("step `{name}` {why}"))
    })
}

fn why_not_step(step: &Step, last: bool, before_end: bool, may_look: bool) -> Option<&'static str> {
    let Repeat { min, max, greedy } = step.repeat;
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

/// Every set of bindings is held in common where what a derivation waits for does not look at what it has bound, nor at
/// when, and where no two derivations bind the same.
fn shared(rule: &Rule, sequence: &Sequence, automaton: &Automaton) -> Result<Places, String> {
    let pattern = &sequence.pattern;
    if rule.timeout.is_some() {
        return Err("`on timeout` asks how far a single start came".into());
    }
    if sequence.report == Report::Final {
        return Err("`emit final` waits for what a match can still grow by".into());
    }
    let looks =
        |condition: &Option<Expr>| condition.as_ref().is_some_and(|c| Expression::split(c).1.is_some());
    for step in &pattern.steps {
        let why = match () {
            () if looks_back(step) || looks(&step.until) => "looks at events bound before",
            () if step.after.is_some() || step.within.is_some() => "has a bound of its own",
            () => continue,
        };
        return Err(format!("step `{}` {why}", pattern.slot(step.slot).name));
    }
    if pattern.groups.iter().any(|group| looks(&group.until)) {
        return Err("an `until` looks at events bound before".into());
    }
    if automaton.edges(None).iter().any(|edge| !edge.absences.is_empty()) {
        return Err("an absence stands before its first step".into());
    }
    Places::new(pattern, automaton)
}

fn is_all(sequence: &Sequence) -> bool {
    matches!(sequence.policy, Policy::All { .. })
}

/// The last step, if it may look at what is bound: whom it takes is complete, and leaves the queue. Behind a loop
/// without an upper bound it may ask only for what a longer loop has the more of, so that none of the shorter ways to
/// leave it is needed, nor any start that an earlier one is not taken with.
fn may_look(pattern: &Pattern, last: usize) -> Option<StepId> {
    let (Some(Item::Step(end)), Some(Item::Step(before))) =
        (pattern.items.get(last), pattern.items.get(last - 1))
    else {
        return None;
    };
    let (step, before) = (pattern.step(*end), pattern.step(*before));
    let along = step.filter.as_ref().and_then(|filter| Expression::split(filter).1);
    let legal = before.repeat.max.is_some() || along.is_none_or(|along| grows(&along, before.slot));
    (step.repeat.min == 1 && legal).then_some(*end)
}

/// Whether a condition that holds of what a name has bound holds too when it has bound more, and asks of nothing else.
/// What is counted or told apart are values of the events of that name alone: the analysis refuses anything else in an
/// aggregate.
fn grows(condition: &Expr, looped: SlotId) -> bool {
    use Aggregate::{Count, Distinct};
    match condition {
        Expr::And(left, right) => grows(left, looped) && grows(right, looped),
        Expr::Compare(Compare::Ge | Compare::Gt, left, right) => match (&**left, &**right) {
            (Expr::Aggregate { function: Count | Distinct, slot, .. }, Expr::Const(_)) => slot.slot == looped,
            _ => false,
        },
        _ => false,
    }
}

/// Whether what it asks for depends on what came before.
fn looks_back(step: &Step) -> bool {
    step.filter.as_ref().is_some_and(|filter| Expression::split(filter).1.is_some())
}
