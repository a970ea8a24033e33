//! Layout of expressions: chains of `and` and `or` break before the operator, lists and arguments between their items.

use super::doc::{Doc, Role};
use super::{Printer, path_text, start};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Literal, Path, UnaryOp};
use crate::syntax::words::{POLICIES, quote_ident, quote_string, tick};

impl Printer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc {
        if let Some((word, operands)) = chain(expr) {
            return self.junction(word, &operands);
        }
        let parts = self.simple(expr);
        Doc::Nest(0, parts)
    }

    /// `a and b and c`, on one line or broken before each `and`.
    fn junction(&mut self, word: &str, operands: &[&Expr]) -> Doc {
        Doc::group(self.junction_parts(word, operands))
    }

    fn junction_parts(&mut self, word: &str, operands: &[&Expr]) -> Vec<Doc> {
        let mut parts = Vec::new();
        let mut end = 0;
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                parts.push(self.line(self.source.next_token(end), " ", Role::Continue));
                parts.push(format!("{word} ").into());
            }
            parts.push(Doc::Nest(2, vec![self.expr(operand)]));
            end = operand.span.end as usize;
        }
        parts
    }

    /// The parts of a condition, for a group that is broken together with it.
    pub(super) fn condition(&mut self, expr: &Expr) -> Vec<Doc> {
        match chain(expr) {
            Some((word, operands)) => self.junction_parts(word, &operands),
            None => vec![self.expr(expr)],
        }
    }

    fn simple(&mut self, expr: &Expr) -> Vec<Doc> {
        let quote = match &expr.kind {
            ExprKind::Binary { .. } | ExprKind::In { .. } | ExprKind::Range { .. } => self.quote,
            _ => std::mem::take(&mut self.quote),
        };
        match &expr.kind {
            ExprKind::Literal(literal) => vec![self.literal(literal, expr).into()],
            ExprKind::Path(path) => vec![first_quoted(path, quote).into()],
            ExprKind::Call { function, args } => {
                let parts = args.iter().map(|arg| (start(arg.span), self.expr(arg))).collect();
                let open = format!("{}(", quote_ident(&function.name));
                let close = (expr.span.end as usize).saturating_sub(1);
                vec![self.bracketed(&open, parts, close, ")")]
            }
            ExprKind::Member { base, path } => vec![self.expr(base), format!(".{}", path_text(path)).into()],
            ExprKind::Unary { op, operand } => {
                let op = if *op == UnaryOp::Not { "not " } else { "-" };
                vec![op.into(), self.expr(operand)]
            }
            ExprKind::Binary { op, left, right } => {
                let left = self.expr(left);
                self.quote = quoted_behind(*op);
                vec![left, format!(" {} ", op.text()).into(), self.expr(right)]
            }
            ExprKind::In { value, set, negated } => {
                let op = if *negated { " not in " } else { " in " };
                vec![self.expr(value), op.into(), self.expr(set)]
            }
            ExprKind::Range { low, high, inclusive } => {
                let op = if *inclusive { "..=" } else { ".." };
                vec![self.expr(low), op.into(), self.expr(high)]
            }
            ExprKind::List(items) => {
                let parts = items.iter().map(|item| (start(item.span), self.expr(item))).collect();
                vec![self.bracketed("[", parts, (expr.span.end as usize).saturating_sub(1), "]")]
            }
            ExprKind::If { condition, then, otherwise } => vec![self.conditional(condition, then, otherwise)],
            ExprKind::Paren(inner) => vec!["(".into(), Doc::Nest(2, vec![self.expr(inner)]), ")".into()],
        }
    }

    /// A chain of `if … then … else if …`, on one line or broken before each `else`.
    fn conditional(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) -> Doc {
        let mut parts = vec![self.arm(condition, then)];
        let (mut before, mut rest) = (then, otherwise);
        loop {
            parts.push(self.line(self.source.next_token(before.span.end as usize), " ", Role::Continue));
            parts.push("else ".into());
            let ExprKind::If { condition, then, otherwise } = &rest.kind else { break };
            parts.push(self.arm(condition, then));
            (before, rest) = (then, otherwise);
        }
        parts.push(self.expr(rest));
        Doc::group(vec![Doc::Nest(2, parts)])
    }

    /// `if … then …`, broken before `then` only if it must be.
    fn arm(&mut self, condition: &Expr, then: &Expr) -> Doc {
        let test = self.expr(condition);
        let line = self.line(self.source.next_token(condition.span.end as usize), " ", Role::Continue);
        Doc::group(vec!["if ".into(), Doc::Nest(2, vec![test, line, "then ".into(), self.expr(then)])])
    }

    /// As written, or where there is no text, in one spelling for each value.
    fn literal(&self, literal: &Literal, expr: &Expr) -> String {
        match self.source.slice(expr.span) {
            Some(text) => text.to_owned(),
            None => canonical(literal),
        }
    }
}

/// One spelling for each value.
pub(super) fn canonical(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(value) => value.to_string(),
        Literal::Int(value, _) => value.to_string(),
        Literal::Float(value, _) => format!("{value:?}"),
        Literal::Str(string) => quote_string(&string.value),
        Literal::Duration(value, _) => value.to_string(),
        Literal::Time(value, _) => format!("t\"{value}\""),
    }
}

impl BinaryOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Like => "like",
            BinaryOp::Ilike => "ilike",
            BinaryOp::Matches => "matches",
            BinaryOp::Coalesce => "??",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::IntDiv => "div",
        }
    }
}

/// The operands of a chain of `and` or of `or`, however its tree is balanced.
fn chain(expr: &Expr) -> Option<(&'static str, Vec<&Expr>)> {
    let ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), .. } = expr.kind else { return None };
    let (mut operands, mut rest) = (Vec::new(), vec![expr]);
    while let Some(next) = rest.pop() {
        match &next.kind {
            ExprKind::Binary { op: inner, left, right } if *inner == op => rest.extend([&**right, &**left]),
            _ => operands.push(next),
        }
    }
    Some((op.text(), operands))
}

/// Words that would not be read as a name behind this operator.
fn quoted_behind(op: BinaryOp) -> &'static [&'static str] {
    match op {
        BinaryOp::Matches => &POLICIES,
        BinaryOp::IntDiv => &["by", "after", "within"],
        _ => &[],
    }
}

fn first_quoted(path: &Path, quote: &[&str]) -> String {
    match path.segments.first() {
        Some(first) if quote.contains(&first.name.as_str()) => {
            let rest = path.segments.iter().skip(1).map(|name| format!(".{}", quote_ident(&name.name)));
            tick(&first.name) + &rest.collect::<String>()
        }
        _ => path_text(path),
    }
}
