//! What several checks say in the same words.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::span::Span;

/// Adds a suggestion if one of the candidates is what may have been meant.
pub(super) fn suggest<'a>(
    finding: Diagnostic,
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    match nearest(name, candidates) {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
        None => finding,
    }
}

/// A second declaration of a name.
pub(super) fn duplicate(what: &str, name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, span, format!("{what} `{name}` is declared twice"))
        .also(first, "first declared here")
}

/// A clause, or a part of one, that changes nothing.
pub(super) fn no_effect(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::NoEffect, span, message)
}

/// The words in back-ticks, joined as in a sentence: `a`, `b` or `c`.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
