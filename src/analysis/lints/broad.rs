//! Rules that say nothing another rule does not say: it asks for less, and the rest is the same.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Body, Expr, Rule, Types};
use crate::syntax::ast;

use crate::analysis::held;

/// With more conditions than so many a rule is not looked at.
const MOST: usize = 32;

/// Of the conditions that are about one field, so many rules are compared at the most.
const ABOUT_ONE: usize = 200;

/// So many pairs of conditions are compared at the most: a rule set that is larger is looked at in part.
const PAIRS: usize = 2_000_000;

/// What a rule asks for, taken apart: what is to be the same, and what may be more.
struct Asked<'r> {
    rule: &'r Rule,
    types: Vec<&'r Types>,
    conditions: Vec<Condition<'r>>,
}

/// A condition, and what it is about as text: what it holds against constants, or all of it.
struct Condition<'r> {
    expr: &'r Expr,
    about: String,
}

/// Points at rules that find only what another one finds too, and say the same of it.
pub(in crate::analysis) fn subsumed(written: &[&ast::Rule], rules: &[Rule], found: &mut Vec<Diagnostic>) {
    let mut alike: BTreeMap<String, Vec<Asked<'_>>> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.runs()) {
        let (same, asked) = taken_apart(rule);
        if asked.conditions.len() <= MOST {
            alike.entry(same).or_default().push(asked);
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
        *how_many.entry(&condition.about).or_default() += 1;
    }
    // A rule is found by what it asks that is rarest, so that of thousands only few are compared.
    let mut by_rarest: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (at, asked) in asked.iter().enumerate() {
        let about = asked.conditions.iter().map(|condition| &*condition.about);
        by_rarest.entry(about.min_by_key(|about| how_many.get(about))).or_default().push(at);
    }
    let (mut pairs, mut left) = (Vec::new(), PAIRS);
    for (at, strict) in asked.iter().enumerate() {
        let keys: BTreeSet<_> = strict.conditions.iter().map(|c| Some(&*c.about)).chain([None]).collect();
        let others = keys.iter().filter_map(|key| by_rarest.get(key));
        let others = others.flat_map(|others| others.iter().take(ABOUT_ONE)).copied();
        let is_broader = |other: &usize| {
            left = left.saturating_sub(1 + strict.conditions.len() * asked[*other].conditions.len());
            left > 0
                && *other != at
                && is_within(strict, &asked[*other])
                && (*other < at || !is_within(&asked[*other], strict))
        };
        pairs.extend(others.filter(is_broader).min().map(|broad| (strict.rule, asked[broad].rule)));
    }
    pairs
}

/// Whether whatever the one rule finds is what the other asks for.
fn is_within(strict: &Asked<'_>, broad: &Asked<'_>) -> bool {
    let asks = |broad: &Condition<'_>| {
        let mut about = strict.conditions.iter().filter(|strict| strict.about == broad.about);
        about.any(|strict| held::implies(strict.expr, broad.expr))
    };
    strict.types.iter().zip(&broad.types).all(|(strict, broad)| broad.cover(strict))
        && broad.conditions.iter().all(asks)
}

fn finding(strict: &ast::Rule, broad: &ast::Rule) -> Diagnostic {
    let (name, other) = (&strict.name, &broad.name);
    let message =
        format!("whatever `{}` finds, `{}` finds too, and says the same of it", name.name, other.name);
    let help = "leave one out, or let them differ in what they emit or in `severity`";
    Diagnostic::new(Code::Subsumed, name.span, message).also(other.span, "").help(help)
}

/// What is to be the same, as text, and the types and conditions of an `event` rule. Where several events are bound a rule
/// that asks for more may find what the other has passed over, so those are to be the same as a whole.
fn taken_apart(rule: &Rule) -> (String, Asked<'_>) {
    let (meta, output) = (&rule.meta, &rule.output);
    // A type that is only the rule's name is no difference.
    let kind = Some(&output.event_type).filter(|kind| **kind != rule.name);
    let says = (meta.severity, meta.status, meta.risk, meta.key, kind, &output.fields, &rule.suppress);
    match &rule.body {
        Body::Event(pattern) => {
            let types = pattern.steps.iter().map(|step| &step.types).collect();
            let filters = pattern.steps.iter().flat_map(|step| &step.filter);
            let conditions = filters.flat_map(held::terms).map(condition).collect();
            (format!("{says:?}"), Asked { rule, types, conditions })
        }
        body => {
            let same = format!("{body:?} {:?} {says:?} {:?}", rule.timeout, (rule.hold, rule.forget));
            (same, Asked { rule, types: Vec::new(), conditions: Vec::new() })
        }
    }
}

fn condition(expr: &Expr) -> Condition<'_> {
    Condition { expr, about: format!("{:?}", held::subject(expr).unwrap_or(expr)) }
}
