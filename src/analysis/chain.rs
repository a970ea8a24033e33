//! Rules that would match the alerts of rules. An alert is an event of its own type, but this version does not feed it
//! to other rules: a step that names such a type would never see one, so it is refused.

use compact_str::CompactString;
use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{ClauseKind, Emit, File, Item, Rule, SequenceItem, Step};

use super::declare::Declared;
use super::report::not_yet;

/// Refuses every step over a type that a rule emits. A type that is declared by a schema is one of the input.
pub(super) fn refuse(files: &[File], declared: &Declared, found: &mut Vec<Diagnostic>) {
    let rules = || {
        files.iter().flat_map(|file| &file.items).filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            _ => None,
        })
    };
    let mut emitted: IndexMap<&CompactString, Vec<&Rule>> = IndexMap::new();
    for rule in rules() {
        for name in emitted_by(rule).filter(|name| !declared.schema.events.contains_key(name.as_str())) {
            emitted.entry(name).or_default().push(rule);
        }
    }
    for (own, name) in
        rules().flat_map(|rule| steps(rule).into_iter().flat_map(move |s| &s.types).map(move |t| (rule, t)))
    {
        // A rule that is called like the events it looks for does not speak of its own alerts.
        let mut emitters = emitted.get(&name.name).into_iter().flatten();
        if let Some(rule) = emitters.find(|rule| rule.name.name != own.name.name) {
            let label = format!("this is what the rule `{}` emits", rule.name.name);
            let help =
                format!("if events of the input are meant, rename the rule or declare `event {}`", name.name);
            found.push(not_yet(name.span, "rules over the alerts of rules").label(label).help(help));
        }
    }
}

/// The event types of a rule's alerts.
fn emitted_by(rule: &Rule) -> impl Iterator<Item = &CompactString> {
    let emit = rule.clauses.iter().find_map(|clause| match &clause.kind {
        ClauseKind::Emit(emit) => emit.event_type.as_ref(),
        _ => None,
    });
    let timeout = rule.clauses.iter().find_map(|clause| match &clause.kind {
        ClauseKind::OnTimeout { emit: Emit { event_type, .. }, .. } => event_type.as_ref(),
        _ => None,
    });
    [Some(emit.map_or(&rule.name.name, |name| &name.name)), timeout.map(|name| &name.name)]
        .into_iter()
        .flatten()
}

/// All steps of a rule, absences too.
fn steps(rule: &Rule) -> Vec<&Step> {
    let mut all = Vec::new();
    for clause in &rule.clauses {
        match &clause.kind {
            ClauseKind::Event(step) => all.push(step),
            ClauseKind::Sequence(sequence) => sequence.items.iter().for_each(|item| inside(item, &mut all)),
            ClauseKind::Window(window) => all.extend(&window.steps),
            _ => {}
        }
    }
    all
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
