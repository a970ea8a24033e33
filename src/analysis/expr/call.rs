//! Calls: forms of the language, built-in functions and those of an embedder.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::function::{Function, Functions, Kind, Own, Signature};
use crate::plan::{Aggregate, Expr};
use crate::span::Span;
use crate::syntax::ast::{self, Ident};
use crate::syntax::quote_ident;

use super::super::report::suggest;
use super::super::types::Type;
use super::{Cx, Typed, constant};

/// What looks like a function and speaks of bound events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    First,
    Last,
    Prev,
    Nth,
    Of(Aggregate),
    Rising,
    Falling,
    Lag,
    Has,
    Time,
    Lookup,
    Percentile,
}

const FORMS: [(&str, Form); 19] = [
    ("first", Form::First),
    ("last", Form::Last),
    ("prev", Form::Prev),
    ("nth", Form::Nth),
    ("count", Form::Of(Aggregate::Count)),
    ("sum", Form::Of(Aggregate::Sum)),
    ("avg", Form::Of(Aggregate::Avg)),
    ("min", Form::Of(Aggregate::Min)),
    ("max", Form::Of(Aggregate::Max)),
    ("distinct", Form::Of(Aggregate::Distinct)),
    ("list", Form::Of(Aggregate::List)),
    ("stddev", Form::Of(Aggregate::Stddev)),
    ("percentile", Form::Percentile),
    ("rising", Form::Rising),
    ("falling", Form::Falling),
    ("lag", Form::Lag),
    ("has", Form::Has),
    ("time", Form::Time),
    ("lookup", Form::Lookup),
];

impl Form {
    pub(super) fn by_name(name: &str) -> Option<Form> {
        FORMS.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }

    /// Whether it gives one bound event.
    pub(super) fn picks(self) -> bool {
        matches!(self, Form::First | Form::Last | Form::Prev | Form::Nth)
    }
}

/// Whether a name is that of a form or a built-in function.
fn is_built_in(name: &str) -> bool {
    Form::by_name(name).is_some() || Function::by_name(name).is_some()
}

/// Functions of an embedder that no rule could call.
pub(in crate::analysis) fn check_own(functions: &Functions, found: &mut Vec<Diagnostic>) {
    for name in functions.names() {
        let message = match () {
            () if is_built_in(name) => format!("there is a built-in function `{name}` already"),
            () if quote_ident(name) != name => format!("`{name}` is no name for a function"),
            () => continue,
        };
        let finding = Diagnostic::without_place(Code::DuplicateName, message);
        found.push(finding.help("give the embedder's function another name, of letters, digits and `_`"));
    }
}

/// The finding about a call with the wrong number of arguments.
pub(super) fn arguments(function: &Ident, wanted: &str, args: &[ast::Expr], span: Span) -> Diagnostic {
    let message = format!(
        "`{}` takes {wanted}, and {} given here",
        function.name,
        match args.len() {
            0 => "nothing is".to_string(),
            1 => "one argument is".to_string(),
            n => format!("{n} arguments are"),
        }
    );
    Diagnostic::new(Code::WrongArguments, span, message)
}

impl Cx<'_, '_> {
    pub(super) fn call(&mut self, function: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        // `min` and `max` of several values are functions, of one value aggregates.
        let form = Form::by_name(&function.name)
            .filter(|form| !matches!(form, Form::Of(Aggregate::Min | Aggregate::Max)) || args.len() < 2);
        match form {
            Some(Form::Of(aggregate)) => self.aggregate(aggregate, function, args, span),
            Some(Form::Rising) => self.trend(false, function, args, span),
            Some(Form::Falling) => self.trend(true, function, args, span),
            Some(Form::Lag) => self.lag(function, args, span),
            Some(Form::Has) => self.has(function, args, span),
            Some(Form::Time) => self.time(function, args, span),
            Some(Form::Lookup) => self.bare_lookup(args, span),
            Some(Form::Percentile) => self.percentile(function, args, span),
            Some(pick) => self.bare_pick(pick, function, args, span),
            None => match Function::by_name(&function.name) {
                Some(known) => self.function(known, function, args, span),
                None => match self.declared.functions.get(&function.name).cloned() {
                    Some(own) => self.own(&own, function, args, span),
                    None => self.unknown(function, args),
                },
            },
        }
    }

    pub(super) fn unknown(&mut self, function: &Ident, args: &[ast::Expr]) -> Typed {
        args.iter().for_each(|arg| drop(self.lower(arg)));
        let message = format!("there is no function `{}`", function.name);
        let known = FORMS.iter().map(|(name, _)| *name).chain(Function::ALL.iter().map(|f| f.name()));
        let names = known.chain(self.declared.functions.names());
        let finding =
            suggest(Diagnostic::new(Code::UnknownFunction, function.span, message), &function.name, names);
        self.report(finding)
    }

