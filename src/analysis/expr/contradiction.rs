//! Conditions that ask for what cannot be at once.

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast;

use super::super::held;
use super::{Cx, Typed};

/// With more terms than so many in one condition only the first are looked at: each is held against each.
const MOST: usize = 64;

impl Cx<'_, '_> {
    /// Reports the first two terms of an `and` that are never true of the same event.
    pub(super) fn contradiction(&mut self, terms: &[&ast::Expr], typed: &[Typed]) {
        let terms: Vec<_> = terms.iter().zip(typed).take(MOST).collect();
        for (at, (later, second)) in terms.iter().enumerate() {
            let earlier = terms[..at].iter().find(|(_, first)| held::exclude(&first.expr, &second.expr));
            let Some((earlier, _)) = earlier else { continue };
            let message = "these two are never true at once, so that the condition never is";
            let finding = Diagnostic::new(Code::NeverTrue, later.span, message);
            self.found.push(finding.also(earlier.span, "").help("leave one out, or join them with `or`"));
            return;
        }
    }
}
