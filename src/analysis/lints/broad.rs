//! Rules that say nothing another rule does not say: it asks for less, and the rest is the same.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Body, Expr, Rule};
use crate::syntax::ast;

/// With more conditions than so many a rule is not looked at.
const MOST: usize = 32;

/// What a rule asks for, taken apart: what is to be the same, and what may be more.
struct Asked<'r> {
    rule: &'r Rule,
    conditions: BTreeSet<String>,
}

/// Points at rules that find only what another one finds too, and say the same of it.
pub(in crate::analysis) fn subsumed(written: &[&ast::Rule], rules: &[Rule], found: &mut Vec<Diagnostic>) {
    let mut alike: BTreeMap<String, Vec<Asked<'_>>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.runs()) {
        let (same, conditions) = taken_apart(rule);
        if conditions.len() <= MOST {
            alike.entry(same).or_default().push(Asked { rule, conditions });
        }
    }
    let places: BTreeMap<&CompactString, &ast::Rule> =
        written.iter().map(|rule| (&rule.name.name, *rule)).collect();
    for asked in alike.values().filter(|asked| asked.len() > 1) {
        for (strict, broad) in pairs(asked) {
            if let (Some(strict), Some(broad)) = (places.get(&strict.name), places.get(&broad.name)) {
                found.push(finding(strict, broad));
            }
        }
    }
}

/// For each rule the first of the others that asks for nothing that it does not ask for. Of two that ask for the same the
/// later is the one that says nothing new.
fn pairs<'r>(asked: &[Asked<'r>]) -> Vec<(&'r Rule, &'r Rule)> {
    let mut how_many: BTreeMap<&str, usize> = BTreeMap::new();
    for condition in asked.iter().flat_map(|asked| &asked.conditions) {
        *how_many.entry(condition).or_default() += 1;
    }
    // A rule is found by the rarest of its conditions, so that of thousands only few are compared.
    let mut by_rarest: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (at, asked) in asked.iter().enumerate() {
        let rarest =
            asked.conditions.iter().map(String::as_str).min_by_key(|condition| how_many.get(condition));
        by_rarest.entry(rarest).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for (at, strict) in asked.iter().enumerate() {
        let keys = strict.conditions.iter().map(|condition| Some(condition.as_str())).chain([None]);
        let others = keys.filter_map(|key| by_rarest.get(&key)).flatten().copied();
        let is_broader = |other: &usize| {
            let broad = &asked[*other].conditions;
            *other != at
                && broad.is_subset(&strict.conditions)
                && (broad.len() < strict.conditions.len() || *other < at)
        };
        pairs.extend(others.filter(is_broader).min().map(|broad| (strict.rule, asked[broad].rule)));
    }
    pairs
}

fn finding(strict: &ast::Rule, broad: &ast::Rule) -> Diagnostic {
    let (name, other) = (&strict.name, &broad.name);
    let message =
        format!("whatever `{}` finds, `{}` finds too, and says the same of it", name.name, other.name);
    let help = "leave one out, or let them differ in what they emit or in `severity`";
    Diagnostic::new(Code::Subsumed, name.span, message).also(other.span, "").help(help)
}

/// What is to be the same, as text, and the conditions of an `event` rule. Where several events are bound a rule that asks for
/// more may find what the other has passed over, so those are to be the same as a whole.
fn taken_apart(rule: &Rule) -> (String, BTreeSet<String>) {
    let (meta, output) = (&rule.meta, &rule.output);
    // A type that is only the rule's name is no difference.
    let kind = Some(&output.event_type).filter(|kind| **kind != rule.name);
    let says = (meta.severity, meta.status, meta.risk, meta.key, kind, &output.fields, &rule.suppress);
    match &rule.body {
        Body::Event(pattern) => {
            let types: Vec<_> = pattern.steps.iter().map(|step| &step.types).collect();
            let filters = pattern.steps.iter().flat_map(|step| &step.filter);
            let conditions = filters.flat_map(terms).map(|term| format!("{term:?}")).collect();
            (format!("{types:?} {says:?}"), conditions)
        }
        body => (format!("{body:?} {:?} {says:?}", rule.timeout), BTreeSet::new()),
    }
}

/// What an `and` joins.
fn terms(filter: &Expr) -> Vec<&Expr> {
    let (mut terms, mut rest) = (Vec::new(), vec![filter]);
    while let Some(expr) = rest.pop() {
        match expr {
            Expr::And(left, right) => rest.extend([&**right, &**left]),
            term => terms.push(term),
        }
    }
    terms
}
