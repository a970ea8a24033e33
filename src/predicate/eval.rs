//! What a node is worth at a place.
//!
//! Whatever lies in an event or in the expression is lent; a condition is judged without making values. Each node
//! counts its own fault and is null then, so that what stands around it sees a null.

use smallvec::SmallVec;

use crate::event::{Held, Value, ValueRef};
use crate::plan::{Compare, Pick};

use super::aggregate;
use super::call::{call, list};
use super::compare::{against, among, compare, within};
use super::node::{Node, Test};
use super::number::{arithmetic, negate};
use super::place::Here;
use super::read::Read;
use super::worth::{Fault, Worth, truth};

impl Node {
    /// What it is worth, if that lies somewhere and nothing has to be made for it: most of what is compared.
    #[inline]
    pub(super) fn lent<'a>(&'a self, here: &Here<'a>) -> Option<ValueRef<'a>> {
        Some(match self {
            Node::Const(value) => value.borrowed(),
            Node::Field(read) => here.known(read.of(here.current.value(read.field))),
            Node::Bound { slot, pick, read } => kept(here.bound.pick(*slot, *pick), *read, here),
            Node::Lag { step, read } => kept(here.bound.lag(*step), *read, here),
            Node::Now => ValueRef::Time(here.current.time()),
            Node::TimeOf { slot, pick } => {
                let held = here.bound.pick(*slot, *pick);
                held.map_or(ValueRef::Null, |held| ValueRef::Time(held.time()))
            }
            _ => return None,
        })
    }

    #[inline]
    pub(super) fn worth<'a>(&'a self, here: &Here<'a>) -> Worth<'a> {
        self.lent(here).map_or_else(|| self.made(here), Worth::Lent)
    }

