//! The text whose hash is a rule's version.

use std::fmt::Write;

use crate::syntax::ast::{Clause, ClauseKind, Rule};
use crate::syntax::print_rule;

use super::declare::Declared;
use super::expr::Uses;
use super::meta::is_behaviour;

/// The rule as printed, without comments and without metadata that changes nothing in what it finds or says; then
/// the parameters and the converted fields it uses, as they change what it finds.
pub(super) fn canonical(rule: &Rule, uses: &Uses, declared: &Declared) -> String {
    let clauses = rule.clauses.iter().filter(|clause| is_kept(clause)).cloned().collect();
    let mut text = print_rule(&Rule { name: rule.name.clone(), clauses, broken: false, span: rule.span });
    for at in &uses.params {
        if let Some((name, param)) = declared.params.get_index(*at) {
            let mut bytes = Vec::new();
            param.value.encode(&mut bytes);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(text, "param {name} {hex}");
        }
    }
    for field in &uses.fields {
        let _ = writeln!(text, "field {field}");
    }
    text
}

fn is_kept(clause: &Clause) -> bool {
    match &clause.kind {
        ClauseKind::Meta { key, .. } => is_behaviour(&key.name),
        _ => true,
    }
}
