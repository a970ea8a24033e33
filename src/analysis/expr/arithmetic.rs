//! Arithmetic, and which types it takes.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Binary, Expr};
use crate::span::Span;
use crate::syntax::ast;

use super::super::types::Type;
use super::{Cx, Typed};

impl Cx<'_, '_> {
    pub(super) fn operation(&mut self, op: Binary, left: &ast::Expr, right: &ast::Expr, span: Span) -> Typed {
        let (a, b) = (self.lower(left), self.lower(right));
        let Some(ty) = operation_type(op, &a.ty, &b.ty) else {
            let message = format!("`{}` cannot be applied to `{}` and `{}`", symbol(op), a.ty, b.ty);
            let finding = Diagnostic::new(Code::WrongType, span, message);
            let text = op == Binary::Add && [&a.ty, &b.ty].contains(&&Type::String);
            return self.report(if text {
                finding.help("write `concat(a, b)` to join texts")
            } else {
                finding
            });
        };
        let missing = a.missing.or(b.missing);
        Typed::new(Expr::Binary(op, Box::new(a.expr), Box::new(b.expr)), ty).missing_with(missing)
    }
}

fn symbol(op: Binary) -> &'static str {
    match op {
        Binary::Add => "+",
        Binary::Sub => "-",
        Binary::Mul => "*",
        Binary::Div => "/",
        Binary::IntDiv => "div",
        Binary::Rem => "%",
    }
}

/// What arithmetic distinguishes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Number,
    Duration,
    Time,
    Open,
}

/// The type of a result; `None` if the operation does not exist.
fn operation_type(op: Binary, a: &Type, b: &Type) -> Option<Type> {
    use Family::{Duration as D, Number as N, Open as O, Time as T};
    if *a == Type::Error || *b == Type::Error {
        return Some(Type::Error);
    }
    let (left, right) = (family(a)?, family(b)?);
    match (op, left, right) {
        (Binary::Div, N, N) | (Binary::Div, D | O, D) => Some(Type::Float),
        (Binary::IntDiv, N | O, N | O) => Some(Type::Int),
        (Binary::Rem, N | O, N | O) | (Binary::Add | Binary::Sub | Binary::Mul, N, N) => a.common(b),
        (Binary::Add, T, D | O) | (Binary::Add, D | O, T) | (Binary::Sub, T, D) => Some(Type::Time),
        (Binary::Add | Binary::Sub, D, D) | (Binary::Sub, T | O, T) | (Binary::Sub, D, O) => {
            Some(Type::Duration)
        }
        (Binary::Mul, D, N | O) | (Binary::Mul, N | O, D) | (Binary::Div, D, N) => Some(Type::Duration),
        (Binary::Sub, T, O) | (Binary::Div, D, O) => Some(Type::Any),
        (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div, O, N | O) | (Binary::Add, O, D) => {
            Some(Type::Any)
        }
        (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div, N, O) | (Binary::Sub, O, D) => {
            Some(Type::Any)
        }
        (Binary::Add, D, O) => Some(Type::Any),
        _ => None,
    }
}

fn family(ty: &Type) -> Option<Family> {
    match ty {
        Type::Int | Type::Float => Some(Family::Number),
        Type::Duration => Some(Family::Duration),
        Type::Time => Some(Family::Time),
        Type::Any | Type::Null | Type::Error => Some(Family::Open),
        Type::Bool | Type::String | Type::Ip | Type::List(_) => None,
    }
}
