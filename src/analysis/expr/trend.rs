//! Forms that compare with an earlier event: `lag`, `rising`, `falling`.

use compact_str::format_compact;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Expr, SlotRef, Types};
use crate::span::Span;
use crate::syntax::ast::{self, ExprKind, Ident, Path};

use super::super::reach::Place;
use super::super::types::Type;
use super::aggregate::names_in;
use super::call::arguments;
use super::{Cx, Missing, Typed, bare};

impl Cx<'_, '_> {
    /// `lag(f)`
    pub(super) fn lag(&mut self, function: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        let Some(step) = self.place.step().filter(|_| self.counted.is_none()) else {
            let message = "`lag` looks back from a step's event and stands in its `where` or `until` only";
            return self.report(Diagnostic::new(Code::Misplaced, span, message));
        };
        let [arg] = args else { return self.report(arguments(function, "a field", args, span)) };
        let names = match &bare(arg).kind {
            ExprKind::Path(Path { segments }) => match &segments[..] {
                [this, rest @ ..] if this.name == "this" && !rest.is_empty() => Some(rest),
                [name, ..] if self.layout.slot(&name.name).is_some() => None,
                all => Some(all),
            },
            _ => None,
        };
        let Some(names) = names else {
            let finding =
                Diagnostic::new(Code::WrongArguments, arg.span, "`lag` wants a field of the current event");
            return self.report(finding);
        };
        let types = self.layout.pattern.steps.get(step.index()).map(|step| &step.types);
        let (field, ty, _) = self.field(names, types.unwrap_or(&Types::Any), arg.span);
        let path = format_compact!("lag({})", field.path.join("."));
        let missing = Some(Missing { path, declared: true });
        Typed::new(Expr::Lag { step, field }, ty).missing_with(missing)
    }

    /// `rising(f)`, `falling(f)`
    pub(super) fn trend(&mut self, falling: bool, function: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        let Some(slot) = self.own_loop() else {
            let message = format!(
                "`{}` compares the events of a loop and stands in its `where` or `until` only",
                function.name
            );
            return self.report(Diagnostic::new(Code::Misplaced, span, message));
        };
        let [arg] = args else { return self.report(arguments(function, "a field", args, span)) };
        if let Some(name) = names_in(arg, self.layout).first() {
            let message = format!(
                "`{}` wants a value of the current event, and `{}` is a step",
                function.name, name.name
            );
            return self.report(Diagnostic::new(Code::WrongArguments, name.span, message));
        }
        let value = self.lower(arg);
        if !value.ty.is_ordered() {
            let message =
                format!("`{}` wants a value with an order, and this is `{}`", function.name, value.ty);
            return self.wrong_type(arg.span, message);
        }
        Typed::new(Expr::Trend { slot, falling, value: Box::new(value.expr) }, Type::Bool)
            .missing_with(value.missing)
    }

    /// The loop in whose own clauses this is.
    fn own_loop(&self) -> Option<SlotRef> {
        let (Place::Where(_) | Place::Until(_), None) = (self.place, self.counted) else { return None };
        let step = self.place.step()?;
        let slot = self.layout.pattern.steps.get(step.index())?.slot;
        self.layout.reach(self.place, slot).ok().filter(|reach| reach.own).map(|reach| reach.slot)
    }
}
