//! Aggregates that are kept up to date while values come and go, the first in first out, instead of being worked out of all
//! of them.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::VecDeque;

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::aggregate::size;
use super::node::Node;
use super::place::{Current, Here, Unbound};
use super::total::{Spread, Total};
use super::worth::Fault;
use crate::event::{Held, Value, ValueRef};
use crate::id::SlotId;
use crate::plan::{Aggregate, Expr, Set};

/// What is kept up to date of the events of a step: aggregates of one value.
#[derive(Clone, Debug)]
pub struct Gauge {
    kind: Kind,
    /// The name whose events it is made of.
    pub slot: SlotId,
    value: Node,
    /// The value as the plan has it, by which gauges are told apart.
    written: Expr,
}

/// Which aggregates can be told from one gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Total,
    Spread,
    Least,
    Greatest,
    Different,
}

impl Gauge {
    /// Whether it is made of the same values of the same events.
    pub fn is_same(&self, other: &Gauge) -> bool {
        self.kind == other.kind && self.slot == other.slot && self.written == other.written
    }

    /// Whether its value depends on more than the text of its rule: on what a file says, or on a function of an embedder.
    pub fn looks_outside(&self) -> bool {
        let mut looks = false;
        self.written.visit(&mut |expr| {
            looks |= match expr {
                Expr::Lookup { .. } | Expr::Own(..) => true,
                Expr::In(_, set) => matches!(**set, Set::File(_)),
                _ => false,
            }
        });
        looks
    }

    /// The number of the gauge that tells an aggregate, among those that are there, to which it is added if it is missing;
    /// `None` if it is worked out of all events each time.
    pub(super) fn number(
        function: Aggregate,
        slot: SlotId,
        written: &Expr,
        value: &Node,
        all: &mut Vec<Gauge>,
    ) -> Option<usize> {
        let kind = match function {
            Aggregate::Count | Aggregate::Sum | Aggregate::Avg => Kind::Total,
            Aggregate::Stddev => Kind::Spread,
            Aggregate::Min => Kind::Least,
            Aggregate::Max => Kind::Greatest,
            Aggregate::Distinct => Kind::Different,
            Aggregate::List | Aggregate::Percentile(_) => return None,
        };
        let same = |gauge: &Gauge| gauge.kind == kind && gauge.slot == slot && gauge.written == *written;
        Some(all.iter().position(same).unwrap_or_else(|| {
            all.push(Gauge { kind, slot, value: value.clone(), written: written.clone() });
            all.len() - 1
        }))
    }
}

/// What a gauge shows.
#[derive(Clone, Debug)]
pub struct Meter(State);

#[derive(Clone, Debug)]
enum State {
    Total(Total),
    Spread(Box<Spread>),
    Extreme(Box<Extreme>),
    Different(HashMap<Vec<u8>, u64, foldhash::fast::RandomState>),
}

impl Meter {
    /// What it takes, in bytes: by itself, and for each event at the most.
    pub fn sizes(gauge: &Gauge) -> (usize, usize) {
        let (own, event) = match gauge.kind {
            Kind::Total => (0, 0),
            Kind::Spread => (size_of::<Spread>(), 0),
            Kind::Least | Kind::Greatest => (size_of::<Extreme>(), Extreme::SIZE),
            Kind::Different => (0, size_of::<(Vec<u8>, u64)>() * 3 / 2 + 16),
        };
        (size_of::<Meter>() + own, event)
    }

    /// Over nothing.
    pub fn new(gauge: &Gauge) -> Self {
        let extreme = |wanted| State::Extreme(Box::new(Extreme::new(wanted)));
        Meter(match gauge.kind {
            Kind::Total => State::Total(Total::default()),
            Kind::Spread => State::Spread(Box::default()),
            Kind::Least => extreme(Ordering::Less),
            Kind::Greatest => extreme(Ordering::Greater),
            Kind::Different => State::Different(HashMap::default()),
        })
    }

    /// An event comes.
    pub fn add(&mut self, gauge: &Gauge, held: &Held, faults: &Cell<u64>) {
        self.take(gauge, held, faults, false);
    }

    /// The event that came first goes.
    pub fn remove(&mut self, gauge: &Gauge, held: &Held) {
        // What was a fault when it came was counted then.
        self.take(gauge, held, &Cell::new(0), true);
    }

    fn take(&mut self, gauge: &Gauge, held: &Held, faults: &Cell<u64>, away: bool) {
        let here = Here { current: Current::Held(held), bound: &Unbound, faults };
        let worth = gauge.value.worth(&here);
        let value = worth.get();
        match &mut self.0 {
            State::Extreme(extreme) => extreme.take(value, away),
            _ if value.is_null() => {}
            State::Total(total) => total.take(value, away),
            State::Spread(spread) => spread.take(value, away),
            State::Different(counts) => {
                let mut form = Vec::new();
                value.encode(&mut form);
                if !away {
                    *counts.entry(form).or_default() += 1;
                } else if let Some(count) = counts.get_mut(&form) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(&form);
                    }
                }
            }
        }
    }

    /// What an aggregate of its values is; `None` if that has to be worked out of all of them.
    pub(super) fn read(&self, function: Aggregate) -> Option<Result<Value, Fault>> {
        match (&self.0, function) {
            (State::Total(total), Aggregate::Count) => Some(size(total.count())),
            (State::Total(total), Aggregate::Sum) => Some(total.sum()),
            (State::Total(total), Aggregate::Avg) => Some(total.mean()),
            (State::Spread(spread), Aggregate::Stddev) => Some(spread.deviation()),
            (State::Extreme(extreme), _) => extreme.read(),
            (State::Different(counts), Aggregate::Distinct) => Some(size(counts.len() as u64)),
            _ => None,
        }
    }
}

