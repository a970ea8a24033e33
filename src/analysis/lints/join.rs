//! Keys that conditions ask for, step by step.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Compare, Expr, Field, Item, Mode, Pattern, Policy, Repeat, Step};
use crate::span::Span;

use crate::analysis::held;

/// A `global` rule whose steps all ask for the same field as an earlier one: with that as its key it finds the same.
pub(in crate::analysis) fn global_key(
    pattern: &Pattern,
    policy: Policy,
    global: Span,
    found: &mut Vec<Diagnostic>,
) {
    // These end what is begun of other keys, too.
    let alone = matches!(policy, Policy::Disjoint | Policy::Every | Policy::All { .. });
    let Some(rest) = behind_the_first(pattern).filter(|_| alone && pattern.cancel.is_none()) else { return };
    let mut fields = rest.iter().map(|step| joined(step));
    let Some(mut common) = fields.next() else { return };
    fields.for_each(|fields| common.retain(|field| fields.contains(field)));
    if let Some(field) = common.first() {
        let name = field.path.join(".");
        let message = format!("each step asks for the `{name}` of an earlier one");
        let help = format!(
            "write `by {name}` for `global`: it finds the same, and asks only events of one `{name}`"
        );
        found.push(Diagnostic::new(Code::GlobalKey, global, message).help(help));
    }
}

/// The steps and absences behind a first step that binds one event, where other keys do nothing to them.
fn behind_the_first(pattern: &Pattern) -> Option<Vec<&Step>> {
    let Some(Item::Step(first)) = pattern.items.first() else { return None };
    let steps: Option<Vec<&Step>> = pattern.items.iter().skip(1).map(|item| step_of(pattern, item)).collect();
    let apart = |step: &&Step| step.mode != Mode::Next && step.until.is_none() && !lags(step);
    steps.filter(|steps| pattern.step(*first).repeat == Repeat::ONCE && steps.iter().all(apart))
}

fn step_of<'p>(pattern: &'p Pattern, item: &Item) -> Option<&'p Step> {
    match item {
        Item::Step(id) | Item::Absence(id) => Some(pattern.step(*id)),
        _ => None,
    }
}

fn lags(step: &Step) -> bool {
    let mut lags = false;
    step.filter.iter().for_each(|filter| filter.visit(&mut |expr| lags |= matches!(expr, Expr::Lag { .. })));
    lags
}

/// The fields that are to be equal to those of an event that is bound.
fn joined(step: &Step) -> Vec<&Field> {
    let equal = |term| match term {
        &Expr::Compare(Compare::Eq, ref left, ref right) => match (&**left, &**right) {
            (Expr::Field(here), Expr::Bound { field, .. })
            | (Expr::Bound { field, .. }, Expr::Field(here))
                if here == field =>
            {
                Some(here)
            }
            _ => None,
        },
        _ => None,
    };
    step.filter.iter().flat_map(held::terms).filter_map(equal).collect()
}
