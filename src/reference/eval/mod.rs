//! What an expression is worth at a place: the reference's own evaluator, straight from the language page.
//!
//! Unknown is null. Overflow, division by zero and a wrong type are unknown and are counted.

mod aggregate;
mod calendar;
mod file;
mod function;
mod law;
mod number;
mod personal;
mod rational;
mod scope;

use std::cmp::Ordering;

pub(super) use law::Law;
pub(super) use scope::Here;

use crate::event::{FieldType, Value};
use crate::plan::{Compare, Expr, Field, Set, TextPattern};
use crate::time::{Duration, Timestamp};

/// Why an expression is unknown although nothing was missing. It is counted and then unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault;

/// A value, null where it is unknown for something missing.
type Worth = Result<Value, Fault>;

impl Law {
    /// Whether a condition is true: neither false nor unknown.
    pub(super) fn is_true(&self, condition: &Expr, here: &Here<'_>) -> bool {
        self.truth(condition, here) == Some(true)
    }

    /// What an expression is worth.
    pub(super) fn value(&self, expr: &Expr, here: &Here<'_>) -> Value {
        match self.worth(expr, here) {
            Ok(value) => value,
            Err(Fault) => {
                self.count_fault();
                Value::Null
            }
        }
    }

    /// Whether a condition is true or false, or unknown; a value that is neither is counted and unknown, so that
    /// three-valued logic goes on from there.
    fn truth(&self, condition: &Expr, here: &Here<'_>) -> Option<bool> {
        match self.value(condition, here) {
            Value::Bool(b) => Some(b),
            Value::Null => None,
            _ => {
                self.count_fault();
                None
            }
        }
    }

    fn count_fault(&self) {
        self.errors.set(self.errors.get() + 1);
    }

    fn worth(&self, expr: &Expr, here: &Here<'_>) -> Worth {
        let value = |e: &Expr| self.value(e, here);
        match expr {
            Expr::Const(constant) => Ok(constant.clone()),
            Expr::Field(field) => read(here.event, field),
            Expr::Bound { slot, pick, field } => {
                here.pick(*slot, *pick).map_or(Ok(Value::Null), |e| read(e, field))
            }
            Expr::Now => Ok(Value::Time(here.event.time)),
            Expr::TimeOf { slot, pick } => {
                Ok(here.pick(*slot, *pick).map_or(Value::Null, |e| Value::Time(e.time)))
            }
            Expr::Aggregate { function, slot, arg } => self.aggregate(*function, *slot, arg.as_deref(), here),
            Expr::Trend { slot, falling, value: of } => {
                let Some(before) = here.pick(*slot, crate::plan::Pick::Last) else {
                    return Ok(Value::Bool(true));
                };
                let before = self.value(of, &here.with_event(before));
                let direction = if *falling { Compare::Lt } else { Compare::Gt };
                compare(direction, &value(of), &before)
            }
            Expr::Lag { step, field } => here.previous.get(step).map_or(Ok(Value::Null), |e| read(e, field)),
            Expr::Has(of) => Ok(Value::Bool(!value(of).is_null())),
            Expr::Not(of) => Ok(self.truth(of, here).map_or(Value::Null, |b| Value::Bool(!b))),
            Expr::Neg(of) => number::negate(&value(of)),
            Expr::And(left, right) => Ok(self.junction(left, right, false, here)),
            Expr::Or(left, right) => Ok(self.junction(left, right, true, here)),
            Expr::Compare(op, left, right) => compare(*op, &value(left), &value(right)),
            Expr::Binary(op, left, right) => number::arithmetic(*op, &value(left), &value(right)),
            Expr::In(of, set) => self.is_in(&value(of), set, here),
            Expr::Text(of, pattern) => self.text(&value(of), pattern),
            Expr::Coalesce(left, right) => match value(left) {
                Value::Null => Ok(value(right)),
                found => Ok(found),
            },
            Expr::If(condition, then, otherwise) => match self.truth(condition, here) {
                Some(true) => Ok(value(then)),
                _ => Ok(value(otherwise)),
            },
            Expr::List(items) => function::list(items.iter().map(value), self.limits.computed_bytes),
            Expr::Call(function, args) => {
                let args: Vec<Value> = args.iter().map(value).collect();
                function::call(*function, &args, self.limits.computed_bytes)
            }
            Expr::Own(function, args) => {
                let args: Vec<Value> = args.iter().map(value).collect();
                function.call(&args, self.limits.computed_bytes).ok_or(Fault)
            }
            Expr::Lookup { table, key, column } => file::lookup(table, &value(key), *column),
        }
    }

    /// `and` (decided by a false side) and `or` (decided by a true one), three-valued.
    fn junction(&self, left: &Expr, right: &Expr, decisive: bool, here: &Here<'_>) -> Value {
        let left = self.truth(left, here);
        if left == Some(decisive) {
            return Value::Bool(decisive);
        }
        match (left, self.truth(right, here)) {
            (_, Some(right)) if right == decisive => Value::Bool(decisive),
            (Some(_), Some(_)) => Value::Bool(!decisive),
            _ => Value::Null,
        }
    }

