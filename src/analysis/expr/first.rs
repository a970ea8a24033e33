//! Conditions of loops that the first iteration cannot meet, as nothing is bound yet.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Repeat;
use crate::syntax::ast::{self, BinaryOp, ExprKind, Literal, Path, UnaryOp};
use crate::syntax::print_expr;

use super::aggregate::names_in;
use super::call::Form;
use super::operator::terms;
use super::{Cx, bare};

impl Cx<'_, '_> {
    /// Reports what the `where` of a loop, or of a window's step, asks of the events bound before: if the first one cannot
    /// meet it, there is never a second.
    pub(in crate::analysis) fn first_iteration(&mut self, step: &ast::Step, repeat: Repeat) {
        let loops = repeat.max != Some(1);
        let slot = self.layout.slot(&step.name.name).and_then(|slot| self.layout.slots.get(slot.index()));
        let alone = slot.is_some_and(|slot| slot.steps.len() == 1);
        let Some(filter) = step.filter.as_ref().filter(|_| loops && alone) else { return };
        let when =
            if step.quantifier.is_some() { "in the first iteration" } else { "while the window is empty" };
        for term in terms(bare(filter), BinaryOp::And) {
            let own = &step.name.name;
            let sides = compared(term);
            let (message, help) =
                if let Some(part) = sides.into_iter().find_map(|side| self.unbound(side, own)) {
                    let part = print_expr(part);
                    (format!("`{part}` is null {when}"), format!("give it a value: `{part} ?? …`"))
                } else if let Some(count) = too_few(term, own) {
                    let help = match step.quantifier {
                        Some(_) => {
                            format!("write `{own}{{n,}}` for so many, or let another step follow that asks")
                        }
                        None => "ask for so many in `when`".to_owned(),
                    };
                    (format!("`{}` is 0 {when}", print_expr(count)), help)
                } else {
                    continue;
                };
            let message =
                format!("{message}, so that this is never true and nothing is ever bound to `{own}`");
            self.found.push(Diagnostic::new(Code::FirstIteration, term.span, message).help(help));
        }
    }

    /// The part of a value that is null while nothing is bound to a step, and makes the value null.
    fn unbound<'e>(&self, value: &'e ast::Expr, own: &str) -> Option<&'e ast::Expr> {
        match &value.kind {
            ExprKind::Member { base, .. } => self.unbound(base, own).map(|_| value),
            ExprKind::Call { function, args } => match function.name.as_str() {
                "min" | "max" | "avg" | "sum" | "stddev" | "percentile" => {
                    let names = args.iter().flat_map(|arg| names_in(arg, self.layout));
                    names.into_iter().any(|name| name.name == own).then_some(value)
                }
                "time" => args.iter().find_map(|arg| self.unbound(arg, own)).map(|_| value),
                "concat" => None,
                name if Form::by_name(name).is_some_and(Form::picks) => {
                    is_step(args.first()?, own).then_some(value)
                }
                name if self.is_function(name) => args.iter().find_map(|arg| self.unbound(arg, own)),
                _ => None,
            },
            ExprKind::Unary { op: UnaryOp::Neg, operand: inner } | ExprKind::Paren(inner) => {
                self.unbound(inner, own)
            }
            ExprKind::Binary { op, left, right } if computes(*op) => {
                self.unbound(left, own).or_else(|| self.unbound(right, own))
            }
            _ => None,
        }
    }
}

/// What a term compares: it is unknown if one of them is.
fn compared(term: &ast::Expr) -> Vec<&ast::Expr> {
    match &bare(term).kind {
        ExprKind::Binary { op, left, right } if op.compares() => vec![left, right],
        ExprKind::In { value, .. } => vec![value],
        ExprKind::Unary { op: UnaryOp::Not, operand } => compared(operand),
        _ => Vec::new(),
    }
}

/// The count of a step's events that must be more than none.
fn too_few<'e>(term: &'e ast::Expr, own: &str) -> Option<&'e ast::Expr> {
    let ExprKind::Binary { op, left, right } = &bare(term).kind else { return None };
    let (ExprKind::Call { function, args }, ExprKind::Literal(Literal::Int(least, _))) =
        (&left.kind, &right.kind)
    else {
        return None;
    };
    let some = match op {
        BinaryOp::Gt => true,
        BinaryOp::Ge | BinaryOp::Eq => *least > 0,
        _ => false,
    };
    (some && function.name == "count" && is_step(args.first()?, own)).then_some(left)
}

fn is_step(expr: &ast::Expr, own: &str) -> bool {
    matches!(&bare(expr).kind, ExprKind::Path(Path { segments }) if segments.len() == 1 && segments.iter().all(|s| s.name == own))
}

fn computes(op: BinaryOp) -> bool {
    use BinaryOp::*;
    matches!(op, Add | Sub | Mul | Div | Rem | IntDiv)
}