/// The least or the greatest value: in a row each that is better than all before it in time, once those are gone.
#[derive(Clone, Debug)]
struct Extreme {
    wanted: Ordering,
    /// With the numbers of their events.
    row: VecDeque<(u64, Value)>,
    /// How many events came, and how many of them went.
    came: u64,
    gone: u64,
    /// How many values of each family there are, by an example of it.
    families: SmallVec<[(Value, u64); 1]>,
    /// How many of them are lists or records, of which some do not compare with each other.
    deep: u64,
}

impl Extreme {
    /// What an event takes that is in the row.
    const SIZE: usize = size_of::<(u64, Value)>() * 3 / 2;

    fn new(wanted: Ordering) -> Self {
        let (row, families) = (VecDeque::new(), SmallVec::new());
        Extreme { wanted, row, came: 0, gone: 0, families, deep: 0 }
    }

    fn take(&mut self, value: ValueRef<'_>, away: bool) {
        let number = if away { &mut self.gone } else { &mut self.came };
        *number += 1;
        let number = *number;
        if value.is_null() {
            return;
        }
        if matches!(value, ValueRef::List(_) | ValueRef::Record(_)) {
            self.deep = if away { self.deep.saturating_sub(1) } else { self.deep + 1 };
            return;
        }
        if away {
            self.leave(number, value);
        } else {
            self.enter(number, value);
        }
    }

    fn enter(&mut self, number: u64, value: ValueRef<'_>) {
        let known = self.families.iter_mut().find(|(known, _)| known.borrowed().compare(value).is_some());
        match known {
            Some((_, count)) => *count += 1,
            None => self.families.push((value.to_value(), 1)),
        }
        // Values of different families stand in the row side by side, and are not asked for.
        let better = |(_, before): &(u64, Value)| {
            let order = value.compare(before.borrowed());
            order == Some(self.wanted)
        };
        while self.row.back().is_some_and(better) {
            self.row.pop_back();
        }
        self.row.push_back((number, value.to_value()));
    }

    fn leave(&mut self, number: u64, value: ValueRef<'_>) {
        let known = self.families.iter().position(|(known, _)| known.borrowed().compare(value).is_some());
        if let Some((_, count)) = known.and_then(|known| self.families.get_mut(known)) {
            *count -= 1;
        }
        self.families.retain(|(_, count)| *count > 0);
        if self.row.front().is_some_and(|(first, _)| *first == number) {
            self.row.pop_front();
        }
    }

    fn read(&self) -> Option<Result<Value, Fault>> {
        match &self.families[..] {
            _ if self.deep > 0 => None,
            [] => Some(Ok(Value::Null)),
            [_] => Some(Ok(self.row.front().map(|(_, value)| value.clone()).unwrap_or_default())),
            _ => Some(Err(Fault)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// What is the least, or the greatest, worked out of all values; a fault if two of them do not compare.
    fn of(values: &[Value], wanted: Ordering) -> Result<Value, Fault> {
        let mut best = Value::Null;
        for value in values.iter().filter(|value| !value.is_null()) {
            if best.is_null() || value.compare(&best).ok_or(Fault)? == wanted {
                best = value.clone();
            }
        }
        Ok(best)
    }

    #[test]
    fn an_extreme_is_that_of_the_values_that_are_there() {
        let value = prop_oneof![
            12 => (0..6i64).prop_map(Value::Int),
            4 => (0..6i32).prop_map(|n| Value::Float(f64::from(n) / 2.0)),
            1 => Just(Value::Null),
            1 => Just(Value::str("x")),
        ];
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) };
        let values = prop::collection::vec((value, 0..3usize), 0..30);
        let outcome = TestRunner::new(config).run(&values, |values| {
            for wanted in [Ordering::Less, Ordering::Greater] {
                let (mut extreme, mut there) = (Extreme::new(wanted), Vec::new());
                for (value, gone) in &values {
                    extreme.take(value.borrowed(), false);
                    there.push(value.clone());
                    for value in there.drain(..(*gone).min(there.len())) {
                        extreme.take(value.borrowed(), true);
                    }
                    let (read, expected) = (extreme.read().unwrap(), of(&there, wanted));
                    prop_assert_eq!(format!("{read:?}"), format!("{expected:?}"), "{:?}", there);
                }
            }
            Ok(())
        });
        outcome.unwrap();
    }
}
