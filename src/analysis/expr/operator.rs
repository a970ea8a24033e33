//! Operators.

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::plan::{Binary, Compare, Expr};
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind, Path, UnaryOp};
use crate::time::{Duration, Timestamp};

use super::super::literal::negated;
use super::super::schema::join_bare;
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
            self.not_missing(field, span);
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
            BinaryOp::Coalesce => self.coalesce(left, right),
            BinaryOp::Like | BinaryOp::Ilike | BinaryOp::Matches => self.text_match(op, left, right),
            BinaryOp::Eq => self.comparison(Compare::Eq, left, right, whole.span),
            BinaryOp::Ne => self.comparison(Compare::Ne, left, right, whole.span),
            BinaryOp::Lt => self.comparison(Compare::Lt, left, right, whole.span),
            BinaryOp::Le => self.comparison(Compare::Le, left, right, whole.span),
            BinaryOp::Gt => self.comparison(Compare::Gt, left, right, whole.span),
            BinaryOp::Ge => self.comparison(Compare::Ge, left, right, whole.span),
            BinaryOp::Add => self.operation(Binary::Add, left, right, whole.span),
            BinaryOp::Sub => {
                self.date(left, right, whole.span);
                self.operation(Binary::Sub, left, right, whole.span)
            }
            BinaryOp::Mul => self.operation(Binary::Mul, left, right, whole.span),
            BinaryOp::Div => self.operation(Binary::Div, left, right, whole.span),
            BinaryOp::Rem => self.operation(Binary::Rem, left, right, whole.span),
            BinaryOp::IntDiv => self.operation(Binary::IntDiv, left, right, whole.span),
        }
    }

    /// A chain of `and` or `or`. What comes out is balanced, so that a chain of thousands is not a tree as deep.
    fn connective(&mut self, op: BinaryOp, whole: &ast::Expr) -> Typed {
        let terms = terms(whole, op);
        let known = self.guards.len();
        if op == BinaryOp::And {
            self.guards.extend(terms.iter().filter_map(|term| guarded(term)));
        } else {
            self.guards.extend(terms.iter().filter_map(|term| spared(term)));
        }
        let outer = self.compared.len();
        if op == BinaryOp::And {
            self.compared.push(terms.iter().flat_map(|term| compared(term)).collect());
        }
        let what = if op == BinaryOp::And { "what `and` joins" } else { "what `or` joins" };
        let typed: Vec<Typed> = terms.iter().map(|term| self.lower_bool(term, what)).collect();
        self.guards.truncate(known);
        self.compared.truncate(outer);
        if op == BinaryOp::And {
            self.contradiction(&terms, &typed);
        }
        let missing = typed.iter().find_map(|term| term.missing.clone());
        let join = if op == BinaryOp::And { Expr::And } else { Expr::Or };
        let expr = balanced(typed.into_iter().map(|term| term.expr).collect(), join);
        Typed::new(expr, Type::Bool).missing_with(missing)
    }

    fn coalesce(&mut self, left: &ast::Expr, right: &ast::Expr) -> Typed {
        self.loose_default(right);
        let (a, b) = (self.lower(left), self.lower(right));
        let Some(ty) = a.ty.common(&b.ty) else {
            let message =
                format!("`??` chooses between values of one type, and these are `{}` and `{}`", a.ty, b.ty);
            return self.wrong_type(right.span, message);
        };
        Typed::new(Expr::Coalesce(Box::new(a.expr), Box::new(b.expr)), ty).missing_with(b.missing)
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
    pub(super) fn check_comparable(
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
}

/// What a connective joins, however the parser has nested it, from left to right.
pub(super) fn terms(whole: &ast::Expr, connective: BinaryOp) -> Vec<&ast::Expr> {
    let (mut terms, mut rest) = (Vec::new(), vec![whole]);
    while let Some(expr) = rest.pop() {
        match &expr.kind {
            ExprKind::Binary { op, left, right } if *op == connective => rest.extend([&**right, &**left]),
            _ => terms.push(expr),
        }
    }
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

/// The path in `not has(path)`, without which `or` is true.
fn spared(term: &ast::Expr) -> Option<String> {
    match &bare(term).kind {
        ExprKind::Unary { op: UnaryOp::Not, operand } => guarded(operand),
        _ => None,
    }
}

/// The paths that a term compares: it is not true if one of them is missing.
fn compared(term: &ast::Expr) -> Vec<String> {
    let sides = match &bare(term).kind {
        ExprKind::Binary { op, left, right } if op.compares() => [Some(&**left), Some(&**right)],
        ExprKind::In { value, .. } => [Some(&**value), None],
        _ => [None, None],
    };
    let paths = sides.into_iter().flatten().filter_map(|side| match &bare(side).kind {
        ExprKind::Path(path) => Some(join_bare(path)),
        _ => None,
    });
    paths.collect()
}
