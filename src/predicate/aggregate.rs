//! Aggregates over bound events. They walk all of them each time, the last first; keeping what was added up so far is a
//! later step.

use std::cmp::Ordering;

use hashbrown::HashTable;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::event::{Value, ValueRef};
use crate::plan::{Aggregate, SlotRef};

use super::call::list;
use super::exact::Exact;
use super::node::Node;
use super::number::{finite, length};
use super::place::Here;
use super::worth::Fault;

/// How many there are.
pub(super) fn size(count: u64) -> Result<Value, Fault> {
    i64::try_from(count).map(Value::Int).map_err(|_| Fault)
}

/// What is made of the values of all events bound to a slot, a list of at most so many bytes. Nulls do not count.
pub(super) fn over(
    function: Aggregate,
    slot: SlotRef,
    arg: &Node,
    most: usize,
    here: &Here<'_>,
) -> Result<Value, Fault> {
    match function {
        Aggregate::Count => {
            let mut count = 0;
            each(slot, arg, here, |_| count += 1);
            size(count)
        }
        Aggregate::Sum => total(slot, arg, here).sum(),
        Aggregate::Avg => total(slot, arg, here).mean(),
        Aggregate::Min => extreme(slot, arg, here, Ordering::Less),
        Aggregate::Max => extreme(slot, arg, here, Ordering::Greater),
        Aggregate::Distinct => size(different(slot, arg, here)),
        Aggregate::List => list(in_order(slot, arg, here), most),
    }
}

/// How many different values there are.
pub(super) fn different(slot: SlotRef, arg: &Node, here: &Here<'_>) -> u64 {
    let mut forms = Forms::default();
    each(slot, arg, here, |value| forms.add(value));
    forms.ends.len() as u64
}

/// The binary forms of different values, behind each other.
#[derive(Default)]
struct Forms {
    bytes: Vec<u8>,
    ends: SmallVec<[usize; FEW]>,
    /// All of them by their numbers, once there are more than a few.
    table: HashTable<usize>,
}

/// So many are sooner looked through than put into a table.
const FEW: usize = 8;

impl Forms {
    fn add(&mut self, value: ValueRef<'_>) {
        let start = self.bytes.len();
        value.encode(&mut self.bytes);
        if self.has(self.bytes.get(start..).unwrap_or_default()) {
            return self.bytes.truncate(start);
        }
        let number = self.ends.len();
        self.ends.push(self.bytes.len());
        let Forms { bytes, ends, table } = self;
        if number >= FEW {
            let missing = if table.is_empty() { 0..=number } else { number..=number };
            let hash = |number: &usize| xxh3_64(form(bytes, ends, *number));
            for number in missing {
                table.insert_unique(hash(&number), number, hash);
            }
        }
    }

    fn has(&self, wanted: &[u8]) -> bool {
        let is_wanted = |number: &usize| form(&self.bytes, &self.ends, *number) == wanted;
        match self.ends.len() {
            ..=FEW => (0..self.ends.len()).any(|number| is_wanted(&number)),
            _ => self.table.find(xxh3_64(wanted), is_wanted).is_some(),
        }
    }
}

fn form<'b>(bytes: &'b [u8], ends: &[usize], number: usize) -> &'b [u8] {
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    let end = ends.get(number).copied().unwrap_or(start);
    bytes.get(start..end).unwrap_or_default()
}

/// All values that are not null, in the order the events were bound.
fn in_order(slot: SlotRef, arg: &Node, here: &Here<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    each(slot, arg, here, |value| values.push(value.to_value()));
    values.reverse();
    values
}

/// Shows every value that is not null, the last bound first.
fn each(slot: SlotRef, arg: &Node, here: &Here<'_>, mut visit: impl FnMut(ValueRef<'_>)) {
    here.bound.each(slot, &mut |held| {
        let value = arg.worth(&here.with(held));
        if !value.get().is_null() {
            visit(value.get());
        }
    });
}

/// The least or the greatest, the first of equal ones; a fault if two of them do not compare.
fn extreme(slot: SlotRef, arg: &Node, here: &Here<'_>, wanted: Ordering) -> Result<Value, Fault> {
    let mut best = Value::Null;
    for value in in_order(slot, arg, here) {
        let better = best.is_null() || value.compare(&best).ok_or(Fault)? == wanted;
        if better {
            best = value;
        }
    }
    Ok(best)
}

