//! Rules that look at the alerts of rules.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{self, Status, depths};
use crate::syntax::ast::{ClauseKind, File, Item, Rule, SequenceItem, Step, TypeName};

use super::declare::Declared;
use super::expr::Unchecked;
use super::report::one_of;

/// Refuses rules that look at their own alerts, directly or through others, and points at steps over alerts that no other
/// rule ever sees and at fields that alerts do not have. `rules` are the plans of those that stand in the files, `fields`
/// those that no schema speaks of.
pub(super) fn check(
    files: &[File],
    rules: &[plan::Rule],
    declared: &Declared,
    fields: &[Unchecked],
    found: &mut Vec<Diagnostic>,
) {
    for cycle in depths(rules).err().unwrap_or_default() {
        let cycle: Vec<&plan::Rule> = cycle.into_iter().filter_map(|index| rules.get(index)).collect();
        found.extend(circle(files, &cycle));
    }
    let mut emitters: BTreeMap<&CompactString, Vec<&plan::Rule>> = BTreeMap::new();
    for rule in rules {
        rule.emits().for_each(|kind| emitters.entry(kind).or_default().push(rule));
    }
    let disabled: BTreeSet<&CompactString> =
        rules.iter().filter(|rule| rule.meta.disabled).map(|rule| &rule.name).collect();
    for looker in written(files).filter(|looker| !disabled.contains(&looker.name.name)) {
        for name in types(looker).filter(|name| !declared.schema.events.contains_key(name.name.as_str())) {
            found.extend(emitters.get(&name.name).and_then(|emitters| never_seen(name, emitters)));
        }
    }
    let mut told = BTreeSet::new();
    for field in fields {
        let of_types: Option<Vec<_>> = field.types.iter().map(|kind| emitters.get(kind)).collect();
        let emitters = of_types.into_iter().flatten().flatten().copied();
        found.extend(never_said(field, emitters).filter(|_| told.insert(field.span)));
    }
}

/// A field of events of which all are alerts, that none of them has.
fn never_said<'r>(field: &Unchecked, emitters: impl Iterator<Item = &'r plan::Rule>) -> Option<Diagnostic> {
    let names: BTreeSet<&str> = emitters.flat_map(plan::Rule::says).collect();
    if names.is_empty() || names.contains(field.field.as_str()) {
        return None;
    }
    let types = one_of(field.types.iter().map(CompactString::as_str));
    let message = format!("no alert of the type {types} has a field `{}`", field.field);
    let finding = Diagnostic::new(Code::NeverSaid, field.span, message);
    Some(match nearest(&field.field, names) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help(format!("let the rule emit it: `emit {} = …`", field.field)),
    })
}

/// Each of these rules looks at the alerts of the one before, the first at those of the last.
fn circle(files: &[File], cycle: &[&plan::Rule]) -> Option<Diagnostic> {
    let before = cycle.iter().cycle().skip(cycle.len().checked_sub(1)?);
    let looks = |(rule, before): (&&plan::Rule, &&plan::Rule)| {
        let looker = written(files).find(|written| written.name.name == rule.name)?;
        let seen = types(looker).find(|name| before.emits().any(|kind| *kind == name.name))?;
        Some((seen, before.name.clone()))
    };
    let mut places = cycle.iter().zip(before).filter_map(looks);
    let (first, _) = places.next()?;
    let names = one_of(cycle.iter().map(|rule| &*rule.name)).replace(" or ", " and ");
    let (message, help) = match cycle {
        [only] => (
            format!("the rule `{}` would look at its own alerts", only.name),
            "rename the rule, or give its alerts a type of their own: `emit TYPE …`",
        ),
        _ => (
            format!("the rules {names} look at each other's alerts in a circle"),
            "give the alerts of one of them a type that none of the others looks at: `emit TYPE …`",
        ),
    };
    let label = format!("`{}` is the type of the alerts of `{}`", first.name, cycle.last()?.name);
    let finding = Diagnostic::new(Code::Circle, first.span, message).label(label).help(help);
    Some(places.fold(finding, |finding, (seen, before)| {
        finding.also(seen.span, format!("and `{}` of those of `{before}`", seen.name))
    }))
}

/// A step over a type that only rules emit whose alerts no other rule sees.
fn never_seen(name: &TypeName, emitters: &[&plan::Rule]) -> Option<Diagnostic> {
    let why = |rule: &plan::Rule| match (rule.meta.disabled, rule.meta.status) {
        (true, _) => Some("is disabled"),
        (false, Status::Draft) => Some("is a draft, which does not run on streams"),
        (false, Status::Shadow) => Some("is a shadow rule, whose alerts no other rule sees"),
        (false, Status::Live) => None,
    };
    let silent = emitters.iter().map(|rule| Some((&rule.name, why(rule)?))).collect::<Option<Vec<_>>>()?;
    let (rule, why) = silent.first()?;
    let message = format!("`{}` is the type of the alerts of `{rule}`, which {why}", name.name);
    let help = format!("if events of the input are meant, declare `event {}`", name.name);
    Some(Diagnostic::new(Code::UnseenAlerts, name.span, message).help(help))
}

/// The rules of the files.
pub(super) fn written(files: &[File]) -> impl Iterator<Item = &Rule> {
    files.iter().flat_map(|file| &file.items).filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        _ => None,
    })
}

/// The types that the steps and absences of a rule name.
fn types(rule: &Rule) -> impl Iterator<Item = &TypeName> {
    let mut all: Vec<&Step> = Vec::new();
    for clause in &rule.clauses {
        match &clause.kind {
            ClauseKind::Event(step) => all.push(step),
            ClauseKind::Sequence(sequence) => sequence.items.iter().for_each(|item| inside(item, &mut all)),
            ClauseKind::Window(window) => all.extend(&window.steps),
            _ => {}
        }
    }
    all.into_iter().flat_map(|step| &step.types)
}

fn inside<'a>(item: &'a SequenceItem, all: &mut Vec<&'a Step>) {
    match item {
        SequenceItem::Step(step) => all.push(step),
        SequenceItem::Until { step, .. } => all.push(step),
        SequenceItem::Group { items, .. }
        | SequenceItem::All { members: items, .. }
        | SequenceItem::Of { members: items, .. } => items.iter().for_each(|item| inside(item, all)),
        SequenceItem::Either { branches, .. } => branches.iter().flatten().for_each(|item| inside(item, all)),
    }
}
