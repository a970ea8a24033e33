//! What an edited rule asks of events that were bound before, and that was not kept of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;

use super::Program;
use super::kept::{KeptSince, Path, keeps};
use crate::id::{SlotId, StepId};
use crate::plan::{Body, Expr, Item, Pattern, Report, Rule, Step, Types};
use crate::time::Timestamp;

/// A bound event, as far as it matters here: its type and its time.
pub(crate) type Of<'e> = (Option<&'e str>, Timestamp);

/// What a rule asks of bound events that a program before has not kept of them, or that its own does not keep, as it takes
/// no events of their type any more. It goes by what the programs keep of events of a type, also where a whole event is at
/// hand: what an edit keeps must not depend on how events are read.
#[derive(Debug)]
pub struct Lack<'p> {
    before: &'p Program,
    after: &'p Program,
    /// Since when the program before has kept what it keeps.
    since: KeptSince,
    /// What is asked of the events of each name, by `SlotId`.
    of_slots: Vec<BTreeSet<Path>>,
    /// What is asked of the last event of a match, and of the last one of a start that expires.
    of_last: BTreeSet<Path>,
    of_reached: BTreeSet<Path>,
    /// What is asked of the event before, by the steps that ask.
    of_lags: BTreeSet<(StepId, Path)>,
    /// Whether an event that was bound before may be the last of a match that has still to come, although others were bound
    /// behind it; and whether it may be if none was.
    waits: bool,
    may_be_last: bool,
}

