//! What is worth a look although it runs.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::Types;

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
