//! Aggregates over bound events.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use num_bigint::BigInt;

use super::function::list;
use super::scope::Here;
use super::{Fault, Law, Worth, number, rational};
use crate::event::Value;
use crate::plan::{Aggregate, Expr, Share, SlotRef};
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
            Aggregate::Stddev => deviation(&values),
            Aggregate::Percentile(share) => percentile(values, share),
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
        _ => number::finite(rational::mean(&numbers(values)?, 1)),
    }
}

/// The exact mean, rounded once: the nearest duration if all are durations, else a float.
fn mean(values: &[Value]) -> Worth {
    if values.is_empty() {
        return Ok(Value::Null);
    }
    let Some(total) = total(values, nanos) else {
        return number::finite(rational::mean(&numbers(values)?, values.len()));
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

/// The deviation of a sample: of durations the nearest one, else the nearest float.
fn deviation(values: &[Value]) -> Worth {
    let lengths = values.iter().filter(|value| matches!(value, Value::Duration(_))).count();
    let numbers = exact(values)?;
    if lengths > 0 && lengths < values.len() {
        return Err(Fault);
    }
    if values.len() < 2 {
        return Ok(Value::Null);
    }
    let deviation = rational::deviation(&numbers);
    match (lengths, number::finite(deviation)?) {
        (0, float) => Ok(float),
        _ => match number::truncate(deviation.round())? {
            Value::Int(n) => Ok(Value::Duration(Duration::from_nanos(n))),
            _ => Err(Fault),
        },
    }
}

/// The least value up to which there are at least this share of all; they must compare with the first.
fn percentile(mut values: Vec<Value>, share: Share) -> Worth {
    let Some(first) = values.first().cloned() else { return Ok(Value::Null) };
    if values.iter().any(|value| value.compare(&first).is_none()) {
        return Err(Fault);
    }
    values.sort_by(|a, b| a.total_cmp(b));
    Ok(values.get(share.of(values.len())).cloned().unwrap_or_default())
}

/// Numbers alone.
fn numbers(values: &[Value]) -> Result<Vec<BigInt>, Fault> {
    if values.iter().any(|value| matches!(value, Value::Duration(_))) { Err(Fault) } else { exact(values) }
}

fn exact(values: &[Value]) -> Result<Vec<BigInt>, Fault> {
    values.iter().map(|value| rational::exact(value).ok_or(Fault)).collect()
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
    fn deviations_are_exact_before_they_are_rounded() {
        let float = |x| Ok(Value::Float(x));
        assert_eq!(deviation(&floats(&[1.0, 3.0])), float(2f64.sqrt()));
        assert_eq!(deviation(&floats(&[1e16, 1e16 + 2.0])), float(2f64.sqrt()));
        assert_eq!(deviation(&floats(&[0.1; 7])), float(0.0));
        assert_eq!(deviation(&floats(&[f64::from_bits(1), 0.0])), float(f64::from_bits(1)));
        assert_eq!(deviation(&floats(&[f64::MAX, -f64::MAX])), Err(Fault));
        assert_eq!(
            deviation(&[Value::Int(i64::MAX), Value::Int(i64::MIN)]),
            float(13_043_817_825_332_782_212.0)
        );
        assert_eq!(deviation(&floats(&[1.0])), Ok(Value::Null));
        let second = |n: i64| Value::Duration(Duration::from_millis(n * 1000));
        assert_eq!(deviation(&[second(1), second(3), second(5)]), Ok(second(2)));
        assert_eq!(deviation(&[second(1), Value::Int(3)]), Err(Fault));
    }

    #[test]
    fn a_percentile_is_a_value_that_is_there() {
        let share = |p| Share::new(p).unwrap();
        let ints: Vec<Value> = (1..=10).rev().map(Value::Int).collect();
        for (p, value) in [(0.0, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.7, 7), (0.95, 10), (1.0, 10)] {
            assert_eq!(percentile(ints.clone(), share(p)), Ok(Value::Int(value)), "{p}");
        }
        assert_eq!(percentile(vec![Value::Int(1), Value::str("a")], share(0.5)), Err(Fault));
        assert!(Share::new(1.5).is_none() && Share::new(-0.1).is_none() && Share::new(1e-19).is_none());
    }

    #[test]
    fn durations_add_up_whatever_the_order() {
        let length = |n| Value::Duration(Duration::from_nanos(n));
        assert_eq!(sum(&[length(i64::MAX), length(1), length(-1)]), Ok(length(i64::MAX)));
        assert_eq!(mean(&[length(i64::MAX), length(i64::MAX)]), Ok(length(i64::MAX)));
        assert_eq!(sum(&[length(1), Value::Time(crate::time::Timestamp::from_nanos(1))]), Err(Fault));
    }
}
