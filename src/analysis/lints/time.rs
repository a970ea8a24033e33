//! Steps that time or an absence keeps from ever matching.

use crate::diagnostic::{Code, Diagnostic};
use crate::id::StepId;
use crate::plan::{Item, Mode, Pattern, Step, Types};
use crate::syntax::ast::{self, DurationLit};
use crate::time::Duration;

use crate::analysis::layout::Layout;

/// A `within` that is over before the gaps that the steps ask for can have passed.
pub(in crate::analysis) fn too_short(within: DurationLit, layout: &Layout, found: &mut Vec<Diagnostic>) {
    let least = Duration::from_nanos(least(&layout.pattern, &layout.pattern.items, true).0);
    if least > within.value {
        let message = format!("the steps are at least {least} apart, so that this never matches");
        let finding = Diagnostic::new(Code::NeverInTime, within.span, message);
        found.push(
            finding.help(format!("write `within {least}` or more, or shorten the `after` of the steps")),
        );
    }
}

/// How long these items take at least, in nanoseconds, and whether they may bind nothing. Before the `first` event there
/// is no gap.
fn least(pattern: &Pattern, items: &[Item], first: bool) -> (i64, bool) {
    let (mut sum, mut first) = (0i64, first);
    for item in items {
        let (length, nothing) = least_of(pattern, item, first);
        sum = sum.saturating_add(length);
        first &= nothing;
    }
    (sum, first)
}

fn least_of(pattern: &Pattern, item: &Item, first: bool) -> (i64, bool) {
    let parts = |parts: &[Vec<Item>]| -> Vec<(i64, bool)> {
        parts.iter().map(|part| least(pattern, part, first)).collect()
    };
    match item {
        Item::Absence(_) => (0, true),
        Item::Step(id) => {
            let step = pattern.step(*id);
            let gaps = i64::from(step.repeat.min).saturating_sub(i64::from(first)).max(0);
            (step.after.map_or(0, Duration::nanos).saturating_mul(gaps), step.repeat.min == 0)
        }
        Item::Group(id) => {
            let group = pattern.group(*id);
            let (once, _) = least(pattern, &group.items, first);
            let (again, nothing) = least(pattern, &group.items, false);
            let times = i64::from(group.repeat.min);
            let more = again.saturating_mul((times - 1).max(0));
            (if times == 0 { 0 } else { once.saturating_add(more) }, times == 0 || nothing)
        }
        Item::Either(branches) => {
            let all = parts(branches);
            let shortest = all.iter().map(|(length, _)| *length).min().unwrap_or(0);
            (shortest, all.iter().any(|(_, nothing)| *nothing))
        }
        Item::Of { take, members } => {
            // Which comes first is open, and that has no gap before it.
            let mut lengths: Vec<i64> = parts(members).iter().map(|(length, _)| *length).collect();
            lengths.sort_unstable();
            (lengths.iter().take(*take as usize).fold(0, |sum, length| sum.saturating_add(*length)), false)
        }
    }
}

/// `any` steps that nothing bounds: each event that such a step might take is a partial match of its own, and none is over.
pub(in crate::analysis) fn unbounded_choice(
    body: &ast::Sequence,
    layout: &Layout,
    found: &mut Vec<Diagnostic>,
) {
    if body.within.is_some() {
        return;
    }
    for (step, info) in layout.pattern.steps.iter().zip(&layout.steps) {
        let Some((_, span)) = info.ast.mode.filter(|_| step.mode == Mode::Any && step.within.is_none())
        else {
            continue;
        };
        let message = format!(
            "each event that `{}` might take is a way of its own, and all are kept for ever",
            info.ast.name.name
        );
        let help = "add `within` to the sequence or to the step";
        found.push(Diagnostic::new(Code::UnboundedChoice, span, message).help(help));
    }
}

/// A step that takes only what the absence before it forbids.
pub(in crate::analysis) fn forbidden(pattern: &Pattern, layout: &Layout, found: &mut Vec<Diagnostic>) {
    for items in lists(pattern) {
        for (at, item) in items.iter().enumerate() {
            let Item::Step(next) = item else { continue };
            let absences = items[..at].iter().rev().map_while(|item| match item {
                Item::Absence(id) => Some(*id),
                _ => None,
            });
            // What stands before everything is of the time before the first event.
            let begins = std::ptr::eq(items, &pattern.items[..])
                && items[..at].iter().all(|item| matches!(item, Item::Absence(_)));
            for absence in absences.filter(|_| !begins) {
                if pattern.step(*next).repeat.min > 0 && covers(pattern.step(absence), pattern.step(*next)) {
                    found.extend(finding(layout, absence, *next));
                }
            }
        }
    }
}

/// Whether each event that a step takes violates an absence that lasts until then.
fn covers(absence: &Step, step: &Step) -> bool {
    let types = match (&absence.types, &step.types) {
        (Types::Any, _) => true,
        (Types::OneOf(_), Types::Any) => false,
        (Types::OneOf(all), Types::OneOf(some)) => some.iter().all(|kind| all.contains(kind)),
    };
    let filter = absence.filter.is_none() || absence.filter == step.filter;
    types && filter && absence.within.is_none() && absence.key == step.key
}

fn finding(layout: &Layout, absence: StepId, step: StepId) -> Option<Diagnostic> {
    let name = |id: StepId| layout.steps.get(id.index()).map(|info| &info.ast.name);
    let (absence, step) = (name(absence)?, name(step)?);
    let message =
        format!("`{}` never binds anything: what it takes violates the absence before it", step.name);
    let help = format!("let `not {}` or `{}` ask for something else with `where`", absence.name, step.name);
    Some(Diagnostic::new(Code::NeverAllowed, step.span, message).also(absence.span, "").help(help))
}

/// All lists of items that stand one after the other.
fn lists(pattern: &Pattern) -> Vec<&[Item]> {
    let mut lists: Vec<&[Item]> = vec![&pattern.items];
    let mut at = 0;
    while let Some(items) = lists.get(at).copied() {
        for item in items {
            match item {
                Item::Step(_) | Item::Absence(_) => {}
                Item::Group(group) => lists.push(&pattern.group(*group).items),
                Item::Either(parts) | Item::Of { members: parts, .. } => {
                    lists.extend(parts.iter().map(Vec::as_slice));
                }
            }
        }
        at += 1;
    }
    lists
}
