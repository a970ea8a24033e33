//! Operators.

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::plan::{Binary, Compare, Expr, Set};
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind, Path, UnaryOp};
use crate::time::{Duration, Timestamp};

use super::super::literal::negated;
use super::super::types::Type;
use super::{Cx, Typed, bare};

impl Cx<'_, '_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &ast::Expr, span: Span) -> Typed {
        match op {
            UnaryOp::Not => self.not(operand, span),
            UnaryOp::Neg => self.neg(operand, span),
        }
    }

    fn not(&mut self, operand: &ast::Expr, span: Span) -> Typed {
        let typed = self.lower_bool(operand, "what `not` stands before");
        if let Some(field) = &typed.missing {
            let message = format!("`{field}` may be missing; then this is unknown, and unknown is not true");
            let help = format!(
                "say what is meant: `has({field}) and not …`, or `{field} ?? …` with a value to take then"
            );
            self.found.push(Diagnostic::new(Code::NotMissing, span, message).help(help));
        }
        Typed::new(Expr::Not(Box::new(typed.expr)), Type::Bool)
    }

    fn neg(&mut self, operand: &ast::Expr, span: Span) -> Typed {
        let typed = self.lower(operand);
        if let Expr::Const(value) = &typed.expr
            && let Some(value) = negated(value)
        {
            return Typed { ty: typed.ty, ..Typed::constant(value) };
        }
        if !typed.ty.is_number() && typed.ty != Type::Duration {
            return self
                .wrong_type(span, format!("`-` wants a number or a duration, and this is `{}`", typed.ty));
        }
        Typed { expr: Expr::Neg(Box::new(typed.expr)), ..typed }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: &ast::Expr,
        right: &ast::Expr,
        whole: &ast::Expr,
    ) -> Typed {
        match op {
            BinaryOp::And | BinaryOp::Or => self.connective(op, whole),
            BinaryOp::Coalesce => self.coalesce(whole),
            BinaryOp::Like | BinaryOp::Ilike | BinaryOp::Matches => self.text_match(op, left, right),
            _ => match compare(op) {
                Some(compare) => self.comparison(compare, left, right, whole.span),
                None => self.arithmetic(whole),
            },
        }
    }

    /// A chain of `and` or `or`. What comes out is balanced, so that a chain of thousands is not a tree as deep.
    fn connective(&mut self, op: BinaryOp, whole: &ast::Expr) -> Typed {
        let terms: Vec<&ast::Expr> = chain(whole, |o| o == op).into_iter().map(|(_, term)| term).collect();
        let known = self.guards.len();
        if op == BinaryOp::And {
            self.guards.extend(terms.iter().filter_map(|term| guarded(term)));
        }
        let what = if op == BinaryOp::And { "what `and` joins" } else { "what `or` joins" };
        let typed: Vec<Typed> = terms.iter().map(|term| self.lower_bool(term, what)).collect();
        self.guards.truncate(known);
        let missing = typed.iter().find_map(|term| term.missing.clone());
        let join = if op == BinaryOp::And { Expr::And } else { Expr::Or };
        let expr = balanced(typed.into_iter().map(|term| term.expr).collect(), join);
        Typed::new(expr, Type::Bool).missing_with(missing)
    }

    fn coalesce(&mut self, whole: &ast::Expr) -> Typed {
        let terms = chain(whole, |o| o == BinaryOp::Coalesce);
        let (mut exprs, mut ty, mut missing) = (Vec::new(), Type::Null, None);
        for (_, term) in terms {
            let typed = self.lower(term);
            match ty.common(&typed.ty) {
                Some(common) => ty = common,
                None => {
                    let message = format!(
                        "`??` chooses between values of one type, and these are `{ty}` and `{}`",
                        typed.ty
                    );
                    self.wrong_type(term.span, message);
                    ty = Type::Error;
                }
            }
            missing = typed.missing;
            exprs.push(typed.expr);
        }
        Typed::new(balanced(exprs, Expr::Coalesce), ty).missing_with(missing)
    }

    fn comparison(&mut self, op: Compare, left: &ast::Expr, right: &ast::Expr, span: Span) -> Typed {
        let (a, b) = (self.lower(left), self.lower(right));
        if !self.check_comparable(&a, &b, (left, right), span, !matches!(op, Compare::Eq | Compare::Ne)) {
            return Typed::new(Expr::Const(Value::Null), Type::Error);
        }
        if [&a.ty, &b.ty].contains(&&Type::Null) && ![&a.ty, &b.ty].contains(&&Type::Error) {
            let field = if a.ty == Type::Null { right } else { left };
            let finding =
                Diagnostic::new(Code::NullComparison, span, "a comparison with `null` is never true");
            self.found.push(match &bare(field).kind {
                ExprKind::Path(path) => {
                    let path = super::super::schema::join(path);
                    let not = if op == Compare::Eq { "not " } else { "" };
                    finding.help(format!("write `{not}has({path})`"))
                }
                _ => finding,
            });
        }
        let missing = a.missing.or(b.missing);
        Typed::new(Expr::Compare(op, Box::new(a.expr), Box::new(b.expr)), Type::Bool).missing_with(missing)
    }

    /// Reports two values that never compare.
    fn check_comparable(
        &mut self,
        a: &Typed,
        b: &Typed,
        (left, right): (&ast::Expr, &ast::Expr),
        span: Span,
        by_order: bool,
    ) -> bool {
        if !a.ty.compares_with(&b.ty) {
            let finding = Diagnostic::new(
                Code::WrongType,
                span,
                format!("`{}` and `{}` cannot be compared", a.ty, b.ty),
            );
            self.report(match (&a.ty, &b.ty) {
                (Type::String, t) | (t, Type::String) if t.is_number() => {
                    finding.help("write the number without quotes, or convert the text with `float(…)`")
                }
                _ => finding,
            });
            return false;
        }
        if let Some(ty) = [&a.ty, &b.ty].into_iter().find(|ty| by_order && !ty.is_ordered()) {
            self.wrong_type(span, format!("values of type `{ty}` have no order"));
            return false;
        }
        self.reads(b, &a.ty, right.span) && self.reads(a, &b.ty, left.span)
    }

    /// Whether constant text reads as what it is compared with.
    fn reads(&mut self, text: &Typed, as_type: &Type, span: Span) -> bool {
        let Expr::Const(Value::Str(text)) = &text.expr else { return true };
        let (reads, form) = match as_type {
            Type::Time => (Timestamp::parse(text).is_some(), "as in `2026-01-05T10:00:00Z`"),
            Type::Duration => (Duration::parse(text).is_some(), "as in `1h30m`"),
            Type::Ip => (text.parse::<std::net::IpAddr>().is_ok(), "as in `10.0.0.7`"),
            _ => return true,
        };
        if !reads {
            let message = format!("`{text}` cannot be read as `{as_type}`, with which it is compared");
            self.report(Diagnostic::new(Code::WrongType, span, message).help(format!("write it {form}")));
        }
        reads
    }

    pub(super) fn is_in(&mut self, value: &ast::Expr, set: &ast::Expr, negated: bool) -> Typed {
        let typed = self.lower(value);
        let Some(set) = self.set(&typed, value, set) else { return Typed::error() };
        let missing = typed.missing;
        let expr = Expr::In(Box::new(typed.expr), Box::new(set));
        let expr = if negated { Expr::Not(Box::new(expr)) } else { expr };
        Typed::new(expr, Type::Bool).missing_with(missing)
    }

    fn set(&mut self, value: &Typed, value_at: &ast::Expr, set: &ast::Expr) -> Option<Set> {
        match &bare(set).kind {
            ExprKind::List(items) => {
                let mut exprs = Vec::with_capacity(items.len());
                let mut right = true;
                for item in items {
                    let typed = self.lower(item);
                    right &= self.check_comparable(value, &typed, (value_at, item), item.span, false);
                    exprs.push(typed.expr);
                }
                right.then_some(Set::Items(exprs))
            }
            ExprKind::Range { low, high, inclusive } => {
                let (from, to) = (self.lower(low), self.lower(high));
                let right = self.check_comparable(value, &from, (value_at, low), low.span, true)
                    & self.check_comparable(value, &to, (value_at, high), high.span, true);
                right.then_some(Set::Range { low: from.expr, high: to.expr, inclusive: *inclusive })
            }
            _ => self.set_value(value, set),
        }
    }

    fn set_value(&mut self, value: &Typed, set: &ast::Expr) -> Option<Set> {
        let typed = self.lower(set);
        match &typed.ty {
            Type::List(item) if !value.ty.compares_with(item) => {
                self.wrong_type(
                    set.span,
                    format!("`{}` and the items of `{}` cannot be compared", value.ty, typed.ty),
                );
                None
            }
            Type::List(_) | Type::Any | Type::Error => Some(Set::Value(typed.expr)),
            other => {
                let finding = Diagnostic::new(
                    Code::WrongType,
                    set.span,
                    format!("`in` wants a list or a range, and this is `{other}`"),
                );
                self.report(match other {
                    Type::String => finding.help("write `contains(text, part)` to look for a part of a text"),
                    _ => finding.help("write `in [a, b]` or `in lo..hi`"),
                });
                None
            }
        }
    }

    /// A chain of `+ - * / div %`, which binds to the left.
    fn arithmetic(&mut self, whole: &ast::Expr) -> Typed {
        let terms = chain(whole, |op| arithmetic_op(op).is_some());
        let mut sum: Option<Typed> = None;
        for (op, term) in terms {
            let typed = self.lower(term);
            sum = Some(match (sum, op.and_then(arithmetic_op)) {
                (Some(left), Some(op)) => self.operation(op, left, typed, whole.span.to(term.span)),
                _ => typed,
            });
        }
        sum.unwrap_or_else(Typed::error)
    }

    fn operation(&mut self, op: Binary, a: Typed, b: Typed, span: Span) -> Typed {
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

/// The terms of a chain of operators that bind to the left, each with the operator before it.
fn chain(whole: &ast::Expr, belongs: impl Fn(BinaryOp) -> bool) -> Vec<(Option<BinaryOp>, &ast::Expr)> {
    let (mut terms, mut left) = (Vec::new(), whole);
    while let ExprKind::Binary { op, left: next, right } = &left.kind
        && belongs(*op)
    {
        terms.push((Some(*op), &**right));
        left = next;
    }
    terms.push((None, left));
    terms.reverse();
    terms
}

/// Joins terms in their order to a tree of the least depth.
fn balanced(mut terms: Vec<Expr>, join: fn(Box<Expr>, Box<Expr>) -> Expr) -> Expr {
    while terms.len() > 1 {
        let mut rest = terms.into_iter();
        let mut joined = Vec::with_capacity(rest.len().div_ceil(2));
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => join(Box::new(left), Box::new(right)),
                None => left,
            });
        }
        terms = joined;
    }
    terms.pop().unwrap_or(Expr::Const(Value::Null))
}