    /// As in SQL: unknown if the value is, or if nothing is equal and the comparison with one of them is unknown.
    fn is_in(&self, value: &Value, set: &Set, here: &Here<'_>) -> Worth {
        let among = |items: &[Value]| {
            let mut equal = items.iter().map(|item| compare(Compare::Eq, value, item));
            let mut fault = false;
            let mut unknown = false;
            let found = equal.any(|equal| {
                fault |= equal.is_err();
                unknown |= equal == Ok(Value::Null);
                equal == Ok(Value::Bool(true))
            });
            match () {
                () if found => Ok(Value::Bool(true)),
                () if fault => Err(Fault),
                () if unknown => Ok(Value::Null),
                () => Ok(Value::Bool(false)),
            }
        };
        match set {
            Set::Items(items) => among(&items.iter().map(|item| self.value(item, here)).collect::<Vec<_>>()),
            Set::Value(list) => match self.value(list, here) {
                Value::List(items) => among(&items),
                Value::Null => Ok(Value::Null),
                _ => Err(Fault),
            },
            Set::File(list) => file::is_in(value, list),
            Set::Range { low, high, inclusive } => {
                let below = if *inclusive { Compare::Le } else { Compare::Lt };
                let above_low = compare(Compare::Ge, value, &self.value(low, here));
                let below_high = compare(below, value, &self.value(high, here));
                let is = |found: &Worth, wanted: bool| *found == Ok(Value::Bool(wanted));
                let fault = above_low.is_err() || below_high.is_err();
                if is(&above_low, false) || is(&below_high, false) {
                    // A bound of a wrong type is unknown, and the other one has decided.
                    if fault {
                        self.count_fault();
                    }
                    return Ok(Value::Bool(false));
                }
                let inside = is(&above_low, true) && is(&below_high, true);
                if fault { Err(Fault) } else { Ok(if inside { Value::Bool(true) } else { Value::Null }) }
            }
        }
    }

    fn text(&self, value: &Value, pattern: &TextPattern) -> Worth {
        match value {
            Value::Null => Ok(Value::Null),
            Value::Str(text) => {
                self.matchers.get(pattern).map(|m| Value::Bool(m.is_match(text))).ok_or(Fault)
            }
            _ => Err(Fault),
        }
    }
}

/// A field of an event, as the type its schema declares.
fn read(event: &crate::event::Event, field: &Field) -> Worth {
    let value = event.get(&field.path);
    match field.field_type {
        FieldType::Time => Ok(as_time(value)?.map_or(Value::Null, Value::Time)),
        FieldType::Duration => match value {
            Value::Str(text) => Duration::parse(text).map(Value::Duration).ok_or(Fault),
            Value::Null | Value::Duration(_) => Ok(value.clone()),
            _ => Err(Fault),
        },
        FieldType::Ip => match value {
            Value::Str(text) => text.parse().map(Value::Ip).map_err(|_| Fault),
            Value::Null | Value::Ip(_) => Ok(value.clone()),
            _ => Err(Fault),
        },
        _ => Ok(value.clone()),
    }
}

/// A time: one, text in RFC 3339, or an epoch number told apart by magnitude.
fn as_time(value: &Value) -> Result<Option<Timestamp>, Fault> {
    match value {
        Value::Null => Ok(None),
        Value::Time(time) => Ok(Some(*time)),
        Value::Str(text) => Timestamp::parse(text).map(Some).ok_or(Fault),
        Value::Int(n) => Timestamp::from_epoch(*n).map(Some).ok_or(Fault),
        Value::Float(x) => Timestamp::from_epoch_float(*x).map(Some).ok_or(Fault),
        _ => Err(Fault),
    }
}

/// A comparison: unknown with null, a fault between values of different families. Text against a time, a duration
/// or an address is read as one.
fn compare(op: Compare, left: &Value, right: &Value) -> Worth {
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    let order = match (left, right) {
        (Value::Str(text), other) if !matches!(other, Value::Str(_)) => {
            read_like(other, text)?.compare(other)
        }
        (other, Value::Str(text)) if !matches!(other, Value::Str(_)) => {
            other.compare(&read_like(other, text)?)
        }
        _ => left.compare(right),
    };
    let order = order.ok_or(Fault)?;
    let ordered = !matches!(left, Value::Bool(_) | Value::List(_) | Value::Record(_));
    match op {
        Compare::Eq => Ok(Value::Bool(order == Ordering::Equal)),
        Compare::Ne => Ok(Value::Bool(order != Ordering::Equal)),
        _ if !ordered => Err(Fault),
        Compare::Lt => Ok(Value::Bool(order == Ordering::Less)),
        Compare::Le => Ok(Value::Bool(order != Ordering::Greater)),
        Compare::Gt => Ok(Value::Bool(order == Ordering::Greater)),
        Compare::Ge => Ok(Value::Bool(order != Ordering::Less)),
    }
}

fn read_like(other: &Value, text: &str) -> Worth {
    match other {
        Value::Time(_) => Timestamp::parse(text).map(Value::Time),
        Value::Duration(_) => Duration::parse(text).map(Value::Duration),
        Value::Ip(_) => text.parse().ok().map(Value::Ip),
        _ => None,
    }
    .ok_or(Fault)
}
