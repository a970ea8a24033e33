//! What an expression says that is most likely not what is meant, though it runs.

use std::cmp::Ordering;

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::Expr;
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind, Ident, Literal, Path};

use super::super::reach::Place;
use super::super::schema::{Lookup, has_field, join, look_up};
use super::{Cx, Missing};

/// The fields of the current event that begin with one word.
pub(in crate::analysis) struct Seen {
    /// How many are written.
    times: usize,
    /// The first of them, if it may be a step's field with its name misspelt.
    slip: Option<(String, Span)>,
}

impl Cx<'_, '_> {
    /// `not` over a field that may be missing: of each field that a schema declares so, and else once a rule.
    pub(super) fn not_missing(&mut self, field: &Missing, span: Span) {
        let path = &field.path;
        let compared = self.compared.iter().any(|paths| paths.contains(path.as_str()));
        let subject = if field.declared { path.clone() } else { CompactString::default() };
        if compared || !self.told.insert(subject) {
            return;
        }
        let message = format!("`{path}` may be missing; then this is unknown, and unknown is not true");
        let help =
            format!("say what is meant: `has({path}) and not …`, or `{path} ?? …` with a value to take then");
        self.found.push(Diagnostic::new(Code::NotMissing, span, message).help(help));
    }

    /// `a ?? 0 + b`, in which the sum is the default.
    pub(super) fn loose_default(&mut self, right: &ast::Expr) {
        let ExprKind::Binary { op, left: first, right: second } = &right.kind else { return };
        let computes = matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div);
        if computes && !(is_number(first) && is_number(second)) {
            let message =
                format!("`??` binds looser than `{}`: all that stands right of it is the default", op.text());
            let help = "write `(a ?? b) + c` or `a ?? (b + c)`, whichever is meant";
            self.found.push(Diagnostic::new(Code::LooseDefault, right.span, message).help(help));
        }
    }

    /// `2026-10-12`, which is 2004.
    pub(super) fn date(&mut self, left: &ast::Expr, day: &ast::Expr, span: Span) {
        let ExprKind::Binary { op: BinaryOp::Sub, left: year, right: month } = &left.kind else { return };
        let glued = |a: &ast::Expr, b: &ast::Expr| a.span.end + 1 == b.span.start;
        if let (Some(y @ 1000..=9999), Some(m @ 1..=12), Some(d @ 1..=31)) =
            (whole(year), whole(month), whole(day))
            && glued(year, month)
            && glued(month, day)
        {
            let message = format!("this is a subtraction, and its value is {}", y - m - d);
            let help = format!(
                "a time is written `t\"{y}-{m:02}-{d:02}T00:00:00Z\"`; to subtract, put spaces round `-`"
            );
            self.found.push(Diagnostic::new(Code::DateArithmetic, span, message).help(help));
        }
    }

    /// `in 5..1`
    pub(super) fn empty_range(&mut self, low: &Expr, high: &Expr, inclusive: bool, span: Span) {
        let (Expr::Const(low), Expr::Const(high)) = (low, high) else { return };
        let empty = match low.compare(high) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => !inclusive,
            _ => false,
        };
        if empty {
            let message = "this range holds nothing, so that `in` is never true";
            let help = "the smaller value comes first; `..` leaves the second one out, and `..=` holds it";
            self.found.push(Diagnostic::new(Code::EmptyRange, span, message).help(help));
        }
    }

    /// `like "%x%"`, as in SQL.
    pub(super) fn percent(&mut self, word: &str, pattern: &str, span: Span) {
        let edge = pattern.starts_with('%') || pattern.ends_with('%');
        if edge && !pattern.contains(['*', '?']) {
            let message = format!("`%` stands for itself in a pattern of `{word}`");
            let help = format!("any text is `*`: write `{word} \"{}\"`", pattern.replace('%', "*"));
            self.found.push(Diagnostic::new(Code::PercentWildcard, span, message).help(help));
        }
    }

    /// A field that is written `this.FIELD`.
    pub(super) fn sure_field(&mut self, names: &[Ident]) {
        if let Some(first) = names.first() {
            self.saw(&first.name, None);
        }
    }

    /// A field, or the field of a step whose name is misspelt.
    pub(super) fn possible_slip(&mut self, path: &Path, span: Span) {
        let Some(first) = path.segments.first() else { return };
        let written = join(path);
        let unchecked =
            || matches!(look_up(&self.declared.schema, self.current_types(), &written), Lookup::Unchecked);
        let possible = path.segments.len() > 1 && self.place != Place::Key && unchecked();
        self.saw(&first.name, possible.then_some((written, span)));
    }

    fn saw(&mut self, first: &CompactString, slip: Option<(String, Span)>) {
        let seen = self.fields.entry(first.clone()).or_insert(Seen { times: 0, slip });
        seen.times += 1;
    }

    /// Reports fields within a field that no schema has, that stand once in the rule, and that look like a step's.
    pub(in crate::analysis) fn misspelt_steps(&mut self) {
        for (name, seen) in &self.fields {
            let Some((path, span)) = seen.slip.as_ref().filter(|_| seen.times == 1) else { continue };
            let Some(step) = near_step(name, self.layout.names()) else { continue };
            if has_field(&self.declared.schema, name) {
                continue;
            }
            let message =
                format!("`{path}` is a field within a field `{name}`, and there is a step `{step}`");
            let help = format!("did you mean `{step}`? if it is a field, write `this.{path}`");
            self.found.push(Diagnostic::new(Code::MisspeltStep, *span, message).help(help));
        }
    }
}

/// The step whose name may be meant. A name of two letters is near to too many, so that it must have no other letters.
fn near_step<'s>(name: &str, steps: impl Iterator<Item = &'s str>) -> Option<&'s str> {
    let letters = |word: &str| word.chars().collect::<std::collections::BTreeSet<char>>();
    let step = nearest(name, steps)?;
    (name.chars().count() > 2 || letters(name) == letters(step)).then_some(step)
}

/// The value of a whole number.
fn whole(expr: &ast::Expr) -> Option<u64> {
    match &expr.kind {
        ExprKind::Literal(Literal::Int(value, _)) => Some(*value),
        _ => None,
    }
}

fn is_number(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ExprKind::Literal(Literal::Int(..) | Literal::Float(..) | Literal::Duration(..)))
}
