//! Sums, means and deviations without loss, whatever the order in which values come and go.

use super::exact::{Exact, Fixed, digits};
use super::number::{cut, finite, length};
use super::spread::deviation;
use super::worth::Fault;
use crate::event::{Value, ValueRef};

/// A sum of numbers or of lengths of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    count: u64,
    /// How many of the values are no whole numbers: what is left of them when the last is taken away is nothing.
    floats: u64,
    lengths: u64,
    /// What cannot be added.
    wrong: u64,
    /// The whole numbers and the nanoseconds.
    whole: i128,
    nanos: i128,
    real: Option<Box<Exact>>,
}

impl Total {
    /// Takes a value in, or away again.
    pub(super) fn take(&mut self, value: ValueRef<'_>, away: bool) {
        let signed = |n: i128| if away { -n } else { n };
        let one = |count: &mut u64| *count = if away { count.wrapping_sub(1) } else { count.wrapping_add(1) };
        one(&mut self.count);
        match value {
            ValueRef::Int(n) => self.whole += signed(n.into()),
            ValueRef::Uint(n) => self.whole += signed(n.into()),
            ValueRef::Duration(d) => {
                one(&mut self.lengths);
                self.nanos += signed(d.nanos().into());
            }
            ValueRef::Float(x) => {
                one(&mut self.floats);
                self.real.get_or_insert_with(|| Box::new(Exact::ZERO)).float(x, away);
            }
            _ => one(&mut self.wrong),
        }
    }

    /// How many values there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is a value that cannot be added to the others.
    fn is_wrong(&self) -> bool {
        self.wrong > 0 || (self.lengths > 0 && self.lengths < self.count)
    }

    /// Whole if all are, a duration if all are, else a float.
    pub(super) fn sum(&self) -> Result<Value, Fault> {
        match () {
            () if self.count == 0 => Ok(Value::Null),
            () if self.is_wrong() => Err(Fault),
            () if self.lengths > 0 => length(i64::try_from(self.nanos).ok()),
            () if self.floats > 0 => finite(self.exact().over(1)),
            () => i64::try_from(self.whole).map(Value::Int).map_err(|_| Fault),
        }
    }

    /// The nearest duration if all are durations, else the nearest float. What has no sum may have a mean.
    pub(super) fn mean(&self) -> Result<Value, Fault> {
        match self.count {
            0 => Ok(Value::Null),
            _ if self.is_wrong() => Err(Fault),
            count if self.lengths > 0 => length(i64::try_from(nearest(self.nanos, count.into())).ok()),
            count => finite(self.exact().over(count)),
        }
    }

    /// All numbers together.
    fn exact(&self) -> Exact {
        let mut sum = self.real.as_deref().cloned().unwrap_or(Exact::ZERO);
        sum.whole(self.whole, false);
        sum
    }
}

/// The nearest whole quotient, half away from zero.
fn nearest(sum: i128, count: i128) -> i128 {
    let count = count.max(1);
    let (quotient, rest) = (sum / count, sum % count);
    if rest.abs() * 2 >= count { quotient + sum.signum() } else { quotient }
}

/// A sum of squares: its lowest bit is that of the square of the least float, above there is room for 2^64 of the largest
/// squares.
pub(super) type Squares = Fixed<68>;

/// What a deviation is made of: sums of the values and of their squares.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    count: u64,
    lengths: u64,
    wrong: u64,
    sum: Box<Exact>,
    squares: Box<Squares>,
}

impl Default for Spread {
    fn default() -> Self {
        Spread {
            count: 0,
            lengths: 0,
            wrong: 0,
            sum: Box::new(Exact::ZERO),
            squares: Box::new(Squares::ZERO),
        }
    }
}

impl Spread {
    /// Takes a value in, or away again.
    pub(super) fn take(&mut self, value: ValueRef<'_>, away: bool) {
        let one = |count: &mut u64| *count = if away { count.wrapping_sub(1) } else { count.wrapping_add(1) };
        one(&mut self.count);
        match value {
            ValueRef::Int(n) => self.whole(n.into(), away),
            ValueRef::Uint(n) => self.whole(n.into(), away),
            ValueRef::Duration(d) => {
                one(&mut self.lengths);
                self.whole(d.nanos().into(), away);
            }
            ValueRef::Float(x) => {
                self.sum.float(x, away);
                let (digits, at) = digits(x);
                self.square(digits, at, away);
            }
            _ => one(&mut self.wrong),
        }
    }

    fn whole(&mut self, n: i128, away: bool) {
        self.sum.whole(n, away);
        // All whole numbers of values have at most 64 bits.
        self.square(n.unsigned_abs() as u64, 1074, away);
    }

