//! `suppress`: what alerts that are held back have in common.

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Expr, Output, Suppress, SuppressBy, Timeout};
use crate::syntax::ast;
use crate::time::Duration;

use super::clauses;
use super::key::name;
use super::report::no_effect;

/// A name stands for a field that the rule emits, else for a key of it; without names all keys count.
pub(super) fn plan(
    clause: &clauses::Suppress,
    keys: &[(CompactString, Expr)],
    output: &Output,
    timeout: Option<&Timeout>,
    found: &mut Vec<Diagnostic>,
) -> Suppress {
    if let Some(length) = clause.length.filter(|length| length.value == Duration::ZERO) {
        let finding = no_effect(length.span, "`suppress 0s` holds back only what is of the same time");
        found.push(finding.help("say for how long, or `forever`"));
    }
    let length = clause.length.map(|length| length.value);
    if clause.by.is_empty() {
        return Suppress { length, by: (0..keys.len()).map(SuppressBy::Key).collect() };
    }
    let outputs: Vec<&Output> =
        std::iter::once(output).chain(timeout.map(|timeout| &timeout.output)).collect();
    let mut by = Vec::new();
    for expr in clause.by {
        match one(expr, keys, &outputs) {
            Err(finding) => found.push(finding),
            Ok(one) if by.contains(&one) => {
                found.push(no_effect(expr.span, format!("`{}` stands twice", name(expr))));
            }
            Ok(one) => by.push(one),
        }
    }
    Suppress { length, by }
}

/// What one of the names stands for.
fn one(
    expr: &ast::Expr,
    keys: &[(CompactString, Expr)],
    outputs: &[&Output],
) -> Result<SuppressBy, Diagnostic> {
    let name = name(expr);
    let emits = |output: &&Output| output.fields.iter().any(|(field, _)| *field == name);
    if outputs.iter().all(emits) {
        return Ok(SuppressBy::Field(name));
    }
    if let Some(key) = keys.iter().position(|(key, _)| *key == name) {
        return Ok(SuppressBy::Key(key));
    }
    let finding = |message: String| Diagnostic::new(Code::UnknownName, expr.span, message);
    if outputs.iter().any(emits) {
        let finding = finding(format!("`{name}` is emitted by a match or by a timeout, but not by both"));
        return Err(finding.help("emit it in both, or go by a key of the rule"));
    }
    let finding = finding(format!("`{name}` is neither a field that this rule emits nor one of its keys"));
    let fields = outputs.iter().flat_map(|output| &output.fields).map(|(name, _)| name.as_str());
    let known = fields.chain(keys.iter().map(|(name, _)| name.as_str()));
    Err(match nearest(&name, known) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding.help(format!("emit it, as in `emit {name} = …`, or go by a key of the rule")),
    })
}