    fn made<'a>(&'a self, here: &Here<'a>) -> Worth<'a> {
        match self {
            Node::Count(slot) => made(aggregate::size(here.bound.count(*slot)), here),
            Node::Aggregate { function, slot, arg, most, gauge } => {
                let meter = gauge.and_then(|gauge| here.bound.meter(gauge));
                let read = meter.and_then(|meter| meter.read(*function));
                made(read.unwrap_or_else(|| aggregate::over(*function, *slot, arg, *most, here)), here)
            }
            Node::Test(test) => test.decide(here).into(),
            Node::Neg(value) => made(negate(value.worth(here).get()), here),
            Node::Binary(op, sides) => {
                let [a, b] = sides.each_ref().map(|side| side.worth(here));
                made(arithmetic(*op, a.get(), b.get()), here)
            }
            Node::Coalesce(sides) => {
                let [first, second] = &**sides;
                let found = first.worth(here);
                if found.get().is_null() { second.worth(here) } else { found }
            }
            Node::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                match here.known(condition.truth(here)) {
                    Some(true) => then.worth(here),
                    _ => otherwise.worth(here),
                }
            }
            Node::List(items, most) => {
                // All of them are judged, also those that no longer fit, so that their faults are counted.
                let items: Vec<Value> = items.iter().map(|item| item.worth(here).into_value()).collect();
                made(list(items, *most), here)
            }
            Node::Call(function, args, most) => {
                let args: SmallVec<[Worth<'_>; 4]> = args.iter().map(|arg| arg.worth(here)).collect();
                let lent: SmallVec<[ValueRef<'_>; 4]> = args.iter().map(Worth::get).collect();
                made(call(*function, &lent, *most), here)
            }
            Node::Own(function, args, most) => {
                let args: SmallVec<[Value; 4]> =
                    args.iter().map(|arg| arg.worth(here).into_value()).collect();
                made(function.call(&args, *most).ok_or(Fault), here)
            }
            Node::Lookup { table, key, column } => {
                let row = here.known(sought(key.worth(here).get(), |key| table.find(key)));
                let cell = row.flatten().map(|row| table.cell(row, *column).borrowed());
                Worth::Lent(cell.unwrap_or_default())
            }
            lent => Worth::Lent(lent.lent(here).unwrap_or_default()),
        }
    }

    /// Three-valued; a fault, not counted here, if it is a value that is no truth.
    pub(super) fn truth(&self, here: &Here<'_>) -> Result<Option<bool>, Fault> {
        match self {
            Node::Test(test) => Ok(test.decide(here)),
            _ => truth(self.worth(here).get()),
        }
    }
}

/// A field of a bound event, null if there is none.
fn kept<'a>(held: Option<&'a Held>, read: Read, here: &Here<'_>) -> ValueRef<'a> {
    held.map_or(ValueRef::Null, |held| here.known(read.of(held.value(read.field))))
}

fn made(value: Result<Value, Fault>, here: &Here<'_>) -> Worth<'static> {
    Worth::Made(here.known(value))
}

impl Test {
    fn decide(&self, here: &Here<'_>) -> Option<bool> {
        match self {
            Test::Has(value) => Some(!value.worth(here).get().is_null()),
            Test::Not(of) => here.known(of.truth(here)).map(|truth| !truth),
            Test::All(parts) => junction(parts, false, here),
            Test::Any(parts) => junction(parts, true, here),
            Test::Compare(op, left, right) => here.known(match (left.lent(here), right.lent(here)) {
                (Some(left), Some(right)) => compare(*op, left, right),
                (Some(left), None) => compare(*op, left, right.made(here).get()),
                (None, Some(right)) => compare(*op, left.made(here).get(), right),
                (None, None) => compare(*op, left.made(here).get(), right.made(here).get()),
            }),
            Test::Against(op, read, value) => {
                let field = here.known(read.of(here.current.value(read.field)));
                here.known(against(*op, field, value))
            }
            Test::Several { slot, arg, least } => {
                let enough = here.bound.most(*slot) >= *least;
                Some(enough && aggregate::different(*slot, arg, here) >= *least)
            }
            Test::Member(value, members) => here.known(members.contain(value.worth(here).get())),
            Test::Items(value, items) => {
                let value = value.worth(here);
                // All of them are judged, found or not, so that faults are counted alike wherever it is found.
                let items: SmallVec<[Worth<'_>; 4]> = items.iter().map(|item| item.worth(here)).collect();
                here.known(among(value.get(), items.iter().map(Worth::get)))
            }
            Test::Listed(value, list) => {
                let (value, list) = (value.worth(here), list.worth(here));
                here.known(listed(value.get(), list.get()))
            }
            Test::InFile(value, list) => {
                here.known(sought(value.worth(here).get(), |value| list.holds(value)))
            }
            Test::Range { value, low, high, inclusive } => {
                here.known(range(value, low, high, *inclusive, here))
            }
            Test::Text(value, matcher) => here.known(match value.worth(here).get() {
                ValueRef::Null => Ok(None),
                ValueRef::Str(text) => Ok(Some(matcher.is_match(text))),
                _ => Err(Fault),
            }),
            Test::Trend { slot, falling, value } => {
                let Some(before) = here.bound.pick(*slot, Pick::Last) else { return Some(true) };
                let (then, now) = (value.worth(&here.with(before)), value.worth(here));
                let direction = if *falling { Compare::Lt } else { Compare::Gt };
                here.known(compare(direction, now.get(), then.get()))
            }
        }
    }
}

/// `and`, which a false part decides, and `or`, which a true one does: parts are judged until one has decided.
fn junction(parts: &[Node], deciding: bool, here: &Here<'_>) -> Option<bool> {
    let mut all = Some(!deciding);
    for part in parts {
        match here.known(part.truth(here)) {
            Some(truth) if truth == deciding => return Some(deciding),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn listed(value: ValueRef<'_>, list: ValueRef<'_>) -> Result<Option<bool>, Fault> {
    match list {
        ValueRef::List(items) => among(value, items.iter().map(Value::borrowed)),
        ValueRef::Null => Ok(None),
        _ => Err(Fault),
    }
}

/// What is found for a value in a list or table from a file.
fn sought<T>(value: ValueRef<'_>, find: impl FnOnce(ValueRef<'_>) -> T) -> Result<Option<T>, Fault> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::List(_) | ValueRef::Record(_) => Err(Fault),
        value => Ok(Some(find(value))),
    }
}

/// An end of a wrong type is unknown, and the other one may decide; it is counted once.
fn range(
    value: &Node,
    low: &Node,
    high: &Node,
    inclusive: bool,
    here: &Here<'_>,
) -> Result<Option<bool>, Fault> {
    let value = value.worth(here);
    let above_low = compare(Compare::Ge, value.get(), low.worth(here).get());
    let below = if inclusive { Compare::Le } else { Compare::Lt };
    let below_high = compare(below, value.get(), high.worth(here).get());
    match (above_low, below_high) {
        (Ok(above_low), Ok(below_high)) => Ok(within(above_low, below_high)),
        (Ok(Some(false)), Err(Fault)) | (Err(Fault), Ok(Some(false))) => {
            here.known::<()>(Err(Fault));
            Ok(Some(false))
        }
        _ => Err(Fault),
    }
}
