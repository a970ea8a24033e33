//! Aggregates over the events bound to one step.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::event::Value;
use crate::id::SlotId;
use crate::plan::{Aggregate, Expr, Share};
use crate::span::Span;
use crate::syntax::ast::{self, ExprKind, Ident, Path};

use super::super::layout::Layout;
use super::super::types::Type;
use super::call::arguments;
use super::{Cx, Typed, bare};

impl Cx<'_, '_> {
    /// `count(x)`, `sum(x.price * x.qty)`
    pub(super) fn aggregate(
        &mut self,
        what: Aggregate,
        function: &Ident,
        args: &[ast::Expr],
        span: Span,
    ) -> Typed {
        if self.counted.is_some() {
            let finding = Diagnostic::new(Code::Misplaced, span, "an aggregate cannot stand in another");
            return self.report(finding);
        }
        let [arg] = args else { return self.report(arguments(function, "one value of a step", args, span)) };
        if let Some(name) = self.plain_step(arg) {
            return self.whole(what, function, name, arg);
        }
        let Some((slot, name)) = self.one_step(function, arg) else { return Typed::error() };
        let Some(reach) = self.reach(slot, name) else { return Typed::error() };
        self.counted = Some(slot);
        let value = self.lower(arg);
        self.counted = None;
        let Some(ty) = result(what, &value.ty) else {
            let message = format!("`{}` cannot be made of values of type `{}`", function.name, value.ty);
            return self.wrong_type(arg.span, message);
        };
        Typed::new(Expr::Aggregate { function: what, slot: reach.slot, arg: Some(Box::new(value.expr)) }, ty)
    }

    /// `percentile(x.f, 0.95)`
    pub(super) fn percentile(&mut self, function: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        let [value, share] = args else {
            return self.report(arguments(function, "a value of a step and a share", args, span));
        };
        let typed = self.lower(share);
        let number = match &typed.expr {
            Expr::Const(Value::Float(x)) => Some(*x),
            Expr::Const(Value::Int(n)) => Some(*n as f64),
            _ => None,
        };
        let Some(share) = number.and_then(Share::new) else {
            if typed.ty != Type::Error {
                let (code, message) = match number {
                    Some(_) => (Code::WrongArguments, "a share is a number from 0 to 1"),
                    None => (Code::NotConstant, "the share of `percentile` must be a constant number"),
                };
                let finding = Diagnostic::new(code, share.span, message);
                self.report(finding.help("write `0.95` for the 95th percentile, `0.5` for the median"));
            }
            drop(self.aggregate(Aggregate::Min, function, std::slice::from_ref(value), span));
            return Typed::error();
        };
        self.aggregate(Aggregate::Percentile(share), function, std::slice::from_ref(value), span)
    }

    /// The step whose name is all of the argument.
    fn plain_step<'e>(&self, arg: &'e ast::Expr) -> Option<&'e Ident> {
        match &bare(arg).kind {
            ExprKind::Path(Path { segments }) => match &segments[..] {
                [name] if self.layout.slot(&name.name).is_some() => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    fn whole(&mut self, what: Aggregate, function: &Ident, name: &Ident, arg: &ast::Expr) -> Typed {
        let Some(reach) = self.step(function, arg) else { return Typed::error() };
        if what != Aggregate::Count {
            let message =
                format!("`{}` wants a value of each event, and `{}` is a step", function.name, name.name);
            let finding = Diagnostic::new(Code::WrongArguments, arg.span, message);
            return self.report(finding.help(format!("write `{}`", written(function, &name.name))));
        }
        Typed::new(Expr::Aggregate { function: what, slot: reach.slot, arg: None }, Type::Int)
    }

    /// The one step that an aggregate's argument speaks of.
    fn one_step<'e>(&mut self, function: &Ident, arg: &'e ast::Expr) -> Option<(SlotId, &'e Ident)> {
        let names = names_in(arg, self.layout);
        let Some(first) = names.first().copied() else {
            let finding = self.no_step(function, arg);
            self.report(finding);
            return None;
        };
        if let Some(other) = names.iter().find(|name| name.name != first.name) {
            let message = format!(
                "`{}` is made of the events of one step, and here are `{}` and `{}`",
                function.name, first.name, other.name
            );
            self.report(Diagnostic::new(Code::WrongArguments, other.span, message));
            return None;
        }
        self.layout.slot(&first.name).map(|slot| (slot, first))
    }

    /// The finding about an aggregate's argument that speaks of no step.
    fn no_step(&self, function: &Ident, arg: &ast::Expr) -> Diagnostic {
        let name = match &bare(arg).kind {
            ExprKind::Path(Path { segments }) => segments.first(),
            _ => None,
        };
        let looks_like = name.is_some_and(|name| nearest(&name.name, self.layout.names()).is_some());
        let is_dotted = matches!(&bare(arg).kind, ExprKind::Path(Path { segments }) if segments.len() > 1);
        match name {
            Some(name) if looks_like || (is_dotted && name.name != "this") => self.layout.unknown_step(name),
            _ => {
                let message =
                    format!("`{}` is made of the events of a step, and no step is named here", function.name);
                let code = if name.is_some() { Code::UnknownName } else { Code::WrongArguments };
                let finding = Diagnostic::new(code, arg.span, message);
                finding.help(format!("write `{}` with the name of a step", written(function, "x")))
            }
        }
    }
}

/// An aggregate over a step, as a rule writes it.
fn written(function: &Ident, step: &str) -> String {
    let behind = match function.name.as_str() {
        "count" => "",
        "percentile" => ".FIELD, 0.95",
        _ => ".FIELD",
    };
    format!("{}({step}{behind})", function.name)
}

/// What an aggregate makes of values of a type.
fn result(what: Aggregate, of: &Type) -> Option<Type> {
    match what {
        Aggregate::Count | Aggregate::Distinct => Some(Type::Int),
        Aggregate::List => Some(Type::List(Box::new(of.clone()))),
        Aggregate::Min | Aggregate::Max | Aggregate::Percentile(_) => of.is_ordered().then(|| of.clone()),
        Aggregate::Sum => (of.is_number() || *of == Type::Duration).then(|| of.clone()),
        Aggregate::Avg | Aggregate::Stddev if of.is_open() => Some(of.clone()),
        Aggregate::Avg | Aggregate::Stddev if *of == Type::Duration => Some(Type::Duration),
        Aggregate::Avg | Aggregate::Stddev => of.is_number().then_some(Type::Float),
    }
}

/// The names of steps that an expression mentions, in the order of the text.
pub(super) fn names_in<'e>(expr: &'e ast::Expr, layout: &Layout) -> Vec<&'e Ident> {
    let (mut names, mut rest) = (Vec::new(), vec![expr]);
    while let Some(expr) = rest.pop() {
        match &expr.kind {
            ExprKind::Path(Path { segments }) => {
                names.extend(segments.first().filter(|name| layout.slot(&name.name).is_some()));
            }
            _ => rest.extend(children(expr).into_iter().rev()),
        }
    }
    names
}

/// The expressions an expression is made of, from left to right.
fn children(expr: &ast::Expr) -> Vec<&ast::Expr> {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Path(_) => Vec::new(),
        ExprKind::Call { args, .. } | ExprKind::List(args) => args.iter().collect(),
        ExprKind::Member { base: inner, .. }
        | ExprKind::Unary { operand: inner, .. }
        | ExprKind::Paren(inner) => {
            vec![inner]
        }
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::In { value, set, .. } => vec![value, set],
        ExprKind::Range { low, high, .. } => vec![low, high],
        ExprKind::If { condition, then, otherwise } => vec![condition, then, otherwise],
    }
}
