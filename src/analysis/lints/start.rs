//! First steps that cost much: every event of the stream is asked.

use crate::diagnostic::{Code, Diagnostic};
use crate::function::Function;
use crate::id::StepId;
use crate::plan::{Expr, Item, Pattern, TextOp, TextPattern, Types};

use crate::analysis::layout::Layout;

/// A first step over events of any type whose condition searches text: nothing cheaper comes before the search.
pub(in crate::analysis) fn expensive(pattern: &Pattern, layout: &Layout, found: &mut Vec<Diagnostic>) {
    for id in firsts(pattern, &pattern.items) {
        let step = pattern.step(id);
        let (Types::Any, Some(filter)) = (&step.types, &step.filter) else { continue };
        let Some(info) = layout.steps.get(id.index()).filter(|_| begins_with_search(filter)) else {
            continue;
        };
        let Some(written) = &info.ast.filter else { continue };
        let message = format!(
            "every event of the stream is searched for text, as `{}` may be of any type",
            info.ast.name.name
        );
        let help =
            "name the types, or put a comparison before the search: what is false there is not searched";
        found.push(Diagnostic::new(Code::ExpensiveStart, written.span, message).help(help));
    }
}

/// The steps that may bind the first event.
fn firsts(pattern: &Pattern, items: &[Item]) -> Vec<StepId> {
    let mut firsts = Vec::new();
    for item in items {
        let optional = match item {
            Item::Absence(_) => true,
            Item::Step(id) => {
                firsts.push(*id);
                pattern.step(*id).repeat.min == 0
            }
            Item::Group(id) => {
                firsts.extend(self::firsts(pattern, &pattern.group(*id).items));
                pattern.group(*id).repeat.min == 0
            }
            Item::Either(parts) | Item::Of { members: parts, .. } => {
                firsts.extend(parts.iter().flat_map(|part| self::firsts(pattern, part)));
                false
            }
        };
        if !optional {
            break;
        }
    }
    firsts
}

/// Whether the first that is asked of an event is whether a text has something in it.
fn begins_with_search(filter: &Expr) -> bool {
    match filter {
        Expr::And(first, _) | Expr::Or(first, _) | Expr::Not(first) => begins_with_search(first),
        Expr::Text(_, TextPattern { op: TextOp::Like | TextOp::Ilike, pattern }) => {
            pattern.contains(['*', '?'])
        }
        Expr::Text(..) | Expr::Call(Function::Contains, _) => true,
        _ => false,
    }
}
