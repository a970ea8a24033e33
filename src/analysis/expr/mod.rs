//! Expressions: names to what they mean, types, and the plan of each.
//!
//! [`Cx::lower`] always gives an expression. Where something is wrong it is reported once and the result has the type
//! `Error`, which fits everywhere, so that one error does not cause another.

mod aggregate;
mod arithmetic;
mod call;
mod constant;
mod contradiction;
mod first;
mod lookup;
mod operator;
mod path;
mod pick;
mod set;
mod slip;
mod text;
mod trend;

pub(super) use call::check_own;

use std::collections::BTreeSet;

use compact_str::CompactString;
use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::id::SlotId;
use crate::limits::Limits;
use crate::plan::{Expr, Types};
use crate::span::Span;
use crate::syntax::ast::{self, ExprKind};

use super::declare::Declared;
use super::layout::Layout;
use super::literal;
use super::reach::Place;
use super::types::Type;

/// What an expression is made in.
pub(super) struct Cx<'a, 'l> {
    pub(super) declared: &'a Declared,
    pub(super) layout: &'a Layout<'l>,
    pub(super) limits: &'a Limits,
    pub(super) found: &'a mut Vec<Diagnostic>,
    pub(super) uses: &'a mut Uses,
    pub(super) place: Place,
    /// In an aggregate: the step that is counted.
    counted: Option<SlotId>,
    /// Fields that are known not to be null here, as `has(f) and …` says.
    guards: IndexSet<String>,
    /// Fields that other terms of the `and`s around compare, so that those are not true either if one is missing.
    compared: Vec<BTreeSet<String>>,
    /// What has been said of missing fields in this rule.
    told: BTreeSet<CompactString>,
    /// Fields of the current event by their first word.
    fields: IndexMap<CompactString, slip::Seen>,
    /// In a step's own key: the types of its events.
    key_types: Option<&'a Types>,
}

/// What the expressions of a rule depend on outside of it.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Parameters, by their place in the list of all.
    pub(super) params: BTreeSet<usize>,
    /// Lists and tables, likewise.
    pub(super) lists: BTreeSet<usize>,
    pub(super) tables: BTreeSet<usize>,
    /// Fields that are converted to a type because a schema says so: `ts: time`.
    pub(super) fields: BTreeSet<String>,
    /// Fields of events of types that have no schema.
    pub(super) unchecked: Vec<Unchecked>,
}

/// A field that no schema speaks of: its name, of a path the first, and the types of its event.
#[derive(Debug)]
pub(super) struct Unchecked {
    pub(super) field: CompactString,
    pub(super) types: Vec<CompactString>,
    pub(super) span: Span,
}

/// An expression with its type.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) ty: Type,
    /// A field that may be missing and then makes it unknown.
    missing: Option<Missing>,
}

/// A field that may be missing.
#[derive(Clone, Debug)]
struct Missing {
    /// As it is written.
    path: CompactString,
    /// Whether a schema speaks of it; without one, any field may be missing.
    declared: bool,
}

impl Typed {
    fn new(expr: Expr, ty: Type) -> Typed {
        Typed { expr, ty, missing: None }
    }

    fn constant(value: Value) -> Typed {
        let ty = Type::of_value(&value);
        Typed::new(Expr::Const(value), ty)
    }

    /// Stands in for what is wrong and reported.
    fn error() -> Typed {
        Typed::new(Expr::Const(Value::Null), Type::Error)
    }

    fn missing_with(mut self, missing: Option<Missing>) -> Typed {
        self.missing = missing;
        self
    }

    /// If a field of it may be missing, says how that is written.
    fn written(mut self, path: &str) -> Typed {
        if let Some(missing) = &mut self.missing {
            missing.path = path.into();
        }
        self
    }
}

