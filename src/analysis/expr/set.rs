//! `in`

use std::sync::Arc;

use crate::data;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Expr, Set};
use crate::syntax::ast::{self, ExprKind, Path};

use super::super::file::List;
use super::super::types::Type;
use super::{Cx, Typed, bare};

impl Cx<'_, '_> {
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
                self.empty_range(&from.expr, &to.expr, *inclusive, set.span);
                right.then_some(Set::Range { low: from.expr, high: to.expr, inclusive: *inclusive })
            }
            _ => match self.file_list(set) {
                Some(list) => self.in_file(value, value_at, list),
                None => self.set_value(value, set),
            },
        }
    }

    /// The list from a file that a set is.
    fn file_list(&mut self, set: &ast::Expr) -> Option<Arc<data::List>> {
        let ExprKind::Path(Path { segments }) = &bare(set).kind else { return None };
        let [name] = &segments[..] else { return None };
        let (at, _, list) = self.declared.lists.get_full(&name.name)?;
        let List::File(list, _) = list else { return None };
        self.layout.slot(&name.name).is_none().then(|| {
            self.uses.lists.insert(at);
            Arc::clone(list)
        })
    }

    fn in_file(&mut self, value: &Typed, value_at: &ast::Expr, list: Arc<data::List>) -> Option<Set> {
        if let Type::List(_) = value.ty {
            let message = format!("`{}` holds single values, and this is `{}`", list.name(), value.ty);
            self.wrong_type(value_at.span, message);
            return None;
        }
        Some(Set::File(list))
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
}
