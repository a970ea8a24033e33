//! Literals and expressions.

use compact_str::CompactString;

use super::{Ident, Path};
use crate::span::Span;
use crate::time::{Duration, Timestamp};

/// A duration as written.
#[derive(Clone, Copy, Debug)]
pub struct DurationLit {
    /// Its value; it is printed back from the text, which `span` names.
    pub value: Duration,
    /// Where it stands.
    pub span: Span,
}

/// A string as written.
#[derive(Clone, Debug)]
pub struct StringLit {
    /// Its value.
    pub value: String,
    /// Whether it was written raw, `r"…"`.
    pub raw: bool,
    /// Where it stands.
    pub span: Span,
}

/// A literal.
#[derive(Clone, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number up to `u64::MAX`, with its text.
    Int(u64, CompactString),
    /// Another number, with its text.
    Float(f64, CompactString),
    /// Text.
    Str(StringLit),
    /// `90s`, with its text.
    Duration(Duration, CompactString),
    /// `t"2026-01-05T10:00:00Z"`, with the text between the quotes.
    Time(Timestamp, CompactString),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole of it.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// A field, a step's field, a parameter or a list: which one the analysis finds out. May begin with `this`.
    Path(Path),
    /// `f(a, b)`
    Call {
        /// The function.
        function: Ident,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `first(fail).ip`: a path into the result of a call.
    Member {
        /// The call.
        base: Box<Expr>,
        /// The path into it.
        path: Path,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// What it stands before.
        operand: Box<Expr>,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left of it.
        left: Box<Expr>,
        /// Right of it.
        right: Box<Expr>,
    },
    /// `x in set`, `x not in set`; the set is a list, a range, a path or any other expression.
    In {
        /// What is looked for.
        value: Box<Expr>,
        /// Where.
        set: Box<Expr>,
        /// Whether `not` stands there.
        negated: bool,
    },
    /// `lo..hi`, `lo..=hi`: only right of `in`.
    Range {
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
        /// Whether the upper bound belongs to it.
        inclusive: bool,
    },
    /// `[a, b]`
    List(Vec<Expr>),
    /// `if c then a else b`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// If it is true.
        then: Box<Expr>,
        /// Otherwise.
        otherwise: Box<Expr>,
    },
    /// `(x)`: kept because it was written.
    Paren(Box<Expr>),
}

impl BinaryOp {
    /// Whether it compares its sides: `==`, `<`, `like` and their kind.
    pub fn compares(self) -> bool {
        use BinaryOp::*;
        matches!(self, Eq | Ne | Lt | Le | Gt | Ge | Like | Ilike | Matches)
    }
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`
    Not,
    /// `-`
    Neg,
}

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `like`
    Like,
    /// `ilike`
    Ilike,
    /// `matches`
    Matches,
    /// `??`
    Coalesce,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `div`
    IntDiv,
}
