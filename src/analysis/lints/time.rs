//! Steps that time or an absence keeps from ever matching.

use crate::diagnostic::{Code, Diagnostic};
use crate::id::StepId;
use crate::plan::{Item, Mode, Pattern, Repeat, Step};
use crate::syntax::ast::{self, DurationLit};
use crate::time::Duration;

use crate::analysis::held;
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
            // Which comes first is open. If it is the first of all, no gap stands before it, but before the others.
            let lengths = members.iter().map(|member| least(pattern, member, false).0);
            let mut lengths: Vec<i64> = lengths.collect();
            lengths.sort_unstable();
            let gaps = (*take as usize).saturating_sub(usize::from(first));
            (lengths.into_iter().take(gaps).fold(0, i64::saturating_add), false)
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
        let chooses = step.mode == Mode::Any && step.within.is_none() && !alone(&layout.pattern, step);
        let Some((_, span)) = info.ast.mode.filter(|_| chooses) else { continue };
        let message = format!(
            "each event that `{}` might take is a way of its own, and all are kept for ever",
            info.ast.name.name
        );
        let help = "add `within` to the sequence or to the step";
        found.push(Diagnostic::new(Code::UnboundedChoice, span, message).help(help));
    }
}

/// Whether a step binds one event, with which all begins or ends: a start has one way to go on there.
fn alone(pattern: &Pattern, step: &Step) -> bool {
    let is_step = |item: &Item| matches!(item, Item::Step(id) if std::ptr::eq(pattern.step(*id), step));
    let first = pattern.items.iter().find(|item| !matches!(item, Item::Absence(_)));
    step.repeat.max == Some(1) && (first.is_some_and(is_step) || pattern.items.last().is_some_and(is_step))
}

/// A step that takes only what the absence before it forbids.
pub(in crate::analysis) fn forbidden(pattern: &Pattern, layout: &Layout, found: &mut Vec<Diagnostic>) {
    for items in lists(pattern) {
        for (at, item) in items.iter().enumerate() {
            let Item::Absence(absence) = item else { continue };
            // What stands before everything is of the time before the first event.
            let begins = std::ptr::eq(items, &pattern.items[..])
                && items[..at].iter().all(|item| matches!(item, Item::Absence(_)));
            let next = directly(pattern, &items[at + 1..], false).into_iter().filter(|_| !begins);
            let never = next.filter(|next| covers(pattern.step(*absence), pattern.step(*next)));
            found.extend(never.filter_map(|next| finding(layout, *absence, next)));
        }
    }
}

/// The steps that can bind nothing if not the very next event that is bound. In a group that is `repeated` these are only
/// those without which it has no iteration.
fn directly(pattern: &Pattern, items: &[Item], repeated: bool) -> Vec<StepId> {
    match items.iter().find(|item| !matches!(item, Item::Absence(_))) {
        Some(Item::Step(id)) if !repeated || pattern.step(*id).repeat.min > 0 => vec![*id],
        Some(Item::Group(id)) => {
            let group = pattern.group(*id);
            directly(pattern, &group.items, repeated || group.repeat.max != Some(1))
        }
        Some(Item::Either(branches)) if !repeated => {
            branches.iter().flat_map(|branch| directly(pattern, branch, repeated)).collect()
        }
        _ => Vec::new(),
    }
}

/// A branch at the end that begins with an event with which an earlier branch, of one step, is complete.
pub(in crate::analysis) fn never_taken(pattern: &Pattern, layout: &Layout, found: &mut Vec<Diagnostic>) {
    let Some(Item::Either(branches)) = pattern.items.last() else { return };
    for (at, branch) in branches.iter().enumerate() {
        let earlier = branches[..at].iter().filter_map(|earlier| match &earlier[..] {
            [Item::Step(id)] if takes_any(pattern.step(*id)) => Some(*id),
            _ => None,
        });
        let begins: Vec<StepId> = directly(pattern, branch, false);
        let comes_before = |id: &StepId| {
            !begins.is_empty() && begins.iter().all(|begin| covers(pattern.step(*id), pattern.step(*begin)))
        };
        let name = |id: StepId| layout.steps.get(id.index()).map(|info| &info.ast.name);
        let pair = earlier.into_iter().find(comes_before).zip(begins.first().copied());
        if let Some((first, never)) = pair.and_then(|(first, begin)| name(first).zip(name(begin))) {
            let message = format!(
                "`{0}` never binds anything: `{1}` takes what it takes, and is done",
                never.name, first.name
            );
            let help = format!("put it first, or let `{}` ask for something else with `where`", first.name);
            found
                .push(Diagnostic::new(Code::NeverTaken, never.span, message).also(first.span, "").help(help));
        }
    }
}

/// Whether a step takes the first event that is of its types and fulfils its condition.
fn takes_any(step: &Step) -> bool {
    step.repeat == Repeat::ONCE && step.mode != Mode::Next && step.after.is_none() && step.until.is_none()
}

/// Whether a step, or an absence that lasts until then, is for each event that the other one takes.
fn covers(absence: &Step, step: &Step) -> bool {
    let asked: Vec<_> = step.filter.iter().flat_map(held::terms).collect();
    let follows = |broad| asked.iter().any(|strict| held::implies(strict, broad));
    let filter = absence.filter.iter().flat_map(held::terms).all(follows);
    absence.types.cover(&step.types) && filter && absence.within.is_none() && absence.key == step.key
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
