//! Expressions: operands and operators in a row become a tree by precedence.
//!
//! From loose to tight: `or`, `and`, `not`, comparisons (which do not chain), `..`, `??`, `+ -`, `* / % div`, `-x`.

use std::iter::Peekable;

use super::{Lower, R, literal};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::span::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Ident, Literal, Path, UnaryOp};
use crate::syntax::parser::Node;
use crate::syntax::words;

/// An expression and how deep its tree is.
struct Built {
    expr: Expr,
    height: usize,
}

/// How tight an operator binds.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const RANGE: u8 = 5;
const COALESCE: u8 = 6;
const SUM: u8 = 7;
const PRODUCT: u8 = 8;
const PREFIX: u8 = 9;

/// What an infix operator makes of its sides.
#[derive(Clone, Copy)]
enum Infix {
    Plain(BinaryOp),
    In { negated: bool },
    Range { inclusive: bool },
}

fn infix(text: &str) -> (u8, Infix) {
    use BinaryOp::*;
    match text {
        "or" => (OR, Infix::Plain(Or)),
        "and" => (AND, Infix::Plain(And)),
        "==" => (COMPARISON, Infix::Plain(Eq)),
        "!=" => (COMPARISON, Infix::Plain(Ne)),
        "<" => (COMPARISON, Infix::Plain(Lt)),
        "<=" => (COMPARISON, Infix::Plain(Le)),
        ">" => (COMPARISON, Infix::Plain(Gt)),
        ">=" => (COMPARISON, Infix::Plain(Ge)),
        "like" => (COMPARISON, Infix::Plain(Like)),
        "ilike" => (COMPARISON, Infix::Plain(Ilike)),
        "matches" => (COMPARISON, Infix::Plain(Matches)),
        "in" => (COMPARISON, Infix::In { negated: false }),
        ".." => (RANGE, Infix::Range { inclusive: false }),
        "..=" => (RANGE, Infix::Range { inclusive: true }),
        "??" => (COALESCE, Infix::Plain(Coalesce)),
        "+" => (SUM, Infix::Plain(Add)),
        "-" => (SUM, Infix::Plain(Sub)),
        "*" => (PRODUCT, Infix::Plain(Mul)),
        "/" => (PRODUCT, Infix::Plain(Div)),
        "%" => (PRODUCT, Infix::Plain(Rem)),
        "div" => (PRODUCT, Infix::Plain(IntDiv)),
        _ => (COMPARISON, Infix::In { negated: true }),
    }
}

