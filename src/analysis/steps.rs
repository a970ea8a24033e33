//! Whether each step can do what it says at the place where it stands.

use crate::automaton::Automaton;
use crate::diagnostic::{Code, Diagnostic};
use crate::limits::Limits;
use crate::plan::Item;
use crate::syntax::ast::{Mode, Sequence, Step};

use super::layout::{Layout, Role};
use super::report::no_effect;
use super::shape::{Around, size, walk};

/// Checks all steps of a sequence and the pattern as a whole.
pub(super) fn check(sequence: &Sequence, layout: &Layout, limits: &Limits, found: &mut Vec<Diagnostic>) {
    let pattern = &layout.pattern;
    let whole = size(pattern, &pattern.items);
    if whole.min == 0 && !pattern.items.is_empty() {
        let finding = Diagnostic::new(
            Code::EmptyMatch,
            sequence.span,
            "this sequence can match without a single event",
        );
        found.push(finding.help("let at least one step be there in every match"));
    } else if pattern.items.is_empty()
        && layout.steps.len() <= 1
        && sequence.items.len() == layout.steps.len()
    {
        found.push(Diagnostic::new(Code::EmptyMatch, sequence.span, "this sequence has no steps"));
    }
    if whole.unfolded > u64::from(limits.repetitions) {
        let message = format!(
            "the pattern unfolds to {} places, and the limit is {}",
            if whole.unfolded == u64::MAX { "too many".to_string() } else { whole.unfolded.to_string() },
            limits.repetitions
        );
        found.push(Diagnostic::new(Code::TooLarge, sequence.span, message));
    } else if let Err(error) = Automaton::new(pattern, limits.edges) {
        found.push(
            Diagnostic::new(Code::TooLarge, sequence.span, error.to_string())
                .help("make fewer of its steps optional, or split the rule"),
        );
    }
    walk(pattern, &mut |id, is_absence, around| {
        let Some(info) = layout.info(id) else { return };
        check_gap(info.ast, sequence, found);
        if is_absence {
            check_absence(info.ast, sequence, around, found);
        } else {
            check_step(info.ast, around, found);
        }
    });
    check_members(&pattern.items, layout, found);
    layout
        .steps
        .iter()
        .filter(|info| info.role == Role::Cancel)
        .for_each(|info| check_cancel(info.ast, found));
}

/// Bounds that exclude each other.
fn check_gap(step: &Step, sequence: &Sequence, found: &mut Vec<Diagnostic>) {
    let Some(after) = step.after else { return };
    let own = step.within.map(|within| (within, "`within` of the step"));
    let rule = sequence.within.map(|within| (within, "`within` of the rule"));
    let is_absence = matches!(step.mode, Some((Mode::Not, _)));
    if let Some((within, whose)) =
        own.into_iter().chain(rule).find(|(within, _)| !is_absence && within.value < after.value)
    {
        let message =
            format!("`after {}` and the {whose}, {}, can never both hold", after.value, within.value);
        found.push(Diagnostic::new(Code::Conflict, after.span, message).also(within.span, ""));
    }
}

fn check_step(step: &Step, around: Around, found: &mut Vec<Diagnostic>) {
    let loops = step.quantifier.is_some_and(|q| q.max != Some(1));
    if around.before.1 > 0 || loops {
        return;
    }
    let name = &step.name.name;
    for (word, span) in [("after", step.after.map(|d| d.span)), ("within", step.within.map(|d| d.span))] {
        if let Some(span) = span {
            let message = format!("`{word}` has no effect on `{name}`: no event can be bound before it");
            found.push(no_effect(span, message));
        }
    }
    if let Some(until) = &step.until {
        let message =
            format!("`until` has no effect on `{name}`: it is the first event and nothing waits for it");
        found.push(no_effect(until.span, message));
    }
}

fn check_absence(step: &Step, sequence: &Sequence, around: Around, found: &mut Vec<Diagnostic>) {
    let name = &step.name.name;
    if let Some(after) = step.after {
        let finding = no_effect(after.span, format!("`after` has no effect on the absence `{name}`"));
        found.push(
            finding
                .help("an absence begins at the event bound before it; `within` says how long it must hold"),
        );
    }
    if let Some(until) = &step.until {
        found.push(no_effect(until.span, format!("`until` has no effect on the absence `{name}`")));
    }
    if around.member {
        return;
    }
    let bad =
        |message: String, help: String| Diagnostic::new(Code::BadAbsence, step.name.span, message).help(help);
    if around.before.0 == 0 && step.within.is_none() && around.after.1 > 0 {
        let message = format!("the absence `{name}` has nothing before it, so it needs a time it looks back");
        found.push(bad(message, format!("write `not {name} within 5m: …`")));
    }
    if around.after.1 == 0 && step.within.is_none() && sequence.within.is_none() {
        let message = format!("the absence `{name}` is last, so it needs a time after which it is certain");
        found.push(bad(message, format!("write `not {name} within 5m: …`")));
    }
    if around.after.0 == 0 && around.after.1 > 0 {
        let message = format!("the absence `{name}` is followed only by steps that may be empty");
        found.push(bad(message, format!("put it together with what follows: `( not {name}: … c: … )?`")));
    }
}

/// `all` and `of` hold no absences, at whatever depth.
fn check_members(items: &[Item], layout: &Layout, found: &mut Vec<Diagnostic>) {
    for item in items {
        match item {
            Item::Step(_) | Item::Absence(_) => {}
            Item::Group(id) => {
                let group = layout.pattern.groups.get(id.index());
                group.into_iter().for_each(|group| check_members(&group.items, layout, found));
            }
            Item::Either(branches) => branches.iter().for_each(|branch| check_members(branch, layout, found)),
            Item::Of { members, .. } => {
                members.iter().for_each(|member| refuse_absences(member, layout, found))
            }
        }
    }
}

fn refuse_absences(items: &[Item], layout: &Layout, found: &mut Vec<Diagnostic>) {
    for item in items {
        match item {
            Item::Step(_) => {}
            Item::Absence(step) => {
                let Some(info) = layout.info(*step) else { continue };
                let name = &info.ast.name;
                let message = format!("the absence `{}` cannot stand in `all` or `of`", name.name);
                let finding = Diagnostic::new(Code::BadBlock, name.span, message);
                found.push(finding.help("put it before or behind the block"));
            }
            Item::Group(id) => {
                let group = layout.pattern.groups.get(id.index());
                group.into_iter().for_each(|group| refuse_absences(&group.items, layout, found));
            }
            Item::Either(parts) | Item::Of { members: parts, .. } => {
                parts.iter().for_each(|part| refuse_absences(part, layout, found));
            }
        }
    }
}

/// The cancelling `until` line is judged at every event and waits for nothing. That it has no mode and no quantifier
/// the parser sees to.
fn check_cancel(step: &Step, found: &mut Vec<Diagnostic>) {
    let parts = [
        ("after", step.after.map(|d| d.span)),
        ("within", step.within.map(|d| d.span)),
        ("until", step.until.as_ref().map(|until| until.span)),
    ];
    for (what, span) in parts {
        if let Some(span) = span {
            found.push(no_effect(
                span,
                format!("`{what}` has no effect on the `until` line, which cancels at once"),
            ));
        }
    }
}
