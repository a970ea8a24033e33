//! Comparisons, and whether a value is among others.

use std::cmp::Ordering;

use crate::event::{Value, ValueRef};
use crate::plan::Compare;

use super::read::like;
use super::worth::Fault;

/// Unknown with null; a fault between values of different families, and where values have no order and one is asked
/// for. Text that meets a time, a duration or an address is read as one.
#[inline]
pub(super) fn compare(op: Compare, a: ValueRef<'_>, b: ValueRef<'_>) -> Result<Option<bool>, Fault> {
    use ValueRef::{Float, Int, Null, Str};
    let holds = match (a, b) {
        (Null, _) | (_, Null) => return Ok(None),
        // Unequal lengths decide before a byte is looked at.
        (Str(a), Str(b)) if op == Compare::Eq => a == b,
        (Str(a), Str(b)) if op == Compare::Ne => a != b,
        (Str(a), Str(b)) => holds(op, a.cmp(b)),
        (Int(a), Int(b)) => holds(op, a.cmp(&b)),
        (Float(a), Float(b)) => holds(op, a.partial_cmp(&b).ok_or(Fault)?),
        (Str(text), _) => holds(op, like(text, b)?.compare(b).ok_or(Fault)?),
        (_, Str(text)) => holds(op, a.compare(like(text, a)?).ok_or(Fault)?),
        _ => holds(op, a.compare(b).filter(|_| by_equality(op) || has_order(a)).ok_or(Fault)?),
    };
    Ok(Some(holds))
}

/// `compare` with a constant: without a detour where both are of one kind, as they mostly are.
#[inline]
pub(super) fn against(op: Compare, value: ValueRef<'_>, constant: &Value) -> Result<Option<bool>, Fault> {
    match (value, constant) {
        (ValueRef::Null, _) => Ok(None),
        (ValueRef::Str(a), Value::Str(b)) if op == Compare::Eq => Ok(Some(*a == **b)),
        (ValueRef::Int(a), Value::Int(b)) => Ok(Some(holds(op, a.cmp(b)))),
        (ValueRef::Bool(a), Value::Bool(b)) if op == Compare::Eq => Ok(Some(a == *b)),
        _ => compare(op, value, constant.borrowed()),
    }
}

fn by_equality(op: Compare) -> bool {
    matches!(op, Compare::Eq | Compare::Ne)
}

fn has_order(value: ValueRef<'_>) -> bool {
    !matches!(value, ValueRef::Bool(_) | ValueRef::List(_) | ValueRef::Record(_))
}

#[inline]
fn holds(op: Compare, order: Ordering) -> bool {
    match op {
        Compare::Eq => order.is_eq(),
        Compare::Ne => order.is_ne(),
        Compare::Lt => order.is_lt(),
        Compare::Le => order.is_le(),
        Compare::Gt => order.is_gt(),
        Compare::Ge => order.is_ge(),
    }
}

/// Whether a value is equal to one of these. If none is, a fault with one of them makes it a fault, and else a
/// comparison that is unknown makes it unknown.
pub(super) fn among<'v>(
    value: ValueRef<'_>,
    items: impl IntoIterator<Item = ValueRef<'v>>,
) -> Result<Option<bool>, Fault> {
    let mut answer = Ok(Some(false));
    for item in items {
        match compare(Compare::Eq, value, item) {
            Ok(Some(true)) => return Ok(Some(true)),
            Ok(Some(false)) => {}
            Ok(None) => answer = answer.and(Ok(None)),
            Err(Fault) => answer = Err(Fault),
        }
    }
    answer
}

/// Whether a value lies between the results of its comparisons with both ends.
pub(super) fn within(above_low: Option<bool>, below_high: Option<bool>) -> Option<bool> {
    match (above_low, below_high) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_set_is_true_before_it_is_a_fault_and_a_fault_before_it_is_unknown() {
        let (one, text, null) = (ValueRef::Int(1), ValueRef::Str("1"), ValueRef::Null);
        for (items, answer) in [
            (&[text, null, one][..], Ok(Some(true))),
            (&[text, null], Err(Fault)),
            (&[null, text], Err(Fault)),
            (&[null], Ok(None)),
            (&[ValueRef::Float(1.5)], Ok(Some(false))),
            (&[], Ok(Some(false))),
        ] {
            assert_eq!(among(one, items.iter().copied()), answer, "{items:?}");
        }
    }

    #[test]
    fn text_is_read_as_what_it_meets() {
        let (time, text) = (ValueRef::Time(Timestamp::from_nanos(0)), "1970-01-01T00:00:00Z");
        assert_eq!(compare(Compare::Eq, ValueRef::Str(text), time), Ok(Some(true)));
        assert_eq!(compare(Compare::Lt, time, ValueRef::Str("1970-01-01T00:00:01Z")), Ok(Some(true)));
        assert_eq!(compare(Compare::Ne, time, ValueRef::Str("noon")), Err(Fault));
        assert_eq!(compare(Compare::Eq, ValueRef::Str("1"), ValueRef::Int(1)), Err(Fault));
    }

    #[test]
    fn booleans_are_equal_or_not_and_have_no_order() {
        let (no, yes) = (ValueRef::Bool(false), ValueRef::Bool(true));
        assert_eq!(compare(Compare::Ne, no, yes), Ok(Some(true)));
        assert_eq!(compare(Compare::Lt, no, yes), Err(Fault));
    }
}
