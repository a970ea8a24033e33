//! Forms that speak of single events: `first last prev nth`, `time`, `has`.

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::plan::{Expr, Pick};
use crate::span::Span;
use crate::syntax::ast::{self, ExprKind, Ident, Path};
use crate::syntax::print_expr;

use super::super::reach::Reach;
use super::super::schema::join;
use super::super::types::Type;
use super::call::{Form, arguments};
use super::{Cx, Typed, bare};

impl Cx<'_, '_> {
    /// `first(fail).ip`
    pub(super) fn member(&mut self, base: &ast::Expr, path: &Path, span: Span) -> Typed {
        let ExprKind::Call { function, args } = &bare(base).kind else {
            return self.wrong_type(span, "only an event has fields".into());
        };
        match Form::by_name(&function.name) {
            Some(Form::Lookup) => self.lookup(function, args, path, span),
            Some(form) if form.picks() => match self.pick(form, function, args, span) {
                Some((reach, pick)) => {
                    let written = format!("{}.{}", print_expr(base), join(path));
                    self.bound(reach, pick, &path.segments, span).written(&written)
                }
                None => Typed::error(),
            },
            None if !self.is_function(&function.name) => self.unknown(function, args),
            _ => {
                let message = format!("`{}` gives a value, and only an event has fields", function.name);
                self.wrong_type(span, message)
            }
        }
    }

    /// `first(fail)` without a field.
    pub(super) fn bare_pick(
        &mut self,
        form: Form,
        function: &Ident,
        args: &[ast::Expr],
        span: Span,
    ) -> Typed {
        if self.pick(form, function, args, span).is_none() {
            return Typed::error();
        }
        let finding = Diagnostic::new(
            Code::WrongType,
            span,
            format!("`{}` gives an event and no value", function.name),
        );
        self.report(finding.help("write one of its fields, `first(x).FIELD`, or its time, `time(first(x))`"))
    }

    /// Which event of which step is meant.
    fn pick(
        &mut self,
        form: Form,
        function: &Ident,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<(Reach, Pick)> {
        if self.counted.is_some() {
            let finding = Diagnostic::new(
                Code::Misplaced,
                span,
                "an aggregate goes over all events of its step and cannot pick one",
            );
            self.report(finding);
            return None;
        }
        let wanted = if form == Form::Nth { 2 } else { 1 };
        if args.len() != wanted {
            self.report(arguments(
                function,
                if wanted == 2 { "a step and a number" } else { "a step" },
                args,
                span,
            ));
            return None;
        }
        let (reach, nth) = (self.step(function, args.first()?), args.get(1).map(|n| self.ordinal(n)));
        let reach = reach?;
        // Where a loop is judged, the event before is the last that is bound.
        let before = if reach.own { 0 } else { 1 };
        let pick = match form {
            Form::First => Pick::First,
            Form::Last if reach.own => Pick::Back(0),
            Form::Last => Pick::Last,
            Form::Prev => Pick::Back(before),
            _ => Pick::Nth(nth??),
        };
        Some((reach, pick))
    }

    /// The number of `nth`: at least 1 and known.
    fn ordinal(&mut self, expr: &ast::Expr) -> Option<u32> {
        let typed = self.lower(expr);
        let value = match &typed.expr {
            Expr::Const(Value::Int(n)) => u32::try_from(*n).ok().filter(|&n| n > 0),
            _ => None,
        };
        if value.is_none() && typed.ty != Type::Error {
            let message = "the number of `nth` must be a whole number from 1 on, written out";
            self.report(Diagnostic::new(Code::NotConstant, expr.span, message));
        }
        value
    }

    /// The argument of a form that wants the name of a step.
    pub(super) fn step(&mut self, function: &Ident, arg: &ast::Expr) -> Option<Reach> {
        let ExprKind::Path(Path { segments }) = &bare(arg).kind else {
            let message = format!("`{}` wants the name of a step", function.name);
            self.report(Diagnostic::new(Code::WrongArguments, arg.span, message));
            return None;
        };
        let (name, rest) = segments.split_first()?;
        let Some(slot) = self.layout.slot(&name.name) else {
            let finding = self.layout.unknown_step(name);
            self.report(finding);
            return None;
        };
        let Some(field) = rest.first() else { return self.reach(slot, name) };
        let finding = Diagnostic::new(
            Code::WrongArguments,
            arg.span,
            format!("`{}` wants the name of a step, without a field", function.name),
        );
        self.report(finding.help(format!("write `{}({}).{}`", function.name, name.name, field.name)));
        None
    }

    /// `time()`, `time(x)`, `time(first(x))`
    pub(super) fn time(&mut self, function: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        match args {
            [] if self.counted.is_some() => {
                let finding = Diagnostic::new(
                    Code::Misplaced,
                    span,
                    "`time()` is of the current event, not of those counted",
                );
                self.report(finding.help("write `time(x)` with the step that is counted"))
            }
            [] => Typed::new(Expr::Now, Type::Time),
            [arg] => match self.time_of(function, arg) {
                Some(expr) => Typed::new(expr, Type::Time),
                None => Typed::error(),
            },
            _ => self.report(arguments(function, "at most one step", args, span)),
        }
    }

    fn time_of(&mut self, function: &Ident, arg: &ast::Expr) -> Option<Expr> {
        if let ExprKind::Call { function: inner, args } = &bare(arg).kind
            && let Some(form) = Form::by_name(&inner.name).filter(|form| form.picks())
        {
            let (reach, pick) = self.pick(form, inner, args, arg.span)?;
            return Some(Expr::TimeOf { slot: reach.slot, pick });
        }
        let reach = self.step(function, arg)?;
        if self.counted.is_some() {
            return Some(Expr::Now);
        }
        if reach.repeated {
            let finding = Diagnostic::new(
                Code::NeedsAggregate,
                arg.span,
                "this step may be several events: say which of them",
            );
            self.report(finding.help("write `time(last(x))` or `time(first(x))`"));
            return None;
        }
        Some(Expr::TimeOf { slot: reach.slot, pick: Pick::Last })
    }

    /// `has(f)`
    pub(super) fn has(&mut self, function: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        let [arg] = args else { return self.report(arguments(function, "a field", args, span)) };
        match &bare(arg).kind {
            ExprKind::Path(Path { segments }) => {
                if let [name] = &segments[..]
                    && self.layout.slot(&name.name).is_some()
                {
                    let message = format!("`has` asks for a field, and `{}` is a step", name.name);
                    let finding = Diagnostic::new(Code::WrongArguments, arg.span, message);
                    return self.report(finding.help(format!("write `count({}) > 0`", name.name)));
                }
            }
            ExprKind::Member { .. } => {}
            _ => {
                let finding = Diagnostic::new(Code::WrongArguments, arg.span, "`has` asks for a field");
                return self.report(finding);
            }
        }
        let field = self.lower(arg);
        Typed::new(Expr::Has(Box::new(field.expr)), Type::Bool)
    }
}
