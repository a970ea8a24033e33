//! What looks wrong only because something could not be read.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::{FileId, Span};
use crate::syntax::ast::{File, Item};

/// Leaves out the findings that hang on what the parser has refused: those over text that holds such an error; in a
/// rule that is broken also those about what the rule lacks; and those about what no file declares or uses.
pub(super) fn leave_out(files: &[File], unread: &[Diagnostic], found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut errors: Vec<Place> = unread.iter().filter(|e| e.is_error()).map(|e| start(e.span())).collect();
    if errors.is_empty() {
        return found;
    }
    errors.sort_unstable();
    let items = files.iter().flat_map(|file| &file.items);
    let mut broken: Vec<Span> = items
        .filter_map(|item| match item {
            Item::Rule(rule) if rule.broken => Some(rule.span),
            _ => None,
        })
        .collect();
    broken.sort_unstable_by_key(|span| start(*span));
    let is_echo = |finding: &Diagnostic| match finding.code {
        Code::UnusedParam | Code::UnknownParam => true,
        code => {
            holds(finding.span(), &errors)
                || (speaks_of_the_whole(code) && is_within(finding.span(), &broken))
        }
    };
    found.into_iter().filter(|finding| !is_echo(finding)).collect()
}

type Place = (FileId, u32);

fn start(span: Span) -> Place {
    (span.file, span.start)
}

/// Whether one of the places, which are in order, lies in the span.
fn holds(span: Span, places: &[Place]) -> bool {
    let first = places.partition_point(|place| *place < start(span));
    places.get(first).is_some_and(|place| *place < (span.file, span.end.max(span.start + 1)))
}

/// Whether one of the spans, which are in order and apart, holds the span's start.
fn is_within(span: Span, spans: &[Span]) -> bool {
    let behind = spans.partition_point(|other| start(*other) <= start(span));
    let before = behind.checked_sub(1).and_then(|at| spans.get(at));
    before.is_some_and(|other| other.file == span.file && span.start < other.end)
}

/// Whether such a finding is about what else the rule holds.
fn speaks_of_the_whole(code: Code) -> bool {
    use Code::*;
    matches!(
        code,
        UnknownName
            | StepOutOfReach
            | MissingClause
            | NoEffect
            | NeedsAggregate
            | EmptyMatch
            | BadAbsence
            | BadKey
            | BadPolicy
            | NeedsWithin
            | BadBlock
    )
}
