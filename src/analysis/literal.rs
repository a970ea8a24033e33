//! Literals to values.

use crate::event::Value;
use crate::syntax::ast::{Expr, ExprKind, Literal, UnaryOp};

/// The value of a literal.
pub(super) fn value(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(b) => Value::Bool(*b),
        Literal::Int(n, _) => Value::from_u64(*n),
        // The parser refuses a float that is not finite.
        Literal::Float(x, _) => Value::from_f64(*x).unwrap_or_default(),
        Literal::Str(s) => Value::str(s.value.as_str()),
        Literal::Duration(d, _) => Value::Duration(*d),
        Literal::Time(t, _) => Value::Time(*t),
    }
}

/// The value of a literal that may have a sign; `None` if the expression is anything else.
pub(super) fn signed(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(literal) => Some(value(literal)),
        ExprKind::Unary { op: UnaryOp::Neg, operand } => match &operand.kind {
            ExprKind::Literal(literal) => negated(&value(literal)),
            _ => None,
        },
        _ => None,
    }
}

/// The value with the other sign; `None` if it has none or the result is no value.
pub(super) fn negated(value: &Value) -> Option<Value> {
    match value {
        Value::Int(n) => n.checked_neg().map(Value::Int),
        Value::Uint(n) => 0i64.checked_sub_unsigned(*n).map(Value::Int),
        Value::Float(x) => Some(Value::Float(-x)),
        Value::Duration(d) => {
            Some(Value::Duration(crate::time::Duration::from_nanos(d.nanos().checked_neg()?)))
        }
        _ => None,
    }
}