fn total(slot: SlotRef, arg: &Node, here: &Here<'_>) -> Total {
    let mut total = Total::default();
    each(slot, arg, here, |value| total.add(value));
    total
}

/// A sum without loss, whatever the order.
#[derive(Debug, Default)]
struct Total {
    count: u64,
    sum: Sum,
}

#[derive(Debug, Default)]
enum Sum {
    #[default]
    Nothing,
    /// All are whole numbers.
    Whole(i128),
    /// All are durations.
    Nanos(i128),
    /// A float is among them.
    Real(Box<Exact>),
    /// What cannot be added.
    Wrong,
}

impl Total {
    fn add(&mut self, value: ValueRef<'_>) {
        let whole = match value {
            ValueRef::Int(n) => Some(i128::from(n)),
            ValueRef::Uint(n) => Some(i128::from(n)),
            _ => None,
        };
        self.count += 1;
        match (&mut self.sum, value, whole) {
            (sum @ Sum::Nothing, _, Some(n)) => *sum = Sum::Whole(n),
            (sum @ Sum::Nothing, ValueRef::Duration(d), _) => *sum = Sum::Nanos(d.nanos().into()),
            (sum @ Sum::Nothing, ValueRef::Float(x), _) => *sum = Sum::Real(real(0, x)),
            (Sum::Whole(sum), _, Some(n)) => *sum += n,
            (Sum::Nanos(sum), ValueRef::Duration(d), _) => *sum += i128::from(d.nanos()),
            (Sum::Real(sum), _, Some(n)) => sum.add_whole(n),
            (Sum::Real(sum), ValueRef::Float(x), _) => sum.add_float(x),
            (Sum::Whole(whole), ValueRef::Float(x), _) => self.sum = Sum::Real(real(*whole, x)),
            (sum, ..) => *sum = Sum::Wrong,
        }
    }

    /// Whole if all are, a duration if all are, else a float.
    fn sum(self) -> Result<Value, Fault> {
        match self.sum {
            Sum::Nothing => Ok(Value::Null),
            Sum::Whole(sum) => i64::try_from(sum).map(Value::Int).map_err(|_| Fault),
            Sum::Nanos(sum) => length(i64::try_from(sum).ok()),
            Sum::Real(sum) => finite(sum.over(1)),
            Sum::Wrong => Err(Fault),
        }
    }

    /// The nearest duration if all are durations, else the nearest float. What has no sum may have a mean.
    fn mean(self) -> Result<Value, Fault> {
        match self.sum {
            Sum::Nothing => Ok(Value::Null),
            Sum::Whole(sum) => {
                let mut exact = Exact::ZERO;
                exact.add_whole(sum);
                finite(exact.over(self.count))
            }
            Sum::Nanos(sum) => length(i64::try_from(nearest(sum, self.count.into())).ok()),
            Sum::Real(sum) => finite(sum.over(self.count)),
            Sum::Wrong => Err(Fault),
        }
    }
}

fn real(whole: i128, x: f64) -> Box<Exact> {
    let mut exact = Box::new(Exact::ZERO);
    exact.add_whole(whole);
    exact.add_float(x);
    exact
}

/// The nearest whole quotient, half away from zero.
fn nearest(sum: i128, count: i128) -> i128 {
    let count = count.max(1);
    let (quotient, rest) = (sum / count, sum % count);
    if rest.abs() * 2 >= count { quotient + sum.signum() } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    fn of(values: &[Value]) -> (Result<Value, Fault>, Result<Value, Fault>) {
        let total = || {
            let mut total = Total::default();
            values.iter().for_each(|value| total.add(value.borrowed()));
            total
        };
        (total().sum(), total().mean())
    }

    #[test]
    fn different_values_are_counted_once_be_they_few_or_many() {
        for different in [0, 1, 7, 8, 9, 10, 40] {
            let mut forms = Forms::default();
            for number in (0..3 * different).map(|number| number % different) {
                forms.add(ValueRef::Str(&"x".repeat(number)));
                forms.add(ValueRef::Int(number as i64));
                forms.add(ValueRef::Float(number as f64));
            }
            assert_eq!(forms.ends.len(), 2 * different);
        }
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