/// The path in `has(path)`, without which `and` is false.
fn guarded(term: &ast::Expr) -> Option<String> {
    let ExprKind::Call { function, args } = &bare(term).kind else { return None };
    let [arg] = &args[..] else { return None };
    let ExprKind::Path(Path { segments }) = &bare(arg).kind else { return None };
    let names = segments.iter().map(|s| s.name.as_str()).filter(|name| *name != "this");
    (function.name == "has").then(|| names.collect::<Vec<_>>().join("."))
}

fn compare(op: BinaryOp) -> Option<Compare> {
    Some(match op {
        BinaryOp::Eq => Compare::Eq,
        BinaryOp::Ne => Compare::Ne,
        BinaryOp::Lt => Compare::Lt,
        BinaryOp::Le => Compare::Le,
        BinaryOp::Gt => Compare::Gt,
        BinaryOp::Ge => Compare::Ge,
        _ => return None,
    })
}

fn arithmetic_op(op: BinaryOp) -> Option<Binary> {
    Some(match op {
        BinaryOp::Add => Binary::Add,
        BinaryOp::Sub => Binary::Sub,
        BinaryOp::Mul => Binary::Mul,
        BinaryOp::Div => Binary::Div,
        BinaryOp::Rem => Binary::Rem,
        BinaryOp::IntDiv => Binary::IntDiv,
        _ => return None,
    })
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
