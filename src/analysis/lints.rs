//! What is worth a look although it runs.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::Types;
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

/// `emit user`, which names the type of the alert; in quotes that is what is meant.
pub(super) fn lone_type(emit: &Emit) -> Option<Diagnostic> {
    let name = emit.event_type.as_ref().filter(|name| !name.quoted && emit.fields.is_empty())?;
    let message = format!("`{}` is the type of the alert, which has no field", name.name);
    let help = format!("a field is written `emit {0} = {0}`; a type alone is clear in quotes", name.name);
    Some(Diagnostic::new(Code::LoneType, name.span, message).help(help))
}
