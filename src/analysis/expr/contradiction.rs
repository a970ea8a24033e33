//! Conditions that ask for what cannot be at once.

use std::cmp::Ordering;

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::plan::{Compare, Expr};
use crate::span::Span;
use crate::syntax::ast;

use super::{Cx, Typed};

/// With more comparisons than so many in one condition only the first are looked at: each is held against each.
const MOST: usize = 64;

/// A term that holds something against a constant.
struct Bound<'t> {
    of: &'t Expr,
    op: Compare,
    value: &'t Value,
    span: Span,
}

impl Cx<'_, '_> {
    /// Reports the first two terms of an `and` that are never true of the same event.
    pub(super) fn contradiction(&mut self, terms: &[&ast::Expr], typed: &[Typed]) {
        let bounds = terms.iter().zip(typed).filter_map(|(term, typed)| bound(&typed.expr, term.span));
        let bounds: Vec<Bound<'_>> = bounds.take(MOST).collect();
        for (at, later) in bounds.iter().enumerate() {
            let Some(earlier) = bounds[..at].iter().find(|earlier| excludes(earlier, later)) else {
                continue;
            };
            let message = "these two are never true at once, so that the condition never is";
            let finding = Diagnostic::new(Code::NeverTrue, later.span, message);
            self.found.push(finding.also(earlier.span, "").help("leave one out, or join them with `or`"));
            return;
        }
    }
}

fn bound(expr: &Expr, span: Span) -> Option<Bound<'_>> {
    let Expr::Compare(op, left, right) = expr else { return None };
    match (&**left, &**right) {
        (Expr::Const(_), Expr::Const(_)) => None,
        (of, Expr::Const(value)) => Some(Bound { of, op: *op, value, span }),
        (Expr::Const(value), of) => Some(Bound { of, op: turned(*op), value, span }),
        _ => None,
    }
}

fn turned(op: Compare) -> Compare {
    match op {
        Compare::Lt => Compare::Gt,
        Compare::Le => Compare::Ge,
        Compare::Gt => Compare::Lt,
        Compare::Ge => Compare::Le,
        same @ (Compare::Eq | Compare::Ne) => same,
    }
}

/// Whether no value fulfils both.
fn excludes(a: &Bound<'_>, b: &Bound<'_>) -> bool {
    use Compare::{Eq, Ge, Gt, Le, Lt, Ne};
    // Text may be read as a time or an address, of which one can be written in several ways.
    if a.of != b.of || (matches!(a.value, Value::Str(_)) && (a.op, b.op) != (Eq, Eq)) {
        return false;
    }
    let Some(order) = a.value.compare(b.value) else { return false };
    match (a.op, b.op) {
        (Eq, Eq) => order != Ordering::Equal,
        (Eq, Ne) | (Ne, Eq) => order == Ordering::Equal,
        (Eq | Ge, Lt) | (Gt, Lt | Le | Eq) => order != Ordering::Less,
        (Lt, Eq | Ge) | (Lt | Le | Eq, Gt) => order != Ordering::Greater,
        (Eq | Ge, Le) | (Ge, Eq) => order == Ordering::Greater,
        (Le, Eq | Ge) | (Eq, Ge) => order == Ordering::Less,
        _ => false,
    }
}