impl Lower<'_> {
    /// Lowers a whole expression.
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        self.told_depth = false;
        self.nested(node).expr
    }

    /// Lowers an expression inside of others, as deep as is allowed.
    fn nested(&mut self, node: Node<'_>) -> Built {
        if self.depth >= self.limits.rule_depth {
            return self.too_deep(self.span(node));
        }
        self.depth += 1;
        let mut row = Row { lower: self, parts: node.children().peekable() };
        let built = row.level(OR, false);
        self.depth -= 1;
        built
    }

    fn too_deep(&mut self, span: Span) -> Built {
        if std::mem::replace(&mut self.told_depth, true) {
            return Built { expr: nothing(span), height: 1 };
        }
        let message = format!("the expression is more than `{}` levels deep", self.limits.rule_depth);
        let help = "each operator of a chain such as `a + b + c` is a level, except for `and` and `or`";
        self.found.push(Diagnostic::new(Code::TooLarge, span, message).help(help));
        Built { expr: nothing(span), height: 1 }
    }

    /// A node of the tree over `below`, if it is not too high.
    fn built(&mut self, kind: ExprKind, span: Span, below: usize) -> Built {
        if below >= self.limits.rule_depth {
            return self.too_deep(span);
        }
        Built { expr: Expr { kind, span }, height: below + 1 }
    }

    fn operand(&mut self, node: Node<'_>) -> Built {
        let span = self.span(node);
        match node.rule() {
            R::list => self.list(node),
            R::paren => {
                let inner = self.first_expr(node);
                self.built(ExprKind::Paren(Box::new(inner.expr)), span, inner.height)
            }
            R::conditional => self.conditional(node),
            R::place => self.place(node),
            _ => {
                let literal = self.literal(node);
                self.built(ExprKind::Literal(literal), span, 0)
            }
        }
    }

    fn first_expr(&mut self, node: Node<'_>) -> Built {
        match node.child(R::expr) {
            Some(inner) => self.nested(inner),
            None => Built { expr: nothing(self.span(node)), height: 1 },
        }
    }

    fn exprs(&mut self, node: Node<'_>) -> (Vec<Expr>, usize) {
        let mut height = 0;
        let mut exprs = Vec::new();
        for child in node.children().filter(|child| child.rule() == R::expr) {
            let built = self.nested(child);
            height = height.max(built.height);
            exprs.push(built.expr);
        }
        (exprs, height)
    }

    fn list(&mut self, node: Node<'_>) -> Built {
        let (items, height) = self.exprs(node);
        self.built(ExprKind::List(items), self.span(node), height)
    }

    fn conditional(&mut self, node: Node<'_>) -> Built {
        let span = self.span(node);
        let mut parts = node.children().filter(|child| child.rule() == R::expr);
        let mut next = || match parts.next() {
            Some(part) => self.nested(part),
            None => Built { expr: nothing(span), height: 1 },
        };
        let (condition, then, otherwise) = (next(), next(), next());
        let height = condition.height.max(then.height).max(otherwise.height);
        let kind = ExprKind::If {
            condition: Box::new(condition.expr),
            then: Box::new(then.expr),
            otherwise: Box::new(otherwise.expr),
        };
        self.built(kind, span, height)
    }

    /// A path, a call, or a path into the result of a call.
    fn place(&mut self, node: Node<'_>) -> Built {
        let span = self.span(node);
        let mut names: Vec<Ident> = Vec::new();
        let mut call = None;
        for child in node.children() {
            match child.rule() {
                R::args => {
                    let (args, height) = self.exprs(child);
                    let end = Span::new(self.file, child.start(), child.end());
                    call = names.pop().map(|function| (function, args, height, end));
                }
                _ => names.push(self.ident(child)),
            }
        }
        let path = Path { segments: names };
        let Some((function, args, height, end)) = call else {
            return self.built(ExprKind::Path(path), span, 0);
        };
        let call_span = function.span.to(end);
        let base = self.built(ExprKind::Call { function, args }, call_span, height);
        if path.segments.is_empty() {
            return base;
        }
        self.built(ExprKind::Member { base: Box::new(base.expr), path }, span, base.height)
    }

    /// The value of a literal. One that cannot be read is reported and stands for null.
    pub(super) fn literal(&mut self, node: Node<'_>) -> Literal {
        let text = node.text();
        let read = match text.bytes().next() {
            Some(b'0'..=b'9') => literal::number(text),
            Some(b't') if text.starts_with("t\"") => literal::time(text),
            Some(b'"' | b'r') => return Literal::Str(self.string(node)),
            Some(b't') => Ok(Literal::Bool(true)),
            Some(b'f') => Ok(Literal::Bool(false)),
            _ => Ok(Literal::Null),
        };
        read.unwrap_or_else(|(message, help)| {
            let span = self.span(node);
            self.found.push(Diagnostic::new(Code::BadLiteral, span, message).help(help));
            Literal::Null
        })
    }
}

/// Stands where something could not be read; an error has been reported.
fn nothing(span: Span) -> Expr {
    Expr { kind: ExprKind::Literal(Literal::Null), span }
}

/// The operands and operators of one expression that have not been taken yet.
struct Row<'l, 'a, 't, I: Iterator<Item = Node<'t>>> {
    lower: &'l mut Lower<'a>,
    parts: Peekable<I>,
}