impl<'p> Lack<'p> {
    /// What `rule` of the program `after` asks of events that were bound under the program `before`, or since others before it.
    pub fn new(before: &'p Program, since: &KeptSince, (after, rule): (&'p Program, &Rule)) -> Self {
        let mut lack = Lack {
            before,
            after,
            since: since.clone(),
            of_slots: vec![BTreeSet::new(); rule.pattern().slots.len()],
            of_last: BTreeSet::new(),
            of_reached: BTreeSet::new(),
            of_lags: BTreeSet::new(),
            waits: false,
            may_be_last: may_be_last(rule),
        };
        rule.visit_expressions(&mut |expr| lack.note(expr));
        let bare = |expr: &Expr, paths: &mut BTreeSet<Path>| {
            expr.visit(&mut |expr| paths.extend(field(expr)));
        };
        let said = rule.output.fields.iter().map(|(_, expr)| expr);
        said.for_each(|expr| bare(expr, &mut lack.of_last));
        if let Body::Window(window) = &rule.body {
            bare(&window.condition, &mut lack.of_last);
            lack.waits = window.shape.closes();
        }
        let said = rule.timeout.iter().flat_map(|timeout| &timeout.output.fields);
        said.for_each(|(_, expr)| bare(expr, &mut lack.of_reached));
        lack
    }

    fn note(&mut self, expr: &Expr) {
        let (slot, inner) = match expr {
            Expr::Bound { slot, field, .. } => {
                return self.of_slots.get_mut(slot.slot.index()).into_iter().for_each(|paths| {
                    paths.insert(Arc::clone(&field.path));
                });
            }
            Expr::Aggregate { slot, arg: Some(inner), .. } | Expr::Trend { slot, value: inner, .. } => {
                (slot, inner)
            }
            Expr::Lag { step, field } => {
                self.of_lags.insert((*step, Arc::clone(&field.path)));
                return;
            }
            _ => return,
        };
        if let Some(paths) = self.of_slots.get_mut(slot.slot.index()) {
            inner.visit(&mut |expr| paths.extend(field(expr)));
        }
    }

    /// Whether any event that the steps of the rule have bound with its text `old` could lack something.
    pub fn is_possible(&self, old: &Rule, rule: &Rule) -> bool {
        !self.missing(old, rule).is_empty()
    }

    /// The fields that some event which the rule has bound could lack, as the rule writes them: behind the name of a step, or
    /// alone where they are asked of the last event.
    pub fn missing(&self, old: &Rule, rule: &Rule) -> Vec<String> {
        let pattern = rule.pattern();
        let mut missing = Vec::new();
        for step in &pattern.steps {
            let name = &pattern.slot(step.slot).name;
            let of_step =
                self.of_slots.get(step.slot.index()).into_iter().flatten().map(|path| (Some(name), path));
            let of_last = self.of_last.iter().filter(|_| self.waits || self.may_be_last);
            let of_last = of_last.chain(&self.of_reached).map(|path| (None, path));
            for (name, path) in of_step.chain(of_last) {
                let of_name =
                    |other: &&Step| old.pattern().slot(other.slot).name == pattern.slot(step.slot).name;
                let bound = old.pattern().steps.iter().filter(of_name);
                if bound
                    .flat_map(|step| self.kinds(step))
                    .any(|kind| !self.is_kept(path, (kind, Timestamp::MIN)))
                {
                    let parts = name.into_iter().chain(path.iter()).map(CompactString::as_str);
                    missing.push(parts.collect::<Vec<_>>().join("."));
                }
            }
        }
        missing.sort();
        missing.dedup();
        missing
    }

    /// The event types that a step may have bound.
    fn kinds<'r>(&'r self, step: &'r Step) -> Vec<Option<&'r str>> {
        match &step.types {
            Types::OneOf(kinds) => kinds.iter().map(|kind| Some(kind.as_str())).collect(),
            Types::Any => self.before.kinds().iter().map(|kind| Some(kind.as_str())).chain([None]).collect(),
        }
    }

    /// Whether an event of this type lacks what is asked of those of a name.
    pub(crate) fn in_slot(&self, slot: SlotId, of: Of<'_>) -> bool {
        self.of_slots.get(slot.index()).is_some_and(|paths| self.lacks(paths, of))
    }

    /// Whether it lacks what is asked of it as the last event of a match: if it is that already, as a match is that only
    /// waits, or if it may become that, as an event of a window that closes.
    pub(crate) fn at_end(&self, of: Of<'_>, is_last: bool) -> bool {
        (self.waits || is_last && self.may_be_last) && self.lacks(&self.of_last, of)
    }

    /// Whether it lacks what is asked of it as the last event of a start that expires.
    pub(crate) fn when_expired(&self, of: Of<'_>) -> bool {
        self.lacks(&self.of_reached, of)
    }

    /// Whether it lacks what is asked of it as the event before, by a step.
    pub(crate) fn as_previous(&self, step: StepId, of: Of<'_>) -> bool {
        let asked = self.of_lags.iter().filter(|(of, _)| *of == step).map(|(_, path)| Arc::clone(path));
        self.lacks(&asked.collect(), of)
    }

    fn is_kept(&self, path: &Path, (kind, time): Of<'_>) -> bool {
        let is_since = || self.since.since(path, kind).is_none_or(|since| time > since);
        keeps(self.before, path, kind) && keeps(self.after, path, kind) && is_since()
    }

    fn lacks(&self, paths: &BTreeSet<Path>, of: Of<'_>) -> bool {
        !paths.iter().all(|path| self.is_kept(path, of))
    }
}

/// Whether a match may wait when all its events are bound: for the end of an absence, or to grow no more.
fn may_be_last(rule: &Rule) -> bool {
    let pattern = rule.pattern();
    let is_final = matches!(&rule.body, Body::Sequence(sequence) if sequence.report == Report::Final);
    is_final || has_absence(pattern, &pattern.items)
}

fn has_absence(pattern: &Pattern, items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Step(_) => false,
        Item::Absence(_) => true,
        Item::Group(group) => has_absence(pattern, &pattern.group(*group).items),
        Item::Either(lists) | Item::Of { members: lists, .. } => {
            lists.iter().any(|items| has_absence(pattern, items))
        }
    })
}

/// A field of the current event.
fn field(expr: &Expr) -> Option<Path> {
    match expr {
        Expr::Field(field) => Some(Arc::clone(&field.path)),
        _ => None,
    }
}
