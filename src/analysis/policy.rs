//! `matches`, `emit final` and `on timeout`: whether the pattern can have them.

use crate::diagnostic::{Code, Diagnostic};
use crate::id::{SlotId, StepId};
use crate::plan::{Item, Mode, Pattern, Policy, Repeat, Report};
use crate::span::Span;
use crate::syntax::ast;

use super::clauses::{Clauses, Timeout};
use super::layout::{Layout, Role};
use super::report::no_effect;
use super::shape::size;

/// Which matches are reported.
pub(super) fn policy(
    clauses: &Clauses,
    sequence: &ast::Sequence,
    layout: &Layout,
    found: &mut Vec<Diagnostic>,
) -> Policy {
    let Some((policy, span)) = clauses.matches else { return Policy::Disjoint };
    match policy {
        ast::Policy::Disjoint => Policy::Disjoint,
        ast::Policy::Separate => Policy::Separate,
        ast::Policy::Every => Policy::Every,
        ast::Policy::ToFirst(name) => slot(name, layout, found).map_or(Policy::Every, Policy::ToFirst),
        ast::Policy::ToLast(name) => slot(name, layout, found).map_or(Policy::Every, Policy::ToLast),
        ast::Policy::Latest => {
            check_latest(&layout.pattern.items, layout, span, found);
            Policy::Latest
        }
        ast::Policy::All { limit } => all(*limit, sequence, span, found),
    }
}

/// The step that `to first` or `to last` names.
fn slot(name: &ast::Ident, layout: &Layout, found: &mut Vec<Diagnostic>) -> Option<SlotId> {
    let Some(slot) = layout.slot(&name.name) else {
        found.push(layout.unknown_step(name));
        return None;
    };
    let binds = layout.steps.iter().any(|info| info.role == Role::Bind && info.ast.name.name == name.name);
    if !binds {
        let message = format!("`{}` binds no event to go on at", name.name);
        found.push(
            Diagnostic::new(Code::BadPolicy, name.span, message).help("name a step that is no absence"),
        );
    }
    Some(slot)
}

fn all(
    limit: Option<(u64, Span)>,
    sequence: &ast::Sequence,
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Policy {
    if sequence.within.is_none() {
        let finding =
            Diagnostic::new(Code::NeedsWithin, span, "`matches all` needs `within` on the sequence");
        found.push(
            finding.help("write `sequence … within 1h { … }`: without it every event would be kept forever"),
        );
    }
    let Some((limit, at)) = limit else {
        let finding = Diagnostic::new(Code::MissingClause, span, "`matches all` needs a limit");
        found.push(finding.help("write `matches all limit 100`: at most that many come out with one event"));
        return Policy::All { limit: 1 };
    };
    let narrow = u32::try_from(limit).ok().filter(|&n| n > 0);
    if narrow.is_none() {
        let message = format!("the limit must be from 1 to {}", u32::MAX);
        found.push(Diagnostic::new(Code::BadValue, at, message));
    }
    Policy::All { limit: narrow.unwrap_or(1) }
}

/// `latest` knows places in a row and nothing else.
fn check_latest(items: &[Item], layout: &Layout, span: Span, found: &mut Vec<Diagnostic>) {
    for item in items {
        let (what, at) = match item {
            Item::Absence(_) => continue,
            Item::Step(id) => {
                let (Some(info), Some(step)) = (layout.info(*id), layout.pattern.steps.get(id.index()))
                else {
                    continue;
                };
                match info.ast.quantifier {
                    Some(quantifier) if step.repeat.max != Some(step.repeat.min) => {
                        ("a variable quantifier", quantifier.span)
                    }
                    _ => continue,
                }
            }
            Item::Group(_) => ("a repeated group", span),
            Item::Either(_) => ("`either`", span),
            Item::Of { .. } => ("`all` or `of`", span),
        };
        let message =
            format!("`matches latest` takes plain steps, absences and `{{n}}` only, and here is {what}");
        let finding = Diagnostic::new(Code::BadPolicy, at, message);
        found.push(finding.help("`matches every` reports one match for each start and takes any pattern"));
    }
}

/// When a match is reported, and whether `emit final` can be waited for. A pattern without a choice may have it too:
/// its matches cannot grow, but with `separate` and `to` the leftmost start wins only with it.
pub(super) fn report(
    clauses: &Clauses,
    sequence: &ast::Sequence,
    policy: Policy,
    layout: &Layout,
    found: &mut Vec<Diagnostic>,
) -> Report {
    let Some(span) = clauses.emit.and_then(|(emit, _)| emit.is_final) else { return Report::First };
    let pattern = &layout.pattern;
    if policy == Policy::Latest {
        let finding = no_effect(span, "`final` has no effect: with `matches latest` no match can grow");
        found.push(finding.help("write `emit`"));
    } else if matches!(policy, Policy::All { .. }) {
        let message = "`final` reports one match of each start, and `matches all` every one";
        let finding = Diagnostic::new(Code::Conflict, span, message);
        found.push(finding.help("write `emit`, or `matches every` for the final match of each start"));
    } else if sequence.within.is_none() && !Growth::new(layout).is_ended(&pattern.items) {
        let finding =
            Diagnostic::new(Code::NeedsWithin, span, "nothing can end the growth of a match of this pattern");
        found.push(finding.help(
            "add `within` to the sequence, or an `until` or `within` to its loops and what follows them",
        ));
    }
    Report::Final
}

/// Whether a start may have more than one derivation.
fn has_choice(pattern: &Pattern, items: &[Item]) -> bool {
    let varies = |repeat: Repeat| repeat.max != Some(repeat.min);
    items.iter().any(|item| match item {
        Item::Absence(_) => false,
        Item::Either(_) | Item::Of { .. } => true,
        Item::Step(id) => {
            pattern.steps.get(id.index()).is_some_and(|step| varies(step.repeat) || step.mode == Mode::Any)
        }
        Item::Group(id) => pattern
            .groups
            .get(id.index())
            .is_some_and(|group| varies(group.repeat) || has_choice(pattern, &group.items)),
    })
}

/// Whether, from the first choice on, every step's wait has an end: a gap, an `until`, or being strict. What can only be the
/// first event of a match is not waited for.
#[derive(Clone, Copy)]
struct Growth<'l> {
    layout: &'l Layout<'l>,
    /// Whether there may be another derivation.
    chosen: bool,
    /// Whether an event may have been bound before.
    begun: bool,
    /// Whether an `until` around ends it.
    until: bool,
}