    fn square(&mut self, digits: u64, at: usize, away: bool) {
        let square = u128::from(digits) * u128::from(digits);
        self.squares.add(square as u64, 2 * at, away);
        self.squares.add((square >> 64) as u64, 2 * at + 64, away);
    }

    /// The deviation of a sample: null of fewer than two values, a duration of durations, else a float.
    pub(super) fn deviation(&self) -> Result<Value, Fault> {
        if self.wrong > 0 || (self.lengths > 0 && self.lengths < self.count) {
            return Err(Fault);
        }
        if self.count < 2 {
            return Ok(Value::Null);
        }
        let deviation = deviation((*self.sum).clone(), &self.squares, self.count);
        match self.lengths {
            0 => finite(deviation),
            _ => length(cut(deviation.round()).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::time::Duration;

    fn of(values: &[Value]) -> (Result<Value, Fault>, Result<Value, Fault>) {
        let total = || {
            let mut total = Total::default();
            values.iter().for_each(|value| total.take(value.borrowed(), false));
            total
        };
        (total().sum(), total().mean())
    }

    /// Numbers of every size, durations, and what cannot be added.
    fn value() -> impl Strategy<Value = Value> {
        let float =
            any::<u64>().prop_map(|bits| Value::from_f64(f64::from_bits(bits)).unwrap_or(Value::Int(1)));
        let length = any::<i64>().prop_map(|n| Value::Duration(Duration::from_nanos(n)));
        let tenth = (-50..50i32).prop_map(|n| Value::Float(f64::from(n) / 10.0));
        prop_oneof![
            8 => float,
            8 => tenth,
            4 => any::<i64>().prop_map(Value::Int),
            4 => any::<u64>().prop_map(Value::from_u64),
            2 => length,
            1 => Just(Value::str("x")),
        ]
    }

    fn all_of<'v>(values: impl Iterator<Item = &'v Value>, gone: &[Value]) -> String {
        let (mut total, mut spread) = (Total::default(), Spread::default());
        let mut take = |value: &Value, away| {
            total.take(value.borrowed(), away);
            spread.take(value.borrowed(), away);
        };
        values.for_each(|value| take(value, false));
        gone.iter().for_each(|value| take(value, true));
        format!("{:?} {:?} {:?}", total.sum(), total.mean(), spread.deviation())
    }

    #[test]
    fn what_is_taken_away_leaves_no_trace() {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) };
        let values = || prop::collection::vec(value(), 0..12);
        let outcome = TestRunner::new(config).run(&(values(), values()), |(kept, gone)| {
            prop_assert_eq!(all_of(gone.iter().chain(&kept), &gone), all_of(kept.iter(), &[]));
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn sums_and_means_are_exact_whatever_the_order() {
        let ns = |n| Value::Duration(Duration::from_nanos(n));
        let (int, float) = (Value::Int, Value::Float);
        for (values, sum, mean) in [
            (vec![], Ok(Value::Null), Ok(Value::Null)),
            (vec![int(1), int(2)], Ok(int(3)), Ok(float(1.5))),
            (vec![int(i64::MAX), int(1), int(-1)], Ok(int(i64::MAX)), Ok(float(3_074_457_345_618_258_602.5))),
            (vec![int(i64::MAX), int(i64::MAX)], Err(Fault), Ok(float(9_223_372_036_854_775_807.0))),
            (
                vec![int(i64::MAX), float(0.5)],
                Ok(float(9_223_372_036_854_775_808.0)),
                Ok(float(4.611_686_018_427_388e18)),
            ),
            (vec![Value::Uint(u64::MAX), int(i64::MIN), int(i64::MIN)], Ok(int(-1)), Ok(float(-1.0 / 3.0))),
            (vec![ns(i64::MAX), ns(1), ns(-2)], Ok(ns(i64::MAX - 1)), Ok(ns(3_074_457_345_618_258_602))),
            (vec![ns(1), ns(2)], Ok(ns(3)), Ok(ns(2))),
            (vec![ns(-1), ns(-2)], Ok(ns(-3)), Ok(ns(-2))),
            (vec![ns(1), int(2)], Err(Fault), Err(Fault)),
            (vec![float(1e16), int(1), float(-1e16)], Ok(float(1.0)), Ok(float(1.0 / 3.0))),
            (vec![Value::str("1")], Err(Fault), Err(Fault)),
        ] {
            let turned: Vec<Value> = values.iter().rev().cloned().collect();
            assert_eq!(of(&values), (sum.clone(), mean.clone()), "{values:?}");
            assert_eq!(of(&turned), (sum, mean), "{turned:?}");
        }
    }
}
