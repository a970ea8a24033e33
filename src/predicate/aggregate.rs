//! Aggregates over bound events. They walk all of them each time, the last first; keeping what was added up so far is a
//! later step.

use std::cmp::Ordering;

use hashbrown::HashTable;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::event::{Value, ValueRef};
use crate::plan::{Aggregate, Share, SlotRef};

use super::call::list;
use super::node::Node;
use super::place::Here;
use super::total::{Spread, Total};
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
        Aggregate::Stddev => spread(slot, arg, here).deviation(),
        Aggregate::Percentile(share) => quantile(share, slot, arg, here),
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
    each(slot, arg, here, |value| total.take(value, false));
    total
}

fn spread(slot: SlotRef, arg: &Node, here: &Here<'_>) -> Spread {
    let mut spread = Spread::default();
    each(slot, arg, here, |value| spread.take(value, false));
    spread
}

/// The least value that is not less than the share of all values, of equal ones the first bound ones first; a fault if
/// two of them do not compare.
fn quantile(share: Share, slot: SlotRef, arg: &Node, here: &Here<'_>) -> Result<Value, Fault> {
    let mut values = in_order(slot, arg, here);
    let Some(first) = values.first() else { return Ok(Value::Null) };
    if values.iter().any(|value| value.compare(first).is_none()) {
        return Err(Fault);
    }
    values.sort_by(Value::total_cmp);
    let rank = share.of(values.len());
    Ok(values.into_iter().nth(rank).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
