//! `hold` and `forget`: how much of a key a rule holds, and for how long.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Body, Full, Hold, Rule, Sequence};
use crate::span::Span;
use crate::syntax::ast;
use crate::time::Duration;

use super::clauses::{self, Clauses};
use super::report::no_effect;

/// How many starts one key may have open.
pub(super) fn plan(clauses: &Clauses, found: &mut Vec<Diagnostic>) -> Option<Hold> {
    let hold = clauses.hold?;
    match clauses.body {
        Some(clauses::Body::Sequence(_)) | None => {}
        Some(clauses::Body::Event(_)) => {
            found.push(no_effect(hold.span, "`hold` has no effect in an `event` rule, which holds nothing"));
        }
        Some(clauses::Body::Window(_)) => {
            let finding = no_effect(hold.span, "`hold` has no effect on a window, which has no starts");
            found.push(finding.help("a window of the last so many events is `over N events`"));
        }
    }
    let most = u32::try_from(hold.most.0).ok().filter(|most| *most > 0);
    if most.is_none() {
        let message = format!("a key holds from 1 to {} starts", u32::MAX);
        found.push(Diagnostic::new(Code::BadValue, hold.most.1, message));
    }
    let full = match hold.full {
        Some(ast::Full::DropOldest) => Full::DropOldest,
        Some(ast::Full::RefuseNew) | None => Full::RefuseNew,
    };
    Some(Hold { most: most.unwrap_or(1), full })
}

/// Whether it changes anything that a key is forgotten so long after its last event.
pub(super) fn check_forget(rule: &Rule, length: Duration, span: Span, found: &mut Vec<Diagnostic>) {
    match &rule.body {
        Body::Event(_) if !rule.lags() => {
            found.push(no_effect(span, "`forget` has no effect in an `event` rule, which holds nothing"));
        }
        // The event before, for `lag`, would be held on.
        Body::Sequence(Sequence { within: Some(within), .. }) if *within <= length && !rule.lags() => {
            let message = "`forget` has no effect: `within` ends every start before";
            found.push(no_effect(span, message).help(format!("give it less than {within}")));
        }
        _ => {}
    }
}