impl<'l> Growth<'l> {
    fn new(layout: &'l Layout<'l>) -> Self {
        Growth { layout, chosen: false, begun: false, until: false }
    }

    fn is_ended(&mut self, items: &[Item]) -> bool {
        items.iter().all(|item| {
            self.chosen |= has_choice(&self.layout.pattern, std::slice::from_ref(item));
            let ended = self.ends(item);
            self.begun |= !matches!(item, Item::Absence(_));
            ended
        })
    }

    fn ends(&mut self, item: &Item) -> bool {
        let Layout { pattern, groups, .. } = self.layout;
        match item {
            Item::Absence(_) => true,
            Item::Step(id) => {
                pattern.steps.get(id.index()).zip(self.layout.info(*id)).is_none_or(|(step, info)| {
                    let waits = self.chosen && (self.begun || is_repeated(step.repeat));
                    let ended = step.within.is_some() || info.ast.until.is_some() || step.mode == Mode::Next;
                    !waits || self.until || ended
                })
            }
            Item::Group(id) => {
                pattern.groups.get(id.index()).zip(groups.get(id.index())).is_none_or(|(group, info)| {
                    let begun = self.begun || is_repeated(group.repeat);
                    self.inside(&group.items, begun, info.until.is_some())
                })
            }
            Item::Either(branches) => branches.iter().all(|branch| self.inside(branch, self.begun, false)),
            // Another member may have come first.
            Item::Of { members, .. } => members.iter().all(|member| self.inside(member, true, false)),
        }
    }

    fn inside(&mut self, items: &[Item], begun: bool, until: bool) -> bool {
        let mut inside = Growth { begun, until: self.until || until, ..*self };
        let ended = inside.is_ended(items);
        self.chosen = inside.chosen;
        ended
    }
}

fn is_repeated(repeat: Repeat) -> bool {
    repeat.max != Some(1)
}

/// The step `on timeout` asks for, and whether anything can expire.
pub(super) fn timeout(
    timeout: &Timeout,
    sequence: &ast::Sequence,
    layout: &Layout,
    found: &mut Vec<Diagnostic>,
) -> Option<StepId> {
    let pattern = &layout.pattern;
    let steps = layout.steps.iter().filter(|info| info.role == Role::Bind);
    let bounded = sequence.within.is_some() || steps.into_iter().any(|info| info.ast.within.is_some());
    if !bounded || size(pattern, &pattern.items).longest < 2 {
        let finding =
            no_effect(timeout.span, "`on timeout` has no effect: no start of this sequence can expire");
        found.push(match bounded {
            true => finding,
            false => finding.help("add `within` to the sequence or to a step"),
        });
    }
    if let Some(span) = timeout.emit.is_final {
        found.push(no_effect(span, "`final` has no effect in `on timeout`: what has expired cannot grow"));
    }
    let name = timeout.after?;
    let Some(slot) = layout.slot(&name.name) else {
        found.push(layout.unknown_step(name));
        return None;
    };
    let named = layout.slots.get(slot.index()).and_then(|slot| slot.steps.first().copied());
    let reached = named.filter(|id| layout.info(*id).is_some_and(|info| info.role == Role::Bind));
    if reached.is_none() {
        let message = format!("`{}` binds no event that a start could have reached", name.name);
        found.push(
            Diagnostic::new(Code::StepOutOfReach, name.span, message).help("name a step that is no absence"),
        );
    }
    reached
}
