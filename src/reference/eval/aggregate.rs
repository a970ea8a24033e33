//! Aggregates over bound events.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::scope::Here;
use super::{Fault, Law, Worth, number};
use crate::event::Value;
use crate::plan::{Aggregate, Expr, SlotRef};

impl Law {
    /// Over nothing `count` and `distinct` are 0, `list` is empty and the others are null; nulls do not count.
    pub(super) fn aggregate(
        &self,
        function: Aggregate,
        slot: SlotRef,
        arg: Option<&Expr>,
        here: &Here<'_>,
    ) -> Worth {
        let Some(arg) = arg else { return count(here.bound(slot).count()) };
        let values: Vec<Value> = here
            .bound(slot)
            .map(|bound| self.value(arg, &here.with_event(&bound.event)))
            .filter(|value| !value.is_null())
            .collect();
        match function {
            Aggregate::Count => count(values.len()),
            Aggregate::Distinct => count(distinct(&values)),
            Aggregate::List => Ok(Value::List(values.into())),
            Aggregate::Min => extreme(&values, Ordering::Less),
            Aggregate::Max => extreme(&values, Ordering::Greater),
            Aggregate::Sum => sum(&values),
            Aggregate::Avg => match sum(&values)? {
                Value::Null => Ok(Value::Null),
                total => number::arithmetic(crate::plan::Binary::Div, &total, &count(values.len())?),
            },
        }
    }
}

fn count(n: usize) -> Worth {
    i64::try_from(n).map(Value::Int).map_err(|_| Fault)
}

fn distinct(values: &[Value]) -> usize {
    let forms = values.iter().map(|value| {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        bytes
    });
    forms.collect::<BTreeSet<_>>().len()
}

/// The least or the greatest; values that do not compare are a fault.
pub(super) fn extreme(values: &[Value], wanted: Ordering) -> Worth {
    let Some((first, rest)) = values.split_first() else { return Ok(Value::Null) };
    rest.iter()
        .try_fold(first, |best, value| match value.compare(best) {
            None => Err(Fault),
            Some(order) => Ok(if order == wanted { value } else { best }),
        })
        .cloned()
}

/// The exact sum, rounded once: whole if all are, a duration if all are, else a float.
fn sum(values: &[Value]) -> Worth {
    let Some(first) = values.first() else { return Ok(Value::Null) };
    if matches!(first, Value::Duration(_)) {
        let (zero, add) = (Value::Duration(crate::time::Duration::ZERO), crate::plan::Binary::Add);
        return values.iter().try_fold(zero, |total, value| number::arithmetic(add, &total, value));
    }
    let whole = |value: &Value| match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::Uint(n) => Some(i128::from(*n)),
        _ => None,
    };
    match values.iter().map(whole).sum::<Option<i128>>() {
        Some(total) => i64::try_from(total).map(Value::Int).map_err(|_| Fault),
        None => number::finite(exact_sum(values)?),
    }
}

/// Adds floats without loss and rounds at the end, with non-overlapping partial sums (Shewchuk, "Adaptive precision
/// floating-point arithmetic", 1997).
fn exact_sum(values: &[Value]) -> Result<f64, Fault> {
    let mut partials: Vec<f64> = Vec::new();
    for value in values {
        for part in parts(value)? {
            add(&mut partials, part);
        }
    }
    Ok(rounded(&partials))
}

/// A number as floats that add up to it exactly.
fn parts(value: &Value) -> Result<[f64; 2], Fault> {
    let split = |n: i128| {
        let high = n as f64;
        [high, (n - high as i128) as f64]
    };
    match value {
        Value::Float(x) => Ok([*x, 0.0]),
        Value::Int(n) => Ok(split(i128::from(*n))),
        Value::Uint(n) => Ok(split(i128::from(*n))),
        _ => Err(Fault),
    }
}

fn add(partials: &mut Vec<f64>, mut x: f64) {
    let mut kept = 0;
    for at in 0..partials.len() {
        let mut y = partials[at];
        if x.abs() < y.abs() {
            std::mem::swap(&mut x, &mut y);
        }
        let high = x + y;
        let low = y - (high - x);
        if low != 0.0 {
            partials[kept] = low;
            kept += 1;
        }
        x = high;
    }
    partials.truncate(kept);
    partials.push(x);
}

/// The sum of non-overlapping partials, the least first, rounded half to even.
fn rounded(partials: &[f64]) -> f64 {
    let (mut high, mut low, mut at) = (0.0, 0.0, partials.len());
    while at > 0 && low == 0.0 {
        at -= 1;
        let (x, y) = (high, partials[at]);
        high = x + y;
        low = y - (high - x);
    }
    // What lies below a tie breaks it.
    let below = if at > 0 { partials[at - 1] } else { 0.0 };
    if (low < 0.0 && below < 0.0) || (low > 0.0 && below > 0.0) {
        let (twice, up) = (low * 2.0, high + low * 2.0);
        if twice == up - high {
            return up;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(xs: &[f64]) -> Worth {
        sum(&xs.iter().map(|x| Value::Float(*x)).collect::<Vec<_>>())
    }

    #[test]
    fn sums_are_exact_before_they_are_rounded() {
        assert_eq!(total(&[0.1; 10]), Ok(Value::Float(1.0)));
        assert_eq!(total(&[1e16, 1.0, -1e16]), Ok(Value::Float(1.0)));
        assert_eq!(total(&[1e16, 1.0, 1e-16]), Ok(Value::Float(10_000_000_000_000_002.0)));
        assert_eq!(total(&[1e308, 1e308]), Err(Fault));
        assert_eq!(sum(&[Value::Int(i64::MAX), Value::Int(1), Value::Int(-1)]), Ok(Value::Int(i64::MAX)));
        assert_eq!(
            sum(&[Value::Int(i64::MAX), Value::Float(0.5)]),
            Ok(Value::Float(9_223_372_036_854_775_808.0))
        );
        assert_eq!(sum(&[]), Ok(Value::Null));
    }
}
