//! What is worth a look although it runs.

mod broad;
mod join;
mod start;
mod time;

pub(super) use broad::subsumed;
pub(super) use join::global_key;
pub(super) use start::expensive;
pub(super) use time::{forbidden, never_taken, too_short, unbounded_choice};

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::id::StepId;
use crate::plan::{Item, Pattern, Types};
use crate::syntax::ast::Emit;

use super::declare::Declared;
use super::expr::Uses;
use super::layout::Layout;

/// Parameters that no rule uses.
pub(super) fn unused_params(declared: &Declared, used: &Uses, found: &mut Vec<Diagnostic>) {
    for (at, (name, param)) in declared.params.iter().enumerate() {
        if !used.params.contains(&at) {
            let message = format!("no rule uses the parameter `{name}`");
            found.push(Diagnostic::new(Code::UnusedParam, param.span, message));
        }
    }
}

/// Event types without a schema that look like one with.
pub(super) fn types(layout: &Layout, declared: &Declared, found: &mut Vec<Diagnostic>) {
    let schemas = &declared.schema.events;
    if schemas.is_empty() {
        return;
    }
    for (info, step) in layout.steps.iter().zip(&layout.pattern.steps) {
        let Types::OneOf(_) = &step.types else { continue };
        for name in info.ast.types.iter().filter(|name| !schemas.contains_key(name.name.as_str())) {
            if let Some(meant) = nearest(&name.name, schemas.keys().map(String::as_str)) {
                let message = format!("`{}` has no schema, so its fields are not checked", name.name);
                let finding = Diagnostic::new(Code::Misspelt, name.span, message);
                found.push(finding.help(format!("did you mean `{meant}`?")));
            }
        }
    }
}

/// Optional steps at the end: the match is reported as soon as it is one, which is before they could bind anything.
pub(super) fn never_binds(layout: &Layout, found: &mut Vec<Diagnostic>) {
    let pattern = &layout.pattern;
    for item in pattern.items.iter().rev() {
        let first = first_step(pattern, item).filter(|_| may_be_left_out(pattern, item));
        let Some(info) = first.and_then(|step| layout.steps.get(step.index())) else { return };
        let message =
            format!("`{}` never binds anything: the match is complete without it", info.ast.name.name);
        let help = "leave it out, or say `emit final` if the match is to wait for it";
        found.push(Diagnostic::new(Code::NeverBinds, info.ast.name.span, message).help(help));
    }
}

/// Whether an item may bind nothing at once. What an absence lasts for is waited for.
fn may_be_left_out(pattern: &Pattern, item: &Item) -> bool {
    let all = |items: &Vec<Item>| items.iter().all(|item| may_be_left_out(pattern, item));
    match item {
        Item::Absence(_) => false,
        Item::Step(step) => pattern.step(*step).repeat.min == 0,
        Item::Group(group) => pattern.group(*group).repeat.min == 0 || all(&pattern.group(*group).items),
        Item::Either(branches) => branches.iter().any(all),
        Item::Of { take, members } => members.iter().filter(|member| all(member)).count() >= *take as usize,
    }
}

fn first_step(pattern: &Pattern, item: &Item) -> Option<StepId> {
    match item {
        Item::Step(step) | Item::Absence(step) => Some(*step),
        Item::Group(group) => first_step(pattern, pattern.group(*group).items.first()?),
        Item::Either(parts) | Item::Of { members: parts, .. } => first_step(pattern, parts.first()?.first()?),
    }
}

/// `emit user`, which names the type of the alert; in quotes that is what is meant.
pub(super) fn lone_type(emit: &Emit) -> Option<Diagnostic> {
    let name = emit.event_type.as_ref().filter(|name| !name.quoted && emit.fields.is_empty())?;
    let message = format!("`{}` is the type of the alert, which has no field", name.name);
    let help = format!("a field is written `emit {0} = {0}`; a type alone is clear in quotes", name.name);
    Some(Diagnostic::new(Code::LoneType, name.span, message).help(help))
}
