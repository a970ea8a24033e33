//! What a bound event weighs: the measure of [`Limits::captured_bytes`](crate::Limits::captured_bytes).

use super::ValueRef;

/// What every bound event weighs besides its text: about what is kept to know it by.
pub(super) const EVENT: usize = 256;

/// What every item of a list and every field of a record weighs besides its text.
const ITEM: usize = 8;

/// What a bound event weighs of which these values are kept.
pub(crate) fn weight<'v>(values: impl Iterator<Item = ValueRef<'v>>) -> usize {
    values.map(text).fold(EVENT, usize::saturating_add)
}

/// What a value adds to the weight of its event.
#[inline]
pub(super) fn text(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Str(text) => text.len(),
        ValueRef::List(_) | ValueRef::Record(_) => deep(value),
        _ => 0,
    }
}

fn deep(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::List(items) => items.iter().map(|item| ITEM + text(item.borrowed())).sum(),
        ValueRef::Record(fields) => {
            fields.iter().map(|(name, value)| ITEM + name.len() + text(value.borrowed())).sum()
        }
        _ => 0,
    }
}