    fn function(&mut self, function: Function, name: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        let typed: Vec<Typed> = args.iter().map(|arg| self.lower(arg)).collect();
        let Some(ty) = self.check_arguments(&function.signature(), name, args, &typed, span) else {
            return Typed::error();
        };
        if !self.check_constants(function, args, &typed) {
            return Typed::error();
        }
        let missing = typed.iter().find_map(|value| value.missing.clone());
        let mut args: Vec<Expr> = typed.into_iter().map(|value| value.expr).collect();
        let function = match function {
            // Inside an aggregate the current event is the one that is counted, as it is for `time(x)`.
            Function::Age => {
                args.push(Expr::Now);
                Function::Elapsed
            }
            other => other,
        };
        Typed::new(Expr::Call(function, args), ty).missing_with(missing)
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        Function::by_name(name).is_some() || self.declared.functions.get(name).is_some()
    }

    /// A call of an embedder's function.
    fn own(&mut self, function: &Arc<Own>, name: &Ident, args: &[ast::Expr], span: Span) -> Typed {
        let typed: Vec<Typed> = args.iter().map(|arg| self.lower(arg)).collect();
        let Some(ty) = self.check_arguments(&function.signature(), name, args, &typed, span) else {
            return Typed::error();
        };
        let missing = typed.iter().find_map(|value| value.missing.clone());
        let args = typed.into_iter().map(|value| value.expr).collect();
        Typed::new(Expr::Own(Arc::clone(function), args), ty).missing_with(missing)
    }

    /// The type of what a function gives, if its arguments are right in number and types.
    fn check_arguments(
        &mut self,
        signature: &Signature,
        name: &Ident,
        args: &[ast::Expr],
        typed: &[Typed],
        span: Span,
    ) -> Option<Type> {
        if args.len() < signature.required.len() || args.len() > most(signature) {
            self.report(arguments(name, &wanted(signature), args, span));
            return None;
        }
        let (mut same, mut right) = (Type::Null, true);
        for (at, (arg, value)) in args.iter().zip(typed).enumerate() {
            let kind = kind_of(signature, at);
            let fits = if kind == Kind::Same {
                let common = same.common(&value.ty);
                common.clone().inspect(|ty| same = ty.clone()).is_some()
            } else {
                value.ty.fits(kind)
            };
            if !fits {
                right = false;
                let wanted = if kind == Kind::Same { format!("`{same}`") } else { word(kind).to_string() };
                self.wrong_type(
                    arg.span,
                    format!("`{}` wants {wanted} here, and this is `{}`", name.name, value.ty),
                );
            }
        }
        right.then(|| match signature.result {
            Kind::Same if signature.required.first() == Some(&Kind::Same) => same,
            Kind::Same => {
                typed.iter().try_fold(Type::Null, |all, value| all.common(&value.ty)).unwrap_or(Type::Any)
            }
            Kind::List if name.name == Function::Split.name() => Type::List(Box::new(Type::String)),
            Kind::List => Type::List(Box::new(Type::Any)),
            kind => Type::of_field(&kind.field_type()),
        })
    }

    /// What is known of constant arguments before any event.
    fn check_constants(&mut self, function: Function, args: &[ast::Expr], typed: &[Typed]) -> bool {
        let mut right = true;
        for (at, (arg, value)) in args.iter().zip(typed).enumerate() {
            if let Expr::Const(Value::Str(text)) = &value.expr
                && let Some(finding) = constant::check(function, at, text, arg.span)
            {
                right = false;
                self.report(finding);
            }
        }
        right
    }
}

fn most(signature: &Signature) -> usize {
    if signature.variadic { usize::MAX } else { signature.required.len() + signature.optional.len() }
}

/// The kind of the argument at this place; the last one holds for all that follow.
fn kind_of(signature: &Signature, at: usize) -> Kind {
    let mut kinds = signature.required.iter().chain(signature.optional);
    kinds.nth(at).or(signature.optional.last()).or(signature.required.last()).copied().unwrap_or(Kind::Any)
}

fn wanted(signature: &Signature) -> String {
    let (least, most) = (signature.required.len(), most(signature));
    let plural = |n: usize| if n == 1 { "argument" } else { "arguments" };
    match most {
        usize::MAX => format!("at least {least} {}", plural(least)),
        most if most == least => format!("{least} {}", plural(least)),
        most => format!("{least} to {most} arguments"),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Any | Kind::Same => "a value",
        Kind::String => "a string",
        Kind::Int => "a whole number",
        Kind::Number | Kind::Float => "a number",
        Kind::Bool => "a bool",
        Kind::Time => "a time",
        Kind::Duration => "a duration",
        Kind::Ip => "an address",
        Kind::List => "a list",
    }
}
