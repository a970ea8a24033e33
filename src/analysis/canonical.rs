//! The text whose hash is a rule's version.

use std::fmt::Write;

use crate::event::Value;
use crate::syntax::ast::{Clause, ClauseKind, Rule};
use crate::syntax::print_rule;

use super::declare::Declared;
use super::expr::Uses;
use super::file::{List, Table};
use super::meta::is_behaviour;

/// The rule as printed, without comments and without metadata that changes nothing in what it finds or says; then
/// the parameters, lists, tables and converted fields it uses, as they change what it finds.
pub(super) fn canonical(rule: &Rule, uses: &Uses, declared: &Declared) -> String {
    let clauses = rule.clauses.iter().filter(|clause| is_kept(clause)).cloned().collect();
    let mut text = print_rule(&Rule { name: rule.name.clone(), clauses, broken: false, span: rule.span });
    for at in &uses.params {
        if let Some((name, param)) = declared.params.get_index(*at) {
            let _ = writeln!(text, "param {name} {}", hex(&param.value));
        }
    }
    // What a file holds is not of the rule: a block list that grows must not make another rule of it, which would
    // lose its partial matches.
    for at in &uses.lists {
        match declared.lists.get_index(*at) {
            Some((name, List::Literals(value, _))) => {
                let _ = writeln!(text, "list {name} {}", hex(value));
            }
            Some((name, List::File(_, file))) => {
                let _ = writeln!(text, "list {name} from {file:?}");
            }
            Some((_, List::Wrong)) | None => {}
        }
    }
    for at in &uses.tables {
        if let Some((name, Table { table: Some(table), file, .. })) = declared.tables.get_index(*at) {
            let key = table.columns().get(table.key()).map_or("", |key| key.as_str());
            let _ = writeln!(text, "table {name} from {file:?} key {key:?}");
        }
    }
    for field in &uses.fields {
        let _ = writeln!(text, "field {field}");
    }
    text
}

fn hex(value: &Value) -> String {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_kept(clause: &Clause) -> bool {
    match &clause.kind {
        ClauseKind::Meta { key, .. } => is_behaviour(&key.name),
        _ => true,
    }
}
