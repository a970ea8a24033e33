//! Aggregates over bound events.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::function::list;
use super::scope::Here;
use super::{Fault, Law, Worth, number};
use crate::event::Value;
use crate::plan::{Aggregate, Expr, SlotRef};
use crate::time::Duration;

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
            .bound_in_order(slot)
            .into_iter()
            .map(|bound| self.value(arg, &here.with_event(&bound.event)))
            .filter(|value| !value.is_null())
            .collect();
        match function {
            Aggregate::Count => count(values.len()),
            Aggregate::Distinct => count(distinct(&values)),
            Aggregate::List => list(values.into_iter(), self.limits.computed_bytes),
            Aggregate::Min => extreme(&values, Ordering::Less),
            Aggregate::Max => extreme(&values, Ordering::Greater),
            Aggregate::Sum => sum(&values),
            Aggregate::Avg => mean(&values),
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
    if values.is_empty() {
        return Ok(Value::Null);
    }
    let fits = |total| i64::try_from(total).map_err(|_| Fault);
    match (total(values, nanos), total(values, whole)) {
        (Some(total), _) => Ok(Value::Duration(Duration::from_nanos(fits(total)?))),
        (_, Some(total)) => Ok(Value::Int(fits(total)?)),
        _ => number::finite(exact_quotient(values, 1.0)?),
    }
}

/// The exact mean, rounded once: the nearest duration if all are durations, else a float.
fn mean(values: &[Value]) -> Worth {
    if values.is_empty() {
        return Ok(Value::Null);
    }
    let Some(total) = total(values, nanos) else {
        return number::finite(exact_quotient(values, values.len() as f64)?);
    };
    let count = values.len() as i128;
    let away = if (total % count).abs() * 2 >= count { total.signum() } else { 0 };
    i64::try_from(total / count + away).map(|n| Value::Duration(Duration::from_nanos(n))).map_err(|_| Fault)
}

fn total(values: &[Value], of: fn(&Value) -> Option<i128>) -> Option<i128> {
    values.iter().map(of).sum()
}

fn nanos(value: &Value) -> Option<i128> {
    match value {
        Value::Duration(d) => Some(i128::from(d.nanos())),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(n) => Some(i128::from(*n)),
        Value::Uint(n) => Some(i128::from(*n)),
        _ => None,
    }
}

/// The exact sum divided by a count. Where the sum, or a sum on the way to it, is beyond all floats, it is taken of
/// values that are scaled down.
fn exact_quotient(values: &[Value], count: f64) -> Result<f64, Fault> {
    const SCALE: f64 = 1.0 / 18_446_744_073_709_551_616.0; // 2^-64
    let plain = scaled_quotient(values, 1.0, count)?;
    if plain.is_finite() { Ok(plain) } else { Ok(scaled_quotient(values, SCALE, count)? / SCALE) }
}

/// Adds floats without loss and rounds at the end, with non-overlapping partial sums (Shewchuk, "Adaptive precision
/// floating-point arithmetic", 1997).
fn scaled_quotient(values: &[Value], scale: f64, count: f64) -> Result<f64, Fault> {
    let mut partials: Vec<f64> = Vec::new();
    for value in values {
        for part in parts(value)? {
            add(&mut partials, part * scale);
        }
    }
    let quotient = rounded(&partials) / count;
    // What the quotient leaves over corrects it; of a sum that is not divided nothing is left that would count.
    let product = quotient * count;
    add(&mut partials, -product);
    add(&mut partials, -quotient.mul_add(count, -product));
    Ok(if count == 1.0 { quotient } else { quotient + rounded(&partials) / count })
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

    fn floats(xs: &[f64]) -> Vec<Value> {
        xs.iter().map(|x| Value::Float(*x)).collect()
    }

    fn total(xs: &[f64]) -> Worth {
        sum(&floats(xs))
    }

    #[test]
    fn sums_are_exact_before_they_are_rounded() {
        assert_eq!(total(&[0.1; 10]), Ok(Value::Float(1.0)));
        assert_eq!(total(&[1e16, 1.0, -1e16]), Ok(Value::Float(1.0)));
        assert_eq!(total(&[1e16, 1.0, 1e-16]), Ok(Value::Float(10_000_000_000_000_002.0)));
        assert_eq!(total(&[1e308, 1e308]), Err(Fault));
        assert_eq!(total(&[1e308, 1e308, -1e308]), Ok(Value::Float(1e308)));
        assert_eq!(sum(&[Value::Int(i64::MAX), Value::Int(1), Value::Int(-1)]), Ok(Value::Int(i64::MAX)));
        assert_eq!(
            sum(&[Value::Int(i64::MAX), Value::Float(0.5)]),
            Ok(Value::Float(9_223_372_036_854_775_808.0))
        );
        assert_eq!(sum(&[]), Ok(Value::Null));
    }

    #[test]
    fn means_are_exact_before_they_are_rounded() {
        assert_eq!(mean(&floats(&[1e308, 1e308])), Ok(Value::Float(1e308)));
        assert_eq!(mean(&floats(&[1e16, 1.0, -1e16])), Ok(Value::Float(1.0 / 3.0)));
        assert_eq!(mean(&[Value::Int(i64::MAX), Value::Int(i64::MAX)]), Ok(Value::Float(i64::MAX as f64)));
        assert_eq!(mean(&[]), Ok(Value::Null));
    }

    #[test]
    fn durations_add_up_whatever_the_order() {
        let length = |n| Value::Duration(Duration::from_nanos(n));
        assert_eq!(sum(&[length(i64::MAX), length(1), length(-1)]), Ok(length(i64::MAX)));
        assert_eq!(mean(&[length(i64::MAX), length(i64::MAX)]), Ok(length(i64::MAX)));
        assert_eq!(sum(&[length(1), Value::Time(crate::time::Timestamp::from_nanos(1))]), Err(Fault));
    }
}
