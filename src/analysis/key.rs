//! Partition keys.

use std::collections::BTreeSet;

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Expr, Pattern};
use crate::span::Span;
use crate::syntax::ast::{self, ExprKind, Partition};
use crate::syntax::print_expr;

use super::expr::Cx;
use super::layout::Layout;
use super::reach::Place;
use super::report::no_effect;
use super::schema::join;

/// The keys of a rule with the names alerts give them. None is `global`.
pub(super) fn rule(partition: &Partition, cx: &mut Cx) -> Vec<(CompactString, Expr)> {
    match partition {
        Partition::Global(_) => Vec::new(),
        Partition::Missing(span) => {
            let message = "this rule says neither `by` nor `global`";
            let finding = Diagnostic::new(Code::MissingKey, *span, message);
            cx.found.push(finding.help(
                "write `by FIELD` to look at each of its values apart, or `global` for all events together",
            ));
            Vec::new()
        }
        Partition::By(keys) => named(keys, cx),
    }
}

fn named(keys: &[ast::Expr], cx: &mut Cx) -> Vec<(CompactString, Expr)> {
    let mut named: Vec<(CompactString, Expr)> = Vec::new();
    let mut names = BTreeSet::new();
    for key in keys {
        let name = name(key);
        if !names.insert(name.clone()) {
            cx.found.push(no_effect(key.span, format!("the key `{name}` stands twice")));
        }
        let expr = cx.at(Place::Key, key).expr;
        named.push((name, expr));
    }
    named
}

/// A path is its own name, anything else its text.
pub(super) fn name(key: &ast::Expr) -> CompactString {
    match &key.kind {
        ExprKind::Path(path) => {
            let joined = join(path);
            joined.strip_prefix("this.").unwrap_or(&joined).into()
        }
        ExprKind::Paren(inner) => name(inner),
        _ => print_expr(key).into(),
    }
}

/// The keys that steps have of their own.
pub(super) fn steps<'a>(
    partition: &Partition,
    layout: &'a Layout,
    pattern: &mut Pattern,
    cx: &mut Cx<'a, '_>,
) {
    for ((step, info), known) in pattern.steps.iter_mut().zip(&layout.steps).zip(&layout.pattern.steps) {
        let Some(keys) = &info.ast.by else { continue };
        let span = keys.iter().map(|key| key.span).reduce(Span::to).unwrap_or(info.ast.name.span);
        check(partition, info.ast, keys.len(), span, cx);
        step.key = Some(keys.iter().map(|key| cx.step_key(&known.types, key)).collect());
    }
}

fn fields(count: usize) -> String {
    format!("{count} {}", if count == 1 { "field" } else { "fields" })
}

fn check(partition: &Partition, step: &ast::Step, count: usize, span: Span, cx: &mut Cx) {
    let name = &step.name.name;
    if let Some((ast::Mode::Next, mode)) = step.mode {
        let message =
            format!("`{name}` has its own key and cannot be `next`: its events are of another partition");
        cx.found.push(
            Diagnostic::new(Code::BadMode, mode, message).help("leave out `next`, or the step's own key"),
        );
    }
    let message = match partition {
        Partition::Missing(_) => return,
        Partition::Global(_) => format!("`{name}` has its own key, and the rule is `global`"),
        Partition::By(keys) if keys.len() != count => {
            format!("the key of `{name}` has {}, and that of the rule {}", fields(count), keys.len())
        }
        Partition::By(_) => return,
    };
    cx.found.push(
        Diagnostic::new(Code::BadKey, span, message)
            .help("a step's keys stand for those of the rule, one for one"),
    );
}
