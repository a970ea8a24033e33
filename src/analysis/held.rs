//! What conditions hold a value against: which of them cannot be true together, and which is true whenever another is.
//!
//! Only what is certain of every value is said, also of one that is missing or of another type: a condition is true or it
//! is not, and unknown is not true. Constants are held against each other within one kind, numbers whole or not.

use std::cmp::Ordering;

use crate::event::Value;
use crate::plan::{Compare, Expr, Set};

/// A value that is held against something.
struct Held<'e> {
    of: &'e Expr,
    to: To<'e>,
}

/// What it is held against.
enum To<'e> {
    /// A constant.
    Constant(Compare, &'e Value),
    /// Constants of which it is to be one.
    OneOf(Vec<&'e Value>),
}

/// Whether two conditions are never true of the same event.
pub(super) fn exclude(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        // A constant stands for what was wrong, too.
        (Expr::Const(_), _) | (_, Expr::Const(_)) => return false,
        (Expr::Not(not), other) | (other, Expr::Not(not)) if **not == *other => return true,
        (Expr::Compare(one, left, right), Expr::Compare(other, to, with)) if (left, right) == (to, with) => {
            return orders(*one) & orders(*other) == 0;
        }
        _ => {}
    }
    let others = held(b);
    held(a).iter().any(|a| others.iter().any(|b| a.of == b.of && apart(&a.to, &b.to)))
}

/// Whether a condition is true whenever another one is.
pub(super) fn implies(strict: &Expr, broad: &Expr) -> bool {
    if strict == broad {
        return true;
    }
    let (strict, broad) = (held(strict), held(broad));
    let follows = |b: &Held<'_>| strict.iter().any(|a| a.of == b.of && within(&a.to, &b.to));
    !broad.is_empty() && broad.iter().all(follows)
}

/// What a condition is about, if it holds something against constants.
pub(super) fn subject(condition: &Expr) -> Option<&Expr> {
    held(condition).first().map(|held| held.of)
}

/// What an `and` joins.
pub(super) fn terms(condition: &Expr) -> Vec<&Expr> {
    let (mut terms, mut rest) = (Vec::new(), vec![condition]);
    while let Some(expr) = rest.pop() {
        match expr {
            Expr::And(left, right) => rest.extend([&**right, &**left]),
            term => terms.push(term),
        }
    }
    terms
}

/// The constants against which a condition holds a value; it is true exactly if all of it is. Empty for all other
/// conditions.
fn held(condition: &Expr) -> Vec<Held<'_>> {
    let (condition, negated) = match condition {
        Expr::Not(inner) => (&**inner, true),
        other => (other, false),
    };
    match condition {
        Expr::Compare(op, left, right) => {
            let op = if negated { opposite(*op) } else { *op };
            let held = match (&**left, &**right) {
                (Expr::Const(_), Expr::Const(_)) => None,
                (of, Expr::Const(value)) => Some(Held { of, to: To::Constant(op, value) }),
                (Expr::Const(value), of) => Some(Held { of, to: To::Constant(turned(op), value) }),
                _ => None,
            };
            held.into_iter().collect()
        }
        Expr::In(of, set) if !negated => in_set(of, set),
        _ => Vec::new(),
    }
}

fn in_set<'e>(of: &'e Expr, set: &'e Set) -> Vec<Held<'e>> {
    match set {
        Set::Range { low: Expr::Const(low), high: Expr::Const(high), inclusive } => {
            let end = if *inclusive { Compare::Le } else { Compare::Lt };
            let bounds = [(Compare::Ge, low), (end, high)];
            bounds.map(|(op, value)| Held { of, to: To::Constant(op, value) }).into()
        }
        Set::Items(items) => {
            let constant = |item: &'e Expr| match item {
                Expr::Const(value) => Some(value),
                _ => None,
            };
            let values: Option<Vec<&Value>> = items.iter().map(constant).collect();
            values.map(|values| Held { of, to: To::OneOf(values) }).into_iter().collect()
        }
        Set::Value(Expr::Const(Value::List(items))) => {
            vec![Held { of, to: To::OneOf(items.iter().collect()) }]
        }
        Set::Range { .. } | Set::Value(_) | Set::File(_) => Vec::new(),
    }
}

/// Whether no value is both.
fn apart(a: &To<'_>, b: &To<'_>) -> bool {
    match (a, b) {
        (To::OneOf(values), other) | (other, To::OneOf(values)) => values.iter().all(|value| match other {
            To::Constant(op, bound) => excludes((Compare::Eq, value), (*op, bound)),
            To::OneOf(others) => {
                others.iter().all(|other| excludes((Compare::Eq, value), (Compare::Eq, other)))
            }
        }),
        (To::Constant(one, value), To::Constant(other, bound)) => excludes((*one, value), (*other, bound)),
    }
}