impl<'t, I: Iterator<Item = Node<'t>>> Row<'_, '_, 't, I> {
    /// Everything that binds at least as tight as `level`. `in_set` is set right of `in`, where a range may stand.
    fn level(&mut self, level: u8, in_set: bool) -> Built {
        match level {
            OR | AND => self.junction(level),
            NOT => self.prefixed(),
            COMPARISON => self.comparison(),
            RANGE => self.range(in_set),
            PREFIX => self.negated(),
            _ => self.chain(level),
        }
    }

    /// The next operator, if it is of this level.
    fn operator(&mut self, level: u8) -> Option<(Infix, Span)> {
        let node = *self.parts.peek()?;
        let (found, op) = infix(node.text());
        if node.rule() != R::infix || found != level {
            return None;
        }
        self.parts.next();
        Some((op, self.lower.span(node)))
    }

    /// A chain of `and` or `or`, as a balanced tree: they are associative, and so long chains stay shallow.
    fn junction(&mut self, level: u8) -> Built {
        let op = if level == OR { BinaryOp::Or } else { BinaryOp::And };
        let mut row = vec![self.level(level + 1, false)];
        while self.operator(level).is_some() {
            row.push(self.level(level + 1, false));
        }
        while row.len() > 1 {
            let mut parts = row.into_iter();
            let mut paired = Vec::new();
            while let Some(left) = parts.next() {
                paired.push(match parts.next() {
                    Some(right) => self.binary(Infix::Plain(op), left, right),
                    None => left,
                });
            }
            row = paired;
        }
        row.pop().unwrap_or(Built { expr: nothing(Span::default()), height: 1 })
    }

    fn chain(&mut self, level: u8) -> Built {
        let mut left = self.level(level + 1, false);
        while let Some((op, _)) = self.operator(level) {
            let right = self.level(level + 1, false);
            left = self.binary(op, left, right);
        }
        left
    }

    /// `not x`
    fn prefixed(&mut self) -> Built {
        let mut nots = Vec::new();
        while let Some(node) = self.parts.next_if(|part| part.rule() == R::prefix && part.text() == "not") {
            nots.push(self.lower.span(node));
        }
        let operand = self.level(COMPARISON, false);
        self.unary(UnaryOp::Not, nots, operand)
    }

    /// `-x`
    fn negated(&mut self) -> Built {
        let mut minuses = Vec::new();
        while let Some(node) = self.parts.next_if(|part| part.rule() == R::prefix) {
            let span = self.lower.span(node);
            if node.text() == "not" {
                let help = "put parentheses round the `not` and what it negates";
                let message = "`not` binds looser than the operator before it";
                self.lower.found.push(Diagnostic::new(Code::Syntax, span, message).help(help));
            } else {
                minuses.push(span);
            }
        }
        let operand = match self.parts.next() {
            Some(node) => self.lower.operand(node),
            None => Built { expr: nothing(Span::default()), height: 1 },
        };
        self.unary(UnaryOp::Neg, minuses, operand)
    }

    fn unary(&mut self, op: UnaryOp, spans: Vec<Span>, mut operand: Built) -> Built {
        for span in spans.into_iter().rev() {
            let whole = span.to(operand.expr.span);
            let kind = ExprKind::Unary { op, operand: Box::new(operand.expr) };
            operand = self.lower.built(kind, whole, operand.height);
        }
        operand
    }

    /// One comparison; a second one right behind it is reported.
    fn comparison(&mut self) -> Built {
        let mut left = self.level(RANGE, false);
        let mut before = None;
        while let Some((op, span)) = self.operator(COMPARISON) {
            let right = self.level(RANGE, matches!(op, Infix::In { .. }));
            if before.is_some() {
                self.chained(op, span, &right.expr);
            }
            before = Some(op);
            left = self.binary(op, left, right);
        }
        left
    }

    fn chained(&mut self, op: Infix, span: Span, right: &Expr) {
        let policy = match (&op, &right.kind) {
            (Infix::Plain(BinaryOp::Matches), ExprKind::Path(path)) => path.segments.first(),
            _ => None,
        };
        let near = policy.and_then(|word| nearest(&word.name, words::POLICIES));
        let help = match near {
            Some(policy) => format!("did you mean the clause `matches {policy}`?"),
            None => "write `a < b and b < c`, or put parentheses round one comparison".to_owned(),
        };
        let problem = Diagnostic::new(Code::ChainedComparison, span, "comparisons cannot be chained");
        self.lower.found.push(problem.label("a second comparison").help(help));
    }

    /// `lo..hi`, which stands only right of `in`.
    fn range(&mut self, in_set: bool) -> Built {
        let mut low = self.level(COALESCE, false);
        let mut allowed = in_set;
        while let Some((op, span)) = self.operator(RANGE) {
            let high = self.level(COALESCE, false);
            if !allowed {
                let problem = Diagnostic::new(Code::Syntax, span, "a range stands only right of `in`");
                self.lower.found.push(problem.help("write `x in lo..hi`"));
            }
            allowed = false;
            low = self.binary(op, low, high);
        }
        low
    }

    fn binary(&mut self, op: Infix, left: Built, right: Built) -> Built {
        let span = left.expr.span.to(right.expr.span);
        let height = left.height.max(right.height);
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        let kind = match op {
            Infix::Plain(op) => ExprKind::Binary { op, left, right },
            Infix::In { negated } => ExprKind::In { value: left, set: right, negated },
            Infix::Range { inclusive } => ExprKind::Range { low: left, high: right, inclusive },
        };
        self.lower.built(kind, span, height)
    }
}