impl<'a, 'l> Cx<'a, 'l> {
    pub(super) fn new(
        declared: &'a Declared,
        layout: &'a Layout<'l>,
        limits: &'a Limits,
        found: &'a mut Vec<Diagnostic>,
        uses: &'a mut Uses,
    ) -> Self {
        Cx {
            declared,
            layout,
            limits,
            found,
            uses,
            place: Place::Emit,
            counted: None,
            guards: IndexSet::new(),
            compared: Vec::new(),
            told: BTreeSet::new(),
            fields: IndexMap::new(),
            key_types: None,
        }
    }

    /// An expression at a place.
    pub(super) fn at(&mut self, place: Place, expr: &ast::Expr) -> Typed {
        self.place = place;
        self.lower(expr)
    }

    /// A condition at a place.
    pub(super) fn condition(&mut self, place: Place, expr: &ast::Expr) -> Expr {
        self.place = place;
        self.lower_bool(expr, "a condition").expr
    }

    /// A key of a step, whose events are of these types.
    pub(super) fn step_key(&mut self, types: &'a Types, expr: &ast::Expr) -> Expr {
        self.key_types = Some(types);
        let typed = self.at(Place::Key, expr);
        self.key_types = None;
        typed.expr
    }

    fn report(&mut self, finding: Diagnostic) -> Typed {
        self.found.push(finding);
        Typed::error()
    }

    fn wrong_type(&mut self, span: Span, message: String) -> Typed {
        self.report(Diagnostic::new(Code::WrongType, span, message))
    }

    fn lower(&mut self, expr: &ast::Expr) -> Typed {
        match &expr.kind {
            ExprKind::Literal(literal) => Typed::constant(literal::value(literal)),
            ExprKind::Path(path) => self.path(path, expr.span),
            ExprKind::Call { function, args } => self.call(function, args, expr.span),
            ExprKind::Member { base, path } => self.member(base, path, expr.span),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, expr.span),
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right, expr),
            ExprKind::In { value, set, negated } => self.is_in(value, set, *negated),
            ExprKind::Range { .. } => {
                let finding =
                    Diagnostic::new(Code::Misplaced, expr.span, "a range can only stand behind `in`");
                self.report(finding.help("write `x in lo..hi`"))
            }
            ExprKind::List(items) => self.list(items),
            ExprKind::If { condition, then, otherwise } => self.choice(condition, then, otherwise),
            ExprKind::Paren(inner) => self.lower(inner),
        }
    }

    fn lower_bool(&mut self, expr: &ast::Expr, what: &str) -> Typed {
        let typed = self.lower(expr);
        if typed.ty.is_bool() {
            return typed;
        }
        self.wrong_type(expr.span, format!("{what} must be a `bool`, and this is `{}`", typed.ty))
    }

    fn list(&mut self, items: &[ast::Expr]) -> Typed {
        let typed: Vec<Typed> = items.iter().map(|item| self.lower(item)).collect();
        let common = typed.iter().try_fold(Type::Null, |all, item| all.common(&item.ty));
        let item = match common {
            None | Some(Type::Null) => Type::Any,
            Some(item) => item,
        };
        let exprs = typed.into_iter().map(|item| item.expr).collect();
        Typed::new(Expr::List(exprs), Type::List(Box::new(item)))
    }

    fn choice(&mut self, condition: &ast::Expr, then: &ast::Expr, otherwise: &ast::Expr) -> Typed {
        let test = self.lower_bool(condition, "the condition of `if`");
        let (yes, no) = (self.lower(then), self.lower(otherwise));
        let Some(ty) = yes.ty.common(&no.ty) else {
            let message =
                format!("the branches of `if` are of different types, `{}` and `{}`", yes.ty, no.ty);
            return self.wrong_type(then.span.to(otherwise.span), message);
        };
        let missing = yes.missing.or(no.missing);
        Typed::new(Expr::If(Box::new(test.expr), Box::new(yes.expr), Box::new(no.expr)), ty)
            .missing_with(missing)
    }
}

/// What stands inside parentheses.
fn bare(expr: &ast::Expr) -> &ast::Expr {
    let mut inner = expr;
    while let ExprKind::Paren(next) = &inner.kind {
        inner = next;
    }
    inner
}