/// Whether no value fulfils both.
fn excludes(a: (Compare, &Value), b: (Compare, &Value)) -> bool {
    use Compare::{Eq, Ge, Gt, Le, Lt, Ne};
    // Text may be read as a time or an address, of which one can be written in several ways.
    if matches!(a.1, Value::Str(_)) && (a.0, b.0) != (Eq, Eq) {
        return false;
    }
    let Some(order) = alike(a.1, b.1) else { return false };
    match (a.0, b.0) {
        (Eq, Eq) => order != Ordering::Equal,
        (Eq, Ne) | (Ne, Eq) => order == Ordering::Equal,
        (Eq | Ge, Lt) | (Gt, Lt | Le | Eq) => order != Ordering::Less,
        (Lt, Eq | Ge) | (Lt | Le | Eq, Gt) => order != Ordering::Greater,
        (Eq | Ge, Le) | (Ge, Eq) => order == Ordering::Greater,
        (Le, Eq | Ge) | (Eq, Ge) => order == Ordering::Less,
        _ => false,
    }
}

/// Whether each value that is the one is the other too.
fn within(strict: &To<'_>, broad: &To<'_>) -> bool {
    match (strict, broad) {
        (To::OneOf(values), broad) => values.iter().all(|value| is_in(value, broad)),
        (To::Constant(Compare::Eq, value), broad) => is_in(value, broad),
        (To::Constant(one, value), To::Constant(other, bound)) => reaches(*one, value, *other, bound),
        (To::Constant(..), To::OneOf(_)) => false,
    }
}

/// Whether whatever is equal to a constant fulfils this.
fn is_in(value: &Value, broad: &To<'_>) -> bool {
    match broad {
        To::OneOf(values) => values.iter().any(|other| alike(value, other) == Some(Ordering::Equal)),
        To::Constant(Compare::Eq, other) => alike(value, other) == Some(Ordering::Equal),
        // What is equal to a text need not be one: text is read as a time or an address.
        To::Constant(..) if matches!(value, Value::Str(_)) => false,
        To::Constant(op, bound) => alike(value, bound).is_some_and(|order| orders(*op) & bit(order) != 0),
    }
}

/// Whether `v one value` is never true without `v other bound`.
fn reaches(one: Compare, value: &Value, other: Compare, bound: &Value) -> bool {
    use Compare::{Ge, Gt, Le, Lt, Ne};
    let Some(order) = alike(value, bound).filter(|_| !matches!(value, Value::Str(_))) else { return false };
    match (one, other) {
        (Gt, Gt | Ge | Ne) | (Ge, Ge) => order != Ordering::Less,
        (Ge, Gt | Ne) => order == Ordering::Greater,
        (Lt, Lt | Le | Ne) | (Le, Le) => order != Ordering::Greater,
        (Le, Lt | Ne) => order == Ordering::Less,
        (Ne, Ne) => order == Ordering::Equal,
        _ => false,
    }
}

/// How constants stand to each other that are of one kind, and single values.
fn alike(a: &Value, b: &Value) -> Option<Ordering> {
    a.compare(b).filter(|_| !matches!(a, Value::List(_)))
}

/// Of which orders of its sides a comparison is true: less, equal, greater.
fn orders(op: Compare) -> u8 {
    match op {
        Compare::Lt => 0b100,
        Compare::Le => 0b110,
        Compare::Eq => 0b010,
        Compare::Ne => 0b101,
        Compare::Ge => 0b011,
        Compare::Gt => 0b001,
    }
}

fn bit(order: Ordering) -> u8 {
    match order {
        Ordering::Less => orders(Compare::Lt),
        Ordering::Equal => orders(Compare::Eq),
        Ordering::Greater => orders(Compare::Gt),
    }
}

/// `not (a < b)` is `a >= b`.
fn opposite(op: Compare) -> Compare {
    match op {
        Compare::Eq => Compare::Ne,
        Compare::Ne => Compare::Eq,
        Compare::Lt => Compare::Ge,
        Compare::Le => Compare::Gt,
        Compare::Gt => Compare::Le,
        Compare::Ge => Compare::Lt,
    }
}

/// `a < b` is `b > a`.
fn turned(op: Compare) -> Compare {
    match op {
        Compare::Lt => Compare::Gt,
        Compare::Le => Compare::Ge,
        Compare::Gt => Compare::Lt,
        Compare::Ge => Compare::Le,
        same @ (Compare::Eq | Compare::Ne) => same,
    }
}
